"""Deltas that nobody hands in, told from the gradients of parameters that were made from them.

Whoever gets a delta wrong gets wrong gradients on that layer, and before it all that follows. The delta can
be read off: from the gradient of the weights, where every input that isn't zero gives the same one (and
those that are zero give zeros), or from the gradient of the bias, which it is. Only for a single row: a sum
over rows hides its terms.
"""

import numpy as np
from flint import arb

from derive.classroom.grading import balls
from derive.classroom.grading.balls import Array
from derive.classroom.misconceptions.way import At


def implied_by_weights(at: At, meant: Array) -> Array | None:
    """The delta from which a gradient for the weights was made.

    Args:
        at: The layer; what it read is the student's own.
        meant: The gradient as the student went on with it, as the exercise lays it.

    Returns:
        (1, n_out), or None where there is no such delta.
    """
    if at.network.rows > 1:
        return None
    gradient = at.oriented(meant)
    if at.network.l2 != 0:
        gradient = gradient - at.weights * at.xp.read(2 * at.network.l2)
    inputs = balls.entries(at.read)
    live = [unit for unit, value in enumerate(inputs) if not value.contains(0)]
    idle = [gradient[i, j] for i in range(len(inputs)) if i not in live for j in range(at.layer.n_out)]
    if not live or not all(entry.contains(0) for entry in idle):
        return None
    deltas = [_common([gradient[i, j] / inputs[i] for i in live]) for j in range(at.layer.n_out)]
    if None in deltas:
        return None
    delta = np.empty((1, at.layer.n_out), dtype=object)
    delta[0, :] = deltas
    return delta


def implied_by_bias(at: At, meant: Array) -> Array | None:
    """The delta that a gradient for the bias is: (1, n_out), or None where it is the sum of several."""
    if at.network.rows > 1 or at.layer.shared_bias:
        return None
    return meant.reshape(1, -1)


def _common(intervals: list[arb]) -> arb | None:
    found: arb | None = intervals[0]
    for interval in intervals[1:]:
        found = None if found is None else balls.meet(found, interval)
    return found
