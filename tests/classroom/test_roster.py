"""Class lists as spreadsheets write them, and as nobody should."""

import csv
import io
import unicodedata

import pytest

from derive.classroom import cells, roster
from derive.classroom.form_ids import PATTERN, form_id
from derive.errors import ProblemError

HOSTILE = [
    "../../etc/passwd", "a/b", "..", "C:\\x", '=HYPERLINK("http://x","y")', "+1+1", "-2+3", "@SUM(A1)",
    "say \"hi\"", "two\nlines", "\tx", "CON", "|cmd", "홍길동", "'quoted", "=1", "<b>&amp;</b>", "$x$ **y**",
]  # fmt: skip


def problems(text: str) -> list[tuple[int | None, str]]:
    with pytest.raises(ProblemError) as error:
        roster.parse(text, "class.csv")
    assert all(problem.file == "class.csv" for problem in error.value.problems)
    return [(problem.line, problem.what) for problem in error.value.problems]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_commas_semicolons_tabs_and_line_ends(separator: str, ending: str) -> None:
    lines = ["id,name,section", "20261001,홍길동,1", "", "20261002,Ada Lovelace,2"]
    text = ending.join(line.replace(",", separator) for line in lines) + ending
    first, second = roster.parse(text, "class.csv")
    assert (first.id, roster.name_of(first.fields), first.line) == ("20261001", "홍길동", 2)
    assert (second.id, dict(second.fields), second.line) == (
        "20261002", {"name": "Ada Lovelace", "section": "2"}, 4,
    )  # fmt: skip


@pytest.mark.parametrize("said", ["sep=;", '"sep=;"', "SEP=;", "sep=;;;"])
def test_excel_may_say_the_separator(said: str) -> None:
    (student,) = roster.parse(f'{said}\r\nid;name\r\n1;"a,b,c,d"\r\n', "class.csv")
    assert (student.id, dict(student.fields), student.line) == ("1", {"name": "a,b,c,d"}, 3)
    assert problems(f"{said}\nnumber;name\n1;a\n") == [(2, 'there is no column "id"')]
    (student,) = roster.parse("sep=\t\nid\tname\n1\ta;b;c\n", "class.csv")
    assert dict(student.fields) == {"name": "a;b;c"}


def test_a_cell_that_no_page_could_hold() -> None:
    assert problems("id,name\n1," + "x" * 4001 + "\n") == [(2, "a cell of 4,001 characters is too long")]
    assert problems("id," + "x" * 5000 + "\n1,a\n") == [(1, "a cell of 5,000 characters is too long")]


def test_columns_in_any_order_as_r_exams_has_them() -> None:
    (student,) = roster.parse("registration;name;id\n0815;Ambi Dexter;ambi\n", "class.csv")
    assert student.id == "ambi"
    assert dict(student.fields) == {"registration": "0815", "name": "Ambi Dexter"}


def test_korean_heads() -> None:
    (student,) = roster.parse("학번,이름\n20261001,홍길동\n", "class.csv")
    assert (student.id, roster.name_of(student.fields)) == ("20261001", "홍길동")


def test_white_space_and_composed_letters_do_not_make_another_student() -> None:
    decomposed = "가"
    assert problems(f"id\n가\n {decomposed} \n") == [(3, 'the id "가" stands on line 2 already')]


def test_what_is_wrong_is_said_all_at_once() -> None:
    text = "id,name\n1,a\n2,b\n1,c\n,d\n3,e,f\n" + "x" * 300 + ",g\n"
    assert problems(text) == [
        (4, 'the id "1" stands on line 2 already'),
        (5, "the column id is empty"),
        (6, "3 cells under 2 column heads"),
        (7, "an id of 300 characters is too long"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the class list is empty"),
        ("\n\n", "the class list is empty"),
        ("id,name\n", "the class list has no students"),
        ("name,email\nx,y\n", 'there is no column "id"'),
        ("id,id\n1,2\n", 'two columns are called "id"'),
        ('id\n"open\n', "this is not CSV"),
        ('id\n"x"y\n', "this is not CSV"),
    ],
)
def test_what_is_no_class_list(text: str, said: str) -> None:
    assert [what for _, what in problems(text)] == [said]


def test_hostile_ids_are_just_text() -> None:
    file = io.StringIO()
    csv.writer(file).writerows([["id"], *([one] for one in HOSTILE)])
    students = roster.parse(file.getvalue(), "class.csv")
    assert [student.id for student in students] == [one.strip() for one in HOSTILE]


def test_no_cell_is_a_formula_and_every_text_comes_back() -> None:
    rows = [HOSTILE, ["-3", "2.5", "-1/2", "1e-3", "\u22124", "exp(-3)", "-6*exp(36) - 6", ""]]
    text = "".join(cells.pieces(rows))
    for written, given in zip(csv.reader(io.StringIO(text, newline="")), rows, strict=True):
        for cell, original in zip(written, given, strict=True):
            assert cells.original(cell) == original
            assert not cell.lstrip().startswith(("=", "@", "|")), cell
            if cell.startswith(("+", "-")):
                assert set(cell) <= set("-0123456789./e"), cell


def test_form_ids() -> None:
    import re

    taken: set[str] = set()
    for number in range(2000):
        found = form_id(number.to_bytes(16, "big"), taken)
        assert re.fullmatch(PATTERN, found)
        assert found not in taken
        taken.add(found)
    key = bytes(16)
    first = form_id(key, ())
    assert form_id(key, ()) == first
    assert form_id(key, {first}) != first


@pytest.mark.parametrize(
    "text",
    ["ID,Name\n1,Kim\n", unicodedata.normalize("NFD", "학번,이름\n1,Kim\n"), '"Id";"NAME"\n1;Kim\n'],
)
def test_heads_in_capitals_or_as_a_mac_spells_them(text: str) -> None:
    (student,) = roster.parse(text, "class.csv")
    assert (student.id, roster.name_of(student.fields)) == ("1", "Kim")


def test_a_separator_in_quotes_is_none() -> None:
    (student,) = roster.parse('"Name, Vorname";id\n"Kim, A";1\n', "class.csv")
    assert student.fields == {"Name, Vorname": "Kim, A"}


def test_two_columns_of_names_are_refused() -> None:
    with pytest.raises(ProblemError, match='two columns are called "name"'):
        roster.parse("id,name,Name\n1,A,B\n", "class.csv")
