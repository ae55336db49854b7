"""Many networks of one architecture: their numbers as integer arrays over common denominators.

The arrays that a caller hands in have the networks first. The sources compute with the networks last
("lanes"): each step is then one pass over long contiguous rows, whatever the widths.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
import numpy.typing as npt

from derive.network import Network, with_parameters
from derive.rules.activations import ACTIVATIONS, Activation
from derive.rules.losses import LOSSES, Loss

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Denominators:
    """What the integers of a batch are divided by."""

    weights: int = 1
    biases: int = 1
    inputs: int = 1
    targets: int = 1


@dataclass(frozen=True)
class Batch:
    """Networks that differ in their numbers alone.

    Attributes:
        weights: For each layer (count, n_in, n_out), from unit to unit whatever the convention.
        biases: For each layer (count, n_out), (count,) for one shared by the layer, or None.
        inputs: (count, rows, n_in).
        targets: (count, rows, n_out); None where the loss takes none.
        activations: A name in `ACTIVATIONS` for each layer.
        loss: A name in `LOSSES`.
        denominators: Of these integers.
        parameters: Of the activations; None, or left out, for the default of the table.
        reduction: `mean` or `sum` over the rows.
        l2: Factor of the sum of the squares of all weights.
    """

    weights: tuple[Integers, ...]
    biases: tuple[Integers | None, ...]
    inputs: Integers
    targets: Integers | None
    activations: tuple[str, ...]
    loss: str
    denominators: Denominators = Denominators()
    parameters: tuple[Fraction | None, ...] = ()
    reduction: str = "mean"
    l2: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        """Hold the shapes against each other.

        Raises:
            ValueError: They don't fit, or a number is not an integer.
        """
        arrays = [self.inputs, *self.weights, *(b for b in self.biases if b is not None)]
        arrays += [] if self.targets is None else [self.targets]
        if any(array.dtype != np.int64 or len(array) != len(self) for array in arrays):
            raise ValueError("a batch holds int64 arrays with one entry for each network")
        widths = [self.inputs.shape[2], *(weights.shape[2] for weights in self.weights)]
        if [weights.shape[1] for weights in self.weights] != widths[:-1]:
            raise ValueError(f"the weights {[w.shape[1:] for w in self.weights]} don't follow each other")
        if not len(self.weights) == len(self.biases) == len(self.activations):
            raise ValueError("weights, biases and activations must be as many as there are layers")
        for bias, width in zip(self.biases, widths[1:], strict=True):
            if bias is not None and bias.shape[1:] not in ((), (width,)):
                raise ValueError(f"a bias of shape {bias.shape[1:]} doesn't fit {width} units")
        if (self.targets is not None) != LOSSES[self.loss].target:
            raise ValueError(f"targets and the loss {self.loss} don't go together")
        if self.targets is not None and self.targets.shape[1:] != (self.rows, widths[-1]):
            raise ValueError(f"targets {self.targets.shape[1:]} for outputs {(self.rows, widths[-1])}")

    def __len__(self) -> int:
        """How many networks."""
        return len(self.inputs)

    def __getitem__(self, chosen: Any) -> "Batch":
        """Some of the networks: a slice, a mask or an array of indices."""
        return replace(
            self,
            weights=tuple(weights[chosen] for weights in self.weights),
            biases=tuple(None if bias is None else bias[chosen] for bias in self.biases),
            inputs=self.inputs[chosen],
            targets=None if self.targets is None else self.targets[chosen],
        )

    @property
    def rows(self) -> int:
        """Number of examples of each network."""
        return int(self.inputs.shape[1])

    @property
    def row_weight(self) -> Fraction:
        """What the loss of one row counts."""
        return Fraction(1, self.rows) if self.reduction == "mean" else Fraction(1)

    @property
    def rules(self) -> tuple[Activation, ...]:
        """The rows of the activations."""
        return tuple(ACTIVATIONS[name] for name in self.activations)

    @property
    def loss_rule(self) -> Loss:
        """The row of the loss."""
        return LOSSES[self.loss]

    def parameter(self, k: int) -> Fraction | None:
        """The parameter of one layer's activation."""
        given = self.parameters[k] if self.parameters else None
        return self.rules[k].parameter if given is None else given


def read(integers: Integers, denominator: int) -> Floats:
    """The numbers in binary64, with the networks last."""
    return np.ascontiguousarray(np.moveaxis(integers, 0, -1)) / denominator


def of_networks(networks: Sequence[Network]) -> Batch:
    """Networks of one architecture as a batch.

    Raises:
        ValueError: A number has more digits than 64 bits hold over the common denominator.
    """
    first = networks[0]
    layers = range(len(first.layers))
    weights = [[network.layers[k].weights for network in networks] for k in layers]
    biases = [[network.layers[k].bias for network in networks] for k in layers]
    inputs = [network.inputs for network in networks]
    targets = [network.targets for network in networks]
    given = [bias for bias in biases if bias[0] is not None]
    denominators = Denominators(
        *(_denominator(part) for part in (weights, given, inputs, targets if first.targets else [])),
    )
    return Batch(
        weights=tuple(
            np.ascontiguousarray(laid if first.row_convention else np.swapaxes(laid, 1, 2))
            for laid in (_numerators(part, denominators.weights) for part in weights)
        ),
        biases=tuple(None if part[0] is None else _numerators(part, denominators.biases) for part in biases),
        inputs=_numerators(inputs, denominators.inputs),
        targets=None if first.targets is None else _numerators(targets, denominators.targets),
        activations=tuple(layer.activation for layer in first.layers),
        loss=first.loss_name,
        denominators=denominators,
        parameters=tuple(layer.parameter for layer in first.layers),
        reduction=first.reduction,
        l2=first.l2,
    )


def network_of(batch: Batch, index: int, like: Network) -> Network:
    """One network of a batch, laid out and written as another of the same architecture."""
    over = batch.denominators
    parameters: dict[str, Any] = {}
    for layer, weights, bias in zip(like.layers, batch.weights, batch.biases, strict=True):
        laid = weights[index] if like.row_convention else weights[index].T
        parameters[layer.weights_name] = _fractions(laid, over.weights)
        if bias is not None:
            parameters[layer.bias_name] = _fractions(bias[index], over.biases)
    targets = None if batch.targets is None else _fractions(batch.targets[index], over.targets)
    inputs = _fractions(batch.inputs[index], over.inputs)
    return replace(with_parameters(like, parameters), inputs=inputs, targets=targets)


def _denominator(nested: Any) -> int:
    """The least common denominator of fractions in any nesting."""
    if isinstance(nested, Fraction):
        return nested.denominator
    return lcm(*map(_denominator, nested)) if nested else 1


def _numerators(nested: Any, denominator: int) -> Integers:
    array = np.array(nested, dtype=object)
    numerators = [int(number * denominator) for number in array.flat]
    if any(abs(number) >= 2**63 for number in numerators):
        raise ValueError("a numerator doesn't fit into 64 bits")
    return np.array(numerators, dtype=np.int64).reshape(array.shape)


def _fractions(integers: Any, denominator: int) -> Any:
    if np.ndim(integers) == 0:
        return Fraction(int(integers), denominator)
    return tuple(_fractions(part, denominator) for part in integers)
