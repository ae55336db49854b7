"""What one student handed in, and how it becomes an array of cells for each quantity."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from derive.classroom.grading import nested, quantities
from derive.classroom.grading.balls import Array
from derive.classroom.grading.nested import NotNestedError
from derive.classroom.grading.quantities import Place, Vocabulary, within
from derive.classroom.grading.reading import BLANK, Written, read, refused
from derive.classroom.grading.troubles import Trouble

_MOST_TROUBLES = 20
_SAID_ALREADY = ("blank", "shape", "not_nested")
_MOST_ENTRIES, _DEEPEST = 10_000, 8
Shapes = Mapping[str, Place]


@dataclass(frozen=True)
class Cell:
    """One cell as it came.

    Attributes:
        name: What the student calls the quantity, perhaps with an index behind it.
        index: The index, where it came by itself; empty for none.
        value: Text, or lists of texts.
    """

    name: str
    index: str
    value: Any


@dataclass
class HandIn:
    """Everything that came from one student.

    Attributes:
        student: As the answers have it; empty where they have only a form id.
        form: The form id; may be empty.
        cells: In their order.
        troubles: What could not be read.
    """

    student: str
    form: str = ""
    cells: list[Cell] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)


class Sorter:
    """Sorts cells into the quantities of one exercise."""

    def __init__(self, vocabulary: Vocabulary, shapes: Shapes) -> None:
        """Take what quantities are called, and the shapes of all."""
        self.vocabulary, self.shapes = vocabulary, shapes
        self.transposes = not vocabulary.network.row_convention and vocabulary.network.rows > 1

    def sort(self, hand_in: HandIn) -> tuple[dict[str, Array], list[Trouble]]:
        """Arrays of `Written` in the shapes of the right answers, and what could not be read.

        Args:
            hand_in: Of one student. An entry that comes twice counts as it came last.
        """
        answers: dict[str, Array] = {}
        troubles = list(hand_in.troubles)
        for cell in hand_in.cells:
            troubles += self._take(cell, answers)
        for name, array in answers.items():
            troubles += self._unreadable(name, array)
        return answers, list(dict.fromkeys(troubles))[:_MOST_TROUBLES]

    def _take(self, cell: Cell, answers: dict[str, Array]) -> Iterator[Trouble]:
        """Put one cell where it belongs."""
        named = self.vocabulary.entry(cell.name)
        if named is None or named[0] not in self.shapes:
            if not _is_blank(cell.value):
                yield Trouble("unknown_quantity", found=cell.name)
            return
        name, place = named
        index = place if place is not None else quantities.place(cell.index)
        if index is None:
            yield Trouble("unknown_entry", name, cell.index)
        elif place is None and not cell.index.strip():
            yield from self._whole(name, cell.value, answers)
        elif (inner := within(index, self.shapes[name])) is None:
            yield Trouble("unknown_entry", name, f"[{','.join(map(str, index))}]")
        else:
            array = answers.setdefault(name, _blanks(self.shapes[name]))
            if array[inner] is not BLANK:
                yield Trouble("twice", spelled(name, inner))
            array[inner] = _leaf(cell.value)

    def _whole(self, name: str, value: Any, answers: dict[str, Array]) -> Iterator[Trouble]:
        """Put a whole quantity that stands in one cell."""
        if _is_blank(value):
            return
        if name in answers:
            yield Trouble("twice", name)
        shape = self.shapes[name]
        try:
            laid = nested.parse(value) if isinstance(value, str) and _is_several(value, shape) else value
        except NotNestedError:
            answers[name] = _refused(shape, "not_nested")
            yield Trouble("not_nested", name, str(value)[:100])
            return
        array, found = _array(laid)
        fitted = None if array is None else self._fitted(array, name)
        if fitted is None:
            answers[name] = _refused(shape, "shape")
            yield Trouble("shape", name, found, _shape(shape))
        else:
            answers[name] = fitted

    def _fitted(self, array: Array, name: str) -> Array | None:
        """An array in the shape of the right answer, if it is one of the usual layouts of it.

        A vector may be a row or a column, a matrix may be one row of all its entries, as the product of
        Jacobians has them; and in the column convention a batch may have a column for each example.
        """
        shape = self.shapes[name]
        if array.shape == shape:
            return array
        short, wanted = _squeezed(array.shape), _squeezed(shape)
        if short == wanted or (len(short) <= 1 and array.size == prod(shape)):
            return array.reshape(shape)
        per_row = not name.removeprefix("step.").startswith(("W_", "b_"))
        if self.transposes and per_row and array.T.shape == shape:
            return array.T
        return None

    def _unreadable(self, name: str, array: Array) -> Iterator[Trouble]:
        for place in np.ndindex(array.shape):
            written: Any = array[place]
            if written.trouble and written.trouble not in _SAID_ALREADY:
                yield Trouble(written.trouble, spelled(name, place), written.text)


def spelled(name: str, place: Place) -> str:
    """An entry as answer tables write it: `W_0[0,1]`."""
    return f"{name}[{','.join(map(str, place))}]" if place else name


def _leaf(value: Any) -> Written:
    return read(value) if isinstance(value, str) else refused("", "not_a_number")


def _is_blank(value: Any) -> bool:
    return not value or (isinstance(value, str) and read(value).is_blank)


def _is_several(text: str, shape: Place) -> bool:
    return prod(shape) > 1 or any(bracket in text[: nested.MOST] for bracket in "[(")


def _array(laid: Any) -> tuple[Array | None, str]:
    """Nested lists of texts as an array of cells, and the shape that was found, in words."""
    shape: list[int] = []
    level = laid
    while isinstance(level, list):
        shape.append(len(level))
        level = level[0] if level else None
    if prod(shape) > _MOST_ENTRIES or len(shape) > _DEEPEST:
        return None, _shape(tuple(shape[:_DEEPEST]))
    leaves = list(_leaves(laid, tuple(shape)))
    if None in leaves or 0 in shape:
        return None, _shape(tuple(shape)) + ("" if 0 in shape else " (?)")
    array = np.empty(len(leaves), dtype=object)
    array[:] = leaves
    return array.reshape(shape), _shape(tuple(shape))


def _leaves(laid: Any, shape: Place) -> Iterator[Written | None]:
    """The cells, None where the nesting is uneven."""
    if not shape:
        yield None if isinstance(laid, list) else _leaf(laid)
    elif not isinstance(laid, list) or len(laid) != shape[0]:
        yield None
    else:
        for part in laid:
            yield from _leaves(part, shape[1:])


def _squeezed(shape: Place) -> Place:
    return tuple(length for length in shape if length != 1)


def _shape(shape: Place) -> str:
    return "x".join(map(str, shape)) if shape else "1"


def _blanks(shape: Place) -> Array:
    return _filled(shape, BLANK)


def _refused(shape: Place, trouble: str) -> Array:
    return _filled(shape, refused("", trouble))


def _filled(shape: Place, written: Written) -> Array:
    array = np.empty(shape, dtype=object)
    array.fill(written)
    return array
