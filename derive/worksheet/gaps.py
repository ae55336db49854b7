"""What a quiz asks of an exercise: every quantity that gives points, as a matrix of numbers to fill in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from derive.classroom import misconceptions, rubric
from derive.engine.values import Value
from derive.render.quiz import SMALLEST, Fixed, Gap, Grid, WrongAnswer
from derive.worksheet import quantity
from derive.worksheet.sheet import Sheet
from derive.worksheet.spelling import decimal

MORE_DIGITS = 4  # of an answer than are asked for
LARGE = Decimal("0.1")  # beside an entry of this size, one that is too near to zero is printed
SHARE = 50  # per cent of the points that the outcome of a usual mistake still earns
Place = tuple[int, ...]


def grids(sheet: Sheet, language: str) -> tuple[Grid, ...]:
    """The matrices to fill in, in the order in which the worksheet asks for them.

    Args:
        sheet: The exercise.
        language: Of the comments on wrong answers.
    """
    worth = _worth(sheet)
    wrong = misconceptions.shown(sheet.solution, worth)
    found = []
    for name, points in worth.items():
        showing = [one for one in wrong if name in one.values]
        comments = [(one.values[name], one.misconception.key[language]) for one in showing]
        found.append(_Asked(sheet, name, comments).grid(points))
    return tuple(found)


def printed(sheet: Sheet) -> bool:
    """Whether there are entries that are printed, because they are too near to zero to be typed."""
    return any(_Asked(sheet, name, ()).fixed for name in _worth(sheet))


def _worth(sheet: Sheet) -> Mapping[str, Fraction]:
    """The quantities that give points, and how many."""
    return {name: worth for name, worth in rubric.points(sheet.exercise).items() if worth > 0}


def tolerance(number: Decimal, digits: int, largest: Decimal) -> Decimal:
    """How far an answer may be off: a unit of the last digit that is asked for.

    Half of it is what rounding the answer changes; the other half is left for what was rounded before.

    Args:
        number: The answer.
        digits: Significant digits that are asked for.
        largest: The largest entry of the quantity; its unit is taken for an answer that is zero.
    """
    size = number or largest or Decimal(1)
    return Decimal(1).scaleb(size.adjusted() - digits + 1)


@dataclass(frozen=True)
class _Asked:
    """One quantity, and the wrong answers that usual mistakes lead to, each with its comment."""

    sheet: Sheet
    name: str
    wrong: Sequence[tuple[Any, str]]

    @cached_property
    def values(self) -> dict[Place, Value]:
        """The right numbers by their places."""
        array: Any = self.sheet.solution.values[self.name]
        return {place: array[place] for place in np.ndindex(array.shape)}

    @cached_property
    def scale(self) -> int:
        """The power of ten that lifts a quantity without a large entry to where it can be typed."""
        sizes = [abs(value.decimal) for value in self.values.values() if not value.is_zero]
        if not sizes or min(sizes) >= SMALLEST or max(sizes) >= LARGE:
            return 0
        return -max(sizes).adjusted()

    @cached_property
    def largest(self) -> Decimal:
        """The size of the largest entry."""
        return max(abs(self.rounded(value)) for value in self.values.values())

    @cached_property
    def fixed(self) -> frozenset[Place]:
        """The places of what is too near to zero to be typed."""
        return frozenset(place for place, value in self.values.items() if _near_zero(self.rounded(value)))

    def rounded(self, value: Value) -> Decimal:
        """A number as the quiz has it."""
        return value.rounded(self.sheet.typed_digits + MORE_DIGITS).scaleb(self.scale).normalize()

    def spread(self, number: Decimal) -> Decimal:
        """The tolerance of a number of this quantity."""
        return tolerance(number, self.sheet.typed_digits, self.largest)

    def same(self, number: Decimal, other: Decimal) -> bool:
        """Whether an answer might be meant for either of two numbers."""
        return abs(number - other) <= self.spread(number) + self.spread(other)

    def grid(self, points: Fraction) -> Grid:
        """The matrix to fill in."""
        cells = np.empty(self.sheet.solution.values[self.name].shape, dtype=object)
        share = points / (len(self.values) - len(self.fixed))
        for place, value in self.values.items():
            if place in self.fixed:
                cells[place] = Fixed(decimal(self.rounded(value), self.sheet.typed_digits))
            else:
                cells[place] = self.gap(place, share)
        label = quantity.symbol(self.sheet, self.name)
        return Grid(
            label=label if self.scale == 0 else rf"10^{{{self.scale}}} \cdot {label}",
            points=quantity.points(points),
            rows=tuple(map(tuple, quantity.laid(self.sheet, self.name, cells))),
        )

    def gap(self, place: Place, points: Fraction) -> Gap:
        """One entry."""
        answer = self.rounded(self.values[place])
        return Gap(
            name="-".join(map(str, (self.name, *place))),
            answer=answer,
            tolerance=self.spread(answer),
            points=points,
            wrong=tuple(self.wrong_answers(place, answer)),
        )

    def wrong_answers(self, place: Place, answer: Decimal) -> Iterator[WrongAnswer]:
        """The wrong numbers that can be told from the right one; those that coincide are one."""
        comments: dict[Decimal, list[str]] = {}
        for values, comment in self.wrong:
            number = self.rounded(values[place])
            if self.same(number, answer) or _near_zero(number):
                continue
            known = next((other for other in comments if self.same(number, other)), number)
            comments.setdefault(known, []).append(comment)
        for number, found in comments.items():
            # Zero is the answer of whoever has none, so it earns nothing.
            share = SHARE if number else 0
            yield WrongAnswer(number, self.spread(number), share, " / ".join(dict.fromkeys(found)))


def _near_zero(number: Decimal) -> bool:
    return number != 0 and abs(number) < SMALLEST
