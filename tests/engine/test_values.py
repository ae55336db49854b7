"""What is printed is the number: rounded half even, spelled so that SymPy reads the same one back."""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Any

import mpmath as mp
import pytest
import sympy as sp
from flint import arb, ctx, fmpq
from hypothesis import example, given, settings
from hypothesis import strategies as st

from derive.engine import closed, values
from derive.engine.exponentials import ONE, terms
from derive.engine.values import LATEX, PLAIN, Value, ball_decimal, rational_decimal, spell, value_of

RATIONALS = st.builds(fmpq, st.integers(-(10**12), 10**12), st.integers(1, 10**9))
SMALL = st.builds(fmpq, st.integers(-6, 6), st.integers(1, 4))
SUMS = st.lists(st.tuples(SMALL, SMALL), min_size=1, max_size=3).map(terms).filter(bool)
POSITIVE = st.lists(st.tuples(SMALL, SMALL.map(abs)), min_size=1, max_size=3).map(terms).filter(bool)


def fraction(number: Any) -> Fraction:
    return Fraction(int(number.p), int(number.q))


def rounded(text: str, digits: int) -> Decimal:
    return Context(prec=digits, rounding=ROUND_HALF_EVEN).create_decimal(text)


def logistic(z: int) -> Any:
    return (closed.exponential(fmpq(-z)) + fmpq(1)).inverse()


@settings(deadline=None)
@given(RATIONALS, st.integers(1, 60))
@example(fmpq(5, 2), 1)
@example(fmpq(7, 2), 1)
@example(fmpq(-25, 1000), 1)
@example(fmpq(0), 5)
def test_rationals_round_half_even(number: fmpq, digits: int) -> None:
    ours = rational_decimal(number, digits)
    exact = fraction(number)
    unit = Fraction(10) ** (ours.adjusted() - digits + 1)
    assert abs(Fraction(ours) - exact) <= unit / 2
    if abs(Fraction(ours) - exact) == unit / 2:
        assert ours.as_tuple().digits[-1] % 2 == 0
    assert len(ours.as_tuple().digits) <= digits


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [
        (fmpq(1, 4), 40, "0.25"),
        (fmpq(36), 40, "36"),
        (fmpq(1, 3), 5, "0.33333"),
        (fmpq(2, 3), 5, "0.66667"),
        (fmpq(0), 40, "0"),
        (fmpq(25, 2), 2, "12"),
        (fmpq(27, 2), 2, "14"),
    ],
)
def test_what_terminates_is_printed_in_full(number: fmpq, digits: int, text: str) -> None:
    assert str(rational_decimal(number, digits)) == text


@settings(deadline=None)
@given(st.integers(-(10**30), 10**30), st.integers(-40, 40), st.integers(5, 80))
def test_balls_are_rounded_as_their_numbers_are(mantissa: int, exponent: int, digits: int) -> None:
    """The square root of a random number: irrational, so never a tie."""
    with mp.workdps(200), ctx.workprec(600):
        number = 3 + mp.mpf(abs(mantissa)) * mp.mpf(2) ** exponent
        if mp.sqrt(number) == mp.floor(mp.sqrt(number)):
            number += mp.mpf(1) / 3
        ball = arb(mp.nstr(number, 190)).sqrt()
        ours = ball_decimal(ball, digits)
        expected = rounded(mp.nstr(mp.sqrt(number), 150), digits)
    assert ours == expected


def test_a_ball_that_is_too_wide_is_not_rounded() -> None:
    assert ball_decimal(arb(1, 1e-6), 10) is None
    assert ball_decimal(arb(1.25, 1e-30), 2) is None  # a tie somewhere inside
    assert ball_decimal(arb(0, 1e-30), 10) is None
    assert ball_decimal(arb("nan"), 10) is None
    assert ball_decimal(arb(2, 1e-30), 10) == 2


@pytest.mark.parametrize("exponent", [10**3, 10**6, 10**10, 10**12])
def test_no_exponent_makes_a_zero(exponent: int) -> None:
    """A tiny number is a tiny number; nothing underflows to a proven zero."""
    with ctx.workprec(300):
        value = value_of(arb(-exponent).exp(), 20)
    assert value is not None
    assert not value.is_zero
    assert value.decimal.adjusted() == int(mp.floor(-exponent * mp.log10(mp.e)))


def test_an_exponent_that_nothing_can_hold_is_said() -> None:
    with ctx.workprec(300), pytest.raises(OverflowError):
        value_of(arb(-(10**30)).exp(), 20)


@settings(max_examples=60, deadline=None)
@given(SUMS, POSITIVE)
def test_closed_forms_have_certified_digits(top: Any, bottom: Any) -> None:
    number = closed.quotient(top, bottom)
    value = value_of(number, 40)
    assert value is not None
    with mp.workdps(120):
        upper, lower = (
            mp.fsum(mp.mpf(int(c.p)) / int(c.q) * mp.exp(mp.mpf(int(e.p)) / int(e.q)) for e, c in part)
            for part in (top, bottom)
        )
        expected = rounded(mp.nstr(upper / lower, 100), 40)
    assert value.decimal == expected


