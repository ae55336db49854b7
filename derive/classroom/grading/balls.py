"""Intervals that a hand computation can be run over: what is possible when steps were rounded.

The numbers are flint's balls, whose arithmetic rounds outwards, so every interval holds what it should.
"""

from collections.abc import Callable
from decimal import Context, Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import arb, fmpq

Array = npt.NDArray[Any]

PRECISION = 128  # bits; the intervals of rounded steps are far wider than their own rounding
_NOTHING = Fraction(1, 2**64)  # of the terms of a sum: a ball around zero that is smaller is zero
_HUGE, _TINY = arb(2) ** 4000, arb(2) ** -4000
_ANYTHING = arb(2) ** 900  # the radius of an interval about which nothing is known
_DIGITS = 40
_WIDE = Context(prec=2 * _DIGITS)


def ball(number: Fraction) -> arb:
    """A rational as a ball."""
    return arb(rational(number))


def rational(number: Fraction) -> fmpq:
    """A rational as flint has it."""
    return fmpq(*number.as_integer_ratio())


def around(number: Fraction, reach: Fraction) -> arb:
    """All numbers that are no further from one than so much."""
    return ball(number) + arb(0, arb(rational(reach)).abs_upper())


def hull(low: arb, high: arb) -> arb:
    """The smallest ball that holds both."""
    return low.union(high)


def decided(ball: arb) -> arb:
    """A ball that holds zero, cut to the side that its middle is on: rounding alone changes no sign."""
    if not ball.contains(0) or ball.mid() == 0:
        return ball
    return hull(_TINY, ball.upper()) if ball.mid() > 0 else hull(ball.lower(), -_TINY)


def end(ball: arb, upper: bool) -> Decimal:
    """An end of an interval, outwards to some forty digits; infinite or zero where it is beyond reach.

    Huge and tiny numbers are not written out: their exponents alone would fill the memory.
    """
    bound = ball.upper() if upper else ball.lower()
    if not bound.is_finite() or bound.abs_upper() > _HUGE:
        return Decimal("Infinity") if upper else Decimal("-Infinity")
    if bound.abs_upper() < _TINY:
        return Decimal(0)
    middle, radius, exponent = (int(part) for part in bound.mid_rad_10exp(_DIGITS))
    return Decimal(middle + radius if upper else middle - radius).scaleb(exponent, _WIDE)


def meet(one: arb, other: arb) -> arb | None:
    """What two intervals have in common; None where it is nothing."""
    return one.intersection(other) if one.overlaps(other) else None


def holds(interval: arb, number: Fraction) -> bool:
    """Whether a number lies in an interval; an interval that holds anything holds nothing."""
    tells = interval.is_finite() and interval.rad() < _ANYTHING
    return bool(tells and interval.contains(rational(number)))


def entries(array: Any) -> list[arb]:
    """The entries of an array, or a single number, as balls."""
    return [arb(entry) for entry in np.asarray(array, dtype=object).flat]


def mapped(function: Callable[..., Any], *arrays: Any) -> Array:
    """An array of what a function says about the entries of arrays of one shape."""
    laid = [np.asarray(array, dtype=object) for array in arrays]
    found = np.empty(laid[0].size, dtype=object)
    found[:] = [function(*row) for row in zip(*(array.flat for array in laid), strict=True)]
    return found.reshape(laid[0].shape)


def flags(function: Callable[..., bool], *arrays: Any) -> npt.NDArray[np.bool_]:
    """Which entries of arrays of one shape a function says yes to."""
    return mapped(function, *arrays).astype(bool)


def largest(intervals: Array) -> arb:
    """Upper bound of the magnitudes in an array; zero for an empty one."""
    return max((entry.abs_upper() for entry in entries(intervals)), default=arb(0))


def size(intervals: Array) -> arb:
    """The largest magnitude among the middles of the intervals."""
    return max((abs(entry.mid()) for entry in entries(intervals)), default=arb(0))


def known(array: Array) -> bool:
    """Whether every entry is finite."""
    return all(entry.is_finite() for entry in entries(array))


def over(function: Callable[[arb], arb]) -> Callable[[Any], Array]:
    """A function of balls, for arrays of them."""
    return lambda array: mapped(lambda entry: function(arb(entry)), array)


def _settle(sums: Array, terms: Array) -> Array:
    """Sums, with those that are nothing but the rounding of their terms as zero."""
    share = rational(_NOTHING)

    def settled(total: Any, terms: Any) -> arb:
        ball = arb(total)
        return arb(0) if ball.contains(0) and ball.abs_upper() <= (arb(terms) * share).abs_upper() else ball

    return mapped(settled, sums, terms)


_PLAIN = {
    "floor": over(arb.floor),
    "sqrt": lambda x: arb(x).sqrt(),
    "pi": arb.pi(),
    "maximum": np.maximum,
    "minimum": np.minimum,
    "where": np.where,
    "settle": _settle,
    "read": ball,
    "dtype": object,
}


def _log(x: arb) -> arb:
    """The natural logarithm; as good as minus infinity at zero, so that zero times it is zero."""
    if not x.contains(0) or x.is_nan():
        return x.log()
    bottom = arb(-2) ** 1001
    return hull(bottom, x.upper().log()) if x.upper() > 0 else bottom


def numbers(rounded: Callable[[arb], arb]) -> SimpleNamespace:
    """The number system of hand computations in which values of functions are rounded.

    Args:
        rounded: From a value to all that may be gone on with in its place.
    """

    def function(name: str) -> Callable[[Any], Any]:
        return over(lambda x: rounded(getattr(x, name)()))

    exp = function("exp")
    log = over(lambda x: rounded(_log(x)))

    def softmax(z: Array) -> Array:
        """Row by row, in the form in which no number comes twice: its intervals are as narrow as can be."""
        powers = exp(z)
        shares = np.empty(z.shape, dtype=object)
        for row, unit in np.ndindex(*z.shape):
            others = [powers[row, j] / powers[row, unit] for j in range(z.shape[1]) if j != unit]
            shares[row, unit] = 1 / sum(others, arb(1))
        return shares

    return SimpleNamespace(
        exp=exp,
        log=log,
        softmax=softmax,
        **{name: function(name) for name in ("expm1", "log1p", "tanh", "erf")},
        **_PLAIN,
    )
