"""The way a hand goes through a network: one rule for each step, each of which a mistake may replace.

A rule is handed the place where it is applied (`At`) and sees everything that was computed before. The
rules are written for arrays whose last two axes are rows of the batch and units; axes before them, if there
are any, hold many exercises of one shape at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from derive.network import Dense, Network
from derive.rules.losses import Stable

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class At:
    """One layer in the course of a computation.

    Attributes:
        network: Its structure; of its numbers only `l2`, the parameters of activations and the step are used.
        layer: The layer that the rule is applied at; the last one for rules about the loss.
        xp: The number system.
        inputs: (..., rows, n_in).
        targets: (..., rows, n_out), None where the loss takes none.
        parameters: Name -> (..., *shape), as the exercise lays them.
        used: Quantities by name, as far as they are known: computed, or put in their place.
        given: Names of the quantities that were put in place of computed ones.
        rows: Which examples of the batch.
        share: What the loss of one row counts.
    """

    network: Network
    layer: Dense
    xp: Any
    inputs: Array
    targets: Array | None
    parameters: Mapping[str, Array]
    used: Mapping[str, Array]
    given: frozenset[str]
    rows: tuple[int, ...]
    share: Fraction

    @property
    def is_last(self) -> bool:
        """Whether it is the layer that the loss reads."""
        return self.layer.index == len(self.network.layers) - 1

    @property
    def read(self) -> Array:
        """What the layer reads: (..., rows, n_in)."""
        return self.used[f"output_{self.layer.index - 1}"] if self.layer.index else self.inputs

    @property
    def pre_activation(self) -> Array:
        """(..., rows, n_out)."""
        return self.used[f"pre_activation_{self.layer.index}"]

    @property
    def output(self) -> Array:
        """(..., rows, n_out)."""
        return self.used[f"output_{self.layer.index}"]

    @property
    def output_gradient(self) -> Array:
        """(..., rows, n_out)."""
        return self.used[f"output_gradient_{self.layer.index}"]

    @property
    def delta(self) -> Array:
        """Gradient for the pre-activation: (..., rows, n_out)."""
        return self.used[f"pre_activation_gradient_{self.layer.index}"]

    @property
    def weights(self) -> Array:
        """From unit i to unit j, whatever the convention: (..., n_in, n_out)."""
        return self.oriented(self.parameters[self.layer.weights_name])

    @property
    def bias(self) -> Array | None:
        """(..., 1, n_out), or (..., 1, 1) where it is shared; None where there is none."""
        if self.layer.bias is None:
            return None
        bias = self.parameters[self.layer.bias_name]
        return bias[..., None, None] if self.layer.shared_bias else bias[..., None, :]

    @property
    def stable(self) -> Stable | None:
        """The closed form that loss and last activation have together, None where they have none."""
        return self.network.loss.torch_stable.get(self.layer.activation) if self.is_last else None

    def oriented(self, matrix: Array) -> Array:
        """From the exercise's layout of the weights to (n_in, n_out), or back."""
        return matrix if self.layer.row_convention else np.swapaxes(matrix, -1, -2)

    def activation(self, z: Array) -> Array:
        """The layer's activation of anything of its shape."""
        if not self.layer.rule.elementwise:
            return _softmax(z, self.xp)
        values: Array = self.layer.rule.array(z, self.xp, self._parameter)
        return values

    def slope(self, z: Array, a: Array) -> Array:
        """The derivative of an elementwise activation at pre-activation `z` with output `a`."""
        slopes: Array = self.layer.rule.array_slope(z, a, self.xp, self._parameter)
        return slopes

    @property
    def _parameter(self) -> Any:
        parameter = self.layer.parameter
        return None if parameter is None else self.xp.read(parameter)

    def shared(self, array: Array) -> Array:
        """What one row gives, weighed with what the row counts."""
        return array if self.share == 1 else times(array, self.xp.read(self.share))


Rule = Callable[[At], Array]


def times(array: Array, number: Any) -> Array:
    """Every entry times a number."""
    return np.asarray(array * number)


def _softmax(z: Array, xp: Any) -> Array:
    if xp.softmax is not None:
        return np.asarray(xp.softmax(z))
    shifted = z - z.max(axis=-1, keepdims=True) if z.dtype != object else z
    powers: Array = xp.exp(shifted)
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def units_first(array: Array) -> Array:
    """The tables' losses sum over the first axis."""
    return np.moveaxis(array, -1, 0)


def matrix_product(left: Array, right: Array) -> Array:
    """The product over the last two axes; also for numbers that NumPy doesn't know."""
    if left.dtype != object and right.dtype != object:
        return np.asarray(left @ right)
    return np.asarray((left[..., :, :, None] * right[..., None, :, :]).sum(axis=-2))


