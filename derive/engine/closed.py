"""Closed forms in which zero is decidable: quotients of sums of c exp(r), with rational c and r.

Softmax and sigmoid of rational logits live here, and so does everything that rational
back-propagation makes of them. Distinct rational exponents are linearly independent over the
rationals (Lindemann-Weierstrass), so a sum is zero exactly when all its coefficients are: zero and
equality are decided by comparing coefficients, without a tolerance and without simplification.

Numbers mix freely: `fmpq` (a rational), `Closed`, `Logarithm` (a rational plus multiples of
logarithms of such sums; a cross-entropy is one) and `arb` (a ball, when a form has grown too large
or an operation leads out of the field).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flint import arb, fmpq

from derive.engine.exponentials import ONE, Terms, ball_of, content, product, scaled, terms

Number = Any  # fmpq | Closed | Logarithm | arb

LARGEST = 64  # terms in a numerator or denominator, above which a form is no longer worth its keep


@dataclass(frozen=True)
class Closed:
    """numerator / denominator, never a rational number; made by `quotient` alone.

    Attributes:
        numerator: Sum of c exp(r).
        denominator: The same, its largest exponent 0, its coefficients coprime integers.
    """

    numerator: Terms
    denominator: Terms

    def ball(self) -> arb:
        """The value as a ball at flint's current precision."""
        return ball_of(self.numerator) / ball_of(self.denominator)

    def __neg__(self) -> "Closed":
        """The negative."""
        return Closed(scaled(self.numerator, fmpq(-1), fmpq(0)), self.denominator)

    def __add__(self, other: Number) -> Number:
        """Sum with any number."""
        if isinstance(other, arb):
            return self.ball() + other
        if isinstance(other, Logarithm):
            return self.ball() + other.ball()
        right = _as_closed(other)
        if right.denominator == self.denominator:
            return quotient(terms((*self.numerator, *right.numerator)), self.denominator)
        if len(self.denominator) * len(right.denominator) > LARGEST:
            return self.ball() + right.ball()
        return quotient(
            terms(
                (
                    *product(self.numerator, right.denominator),
                    *product(right.numerator, self.denominator),
                )
            ),
            product(self.denominator, right.denominator),
        )

    __radd__ = __add__

    def __sub__(self, other: Number) -> Number:
        """Difference with any number."""
        return self + -other

    def __rsub__(self, other: Number) -> Number:
        """Difference with any number."""
        return -self + other

    def __mul__(self, other: Number) -> Number:
        """Product with any number."""
        if isinstance(other, arb):
            return self.ball() * other
        if isinstance(other, Logarithm):
            return self.ball() * other.ball()
        if not isinstance(other, Closed):  # a rational, which changes nothing below
            factor = fmpq(other)
            top = scaled(self.numerator, factor, fmpq(0))
            return Closed(top, self.denominator) if factor != 0 else factor
        if len(self.denominator) * len(other.denominator) > LARGEST:
            return self.ball() * other.ball()
        return quotient(
            product(self.numerator, other.numerator), product(self.denominator, other.denominator)
        )

    __rmul__ = __mul__

    def inverse(self) -> Number:
        """One over this."""
        return quotient(self.denominator, self.numerator)


@dataclass(frozen=True)
class Logarithm:
    """rational + sum of c log(u), each u a sum of exponentials; the c are rationals."""

    rational: fmpq
    logarithms: tuple[tuple[Terms, fmpq], ...]

    def ball(self) -> arb:
        """The value as a ball at flint's current precision."""
        return sum((c * ball_of(u).log() for u, c in self.logarithms), arb(self.rational))

    def __neg__(self) -> Number:
        """The negative."""
        return self * fmpq(-1)

    def __add__(self, other: Number) -> Number:
        """Sum with any number."""
        if isinstance(other, Closed | arb):
            return self.ball() + as_ball(other)
        if not isinstance(other, Logarithm):
            return Logarithm(self.rational + other, self.logarithms)
        return _merged(self.rational + other.rational, (*self.logarithms, *other.logarithms))

    __radd__ = __add__

    def __sub__(self, other: Number) -> Number:
        """Difference with any number."""
        return self + -other

    def __rsub__(self, other: Number) -> Number:
        """Difference with any number."""
        return -self + other

    def __mul__(self, other: Number) -> Number:
        """Product with any number; only rational factors stay in closed form."""
        if isinstance(other, Closed | Logarithm | arb):
            return self.ball() * as_ball(other)
        if other == 0:
            return fmpq(0)
        return Logarithm(self.rational * other, tuple((u, c * other) for u, c in self.logarithms))

    __rmul__ = __mul__

    def inverse(self) -> Number:
        """One over this, as a ball."""
        return 1 / self.ball()


