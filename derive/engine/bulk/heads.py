"""Where the gradients come in: the last layer's deltas as integer coefficients of a few numbers.

With softmax and cross-entropy these numbers are the outputs; with a sigmoid 1 and the outputs; with a
polynomial loss of a piecewise-linear output 1 alone.
"""

from dataclasses import dataclass
from fractions import Fraction
from types import SimpleNamespace

import numpy as np

from derive.engine.bulk.integers import NotExactError, Scaled, given
from derive.engine.bulk.model import Batch, Floats
from derive.rules.losses import Loss

ONE = Fraction(1)


@dataclass(frozen=True)
class Head:
    """Where the gradients come in.

    Attributes:
        kind: `softmax`, `sigmoid` or `rational`: which numbers the basis is made of.
        basis: The s_k; 1 and the s_k; or 1. (rows, members, networks), in binary64.
        deltas: Coefficients of the last layer's deltas, (rows, members, n, networks).
        output, loss: (rows, n, networks) and (rows, networks), in binary64.
    """

    kind: str
    basis: Floats
    deltas: Scaled
    output: Floats
    loss: Floats


def head(batch: Batch, z: Scaled, a: Scaled, slope: Scaled | None) -> Head:
    """The head of a batch.

    Args:
        batch: The networks.
        z: Pre-activations of the last layer.
        a: Its outputs.
        slope: Of the last layer; None where the loss is computed from the pre-activations.

    Raises:
        NotExactError: The loss is no polynomial.
    """
    y = None if batch.targets is None else given(batch.targets, batch.denominators.targets)
    if slope is None:
        assert y is not None
        return FUSED[batch.loss, batch.activations[-1]](z, y)
    constant, factor = _affine(batch.loss_rule, z.numerators.shape[1])
    gradient = Scaled(np.ones_like(a.numerators), 1, 1).scaled(constant)
    if factor:
        assert y is not None
        gradient = gradient.plus(a.plus(y.scaled(-ONE)).scaled(factor))
    deltas = gradient.times(slope, lambda g, s: (g * s)[:, None])
    outputs, targets = a.values.swapaxes(0, 1), None if y is None else y.values.swapaxes(0, 1)
    loss = batch.loss_rule.value(list(outputs), targets, SimpleNamespace(one=1))
    return Head("rational", np.ones((*deltas.numerators.shape[:2], len(batch))), deltas, a.values, loss)


def _affine(rule: Loss, n: int) -> tuple[Fraction, Fraction]:
    """The gradient of a loss as constant + factor * (a - y), the same in each output.

    Raises:
        NotExactError: It is nothing of the kind.
    """

    def gradient(a: int, y: int) -> Fraction:
        try:
            return Fraction(rule.gradient([ONE * a] * n, [ONE * y] * n, SimpleNamespace(one=ONE))[0])
        except ZeroDivisionError:
            raise NotExactError(f"{rule.latex} is no polynomial of the output") from None

    constant = gradient(1, 1)
    factor = gradient(2, 1) - constant
    if any(gradient(a, y) != constant + factor * (a - y) for a, y in ((5, 1), (-3, 2), (7, -4))):
        raise NotExactError(f"{rule.latex} leads out of the integers")
    return constant, factor


def _softmax_cross_entropy(z: Scaled, y: Scaled) -> Head:
    """With the one-hot vector k for the softmax the delta is (sum y) [j = k] - y_j."""
    n = z.numerators.shape[1]
    total = y.numerators.sum(axis=1)
    coefficients = np.repeat(-y.numerators[:, None], n, axis=1)
    for k in range(n):
        coefficients[:, k, k] += total
    below = (z.numerators - z.numerators.max(axis=1, keepdims=True)) / z.denominator
    powers = np.exp(below)
    sums = powers.sum(axis=1, keepdims=True)
    loss = (y.values * (np.log(sums) - below)).sum(axis=1)
    deltas = Scaled(coefficients, y.denominator, (n + 1) * y.bound)
    return Head("softmax", powers / sums, deltas, powers / sums, loss)


def _sigmoid_head(z: Scaled, y: Scaled, slopes: Scaled, binary: bool) -> Head:
    """The delta is slope * s_j - y_j."""
    rows, n, count = z.numerators.shape
    coefficients = np.zeros((rows, 1 + n, n, count), dtype=np.int64)
    coefficients[:, 0] = -y.numerators
    for j in range(n):
        coefficients[:, 1 + j, j] = slopes.numerators[:, j]
    small = np.exp(-abs(z.values))
    s = np.where(z.numerators > 0, 1, small) / (1 + small)
    rest = np.log1p(small)  # log(1 + e^z) = max(z, 0) + this
    loss = y.values * (np.maximum(-z.values, 0) + rest)
    if binary:
        loss = loss + (1 - y.values) * (np.maximum(z.values, 0) + rest)
    basis = np.concatenate([np.ones((rows, 1, count)), s], axis=1)
    deltas = Scaled(coefficients, y.denominator, max(y.bound, slopes.bound))
    return Head("sigmoid", basis, deltas, s, loss.sum(axis=1))


def _sigmoid_binary_cross_entropy(z: Scaled, y: Scaled) -> Head:
    ones = Scaled(np.full_like(y.numerators, y.denominator), y.denominator, y.denominator)
    return _sigmoid_head(z, y, ones, binary=True)


def _sigmoid_cross_entropy(z: Scaled, y: Scaled) -> Head:
    return _sigmoid_head(z, y, y, binary=False)


FUSED = {
    ("cross_entropy", "softmax"): _softmax_cross_entropy,
    ("cross_entropy", "sigmoid"): _sigmoid_cross_entropy,
    ("binary_cross_entropy", "sigmoid"): _sigmoid_binary_cross_entropy,
}
