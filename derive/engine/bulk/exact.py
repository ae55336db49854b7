"""Exact gradients of many networks as integer coefficients, for piecewise-linear hidden layers.

Under softmax with cross-entropy every delta is a linear combination of the outputs s_k with rational
coefficients, and these are plain back-propagation with the softmax replaced by each one-hot vector in
turn; under a sigmoid with its losses, a combination of 1 and the outputs. So back-propagation runs in
64-bit integers, once for each member of that basis. Whether a gradient is zero is decided on the
coefficients (Lindemann-Weierstrass), never on floats.

Every array comes with a bound on its entries, known before it is computed: where one could reach 2^53,
beyond which binary64 skips integers, nothing is computed at all. Arrays are (rows, ..., networks).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from itertools import combinations
from math import lcm
from types import SimpleNamespace
from typing import Any

import numpy as np

from derive.engine.bulk import vanishing
from derive.engine.bulk.heads import FUSED, ONE, Head, head
from derive.engine.bulk.integers import NotExactError, Scaled, given
from derive.engine.bulk.model import Batch, Floats
from derive.engine.bulk.vanishing import Mask
from derive.rules.activations import Activation


@dataclass(frozen=True)
class Exact:
    """The exact side of a batch.

    Attributes:
        pre_activations: For each layer (rows, n, networks).
        reads: What each layer reads, likewise.
        deltas: For each layer the coefficients of dl/dz of one row, (rows, members, n, networks).
        input: Coefficients of dl/dx, (rows, members, n_in, networks).
        head: The basis that all coefficients are for, and the loss of each row.
        shared: For each layer whether its bias is shared.
    """

    pre_activations: tuple[Scaled, ...]
    reads: tuple[Scaled, ...]
    deltas: tuple[Scaled, ...]
    input: Scaled
    head: Head
    shared: tuple[bool, ...]

    @property
    def logits(self) -> Scaled:
        """Pre-activations of the last layer."""
        return self.pre_activations[-1]

    def may_cancel(self) -> Mask:
        """Networks where coefficients that are not zero may still add up to zero: logits coincide."""
        logits = self.logits.numerators
        rows, n, count = logits.shape
        if self.head.kind == "rational" or rows > 1:
            return np.full(count, self.head.kind != "rational")
        sizes = logits[0] if self.head.kind == "softmax" else abs(logits[0])
        cancel = np.zeros(count, dtype=bool) if self.head.kind == "softmax" else (sizes == 0).any(axis=0)
        for i, j in combinations(range(n), 2):
            cancel |= sizes[i] == sizes[j]
        return cancel

    def coefficients(self, name: str) -> Scaled:
        """Coefficients of one gradient by row and member of the basis, before rows are put together.

        Args:
            name: `W_K` (n_in, n_out), `b_K`, `input` or `pre_activation_gradient_K`.
        """
        if name == "input":
            return self.input
        kind, _, index = name.rpartition("_")
        k = int(index)
        deltas = self.deltas[k]
        if kind == "W":
            return self.reads[k].times(deltas, lambda a, d: a[:, None, :, None] * d[:, :, None])
        if kind == "b" and self.shared[k]:
            units = deltas.numerators.shape[2]
            return Scaled(deltas.numerators.sum(axis=2), deltas.denominator, units * deltas.bound)
        return deltas

    def zeros(self, name: str) -> Mask:
        """Which entries of a gradient are zero, decided; shaped as the gradient, the networks first.

        The l2 term is left out. With several rows under a softmax of three or more classes, shares that
        cancel between rows are not seen: the engine that takes networks one by one sees them.
        """
        coefficients, logits = self.coefficients(name).numerators, self.logits.numerators
        rowwise = name == "input" or name.startswith("pre_activation")
        if self.head.kind == "rational":
            zero = coefficients[:, 0] == 0 if rowwise else coefficients[:, 0].sum(axis=0) == 0
        else:
            decide = (ROWWISE if rowwise else SUMMED)[self.head.kind]
            zero = decide(coefficients, logits)
        return np.moveaxis(zero, -1, 0)


ROWWISE = {"softmax": vanishing.softmax, "sigmoid": vanishing.sigmoid}
SUMMED = {"softmax": vanishing.sum_of_softmaxes, "sigmoid": vanishing.sum_of_sigmoids}


def compute(batch: Batch) -> Exact:
    """Run all networks forward and back in integers.

    Raises:
        NotExactError: A layer is smooth, or loss and output don't go together, or numbers are too large.
    """
    over = batch.denominators
    weights = [given(integers, over.weights) for integers in batch.weights]
    a, reads, pre_activations, slopes = given(batch.inputs, over.inputs), [], [], []
    for k, matrix in enumerate(weights):
        reads.append(a)
        z = a.times(matrix, lambda x, w: (x[:, :, None] * w).sum(axis=1), terms=matrix.numerators.shape[0])
        bias = batch.biases[k]
        z = z if bias is None else z.plus(given(bias, over.biases))
        pre_activations.append(z)
        last = k == len(weights) - 1
        if last and (batch.loss, batch.activations[k]) in FUSED:
            break
        slopes.append(_slope(batch.rules[k], batch.parameter(k), z))
        a = z.times(slopes[-1], np.multiply)
    found = head(batch, pre_activations[-1], a, slopes[-1] if len(slopes) == len(weights) else None)
    deltas = [found.deltas]
    for k in reversed(range(1, len(weights))):
        back = _through(deltas[0], weights[k])
        deltas.insert(0, back.times(slopes[k - 1], lambda g, slope: g * slope[:, None]))
    return Exact(
        pre_activations=tuple(pre_activations),
        reads=tuple(reads),
        deltas=tuple(deltas),
        input=_through(deltas[0], weights[0]),
        head=found,
        shared=tuple(bias is not None and bias.ndim == 1 for bias in batch.biases),
    )


def _through(deltas: Scaled, weights: Scaled) -> Scaled:
    """Back through the weights: (rows, members, n_out) to (rows, members, n_in)."""
    n_out = weights.numerators.shape[1]
    return deltas.times(weights, lambda d, w: (d[:, :, None] * w).sum(axis=3), terms=n_out)


def _slope(rule: Activation, parameter: Fraction | None, z: Scaled) -> Scaled:
    """The slope at each unit of a layer that is linear on either side of zero."""
    if not rule.piecewise_linear:
        raise NotExactError(f"{rule.latex} takes rationals to irrational numbers")
    up, down = (
        Fraction(rule.slope(side, side, SimpleNamespace(step=lambda z: max(z, 0), one=ONE), parameter))
        for side in (ONE, -ONE)
    )
    denominator = lcm(up.denominator, down.denominator)
    top, bottom = int(up * denominator), int(down * denominator)
    numerators = np.where(z.numerators > 0, np.int64(top), np.int64(bottom))
    return Scaled(numerators, denominator, max(abs(top), abs(bottom)))


def values(batch: Batch, exact: Exact) -> dict[str, Floats]:
    """Every quantity in binary64, from the exact integers; names and shapes as in `chain.compute`."""
    share, factor = float(batch.row_weight), float(batch.l2)
    found = {"loss": exact.head.loss.sum(axis=0) * share}
    outputs = [*(read.values for read in exact.reads[1:]), exact.head.output]
    for k, output in enumerate(outputs):
        found[f"pre_activation_{k}"], found[f"output_{k}"] = exact.pre_activations[k].values, output
        delta = _combined(exact, exact.deltas[k]) * share
        found[f"pre_activation_gradient_{k}"] = delta
        found[f"W_{k}"] = (exact.reads[k].values[:, :, None] * delta[:, None]).sum(axis=0)
        if batch.biases[k] is not None:
            found[f"b_{k}"] = delta.sum(axis=(0, 1) if exact.shared[k] else 0)
        if factor:
            weights = given(batch.weights[k], batch.denominators.weights).values
            found[f"W_{k}"] += 2 * factor * weights
            found["loss"] += factor * (weights**2).sum(axis=(0, 1))
    return found | {"input": _combined(exact, exact.input) * share}


def _combined(exact: Exact, coefficients: Scaled) -> Floats:
    """Coefficients times their basis, summed over its members."""
    combined: Floats = (coefficients.values * exact.head.basis[:, :, None]).sum(axis=1)
    return combined


def joined(parts: Sequence[Exact]) -> Exact:
    """Parts of one batch put together again."""

    def join(pieces: Sequence[Any]) -> Any:
        """The same field of every part: arrays side by side, everything else as it is in the first."""
        first = pieces[0]
        if isinstance(first, np.ndarray):
            return np.concatenate(pieces, axis=-1)
        if isinstance(first, Scaled):
            numerators = join([piece.numerators for piece in pieces])
            return Scaled(numerators, first.denominator, max(piece.bound for piece in pieces))
        if isinstance(first, tuple):
            return tuple(map(join, zip(*pieces, strict=True)))
        if isinstance(first, Exact | Head):
            return _rebuilt(first, lambda name: join([getattr(piece, name) for piece in pieces]))
        return first

    whole: Exact = join(parts)
    return whole


def chosen(exact: Exact, networks: Any) -> Exact:
    """Some of the networks: an array of indices or a mask."""

    def choose(piece: Any) -> Any:
        if isinstance(piece, np.ndarray):
            return piece[..., networks]
        if isinstance(piece, Scaled):
            return Scaled(piece.numerators[..., networks], piece.denominator, piece.bound)
        if isinstance(piece, tuple):
            return tuple(map(choose, piece))
        if isinstance(piece, Exact | Head):
            return _rebuilt(piece, lambda name: choose(getattr(piece, name)))
        return piece

    part: Exact = choose(exact)
    return part


def _rebuilt(whole: Any, part: Callable[[str], Any]) -> Any:
    return type(whole)(**{field.name: part(field.name) for field in fields(whole)})
