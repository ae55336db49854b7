"""How far a floating-point source may be off: a running error analysis of the numbers at hand.

Each operation adds its own rounding, and passes on what came in, amplified by the absolute values of
the local derivatives (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., chapters 3 and
4). All values are exact's, never those of the source under test: a wrong source cannot widen its own
bound. Two orders of computation are covered: the chain of Jacobians, in which softmax and
cross-entropy cancel in floating point, and torch's stable functions, in which they do not.

A unit whose pre-activation is smaller than its error may come out on either side of its kink: its
slope is then uncertain by the whole jump. What under- or overflows on the way has an infinite bound.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import ctx, fmpq

from derive.engine.closed import as_ball
from derive.engine.exact import CERTIFIED, ExactNumbers, Solution
from derive.engine.passes import Pass
from derive.engine.program import evaluate
from derive.engine.symbolic import SYMPY, LayerDerivation
from derive.network import Network

Floats = npt.NDArray[np.float64]

ROUNDOFF = 2.0**-52  # twice binary64's unit roundoff: second-order terms are covered by the difference
UNDERFLOW = 2.0**-1073
OVERFLOW = 700.0  # beyond it exp leaves binary64's range


@dataclass(frozen=True)
class Bounded:
    """Exact values in binary64 and the error that a source may have in each."""

    value: Floats
    error: Floats


def bounds(solution: Solution, stable: bool, unit: float = ROUNDOFF) -> dict[str, Floats]:
    """A bound for every entry of every quantity.

    Args:
        solution: Whose values are approximated.
        stable: Whether the source uses torch's stable losses; else the chain of Jacobians.
        unit: Twice the unit roundoff of the source's arithmetic.

    Returns:
        Name -> absolute bounds, in the shapes of `solution.values`.
    """
    network = solution.derivation.network
    analyses = []
    with np.errstate(all="ignore"), ctx.workprec(4 * max(solution.digits, CERTIFIED) + 64):
        errors = {name: unit * abs(_floats(array)) for name, array in solution.passes[0].parameters.items()}
        for number, one_pass in enumerate(solution.passes):
            analysis = _Analysis(solution, one_pass, errors, stable, unit).whole()
            analyses.append(analysis)
            if network.step is not None and number < len(solution.passes) - 1 and number > 0:
                errors = _after_update(network, one_pass, errors, analysis, unit)
    found = dict(analyses[0])
    if len(analyses) > 1:
        found |= {f"step.{name}": error for name, error in analyses[-1].items()}
        found |= {f"step.{name}": error for name, error in errors.items()}
    kept = {name: np.where(np.isnan(found[name]), np.inf, found[name]) for name in solution.values}
    return {name: array + UNDERFLOW for name, array in kept.items()} if unit == ROUNDOFF else kept


def _after_update(
    network: Network, one_pass: Pass, errors: Mapping[str, Floats], analysis: Mapping[str, Floats], unit: float
) -> dict[str, Floats]:
    assert network.step is not None
    rate = float(network.step.learning_rate)
    return {
        name: error
        if name in network.step.frozen
        else error
        + abs(rate) * analysis[name]
        + 3 * unit * (abs(_floats(one_pass.parameters[name])) + abs(rate * _floats(one_pass.found[name])))
        for name, error in errors.items()
    }


def to_float(number: Any) -> float:
    """The binary64 number next to an exact one; infinite where it is out of range."""
    try:
        if isinstance(number, fmpq):
            return int(number.p) / int(number.q)
        return float(as_ball(number).mid())
    except OverflowError:
        return float("inf") if as_ball(number) > 0 else float("-inf")


def _floats(array: Any) -> Floats:
    return np.array([to_float(number) for number in array.flat], dtype=float).reshape(array.shape)


class _Analysis:
    """The error analysis of one pass; arrays are those of one row unless a name says otherwise."""

    def __init__(
        self, solution: Solution, one_pass: Pass, errors: Mapping[str, Floats], stable: bool, unit: float
    ) -> None:
        self.derivation = solution.derivation
        self.network = solution.derivation.network
        self.run = one_pass
        self.errors = errors
        self.unit = unit
        loss = self.network.loss
        self.fused = loss.torch_stable.get(self.network.layers[-1].activation) if stable else None
        self.parameters = {name: _floats(array) for name, array in one_pass.parameters.items()}
        self.found = {name: _floats(array) for name, array in one_pass.found.items()}

    def whole(self) -> dict[str, Floats]:
        """Bounds of everything in the pass: rows stacked, parameters summed over the rows."""
        rows = [self.row(position) for position in range(len(self.run.rows))]
        share, count, unit = float(self.run.weight), len(rows), self.unit
        total: dict[str, Floats] = {}
        for name in rows[0]:
            stacked = np.array([row[name] for row in rows])
            if name in self.parameters or name == "loss":
                sizes = np.array([self.sizes(position)[name] for position in range(count)])
                total[name] = share * (stacked.sum(axis=0) + (count + 2) * unit * sizes.sum(axis=0))
            elif "gradient" in name or name == "input":
                total[name] = share * stacked * (1 + unit) + 2 * unit * abs(self.found[name])
            else:
                total[name] = stacked
        total["row_losses"] = np.array([row["loss"] for row in rows])
        self.add_penalty(total)
        return total

    def add_penalty(self, total: dict[str, Floats]) -> None:
        """What the l2 term adds."""
        factor = float(self.network.l2)
        if factor == 0:
            return
        for layer in self.network.layers:
            name = layer.weights_name
            size, error = abs(self.parameters[name]), self.errors[name]
            total[name] = total[name] + 2 * factor * (error + 4 * self.unit * size) + self.unit * abs(self.found[name])
            squares = (2 * size + error) * error + (size.size + 4) * self.unit * size * size
            total["loss"] = total["loss"] + factor * squares.sum()
        total["loss"] = total["loss"] + 2 * self.unit * abs(self.found["loss"])

    def sizes(self, position: int) -> dict[str, Floats]:
        """Absolute values of what one row contributes to the sums over rows."""
        contributions = {"loss": abs(self.found["row_losses"][position])}
        share = float(self.run.weight)
        for layer in self.network.layers:
            delta = abs(self.found[f"pre_activation_gradient_{layer.index}"][position]) / share
            read = abs(self.read(layer.index, position))
            contributions[layer.weights_name] = self.lay(layer.index, np.outer(read, delta))
            if layer.bias is not None:
                contributions[layer.bias_name] = delta.sum() if layer.shared_bias else delta
        return contributions

    def read(self, k: int, position: int) -> Floats:
        """What layer k reads in one row."""
        if k:
            return self.found[f"output_{k - 1}"][position]
        return np.array([float(number) for number in self.network.inputs[self.run.rows[position]]])

    def lay(self, k: int, matrix: Floats) -> Floats:
        """(n_in, n_out) as the exercise lays it."""
        return matrix if self.network.layers[k].row_convention else matrix.T

    def row(self, position: int) -> dict[str, Floats]:
        """Bounds of one row's values and of its contributions to the gradients, for a weight of 1."""
        found: dict[str, Floats] = {}
        error = self.unit * abs(self.read(0, position))
        forward = []
        for layer in self.derivation.layers:
            k = layer.dense.index
            before = Bounded(self.read(k, position), error)
            pre = self.pre_activation(k, before, position)
            error, slope = self.activation(layer, pre, position)
            found[f"pre_activation_{k}"], found[f"output_{k}"] = pre.error, error
            forward.append((before, pre, slope))
        self.backward(found, forward, position)
        return found

    def pre_activation(self, k: int, before: Bounded, position: int) -> Bounded:
        """Error of the weighted sums."""
        layer = self.network.layers[k]
        weights = self.lay(k, self.parameters[layer.weights_name])
        errors = self.lay(k, self.errors[layer.weights_name])
        terms = abs(before.value) @ abs(weights)
        error = abs(before.value) @ errors + before.error @ (abs(weights) + errors)
        if layer.bias is not None:
            terms = terms + abs(self.parameters[layer.bias_name])
            error = error + self.errors[layer.bias_name]
        rounding = (layer.n_in + 1) * self.unit * terms
        if self.sums_are_exact(k, position):
            error, rounding = 0 * error, 0 * rounding
        return Bounded(self.found[f"pre_activation_{k}"][position], error + rounding)

    def sums_are_exact(self, k: int, position: int) -> bool:
        """Whether nothing rounds: parameters and what is read are binary fractions of few bits."""
        layer = self.network.layers[k]
        numbers = [*self.run.parameters[layer.weights_name].flat]
        if layer.bias is not None:
            numbers += [*self.run.parameters[layer.bias_name].flat]
        if k:
            numbers += [*self.run.found[f"output_{k - 1}"][position]]
        else:
            numbers += [fmpq(*x.as_integer_ratio()) for x in self.network.inputs[self.run.rows[position]]]
        return all(
            isinstance(number, fmpq) and 2**10 % int(number.q) == 0 and abs(number) < 2**10 for number in numbers
        )

    def activation(self, layer: LayerDerivation, z: Bounded, position: int) -> tuple[Floats, Bounded]:
        """Error of the output, and the slope (the Jacobian of softmax) with its error."""
        rule, unit = layer.dense.rule, self.unit
        k = layer.dense.index
        a = self.found[f"output_{k}"][position]
        p = None if layer.dense.parameter is None else float(layer.dense.parameter)
        numbers, values = ExactNumbers(), self.run.environments[position]
        slope = np.array([to_float(evaluate(entry, values, numbers)) for entry in layer.slope])
        if not rule.elementwise:
            return self.softmax(a, z, slope.reshape(len(a), len(a)))
        curvature = np.array([
            to_float(evaluate(entry, values, numbers)) for entry in curvatures(layer)
        ])
        wide = abs(curvature) * z.error + 8 * unit * abs(rule.slope_terms(z.value, a, np, p))
        error = (abs(slope) + wide) * z.error + 8 * unit * abs(rule.value_terms(z.value, a, np, p))
        if rule.kink is not None:
            low, high = rule.kink(p)
            near = (abs(z.value) <= z.error) & (z.error > 0)
            wide = np.where(near, wide + float(high - low), wide)
            error = np.where(near, error + float(high) * z.error, error)
        if not rule.piecewise_linear and unit == ROUNDOFF:
            out_of_range = abs(z.value) > OVERFLOW
            error, wide = np.where(out_of_range, np.inf, error), np.where(out_of_range, np.inf, wide)
        return error, Bounded(slope, wide)

    def softmax(self, s: Floats, z: Bounded, jacobian: Floats) -> tuple[Floats, Bounded]:
        """Softmax with the shift by the maximum."""
        shifted = z.error + z.error.max() + self.unit * (abs(z.value - z.value.max()) + len(s) + 4)
        floor = UNDERFLOW if self.unit == ROUNDOFF else 0.0
        error = s * (shifted + s @ shifted) * (1 + shifted) + floor
        wide = np.outer(s, error) + np.outer(error, s) + 2 * self.unit * np.outer(s, s)
        wide = wide + np.diag(error + 2 * self.unit * s)
        return error, Bounded(jacobian, wide)

    def backward(self, found: dict[str, Floats], forward: list[Any], position: int) -> None:
        """Errors of the loss, the deltas and the gradients, from the last layer to the first."""
        unit, share = self.unit, float(self.run.weight)
        last = len(forward) - 1
        gradient = self.head(found, forward[-1], position)
        for k in range(last, -1, -1):
            before, _, slope = forward[k]
            found[f"output_gradient_{k}"] = gradient.error
            value = self.found[f"pre_activation_gradient_{k}"][position] / share
            if k == last and self.fused is not None:
                error = self.fused_delta(forward[-1], position)
            else:
                error = through(gradient, slope, unit)
            delta = Bounded(value, error)
            found[f"pre_activation_gradient_{k}"] = delta.error
            outer = np.outer(abs(before.value) + before.error, delta.error)
            outer = outer + np.outer(before.error + 2 * unit * abs(before.value), abs(delta.value))
            layer = self.network.layers[k]
            found[layer.weights_name] = self.lay(k, outer)
            if layer.bias is not None:
                spread = delta.error + layer.n_out * unit * abs(delta.value)
                found[layer.bias_name] = spread.sum() if layer.shared_bias else delta.error
            back = self.lay(k, self.parameters[layer.weights_name]).T
            errors = self.lay(k, self.errors[layer.weights_name]).T
            spread = delta.error @ (abs(back) + errors)
            spread = spread + abs(delta.value) @ (errors + (layer.n_out + 1) * unit * abs(back))
            name = f"output_gradient_{k - 1}" if k else "input"
            gradient = Bounded(self.found[name][position] / share, spread)
        found["input"] = gradient.error

    def head(self, found: dict[str, Floats], last: Any, position: int) -> Bounded:
        """The loss, and its derivative for the output of the last layer."""
        loss, unit = self.network.loss, self.unit
        k = len(self.network.layers) - 1
        a, error = self.found[f"output_{k}"][position], found[f"output_{k}"]
        y = self.target(position)
        if self.fused is None:
            found["loss"] = np.asarray(loss.value_error(a, y, error, 2 * unit, np))
        else:
            _, z, _ = last
            delta = abs(self.found[f"pre_activation_gradient_{k}"][position]) / float(self.run.weight)
            terms = (abs(y).sum() + len(y)) * (2 * abs(z.value).max() + 4)
            found["loss"] = np.asarray(delta @ z.error + 8 * unit * terms + (z.error**2).sum())
        value = self.found[f"output_gradient_{k}"][position] / float(self.run.weight)
        return Bounded(value, np.asarray(loss.gradient_error(a, y, error, 2 * unit)) + 0 * a)

    def target(self, position: int) -> Any:
        """The target of one row, None where the loss has none."""
        if self.network.targets is None:
            return None
        return np.array([float(number) for number in self.network.targets[self.run.rows[position]]])

    def fused_delta(self, last: Any, position: int) -> Floats:
        """Error of the deltas of the last layer as torch's stable losses compute them."""
        _, z, slope = last
        y = self.target(position)
        a = self.found[f"output_{len(self.network.layers) - 1}"][position]
        assert self.fused is not None
        jacobian = slope.value if slope.value.ndim == 2 else np.diag(slope.value)
        amplified = z.error @ (abs(jacobian) + (slope.error if slope.error.ndim == 2 else np.diag(slope.error)))
        error: Floats = self.fused.sensitivity(y) * amplified + 8 * self.unit * self.fused.terms(a, y) * (
            1 + self.unit * abs(z.value).max()
        )
        return error


def through(gradient: Bounded, slope: Bounded, unit: float) -> Floats:
    """Error of a row vector times a slope (elementwise) or a Jacobian (a matrix)."""
    size = abs(gradient.value)
    if slope.value.ndim == 2:
        rounding = (len(size) + 1) * unit * abs(slope.value)
        return size @ (slope.error + rounding) + gradient.error @ (abs(slope.value) + slope.error)
    return size * (slope.error + 2 * unit * abs(slope.value)) + gradient.error * (abs(slope.value) + slope.error)


def curvatures(layer: LayerDerivation) -> tuple[Any, ...]:
    """Second derivative of an elementwise activation at each unit."""
    import sympy as sp

    dense = layer.dense
    p = None if dense.parameter is None else sp.Rational(*dense.parameter.as_integer_ratio())
    return tuple(sp.sympify(dense.rule.curvature(z, SYMPY, p)) for z in layer.pre_activation_symbols)

