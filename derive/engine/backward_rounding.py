"""How far the backward pass over one row may be off: from the loss to the deltas and the gradients.

Two orders of computation are covered: the chain of Jacobians, in which softmax and cross-entropy
cancel in floating point, and torch's stable functions, in which they do not.
"""

from typing import Any

import numpy as np

from derive.engine.rounding import (
    FLOOR,
    UNIT,
    Bounded,
    Floats,
    Given,
    LayerBounds,
    forward,
    laid_out,
    legible,
)
from derive.network import Dense
from derive.rules.losses import Stable


def row(given: Given, position: int) -> dict[str, Floats]:
    """Bounds of one row's values and of its contributions to the gradients, for a weight of 1.

    Args:
        given: The pass.
        position: Which of its rows.
    """
    layers = forward(given, position)
    found: dict[str, Floats] = {}
    for k, parts in enumerate(layers):
        found[f"pre_activation_{k}"], found[f"output_{k}"] = parts.pre_activation.error, parts.output.error
    found["loss"] = _loss(given, layers[-1], position)
    _backward(given, layers, found, position)
    return found


def _target(given: Given, position: int) -> Any:
    """The target of one row, None where the loss has none."""
    if given.network.targets is None:
        return None
    return np.array([legible(number) for number in given.network.targets[given.run.rows[position]]])


def _loss(given: Given, last: LayerBounds, position: int) -> Floats:
    """Error of the loss of one row."""
    y, a = _target(given, position), last.output
    if given.stable is None:
        return np.asarray(given.network.loss.value_error(a.value, y, a.error, 2 * UNIT, np))
    z = last.pre_activation
    k = len(given.network.layers) - 1
    delta = abs(given.found[f"pre_activation_gradient_{k}"][position]) / float(given.run.weight)
    size = abs(y).sum()
    terms = (size + len(y)) * (2 * abs(z.value).max() + 4)
    return np.asarray(delta @ z.error + (1 + size) * (z.error**2).sum() + 8 * UNIT * terms)


def _backward(given: Given, layers: list[LayerBounds], found: dict[str, Floats], position: int) -> None:
    """Errors of the deltas and gradients, from the last layer to the first."""
    network, share = given.network, float(given.run.weight)

    def value(name: str) -> Floats:
        return np.asarray(given.found[name][position] / share)

    last = len(layers) - 1
    a, y = layers[last].output, _target(given, position)
    error = np.asarray(network.loss.gradient_error(a.value, y, a.error, 2 * UNIT)) + 0 * a.value
    gradient = Bounded(value(f"output_gradient_{last}"), error)
    for k in range(last, -1, -1):
        dense, parts = network.layers[k], layers[k]
        found[f"output_gradient_{k}"] = gradient.error
        error = _through(_spread(given, gradient), parts.slope)
        if k == last and given.stable is not None:
            error = _collapsed(given.stable, parts, y)
        found[f"pre_activation_gradient_{k}"] = error
        delta = _spread(given, Bounded(value(f"pre_activation_gradient_{k}"), error))
        found |= _parameter_errors(dense, parts.read, delta)
        name = f"output_gradient_{k - 1}" if k else "input"
        gradient = Bounded(value(name), _back(given, dense, delta))
    found["input"] = gradient.error


def _spread(given: Given, vector: Bounded) -> Bounded:
    """What a product with a full matrix makes of an entry that may be infinite: 0 times it is no number."""
    if given.full_matrices and not np.all(np.isfinite(vector.error)):
        return Bounded(vector.value, np.full_like(vector.error, np.inf))
    return vector


def _through(gradient: Bounded, slope: Bounded) -> Floats:
    """Error of a row vector times a slope (elementwise) or a Jacobian (a matrix)."""
    size, steep = abs(gradient.value), abs(slope.value)
    if slope.value.ndim == 2:
        rounding = (len(size) + 1) * UNIT * steep
        return size @ (slope.error + rounding) + gradient.error @ (steep + slope.error) + FLOOR
    return size * (slope.error + 2 * UNIT * steep) + gradient.error * (steep + slope.error) + FLOOR


def _collapsed(stable: Stable, last: LayerBounds, y: Floats) -> Floats:
    """Error of the last deltas where torch computes activation and loss together."""
    error: Floats = (
        stable.sensitivity(y) * last.output.error + 8 * UNIT * stable.terms(last.output.value, y) + FLOOR
    )
    return error


def _parameter_errors(dense: Dense, read: Bounded, delta: Bounded) -> dict[str, Floats]:
    """Errors of what one row contributes to the gradients of a layer's parameters."""
    outer = np.outer(abs(read.value) + read.error, delta.error)
    outer = outer + np.outer(read.error + 2 * UNIT * abs(read.value), abs(delta.value)) + FLOOR
    found = {dense.weights_name: laid_out(dense, outer)}
    if dense.bias is not None:
        spread = delta.error + dense.n_out * UNIT * abs(delta.value)
        found[dense.bias_name] = np.asarray(spread.sum()) if dense.shared_bias else delta.error
    return found


def _back(given: Given, dense: Dense, delta: Bounded) -> Floats:
    """Error of the deltas sent back through the weights."""
    weights = abs(laid_out(dense, given.parameters[dense.weights_name]).T)
    errors = laid_out(dense, given.errors[dense.weights_name]).T
    error: Floats = delta.error @ (weights + errors)
    return error + abs(delta.value) @ (errors + (dense.n_out + 1) * UNIT * weights) + FLOOR
