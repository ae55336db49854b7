"""Answers as a table: one row for each entry (long), or one for each student (wide)."""

import csv
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from derive.classroom.cells import delimited, original
from derive.classroom.grading.handin import Cell, HandIn
from derive.classroom.grading.quantities import Vocabulary
from derive.classroom.grading.troubles import Trouble
from derive.classroom.roster import ID_COLUMNS
from derive.errors import Problem, ProblemError
from derive.exercise.literals import shortened

STUDENT_COLUMNS = ("student", *ID_COLUMNS, "username", "login")
FORM_COLUMNS = ("variant", "form", "form id", "form_id", "양식", "시험지")
QUANTITY_COLUMNS = ("quantity", "문항", "양", "question")
INDEX_COLUMNS = ("index", "entry", "성분", "위치")
VALUE_COLUMNS = ("value", "answer", "답", "값", "decimal", "response")
Rows = Iterator[tuple[int, list[str]]]


@dataclass
class Collected:
    """What a file of answers holds.

    Attributes:
        hand_ins: One for each student, in the order in which they come first.
        strays: What could not be read and belongs to nobody.
        ignored: Columns that hold no answers.
    """

    hand_ins: list[HandIn] = field(default_factory=list)
    strays: list[Trouble] = field(default_factory=list)
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True)
class Columns:
    """Where what stands; None for a column that isn't there."""

    heads: tuple[str, ...]
    student: int | None
    form: int | None
    quantity: int | None
    index: int | None
    value: int | None
    wide: tuple[int, ...]

    @property
    def is_long(self) -> bool:
        """Whether each row is one entry."""
        return self.quantity is not None and self.value is not None

    def sender(self, row: Sequence[str]) -> tuple[str, str]:
        """Student and form id of a row."""
        cells = [("" if n is None or n >= len(row) else row[n]) for n in (self.student, self.form)]
        student, form = (original(cell.strip()) for cell in cells)
        return student, form.upper()

    def cells(self, row: Sequence[str]) -> Iterator[Cell]:
        """The answers of a row."""
        if self.quantity is not None and self.value is not None:
            index = "" if self.index is None else row[self.index]
            yield Cell(row[self.quantity], index, row[self.value])
            return
        for n in self.wide:
            yield Cell(self.heads[n], "", row[n])


def collect(text: str, file: str, vocabulary: Vocabulary) -> Collected:
    """The answers of a table.

    Args:
        text: CSV; columns are separated by commas, semicolons or tabs.
        file: Its name, for messages.
        vocabulary: What quantities are called.

    Raises:
        ProblemError: There is no table, or no column with students or answers.
    """
    found = Collected()
    rows = _rows(text, found.strays)
    first = next(rows, None)
    if first is None:
        fix = "write a line with the heads student,quantity,index,value and one line for each entry"
        raise ProblemError([Problem(file, None, None, "there are no answers in the file", "", fix)])
    columns = _columns([head.strip() for head in first[1]], file, first[0], vocabulary)
    found.ignored = _ignored(columns)
    by_sender: dict[tuple[str, str], HandIn] = {}
    for line, row in rows:
        sender = columns.sender(row)
        hand_in = by_sender.setdefault(sender, HandIn(*sender))
        extra = len(row) - len(columns.heads)
        if extra > 0 and any(cell.strip() for cell in row[len(columns.heads) :]):
            hand_in.troubles.append(Trouble("unreadable_line", found=str(line)))
            continue
        hand_in.cells += columns.cells([*row, *[""] * -extra])
    found.hand_ins = [hand_in for sender, hand_in in by_sender.items() if any(sender)]
    if nobody := by_sender.get(("", "")):
        found.strays += nobody.troubles or [Trouble("unknown_student")]
    return found


def _rows(text: str, strays: list[Trouble]) -> Rows:
    """Rows that aren't blank, with their lines; where quotes don't fit, line by line."""
    text, delimiter = delimited(text)
    before = csv.field_size_limit(sys.maxsize)
    try:
        try:
            rows = list(_parsed(text, delimiter, 1))
        except csv.Error:
            rows = list(_line_by_line(text, delimiter, strays))
    finally:
        csv.field_size_limit(before)
    yield from rows


def _parsed(text: str, delimiter: str, first: int) -> Rows:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = first
    for row in reader:
        if any(cell.strip() for cell in row):
            yield start, row
        start = first + reader.line_num


def _line_by_line(text: str, delimiter: str, strays: list[Trouble]) -> Rows:
    """The lines that can be read by themselves; a line that can't costs nobody else anything."""
    for number, line in enumerate(io.StringIO(text, newline=""), 1):
        try:
            yield from _parsed(line, delimiter, number)
        except csv.Error:
            strays.append(Trouble("unreadable_line", where=shortened(line.strip()), found=str(number)))


def _columns(heads: list[str], file: str, line: int, vocabulary: Vocabulary) -> Columns:
    lowered = [head.lower().removeprefix("\ufeff") for head in heads]

    def at(names: Sequence[str]) -> int | None:
        return next((lowered.index(name) for name in names if name in lowered), None)

    student, form = at(STUDENT_COLUMNS), at(FORM_COLUMNS)
    if student is None and form is None:
        why = "columns: " + ", ".join(shortened(head) for head in heads[:10])
        fix = "call the column with the student numbers student, or the one with the form ids variant"
        raise ProblemError([Problem(file, line, None, "there is no column with students", why, fix)])
    quantity, index, value = at(QUANTITY_COLUMNS), at(INDEX_COLUMNS), at(VALUE_COLUMNS)
    wide = tuple(
        n for n, head in enumerate(heads) if n not in (student, form) and vocabulary.entry(head) is not None
    )
    columns = Columns(tuple(heads), student, form, quantity, index, value, wide)
    if not columns.is_long and not wide:
        known = ", ".join(vocabulary.examples())
        why = f"columns hold quantity, index and value; or they are called {known}"
        fix = "name the columns so, for example student,quantity,index,value"
        raise ProblemError([Problem(file, line, None, "there is no column with answers", why, fix)])
    return columns


def _ignored(columns: Columns) -> tuple[str, ...]:
    kept: Mapping[int | None, None] = dict.fromkeys(
        [columns.student, columns.form, columns.quantity, columns.index, columns.value]
        if columns.is_long
        else [columns.student, columns.form, *columns.wide]
    )
    return tuple(head for n, head in enumerate(columns.heads) if n not in kept)
