"""A second opinion: the same networks in mpmath, written from the textbook, with no line of the engine.

Derivatives are central differences. With 60 digits and a step of 1e-15 the truncation leaves 30 of them.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import mpmath as mp

from derive.network import Dense, Network

DIGITS = 60
NUDGE = mp.mpf(10) ** -15

Parameters = Mapping[str, Any]  # nested lists of numbers, laid out as the exercise lays them


def number(fraction: Any) -> Any:
    """A Fraction in mpmath."""
    return mp.mpf(fraction.numerator) / fraction.denominator


def nested(numbers: Any, spell: Callable[[Any], Any] = number) -> Any:
    """The same nesting, as lists."""
    return [nested(part, spell) for part in numbers] if isinstance(numbers, tuple | list) else spell(numbers)


def parameters(network: Network) -> dict[str, Any]:
    """Every parameter, and the input, in mpmath."""
    found = {name: nested(numbers) for name, numbers in network.parameters().items()}
    return found | {"input": nested(network.inputs)}


ONE_BY_ONE: Mapping[str, Callable[[Any, Any], Any]] = {
    "identity": lambda z, p: z,
    "relu": lambda z, p: z if z > 0 else mp.mpf(0),
    "leaky_relu": lambda z, p: z if z > 0 else p * z,
    "elu": lambda z, p: z if z > 0 else p * mp.expm1(z),
    "sigmoid": lambda z, p: 1 / (1 + mp.exp(-z)),
    "tanh": lambda z, p: mp.sinh(z) / mp.cosh(z),
    "softplus": lambda z, p: max(z, 0) + mp.log1p(mp.exp(-abs(z))),
    "silu": lambda z, p: z / (1 + mp.exp(-z)),
    "gelu": lambda z, p: z * mp.ncdf(z),
}


def activate(layer: Dense, z: Sequence[Any]) -> list[Any]:
    """The outputs of a layer."""
    if layer.activation == "softmax":
        powers = [mp.exp(entry - max(z)) for entry in z]
        return [power / mp.fsum(powers) for power in powers]
    p = None if layer.parameter is None else number(layer.parameter)
    return [ONE_BY_ONE[layer.activation](entry, p) for entry in z]


def weighted(layer: Dense, values: Parameters, a: Sequence[Any]) -> list[Any]:
    """The pre-activations of a layer."""
    weights = values[f"W_{layer.index}"]
    if not layer.row_convention:
        weights = list(zip(*weights, strict=True))
    sums = [mp.fdot(a, column) for column in zip(*weights, strict=True)]
    bias = values.get(f"b_{layer.index}", 0)
    return [z + b for z, b in zip(sums, bias if isinstance(bias, list) else [bias] * len(sums), strict=True)]


def forward(network: Network, values: Parameters, row: int) -> tuple[list[Any], list[Any]]:
    """Pre-activations and outputs of every layer for one row."""
    a, pre_activations, outputs = values["input"][row], [], []
    for layer in network.layers:
        pre_activations.append(weighted(layer, values, a))
        a = activate(layer, pre_activations[-1])
        outputs.append(a)
    return pre_activations, outputs


def loss_of(name: str, a: Sequence[Any], y: Sequence[Any] | None) -> Any:
    """The loss of one row."""
    if name == "sum":
        return mp.fsum(a)
    assert y is not None
    pairs = list(zip(a, y, strict=True))
    if name == "cross_entropy":
        return -mp.fsum(t * mp.log(s) for s, t in pairs)
    if name == "binary_cross_entropy":
        return -mp.fsum(t * mp.log(s) + (1 - t) * mp.log(1 - s) for s, t in pairs)
    squares = mp.fsum((s - t) ** 2 for s, t in pairs)
    return squares / {"squared_error": 1, "half_squared_error": 2, "mean_squared_error": len(pairs)}[name]


def loss(network: Network, values: Parameters, rows: Sequence[int] | None = None, weight: Any = None) -> Any:
    """The loss of the batch, or of some of its rows with a weight of their own."""
    rows = range(len(network.inputs)) if rows is None else rows
    if weight is None:
        weight = mp.mpf(1) / len(network.inputs) if network.reduction == "mean" else 1
    total = mp.mpf(0)
    for row in rows:
        target = None if network.targets is None else nested(network.targets[row])
        total += weight * loss_of(network.loss_name, forward(network, values, row)[1][-1], target)
    weights = [values[f"W_{layer.index}"] for layer in network.layers]
    return total + number(network.l2) * mp.fsum(w * w for matrix in weights for line in matrix for w in line)


def filled(numbers: Any, entry: Callable[[tuple[int, ...]], Any], place: tuple[int, ...] = ()) -> Any:
    """The same nesting with other entries, made from their places."""
    if isinstance(numbers, list):
        return [filled(part, entry, (*place, i)) for i, part in enumerate(numbers)]
    return entry(place)


def places(numbers: Any) -> list[tuple[int, ...]]:
    """Where the entries are, row by row."""
    found: list[tuple[int, ...]] = []
    filled(numbers, found.append)
    return found


def at(numbers: Any, place: tuple[int, ...]) -> Any:
    """One entry."""
    for index in place:
        numbers = numbers[index]
    return numbers


def slope_along(
    network: Network, direction: Parameters, values: Parameters | None = None, **rows: Any
) -> Any:
    """Derivative of the loss along a direction, by a central difference."""
    values = parameters(network) if values is None else values

    def beside(distance: Any) -> Any:
        return {
            name: filled(numbers, lambda p, n=numbers, d=direction[name]: at(n, p) + distance * at(d, p))
            for name, numbers in values.items()
        }

    return (loss(network, beside(NUDGE), **rows) - loss(network, beside(-NUDGE), **rows)) / (2 * NUDGE)


def gradient(network: Network, values: Parameters | None = None, **rows: Any) -> dict[str, Any]:
    """The gradient for every parameter and the input, nested like them."""
    values = parameters(network) if values is None else values
    still = {name: filled(numbers, lambda _: 0) for name, numbers in values.items()}

    def slope(name: str, place: tuple[int, ...]) -> Any:
        only = filled(values[name], lambda other: int(other == place))
        return slope_along(network, still | {name: only}, values, **rows)

    return {name: filled(numbers, lambda place, n=name: slope(n, place)) for name, numbers in values.items()}


def descend(network: Network) -> dict[str, Any]:
    """Parameters after the gradient descent that the network asks for."""
    step = network.step
    assert step is not None
    values, rate = parameters(network), number(step.learning_rate)
    everyone = range(len(network.inputs))
    batches: list[dict[str, Any]] = [{"rows": [row], "weight": 1} for row in everyone]
    for rows in ([{}] if step.order == "batch" else batches) * step.count:
        slopes = gradient(network, values, **rows)
        values = {
            name: numbers
            if name in ("input", *step.frozen)
            else filled(numbers, lambda at_, n=numbers, g=slopes[name]: at(n, at_) - rate * at(g, at_))
            for name, numbers in values.items()
        }
    return values


def close(ours: Fraction, theirs: Any, digits: int) -> bool:
    """Whether two numbers agree to so many digits behind the point, or from their first one where large."""
    return bool(abs(number(ours) - theirs) <= mp.mpf(10) ** -digits * (1 + abs(theirs)))