def test_cancellation_costs_no_digits() -> None:
    value = value_of(closed.exponential(fmpq(1, 10**300)) + fmpq(-1), 40)
    assert value is not None
    assert str(value.decimal) == "1.000000000000000000000000000000000000000E-300"


def test_a_form_that_no_precision_settles_is_given_up() -> None:
    """The sum log 2 + log 3 - log 6 is zero, which comparing coefficients does not see."""
    parts = [closed.natural_log(fmpq(2)), closed.natural_log(fmpq(3)), -closed.natural_log(fmpq(6))]
    assert value_of(parts[0] + parts[1] + parts[2], 40) is None


@settings(max_examples=60, deadline=None)
@given(SUMS, POSITIVE, SMALL, st.sampled_from(("quotient", "log", "rational")))
def test_sympy_reads_the_same_number_back(top: Any, bottom: Any, factor: fmpq, kind: str) -> None:
    number = {
        "quotient": lambda: closed.quotient(top, bottom),
        "log": lambda: closed.natural_log(closed.quotient(bottom, ONE)) * factor + factor,
        "rational": lambda: factor,
    }[kind]()
    text = spell(number, PLAIN)
    value = value_of(number, 40)
    assert value is not None
    parsed = sp.sympify(text)  # a test may: the text is the program's own
    assert not parsed.has(sp.Float)
    if value.is_zero:
        assert parsed == 0
    else:
        assert rounded(str(sp.N(parsed, 60)), 40) == value.decimal


MIXED = "-(1 + 2*exp(-1))/(2*(1 + exp(-1)))", r"-\frac{1 + 2\,e^{-1}}{2\,(1 + e^{-1})}"
LOSS = "36 + log(1 + exp(-36))", r"36 + \log\left(1 + e^{-36}\right)"


@pytest.mark.parametrize(
    ("number", "plain", "latex"),
    [
        (fmpq(0), "0", "0"),
        (fmpq(-3, 4), "-3/4", r"-\frac{3}{4}"),
        (logistic(36) * fmpq(24), "24/(1 + exp(-36))", r"\frac{24}{1 + e^{-36}}"),
        (logistic(36) * fmpq(-24), "-24/(1 + exp(-36))", r"-\frac{24}{1 + e^{-36}}"),
        (closed.exponential(fmpq(1, 3)), "exp(1/3)", "e^{1/3}"),
        (-closed.exponential(fmpq(-5)) * fmpq(2), "-2*exp(-5)", r"-2\,e^{-5}"),
        (closed.natural_log(fmpq(2)), "log(2)", r"\log\left(2\right)"),
        (-closed.natural_log(logistic(36)) + fmpq(36), *LOSS),
        (logistic(1) * logistic(1), "1/(1 + exp(-1))**2", r"\frac{1}{(1 + e^{-1})^2}"),
        (logistic(1) * fmpq(1, 3), "1/(3*(1 + exp(-1)))", r"\frac{1}{3\,(1 + e^{-1})}"),
        (logistic(1) * logistic(1) * fmpq(-2, 3), "-2/(3*(1 + exp(-1))**2)", r"-\frac{2}{3\,(1 + e^{-1})^2}"),
        (logistic(1) * fmpq(1, 2) + fmpq(-1), MIXED[0], MIXED[1]),
    ],
)
def test_spelling(number: Any, plain: str, latex: str) -> None:
    value = value_of(number, 40)
    assert value is not None
    assert value.exact() == plain
    assert value.latex() == latex
    assert sp.sympify(plain) is not None


def test_a_long_form_is_not_worth_printing() -> None:
    value = value_of(closed.quotient(terms((fmpq(k, 7), fmpq(k + 1)) for k in range(12)), ONE), 40)
    assert value is not None
    assert len(spell(value.closed, PLAIN)) > values.LONGEST
    assert value.exact() is None
    assert value.latex() is None


def test_a_value_and_its_roundings() -> None:
    value = value_of(fmpq(1, 8), 40)
    assert value == Value(fmpq(1, 8), Decimal("0.125"))
    assert value is not None
    assert value.fraction == value.rational == Fraction(1, 8)
    assert value.rounded(2) == Decimal("0.12")
    irrational = value_of(closed.exponential(fmpq(1)), 40)
    assert irrational is not None
    assert irrational.rational is None
    assert irrational.fraction == Fraction(irrational.decimal)
    ball = value_of(arb(2).sqrt(), 10)
    assert ball is not None
    assert (ball.closed, ball.exact(), ball.latex()) == (None, None, None)
    zero = value_of(arb(0), 10)
    assert zero is not None
    assert zero.is_zero
    assert zero.exact() == "0"


def test_a_tie_that_the_decimal_hides_is_none() -> None:
    """The decimal has forty digits; the number lies above the tie, by what it has lost."""
    number = fmpq(1, 8) + fmpq(1, 10**60)
    value = value_of(number, 40)
    assert value is not None
    assert value.decimal == Decimal("0.125")
    assert value.rounded(2) == Decimal("0.13")


def test_spellings_agree_on_what_they_spell() -> None:
    assert set(vars(PLAIN)) == set(vars(LATEX))
