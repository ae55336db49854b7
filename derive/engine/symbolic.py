"""The derivation: one symbol per intermediate, local rules, nothing ever composed.

Composing the loss and differentiating it swells (8-8-8: most of a minute); with a symbol for every
pre-activation, output and delta the closed forms stay as long as a person would write them, and grow
with the number of parameters alone. `proofs` shows that each rule used here is right for all inputs.

Everything is for one row of the batch; `exact` puts the rows together.
"""

import os
from dataclasses import dataclass
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Any

import sympy as sp

from derive.engine import laurent
from derive.network import Dense, Network

if os.environ.get("SYMPY_GROUND_TYPES") != "python":  # pragma: no cover - derive/__init__ sets it
    raise ImportError("SYMPY_GROUND_TYPES must be 'python': cancel crashes on flint's ground types")

Expressions = tuple[sp.Expr, ...]
Symbols = tuple[sp.Symbol, ...]


class step(sp.Function):  # type: ignore[misc] # SymPy's functions are spelled like mathematics
    """1 for a positive argument, else 0: the derivative of ReLU as torch and the homework take it.

    SymPy's Heaviside is 1/2 at 0 and its derivative a distribution; this one stays a symbol.
    """

    nargs = (1,)

    def _eval_is_real(self) -> bool:
        return True


class SymbolicMathematics:
    """The namespace that rows of the tables are handed to become SymPy expressions."""

    exp = staticmethod(sp.exp)
    log = staticmethod(sp.log)
    erf = staticmethod(sp.erf)
    sqrt = staticmethod(sp.sqrt)
    step = step
    pi = sp.pi
    one = sp.Integer(1)


SYMPY = SymbolicMathematics()


@dataclass(frozen=True)
class LayerDerivation:
    """Symbols of one layer, and what each of them is in terms of the ones before.

    Attributes:
        dense: The layer.
        weights: Symbols [i][j], from unit i to unit j whatever the convention.
        bias: Symbol of each unit, one and the same where it is shared; empty without bias.
        read: Symbols of what the layer reads: (n_in,).
        pre_activation_symbols, output_symbols: (n_out,).
        delta_symbols: dl/d pre_activation of each unit; output_gradient_symbols: dl/d output.
        pre_activation, output: Forward rules.
        output_gradient, delta: Backward rules.
        slope: Derivative of the activation at each unit; softmax: the Jacobian, row-major.
        weights_gradient: Rule [i][j]. bias_gradient: One rule a bias; input_gradient: (n_in,).
    """

    dense: Dense
    weights: tuple[Symbols, ...]
    bias: Symbols
    read: Symbols
    pre_activation_symbols: Symbols
    output_symbols: Symbols
    delta_symbols: Symbols
    output_gradient_symbols: Symbols
    pre_activation: Expressions
    output: Expressions
    slope: Expressions
    output_gradient: Expressions
    delta: Expressions

    @cached_property
    def weights_gradient(self) -> tuple[Expressions, ...]:
        """dl/dW from unit i to unit j: what the layer read, times the delta of the unit."""
        return tuple(tuple(_times(a, delta) for delta in self.delta_symbols) for a in self.read)

    @cached_property
    def bias_gradient(self) -> Expressions:
        """dl/db: the delta; for a shared bias the sum of the deltas."""
        if self.dense.shared_bias:
            return (sp.Add(*self.delta_symbols),)
        return self.delta_symbols if self.bias else ()

    @cached_property
    def read_gradient(self) -> Expressions:
        """Dl/d of what the layer reads: the deltas back through the weights."""
        return tuple(_dot(row, self.delta_symbols) for row in self.weights)


@dataclass(frozen=True)
class Derivation:
    """Every closed form of one network, for one row of the batch.

    Attributes:
        network: What was derived.
        input_symbols, target_symbols: (n_in,), (n_out,).
        layers: From the input to the output.
    """

    network: Network
    input_symbols: Symbols
    target_symbols: Symbols
    layers: tuple[LayerDerivation, ...]

    @cached_property
    def loss(self) -> sp.Expr:
        """The loss of the row in output and target symbols; no gradient is made from it."""
        value = self.network.loss.value(self.layers[-1].output_symbols, self.target_symbols, SYMPY)
        return sp.sympify(value)


def derive(network: Network) -> Derivation:
    """Derive forward rules, deltas and gradients of every parameter and of the input."""
    inputs = _symbols("x", network.layers[0].n_in)
    targets = _symbols("y", network.layers[-1].n_out)
    forward = []
    read = inputs
    for dense in network.layers:
        forward.append(_forward(dense, read))
        read = forward[-1]["output_symbols"]
    layers: list[LayerDerivation] = []
    for parts in reversed(forward):
        if layers:
            gradient: Expressions = layers[0].read_gradient
            delta = _through_activation(parts, parts["output_gradient_symbols"])
        else:
            gradient = _loss_gradient(network, parts["output_symbols"], targets)
            delta = _through_head(parts, gradient)
        layers.insert(0, LayerDerivation(output_gradient=gradient, delta=delta, **parts))
    return Derivation(network, inputs, targets, tuple(layers))


