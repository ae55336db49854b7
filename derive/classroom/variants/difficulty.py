"""How hard an exercise is by hand: a score from operations, digits, signs and active units.

Each product that isn't trivially zero costs the digits of one factor times those of the other, and one more
for each factor that is negative. Forward these are the products of each layer; back from the loss each
delta counts as a number of a few digits, and units that are off take no part. Everything is whole numbers,
so that a score is the same on every machine.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from derive.classroom.variants.digits import digits
from derive.engine.bulk import Batch, Exact, Scaled

Scores = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_ROUNDED = 3  # digits that a rounded number is reckoned with


def scores(batch: Batch, exact: Exact | None) -> Scores:
    """The score of each network of a batch.

    Args:
        batch: The networks.
        exact: Their exact side; None where there is none, and every value counts as rounded.
    """
    total = np.zeros(len(batch), dtype=np.int64)
    passing = np.ones((batch.rows, batch.inputs.shape[2], len(batch)), dtype=bool)
    for k, integers in enumerate(batch.weights):
        weights = np.moveaxis(integers, 0, -1)
        costs = digits(_scaled(weights, batch.denominators.weights))
        read = _read(batch, exact, k)
        active = _active(batch, exact, k)
        product = read.digits[:, :, None] * costs + read.negative[:, :, None] + (weights < 0)
        total += _sum(product, read.nonzero[:, :, None] & (weights != 0))
        total += _sum(read.digits[:, :, None] * _ROUNDED, read.nonzero[:, :, None] & active[:, None])
        if k:
            total += _sum(costs * _ROUNDED, passing[:, :, None] & active[:, None] & (weights != 0))
        passing = active
    return total


@dataclass(frozen=True)
class _Read:
    """What a layer reads: digits, and which of it is not zero and which negative; (rows, n_in, count)."""

    digits: Scores
    nonzero: Mask
    negative: Mask


def _read(batch: Batch, exact: Exact | None, k: int) -> _Read:
    if exact is None and k:
        shape = (batch.rows, batch.weights[k].shape[1], len(batch))
        return _Read(np.full(shape, _ROUNDED), np.ones(shape, dtype=bool), np.zeros(shape, dtype=bool))
    inputs = np.moveaxis(batch.inputs, 0, -1)
    read = _scaled(inputs, batch.denominators.inputs) if exact is None else exact.reads[k]
    return _Read(digits(read), read.numerators != 0, read.numerators < 0)


def _active(batch: Batch, exact: Exact | None, k: int) -> Mask:
    """Units that a gradient passes: (rows, n_out, count)."""
    if exact is not None and batch.activations[k] == "relu":
        return np.asarray(exact.pre_activations[k].numerators > 0)
    return np.ones((batch.rows, batch.weights[k].shape[2], len(batch)), dtype=bool)


def _scaled(numerators: Scores, denominator: int) -> Scaled:
    return Scaled(numerators, denominator, int(abs(numerators).max(initial=0)))


def _sum(costs: Scores, counted: Mask) -> Scores:
    """Costs of everything that is counted, (rows, n_in, n_out, count) to (count,)."""
    total: Scores = np.where(counted, costs, 0).sum(axis=(0, 1, 2))
    return total
