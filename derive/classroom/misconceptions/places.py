"""Where a mistake can be made: conditions on a layer of a network."""

from fractions import Fraction

from derive.network import Dense, Network


def _last(network: Network, layer: Dense) -> bool:
    return layer.index == len(network.layers) - 1


def collapses(network: Network, layer: Dense) -> bool:
    """The last layer, where loss and activation have a closed form together, such as s - y."""
    return _last(network, layer) and layer.activation in network.loss.torch_stable


def masks(network: Network, layer: Dense) -> bool:
    """A layer of ReLUs, leaky or not."""
    return layer.rule.piecewise_linear and layer.rule.kink is not None


def relus(network: Network, layer: Dense) -> bool:
    """A layer of plain ReLUs."""
    return layer.activation == "relu"


def curved(network: Network, layer: Dense) -> bool:
    """An elementwise activation with a curve, whose derivative has to be worked out."""
    rule = layer.rule
    return rule.elementwise and not rule.piecewise_linear and not collapses(network, layer)


def slope_from_output(network: Network, layer: Dense) -> bool:
    """A curved activation whose derivative is usually written with the output: a (1 - a), 1 - a^2."""
    return curved(network, layer) and layer.activation in ("sigmoid", "tanh")


def masks_below_as_wide(network: Network, layer: Dense) -> bool:
    """A layer of ReLUs before one that is as wide, whose mask can be taken instead."""
    return (
        masks(network, layer)
        and not _last(network, layer)
        and network.layers[layer.index + 1].n_out == layer.n_out
    )


def square(network: Network, layer: Dense) -> bool:
    """As many units as inputs, more than one: the transposed matrix has the same shape."""
    return layer.n_in == layer.n_out > 1


def square_on_the_way(network: Network, layer: Dense) -> bool:
    """The same, for a layer that gradients of parameters lead back through."""
    return square(network, layer) and layer.index > 0


def hidden_nonlinear(network: Network, layer: Dense) -> bool:
    """A hidden layer whose output isn't its pre-activation."""
    return not _last(network, layer) and layer.activation != "identity"


def after_nonlinear(network: Network, layer: Dense) -> bool:
    """A layer that reads the output of a nonlinear one."""
    return layer.index > 0 and network.layers[layer.index - 1].activation != "identity"


def biased(network: Network, layer: Dense) -> bool:
    """A layer with a bias."""
    return layer.bias is not None


def rounds(network: Network, layer: Dense) -> bool:
    """A hidden layer, or the only one, whose pre-activations need not be whole numbers."""
    if _last(network, layer) and layer.index:
        return False
    whole = all(before.rule.piecewise_linear for before in network.layers[: layer.index])
    return not (whole and _all_whole(network))


def _all_whole(network: Network) -> bool:
    numbers: list[Fraction] = [number for row in network.inputs for number in row]
    for layer in network.layers:
        numbers += [number for row in layer.weights for number in row]
        bias = layer.bias
        numbers += [bias] if isinstance(bias, Fraction) else list(bias or ())
        numbers += [] if layer.parameter is None else [layer.parameter]
    return all(number.denominator == 1 for number in numbers)


def softmax(network: Network, layer: Dense) -> bool:
    """A softmax layer."""
    return not layer.rule.elementwise


def subtracts(network: Network, layer: Dense) -> bool:
    """The last layer, where loss and activation together leave s - y."""
    usual = ("cross_entropy", "softmax"), ("binary_cross_entropy", "sigmoid")
    return _last(network, layer) and (network.loss_name, layer.activation) in usual


def measures_distance(network: Network, layer: Dense) -> bool:
    """The last layer under a squared error, whose derivative begins with a - y."""
    return _last(network, layer) and network.loss.target and not network.loss.probability


def target_sum_counts(network: Network, layer: Dense) -> bool:
    """Softmax with cross-entropy of a target that doesn't sum to one, at least in one row."""
    sums = [sum(row) for row in network.targets or ()]
    return collapses(network, layer) and softmax(network, layer) and any(total != 1 for total in sums)


def squares(network: Network, layer: Dense) -> bool:
    """The last layer under a loss whose derivative has a factor 2."""
    return _last(network, layer) and network.loss_name in ("squared_error", "mean_squared_error")


def averages_outputs(network: Network, layer: Dense) -> bool:
    """The last layer under the mean squared error of more than one output."""
    return _last(network, layer) and network.loss_name == "mean_squared_error" and layer.n_out > 1


def penalised(network: Network, layer: Dense) -> bool:
    """A layer whose weights are penalised."""
    return network.l2 != 0


def batched(network: Network, layer: Dense) -> bool:
    """The last layer of a network with more than one row."""
    return _last(network, layer) and network.rows > 1


def takes_logarithms(network: Network, layer: Dense) -> bool:
    """The last layer under a cross-entropy."""
    return _last(network, layer) and network.loss.probability


def updated_above(network: Network, layer: Dense) -> bool:
    """A layer above the first, whose weights the exercise updates with one gradient for all rows."""
    step = network.step
    free = step is not None and step.order == "batch" and layer.weights_name not in step.frozen
    return free and layer.index > 0


def steps(network: Network, layer: Dense) -> bool:
    """The last layer of an exercise that asks for gradient descent."""
    return _last(network, layer) and network.step is not None
