"""How far a floating-point forward pass over one row may be off, operation by operation.

Each operation adds its own rounding, and passes on what came in, amplified by the absolute values of
the local derivatives (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., chapters 3 and
4). `backward_rounding` goes on from here.

A unit whose pre-activation is smaller than its error may come out on either side of its kink: its
slope is then uncertain by the whole jump. What smooth functions make of an error is analysed to first
order, so a larger one has an infinite bound behind it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import inf, nan
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import arb, fmpq

from derive.engine.closed import as_ball
from derive.engine.number_systems import ExactNumbers
from derive.engine.passes import Pass
from derive.engine.program import evaluate
from derive.engine.symbolic import Derivation, LayerDerivation
from derive.engine.symbolic import step as side
from derive.network import Dense, Network, nearest_float
from derive.rules.losses import Stable

Floats = npt.NDArray[np.float64]

UNIT = 2.0**-52  # twice binary64's unit roundoff: second-order terms are covered by the difference
SMALLEST = 2.0**-1022
FLOOR = 4 * SMALLEST  # what an operation may lose to gradual underflow, whether or not it flushes to zero
FIRST_ORDER = 1e-4  # an error of a pre-activation, up to which a smooth function is as good as linear
SHORT = 2**10  # numbers below this, in steps of its inverse, are multiplied and added without rounding


@dataclass(frozen=True)
class Bounded:
    """Exact values in binary64 and the error that a source may have in each."""

    value: Floats
    error: Floats


@dataclass(frozen=True)
class Given:
    """What the analysis of one pass starts from.

    Attributes:
        derivation: Whose rules were run.
        run: The pass, with exact numbers.
        found, parameters: The same numbers in binary64, by name.
        errors: What a source may be off in each parameter.
        stable: How torch computes activation and loss together, where the source does that.
        full_matrices: Whether the source multiplies by every Jacobian in full, zeros included.
    """

    derivation: Derivation
    run: Pass
    found: Mapping[str, Floats]
    parameters: Mapping[str, Floats]
    errors: Mapping[str, Floats]
    stable: Stable | None
    full_matrices: bool

    @property
    def network(self) -> Network:
        """The network that the pass ran over."""
        return self.derivation.network


@dataclass(frozen=True)
class LayerBounds:
    """One layer of one row on the way forward: what it reads, its sums, its output, its slope."""

    read: Bounded
    pre_activation: Bounded
    output: Bounded
    slope: Bounded


def to_float(number: Any) -> float:
    """The binary64 number next to an exact one; infinite where it is out of range."""
    try:
        return int(number.p) / int(number.q) if isinstance(number, fmpq) else float(as_ball(number).mid())
    except OverflowError:
        return float("inf") if as_ball(number) > 0 else float("-inf")


def legible(number: Fraction) -> float:
    """The binary64 number next to a rational; no number where float64 has not all of its bits."""
    nearest = nearest_float(number)
    return nearest if number == 0 or SMALLEST <= abs(nearest) < inf else nan


def floats(array: npt.NDArray[Any]) -> Floats:
    """An array of exact numbers in binary64."""
    return np.array([to_float(number) for number in array.flat], dtype=float).reshape(array.shape)


def representation(array: npt.NDArray[Any]) -> Floats:
    """What reading exact numbers as floats may cost: nothing where they are binary64 numbers."""
    errors = [
        0.0 if isinstance(number, fmpq) and _is_float(number) else UNIT * abs(to_float(number)) + FLOOR
        for number in array.flat
    ]
    return np.array(errors, dtype=float).reshape(array.shape)


def _is_float(number: fmpq) -> bool:
    nearest = to_float(number)
    return bool(np.isfinite(nearest)) and Fraction(nearest) == Fraction(int(number.p), int(number.q))


def forward(given: Given, position: int) -> list[LayerBounds]:
    """Errors of each layer of one row.

    Args:
        given: The pass.
        position: Which of its rows.
    """
    inputs = np.array([fmpq(*x.as_integer_ratio()) for x in given.network.inputs[given.run.rows[position]]])
    read = Bounded(floats(inputs), representation(inputs))
    layers: list[LayerBounds] = []
    for layer in given.derivation.layers:
        layers.append(_forward(given, layer, read, position))
        read = layers[-1].output
    return layers


def laid_out(layer: Dense, matrix: Floats) -> Floats:
    """(n_in, n_out) as the exercise lays it, and back."""
    return matrix if layer.row_convention else matrix.T


def _forward(given: Given, layer: LayerDerivation, read: Bounded, position: int) -> LayerBounds:
    dense, values = layer.dense, given.run.environments[position]
    pre_activation = _sums(given, dense, read, [values[symbol] for symbol in layer.read], position)
    numbers = ExactNumbers()
    slope = np.array([to_float(evaluate(rule, values, numbers)) for rule in layer.slope])
    a = given.found[f"output_{dense.index}"][position]
    if not dense.rule.elementwise:
        output, jacobian = _softmax(a, pre_activation, slope.reshape(len(a), len(a)))
        return LayerBounds(read, pre_activation, output, jacobian)
    z = [values[symbol] for symbol in layer.pre_activation_symbols]
    sides = [values.get(side(symbol), fmpq(0)) for symbol in layer.pre_activation_symbols]
    curvature = np.array([_curvature(dense, *unit) for unit in zip(z, sides, strict=True)])
    output, slopes = _activated(dense, pre_activation, a, slope, curvature)
    return LayerBounds(read, pre_activation, output, slopes)


def _sums(given: Given, dense: Dense, read: Bounded, exact: list[Any], position: int) -> Bounded:
    """Error of the weighted sums."""
    weights = laid_out(dense, given.parameters[dense.weights_name])
    errors = laid_out(dense, given.errors[dense.weights_name])
    value = given.found[f"pre_activation_{dense.index}"][position]
    involved = [*exact, *given.run.parameters[dense.weights_name].flat]
    wrong = [read.error, errors]
    error = abs(read.value) @ errors + read.error @ (abs(weights) + errors)
    terms = (abs(read.value) + read.error) @ (abs(weights) + errors)
    if dense.bias is not None:
        bias = given.errors[dense.bias_name]
        terms = terms + abs(given.parameters[dense.bias_name]) + bias
        error = error + bias
        involved += [*given.run.parameters[dense.bias_name].flat]
        wrong.append(bias)
    if not any(np.any(part) for part in wrong) and all(map(_is_short, involved)):
        return Bounded(value, 0 * error)
    return Bounded(value, error + (dense.n_in + 1) * UNIT * terms + FLOOR)


def _is_short(number: Any) -> bool:
    """Whether products and sums of a few such numbers are exact in binary64."""
    return isinstance(number, fmpq) and SHORT % int(number.q) == 0 and abs(number) < SHORT


class _Balls:
    """The functions that a row's curvature is handed, over balls."""

    def __init__(self, side: fmpq) -> None:
        self.side = side

    exp = staticmethod(arb.exp)
    erf = staticmethod(arb.erf)
    pi = property(lambda self: arb.pi())

    def sqrt(self, x: Any) -> arb:
        return arb(x).sqrt()

    def step(self, z: arb) -> fmpq:
        return self.side


