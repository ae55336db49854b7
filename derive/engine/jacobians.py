"""The NumPy chain: every local Jacobian in full, multiplied from the left, as a student does by hand.

This is one of the two computations that keys are checked against, so it shares nothing with the
symbolic side: no closed form, no delta rule, only local Jacobians and matrix products. The same code
runs in float64 and, where float64 can't tell, over Fractions or mpmath numbers (arrays of dtype
object).

Numerator layout: rows are outputs, columns inputs; matrices are flattened row by row. In the row
convention z = a W the Jacobian of z for W is a (x) 1, in the column convention z = W a it is 1 (x) a^T.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from derive.network import Dense, Network, nearest_float, updates

Array = npt.NDArray[Any]

FLOAT64 = SimpleNamespace(
    exp=np.exp,
    expm1=np.expm1,
    log=np.log,
    log1p=np.log1p,
    tanh=np.tanh,
    erf=np.vectorize(math.erf, otypes=[float]),
    maximum=np.maximum,
    minimum=np.minimum,
    where=np.where,
    diag=np.diag,
    outer=np.outer,
    pi=math.pi,
    sqrt=math.sqrt,
    read=nearest_float,
    settle=lambda z, terms: z,
)


FRACTIONS = SimpleNamespace(
    maximum=np.maximum,
    where=np.where,
    read=lambda number: number,
    settle=lambda z, terms: z,
)


def high_precision(digits: int) -> SimpleNamespace:
    """The same functions over arrays of mpmath numbers.

    Args:
        digits: Decimal digits that mpmath carries; far more than any pre-activation has zeros behind
            the point, because a sum that is nothing but rounding is taken for zero.
    """
    import mpmath

    context = mpmath.MPContext()
    context.dps = digits
    rounding = context.mpf(10) ** (10 - digits)

    def over(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        remembered = cache(function)  # the same numbers come by for value, slope, and each update
        return np.vectorize(lambda x: remembered(context.mpf(x)), otypes=[object])

    def settle(z: Array, terms: Array) -> Array:
        """A sum that is nothing but the rounding of its terms is zero."""
        pairs = zip(z, terms, strict=True)
        return np.array([0 * x if abs(x) <= rounding * size else x for x, size in pairs], dtype=object)

    names = ("exp", "expm1", "log", "log1p", "tanh", "erf")
    functions = {name: over(getattr(context, name)) for name in names}
    return SimpleNamespace(
        **functions,
        maximum=np.maximum,
        minimum=np.minimum,
        where=np.where,
        diag=np.diag,
        outer=np.outer,
        pi=+context.pi,
        sqrt=context.sqrt,
        read=lambda number: context.mpf(number.numerator) / number.denominator,
        settle=settle,
    )


@dataclass(frozen=True)
class Link:
    """One local Jacobian of a chain.

    Attributes:
        numerator, denominator: What is differentiated and for what: `loss`, `output_1`, `W_0` ...
        jacobian: (size of numerator, size of denominator).
    """

    numerator: str
    denominator: str
    jacobian: Array


@dataclass(frozen=True)
class RowPass:
    """Forward values of one row, and the local Jacobians that lead back from its loss.

    Attributes:
        pre_activations, outputs: One vector a layer.
        loss: Of this row.
        spine: Links from the loss to the input, the last layer first: output, pre-activation, and so on.
        branches: Parameter name -> the link from its layer's pre-activation to it.
    """

    pre_activations: tuple[Array, ...]
    outputs: tuple[Array, ...]
    loss: Any
    spine: tuple[Link, ...]
    branches: Mapping[str, Link]


def compute(network: Network, xp: Any = FLOAT64) -> dict[str, Array]:
    """Every quantity of the network (the names are those of `passes`) by the chain of Jacobians.

    Args:
        network: With its numbers.
        xp: `FLOAT64`; `FRACTIONS` for a network that stays rational; or what `high_precision` gives.

    Returns:
        Name -> array: float64, or object where `xp` works on objects.
    """
    parameters = {name: _read(numbers, xp) for name, numbers in network.parameters().items()}
    everyone = range(network.rows)
    with np.errstate(all="ignore"):
        found = _whole(network, parameters, everyone, network.row_weight, xp)
        if network.step is None:
            return found
        for rows, weight in updates(network):
            gradients = _whole(network, parameters, rows, weight, xp)
            for name in parameters:
                if name not in network.step.frozen:
                    rate = xp.read(network.step.learning_rate)
                    parameters[name] = np.asarray(parameters[name] - rate * gradients[name])
        after = _whole(network, parameters, everyone, network.row_weight, xp)
    found |= {f"step.{name}": array for name, array in parameters.items()}
    kept = ["loss"]
    kept += [f"{kind}_{k}" for k in range(len(network.layers)) for kind in ("pre_activation", "output")]
    return found | {f"step.{name}": after[name] for name in kept}


def _read(numbers: Any, xp: Any) -> Array:
    array = np.array(numbers, dtype=object)
    read = np.array([xp.read(number) for number in array.flat], dtype=float if xp is FLOAT64 else object)
    return read.reshape(array.shape)


def run_row(network: Network, parameters: Mapping[str, Array], row: int, xp: Any = FLOAT64) -> RowPass:
    """Forward through the layers, collecting the local Jacobian of each operation on the way."""
    a = _read(network.inputs[row], xp)
    pre_activations, outputs = [], []
    spine: list[Link] = []
    branches: dict[str, Link] = {}
    for layer in network.layers:
        k = layer.index
        weights = parameters[layer.weights_name]
        bias = parameters[layer.bias_name] if layer.bias is not None else 0 * weights.flat[0]
        matrix = weights.T if layer.row_convention else weights  # dz/da
        z = xp.settle(matrix @ a + bias, abs(matrix) @ abs(a) + abs(bias))
        branches[layer.weights_name] = Link(
            f"pre_activation_{k}", layer.weights_name, weights_jacobian(layer, a)
        )
        if layer.bias is not None:
            identity = np.ones((layer.n_out, 1), int) if layer.shared_bias else np.eye(layer.n_out, dtype=int)
            branches[layer.bias_name] = Link(f"pre_activation_{k}", layer.bias_name, identity)
        read = f"output_{k - 1}" if k else "input"
        spine.insert(0, Link(f"pre_activation_{k}", read, matrix))
        p = None if layer.parameter is None else xp.read(layer.parameter)
        out = layer.rule.array(z, xp, p)
        slope = layer.rule.array_slope(z, out, xp, p)
        jacobian = np.diag(slope) if layer.rule.elementwise else slope
        spine.insert(0, Link(f"output_{k}", f"pre_activation_{k}", jacobian))
        pre_activations.append(z)
        outputs.append(out)
        a = out
    target = None if network.targets is None else _read(network.targets[row], xp)
    gradient = network.loss.array_gradient(a, target, xp)
    spine.insert(0, Link("loss", f"output_{len(network.layers) - 1}", gradient.reshape(1, -1)))
    loss = network.loss.array(a, target, xp)
    return RowPass(tuple(pre_activations), tuple(outputs), loss, tuple(spine), branches)


def weights_jacobian(layer: Dense, a: Array) -> Array:
    """Jacobian of the pre-activation for the layer's weights: (n_out, n_in * n_out), weights row-major."""
    identity = np.eye(layer.n_out, dtype=int)
    row = a.reshape(1, -1)
    return np.kron(row, identity) if layer.row_convention else np.kron(identity, row)


