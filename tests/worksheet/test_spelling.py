"""How numbers are written: short and exact where that can be, rounded half to even otherwise."""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Any

import pytest
from flint import arb, fmpq
from hypothesis import assume, example, given
from hypothesis import strategies as st

from derive.engine.closed import exponential, natural_log
from derive.engine.values import Value, value_of
from derive.exercise import literals
from derive.worksheet import spelling
from derive.worksheet.spelling import Factor, Speller, bracketed, decimal, grouped, product
from tests.worksheet.reading import entries, read, with_precision

FRACTIONS = st.fractions(max_denominator=10**7) | st.builds(
    Fraction, st.integers(-(10**9), 10**9), st.sampled_from((1, 2, 4, 5, 8, 10, 100, 1000, 10**6))
)
DECIMALS = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent),
    st.integers(-(10**12), 10**12) | st.integers(-(10**39), 10**39),
    st.integers(-60, 25),
)


def number(text: Any) -> Value:
    found = value_of(fmpq(*Fraction(text).as_integer_ratio()), 40)
    assert found is not None
    return found


def value(closed: Any) -> Value:
    found = value_of(closed, 40)
    assert found is not None
    return found


def plain(latex: str) -> Fraction:
    """A decimal that a person would read: with a power of ten where there is one."""
    mantissa, _, power = latex.partition(r" \times 10^{")
    return Fraction(mantissa.replace(r"\,", "")) * Fraction(10) ** int(power.rstrip("}") or 0)


def written(fraction: Fraction) -> str:
    return Speller(decimals=True, digits=6).fraction(fraction)


@given(DECIMALS, st.integers(1, 36))
@example(Decimal("0.5"), 1)
@example(Decimal("2.5"), 1)
@example(Decimal("3.5"), 1)
@example(Decimal("9.9995"), 4)
@example(Decimal("999999.5"), 6)
def test_decimals_are_rounded_half_to_even(exact: Decimal, digits: int) -> None:
    rounded = Context(prec=digits, rounding=ROUND_HALF_EVEN).plus(exact)
    assert plain(decimal(exact, digits)) == Fraction(rounded)
    assert plain(decimal(exact, digits, padded=False)) == Fraction(rounded)


@given(DECIMALS, st.integers(2, 20))
def test_a_rounded_decimal_shows_its_digits(exact: Decimal, digits: int) -> None:
    assume(exact != 0)
    mantissa = decimal(exact, digits).partition(r" \times")[0]
    shown = mantissa.lstrip("-0.").replace(".", "")
    assert len(shown) == digits or (len(shown) <= 7 and "." not in mantissa)


@pytest.mark.parametrize(
    ("exact", "digits", "latex"),
    [
        ("0", 6, "0"),
        ("1", 6, "1.00000"),
        ("-0.25", 6, "-0.250000"),
        ("36.00000000000000023", 6, "36.0000"),
        ("0.00001234567", 6, "0.0000123457"),
        ("0.000001234567", 6, r"1.23457 \times 10^{-6}"),
        ("2.319522830243569e-16", 6, r"2.31952 \times 10^{-16}"),
        ("999999.5", 6, "1000000"),
        ("1234567", 6, "1234570"),
        ("12345678", 6, r"1.23457 \times 10^{7}"),
        ("-4.311231547115195e15", 6, r"-4.31123 \times 10^{15}"),
        ("1e-9999", 3, r"1.00 \times 10^{-9999}"),
    ],
)
def test_decimals(exact: str, digits: int, latex: str) -> None:
    assert decimal(Decimal(exact), digits) == latex


