"""Mistakes in the NumPy chain and in torch's forward pass."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from derive.engine import autograd, jacobians
from derive.engine.jacobians import Link
from derive.network import Dense, Network
from tests.engine.mistakes import EVERYTHING, HOMEWORK, SMOOTH, SQUARES, activation, function, loss


def another_network(**changed: Any) -> Callable[[Any], Any]:
    """A source that is handed a network with something changed."""
    return lambda compute: (
        lambda target, *rest, **how: compute(
            replace(target, **{name: change(target) for name, change in changed.items()}), *rest, **how
        )
    )


def without_bias(compute: Any) -> Any:
    def wrong(target: Network, *rest: Any) -> Any:
        found = compute(target, *rest)
        return found | {name: 0 * array for name, array in found.items() if name.startswith("b_")}

    return wrong


def swapped_link(run_row: Any) -> Any:
    def wrong(*given: Any, **how: Any) -> Any:
        chain = run_row(*given, **how)
        spine = tuple(
            replace(link, jacobian=link.jacobian.T) if is_weights(link) else link for link in chain.spine
        )
        return replace(chain, spine=spine)

    return wrong


def is_weights(link: Link) -> bool:
    return link.numerator.startswith("pre_activation") and link.jacobian.shape == (2, 2)


def masks_of_the_wrong_layer(run_row: Any) -> Any:
    """The slopes of the layers, in the order of the forward pass instead of the backward one."""

    def wrong(*given: Any, **how: Any) -> Any:
        chain = run_row(*given, **how)
        slopes = [link.jacobian for link in chain.spine if link.denominator.startswith("pre_activation")]
        spine = [
            replace(link, jacobian=slopes.pop()) if link.denominator.startswith("pre_activation") else link
            for link in chain.spine
        ]
        return replace(chain, spine=tuple(spine))

    return wrong


def from_the_right(row_pass: Any) -> Any:
    """Each product without its last factor's transpose: the chain multiplied in the wrong order."""
    products, vector = {}, np.ones((1, 1))
    for link in row_pass.spine:
        square = link.jacobian.shape[0] == link.jacobian.shape[1]
        vector = vector @ (link.jacobian.T if square else link.jacobian)
        products[link.denominator] = vector[0]
    for name, link in row_pass.branches.items():
        products[name] = products[link.numerator] @ link.jacobian
    return products


def flipped(dense: Dense) -> Dense:
    """Square weights, read the other way."""
    return replace(dense, row_convention=not dense.row_convention) if dense.n_in == dense.n_out else dense


MISTAKES = [
    # the NumPy chain
    activation("relu", HOMEWORK, "the mask of the chain missing", array_slope=lambda z, a, xp, p: z * 0 + 1),
    activation(
        "relu",
        HOMEWORK,
        "the mask of the chain inverted",
        array_slope=lambda z, a, xp, p: xp.where(z > 0, 0, 1),
    ),
    activation(
        "softmax",
        EVERYTHING,
        "the chain's softmax by its diagonal",
        array_slope=lambda z, a, xp, p: xp.diag(a * (1 - a)),
    ),
    activation(
        "gelu",
        SQUARES,
        "gelu by its tanh approximation",
        array=lambda z, xp, p: z * (1 + xp.tanh(xp.sqrt(2 / xp.pi) * (z + 0.044715 * z**3))) / 2,
    ),
    activation(
        "elu",
        SMOOTH,
        "the parameter of elu forgotten",
        array=lambda z, xp, p: xp.where(z > 0, z, xp.expm1(xp.minimum(z, 0))),
    ),
    loss("cross_entropy", HOMEWORK, "the chain's loss with its sign", array_gradient=lambda a, y, xp: y / a),
    function(
        jacobians,
        "weights_jacobian",
        EVERYTHING,
        "vec taken down the columns",
        lambda _: lambda dense, a: np.kron(np.eye(dense.n_out, dtype=int), a.reshape(1, -1)),
    ),
    function(jacobians, "run_row", EVERYTHING, "W for its transpose in the chain", swapped_link),
    function(jacobians, "run_row", EVERYTHING, "the masks of the wrong layers", masks_of_the_wrong_layer),
    function(
        jacobians,
        "multiply",
        EVERYTHING,
        "the chain multiplied from the wrong side",
        lambda _: from_the_right,
    ),
    function(jacobians, "compute", EVERYTHING, "the chain without its bias gradients", without_bias),
    function(
        jacobians,
        "compute",
        EVERYTHING,
        "the chain without l2",
        another_network(l2=lambda target: Fraction(0)),
    ),
    function(
        jacobians,
        "compute",
        EVERYTHING,
        "the chain with a sum for a mean",
        another_network(reduction=lambda target: "sum"),
    ),
    # torch's forward pass
    activation("relu", HOMEWORK, "no ReLU in torch", torch=lambda z, torch, p: z),
    activation(
        "leaky_relu",
        SQUARES,
        "the slope of torch's leaky ReLU",
        torch=lambda z, torch, p: torch.nn.functional.leaky_relu(z),
    ),
    activation(
        "softplus",
        SQUARES,
        "another beta in torch's softplus",
        torch=lambda z, torch, p: torch.nn.functional.softplus(z, beta=1.0000001),
    ),
    loss(
        "mean_squared_error",
        SQUARES,
        "the mean over all rows and outputs in torch",
        torch=lambda a, y, torch: torch.nn.functional.mse_loss(a, y).reshape(1),
    ),
    function(
        autograd,
        "compute",
        EVERYTHING,
        "twice the l2 in torch",
        another_network(l2=lambda target: 2 * target.l2),
    ),
    function(
        autograd,
        "compute",
        SQUARES,
        "torch with the other convention",
        another_network(layers=lambda target: tuple(flipped(dense) for dense in target.layers)),
    ),
    function(
        autograd,
        "updates",
        EVERYTHING,
        "one update too few in torch",
        lambda right: lambda target: right(target)[1:],
    ),
    function(
        autograd,
        "updates",
        EVERYTHING,
        "torch descends the sum of the rows",
        lambda right: lambda target: [(rows, Fraction(1)) for rows, _ in right(target)],
    ),
]
