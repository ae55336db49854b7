"""Class lists: CSV with a column `id`, as spreadsheets and learning platforms write it.

A student's id is text and nothing else: it names no file, and whatever stands in it is read as it is. What
would run in a spreadsheet is made harmless where a CSV is written (`cells`).
"""

import csv
import io
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from derive.classroom.cells import delimited
from derive.errors import Problem, ProblemError
from derive.exercise.literals import shortened
from derive.exercise.suggest import did_you_mean

ID_COLUMNS = ("id", "학번", "student_id", "student id")  # the first of them that is there
NAME_COLUMNS = ("name", "이름", "성명")
LONGEST_ID = 200
LONGEST_CELL = 4000
MOST_STUDENTS = 100_000


@dataclass(frozen=True)
class Student:
    """One student.

    Attributes:
        id: As the list has it, without white space around it.
        fields: The other columns, by their heads.
        line: Where the student stands in the list.
    """

    id: str
    fields: Mapping[str, str]
    line: int


def name_of(fields: Mapping[str, str]) -> str:
    """The name among the columns of a class list, empty where there is none."""
    lowered = {head.lower(): cell for head, cell in fields.items()}
    return next((lowered[column] for column in NAME_COLUMNS if column in lowered), "")


def parse(text: str, file: str) -> tuple[Student, ...]:
    """The students of a class list, in its order.

    Args:
        text: CSV; columns are separated by commas, semicolons or tabs.
        file: Its name, for messages.

    Raises:
        ProblemError: With everything that is wrong with the list.
    """
    rows = list(_rows(unicodedata.normalize("NFC", text), file))  # a Mac spells Korean in NFD
    if not rows:
        fix = "write a line with the column heads, such as id,name, and one line for each student"
        raise ProblemError([Problem(file, None, None, "the class list is empty", "", fix)])
    (line, heads), *rows = rows
    heads = [head.strip() for head in heads]
    column = _id_column(heads, file, line)
    students, problems = [], list(_too_long(heads, file, line))
    for line, cells in rows:
        if len(cells) > len(heads):
            what = f"{len(cells)} cells under {len(heads)} column heads"
            problems.append(
                Problem(file, line, None, what, "", "put text that holds the separator in quotes")
            )
            continue
        problems += _too_long(cells, file, line)
        filled = [cell.strip() for cell in cells] + [""] * (len(heads) - len(cells))
        fields = {
            head: cell
            for place, (head, cell) in enumerate(zip(heads, filled, strict=True))
            if place != column
        }
        students.append(Student(filled[column], fields, line))
    problems += _problems_of_ids(students, heads[column], file)
    if not students and not problems:
        problems.append(
            Problem(file, None, None, "the class list has no students", "", "add a line for each")
        )
    if problems:
        raise ProblemError(sorted(problems, key=lambda problem: problem.line or 0))
    return tuple(students)


def _rows(text: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that aren't blank, each with the line that it begins on."""
    text, delimiter = delimited(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        why, fix = f"{error}", "close the quotes; a quote inside a cell is written twice"
        raise ProblemError([Problem(file, start, None, "this is not CSV", why, fix)]) from None


def _id_column(heads: Sequence[str], file: str, line: int) -> int:
    lowered = [head.lower() for head in heads]
    for name in (*ID_COLUMNS, *NAME_COLUMNS):
        if lowered.count(name) > 1:
            what = f'two columns are called "{name}"'
            raise ProblemError([Problem(file, line, None, what, "", "rename one")])
    for name in ID_COLUMNS:
        if name in lowered:
            return lowered.index(name)
    found = ", ".join(shortened(head) for head in heads[:10])
    hint = did_you_mean("id", lowered)
    fix = hint.replace("did you mean", "is it") if hint else "call the column with the student numbers id"
    raise ProblemError([Problem(file, line, None, 'there is no column "id"', f"columns: {found}", fix)])


def _too_long(cells: Sequence[str], file: str, line: int) -> Iterator[Problem]:
    for cell in cells:
        if len(cell) > LONGEST_CELL:
            what = f"a cell of {len(cell):,} characters is too long"
            yield Problem(file, line, None, what, f"at most {LONGEST_CELL:,} are read", "shorten it")


def _problems_of_ids(students: Sequence[Student], head: str, file: str) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for student in students:
        if not student.id:
            yield Problem(
                file, student.line, None, f"the column {head} is empty", "", "every student needs an id"
            )
        elif len(student.id) > LONGEST_ID:
            what = f"an id of {len(student.id)} characters is too long"
            yield Problem(file, student.line, None, what, f"at most {LONGEST_ID} are read", "shorten it")
        elif student.id in first:
            what = f'the id "{shortened(student.id)}" stands on line {first[student.id]} already'
            yield Problem(file, student.line, None, what, "", "give each student an id of their own")
        else:
            first[student.id] = student.line
    if len(students) > MOST_STUDENTS:
        what = f"{len(students):,} students are too many"
        yield Problem(
            file,
            students[MOST_STUDENTS].line,
            None,
            what,
            f"at most {MOST_STUDENTS:,} are read",
            "split the list",
        )
