"""The homework's own recipe beside the exact values: what a first notebook would print.

Softmax as exp / sum (with the shift by the maximum) and then a logarithm, in float32 and float64. It
shows where the recipe loses digits, or ends in 0, inf or nan. It is a demonstration: no bound is asked
of it, and it never decides whether a key is right.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import inf

from derive.engine import autograd
from derive.engine.doubts import logit_gaps
from derive.engine.exact import Solution
from derive.engine.sources import Comparison, Source


@dataclass(frozen=True)
class Demonstration:
    """What the homework's recipe makes of one network.

    Attributes:
        single, double: The recipe in float32 and float64, each entry compared with the exact value; an
            entry may be infinite or not a number. `missing` says why where torch does not run.
        logit_gap: For each row the largest difference between two logits, None where the last
            activation is not softmax. A Fraction where the logits are rational.
    """

    single: Source
    double: Source
    logit_gap: tuple[Fraction | float, ...] | None


def demonstrate(solution: Solution) -> Demonstration:
    """Run the homework's recipe in both precisions."""
    return Demonstration(
        single=_recipe(solution, "recipe32", single=True),
        double=_recipe(solution, "recipe64", single=False),
        logit_gap=logit_gaps(solution),
    )


def _recipe(solution: Solution, name: str, single: bool) -> Source:
    try:
        values = autograd.compute(solution.derivation.network, single=single, textbook=True)
    except autograd.TorchMissingError as error:
        return Source(name, None, (), missing=str(error))
    comparisons = [
        Comparison(quantity, place, exact, float(values[quantity][place]), inf, trusted=False, single=single)
        for quantity, place, exact in solution.entries()
    ]
    return Source(name, values, tuple(comparisons))
