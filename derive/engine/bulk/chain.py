"""The NumPy chain over many networks: every local Jacobian in full, multiplied from the left.

Of the derivation and the exact integers nothing is imported: only the tables and their NumPy columns.
Arrays are (rows, ..., networks).
"""

from typing import Any

import numpy as np

from derive.engine.bulk.model import Batch, Floats, read
from derive.engine.jacobians import FLOAT64


def compute(batch: Batch) -> dict[str, Floats]:
    """Every quantity of every network.

    Returns:
        Name -> array with the networks last; the names are those of `passes`, the shapes too but for
        weights, which are (n_in, n_out) whatever the convention.
    """
    over = batch.denominators
    weights = [read(integers, over.weights) for integers in batch.weights]
    a = read(batch.inputs, over.inputs)
    found: dict[str, Floats] = {}
    spine: list[tuple[str, Floats]] = []
    branches: list[tuple[str, str, Floats]] = []
    with np.errstate(all="ignore"):
        for k, (matrix, integers) in enumerate(zip(weights, batch.biases, strict=True)):
            z = (a[:, :, None] * matrix).sum(axis=1)
            branches.append((f"W_{k}", f"pre_activation_{k}", _weights_jacobian(a, matrix.shape[1])))
            if integers is not None:
                z += read(integers, over.biases)
                jacobian = _bias_jacobian(matrix.shape[1], shared=integers.ndim == 1)
                branches.append((f"b_{k}", f"pre_activation_{k}", jacobian))
            spine.insert(0, (f"output_{k - 1}" if k else "input", matrix.swapaxes(0, 1)[None]))
            a, jacobian = _activate(batch, k, z)
            spine.insert(0, (f"pre_activation_{k}", jacobian))
            found[f"pre_activation_{k}"], found[f"output_{k}"] = z, a
        losses, gradient = _loss(batch, a)
        vector = gradient
        products = {f"output_{len(weights) - 1}": vector}
        for name, jacobian in spine:
            vector = products[name] = _multiply(vector, jacobian)
        return found | _gathered(batch, weights, losses, products, branches)


def _multiply(vector: Floats, jacobian: Floats) -> Floats:
    """(rows, m) times (rows or 1, m, n), for every network."""
    product: Floats = (vector[:, :, None] * jacobian).sum(axis=1)
    return product


def _weights_jacobian(a: Floats, n_out: int) -> Floats:
    """Of the pre-activation for the weights, row by row: a (x) 1, (rows, n_out, n_in * n_out)."""
    rows, n_in, count = a.shape
    jacobian = np.zeros((rows, n_out, n_in, n_out, count))
    for j in range(n_out):
        jacobian[:, j, :, j] = a
    return jacobian.reshape(rows, n_out, n_in * n_out, count)


def _bias_jacobian(n_out: int, shared: bool) -> Floats:
    return (np.ones((n_out, 1)) if shared else np.eye(n_out))[None, :, :, None]


def _activate(batch: Batch, k: int, z: Floats) -> tuple[Floats, Floats]:
    """Output and full Jacobian of a layer's activation: (rows, n, n)."""
    rule, number = batch.rules[k], batch.parameter(k)
    n = z.shape[1]
    jacobian = np.zeros((z.shape[0], n, *z.shape[1:]))
    if rule.elementwise:
        p = None if number is None else float(number)
        a = rule.array(z, FLOAT64, p)
        slope = rule.array_slope(z, a, FLOAT64, p)
        for j in range(n):
            jacobian[:, j, j] = slope[:, j]
        return a, jacobian
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    a = powers / powers.sum(axis=1, keepdims=True)
    np.multiply(-a[:, :, None], a[:, None], out=jacobian)
    for j in range(n):
        jacobian[:, j, j] += a[:, j]
    return a, jacobian


def _loss(batch: Batch, a: Floats) -> tuple[Floats, Floats]:
    """Losses of the rows, and their gradients (rows, n); the table's functions take the units first."""
    y: Any = None
    if batch.targets is not None:
        y = read(batch.targets, batch.denominators.targets).swapaxes(0, 1)
    outputs = a.swapaxes(0, 1)
    losses = batch.loss_rule.array(outputs, y, np)
    return losses, batch.loss_rule.array_gradient(outputs, y, np).swapaxes(0, 1)


def _gathered(
    batch: Batch,
    weights: list[Floats],
    losses: Floats,
    products: dict[str, Floats],
    branches: list[tuple[str, str, Floats]],
) -> dict[str, Floats]:
    """The rows put together."""
    share, factor = float(batch.row_weight), float(batch.l2)
    found = {"loss": losses.sum(axis=0) * share, "input": products["input"] * share}
    for name, product in products.items():
        if name.startswith("pre_activation"):
            found[name.replace("activation", "activation_gradient")] = product * share
    for name, numerator, jacobian in branches:
        flat = _multiply(products[numerator], jacobian).sum(axis=0) * share
        index = int(name[2:])
        if name.startswith("W"):
            found[name] = flat.reshape(weights[index].shape)
            if factor:
                found[name] += 2 * factor * weights[index]
                found["loss"] += factor * (weights[index] ** 2).sum(axis=(0, 1))
        else:
            integers = batch.biases[index]
            assert integers is not None
            found[name] = flat[0] if integers.ndim == 1 else flat
    return found
