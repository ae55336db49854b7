"""Numbers as students write them."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive.classroom.grading.reading import read

NUMBERS = {
    "3": 3, " -0.25 ": Fraction(-1, 4), "\u22120,5": Fraction(-1, 2), "\uff13\uff0e\uff15": Fraction(7, 2),
    "1/3": Fraction(1, 3), " - 1 / 3 ": Fraction(-1, 3), "1e-3": Fraction(1, 1000), "2E+2": 200,
    "3.2 \u00d7 10^-4": Fraction(32, 100000), "3.2x10^{-4}": Fraction(32, 100000), "10^-3": Fraction(1, 1000),
    "-10**3": -1000, "1,234.5": Fraction(2469, 2), "1.234,5": Fraction(2469, 2), "1,234,567": 1234567,
    "\u0663": 3, "'-3": -3, "+5": 5, "\u20133": -3, "3.": 3, ".5": Fraction(1, 2), "\u00a07\u200b": 7,
    "-0": 0, "0.0": 0, "1\u20442": Fraction(1, 2), "1e400": 10**400, "\ufeff4": 4,
}  # fmt: skip
REFUSED = {
    "": "blank", "   ": "blank", "-": "blank", "?": "blank", "N/A": "blank", "\u200b": "blank",
    "nan": "not_finite", "-inf": "not_finite", "Infinity": "not_finite", "\u221e": "not_finite",
    "1e500": "out_of_range", "1e-999": "out_of_range", "=1+1": "formula", '=HYPERLINK("x")': "formula",
    "@SUM(A1)": "formula", "-A1": "formula", "--3": "not_a_number", "1/0": "not_a_number",
    "1 234": "not_a_number", "10\u00b2": "not_a_number", "1_000": "not_a_number", "0x10": "not_a_number",
    "three": "not_a_number", "1,2,3": "not_a_number", "9" * 300: "too_long", "1" * 10**7: "too_long",
    "__import__('os')": "not_a_number", "\0": "not_a_number", "\ud800": "not_a_number",
}  # fmt: skip


@pytest.mark.parametrize("text", NUMBERS)
def test_numbers(text: str) -> None:
    assert read(text).number == NUMBERS[text]
    assert not read(text).trouble


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: repr(text[:12]))
def test_what_is_no_number(text: str) -> None:
    found = read(text)
    assert (found.number, found.trouble) == (None, REFUSED[text])
    assert len(found.text) <= 24


@given(
    st.integers(-10**9, 10**9), st.integers(0, 12), st.sampled_from("-\u2212\u2013\uff0d"),
    st.sampled_from(".,\uff0e\uff0c"), st.booleans(),
)  # fmt: skip
def test_decimals_in_any_spelling(digits: int, places: int, minus: str, point: str, wide: bool) -> None:
    number = Decimal(digits).scaleb(-places)
    text = f"{number:f}".replace("-", minus).replace(".", point)
    if wide:
        text = text.translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)})
    assert read(text).number == Fraction(number)


@pytest.mark.parametrize(
    ("text", "unit", "digits"),
    [("24", None, 2), ("0.050", Fraction(1, 1000), 2), ("1.50e-3", Fraction(1, 100000), 3), ("1/3", None, 0)],
)
def test_how_precisely_it_is_written(text: str, unit: Fraction | None, digits: int) -> None:
    assert (read(text).unit, read(text).digits) == (unit, digits)
