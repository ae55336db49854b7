"""The closed forms as LaTeX: each gradient in matrix form, in the convention of the exercise.

Row convention: vectors are rows, z = a W + b, dl/dW = a^T dl/dz. Column convention: vectors are
columns, z = W a + b, dl/dW = dl/dz a^T. Gradients have the shape of what they are taken for.
"""

from typing import TYPE_CHECKING

from derive.network import Dense, Network
from derive.rules import activations, losses
from derive.rules.notation import with_index

if TYPE_CHECKING:
    from derive.engine.symbolic import Derivation

ODOT = r" \odot "


def partial(of: str, for_what: str) -> str:
    """A partial derivative."""
    return rf"\frac{{\partial {of}}}{{\partial {for_what}}}"


def gradient(network: Network, for_what: str) -> str:
    """The gradient of the loss for a symbol."""
    return partial(network.symbols.loss, for_what)


def symbol(network: Network, name: str) -> str:
    """The symbol of `loss`, `output_1`, `pre_activation_0`, `W_0`, `b_0` or `input`."""
    symbols = network.symbols
    if name == "loss":
        return symbols.loss
    kind, _, index = name.rpartition("_")
    if kind == "output":
        return symbols.output[int(index)]
    if kind == "pre_activation":
        return symbols.pre_activation[int(index)]
    return symbols.parameter(name)


def quantity(network: Network, name: str) -> str:
    """A quantity by the name that files use, where `W_0` and `input` stand for gradients."""
    if name.startswith("step."):
        return rf"{symbol(network, name.removeprefix('step.'))}^{{\mathrm{{new}}}}"
    if name == "row_losses":
        return rf"{network.symbols.loss}^{{(r)}}"
    if name in network.parameters() or name == "input" or "_gradient" in name:
        return gradient(network, symbol(network, name.replace("_gradient", "")))
    return symbol(network, name)


def transposed(symbol: str) -> str:
    """The transpose of a symbol; an index in brackets above it goes below the sign."""
    return rf"({symbol})^{{\top}}" if "^" in symbol else rf"{symbol}^{{\top}}"


def read_symbol(network: Network, k: int) -> str:
    """What layer k reads: the input, or the output of the layer before."""
    return network.symbols.output[k - 1] if k else network.symbols.input


def product(network: Network, vector: str, matrix: str) -> str:
    """A vector through a matrix, in the order of the convention."""
    return f"{vector} {matrix}" if network.row_convention else f"{matrix} {vector}"


def pre_activation(network: Network, layer: Dense) -> str:
    """The weighted sums of one layer: `I W_0 + b_0`; a shared bias is added to every unit."""
    k = layer.index
    weighted = product(network, read_symbol(network, k), network.symbols.weights[k])
    if layer.bias is None:
        return weighted
    ones = r" \mathbf{1}" if layer.shared_bias else ""
    return f"{weighted} + {network.symbols.bias[k]}{ones}"


def output(network: Network, layer: Dense) -> str:
    r"""The activation applied: `\operatorname{ReLU}(h)`."""
    z = network.symbols.pre_activation[layer.index]
    return z if layer.activation == "identity" else rf"{layer.rule.latex}({z})"


def slope(network: Network, layer: Dense) -> str:
    """The derivative of an elementwise activation as a vector, for a Hadamard product."""
    k = layer.index
    return activations.fill(
        layer.rule.slope_formula,
        z=network.symbols.pre_activation[k],
        a=network.symbols.output[k],
        p=parameter(layer),
        product=ODOT,
    )


def parameter(layer: Dense) -> str:
    """The activation's parameter as LaTeX."""
    if layer.parameter is None:
        return ""
    number = layer.parameter
    size = str(abs(number.numerator))
    if number.denominator != 1:
        size = rf"\tfrac{{{size}}}{{{number.denominator}}}"
    return size if number >= 0 else f"(-{size})"


def output_gradient(network: Network, k: int) -> str:
    """dl/d output of layer k, from the layer after it: the deltas back through the weights."""
    delta = gradient(network, network.symbols.pre_activation[k + 1])
    return product(network, delta, transposed(network.symbols.weights[k + 1]))


def delta(network: Network, k: int) -> str:
    """dl/d pre-activation of layer k, for l the loss of the whole batch."""
    layer = network.layers[k]
    last = k == len(network.layers) - 1
    if last and (stable := network.loss.torch_stable.get(layer.activation)):
        form = losses.fill(
            stable.formula, a=network.symbols.output[k], y=network.symbols.target, product=ODOT
        )
        return form if network.row_weight == 1 else rf"\tfrac{{1}}{{{network.rows}}} \Bigl({form}\Bigr)"
    back = gradient(network, network.symbols.output[k]) if last else output_gradient(network, k)
    if layer.activation == "identity":
        return back
    if not layer.rule.elementwise:
        jacobian = partial(network.symbols.output[k], network.symbols.pre_activation[k])
        return product(network, back if network.row_convention or last else f"({back})", jacobian)
    grouped = back if last else rf"\Bigl({back}\Bigr)"
    return grouped + ODOT + slope(network, layer)


def weights_gradient(network: Network, k: int) -> str:
    """dl/d weights of layer k: what the layer read, times its delta."""
    z = gradient(network, network.symbols.pre_activation[k])
    read = transposed(read_symbol(network, k))
    form = f"{read} {z}" if network.row_convention else f"{z} {read}"
    if network.l2 != 0:
        form += rf" + 2 \lambda {network.symbols.weights[k]}"
    return form


def bias_gradient(network: Network, k: int) -> str:
    """dl/d bias of layer k: its delta, summed where the bias is shared or there are several rows."""
    layer = network.layers[k]
    z = gradient(network, network.symbols.pre_activation[k])
    if layer.shared_bias:
        delta = partial(network.symbols.loss, with_index(network.symbols.pre_activation[k], "j"))
        z = rf"\sum_j {delta}"
    return z if network.rows == 1 else rf"\sum_{{\text{{rows}}}} {z}"


def closed_forms(derivation: "Derivation") -> dict[str, str]:
    """Name of each parameter, and `input` -> LaTeX of the gradient's closed form."""
    network = derivation.network
    found: dict[str, str] = {}
    for layer in network.layers:
        k = layer.index
        deltas = rf"{gradient(network, network.symbols.pre_activation[k])} = {delta(network, k)}"
        form = f"{gradient(network, network.symbols.weights[k])} = {weights_gradient(network, k)}"
        found[layer.weights_name] = rf"{form}, \quad {deltas}"
        if layer.bias is not None:
            found[layer.bias_name] = (
                f"{gradient(network, network.symbols.bias[k])} = {bias_gradient(network, k)}"
            )
    first = gradient(network, network.symbols.pre_activation[0])
    back = product(network, first, transposed(network.symbols.weights[0]))
    found["input"] = f"{gradient(network, network.symbols.input)} = {back}"
    return found