def multiply(row_pass: RowPass) -> dict[str, Array]:
    """Every partial product of the chains of one row, from the left.

    Returns:
        Name -> vector: the gradient of the row's loss for `output_K`, `pre_activation_K`, `input`, and
        for each parameter, flattened row by row.
    """
    products: dict[str, Array] = {}
    vector: Array = np.ones((1, 1), dtype=int)
    for link in row_pass.spine:
        vector = vector @ link.jacobian
        products[link.denominator] = vector[0]
    for name, link in row_pass.branches.items():
        products[name] = products[link.numerator] @ link.jacobian
    return products


def _whole(
    network: Network, parameters: Mapping[str, Array], rows: Sequence[int], weight: Fraction, xp: Any
) -> dict[str, Array]:
    """The rows put together: a row of each quantity per example, sums for the parameters."""
    passes = [run_row(network, parameters, row, xp) for row in rows]
    products = [multiply(row_pass) for row_pass in passes]
    share = xp.read(weight)
    losses = np.array([row_pass.loss for row_pass in passes])
    found: dict[str, Array] = {"row_losses": losses, "loss": losses.sum() * share}
    for k in range(len(network.layers)):
        found[f"pre_activation_{k}"] = np.array([row_pass.pre_activations[k] for row_pass in passes])
        found[f"output_{k}"] = np.array([row_pass.outputs[k] for row_pass in passes])
        for kind in ("pre_activation", "output"):
            name = f"{kind}_{k}"
            found[f"{kind}_gradient_{k}"] = np.array([product[name] for product in products]) * share
    found["input"] = np.array([product["input"] for product in products]) * share
    for name, numbers in parameters.items():
        flat = sum(product[name] for product in products) * share
        found[name] = np.reshape(flat, numbers.shape)
        if network.l2 != 0 and name.startswith("W"):
            factor = xp.read(network.l2)
            found[name] = found[name] + 2 * factor * numbers
            found["loss"] = found["loss"] + factor * (numbers * numbers).sum()
    return {name: np.asarray(array) for name, array in found.items()}  # numpy unwraps scalars of objects
