"""How many points each quantity is worth, where the exercise doesn't say."""

from collections.abc import Mapping
from fractions import Fraction

from derive.exercise.model import Exercise
from derive.network import build


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


def shown(worth: Fraction) -> str:
    """Points as they are printed."""
    return str(worth) if worth.denominator == 1 else f"{float(worth):g}"
