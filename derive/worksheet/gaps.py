"""What a quiz asks of an exercise: every quantity that gives points, as a matrix of numbers to fill in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_UP, Context, Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from derive.classroom import misconceptions
from derive.classroom.grading.case import tolerances
from derive.classroom.rubric import rubric
from derive.engine.values import Value
from derive.render.quiz import SMALLEST, Fixed, Gap, Grid, WrongAnswer
from derive.worksheet import quantity
from derive.worksheet.sheet import Sheet
from derive.worksheet.spelling import decimal

MORE_DIGITS = 4  # of an answer than are asked for
LARGE = Decimal("0.1")  # beside an entry of this size, one that is too near to zero is printed
# Of the points, for the outcome of a usual mistake, where the exercise doesn't say: a quiz can't carry errors
# forward, so whoever makes one mistake would lose all that comes after it.
NAMED = Fraction(1, 2)
_TWO_DIGITS = Context(prec=2, rounding=ROUND_UP)
Place = tuple[int, ...]


def grids(sheet: Sheet, language: str) -> tuple[Grid, ...]:
    """The matrices to fill in, in the order in which the worksheet asks for them.

    Args:
        sheet: The exercise.
        language: Of the comments on wrong answers.
    """
    worth = rubric(sheet.exercise).points
    wrong = misconceptions.shown(sheet.solution, worth)
    accepted = tolerances(sheet.exercise)
    found = []
    for name, points in worth.items():
        showing = [one for one in wrong if name in one.values]
        comments = [(one.values[name], one.misconception.key[language]) for one in showing]
        found.append(_Asked(sheet, name, accepted[name], comments).grid(points))
    return tuple(found)


def printed(sheet: Sheet) -> bool:
    """Whether there are entries that are printed, because they are too near to zero to be typed."""
    return any(_Asked(sheet, name, None, ()).fixed for name in rubric(sheet.exercise).points)


def last_digit(number: Decimal, digits: int, largest: Decimal) -> Decimal:
    """A unit of the last digit of a number.

    Args:
        number: The number.
        digits: Its significant digits.
        largest: The largest entry of the quantity; its unit is taken for zero.
    """
    size = number or largest or Decimal(1)
    return Decimal(1).scaleb(size.adjusted() - digits + 1)


@dataclass(frozen=True)
class _Asked:
    """One quantity, what is accepted for it, and the wrong answers of usual mistakes with their comments."""

    sheet: Sheet
    name: str
    accepted: Any
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
        """How far an answer may be from a number of this quantity that was rounded on the way."""
        return last_digit(number, self.sheet.typed_digits, self.largest)

    def tolerance(self, place: Place) -> Decimal:
        """How far an answer may be from the right one: what grading accepts, and what rounding changes.

        Never as far as half the way to zero, even where rounding on the way can lead there.
        """
        answer, interval = self.rounded(self.values[place]), self.accepted[place]
        ends = [end.scaleb(self.scale) for end in (interval.low, interval.high) if end.is_finite()]
        rounding = self.spread(answer) / 2 if answer else Decimal(0)
        accepted = max((abs(end - answer) for end in ends), default=rounding)
        return _TWO_DIGITS.plus(max(rounding, min(accepted, abs(answer) / 2) if answer else accepted))

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
            tolerance=self.tolerance(place),
            points=points,
            wrong=tuple(self.wrong_answers(place, answer)),
        )

    def wrong_answers(self, place: Place, answer: Decimal) -> Iterator[WrongAnswer]:
        """The wrong numbers that can be told from the right one; those that coincide are one."""
        comments: dict[Decimal, list[str]] = {}
        spread, tolerance = self.spread, self.tolerance(place)
        for values, comment in self.wrong:
            number = self.rounded(values[place])
            if abs(number - answer) <= spread(number) + tolerance or _near_zero(number):
                continue
            near = (other for other in comments if abs(number - other) <= spread(number) + spread(other))
            comments.setdefault(next(near, number), []).append(comment)
        grading = self.sheet.exercise.grading
        named = grading.named if "named" in grading.model_fields_set else NAMED
        for number, found in comments.items():
            # Zero is the answer of whoever has none, so it earns nothing.
            share = round(named * 100) if number else 0
            yield WrongAnswer(number, self.spread(number), share, " / ".join(dict.fromkeys(found)))


def _near_zero(number: Decimal) -> bool:
    return number != 0 and abs(number) < SMALLEST
