"""The network of one exercise: its layers, shapes, parameters and the symbols they are written with.

A network knows the two conventions, so that nobody after it has to: `row` computes x @ W with weights
of shape (n_in, n_out), `column` computes W @ x with weights of shape (n_out, n_in).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import inf
from typing import TYPE_CHECKING, Any

from derive.rules.activations import ACTIVATIONS, Activation
from derive.rules.losses import LOSSES, Loss
from derive.rules.notation import identifier, parse_symbol, with_index

if TYPE_CHECKING:
    from derive.exercise.model import Exercise, Step

Vector = tuple[Fraction, ...]
Matrix = tuple[Vector, ...]
Index = tuple[int, ...]


def nearest_float(number: Fraction) -> float:
    """The binary64 number next to a rational; infinite where it is out of range."""
    try:
        return float(number)
    except OverflowError:
        return inf if number > 0 else -inf


@dataclass(frozen=True)
class Dense:
    """One dense layer.

    Attributes:
        index: 0 for the first layer.
        n_in: Units it reads.
        n_out: Units it has.
        weights: As the exercise lays them: (n_in, n_out) in the row convention, else (n_out, n_in).
        bias: (n_out,), or one number shared by the layer, or None.
        activation: The activation's name in `ACTIVATIONS`.
        parameter: The activation's parameter, None where it has none.
        row_convention: Whether the layer computes x @ W.
    """

    index: int
    n_in: int
    n_out: int
    weights: Matrix
    bias: Vector | Fraction | None
    activation: str
    parameter: Fraction | None
    row_convention: bool

    @property
    def rule(self) -> Activation:
        """The activation's row in the table."""
        return ACTIVATIONS[self.activation]

    @property
    def shared_bias(self) -> bool:
        """Whether one bias serves all units of the layer."""
        return isinstance(self.bias, Fraction)

    @property
    def weights_name(self) -> str:
        """The name that files and JSON use, whatever the notation prints."""
        return f"W_{self.index}"

    @property
    def bias_name(self) -> str:
        """The name that files and JSON use, whatever the notation prints."""
        return f"b_{self.index}"

    def place(self, i: int, j: int) -> Index:
        """Where the weight from unit i to unit j stands in `weights`."""
        return (i, j) if self.row_convention else (j, i)

    @property
    def weights_shape(self) -> Index:
        """Shape of `weights`."""
        return self.place(self.n_in, self.n_out)

    def places(self) -> Iterator[tuple[Index, int, int]]:
        """Each place of `weights`, row-major, with the unit it comes from and the unit it goes to."""
        for first in range(self.weights_shape[0]):
            for second in range(self.weights_shape[1]):
                i, j = self.place(first, second)  # swapping is its own inverse
                yield (first, second), i, j


@dataclass(frozen=True)
class Symbols:
    """LaTeX spelling of every quantity: one entry a layer in the tuples."""

    input: str
    weights: tuple[str, ...]
    bias: tuple[str, ...]
    pre_activation: tuple[str, ...]
    output: tuple[str, ...]
    loss: str
    target: str

    def parameter(self, name: str) -> str:
        """LaTeX of `W_0`, `b_1` or `input`, by the name that JSON uses."""
        if name == "input":
            return self.input
        letter, index = name.split("_")
        return (self.weights if letter == "W" else self.bias)[int(index)]

    def identifiers(self) -> dict[str, str]:
        """Quantity -> the name that it has in code, each once: what is given, forward values, loss."""
        wanted = {"input": self.input, "target": self.target, "loss": self.loss}
        for k in range(len(self.weights)):
            wanted |= {f"pre_activation_{k}": self.pre_activation[k], f"output_{k}": self.output[k]}
            wanted |= {f"W_{k}": self.weights[k], f"b_{k}": self.bias[k]}
        found: dict[str, str] = {}
        for quantity, latex in wanted.items():
            name = identifier(latex)
            while name in found.values():
                name += "_"
            found[quantity] = name
        return found


