"""The changed rules: what a student with one wrong idea computes at a step."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from derive.classroom.misconceptions import way
from derive.classroom.misconceptions.way import Array, At
from derive.network import Network


def gradient_as_it_is(at: At) -> Array:
    """The gradient passes the activation unchanged."""
    return at.output_gradient


def inverted_mask(at: At) -> Array:
    """Units that are off let the gradient pass, units that are on don't."""
    one = at.pre_activation * 0 + 1
    inverted = at.slope(one, one) + at.slope(-one, -one) - at.slope(at.pre_activation, at.output)
    return np.asarray(at.output_gradient * inverted)


def mask_of_next_layer(at: At) -> Array:
    """The mask is taken from the pre-activation of the next layer."""
    following = at.used[f"pre_activation_{at.layer.index + 1}"]
    return at.output_gradient * at.slope(following, following)


def clipped_gradient(at: At) -> Array:
    """The activation is applied to the gradient itself."""
    return at.activation(at.output_gradient)


def slope_of_pre_activation(at: At) -> Array:
    """The derivative with z (1 - z) for a (1 - a)."""
    return at.output_gradient * at.slope(at.pre_activation, at.pre_activation)


def slope_at_output(at: At) -> Array:
    """The derivative f'(a) for f'(z): the output is put through the activation a second time."""
    return at.output_gradient * at.slope(at.output, at.activation(at.output))


def unchanged(at: At) -> Array:
    """The pre-activation is taken for the output."""
    return at.pre_activation


def without_bias(at: At) -> Array:
    """The bias is left out."""
    return way.matrix_product(at.read, at.weights)


def rounded(at: At) -> Array:
    """The pre-activation is rounded to whole numbers, halves away from zero."""
    z = way.pre_activation(at)
    size: Array = at.xp.floor(abs(z) + at.xp.read(Fraction(1, 2)))
    return np.where(z < 0, -size, size)


def through_untransposed_weights(at: At) -> Array:
    """Back through W, where its transpose leads back."""
    return way.matrix_product(at.delta, at.weights)


def through_updated_weights(at: At) -> Array:
    """Back through the weights as they are after their update."""
    assert at.network.step is not None
    rate = at.xp.read(at.network.step.learning_rate)
    gradient = at.oriented(at.used[at.layer.weights_name])
    updated = way.update(at.weights, gradient, rate)
    return way.matrix_product(at.delta, np.swapaxes(updated, -1, -2))


def transposed_outer_product(at: At) -> Array:
    """Delta times what was read, where what was read times delta is due."""
    outer = way.matrix_product(np.swapaxes(at.delta, -1, -2), at.read)
    return way.penalised(at, outer)


def pre_activation_as_read(at: At) -> Array:
    """The pre-activation of the layer before is taken for its output."""
    before = at.used[f"pre_activation_{at.layer.index - 1}"]
    return way.penalised(at, way.matrix_product(np.swapaxes(before, -1, -2), at.delta))


def without_penalty(at: At) -> Array:
    """The penalty's part of the gradient is left out."""
    return way.matrix_product(np.swapaxes(at.read, -1, -2), at.delta)


def penalty_not_doubled(at: At) -> Array:
    """The derivative of a square without its factor 2."""
    return way.weights_gradient(at) - way.times(at.weights, at.xp.read(at.network.l2))


def delta_without_target(at: At) -> Array:
    """Delta s for s - y."""
    return at.shared(at.output)


def loss_gradient_without_target(at: At) -> Array:
    """Gradient of a for a - y."""
    assert at.targets is not None
    return way.loss_gradient(replace(at, targets=at.targets * 0))


def delta_negated(at: At) -> Array:
    """Delta y - s for s - y."""
    return -way.delta(at)


def loss_gradient_negated(at: At) -> Array:
    """Gradient y - a for a - y."""
    return -way.loss_gradient(at)


def diagonal_only(at: At) -> Array:
    """Only the diagonal s (1 - s) of the softmax Jacobian."""
    return np.asarray(at.output_gradient * at.output * (1 - at.output))


def delta_without_target_sum(at: At) -> Array:
    """Delta s - y also where the target doesn't sum to one."""
    assert at.targets is not None
    return at.shared(at.output - at.targets)


def half_loss_gradient(at: At) -> Array:
    """The derivative of a square without its factor 2."""
    return way.times(way.loss_gradient(at), at.xp.read(Fraction(1, 2)))


def loss_gradient_of_sum(at: At) -> Array:
    """The derivative of the sum over the outputs, where their mean was asked for."""
    return way.times(way.loss_gradient(at), at.xp.read(Fraction(at.layer.n_out)))


def loss_of_common_logarithm(at: At) -> Array:
    """The logarithm to the base 10."""
    return np.asarray(way.row_losses(at) / at.xp.log(at.xp.read(Fraction(10))))


def other_share(network: Network) -> Fraction:
    """The mean for the sum, or the sum for the mean."""
    return Fraction(1, network.rows) if network.reduction == "sum" else Fraction(1)


def ascended(parameter: Array, gradient: Array, rate: Any) -> Array:
    """A step up the gradient."""
    return way.update(parameter, -gradient, rate)
