"""The numbers that a hand computation can be run over: floats and closed forms.

Each number system is a namespace of functions over NumPy arrays, the one that the tables' `array` columns
are handed. `FLOATS` takes batches of any size; `exact` works on arrays of dtype object. `settle` and
`softmax` are None in a system that needs none of its own.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import wraps
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import arb, fmpq

from derive.engine import closed, jacobians

Array = npt.NDArray[Any]
Function = Callable[[Any], Any]

_SETTLED = 1e-14  # of the terms of a sum: what is left below it is their rounding


def _settle(z: Array, terms: Array) -> Array:
    """Sums, with those that are nothing but the rounding of their terms as zero."""
    return np.where(abs(z) <= _SETTLED * terms, 0, z)


FLOATS = SimpleNamespace(
    **vars(jacobians.FLOAT64) | {"settle": _settle}, floor=np.floor, softmax=None, dtype=float
)


class UndecidedSignError(ArithmeticError):
    """A ball that holds zero: its side of a kink can't be told at this precision."""


def _entry_by_entry(operator: Callable[[Any, Any], "Exact"]) -> Callable[[Any, Any], "Exact"]:
    """With an array on its right an operator leaves the work to NumPy."""

    @wraps(operator)
    def applied(left: "Exact", right: Any) -> "Exact":
        return NotImplemented if isinstance(right, np.ndarray) else operator(left, right)

    return applied


class Exact:
    """A rational, a closed form or a ball of the exact engine, with the operators that Python has.

    Zero and the side of a kink are decided, never guessed.
    """

    __slots__ = ("number",)

    def __init__(self, number: closed.Number) -> None:
        """Take an `fmpq`, `Closed`, `Logarithm` or `arb`."""
        self.number = number

    @_entry_by_entry
    def __add__(self, other: Any) -> "Exact":
        """Sum."""
        return Exact(self.number + _plain(other))

    __radd__ = __add__

    def __neg__(self) -> "Exact":
        """The negative."""
        return Exact(-self.number)

    @_entry_by_entry
    def __sub__(self, other: Any) -> "Exact":
        """Difference."""
        return self + -_wrapped(other)

    @_entry_by_entry
    def __rsub__(self, other: Any) -> "Exact":
        """Difference."""
        return _wrapped(other) - self

    @_entry_by_entry
    def __mul__(self, other: Any) -> "Exact":
        """Product."""
        return Exact(self.number * _plain(other))

    __rmul__ = __mul__

    @_entry_by_entry
    def __truediv__(self, other: Any) -> "Exact":
        """Quotient."""
        divisor = _plain(other)
        closed_form = isinstance(divisor, closed.Closed | closed.Logarithm)
        return Exact(self.number * (divisor.inverse() if closed_form else 1 / divisor))

    @_entry_by_entry
    def __rtruediv__(self, other: Any) -> "Exact":
        """Quotient."""
        return _wrapped(other) / self

    def __pow__(self, exponent: int) -> "Exact":
        """A positive whole power."""
        return self if exponent == 1 else self * self ** (exponent - 1)

    def __abs__(self) -> "Exact":
        """The magnitude."""
        return -self if self.sign() < 0 else self

    def __gt__(self, other: Any) -> bool:
        """Whether it is larger."""
        return bool((self - other).sign() > 0)

    def __ge__(self, other: Any) -> bool:
        """Whether it is not smaller."""
        return bool((self - other).sign() >= 0)

    def __lt__(self, other: Any) -> bool:
        """Whether it is smaller."""
        return bool((self - other).sign() < 0)

    def __le__(self, other: Any) -> bool:
        """Whether it is not larger."""
        return bool((self - other).sign() <= 0)

    def sign(self) -> int:
        """-1, 0 or 1.

        Raises:
            UndecidedSignError: It is known by a ball alone, and the ball holds zero.
        """
        if isinstance(self.number, fmpq):
            return (self.number > 0) - (self.number < 0)
        ball = closed.as_ball(self.number)
        if ball.contains(0):
            raise UndecidedSignError
        return 1 if ball > 0 else -1

    def floor(self) -> "Exact":
        """The largest whole number that isn't larger.

        Raises:
            UndecidedSignError: A ball that holds a whole number.
        """
        if isinstance(self.number, fmpq):
            return Exact(fmpq(self.number.floor()))
        whole = closed.as_ball(self.number).floor().unique_fmpz()
        if whole is None:
            raise UndecidedSignError
        return Exact(fmpq(whole))


def _plain(number: Any) -> closed.Number:
    if isinstance(number, Exact):
        return number.number
    if isinstance(number, Fraction):
        return fmpq(*number.as_integer_ratio())
    return fmpq(int(number))


def _wrapped(number: Any) -> Exact:
    return number if isinstance(number, Exact) else Exact(_plain(number))


def _over(function: Function) -> Function:
    return np.vectorize(lambda x: Exact(function(_plain(x))), otypes=[object])


def _erf(x: closed.Number) -> closed.Number:
    return fmpq(0) if isinstance(x, fmpq) and x == 0 else closed.as_ball(x).erf()


def exact(closed_forms: bool = True) -> SimpleNamespace:
    """The numbers of the exact engine; balls are as wide as flint's precision at the time makes them.

    Args:
        closed_forms: Keep quotients and logarithms of exponentials as such; else they become balls.
    """
    exp: Function = closed.exponential if closed_forms else lambda x: arb(x).exp()
    log: Function = closed.natural_log if closed_forms else lambda x: arb(x).log()
    return SimpleNamespace(
        exp=_over(exp),
        expm1=_over(lambda x: exp(x) - 1),
        log=_over(log),
        log1p=_over(lambda x: log(1 + x)),
        tanh=_over(lambda x: closed.as_ball(x).tanh()),
        erf=_over(_erf),
        floor=_over(lambda x: Exact(x).floor().number),
        settle=None,
        softmax=None,
        maximum=np.maximum,
        minimum=np.minimum,
        where=np.where,
        pi=Exact(arb.pi()),
        sqrt=lambda x: Exact(closed.as_ball(_plain(x)).sqrt()),
        read=lambda number: Exact(_plain(number)),
        dtype=object,
    )


def read(numbers: Any, xp: Any) -> Array:
    """Fractions in any nesting as an array of numbers of a system."""
    array = np.array(numbers, dtype=object)
    entries = np.empty(array.size, dtype=xp.dtype)
    for place, number in enumerate(array.flat):
        entries[place] = xp.read(number)
    return entries.reshape(array.shape)
