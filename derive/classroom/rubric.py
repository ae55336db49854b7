"""How many points each quantity is worth, and what of them an answer that isn't quite right keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from derive.exercise.model import Exercise
from derive.network import build


@dataclass(frozen=True)
class Rubric:
    """How answers are marked.

    Attributes:
        points: By quantity, in the order in which the worksheet asks for them; none is worth nothing.
        carry: Share of the points for what follows rightly from an own mistake upstream.
        coarse: Share for a right value that was rounded to too few digits.
        named: Share for the answer that a usual mistake leads to.
    """

    points: Mapping[str, Fraction]
    carry: Fraction
    coarse: Fraction
    named: Fraction

    @property
    def most(self) -> Fraction:
        """What can be reached."""
        return sum(self.points.values(), Fraction(0))


def rubric(exercise: Exercise) -> Rubric:
    """That of an exercise."""
    worth = {name: count for name, count in points(exercise).items() if count}
    grading = exercise.grading
    return Rubric(worth, grading.carry, grading.coarse, grading.named)


def points(exercise: Exercise) -> Mapping[str, Fraction]:
    """Points by quantity, in the order in which the worksheet asks for them.

    The exercise's own where it has any; otherwise one for each step of the forward pass and for each bias,
    two for weights that a product of three Jacobians leads to, and one more for each layer further down.
    """
    network = build(exercise)
    depth = len(network.layers)
    usual: dict[str, Fraction] = {}
    for k in range(depth):
        usual |= {f"pre_activation_{k}": Fraction(1), f"output_{k}": Fraction(1)}
    usual["loss"] = Fraction(1)
    for layer in reversed(network.layers):
        usual[layer.weights_name] = Fraction(2 + depth - 1 - layer.index)
        if layer.bias is not None:
            usual[layer.bias_name] = Fraction(1)
    if exercise.points is None:
        return usual
    asked = {name: exercise.points[name] for name in usual if name in exercise.points}
    return asked | {name: worth for name, worth in exercise.points.items() if name not in asked}
