"""What a good variant is: each rule of the exercise file, for many networks at once.

Decided on integers wherever the numbers before the last layer stay rational. Where they don't, a network
that floats can't tell (a pre-activation or a gradient next to zero) counts as breaking the rule.
"""

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from derive.classroom.variants.difficulty import scores
from derive.classroom.variants.digits import digits
from derive.engine.bulk import Batch, Exact, Scaled
from derive.engine.bulk import chain as floats
from derive.engine.bulk import exact as integers
from derive.engine.bulk.integers import NotExactError
from derive.exercise.draw import Rules
from derive.rules.activations import Activation

Mask = npt.NDArray[np.bool_]
Failures = dict[str, Mask]  # rule -> which networks break it

_NEXT_TO_ZERO = 1e-9  # of floats, in units of the terms that they are sums of


def exact_side(batch: Batch) -> Exact | None:
    """The integers of a batch; None where it leaves the rationals before its last layer."""
    try:
        return integers.compute(batch)
    except NotExactError:
        return None


def layer_failures(batch: Batch, rules: Rules, activation: Activation, last: bool) -> Failures:
    """Rules about the forward pass that networks break in their last layer.

    Args:
        batch: Networks up to that layer, which stands there without its activation.
        rules: Of the exercise.
        activation: Of that layer.
        last: Whether the loss reads it.
    """
    k = len(batch.weights) - 1
    side = exact_side(batch)
    z = side.pre_activations[k] if side else None
    values = z.values if z is not None else floats.compute(batch)[f"pre_activation_{k}"]
    near = _NEXT_TO_ZERO if z is None else 0.0
    found: Failures = {}
    if activation.kink is not None and rules.off_kinks:
        found["off_kinks"] = _any(abs(values) <= near)
    if activation.kink is not None and activation.piecewise_linear and rules.mixed_relu:
        mixed = _any(values > near) & _any(values < -near)
        found["mixed_relu"] = ~mixed & (values[..., 0].size > 1)  # one unit in one row can't be both
    if rules.digits is not None and side is not None and z is not None:
        found["digits"] = _any(digits(z) > rules.digits) | _any(digits(side.reads[k]) > rules.digits)
    if last and rules.logit_gap is not None and activation.probability:
        low, high = rules.logit_gap
        if activation.elementwise:  # a sigmoid is never flat
            found["logit_gap"] = _any(_outside(_sized(z, values), None, high))
        else:
            found["logit_gap"] = _any(_outside(_spread(z, values), low, high))
    return found


def gradient_failures(batch: Batch, side: Exact | None, rules: Rules) -> Failures:
    """Rules about the way back that whole networks break.

    Args:
        batch: The networks.
        side: Their exact side.
        rules: Of the exercise.
    """
    found: Failures = {}
    names = [f"W_{k}" for k in range(len(batch.weights))]
    names += [f"b_{k}" for k, bias in enumerate(batch.biases) if bias is not None]
    if rules.nonzero_gradients:
        vanishing = np.zeros(len(batch), dtype=bool)
        for name in names:
            if side is not None:
                zero = side.zeros(name)
                vanishing |= zero.all(axis=tuple(range(1, zero.ndim)))
        if side is None or (batch.rows > 1 and side.head.kind != "rational"):
            vanishing |= _float_gradients_vanish(batch, side, names)
        found["nonzero_gradients"] = vanishing
    if rules.digits is not None and side is not None and side.head.kind == "rational":
        found["digits"] = _too_long_on_the_way_back(batch, side, names, rules.digits)
    return found


def off_band(batch: Batch, side: Exact | None, own: int, band: Fraction) -> Mask:
    """Networks whose difficulty is further from the exercise's own than a share of it."""
    return np.asarray(abs(scores(batch, side) - own) * band.denominator > own * band.numerator)


def _float_gradients_vanish(batch: Batch, side: Exact | None, names: list[str]) -> Mask:
    """Gradients of which floats can't tell whether all their entries are zero.

    With several rows shares can cancel between them, which no single row shows.
    """
    values = floats.compute(batch) if side is None else integers.values(batch, side)
    vanishing = np.zeros(len(batch), dtype=bool)
    for name in names:
        gradient = abs(values[name])
        k = int(name.rpartition("_")[2])
        terms = abs(values[f"pre_activation_gradient_{k}"]).sum(axis=(0, 1))
        if name.startswith("W"):
            read = np.moveaxis(batch.inputs, 0, -1) if k == 0 else values[f"output_{k - 1}"]
            terms = terms * abs(read).max(axis=(0, 1))
        vanishing |= gradient.max(axis=tuple(range(gradient.ndim - 1))) <= _NEXT_TO_ZERO * terms
    return vanishing


def _too_long_on_the_way_back(batch: Batch, side: Exact, names: list[str], most: int) -> Mask:
    """Deltas and gradients of a network that stays rational to the end."""
    too_long = np.zeros(len(batch), dtype=bool)
    for k in range(len(batch.weights)):
        too_long |= _any(digits(side.deltas[k].scaled(batch.row_weight)) > most)
    for name in names:
        rows = side.coefficients(name)
        total = Scaled(rows.numerators.sum(axis=(0, 1)), rows.denominator, rows.bound * batch.rows)
        too_long |= _any(digits(total.scaled(batch.row_weight)) > most)
    return too_long


def _sized(z: Scaled | None, values: Any) -> Scaled | Any:
    """Distance of the logit from that of the other class, which is 0."""
    return abs(values) if z is None else Scaled(abs(z.numerators), z.denominator, z.bound)


def _spread(z: Scaled | None, values: Any) -> Scaled | Any:
    """Distance of the largest logit from the smallest, row by row."""
    if z is None:
        return values.max(axis=1) - values.min(axis=1)
    return Scaled(z.numerators.max(axis=1) - z.numerators.min(axis=1), z.denominator, 2 * z.bound)


def _outside(gap: Scaled | Any, low: Fraction | None, high: Fraction) -> Mask:
    if isinstance(gap, Scaled):
        above = gap.numerators > (high * gap.denominator).__floor__()
        return above if low is None else above | (gap.numerators < (low * gap.denominator).__ceil__())
    above = gap > float(high)
    return np.asarray(above if low is None else above | (gap < float(low)))


def _any(condition: Any) -> Mask:
    """Over everything but the networks, which come last."""
    return np.asarray(condition.any(axis=tuple(range(condition.ndim - 1))))
