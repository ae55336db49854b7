"""What varies in an exercise, from which numbers, and how drawn words become networks."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import factorial, lcm, prod
from typing import Any

import numpy as np
import numpy.typing as npt

from derive.classroom.variants.streams import Words, below
from derive.engine.bulk import Batch, Denominators
from derive.exercise.model import Exercise
from derive.network import Network, build

Integers = npt.NDArray[np.int64]
Part = tuple[str, int]  # "inputs", "weights", "biases" or "targets", and the layer
Draws = Mapping[Part, Integers]  # numerators of each part that varies, the networks first


@dataclass(frozen=True)
class Slot:
    """One part that varies.

    Attributes:
        part: Which.
        shape: Of the part in one network; weights (n_in, n_out) whatever the convention.
        choices: Numerators that each entry is drawn from; for classes one row for each class.
        entries: How many are drawn: entries, or rows with a class each.
    """

    part: Part
    shape: tuple[int, ...]
    choices: Integers
    entries: int

    @property
    def size(self) -> int:
        """How many ways there are to fill it."""
        return int(len(self.choices) ** self.entries)

    def filled(self, indices: Integers) -> Integers:
        """Numerators (count, *shape) from which choice was drawn: (count, entries)."""
        return self.choices[indices].reshape(len(indices), *self.shape)


@dataclass(frozen=True)
class Space:
    """All that can be drawn for one exercise.

    Attributes:
        network: The exercise's own.
        stages: What is drawn together: the input and the first layer, then layer by layer; the target last.
        fixed: Numerators of the parts that stay as they are.
        denominators: What all numerators are divided by.
    """

    network: Network
    stages: tuple[tuple[Slot, ...], ...]
    fixed: Mapping[Part, Integers | None]
    denominators: Denominators

    @property
    def size(self) -> int:
        """How many networks can be drawn, those that differ in the order of hidden units counted apart."""
        return prod(slot.size for stage in self.stages for slot in stage)

    @property
    def orders(self) -> int:
        """In how many orders the hidden units can stand: those with the same fixed numbers change places."""
        return prod(
            factorial(alike)
            for layer in self.network.layers[:-1]
            for alike in Counter(self._fixed_of(layer.index, unit) for unit in range(layer.n_out)).values()
        )

    def _fixed_of(self, layer: int, unit: int) -> tuple[int, ...]:
        """The numbers of a hidden unit that don't vary."""
        places: tuple[tuple[Part, Any], ...] = (
            (("weights", layer), np.s_[:, unit]),
            (("biases", layer), unit),
            (("weights", layer + 1), unit),
        )
        own = ((self.fixed.get(part), place) for part, place in places)
        return tuple(one for part, place in own if part is not None for one in _entries(part, place))

    def width(self, stage: int) -> int:
        """Words that one draw of a stage needs."""
        return sum(slot.entries for slot in self.stages[stage])

    def drawn(self, stage: int, words: Words) -> dict[Part, Integers]:
        """What words say: (count, width) to numerators."""
        found, start = {}, 0
        for slot in self.stages[stage]:
            taken = words[:, start : start + slot.entries]
            found[slot.part] = slot.filled(below(taken, len(slot.choices)))
            start += slot.entries
        return found

    def numbered(self, numbers: Integers) -> dict[Part, Integers]:
        """The networks of the space by their numbers, 0 to size - 1."""
        found, rest = {}, numbers
        for slot in (slot for stage in self.stages for slot in stage):
            indices = np.empty((len(rest), slot.entries), dtype=np.int64)
            for entry in range(slot.entries):
                rest, indices[:, entry] = np.divmod(rest, len(slot.choices))
            found[slot.part] = slot.filled(indices)
        return found

    def draws_of(self, networks: Sequence[Network]) -> dict[Part, Integers]:
        """The numerators of networks that were drawn here once."""
        own = [{part: numbers for part, numbers, _ in _numbers(network)} for network in networks]
        slots = [slot for stage in self.stages for slot in stage]
        return {
            slot.part: np.stack([_numerators(one[slot.part], self._denominator(slot.part)) for one in own])
            for slot in slots
        }

    def holds(self, network: Network) -> bool:
        """Whether a network of the exercise's shape can be drawn here."""
        slots = {slot.part: slot for stage in self.stages for slot in stage}
        for part, numbers, _ in _numbers(network):
            over = self._denominator(part)
            flat = [number * over for number in np.array(numbers, dtype=object).flat if number is not None]
            if any(number.denominator != 1 for number in flat):
                return False
            own = np.array(flat, dtype=np.int64)
            if part not in slots:
                fixed = self.fixed[part]
                if fixed is not None and own.tolist() != fixed.ravel().tolist():
                    return False
                continue
            slot = slots[part]
            drawn = own.reshape(slot.entries, -1)
            choices = slot.choices.reshape(len(slot.choices), -1).tolist()
            if any(entry not in choices for entry in drawn.tolist()):
                return False
        return True

    def _denominator(self, part: Part) -> int:
        return int(getattr(self.denominators, part[0]))

    def batch(self, draws: Draws, count: int, depth: int | None = None) -> Batch:
        """Networks with drawn numbers.

        Args:
            draws: Parts that don't vary may be missing.
            count: How many networks.
            depth: Only the first so many layers, the last of them without its activation, and no loss.
        """
        layers = self.network.layers[:depth]
        part = depth is not None

        def numerators(name: str, layer: int = 0) -> Any:
            own = draws.get((name, layer))
            if own is not None:
                return own
            fixed = self.fixed[name, layer]
            return None if fixed is None else np.broadcast_to(fixed, (count, *fixed.shape))

        activations = [layer.activation for layer in layers]
        parameters = [layer.parameter for layer in layers]
        return Batch(
            weights=tuple(numerators("weights", layer.index) for layer in layers),
            biases=tuple(numerators("biases", layer.index) for layer in layers),
            inputs=numerators("inputs"),
            targets=None if part else numerators("targets"),
            activations=tuple([*activations[:-1], "identity"] if part else activations),
            loss="sum" if part else self.network.loss_name,
            denominators=self.denominators,
            parameters=tuple([*parameters[:-1], None] if part else parameters),
            reduction=self.network.reduction,
            l2=Fraction(0) if part else self.network.l2,
        )


