"""Whether a combination of outputs with integer coefficients is zero, decided on the coefficients.

Coefficients are (rows, members, ..., networks), logits (rows, n, networks); what is decided is
(rows, ..., networks).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from derive.engine.bulk.model import Integers

Mask = npt.NDArray[np.bool_]


def softmax(coefficients: Integers, logits: Integers) -> Mask:
    """Whether sum_k c_k exp(o_k) is zero: for every value of a logit the coefficients there sum to zero.

    Distinct rational exponents are linearly independent over the rationals (Lindemann-Weierstrass).
    """
    n = logits.shape[1]
    vanishes = np.ones(coefficients[:, 0].shape, dtype=bool)
    for k in range(n):
        total = sum(_where(logits[:, i] == logits[:, k], coefficients[:, i]) for i in range(n))
        vanishes &= total == 0
    return vanishes


def sigmoid(coefficients: Integers, logits: Integers) -> Mask:
    """Whether c + sum_k c_k s(o_k) is zero, s the logistic function.

    s(-o) = 1 - s(o) and s(0) = 1/2. The s of distinct positive rationals are independent of each other
    and of 1: as functions of t = e^(1/N), which is transcendental, they have poles at different places.
    Of 1 / (1 + t^-n) and 1 / (1 + t^-m) with n > m only the first has one at e^(i pi / n).
    """
    members, sizes, signs = coefficients[:, 1:], abs(logits), np.sign(logits)
    n = logits.shape[1]
    twice = 2 * coefficients[:, 0] + sum(_spread(1 - signs[:, j], members[:, j]) for j in range(n))
    vanishes: Mask = twice == 0
    for k in range(n):
        total = sum(
            _where((sizes[:, j] == sizes[:, k]) & (sizes[:, k] > 0), _spread(signs[:, j], members[:, j]))
            for j in range(n)
        )
        vanishes = vanishes & (total == 0)
    return vanishes


def sum_of_sigmoids(coefficients: Integers, logits: Integers) -> Mask:
    """Whether the sum over the rows is zero: the outputs of all rows are members of one combination."""
    members, rows, n = coefficients[:, 1:], *logits.shape[:2]
    pooled = members.reshape(1, rows * n, *members.shape[2:])
    constant = coefficients[:, 0].sum(axis=0)[None, None]
    every = np.concatenate([constant, pooled], axis=1)
    vanishes: Mask = sigmoid(every, logits.reshape(1, rows * n, -1))[0]
    return vanishes


def sum_of_softmaxes(coefficients: Integers, logits: Integers) -> Mask:
    """Whether the sum over the rows is zero.

    Two classes are a sigmoid of the gap between their logits: s_1 = s(o_1 - o_0), s_0 = 1 - s_1. With more
    classes the answer is yes where the share of each row is zero; shares that cancel between rows are not
    seen.
    """
    rows, n = logits.shape[:2]
    if rows == 1 or n != 2:
        return np.asarray(softmax(coefficients, logits).all(axis=0))
    first, second = coefficients[:, :1], coefficients[:, 1:]
    gap = logits[:, 1:] - logits[:, :1]
    return sum_of_sigmoids(np.concatenate([first, second - first], axis=1), gap)


def _aligned(per_row: Any, array: Any) -> Any:
    """(rows, networks) with axes of one between, as many as the array has."""
    return per_row.reshape(per_row.shape[0], *(1,) * (array.ndim - 2), per_row.shape[1])


def _where(condition: Any, array: Any) -> Any:
    return np.where(_aligned(condition, array), array, 0)


def _spread(factor: Any, array: Any) -> Any:
    return _aligned(factor, array) * array
