"""One run of a derivation over a number system: forward, backward, the rows put together, the steps.

Names of the quantities, which every source of the cross-check uses alike:
`loss`, `row_losses`, `pre_activation_K`, `output_K`, `pre_activation_gradient_K`, `output_gradient_K`,
`W_K`, `b_K`, `input` (gradients), and after gradient descent `step.W_K`, `step.b_K` (parameters),
`step.loss`, `step.pre_activation_K`, `step.output_K`. Shapes are those of DESIGN's JSON: one row per
example; gradients of parameters laid out as the exercise lays the parameters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import sympy as sp
from flint import fmpq

from derive.engine.program import Mathematics, Number, evaluate
from derive.engine.symbolic import Derivation, LayerDerivation, step
from derive.network import Network, updates

Array = npt.NDArray[Any]
Quantities = dict[str, Array]


class Key(NamedTuple):
    """Which pre-activation: the update it belongs to (0: the network as given), row, layer, unit."""

    update: int
    row: int
    layer: int
    unit: int


class Numbers(Mathematics, Protocol):
    """A number system that also reads rationals and knows signs."""

    def number(self, rational: fmpq) -> Number:
        """A given number."""

    def kept(self, x: Number) -> Number:
        """A parameter after an update of gradient descent, as the next pass shall use it."""

    def sign(self, key: Key, z: Number) -> int:
        """-1, 0 or 1."""


Environment = dict[sp.Symbol, Number]


@dataclass(frozen=True)
class Pass:
    """One forward and backward pass over some rows.

    Attributes:
        rows: Which examples.
        weight: What the loss of each counts.
        parameters: Name -> numbers that the pass used.
        environments: For each row, every symbol of the derivation and its number.
        found: Name -> quantities.
    """

    rows: tuple[int, ...]
    weight: Fraction
    parameters: Mapping[str, Array]
    environments: tuple[Environment, ...]
    found: Quantities


def run(derivation: Derivation, numbers: Numbers) -> list[Pass]:
    """The network as given; then a pass for each update of gradient descent, and one with its outcome."""
    network = derivation.network
    everyone = tuple(range(network.rows))
    parameters = {name: _array(laid_out, numbers) for name, laid_out in network.parameters().items()}
    passes = [_evaluate(derivation, numbers, parameters, everyone, network.row_weight, 0)]
    if network.step is None:
        return passes
    rate = _rational(network.step.learning_rate)
    for count, (rows, weight) in enumerate(updates(network), start=1):
        passes.append(_evaluate(derivation, numbers, parameters, rows, weight, count))
        gradients = passes[-1].found
        parameters = {
            name: array if name in network.step.frozen else _moved(array, gradients[name], rate, numbers)
            for name, array in parameters.items()
        }
    last = len(passes)
    passes.append(_evaluate(derivation, numbers, parameters, everyone, network.row_weight, last))
    return passes


def quantities(passes: Sequence[Pass]) -> Quantities:
    """Every quantity of a network and of the gradient descent that its exercise asks for."""
    found = dict(passes[0].found)
    if len(passes) > 1:
        found |= {f"step.{name}": array for name, array in passes[-1].parameters.items()}
        found |= {
            f"step.{name}": array
            for name, array in passes[-1].found.items()
            if name == "loss" or (name.startswith(("pre_activation_", "output_")) and "gradient" not in name)
        }
    return found


def _rational(number: Fraction) -> fmpq:
    return fmpq(*number.as_integer_ratio())


def _array(laid_out: Any, numbers: Numbers) -> Array:
    """Fractions in any nesting as an object array of numbers."""
    fractions = np.array(laid_out, dtype=object)
    array = np.empty(fractions.shape, dtype=object)
    array.flat[:] = [numbers.number(_rational(fraction)) for fraction in fractions.flat]
    return array


def _moved(array: Array, gradient: Array, rate: fmpq, numbers: Numbers) -> Array:
    """One update of gradient descent."""
    moved = np.empty(array.shape, dtype=object)
    moved.flat[:] = [numbers.kept(x - g * rate) for x, g in zip(array.flat, gradient.flat, strict=True)]
    return moved


def _evaluate(
    derivation: Derivation,
    numbers: Numbers,
    parameters: Mapping[str, Array],
    rows: Sequence[int],
    weight: Fraction,
    update: int,
) -> Pass:
    """One forward and backward pass over the rows named."""
    network = derivation.network
    shared = _bound_parameters(derivation, parameters)
    environments = []
    for row in rows:
        values = dict(shared)
        values.update(_bound(derivation.input_symbols, network.inputs[row], numbers))
        if network.targets is not None:
            values.update(_bound(derivation.target_symbols, network.targets[row], numbers))
        _run_row(derivation, numbers, values, row, update)
        environments.append(values)
    found = _gathered(derivation, numbers, environments, parameters, _rational(weight))
    return Pass(tuple(rows), weight, parameters, tuple(environments), found)


def _bound(symbols: Sequence[sp.Symbol], row: Sequence[Fraction], numbers: Numbers) -> Environment:
    return {symbol: numbers.number(_rational(number)) for symbol, number in zip(symbols, row, strict=True)}


def _bound_parameters(derivation: Derivation, parameters: Mapping[str, Array]) -> Environment:
    values: Environment = {}
    for layer in derivation.layers:
        weights = parameters[layer.dense.weights_name]
        for place, i, j in layer.dense.places():
            values[layer.weights[i][j]] = weights[place]
        if layer.bias:
            bias = np.atleast_1d(parameters[layer.dense.bias_name])
            values.update(zip(layer.bias, bias, strict=False))
    return values


def _run_row(derivation: Derivation, numbers: Numbers, values: Environment, row: int, update: int) -> None:
    """Fill in every symbol of one row: forward, loss, backward."""

    def assign(symbols: Sequence[sp.Symbol], rules: Sequence[sp.Expr]) -> None:
        for symbol, rule in zip(symbols, rules, strict=True):
            values[symbol] = evaluate(rule, values, numbers)

    for k, layer in enumerate(derivation.layers):
        assign(layer.pre_activation_symbols, layer.pre_activation)
        if layer.dense.rule.kink is not None:
            for unit, symbol in enumerate(layer.pre_activation_symbols):
                sign = numbers.sign(Key(update, row, k, unit), values[symbol])
                values[step(symbol)] = fmpq(int(sign > 0))
        assign(layer.output_symbols, layer.output)
    values[LOSS] = evaluate(derivation.loss, values, numbers)
    for layer in reversed(derivation.layers):
        assign(layer.output_gradient_symbols, layer.output_gradient)
        assign(layer.delta_symbols, layer.delta)


LOSS = sp.Symbol("loss", real=True)


def _gathered(
    derivation: Derivation,
    numbers: Numbers,
    environments: Sequence[Environment],
    parameters: Mapping[str, Array],
    weight: fmpq,
) -> Quantities:
    """The rows put together: arrays for what each row has, sums for what the parameters have."""

    def per_row(rules: Sequence[sp.Expr], factor: fmpq | int = 1) -> Array:
        array = np.empty((len(environments), len(rules)), dtype=object)
        for row, values in enumerate(environments):
            for unit, rule in enumerate(rules):
                array[row, unit] = evaluate(rule, values, numbers) * factor
        return array

    def over_rows(rule: sp.Expr) -> Number:
        return sum((evaluate(rule, values, numbers) for values in environments), fmpq(0)) * weight

    network = derivation.network
    found: Quantities = {}
    for k, layer in enumerate(derivation.layers):
        found[f"pre_activation_{k}"] = per_row(layer.pre_activation_symbols)
        found[f"output_{k}"] = per_row(layer.output_symbols)
    found["row_losses"] = per_row([LOSS])[:, 0]
    found["loss"] = np.empty((), dtype=object)
    found["loss"][()] = over_rows(LOSS) + _penalty(network, parameters)
    for k, layer in enumerate(derivation.layers):
        found[f"pre_activation_gradient_{k}"] = per_row(layer.delta_symbols, weight)
        found[f"output_gradient_{k}"] = per_row(layer.output_gradient_symbols, weight)
    for layer in derivation.layers:
        found |= _parameter_gradients(network, layer, over_rows, parameters)
    found["input"] = per_row(derivation.layers[0].read_gradient, weight)
    return found


def _penalty(network: Network, parameters: Mapping[str, Array]) -> Number:
    if network.l2 == 0:
        return fmpq(0)
    squares = [weight * weight for layer in network.layers for weight in parameters[layer.weights_name].flat]
    return sum(squares, fmpq(0)) * _rational(network.l2)


def _parameter_gradients(
    network: Network, layer: LayerDerivation, over_rows: Any, parameters: Mapping[str, Array]
) -> Quantities:
    dense = layer.dense
    weights = np.empty(dense.weights_shape, dtype=object)
    for place, i, j in dense.places():
        weights[place] = over_rows(layer.weights_gradient[i][j])
        if network.l2 != 0:
            penalty = parameters[dense.weights_name][place] * _rational(2 * network.l2)
            weights[place] = weights[place] + penalty
    found: Quantities = {dense.weights_name: weights}
    if layer.bias:
        bias = np.empty(() if dense.shared_bias else (dense.n_out,), dtype=object)
        for place, rule in zip(np.ndindex(bias.shape), layer.bias_gradient, strict=True):
            bias[place] = over_rows(rule)
        found[dense.bias_name] = bias
    return found