def _as_closed(number: Number) -> Closed:
    """A rational as a quotient, for the arithmetic alone."""
    if isinstance(number, Closed):
        return number
    constant = fmpq(number)
    return Closed(((fmpq(0), constant),) if constant != 0 else (), ONE)


def as_ball(number: Number) -> arb:
    """Any number as a ball at flint's current precision."""
    if isinstance(number, Closed | Logarithm):
        return number.ball()
    return arb(number)


def height(number: Number) -> int:
    """Bits of the longest integer that a rational or a closed form is made of; 0 for a ball."""
    if isinstance(number, Closed):
        return max(max(height(e), height(c)) for e, c in (*number.numerator, *number.denominator))
    if isinstance(number, Logarithm):
        inner = [height(part) for u, factor in number.logarithms for pair in u for part in (*pair, factor)]
        return max(height(number.rational), *inner)
    return 0 if isinstance(number, arb) else int(fmpq(number).height_bits())


def quotient(numerator: Terms, denominator: Terms) -> Number:
    """The quotient in normal form: a rational if it is one, a ball if it has grown too large.

    Raises:
        ZeroDivisionError: The denominator is zero.
    """
    if not denominator:
        raise ZeroDivisionError
    if not numerator:
        return fmpq(0)
    if len(numerator) == len(denominator):
        factor = numerator[0][1] / denominator[0][1]
        shift = numerator[0][0] - denominator[0][0]
        if shift == 0 and scaled(denominator, factor, shift) == numerator:
            return factor
        if scaled(denominator, factor, shift) == numerator:
            return Closed(((shift, factor),), ONE)
    if max(len(numerator), len(denominator)) > LARGEST:
        return ball_of(numerator) / ball_of(denominator)
    shift = -denominator[0][0]
    common = content(denominator)
    return Closed(scaled(numerator, 1 / common, shift), scaled(denominator, 1 / common, shift))


def exponential(exponent: Number) -> Number:
    """The exponential of any number: closed for a rational exponent."""
    if isinstance(exponent, Closed | Logarithm | arb):
        return as_ball(exponent).exp()
    if exponent == 0:
        return fmpq(1)
    return Closed(((fmpq(exponent), fmpq(1)),), ONE)


def natural_log(number: Number) -> Number:
    """The logarithm of any number: closed for a rational or a quotient of exponentials."""
    if isinstance(number, arb | Logarithm):
        return as_ball(number).log()
    closed = _as_closed(number)
    if len(closed.numerator) == 0:
        return arb(0).log()
    return logarithm(fmpq(0), ((closed.numerator, fmpq(1)), (closed.denominator, fmpq(-1))))


def logarithm(rational: fmpq, logarithms: Iterable[tuple[Terms, fmpq]]) -> Number:
    """Normal form: the largest power taken out of each logarithm, equal ones merged."""
    parts: list[tuple[Terms, fmpq]] = []
    for sum_, factor in logarithms:
        exponent = sum_[0][0]
        rational = rational + exponent * factor
        factored = content(sum_) if len(sum_) > 1 else sum_[0][1]
        for rest in (scaled(sum_, 1 / factored, -exponent), ((fmpq(0), factored),)):
            if rest != ONE:
                parts.append((rest, factor))
    return _merged(rational, parts)


def _merged(rational: fmpq, parts: Iterable[tuple[Terms, fmpq]]) -> Number:
    """A rational plus multiples of logarithms in normal form, equal ones put together."""
    merged: dict[Terms, fmpq] = {}
    for sum_, factor in parts:
        merged[sum_] = merged.get(sum_, fmpq(0)) + factor
    kept = tuple((u, c) for u, c in merged.items() if c != 0)
    return Logarithm(rational, kept) if kept else rational


def proportion(numbers: Iterable[Number]) -> tuple[Closed, Mapping[int, fmpq]] | None:
    """The common factor c of numbers that are all rational multiples of it, with the multiples.

    Returns:
        c, scaled so that its first coefficient is 1, and the multiple of each number by its position;
        None where there is no irrational closed form among them or no common factor.
    """
    numbers = list(numbers)
    first = next((number for number in numbers if isinstance(number, Closed)), None)
    if first is None:
        return None
    leading = content(first.numerator)
    factor = Closed(scaled(first.numerator, 1 / leading, fmpq(0)), first.denominator)
    multiples: dict[int, fmpq] = {}
    for position, number in enumerate(numbers):
        if isinstance(number, Closed):
            ratio = number * factor.inverse()
            if isinstance(ratio, Closed | arb):
                return None
            multiples[position] = fmpq(ratio)
        elif isinstance(number, fmpq) and number == 0:
            multiples[position] = fmpq(0)
        else:
            return None
    return factor, multiples