@lru_cache(maxsize=4096)
def _symbol(name: str) -> sp.Symbol:
    return sp.Symbol(name, real=True)


def _symbols(name: str, count: int) -> Symbols:
    return tuple(_symbol(f"{name}_{index}") for index in range(count))


_name = attrgetter("name")


def _times(*symbols: sp.Symbol) -> sp.Expr:
    """The product of distinct symbols, put straight into the order that SymPy would find out."""
    return sp.Mul._from_args(sorted(symbols, key=_name), is_commutative=True)


def _dot(left: Symbols, right: Symbols) -> sp.Expr:
    """The sum of products of symbols, which are all distinct; in SymPy's order, like `_times`."""
    pairs = [sorted(pair, key=_name) for pair in zip(left, right, strict=True)]
    products = [_times(*pair) for pair in sorted(pairs, key=lambda pair: [_name(symbol) for symbol in pair])]
    return sp.Add._from_args(products, is_commutative=True)


def _forward(dense: Dense, read: Symbols) -> dict[str, Any]:
    """Symbols and forward rules of one layer."""
    k = dense.index
    weights = tuple(_symbols(f"W{k}_{i}", dense.n_out) for i in range(dense.n_in))
    bias: Symbols = ()
    if dense.bias is not None:
        bias = (_symbol(f"b{k}"),) * dense.n_out if dense.shared_bias else _symbols(f"b{k}", dense.n_out)
    z, a = _symbols(f"z{k}", dense.n_out), _symbols(f"a{k}", dense.n_out)
    sums = [_dot(read, column) for column in zip(*weights, strict=True)]
    output, slope = activate(dense, z, a)
    return {
        "dense": dense,
        "weights": weights,
        "bias": bias,
        "read": read,
        "pre_activation_symbols": z,
        "output_symbols": a,
        "delta_symbols": _symbols(f"delta{k}", dense.n_out),
        "output_gradient_symbols": _symbols(f"g{k}", dense.n_out),
        "pre_activation": tuple(s + b for s, b in zip(sums, bias, strict=True)) if bias else tuple(sums),
        "output": output,
        "slope": slope,
    }


def activate(dense: Dense, z: Symbols, a: Symbols) -> tuple[Expressions, Expressions]:
    """Output and slope of a layer's activation; softmax's slope is its Jacobian, row-major."""
    rule = dense.rule
    parameter = None if dense.parameter is None else sp.Rational(*dense.parameter.as_integer_ratio())
    if not rule.elementwise:
        jacobian = rule.slope(z, a, SYMPY, parameter)
        return tuple(rule.value(z, SYMPY, parameter)), tuple(entry for row in jacobian for entry in row)
    output = tuple(sp.sympify(rule.value(unit, SYMPY, parameter)) for unit in z)
    slope = tuple(sp.sympify(rule.slope(unit, out, SYMPY, parameter)) for unit, out in zip(z, a, strict=True))
    return output, slope


def _loss_gradient(network: Network, outputs: Symbols, targets: Symbols) -> Expressions:
    return tuple(sp.sympify(entry) for entry in network.loss.gradient(outputs, targets, SYMPY))


def _through_activation(parts: dict[str, Any], gradient: Expressions) -> Expressions:
    """The deltas: dl/da times the local Jacobian of the activation."""
    return tuple(sp.Add(*(g * s for g, s in pairs)) for pairs in _factors(parts, gradient))


def _factors(parts: dict[str, Any], gradient: Expressions) -> list[list[tuple[sp.Expr, sp.Expr]]]:
    """What each delta is the sum of: the gradient of each output, times an entry of the Jacobian."""
    slope = parts["slope"]
    if parts["dense"].rule.elementwise:
        return [[pair] for pair in zip(gradient, slope, strict=True)]
    n = len(gradient)
    return [[(gradient[i], slope[i * n + j]) for i in range(n)] for j in range(n)]


def _through_head(parts: dict[str, Any], gradient: Expressions) -> Expressions:
    """The deltas of the last layer: dl/da times the Jacobian, multiplied out where that collapses.

    With softmax and cross-entropy each -y_i / s_i cancels against an s_i, and what is left is
    (sum of y) s_k - y_k. Where no such cancellation happens the product is kept as it is.
    """
    outputs = frozenset(parts["output_symbols"])
    if any(_divides_by(entry, outputs) for entry in gradient):
        collapsed = [_collapse(pairs, outputs) for pairs in _factors(parts, gradient)]
        if None not in collapsed:
            return tuple(collapsed)
    return _through_activation(parts, parts["output_gradient_symbols"])


def _collapse(pairs: list[tuple[sp.Expr, sp.Expr]], outputs: frozenset[sp.Symbol]) -> sp.Expr | None:
    """The sum of products as multiples of outputs and a rest; None where it is no such thing."""
    expanded = laurent.dot(pairs) or laurent.polynomial(sp.cancel(sp.Add(*(g * s for g, s in pairs))))
    return None if expanded is None else laurent.collected(expanded, outputs)


def _divides_by(expression: sp.Expr, symbols: frozenset[sp.Symbol]) -> bool:
    return any(
        power.exp.is_negative and not power.base.free_symbols.isdisjoint(symbols)
        for power in expression.atoms(sp.Pow)
    )
