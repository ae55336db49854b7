"""Exact numbers from text."""

import contextlib
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive.exercise.literals import NumberError, parse, parse_integer


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("4", Fraction(4)),
        ("+4", Fraction(4)),
        ("-0.25", Fraction(-1, 4)),
        ("0.1", Fraction(1, 10)),
        ("1/3", Fraction(1, 3)),
        ("-6 / 4", Fraction(-3, 2)),
        ("1e-3", Fraction(1, 1000)),
        ("2.50E+2", Fraction(250)),
        (".5", Fraction(1, 2)),
        ("5.", Fraction(5)),
        (" 7 ", Fraction(7)),
        ("\N{MINUS SIGN}1/2", Fraction(-1, 2)),
        ("1e\N{MINUS SIGN}2", Fraction(1, 100)),
        ("1e400", Fraction(10) ** 400),
        ("007", Fraction(7)),
    ],
)
def test_exact(text: str, number: Fraction) -> None:
    assert parse(text) == number
    assert type(parse(text)) is Fraction


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "nan", ".nan", "inf", "-.inf", "Infinity", "true", "2026-01-02", "1:30", "0x1F", "0b1",
        "1_000", "1/0", "0/0", "1/2/3", "1.5/2", "1//2", "--1", "1e", "e1", "1e1.5", "1e401", "1e-401",
        "1e99999999999", "1,5", "1 000", "½", "٣", "\N{FULLWIDTH DIGIT ONE}", "2**3", "__import__('os')",
        "9" * 201, "1" + "0" * 10_000, "1\n2", "1/3\n4",
    ],
)  # fmt: skip
def test_refused(text: str) -> None:
    with pytest.raises(NumberError) as error:
        parse(text)
    assert error.value.what
    assert len(error.value.what) < 120


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("1e500", "400"),
        ("9" * 300, "200"),
        ("0,5", "0.5"),
        ("1/0", "zero"),
        ("", "missing"),
        ("nan", "finite"),
    ],
)
def test_says_what_the_limit_is(text: str, part: str) -> None:
    with pytest.raises(NumberError) as error:
        parse(text)
    assert part in f"{error.value.what} {error.value.why} {error.value.fix}"


@given(st.fractions(max_denominator=10**40))
def test_fractions_come_back(number: Fraction) -> None:
    assert parse(str(number)) == number


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30, places=12))
def test_decimals_are_not_rounded(number: object) -> None:
    assert parse(str(number)) == Fraction(str(number))


@given(st.text(max_size=300))
def test_nothing_else_escapes(text: str) -> None:
    with contextlib.suppress(NumberError):
        parse(text)


def test_integers() -> None:
    assert parse_integer("12") == 12
    assert parse_integer("4.0") == 4
    with pytest.raises(NumberError, match="whole"):
        parse_integer("1/2")