def _entries(numbers: Integers, place: Any) -> Iterator[int]:
    """Those of one unit; a shared bias is the same for all."""
    yield from map(int, np.ravel(numbers[place] if numbers.ndim else numbers))


def space(exercise: Exercise) -> Space:
    """The space of an exercise that says what varies."""
    network = build(exercise)
    vary = exercise.vary
    assert vary is not None
    over = _denominators(network, vary)
    slots: dict[Part, Slot] = {}
    fixed: dict[Part, Integers | None] = {}
    for part, numbers, name in _numbers(network):
        choices, denominator = getattr(vary, name), getattr(over, part[0])
        own = None if numbers is None else _numerators(numbers, denominator)
        if own is None or choices is None:
            fixed[part] = own
        elif choices == "class":
            classes = np.eye(own.shape[-1], dtype=np.int64) * denominator
            slots[part] = Slot(part, own.shape, classes, own.shape[0])
        else:
            slots[part] = Slot(part, own.shape, _numerators(choices, denominator), own.size)
    last = len(network.layers) - 1
    stages: list[list[Slot]] = [[] for _ in network.layers]
    for (name, layer), slot in slots.items():
        stages[last if name == "targets" else layer].append(slot)
    return Space(network, tuple(map(tuple, stages)), fixed, over)


def _numbers(network: Network) -> Iterator[tuple[Part, Any, str]]:
    """Each part of a network, its numbers, and its name in `vary`."""
    yield ("inputs", 0), network.inputs, "input"
    yield ("targets", 0), network.targets, "target"
    for layer in network.layers:
        oriented = layer.weights if network.row_convention else tuple(zip(*layer.weights, strict=True))
        yield ("weights", layer.index), oriented, "weights"
        yield ("biases", layer.index), layer.bias, "bias"


def _denominators(network: Network, vary: Any) -> Denominators:
    def common(numbers: Sequence[Any], choices: Any) -> int:
        drawn = () if choices in (None, "class") else choices
        flat = [number for part in numbers for number in np.array(part, dtype=object).flat]
        return lcm(1, *(number.denominator for number in [*flat, *drawn]))

    biases = [layer.bias for layer in network.layers if layer.bias is not None]
    return Denominators(
        weights=common([layer.weights for layer in network.layers], vary.weights),
        biases=common(biases, vary.bias),
        inputs=common([network.inputs], vary.input),
        targets=common([network.targets or ()], vary.target),
    )


def _numerators(numbers: Any, denominator: int) -> Integers:
    array = np.array(numbers, dtype=object)
    whole = [int(number * denominator) for number in array.flat]
    return np.array(whole, dtype=np.int64).reshape(array.shape)