@pytest.mark.parametrize(
    ("exact", "digits", "latex"),
    [
        ("36.00000000000000023195228302435691", 30, r"36.00000\,00000\,00000\,23195\,22830\,244"),
        ("-5.5", 30, "-5.5"),
        ("0.1234567", 30, r"0.12345\,67"),
        ("1.23456789e-20", 9, r"1.23456\,789 \times 10^{-20}"),
        ("7", 30, "7"),
        # Rounded once, to 30 digits, and not again to the 28 of Python's own default.
        (
            "1.249507402180199107312742437498814747678e-9",
            30,
            r"1.24950\,74021\,80199\,10731\,27424\,3750 \times 10^{-9}",
        ),
    ],
)
def test_long_decimals_are_grouped(exact: str, digits: int, latex: str) -> None:
    assert grouped(Decimal(exact), digits) == latex
    assert plain(latex) == Fraction(Context(prec=digits).plus(Decimal(exact)))


@pytest.mark.parametrize(
    "text", ["0.123456789012345", "-3.14159265358979", "1.41421356237", f"0.{'123456789' * 9}5"]
)
def test_a_given_decimal_of_many_digits_stays_a_decimal(text: str) -> None:
    assert written(Fraction(text)) == text


def test_no_digit_of_a_given_number_is_lost() -> None:
    """A hundred digits before the point and one behind it."""
    number = Fraction(10**100 + 7) + Fraction(1, 2)
    with with_precision():
        (found,) = entries(read(written(number)))
        assert abs(found - fmpq(number.numerator, number.denominator)) < arb(10) ** -30


@given(FRACTIONS)
def test_given_numbers_are_written_exactly(fraction: Fraction) -> None:
    with with_precision():
        for decimals in (True, False):
            (found,) = entries(read(Speller(decimals, 6).fraction(fraction)))
            assert found.overlaps(number(fraction).closed + 0 * found)
            assert found.is_exact() or fraction.denominator > 1


@pytest.mark.parametrize(
    ("fraction", "decimals", "otherwise"),
    [
        ("1/2", "0.5", r"\tfrac{1}{2}"),
        ("-3/4", "-0.75", r"-\tfrac{3}{4}"),
        ("1/3", r"\tfrac{1}{3}", r"\tfrac{1}{3}"),
        ("-22/7", r"-\tfrac{22}{7}", r"-\tfrac{22}{7}"),
        ("15/100", "0.15", r"\tfrac{3}{20}"),
        ("5", "5", "5"),
        ("-12", "-12", "-12"),
        ("123456789/1000000000", "0.123456789", "0.123456789"),
    ],
)
def test_fractions_and_decimals(fraction: str, decimals: str, otherwise: str) -> None:
    assert Speller(True, 6).fraction(Fraction(fraction)) == decimals
    assert Speller(False, 6).fraction(Fraction(fraction)) == otherwise


@given(FRACTIONS)
def test_a_rational_is_exact_or_rounded_and_says_so(fraction: Fraction) -> None:
    shown = Speller(decimals=False, digits=6).rational(fraction)
    assert shown.relation == ("=" if shown.exact else r"\approx")
    with with_precision():
        (found,) = entries(read(shown.latex, rounded=None if shown.exact else 6))
        assert found.overlaps(number(fraction).closed + 0 * found)


@pytest.mark.parametrize(
    ("numbers", "decimals"),
    [
        (["0.15", "0.2"], True),
        (["1/2", "1/4"], False),
        (["1/3"], False),
        (["1/10", "1/3"], True),
        (["1/8"], False),
        (["1/16"], False),
        (["3", "-2"], False),
    ],
)
def test_which_exercises_are_ones_of_decimals(numbers: list[str], decimals: bool) -> None:
    assert literals.prefers_decimals(map(Fraction, numbers)) is decimals


C = exponential(fmpq(-36))


def scaled(multiples: list[list[int]], base: Any) -> list[list[Value]]:
    return [[value(base * multiple if multiple else fmpq(0)) for multiple in line] for line in multiples]


