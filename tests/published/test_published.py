"""Worked examples that others published: every printed digit is met, or it is known how it came about."""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from derive.cli import pipeline
from derive.engine.record import record
from tests.published.mistakes import MISTAKES
from tests.published.records import HERE, Record, load_all, table

RECORDS = load_all()
EXERCISES = sorted({one.exercise.resolve() for one in RECORDS})
MANY_DIGITS = Context(prec=60, rounding=ROUND_HALF_EVEN)

of_each_record = pytest.mark.parametrize("source", RECORDS, ids=lambda one: one.name)


@cache
def checked(exercise: Path) -> dict[str, Any]:
    """What `derive check --json` prints."""
    return record(pipeline.verify(pipeline.load(exercise), digits=40))


def entries(nested: Any) -> list[str]:
    return [text for part in nested for text in entries(part)] if isinstance(nested, list) else [nested]


def quantity(source: Record, path: str) -> list[Decimal]:
    """The entries of the quantity at a path, times the factor before it."""
    factor, _, steps = path.rpartition(" * ")
    found: Any = checked(source.exercise.resolve())
    for step in steps.split("."):
        found = found[int(step) if step.isdigit() else step]
    return [MANY_DIGITS.multiply(Decimal(factor or 1), Decimal(text)) for text in entries(found["decimal"])]


def prints_as(value: Decimal, printed: str) -> bool:
    """Whether a value, rounded to the digits that are printed, is what is printed."""
    return value.quantize(Decimal(printed), context=MANY_DIGITS) == Decimal(printed)


@of_each_record
def test_every_printed_digit_is_met_unless_it_is_known_as_a_misprint(source: Record) -> None:
    for figure in source.figures:
        value = quantity(source, figure.path)[figure.entry]
        assert prints_as(value, figure.printed) is not figure.misprint, (figure, value)


@of_each_record
def test_every_misprint_is_recomputed(source: Record) -> None:
    recomputed = MISTAKES[source.name]() if source.name in MISTAKES else {}
    assert set(recomputed) == set(source.reasons) == {one.path for one in source.figures if one.misprint}
    for path, values in recomputed.items():
        for figure, value in zip(source.misprints(path), values, strict=True):
            if isinstance(value, tuple):
                low, high = map(Decimal, value)
                assert low < Decimal(figure.printed) < high, (figure, value)
            else:
                assert prints_as(Decimal(value), figure.printed), (figure, value)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda path: path.stem)
def test_all_sources_agree(exercise: Path) -> None:
    found = checked(exercise)
    assert found["verified"]
    assert set(found["sources"].values()) == {"reference", "agrees"}


def test_the_examples_are_many_and_from_different_sources() -> None:
    assert len(EXERCISES) >= 15
    assert len({one.source["address"] for one in RECORDS}) == len(RECORDS)
    assert set(MISTAKES) <= {one.name for one in RECORDS}
    assert {path for path in HERE.glob("*.yaml") if "figures" not in path.name} <= set(EXERCISES)


@pytest.mark.parametrize(
    ("value", "printed", "met"),
    [
        ("0.12345", "0.123", True), ("0.1239", "0.123", False), ("-0.0004", "0.000", True),
        ("0.00017700554", "1.7701e-04", True), ("0.00017700554", "1.7700e-04", False), ("5", "5.0", True),
    ],
)  # fmt: skip
def test_a_figure_is_met_when_it_is_correctly_rounded(value: str, printed: str, met: bool) -> None:
    assert prints_as(Decimal(value), printed) is met


def test_the_table_in_the_readme_is_of_these_records() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    assert table(RECORDS) in readme, f"the table of README.md should be\n{table(RECORDS)}"
