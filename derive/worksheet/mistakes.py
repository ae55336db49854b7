"""The usual mistakes and the wrong answers that they lead to, as the key lists them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from derive.classroom import misconceptions
from derive.render.mathematics import spell
from derive.worksheet import quantity
from derive.worksheet.sheet import Array, Sheet

NARROW = 17.0  # em of an answer that stands in a table


@dataclass(frozen=True)
class Mistake:
    """One wrong answer.

    Attributes:
        answer: What such a student gets, as LaTeX.
        remarks: What went wrong, by language; several where several mistakes lead to this answer.
    """

    answer: str
    remarks: tuple[Mapping[str, str], ...]


def mistakes(sheet: Sheet) -> list[Mistake]:
    """Every usual mistake that shows in this exercise, with the first gradient in which it does."""
    parameters = sheet.network.parameters()

    def told(names: Sequence[str]) -> Sequence[str]:
        return [next((name for name in names if name in parameters), names[0])]

    remarks: dict[str, tuple[Mapping[str, str], ...]] = {}
    for wrong in misconceptions.shown(sheet.solution, told=told):
        for name, values in wrong.values.items():
            answer = _answer(sheet, name, values)
            remarks[answer] = (*remarks.get(answer, ()), wrong.misconception.key)
    return [Mistake(answer, said) for answer, said in remarks.items()]


def _answer(sheet: Sheet, name: str, values: Array) -> str:
    shown = sheet.speller.matrix(quantity.laid(sheet, name, values))
    return f"{quantity.symbol(sheet, name)} {shown.related}"


def fit_a_table(found: Sequence[Mistake]) -> bool:
    """Whether all answers are narrow enough to leave room for the words beside them."""
    return all(spell(mistake.answer, display=False).width <= NARROW for mistake in found)
