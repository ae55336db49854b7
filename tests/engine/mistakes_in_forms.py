"""Mistakes in the derivation and in the exact run."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from derive.engine import passes, program, symbolic
from derive.engine.number_systems import ExactNumbers
from derive.engine.passes import Key
from tests.engine.mistakes import (
    EVERYTHING,
    HOMEWORK,
    KINK,
    SMOOTH,
    SQUARES,
    Mistake,
    activation,
    function,
    loss,
    rules,
)
from tests.engine.networks import written


def only_diagonal(matrix: Any) -> Any:
    return [[entry if i == j else 0 * entry for j, entry in enumerate(row)] for i, row in enumerate(matrix)]


def plus_instead_of_minus(array: Any, gradient: Any, rate: Any, numbers: Any) -> Any:
    moved = np.empty(array.shape, dtype=object)
    moved.flat[:] = [x + g * rate for x, g in zip(array.flat, gradient.flat, strict=True)]
    return moved


def half_the_penalty(gradients: Any) -> Any:
    """l2 W for 2 l2 W."""

    def wrong(target: Any, one: Any, over_rows: Any, parameters: Any) -> Any:
        found = gradients(target, one, over_rows, parameters)
        name = one.dense.weights_name
        half = np.array([passes._rational(target.l2) * w for w in parameters[name].flat], dtype=object)
        found[name] = found[name] - half.reshape(found[name].shape)
        return found

    return wrong


def always_one(self: ExactNumbers, key: Key, z: Any) -> int:
    sign = SIGN(self, key, z)
    return 1 if sign == 0 else sign


SIGN = ExactNumbers.sign
MISTAKES = [
    # the derivation
    rules(
        "weights_gradient",
        HOMEWORK,
        "the sign of dl/dW",
        lambda one: tuple(tuple(-a * delta for delta in one.delta_symbols) for a in one.read),
    ),
    rules(
        "weights_gradient",
        HOMEWORK,
        "dl/dW transposed",
        lambda one: tuple(tuple(a * delta for a in one.read) for delta in one.delta_symbols),
    ),
    rules(
        "weights_gradient",
        HOMEWORK,
        "the output instead of what the layer read",
        lambda one: tuple(tuple(a * delta for delta in one.delta_symbols) for a in one.output_symbols),
    ),
    rules(
        "bias_gradient",
        EVERYTHING,
        "the bias gradient forgotten",
        lambda one: tuple(sp.Integer(0) for _ in ([0] if one.dense.shared_bias else one.bias)),
    ),
    rules(
        "bias_gradient",
        EVERYTHING,
        "a shared bias that takes the first delta alone",
        lambda one: one.delta_symbols[:1] if one.dense.shared_bias else one.delta_symbols if one.bias else (),
    ),
    rules(
        "read_gradient",
        EVERYTHING,
        "the deltas back through W instead of its transpose",
        lambda one: tuple(
            symbolic._dot(column, one.delta_symbols) for column in zip(*one.weights, strict=True)
        ),
    ),
    function(
        symbolic,
        "_through_activation",
        HOMEWORK,
        "the mask missing",
        lambda _: lambda parts, gradient: gradient,
    ),
    function(
        symbolic,
        "_through_activation",
        HOMEWORK,
        "the mask of the neighbouring unit",
        lambda _: (
            lambda parts, gradient: tuple(
                g * s for g, s in zip(gradient, reversed(parts["slope"][:2]), strict=True)
            )
        ),
    ),
    function(
        symbolic,
        "_through_head",
        HOMEWORK,
        "s for s - y",
        lambda _: lambda parts, gradient: parts["output_symbols"],
    ),
    function(
        symbolic,
        "_through_head",
        EVERYTHING,
        "s - y where y does not sum to one",
        lambda right: (
            lambda parts, gradient: tuple(
                s - sp.Symbol(f"y_{k}", real=True) for k, s in enumerate(parts["output_symbols"])
            )
        ),
    ),
    function(
        symbolic,
        "_forward",
        EVERYTHING,
        "the bias left out of the forward pass",
        lambda right: (
            lambda dense, read: (
                right(dense, read)
                | {"pre_activation": right(replace(dense, bias=None), read)["pre_activation"]}
            )
        ),
    ),
    activation("relu", HOMEWORK, "the mask inverted", slope=lambda z, a, m, p: 1 - m.step(z)),
    activation("relu", HOMEWORK, "leaky where it should not be", value=lambda z, m, p: z),
    activation(
        "softmax",
        written("""
input: [1, -2]
target: [1, 0]
layers: [{weights: [[0.3, -0.7], [0.9, 0.4]], activation: softmax}]
loss: squared_error
"""),
        "the diagonal of softmax's Jacobian alone",
        slope=lambda z, a, m, p: only_diagonal(
            [[a[i] * (int(i == j) - a[j]) for j in range(len(a))] for i in range(len(a))]
        ),
    ),
    activation("sigmoid", SMOOTH, "1 - a for a (1 - a)", slope=lambda z, a, m, p: 1 - a),
    activation("tanh", EVERYTHING, "1 - z^2 for 1 - a^2", slope=lambda z, a, m, p: 1 - z**2),
    activation("silu", SMOOTH, "the product rule forgotten", slope=lambda z, a, m, p: 1 / (1 + m.exp(-z))),
    loss(
        "cross_entropy",
        EVERYTHING,
        "the sign of the loss",
        gradient=lambda a, y, m: [y_k / a_k for a_k, y_k in zip(a, y, strict=True)],
    ),
    loss(
        "mean_squared_error",
        SQUARES,
        "the factor 2 of a square",
        gradient=lambda a, y, m: [(a_k - y_k) / len(a) for a_k, y_k in zip(a, y, strict=True)],
    ),
    # the exact run
    function(passes, "_moved", EVERYTHING, "a step uphill", lambda _: plus_instead_of_minus),
    function(
        passes,
        "_evaluate",
        EVERYTHING,
        "the sum of the rows for their mean",
        lambda right: lambda d, n, p, rows, weight, update: right(d, n, p, rows, Fraction(1), update),
    ),
    function(passes, "_parameter_gradients", EVERYTHING, "l2 W for 2 l2 W", half_the_penalty),
    function(passes, "_penalty", EVERYTHING, "the penalty left out of the loss", lambda _: lambda *given: 0),
    function(
        passes,
        "_bound_parameters",
        EVERYTHING,
        "weights read down the columns",
        lambda right: (
            lambda derivation, parameters: right(
                derivation,
                {name: array.T if name.startswith("W") else array for name, array in parameters.items()},
            )
        ),
    ),
    Mistake(
        "1 for the derivative at a kink", KINK, lambda patch: patch.setattr(ExactNumbers, "sign", always_one)
    ),
    function(
        program,
        "_product",
        EVERYTHING,
        "a factor lost",
        lambda right: lambda numbers: right(list(numbers)[:2]),
    ),
]
