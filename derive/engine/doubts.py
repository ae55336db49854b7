"""Why float64 cannot be trusted with a network: the unit, and the logit gap, that causes it.

Read off the exact values and the bounds alone, so that a source has no say in its own excuse.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from derive.engine.exact import Solution
from derive.engine.sources import Comparison, Doubt
from derive.engine.values import Value
from derive.network import nearest_float

Unit = tuple[str, tuple[int, ...]]  # a quantity, and a row and a unit in it

SMALLEST = Fraction(sys.float_info.min)
ROUNDS_TO_ONE = 1 - Fraction(1, 10**9)  # 1 - s keeps less than half of its digits from here on


def doubt(solution: Solution, comparisons: Sequence[Comparison]) -> Doubt | None:
    """The reason why some entries cannot be trusted; None where all of them can.

    Args:
        solution: The exact values.
        comparisons: Every entry of one source, with its bound.
    """
    untrusted = [comparison for comparison in comparisons if not comparison.trusted]
    if not untrusted:
        return None
    worst = max(untrusted, key=lambda comparison: comparison.looseness)
    for kind, causes in (("kink", _kinks), ("range", _small), ("saturation", _saturated)):
        for quantity, (row, unit) in causes(solution, comparisons):
            layer, after_step = int(quantity.rpartition("_")[2]), quantity.startswith("step.")
            gaps = logit_gaps(solution, after_step)
            limit = -1 if solution.values[quantity][row][unit].fraction < 0 else 1
            return Doubt(kind, worst, row, layer, unit, None if gaps is None else gaps[row], limit)
    only_after = all(comparison.quantity.startswith("step.") for comparison in untrusted)
    return Doubt("descent" if only_after else "cancellation", worst)


def logit_gaps(solution: Solution, after_step: bool = False) -> tuple[Fraction | float, ...] | None:
    """The largest difference between two logits of each row; None without a softmax at the end.

    Args:
        solution: The exact values.
        after_step: Of the network that gradient descent leads to, instead of the one given.
    """
    last = solution.derivation.network.layers[-1]
    if last.activation != "softmax":
        return None
    logits = solution.values[f"{'step.' if after_step else ''}pre_activation_{last.index}"]
    return tuple(_spread(row) for row in logits)


def _spread(logits: Iterable[Value]) -> Fraction | float:
    values = list(logits)
    gap = max(value.fraction for value in values) - min(value.fraction for value in values)
    return gap if all(value.rational is not None for value in values) else nearest_float(gap)


def _kinks(solution: Solution, comparisons: Iterable[Comparison]) -> Iterator[Unit]:
    """Pre-activations closer to their kink than their own error."""
    layers = solution.derivation.network.layers
    bent = {f"pre_activation_{layer.index}" for layer in layers if layer.rule.kink is not None}
    for comparison in comparisons:
        if comparison.quantity.removeprefix("step.") in bent and comparison.bound > 0:
            size = abs(comparison.exact.fraction)
            if comparison.bound == float("inf") or size <= Fraction(comparison.bound):
                yield comparison.quantity, comparison.place


def _small(solution: Solution, comparisons: Iterable[Comparison]) -> Iterator[Unit]:
    """Outputs below float64's range, those of the last layer first."""
    for quantity, place, value in _outputs(solution):
        if not value.is_zero and abs(value.fraction) < SMALLEST:
            yield quantity, place


def _saturated(solution: Solution, comparisons: Iterable[Comparison]) -> Iterator[Unit]:
    """Outputs of squashing functions that are 1 or -1 but for a few digits at their end."""
    for quantity, place, value in _outputs(solution):
        layer = solution.derivation.network.layers[int(quantity.rpartition("_")[2])]
        squashes = layer.rule.probability or layer.activation == "tanh"
        if squashes and abs(value.fraction) > ROUNDS_TO_ONE:
            yield quantity, place


def _outputs(solution: Solution) -> Iterator[tuple[str, tuple[int, ...], Value]]:
    """Every output, those of the last layer first."""
    for layer in reversed(solution.derivation.network.layers):
        for quantity in (f"output_{layer.index}", f"step.output_{layer.index}"):
            for (row, unit), value in _entries(solution, quantity):
                yield quantity, (row, unit), value


def _entries(solution: Solution, quantity: str) -> Iterator[tuple[tuple[int, int], Value]]:
    for row, values in enumerate(solution.values.get(quantity, ())):
        for unit, value in enumerate(values):
            yield (row, unit), value
