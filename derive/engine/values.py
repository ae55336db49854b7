"""What the exact engine hands on: a number with its closed form, its digits, and how it is written."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

from flint import arb, ctx, fmpq, fmpz

from derive.engine.closed import Closed, Logarithm, Number, as_ball
from derive.engine.exponentials import ONE, Terms, scaled, square_root

LONGEST = 72  # characters of a closed form, above which it is not worth printing
DOUBLINGS = 10  # of the precision, for the digits of a closed form


@dataclass(frozen=True)
class Value:
    """One exact number.

    Attributes:
        closed: The number itself as a rational (`fmpq`), `Closed` or `Logarithm`; None where only its
            digits are known.
        decimal: Rounded half even to the digits asked for; exact where the number terminates sooner.
    """

    closed: Any
    decimal: Decimal

    @property
    def is_zero(self) -> bool:
        """Whether it is proven to be zero."""
        return self.decimal.is_zero()

    @cached_property
    def fraction(self) -> Fraction:
        """The number, or where it is irrational its decimal, for comparisons without rounding."""
        if isinstance(self.closed, fmpq):
            return Fraction(int(self.closed.p), int(self.closed.q))
        return Fraction(self.decimal)

    @property
    def rational(self) -> Fraction | None:
        """The number if it is known to be rational."""
        return self.fraction if isinstance(self.closed, fmpq) else None

    def exact(self) -> str | None:
        """The closed form as text that SymPy reads; None where there is none worth printing."""
        return self._exact

    @cached_property
    def _exact(self) -> str | None:
        if self.closed is None or _is_long(self.closed):
            return None
        text = spell(self.closed, PLAIN)
        return text if len(text) <= LONGEST else None

    def latex(self) -> str | None:
        """The closed form as LaTeX; None where there is none worth printing."""
        return None if self.exact() is None else spell(self.closed, LATEX)

    def rounded(self, digits: int) -> Decimal:
        """The number, rounded half even to fewer significant digits than its decimal has."""
        if isinstance(self.closed, fmpq):
            return rational_decimal(self.closed, digits)  # of which no digit is lost in between
        return Context(prec=digits, rounding=ROUND_HALF_EVEN).plus(self.decimal)


def _is_long(number: Number) -> bool:
    """Whether a number has more terms than fit, of which `exp(1) + ` is the shortest."""
    most = LONGEST // len("exp(1) + ") + 1
    if isinstance(number, Closed):
        # A denominator may be the square of a sum, which has far fewer terms.
        return len(number.numerator) > most or len(number.denominator) > most * (most + 1) // 2
    return isinstance(number, Logarithm) and any(len(sum_) > most for sum_, _ in number.logarithms)


def rational_decimal(number: fmpq, digits: int) -> Decimal:
    """A rational to `digits` significant digits, half even; in full where it terminates sooner."""
    return _rounding_to(digits).divide(Decimal(int(number.p)), Decimal(int(number.q)))


def ball_decimal(ball: arb, digits: int) -> Decimal | None:
    """The certified rounding of a ball: None where two numbers in it round differently.

    Raises:
        OverflowError: Its decimal exponent is beyond those that a Decimal has.
    """
    if not ball.is_finite() or ball.contains(0):
        return None
    middle, radius, exponent = (int(part) for part in ball.mid_rad_10exp(digits + 10))
    if not MIN_EMIN // 2 < exponent < MAX_EMAX // 2:
        raise OverflowError
    context = _rounding_to(digits)
    low, high = (context.scaleb(Decimal(end), exponent) for end in (middle - radius, middle + radius))
    return low if low == high else None


def _rounding_to(digits: int) -> Context:
    return Context(prec=digits, rounding=ROUND_HALF_EVEN, Emax=MAX_EMAX, Emin=MIN_EMIN)


def value_of(number: Number, digits: int) -> Value | None:
    """The value of any number; None where it is a ball that is still too wide.

    Raises:
        OverflowError: It is too large or too small to be written.
    """
    if isinstance(number, fmpq | int):
        return Value(fmpq(number), rational_decimal(fmpq(number), digits))
    if isinstance(number, arb):
        decimal = Decimal(0) if number.is_zero() else ball_decimal(number, digits)
        return None if decimal is None else Value(fmpq(0) if number.is_zero() else None, decimal)
    for doubling in range(DOUBLINGS):
        with ctx.workprec((4 * digits + 64) << doubling):
            decimal = ball_decimal(as_ball(number), digits)
        if decimal is not None:
            return Value(number, decimal)
    return None


@dataclass(frozen=True)
class Spelling:
    """How closed forms are written: SymPy's input or LaTeX."""

    power: str
    over: str
    times: str
    log: str
    rational: str
    square: str


PLAIN = Spelling(power="exp({})", over="{}/{}", times="*", log="log({})", rational="{}/{}", square="({})**2")
LATEX = Spelling(
    power="e^{{{}}}",
    over=r"\frac{{{}}}{{{}}}",
    times=r"\,",
    log=r"\log\left({}\right)",
    rational=r"\frac{{{}}}{{{}}}",
    square="({})^2",
)


def spell(number: Number, how: Spelling) -> str:
    """A rational, `Closed` or `Logarithm` written out."""
    if isinstance(number, Closed):
        return _sum(number.numerator, how) if number.denominator == ONE else _quotient(number, how)
    if isinstance(number, Logarithm):
        parts = [] if number.rational == 0 else [(number.rational, "")]
        parts += [(factor, how.log.format(_sum(sum_, how))) for sum_, factor in number.logarithms]
        return _signed(parts, how)
    return _signed([(fmpq(number), "")], how)


def _quotient(number: Closed, how: Spelling) -> str:
    """One fraction: rational factors of the numerator go below, a common sign before it."""
    sign = "-" if all(coefficient < 0 for _, coefficient in number.numerator) else ""
    below = fmpz(1)
    for _, coefficient in number.numerator:
        below = below.lcm(coefficient.q)
    top = _sum(scaled(number.numerator, fmpq(-below if sign else below), fmpq(0)), how)
    root = square_root(number.denominator)
    bottom = _sum(number.denominator, how) if root is None else how.square.format(_sum(root, how))
    if below != 1:
        bottom = f"{below}{how.times}" + (bottom if root else f"({bottom})")
    if how is PLAIN:
        top = f"({top})" if len(number.numerator) > 1 else top
        bottom = bottom if root and below == 1 else f"({bottom})"
    return sign + how.over.format(top, bottom)


def _sum(sum_: Terms, how: Spelling) -> str:
    powers = [(c, "" if e == 0 else how.power.format(_exponent(e, how))) for e, c in sum_]
    return _signed(powers, how)


def _exponent(exponent: fmpq, how: Spelling) -> str:
    if how is LATEX:
        return f"{exponent.p}" if exponent.q == 1 else f"{exponent.p}/{exponent.q}"
    return _signed([(exponent, "")], how)


def _signed(parts: Iterable[tuple[fmpq, str]], how: Spelling) -> str:
    """Terms with their signs between them; a factor 1 is left out before something."""
    text = ""
    for coefficient, rest in parts:
        size = abs(coefficient)
        number = str(size.p) if size.q == 1 else how.rational.format(size.p, size.q)
        body = number + how.times + rest if rest else number
        if rest and size == 1:
            body = rest
        if text:
            text += (" - " if coefficient < 0 else " + ") + body
        else:
            text = ("-" if coefficient < 0 else "") + body
    return text or "0"
