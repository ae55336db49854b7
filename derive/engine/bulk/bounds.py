"""How far NumPy's chain and torch may be off: the running error analysis of `engine.bounds`, in bulk.

Each operation adds its own rounding and passes on what came in, amplified by the absolute values of the
local derivatives (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., chapters 3 and 4).
All values are the reference's: the exact side's, where there is one. The chain of Jacobians, in which
softmax and cross-entropy cancel, has the larger errors of the two sources, so its bound serves both.

While numbers are integers over a power of two below 2^53, nothing rounds, in any order of summation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from derive.engine.bulk.model import Batch, Floats, read
from derive.engine.jacobians import FLOAT64

ROUNDOFF = 2.0**-52  # twice binary64's unit roundoff: second-order terms are covered by the difference
UNDERFLOW = 2.0**-1020  # what an operation may lose there, whether or not it flushes to zero
OVERFLOW = 700.0  # beyond it exp leaves binary64's range
SATURATED = 36.0  # beyond it a sigmoid comes out as 1

# The exact column of the tables, in binary64.
COLUMN = SimpleNamespace(
    exp=np.exp,
    log=np.log,
    erf=FLOAT64.erf,
    sqrt=np.sqrt,
    pi=np.pi,
    one=1.0,
    step=lambda z: np.where(z > 0, 1.0, 0.0),
)


@dataclass(frozen=True)
class Passed:
    """What the analysis keeps of one layer: (rows, n, networks), or (rows, n, n, networks) for softmax.

    Attributes:
        read, read_error: What it reads.
        output_error: Of its output.
        slope, slope_error: Its local Jacobian in absolute values.
        relative: Relative error of the output of a softmax or sigmoid; else None.
    """

    read: Floats
    read_error: Floats
    output_error: Floats
    slope: Floats
    slope_error: Floats
    relative: Floats | None


def bounds(batch: Batch, values: Mapping[str, Floats], settled: Sequence[bool]) -> dict[str, Floats]:
    """A bound for every entry.

    Args:
        batch: The networks.
        values: Of the reference; names and shapes of `chain.compute`.
        settled: For each layer whether its pre-activations are computed without any rounding.
    """
    with np.errstate(all="ignore"):
        found = _Analysis(batch, values, settled).whole()
    return {name: np.where(np.isnan(error), np.inf, error) + UNDERFLOW for name, error in found.items()}


def _through(vector: Floats, matrix: Floats) -> Floats:
    """(rows, m) times (m, n) or (rows, m, n), for every network."""
    product: Floats = (vector[:, :, None] * matrix).sum(axis=1)
    return product


def _spilled(error: Floats) -> Floats:
    """One unit that leaves binary64 takes its row along: full Jacobians multiply it with their zeros."""
    return np.where(np.isfinite(error).all(axis=1, keepdims=True), error, np.inf)


class _Analysis:
    """The analysis of a batch; every array in it is a magnitude or an error."""

    def __init__(self, batch: Batch, values: Mapping[str, Floats], settled: Sequence[bool]) -> None:
        self.batch = batch
        self.values = values
        self.settled = settled
        self.depth = len(batch.weights)
        over = batch.denominators
        self.weights = [abs(read(weights, over.weights)) for weights in batch.weights]
        self.share = float(batch.row_weight)
        self.inputs = abs(read(batch.inputs, over.inputs))
        targets = batch.targets
        self.targets = np.zeros(1) if targets is None else read(targets, over.targets)

    def whole(self) -> dict[str, Floats]:
        layers, found = self.forward()
        error, loss = self.head(layers[-1])
        found["loss"] = self.share * (loss.sum(axis=0) + (self.batch.rows + 2) * ROUNDOFF * self.loss_size())
        for k in reversed(range(self.depth)):
            error = _spilled(error)
            delta = abs(self.values[f"pre_activation_gradient_{k}"]) / self.share
            found[f"pre_activation_gradient_{k}"] = self.share * (error + 2 * ROUNDOFF * delta)
            found |= self.parameters(k, layers[k], delta, error)
            back, error = self.back(k, delta, error)
            if k:
                error = self.through_activation(layers[k - 1], back, error)
        found["input"] = self.share * (error + 2 * ROUNDOFF * back)
        return found

    def forward(self) -> tuple[list[Passed], dict[str, Floats]]:
        layers, found = [], {}
        a, error = self.inputs, np.zeros_like(self.inputs) if self.settled[0] else ROUNDOFF * self.inputs
        for k, matrix in enumerate(self.weights):
            z_error = np.zeros_like(self.values[f"pre_activation_{k}"])
            if not self.settled[k]:
                bias = self.batch.biases[k]
                z_error = _through(error * (1 + ROUNDOFF) + (a.shape[1] + 3) * ROUNDOFF * a, matrix)
                if bias is not None:
                    size = abs(read(bias, self.batch.denominators.biases))
                    z_error += (a.shape[1] + 3) * ROUNDOFF * size
            passed = self.activation(k, a, error, z_error)
            layers.append(passed)
            found[f"pre_activation_{k}"], found[f"output_{k}"] = z_error, passed.output_error
            a, error = abs(self.values[f"output_{k}"]), passed.output_error
        return layers, found

    def activation(self, k: int, reading: Floats, read_error: Floats, z_error: Floats) -> Passed:
        rule, number = self.batch.rules[k], self.batch.parameter(k)
        z, a = self.values[f"pre_activation_{k}"], self.values[f"output_{k}"]
        if not rule.elementwise:
            return self.softmax(reading, read_error, z, a, z_error)
        p = None if number is None else float(number)
        slope = abs(rule.slope(z, a, COLUMN, p)) + np.zeros_like(z)
        curvature = abs(rule.curvature(z, COLUMN, p))
        terms, slope_terms = rule.value_terms(z, a, np, p), rule.slope_terms(z, a, np, p)
        lost = UNDERFLOW * (1 + abs(z))  # an exponential that underflows, and what it is multiplied with
        slope_error = 2 * curvature * z_error + 8 * ROUNDOFF * slope_terms + lost
        if rule.kink is not None and not self.settled[k]:  # it may come out on the other side
            low, high = (float(side) for side in rule.kink(number))
            slope_error = slope_error + np.where(abs(z) <= z_error, high - low, 0)
        error = (slope + slope_error) * z_error + 4 * ROUNDOFF * terms + lost
        if rule.probability:
            relative = np.where(abs(z) > OVERFLOW, np.inf, z_error + ROUNDOFF * (abs(z) + 4))
            return Passed(reading, read_error, a * relative, slope, slope_error, relative)
        return Passed(reading, read_error, error, slope, slope_error, None)

    def softmax(self, reading: Floats, read_error: Floats, z: Floats, a: Floats, z_error: Floats) -> Passed:
        """Every output has the same relative error: that of the largest exponent, and of the sum."""
        n = z.shape[1]
        gap = z.max(axis=1, keepdims=True) - z.min(axis=1, keepdims=True)
        relative = 4 * z_error.max(axis=1, keepdims=True) + ROUNDOFF * (2 * gap + n + 4)
        relative = np.where(gap > OVERFLOW, np.inf, relative) + np.zeros_like(z)
        identity = np.eye(n)[:, :, None]
        jacobian = abs(a[:, :, None] * (identity - a[:, None]))
        jacobian_error = a[:, :, None] * (identity + a[:, None]) * (3 * relative[:, :1, None] + 4 * ROUNDOFF)
        return Passed(reading, read_error, a * relative, jacobian, jacobian_error, relative)

    def head(self, last: Passed) -> tuple[Floats, Floats]:
        """Errors of the last deltas (rows, n) and of the losses of the rows."""
        batch, k = self.batch, self.depth - 1
        a, y = self.values[f"output_{k}"], self.targets
        if batch.activations[k] not in batch.loss_rule.torch_stable:
            return self.separate_head(last, a, y)
        assert last.relative is not None
        n, size = a.shape[1], abs(y)
        relative = 6 * last.relative + (8 + n) * ROUNDOFF
        terms = size * (last.relative + (n + 4) * ROUNDOFF * (1 + abs(np.log(a))))
        if not batch.rules[k].elementwise:
            # s_i s_j may underflow before it is divided by s_i again.
            lost = UNDERFLOW * (1 + (size / a).sum(axis=1, keepdims=True))
            return (size + a * size.sum(axis=1, keepdims=True)) * relative + lost, terms.sum(axis=1)
        if batch.loss == "cross_entropy":
            return size * relative, terms.sum(axis=1)
        z, rest = self.values[f"pre_activation_{k}"], abs(1 - y)
        saturated = np.where(z > SATURATED, np.inf, 1)
        other = rest * (a * last.relative + ROUNDOFF) / (1 - a)
        # torch computes (1 - y) z - log s, which cancels.
        other += (n + 4) * ROUNDOFF * rest * (1 + abs(z) + abs(np.log(1 - a)))
        return (size + rest) * relative * saturated, (terms + other).sum(axis=1)

    def separate_head(self, last: Passed, a: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Loss and activation one after the other."""
        rule, n = self.batch.loss_rule, a.shape[1]
        units_first, targets = list(a.swapaxes(0, 1)), list(y.swapaxes(0, 1)) if rule.target else None
        gradient = rule.gradient(units_first, targets, COLUMN)
        size = np.stack([abs(entry) + 0 * a[:, 0] for entry in gradient], axis=1)
        error = rule.gradient_error(a, y, last.output_error, ROUNDOFF) + ROUNDOFF * size
        moved = 2 * last.output_error + 2 * ROUNDOFF * (abs(a) + abs(y))
        values = abs(rule.value(units_first, targets, COLUMN)) + abs(a).sum(axis=1)
        loss = (size * moved + moved**2).sum(axis=1) + (n + 4) * ROUNDOFF * values
        return self.through_activation(last, size, error), loss

    def through_activation(self, layer: Passed, size: Floats, error: Floats) -> Floats:
        """Error of dl/da times the local Jacobian."""
        if layer.slope.ndim == size.ndim:
            slope = layer.slope + layer.slope_error
            return error * slope + size * (layer.slope_error + 2 * ROUNDOFF * layer.slope)
        rounding = layer.slope_error + (size.shape[1] + 1) * ROUNDOFF * layer.slope + UNDERFLOW
        return _through(error, layer.slope + layer.slope_error) + _through(size, rounding)

    def back(self, k: int, delta: Floats, error: Floats) -> tuple[Floats, Floats]:
        """Magnitude of what goes back through the weights of layer k, and its error."""
        matrix = self.weights[k].swapaxes(0, 1)
        size = _through(delta, matrix)
        return size, _through(error, matrix) + (delta.shape[1] + 3) * ROUNDOFF * size

    def parameters(self, k: int, layer: Passed, delta: Floats, error: Floats) -> dict[str, Floats]:
        """Bounds of the gradients of weights and bias."""
        batch = self.batch
        rounding = (batch.rows + 3) * ROUNDOFF
        own = layer.read_error + rounding * layer.read
        weights = (layer.read[:, :, None] * error[:, None]).sum(axis=0)
        weights += (own[:, :, None] * (delta + error)[:, None]).sum(axis=0)
        found = {f"W_{k}": self.share * weights}
        bias = batch.biases[k]
        if bias is not None:
            shared = bias.ndim == 1
            terms = error + (rounding + ROUNDOFF * delta.shape[1]) * delta
            found[f"b_{k}"] = self.share * terms.sum(axis=(0, 1) if shared else 0)
        factor = float(batch.l2)
        if factor:
            found[f"W_{k}"] += 2 * factor * 6 * ROUNDOFF * self.weights[k]
            found[f"W_{k}"] += ROUNDOFF * abs(self.values[f"W_{k}"])
        return found

    def loss_size(self) -> Floats:
        """Magnitude of the terms that the loss is summed from."""
        size = abs(self.values["loss"]) / self.share
        factor = float(self.batch.l2)
        if factor:
            squares = sum((weights**2).sum(axis=(0, 1)) for weights in self.weights)
            count = max(weights.size // weights.shape[-1] for weights in self.weights)
            size = size + (count + 8) * factor * squares / self.share
        return size
