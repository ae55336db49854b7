"""Numbers, vectors and matrices as LaTeX: exact where that is short, rounded (and said so) otherwise."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from derive.engine.closed import Closed, proportion
from derive.engine.values import LATEX, Value, rational_decimal, spell
from derive.exercise.literals import terminating
from derive.worksheet.fitting import fits

Rows = Sequence[Sequence[Value]] | npt.NDArray[np.object_]  # a matrix of values

LONGEST_DECIMAL = 10  # significant digits of a number that is written in full
LONGEST_FRACTION = 9  # digits of numerator and denominator together
LONGEST_ENTRY = 28  # characters of a closed form inside a matrix, and of all of them together
LONGEST_ENTRIES = 84
LONGEST_FACTOR = 44
FEWER_DIGITS = (4, 3)  # of the numbers in a matrix that is too wide


@dataclass(frozen=True)
class Shown:
    """LaTeX of something, whether it is exact or rounded, and whether a letter stands for part of it."""

    latex: str
    exact: bool
    named: bool = False

    @property
    def relation(self) -> str:
        """What stands before it."""
        return "=" if self.exact else r"\approx"

    @property
    def related(self) -> str:
        """With the relation before it."""
        return f"{self.relation} {self.latex}"


@dataclass(frozen=True)
class Factor:
    """An irrational number that many entries are rational multiples of, and the letter that stands for it."""

    number: Closed
    name: str

    @property
    def latex(self) -> str:
        """What the letter stands for."""
        return spell(self.number, LATEX)


@dataclass(frozen=True)
class Speller:
    """How numbers are written in one worksheet.

    Attributes:
        decimals: Whether fractions that terminate are written as decimals (0.15) or as fractions (1/2).
        digits: Significant digits of rounded numbers.
        factor: The common factor of the gradients, None where there is none.
        longest: Significant digits of a decimal that is written in full.
    """

    decimals: bool
    digits: int
    factor: Factor | None = None
    longest: int = LONGEST_DECIMAL

    def fraction(self, number: Fraction) -> str:
        """A given number, exactly: where fractions are decimals, so is one of many digits."""
        if (exact := self._exact_rational(number)) is not None:
            return exact
        full = terminating(number) if self.decimals and number.denominator > 1 else None
        return _fraction(number) if full is None else decimal(full, _digits(full), padded=False)

    def rational(self, number: Fraction) -> Shown:
        """A rational: in full where it is short enough, else rounded."""
        exact = self._exact_rational(number)
        if exact is not None:
            return Shown(exact, exact=True)
        return Shown(self.decimal(rational_decimal(_flint(number), self.digits)), exact=False)

    def value(self, value: Value) -> Shown:
        """A number: a rational in full, a short closed form, or rounded."""
        if value.is_zero:
            return Shown("0", exact=True)
        if value.rational is not None:
            return self.rational(value.rational)
        if (latex := value.latex()) is not None and len(value.exact() or "") <= LONGEST_FACTOR:
            return Shown(latex, exact=True)
        return self.rounded(value)

    def rounded(self, value: Value) -> Shown:
        """A number as a decimal."""
        if value.is_zero:
            return Shown("0", exact=True)
        if value.rational is not None:
            return self.rational(value.rational)
        return Shown(self.decimal(value.decimal), exact=False)

    def decimal(self, number: Decimal) -> str:
        """A decimal, rounded to the digits that are shown."""
        return decimal(number, self.digits)

    def matrix(self, rows: Rows) -> Shown:
        """A matrix; a common factor stands before it."""
        if len(rows) == 1 == len(rows[0]):
            return self.value(rows[0][0])
        entries = [value for row in rows for value in row]
        if any(value.rational is None for value in entries):
            if factored := self._factored(rows, entries):
                return factored
            spelled = [value.exact() for value in entries]
            lengths = [len(text) for text in spelled if text is not None]
            long = max(lengths, default=0) > LONGEST_ENTRY or sum(lengths) > LONGEST_ENTRIES
            if None in spelled or long:
                return self.rounded_matrix(rows)
        return self.shortened(lambda speller: speller._laid(rows, speller.value))

    def rounded_matrix(self, rows: Rows) -> Shown:
        """A matrix of decimals, of fewer digits where it would be too wide."""
        return self.shortened(lambda speller: speller._laid(rows, speller.rounded))

    def shortened(self, how: Callable[["Speller"], Shown]) -> Shown:
        """What is spelled with all digits, or with fewer where it would be too wide for a line."""
        shown = how(self)
        for digits in FEWER_DIGITS:
            if fits(shown.latex):
                break
            if digits < self.digits:
                shown = how(replace(self, digits=digits, longest=digits + 1))
        return shown

    def _laid(self, rows: Rows, how: Any) -> Shown:
        shown = [[how(value) for value in row] for row in rows]
        return Shown(
            matrix([[entry.latex for entry in row] for row in shown]),
            all(entry.exact for row in shown for entry in row),
        )

    def _factored(self, rows: Rows, entries: Sequence[Value]) -> Shown | None:
        found = proportion(value.closed for value in entries)
        if found is None:
            return None
        number, multiples = found
        name = ""
        if self.factor is not None and not isinstance(ratio := number * self.factor.number.inverse(), Closed):
            name, scale = self.factor.name, Fraction(int(ratio.p), int(ratio.q))
        elif sum(not value.is_zero for value in entries) > 1:
            name, scale = spell(number, LATEX), Fraction(1)
        if not name or len(name) > 2 * LONGEST_FACTOR:
            return None
        numbers = iter([scale * Fraction(int(m.p), int(m.q)) for _, m in sorted(multiples.items())])
        shown = [[self.rational(next(numbers)) for _ in row] for row in rows]
        laid = matrix([[entry.latex for entry in row] for row in shown])
        exact = all(entry.exact for row in shown for entry in row)
        whole = rf"\left({name}\right)" if _has_outside(name, (" + ", " - ")) else name
        return Shown(f"{whole} {laid}", exact, named=self.factor is not None and name == self.factor.name)

    def _exact_rational(self, number: Fraction) -> str | None:
        """A rational in full, None where that is too long."""
        if number.denominator == 1 and len(str(number.numerator)) <= self.longest + 2:
            return str(number.numerator)
        exact = terminating(number)
        if exact is not None and _digits(exact) > self.longest:
            exact = None
        if exact is not None and self.decimals:
            return decimal(exact, self.longest, padded=False)
        if len(str(abs(number.numerator))) + len(str(number.denominator)) <= LONGEST_FRACTION:
            return _fraction(number)
        return None if exact is None else decimal(exact, self.longest, padded=False)


def _flint(number: Fraction) -> Any:
    from flint import fmpq

    return fmpq(number.numerator, number.denominator)


def _fraction(number: Fraction) -> str:
    if number.denominator == 1:
        return str(number.numerator)
    sign = "-" if number < 0 else ""
    return rf"{sign}\tfrac{{{abs(number.numerator)}}}{{{number.denominator}}}"


def _digits(number: Decimal) -> int:
    return len(number.as_tuple().digits)


def decimal(number: Decimal, digits: int, *, padded: bool = True) -> str:
    """A decimal as LaTeX: fixed where that is readable, else with a power of ten.

    Args:
        number: Any number.
        digits: Significant digits, rounded half even.
        padded: Whether a rounded number keeps its trailing zeros, which say how exact it is.
    """
    rounded = Context(prec=digits, rounding=ROUND_HALF_EVEN).plus(number)
    if rounded.is_zero():
        return "0"
    exponent = rounded.adjusted()
    if padded:
        rounded = rounded.quantize(Decimal(1).scaleb(exponent - digits + 1), context=Context(prec=digits + 5))
    if -5 <= exponent < max(digits, 7):
        return f"{rounded:f}"
    mantissa = rounded.scaleb(-exponent, context=Context(prec=digits))
    return rf"{mantissa:f} \times 10^{{{exponent}}}"


def grouped(number: Decimal, digits: int) -> str:
    r"""A decimal of many digits with thin spaces, `36.00000\,00000\,00000\,23195`."""
    text = decimal(number, digits, padded=False)
    mantissa, times, power = text.partition(r" \times")
    whole, point, rest = mantissa.partition(".")
    parts = [rest[start : start + 5] for start in range(0, len(rest), 5)]
    return whole + point + r"\,".join(parts) + times + power


def error(number: float | None) -> str:
    """A relative error or a count of ulps, to two digits."""
    if number is None:
        return r"\text{-}"
    if number == 0:
        return "0"
    return decimal(Decimal(number), 2)


def matrix(rows: Sequence[Sequence[str]]) -> str:
    """Entries as a matrix in round brackets; a single entry stands alone."""
    if len(rows) == 1 == len(rows[0]):
        return rows[0][0]
    return r"\begin{pmatrix} " + r" \\ ".join(" & ".join(row) for row in rows) + r" \end{pmatrix}"


def bracketed(latex: str) -> str:
    """What stands behind an operator: in brackets where it begins with a sign or has several parts."""
    in_parts = latex.startswith("-") or _has_outside(latex, (" + ", " - ", r"\times"))
    return rf"\left({latex}\right)" if in_parts else latex


def product(first: str, second: str) -> str:
    """Two factors, each in brackets where it would fall apart; a dot before brackets and digits."""
    left = rf"\left({first}\right)" if _has_outside(first, (" + ", " - ")) else first
    in_parts = second.startswith("-") or _has_outside(second, (" + ", " - ", r"\otimes"))
    right = rf"\left({second}\right)" if in_parts else second
    return left + (r" \cdot " if right[0].isdigit() or right.startswith(r"\left") else r"\,") + right


def _has_outside(latex: str, signs: Sequence[str]) -> bool:
    """Whether one of the signs stands outside of all brackets, fractions and matrices."""
    depth = 0
    for token in re.findall(r"\\begin|\\end|\\o?times| [-+] |[{}()]", latex):
        if token in ("{", "(", r"\begin"):
            depth += 1
        elif token in ("}", ")", r"\end"):
            depth -= 1
        elif depth == 0 and token in signs:
            return True
    return False


def transposed(rows: Rows) -> list[list[Value]]:
    """Rows and columns exchanged."""
    return [list(column) for column in zip(*rows, strict=True)]
