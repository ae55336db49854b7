"""What students call a quantity and its entries: `h`, `W_0[0,1]`, `dl/dW_0`, `grad_W_0`, `s_1`."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cached_property
from math import prod

from derive.classroom.misconceptions import asked
from derive.network import Network

Place = tuple[int, ...]
_LONGEST = 80
_NOT_NEEDED = re.compile(r"[\s$\\{}]")
_ENTRY = re.compile(r"(?P<name>.+?)(?P<index>(?:\[[\d,;\s]*\]|\([\d,;\s]*\))+)")
_SUBSCRIPT = re.compile(r"(?P<name>.+?)_(?P<index>\d{1,4}(?:[_,]\d{1,4})?)")
_NUMBERS = re.compile(r"\d{1,6}")
_INDEX = re.compile(r"[\d\s,;\[\]()]*")


class Vocabulary:
    """The names of the quantities of a network."""

    def __init__(self, network: Network) -> None:
        """Learn the names that the network prints."""
        self.network = network

    @cached_property
    def _known(self) -> Mapping[str, str]:
        """Spelling -> quantity. What an exercise prints goes before what it is called in files."""
        found: dict[str, str] = {}
        for spelling, quantity in self._spellings():
            found.setdefault(_plain(spelling), quantity)
        return found

    def _spellings(self) -> Iterator[tuple[str, str]]:
        codes = self.network.symbols.identifiers()
        parameters = list(self.network.parameters())
        forward = [name for name in codes if name.startswith(("pre_activation", "output"))]
        for name in [*forward, "loss"]:
            yield codes[name], name
            yield name, name
        gradients = {name: name for name in parameters} | {"input": "input"}
        gradients |= {name: re.sub(r"_(\d+)$", r"_gradient_\1", name) for name in forward}
        for name, quantity in gradients.items():
            code = codes[name]
            for pattern in ("grad_{}", "d{}", "d{loss}_d{}", "d{loss}/d{}", "d{loss}d{}", "∂{loss}/∂{}"):
                yield pattern.format(code, loss=codes["loss"]), quantity
            yield quantity, quantity
        for name in parameters:
            yield codes[name], name
        yield "row_losses", "row_losses"
        for name in [*parameters, *forward, "loss"] if self.network.step is not None else []:
            for pattern in ("{}_new", "new_{}", "step_{}"):
                yield pattern.format(codes[name]), f"step.{name}"
            yield f"step.{name}", f"step.{name}"

    def quantity(self, text: str) -> str | None:
        """The quantity that a name stands for, None where it stands for none.

        Capital letters count only where a name would stand for two quantities without them.
        """
        plain = _plain(text)
        if plain in self._known:
            return self._known[plain]
        alike = {quantity for name, quantity in self._known.items() if name.lower() == plain.lower()}
        return alike.pop() if len(alike) == 1 else None

    def examples(self) -> list[str]:
        """What a column of each quantity may be called, as the exercise prints it."""
        first: dict[str, str] = {}
        for spelling, quantity in self._spellings():
            first.setdefault(quantity, spelling)
        return [first[name] for name in asked(self.network)]

    def entry(self, text: str) -> tuple[str, Place | None] | None:
        """The quantity and place that a column head such as `W_0[0,1]` or `s_1` names.

        Returns:
            The place is None where the head names none; None for no quantity.
        """
        plain = unicodedata.normalize("NFKC", text[: _LONGEST + 1]).strip()
        if whole := self.quantity(plain):
            return whole, None
        for pattern in (_ENTRY, _SUBSCRIPT):
            match = pattern.fullmatch(_NOT_NEEDED.sub("", plain))
            if match and (quantity := self.quantity(match["name"])):
                return quantity, _numbers(match["index"])
        return None

    @cached_property
    def codes(self) -> Mapping[str, tuple[str, ...]]:
        """Quantity -> the names of variables that a notebook may keep it in, the likeliest first.

        The plain name of a parameter is the parameter itself there.
        """
        given = {code for name, code in self.network.symbols.identifiers().items() if _is_given(name)}
        found: dict[str, list[str]] = {}
        for spelling, quantity in self._spellings():
            if spelling.isidentifier() and spelling not in given:
                found.setdefault(quantity, []).append(spelling)
        return {quantity: tuple(dict.fromkeys(names)) for quantity, names in found.items()}


def place(text: str) -> Place | None:
    """The place that an index such as `[0,1]`, `0 1` or `[0][1]` names; None where it is none."""
    plain = unicodedata.normalize("NFKC", text[: _LONGEST + 1])
    return _numbers(plain) if len(plain) <= _LONGEST and _INDEX.fullmatch(plain) else None


def within(named: Place, shape: Place) -> Place | None:
    """The place in an array that a student's index means, None for none.

    Axes of length one may be left out or written out; a vector's entries may be counted along it.
    """
    if len(named) == len(shape):
        return named if all(i < n for i, n in zip(named, shape, strict=True)) else None
    long_axes = [axis for axis, length in enumerate(shape) if length != 1]
    if len(named) > len(shape):
        extra = len(named) - len(shape)
        return within(named[extra:], shape) if not any(named[:extra]) else None
    if len(named) == len(long_axes):
        full = [0] * len(shape)
        for axis, i in zip(long_axes, named, strict=True):
            full[axis] = i
        return within(tuple(full), shape)
    if prod(shape) == 1 and not any(named):
        return (0,) * len(shape)
    return None


def _numbers(text: str) -> Place:
    return tuple(map(int, _NUMBERS.findall(text)))


def _plain(text: str) -> str:
    return _NOT_NEEDED.sub("", unicodedata.normalize("NFKC", text[: _LONGEST + 1])).removeprefix("'")


def _is_given(name: str) -> bool:
    return name.startswith(("W_", "b_")) or name in ("input", "target")
