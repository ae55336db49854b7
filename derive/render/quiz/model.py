"""What a quiz asks: questions whose answers are matrices of numbers, each number a gap to fill in."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from derive.render.document import Document
from derive.render.page import Page

# Canvas keeps four decimals of what is typed: an answer nearer to zero would have no digit left.
SMALLEST = Decimal("1e-3")


@dataclass(frozen=True)
class WrongAnswer:
    """A number that is known to come out of a usual mistake.

    Attributes:
        value: The number.
        tolerance: How far an answer may be from it, absolute.
        share: Per cent of the gap's points that it earns all the same.
        comment: What went wrong, as plain text.
    """

    value: Decimal
    tolerance: Decimal
    share: int
    comment: str


@dataclass(frozen=True)
class Gap:
    """One number to fill in.

    Attributes:
        name: Unique in its question: `W_0-0-1`.
        answer: The right number, rounded to more digits than are asked for.
        tolerance: How far an answer may be from it, absolute.
        points: What it is worth.
        wrong: The numbers that usual mistakes lead to; none of them within the tolerance of another one
            or of the answer.
    """

    name: str
    answer: Decimal
    tolerance: Decimal
    points: Fraction
    wrong: tuple[WrongAnswer, ...] = ()


@dataclass(frozen=True)
class Fixed:
    """An entry that is printed and not asked for, in LaTeX."""

    latex: str


@dataclass(frozen=True)
class Grid:
    """A matrix to fill in.

    Attributes:
        label: LaTeX of what the matrix is.
        points: What it is worth in all, as text.
        rows: Its entries.
    """

    label: str
    points: str
    rows: tuple[tuple[Gap | Fixed, ...], ...]

    def gaps(self) -> Iterator[tuple[int, int, Gap]]:
        """Each gap with its row and its column."""
        for i, row in enumerate(self.rows):
            for j, cell in enumerate(row):
                if isinstance(cell, Gap):
                    yield i, j, cell


@dataclass(frozen=True)
class Question:
    """One question: a task, matrices to fill in, and the worked solution.

    Attributes:
        page: Title, language, identifier and pictures of task and solution.
        task: What is given and asked.
        grids: The matrices, in the order in which they are asked for.
        solution: The worked solution, shown once the question is answered.
    """

    page: Page
    task: Document
    grids: tuple[Grid, ...]
    solution: Document

    def gaps(self) -> Iterator[Gap]:
        """Every gap in its order."""
        for grid in self.grids:
            for _, _, gap in grid.gaps():
                yield gap


@dataclass(frozen=True)
class Quiz:
    """Questions that belong together: an exercise, or all variants of a set.

    Attributes:
        title: What the category or the quiz is called; text, never markup.
        questions: In their order.
    """

    title: str
    questions: tuple[Question, ...]


def number(value: Decimal) -> str:
    """A number as both platforms read it: digits, a point, a leading minus, an exponent if need be."""
    value = value.normalize()
    if value.is_zero():
        return "0"
    if -7 <= value.adjusted() <= 12:
        return f"{value:f}"
    return f"{value:e}".replace("+", "")