def _curvature(dense: Dense, z: Any, side: fmpq) -> float:
    """The second derivative of an elementwise activation."""
    p = None if dense.parameter is None else fmpq(*dense.parameter.as_integer_ratio())
    return to_float(dense.rule.curvature(as_ball(z), _Balls(side), p))


def _activated(
    dense: Dense, z: Bounded, a: Floats, slope: Floats, curvature: Floats
) -> tuple[Bounded, Bounded]:
    """Errors of an elementwise activation and of its slope."""
    rule = dense.rule
    p = None if dense.parameter is None else legible(dense.parameter)
    wide = abs(curvature) * z.error + 8 * UNIT * abs(rule.slope_terms(z.value, a, np, p))
    error = (abs(slope) + wide) * z.error + 8 * UNIT * abs(rule.value_terms(z.value, a, np, p))
    if not rule.piecewise_linear:
        far = z.error > FIRST_ORDER
        error, wide = np.where(far, np.inf, error + FLOOR), np.where(far, np.inf, wide + FLOOR)
    if rule.kink is not None:
        low, high = map(float, rule.kink(p))
        near = (abs(z.value) <= z.error) & (z.error > 0)
        wide = np.where(near, wide + high - low, wide)
        error = np.where(near, error + max(abs(low), abs(high)) * z.error, error)
    return Bounded(a, error), Bounded(slope, wide)


def _softmax(s: Floats, z: Bounded, jacobian: Floats) -> tuple[Bounded, Bounded]:
    """Errors of softmax with the shift by the maximum, and of its Jacobian."""
    shift = z.error + z.error.max() + UNIT * (abs(z.value - z.value.max()) + len(s) + 4)
    power = np.expm1(shift)  # relative error of each exponential
    total = s @ power  # and of their sum
    error = s * (power + 2 * total * (1 + power)) + FLOOR
    if not total < 0.5:
        error = np.full_like(s, np.inf)
    wide = np.outer(s, error) + np.outer(error, s + error) + 2 * UNIT * np.outer(s, s)
    wide = wide + np.diag(error + 2 * UNIT * s) + FLOOR
    return Bounded(s, error), Bounded(jacobian, wide)
