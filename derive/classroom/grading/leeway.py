"""How far from the right number an answer may be, and why.

Where students are told to round to so many digits, a hand may round at every step, so what is accepted is
every number that this can lead to: intervals go through the computation and are widened where a step may be
rounded. Otherwise steps may be rounded as in single precision, and a relative error is accepted at the end.
"""

from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from math import inf, isfinite, nextafter
from types import SimpleNamespace

from flint import arb

from derive.classroom.grading import balls
from derive.classroom.grading.reading import Written
from derive.exercise.model import Exercise

SINGLE = Fraction(1, 2**24)  # of the largest entry: what single precision can't see beside it
_FEWEST = 2  # digits that an answer needs to count as a rounded one
_HALF = Fraction(1, 2)
_SINGLE_DIGITS = 7
_FLOAT_ERRORS = 1e-15
_SINGLE_ROUNDING = arb(1, arb(2) ** -24)


class Leeway:
    """What is accepted.

    Attributes:
        digits: Significant digits that students round to; None where they aren't told.
        tolerance: The relative error that is accepted where they aren't.
    """

    def __init__(self, digits: int | None, tolerance: Fraction) -> None:
        """Keep both."""
        self.digits, self.tolerance = digits, tolerance

    @classmethod
    def of(cls, exercise: Exercise) -> "Leeway":
        """That of an exercise."""
        return cls(exercise.rounding, exercise.grading.tolerance)

    @cached_property
    def numbers(self) -> SimpleNamespace:
        """The number system in which the values of functions are rounded, if anything is."""
        return balls.numbers(self.by_hand)

    def by_hand(self, value: arb) -> arb:
        """What a hand goes on with after a step: its result, or that rounded."""
        if self.digits is None:
            return value if _is_short(value, _SINGLE_DIGITS) else value * _SINGLE_ROUNDING
        return _or_rounded(value, self.digits)

    def accepted(self, value: arb, largest: arb) -> arb:
        """What is accepted for an entry: where students round, its roundings to as many digits or more.

        Args:
            value: What follows from the steps before.
            largest: Magnitude of the largest entry of the quantity.
        """
        if self.digits is None:
            near = value * (1 + arb(0, balls.ball(self.tolerance)))
        else:
            near = _or_rounded(value, self.digits)
        return near + arb(0, (largest * balls.ball(SINGLE)).abs_upper())

    def meant(self, written: Written) -> arb:
        """The numbers that a student may have gone on with who wrote this one."""
        assert written.number is not None
        number, is_fraction = written.number, written.unit is None and written.digits == 0
        if number == 0 or is_fraction:
            return balls.ball(number)
        if self.digits is not None:
            last = Fraction(10) ** (_leading(number) + 1 - self.digits)
            return balls.around(number, _HALF * min(last, written.unit or last))
        if written.unit is None:
            return balls.ball(number)
        reach = max(min(_HALF * written.unit, self.tolerance * abs(number)), 4 * SINGLE * abs(number))
        return balls.around(number, reach)

    def is_coarse(self, written: Written, value: arb) -> bool:
        """Whether this is the value, rounded to as many digits as were written, but to no fewer than two."""
        if written.number is None or written.unit is None or written.digits < _FEWEST:
            return False
        return bool(balls.around(written.number, _HALF * written.unit).overlaps(value))


def _or_rounded(value: arb, digits: int) -> arb:
    """A result, or that rounded to so many digits or more.

    Rounding is monotone, so the rounded ends of an interval are the ends of all that is rounded. At a tie
    either neighbour may be meant.
    """
    if _is_short(value, digits):
        return value
    low, high = nextafter(float(value.lower()), -inf), nextafter(float(value.upper()), inf)
    if not (isfinite(low) and isfinite(high)) or (low < 0 < high) != value.contains(0):
        return value  # beyond what floats reach; rounding moves no number to the other side of zero
    down, up = _rounded(low, digits), _rounded(high, digits)
    if down == up and max(up - low, high - down) <= _FLOAT_ERRORS * abs(up):
        return value  # it has no more digits
    further = 0.5 * 10.0 ** -(digits + 1)  # what rounding to two digits more can change
    least = min(down, _rounded(low, digits + 1), low - further * abs(low))
    most = max(up, _rounded(high, digits + 1), high + further * abs(high))
    return balls.hull(arb(nextafter(least, -inf)), arb(nextafter(most, inf)))


def _is_short(value: arb, digits: int) -> bool:
    """Whether it is a whole number that rounding leaves as it is."""
    return bool(value.is_integer() and value.abs_upper() < arb(10) ** digits)


def _rounded(end: float, digits: int) -> float:
    """To so many significant digits. The ends were moved outwards, so at ties it goes outwards too."""
    return float(f"{end:.{digits - 1}e}")


def _leading(number: Fraction) -> int:
    """The power of ten of the first significant digit."""
    return (Decimal(number.numerator) / Decimal(number.denominator)).adjusted()
