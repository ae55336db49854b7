"""One form for all exercises that differ only in the order of their hidden units."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b
from itertools import groupby, permutations, product

import numpy as np
import numpy.typing as npt

from derive.engine.bulk import Batch

Integers = npt.NDArray[np.int64]


def canonical(batch: Batch) -> list[bytes]:
    """A digest for each network: the same for two exactly when a renaming of hidden units joins them."""
    count = len(batch)
    weights, biases = list(batch.weights), list(batch.biases)
    tied = np.zeros(count, dtype=bool)
    for k in range(len(weights) - 1):
        units = _incoming(weights[k], biases[k])  # (count, n_out, what leads into a unit)
        order = _lexicographic(units)
        in_order = np.take_along_axis(units, order[:, :, None], axis=1)
        tied |= (in_order[:, 1:] == in_order[:, :-1]).all(axis=2).any(axis=1)
        weights[k] = np.take_along_axis(weights[k], order[:, None, :], axis=2)
        bias = biases[k]
        if bias is not None and bias.ndim > 1:
            biases[k] = np.take_along_axis(bias, order, axis=1)
        weights[k + 1] = np.take_along_axis(weights[k + 1], order[:, :, None], axis=1)
    parts = [batch.inputs, *weights, *biases, batch.targets]
    flat = np.concatenate([part.reshape(count, -1) for part in parts if part is not None], axis=1)
    for index in np.flatnonzero(tied):  # units with the same incoming weights: what leaves them decides
        flat[index] = min(map(tuple, _renamings(batch[index : index + 1])))
    return [blake2b(row.tobytes(), digest_size=16).digest() for row in np.ascontiguousarray(flat)]


def _incoming(weights: Integers, bias: Integers | None) -> Integers:
    columns = np.swapaxes(weights, 1, 2)
    if bias is None or bias.ndim == 1:
        return columns
    return np.concatenate([columns, bias[:, :, None]], axis=2)


def _lexicographic(units: Integers) -> Integers:
    """The order that sorts each network's units: (count, n)."""
    order = np.broadcast_to(np.arange(units.shape[1]), units.shape[:2])
    for column in reversed(range(units.shape[2])):
        keys = np.take_along_axis(units[:, :, column], order, axis=1)
        order = np.take_along_axis(order, np.argsort(keys, axis=1, kind="stable"), axis=1)
    return order


def _renamings(one: Batch, k: int = 0) -> Iterator[list[int]]:
    """The numbers of one network under every renaming that leaves its hidden layers sorted, from k on."""
    if k == len(one.weights) - 1:
        parts = [one.inputs, *one.weights, *one.biases, one.targets]
        yield [int(number) for part in parts if part is not None for number in part.flat]
        return
    units = [tuple(unit) for unit in _incoming(one.weights[k], one.biases[k])[0].tolist()]
    in_order = sorted(range(len(units)), key=units.__getitem__)
    alike = [tuple(group) for _, group in groupby(in_order, key=units.__getitem__)]
    for orders in product(*map(permutations, alike)):
        yield from _renamings(_renamed(one, k, [unit for order in orders for unit in order]), k + 1)


def _renamed(one: Batch, k: int, order: list[int]) -> Batch:
    """The units of one hidden layer in another order."""
    weights, biases = list(one.weights), list(one.biases)
    weights[k] = weights[k][:, :, order]
    weights[k + 1] = weights[k + 1][:, order, :]
    bias = biases[k]
    biases[k] = bias if bias is None or bias.ndim == 1 else bias[:, order]
    return replace(one, weights=tuple(weights), biases=tuple(biases))