def test_a_common_factor_stands_before_the_matrix() -> None:
    base = (fmpq(1) + C).inverse()
    speller = Speller(False, 6)
    shown = speller.matrix(scaled([[6, -6], [0, 0]], base))
    assert shown.latex == r"\frac{1}{1 + e^{-36}} \begin{pmatrix} 6 & -6 \\ 0 & 0 \end{pmatrix}"
    named = Speller(False, 6, Factor(base, "c"))
    shown = named.matrix(scaled([[24, 0], [6, 0]], base))
    assert (shown.latex, shown.exact, shown.named) == (
        r"c \begin{pmatrix} 24 & 0 \\ 6 & 0 \end{pmatrix}",
        True,
        True,
    )
    halves = named.matrix([[value(base * fmpq(1, 2)), value(base * fmpq(-3, 4))]])
    assert halves.latex == r"c \begin{pmatrix} \tfrac{1}{2} & -\tfrac{3}{4} \end{pmatrix}"


def test_without_a_common_factor_entries_stand_alone_or_are_rounded() -> None:
    speller = Speller(False, 6)
    different = [[value(C), value(exponential(fmpq(1))), value(fmpq(3))]]
    assert speller.matrix(different).latex == r"\begin{pmatrix} e^{-36} & e^{1} & 3 \end{pmatrix}"
    assert speller.rounded_matrix(different).latex == (
        r"\begin{pmatrix} 2.31952 \times 10^{-16} & 2.71828 & 3 \end{pmatrix}"
    )
    assert speller.matrix([different[0] * 12]).exact is False


def test_a_sum_before_a_matrix_is_in_brackets() -> None:
    base = fmpq(2) + C + exponential(fmpq(-1, 3))
    shown = Speller(False, 6).matrix(scaled([[1, 2]], base))
    assert shown.latex == r"\left(2 + e^{-1/3} + e^{-36}\right) \begin{pmatrix} 1 & 2 \end{pmatrix}"


def test_a_single_entry_is_no_matrix() -> None:
    log = value(natural_log(fmpq(1) + C) + fmpq(36))
    assert Speller(False, 6).matrix([[log]]).latex == r"36 + \log\left(1 + e^{-36}\right)"
    assert Speller(False, 6).matrix([[number(0)]]).latex == "0"


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        ("3", "3"),
        ("-3", r"\left(-3\right)"),
        ("a + b", r"\left(a + b\right)"),
        (r"2 \times 10^{3}", r"\left(2 \times 10^{3}\right)"),
        (r"\frac{1}{1 + e^{-36}}", r"\frac{1}{1 + e^{-36}}"),
        (r"\begin{pmatrix} -1 & 2 - 1 \end{pmatrix}", r"\begin{pmatrix} -1 & 2 - 1 \end{pmatrix}"),
        (r"(1 + e)^2", r"(1 + e)^2"),
    ],
)
def test_brackets(latex: str, expected: str) -> None:
    assert bracketed(latex) == expected


@given(FRACTIONS.filter(lambda x: x.denominator < 10**3), FRACTIONS.filter(lambda x: x.denominator < 10**3))
def test_a_product_is_read_as_one(first: Fraction, second: Fraction) -> None:
    with with_precision():
        (found,) = entries(read(product(written(first), written(second))))
        assert found.overlaps(number(first * second).closed + 0 * found)


PARTS = ("3", "-2", "a", r"\tfrac{1}{2}", "1 - a", "-b + a", r"2 \times 10^{-3}", r"\frac{1 - a}{b}")


@pytest.mark.parametrize("first", PARTS)
@pytest.mark.parametrize("second", PARTS)
def test_a_product_of_parts_is_read_as_one(first: str, second: str) -> None:
    with with_precision():
        symbols = {"a": read("0.37"), "b": read("5")}
        assert read(product(first, second), symbols).overlaps(read(first, symbols) * read(second, symbols))


@pytest.mark.parametrize(
    ("relative", "shown"),
    [(None, r"\text{-}"), (0.0, "0"), (1.234e-17, r"1.2 \times 10^{-17}"), (0.5, "0.50")],
)
def test_errors(relative: float | None, shown: str) -> None:
    assert spelling.error(relative) == shown