def pre_activation(at: At) -> Array:
    """Pre-activation: z = a W + b."""
    product, bias = matrix_product(at.read, at.weights), at.bias
    if bias is not None:
        product = product + bias
    if at.xp.settle is None:
        return product
    terms = matrix_product(abs(at.read), abs(at.weights))
    return np.asarray(at.xp.settle(product, terms if bias is None else terms + abs(bias)))


def output(at: At) -> Array:
    """Output: a = f(z)."""
    return at.activation(at.pre_activation)


def row_losses(at: At) -> Array:
    """The loss of each row: (..., rows)."""
    targets = None if at.targets is None else units_first(at.targets)
    return np.asarray(at.network.loss.array(units_first(at.output), targets, at.xp))


def loss(at: At) -> Array:
    """Sum or mean of the rows' losses, and the penalty on the weights: (...)."""
    total = at.shared(at.used["row_losses"].sum(axis=-1))
    if at.network.l2 == 0:
        return total
    squares = sum((at.parameters[layer.weights_name] ** 2).sum(axis=(-2, -1)) for layer in at.network.layers)
    return total + times(np.asarray(squares), at.xp.read(at.network.l2))


def loss_gradient(at: At) -> Array:
    """Gradient for the last output: (..., rows, n_out)."""
    targets = None if at.targets is None else units_first(at.targets)
    gradient = at.network.loss.array_gradient(units_first(at.output), targets, at.xp)
    return at.shared(np.moveaxis(np.asarray(gradient), 0, -1))


def delta(at: At) -> Array:
    """Gradient for the pre-activation: the output's, through the activation.

    Where loss and activation have a closed form together, that is taken (it neither overflows nor
    cancels), unless the gradient for the output was put in place of the computed one.
    """
    if at.stable is not None and f"output_gradient_{at.layer.index}" not in at.given:
        return closed_delta(at)
    return through_activation(at)


def closed_delta(at: At) -> Array:
    """The closed form that loss and last activation have together, such as s - y."""
    assert at.stable is not None
    assert at.targets is not None
    columns = at.stable.delta(units_first(at.output), units_first(at.targets))
    return at.shared(np.stack(columns, axis=-1))


def through_activation(at: At) -> Array:
    """The output's gradient times the derivative of the activation; for softmax times its Jacobian."""
    gradient, a = at.output_gradient, at.output
    if at.layer.rule.elementwise:
        return gradient * at.slope(at.pre_activation, a)
    return np.asarray(a * (gradient - (gradient * a).sum(axis=-1, keepdims=True)))


def read_gradient(at: At) -> Array:
    """Gradient for what the layer reads: the delta, back through the weights."""
    return matrix_product(at.delta, np.swapaxes(at.weights, -1, -2))


def weights_gradient(at: At) -> Array:
    """Outer products of what the layer read and its delta, summed over the rows: (..., n_in, n_out)."""
    return penalised(at, matrix_product(np.swapaxes(at.read, -1, -2), at.delta))


def penalised(at: At, gradient: Array) -> Array:
    """A gradient for the weights with what the penalty adds to it."""
    return gradient if at.network.l2 == 0 else gradient + times(at.weights, at.xp.read(2 * at.network.l2))


def bias_gradient(at: At) -> Array:
    """The deltas summed over the rows, and where the bias is shared over the units."""
    return np.asarray(at.delta.sum(axis=(-2, -1) if at.layer.shared_bias else -2))


def share(network: Network) -> Fraction:
    """What the loss of one row counts."""
    return network.row_weight


def update(parameter: Array, gradient: Array, rate: Any) -> Array:
    """One step of gradient descent."""
    return np.asarray(parameter - times(gradient, rate))  # numpy unwraps a shared bias


@dataclass(frozen=True)
class Way:
    """One rule for each step; each attribute is named as the function above that is right."""

    pre_activation: Rule = pre_activation
    output: Rule = output
    row_losses: Rule = row_losses
    loss: Rule = loss
    loss_gradient: Rule = loss_gradient
    delta: Rule = delta
    read_gradient: Rule = read_gradient
    weights_gradient: Rule = weights_gradient
    bias_gradient: Rule = bias_gradient
    share: Callable[[Network], Fraction] = share
    update: Callable[[Array, Array, Any], Array] = update

    @property
    def is_right_forward(self) -> bool:
        """Whether it goes wrong, if at all, only on the way back."""
        forward = (self.pre_activation, self.output, self.row_losses, self.loss, self.share)
        return forward == (pre_activation, output, row_losses, loss, share)


RIGHT = Way()
