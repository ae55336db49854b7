"""The answers of a set as a table: one row for each entry of each quantity of each variant."""

from collections.abc import Iterable, Iterator
from typing import Any

from derive.classroom.frozen import Frozen

HEADS = ("variant", "student", "quantity", "index", "exact", "decimal")


def rows(variants: Iterable[Frozen]) -> Iterator[tuple[str, ...]]:
    """The rows of `answers.csv`, the heads first."""
    yield HEADS
    for variant in variants:
        for quantity, answer in variant.answers.items():
            for index, exact, decimal in _entries(answer.exact, answer.decimal):
                yield variant.id, variant.student, quantity, index, exact, decimal


def _entries(exact: Any, decimal: Any, place: tuple[int, ...] = ()) -> Iterator[tuple[str, str, str]]:
    """Every entry with its index: `[0,1]`, or `[]` for a quantity that is a single number."""
    if isinstance(decimal, str):
        yield f"[{','.join(map(str, place))}]", exact or "", decimal
        return
    for index, one in enumerate(decimal):
        yield from _entries(None if exact is None else exact[index], one, (*place, index))