@dataclass(frozen=True)
class Network:
    """A checked network with its data.

    Attributes:
        name: The exercise's id.
        inputs: (rows, n_in).
        targets: (rows, n_out), None where the loss takes none.
        layers: From the input to the output.
        loss_name: The loss's name in `LOSSES`.
        reduction: `mean` or `sum` over the rows.
        l2: Factor of the sum of the squares of all weights.
        row_convention: Whether layers compute x @ W.
        symbols: How everything is written.
        step: Gradient descent that the exercise asks for, or None.
    """

    name: str
    inputs: Matrix
    targets: Matrix | None
    layers: tuple[Dense, ...]
    loss_name: str
    reduction: str
    l2: Fraction
    row_convention: bool
    symbols: Symbols
    step: "Step | None" = None

    @property
    def loss(self) -> Loss:
        """The loss's row in the table."""
        return LOSSES[self.loss_name]

    @property
    def rows(self) -> int:
        """Number of examples."""
        return len(self.inputs)

    @property
    def row_weight(self) -> Fraction:
        """What the loss of one row counts in the loss of the batch."""
        return Fraction(1, self.rows) if self.reduction == "mean" else Fraction(1)

    @property
    def piecewise_linear(self) -> bool:
        """Whether all layers but the last keep rationals rational."""
        return all(layer.rule.piecewise_linear for layer in self.layers[:-1])

    def parameters(self) -> dict[str, Any]:
        """Name -> numbers as the exercise lays them: a matrix, a vector, or one shared number."""
        found: dict[str, Any] = {}
        for layer in self.layers:
            found[layer.weights_name] = layer.weights
            if layer.bias is not None:
                found[layer.bias_name] = layer.bias
        return found


def build(exercise: "Exercise") -> Network:
    """The network of a checked exercise."""
    layers = []
    row = exercise.convention == "row"
    for index, layer in enumerate(exercise.layers):
        height, width = len(layer.weights), len(layer.weights[0])
        n_in, n_out = (height, width) if row else (width, height)
        rule = ACTIVATIONS[layer.activation.name]
        parameter = layer.activation.parameter
        layers.append(
            Dense(
                index=index,
                n_in=n_in,
                n_out=n_out,
                weights=layer.weights,
                bias=layer.bias,
                activation=layer.activation.name,
                parameter=rule.parameter if parameter is None else parameter,
                row_convention=row,
            )
        )
    return Network(
        name=exercise.id,
        inputs=exercise.input,
        targets=exercise.target,
        layers=tuple(layers),
        loss_name=exercise.loss,
        reduction=exercise.reduction,
        l2=exercise.l2,
        row_convention=row,
        symbols=_symbols(exercise.notation, len(layers)),
        step=exercise.step,
    )


def with_parameters(network: Network, parameters: Mapping[str, Any]) -> Network:
    """The same network with other numbers, laid out alike."""
    layers = tuple(
        replace(
            layer,
            weights=parameters[layer.weights_name],
            bias=None if layer.bias is None else parameters[layer.bias_name],
        )
        for layer in network.layers
    )
    return replace(network, layers=layers)


def _symbols(notation: Any, depth: int) -> Symbols:
    """Two layers are called h, L, O, s by default, as in the homework; any other depth z^{(k)}, a^{(k)}."""
    pre, out = notation.pre_activation, notation.output
    if depth == 2:
        pre, out = pre or ("h", "O"), out or ("L", "s")
    else:
        pre = pre or tuple(f"z^{{({index})}}" for index in range(depth))
        out = out or tuple(f"a^{{({index})}}" for index in range(depth))
    weights, bias = parse_symbol(notation.weights), parse_symbol(notation.bias)
    return Symbols(
        input=parse_symbol(notation.input),
        weights=tuple(with_index(weights, index) for index in range(depth)),
        bias=tuple(with_index(bias, index) for index in range(depth)),
        pre_activation=tuple(map(parse_symbol, pre)),
        output=tuple(map(parse_symbol, out)),
        loss=parse_symbol(notation.loss),
        target=parse_symbol(notation.target),
    )


def updates(network: Network) -> Sequence[tuple[tuple[int, ...], Fraction]]:
    """The updates of the gradient descent that the exercise asks for.

    Returns:
        For each update the rows whose loss is descended and what the loss of each of them counts:
        all rows at once, or one row after the other, each with its own loss in full.
    """
    if network.step is None:
        return []
    everyone = tuple(range(network.rows))
    if network.step.order == "batch":
        return [(everyone, network.row_weight)] * network.step.count
    return [((row,), Fraction(1)) for row in everyone] * network.step.count
