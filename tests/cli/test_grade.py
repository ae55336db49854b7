"""`derive grade`: from what came in to grades, pages and a report; nobody pays for what another wrote."""

import csv
import io
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from derive.classroom import answer_table, cells
from derive.classroom.frozen import Frozen, answers, numbers
from derive.classroom.grading.gradebook import NBGRADER
from derive.classroom.manifest import Head, Pages, Source, write
from derive.engine import exact, symbolic
from tests.classroom.grading.simulation import networks

Run = Callable[..., Any]
ROOT = Path(__file__).parents[2]
HOMEWORK = ROOT / "exercises" / "two-layer.yaml"
STUDENTS = (
    "kim",
    "lee",
    '=HYPERLINK("http://x")',
    "../../evil",
    "<script>alert(1)</script>",
    "$:::note \u202e",
)
FORMS = tuple(f"CCC-222{letter}" for letter in "CFGHJM")
ALL = "csv,html,pdf,ipynb,md,tex"
NAMES = {
    "pre_activation_0": "h", "output_0": "L", "pre_activation_1": "O", "output_1": "s", "loss": "l",
    "W_1": "grad_W_1", "W_0": "grad_W_0",
}  # fmt: skip


@dataclass(frozen=True)
class Set:
    """A set on the disk, and the right answers as a table: student, quantity, index, value."""

    folder: Path
    rows: tuple[tuple[str, str, str, str], ...]

    def table(self, **changed: dict[tuple[str, str], str]) -> str:
        """The answers as CSV, with some cells of some students (by number) written otherwise."""
        file = io.StringIO()
        writer = csv.writer(file)
        writer.writerow(["student", "quantity", "index", "value"])
        for student, quantity, index, value in self.rows:
            own = changed.get(f"s{STUDENTS.index(student)}", {})
            writer.writerow([student, quantity, index, own.get((quantity, index), value)])
        return file.getvalue()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Set:
    folder = tmp_path_factory.mktemp("set")
    text = HOMEWORK.read_text("utf-8")
    variants = []
    for n, (network, _) in enumerate(networks(text, len(STUDENTS))):
        solution = exact.solve(symbolic.derive(network))
        variants.append(
            Frozen(
                id=FORMS[n], student=STUDENTS[n], fields={"name": f"학생 {n}"}, difficulty=1,
                numbers=numbers(network), answers=answers(solution),
            )
        )  # fmt: skip
    head = Head(
        program="test", exercise=Source(file="two-layer.yaml", text=text), name="midterm", seed=1,
        students=True, digits=40, pages=Pages(languages=["ko"], formats=["md"], paper="a4"), quantities=[],
        diagnosed=[], silent=[],
    )  # fmt: skip
    (folder / "manifest.json").write_text("".join(write(head, variants)), "utf-8")
    heads, *rows = answer_table.rows(variants)
    assert heads == ("variant", "student", "quantity", "index", "exact", "decimal")
    return Set(folder, tuple((row[1], row[2], row[3], row[5]) for row in rows if row[2] in NAMES))


def graded(out: Path) -> dict[str, dict[str, str]]:
    """The table of grades, by student."""
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        return {cells.original(row["student_id"]): row for row in csv.DictReader(file)}


def content(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def save(path: Path, text: str) -> Path:
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return path


def test_right_answers(derive: Run, made: Set, tmp_path: Path) -> None:
    file = save(tmp_path / "answers.csv", made.table())
    outcome = derive("grade", made.folder, file, "--format", ALL, "--out", tmp_path / "out")
    assert outcome.code == 0, outcome.err
    found = graded(tmp_path / "out")
    assert tuple(found) == STUDENTS
    for row in found.values():
        assert tuple(row)[: len(NBGRADER)] == NBGRADER
        assert (row["score"], row["raw_score"], row["max_score"], row["absolute"]) == ("12",) * 4
        assert row["assignment"] == "two-layer-midterm"
    pages = {
        f"feedback/{form}.{extension}"
        for form in FORMS
        for extension in ("html", "pdf", "ipynb", "md", "tex")
    }
    reports = {f"report.{extension}" for extension in ("html", "pdf", "ipynb", "md", "tex")}
    assert set(content(tmp_path / "out")) == {"grades.csv"} | pages | reports
    assert outcome.out.split() == [
        str(tmp_path / "out" / name)
        for name in (
            "grades.csv",
            "report.html",
            "report.tex",
            "report.pdf",
            "report.ipynb",
            "report.md",
            "feedback",
        )
    ]


def test_letters_that_no_font_has_stop_no_page(derive: Run, made: Set, tmp_path: Path) -> None:
    file = save(tmp_path / "answers.csv", made.table(s0={("loss", "[]"): "\U0001f600 刘"}))
    outcome = derive("grade", made.folder, file, "--format", "pdf,html", "--out", tmp_path / "out")
    assert outcome.code == 0, outcome.err
    assert (tmp_path / f"out/feedback/{FORMS[0]}.pdf").exists()
    assert "〓 〓" in (tmp_path / f"out/feedback/{FORMS[0]}.html").read_text("utf-8")


def test_the_same_answers_give_the_same_bytes(derive: Run, made: Set, tmp_path: Path) -> None:
    wrong = {("pre_activation_0", "[0,0]"): "7", ("W_1", "[0,0]"): "x", ("loss", "[]"): ""}
    file = save(tmp_path / "answers.csv", made.table(s0=wrong))
    for out in ("one", "two", "two"):
        assert derive("grade", made.folder, file, "--format", ALL, "--out", tmp_path / out).code == 0
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_several_processes_write_the_same(
    derive: Run, made: Set, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from derive.cli import grade

    file = save(tmp_path / "answers.csv", made.table(s1={("W_0", "[0,0]"): "1"}))
    assert derive("grade", made.folder, file, "--out", tmp_path / "one", "--jobs", 1).code == 0
    monkeypatch.setattr(grade, "_FEW", 0)
    assert derive("grade", made.folder, file, "--out", tmp_path / "two", "--jobs", 2).code == 0
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_pages_of_an_earlier_run_dont_stay(derive: Run, made: Set, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "feedback").mkdir(parents=True)
    save(out / "feedback" / "OLD.html", "x")
    save(out / "feedback" / "notes.txt", "mine")
    file = save(tmp_path / "answers.csv", made.table())
    assert derive("grade", made.folder, file, "--out", out).code == 0
    assert not (out / "feedback" / "OLD.html").exists()
    assert (out / "feedback" / "notes.txt").exists()


HOSTILE = {
    ("pre_activation_0", "[0,0]"): "9" * 10**7,
    ("pre_activation_0", "[0,1]"): "1e400",
    ("output_0", "[0,0]"): "nan",
    ("output_0", "[0,1]"): "=cmd|'/c calc'!A1",
    ("pre_activation_1", "[0,0]"): "<img src=x onerror=alert(1)>",
    ("pre_activation_1", "[0,1]"): "$\\input{/etc/passwd}$",
    ("output_1", "[0,0]"): "::: solution",
    ("output_1", "[0,1]"): "\x1b[31m\u202e\0",
    ("loss", "[]"): "{{ 7 * 7 }}",
    ("W_1", "[0,0]"): '#eval("1")',
    ("W_1", "[0,1]"): "'; DROP TABLE students; --",
    ("W_1", "[1,0]"): "__import__('os').system('true')",
    ("W_1", "[1,1]"): "1e-400",
    ("W_0", "[0,0]"): "\ud800",
}


def test_hostile_cells_cost_their_sender_alone(derive: Run, made: Set, tmp_path: Path) -> None:
    file = save(tmp_path / "answers.csv", made.table(s1=HOSTILE))
    out = tmp_path / "deep" / "out"
    outcome = derive("grade", made.folder, file, "--format", ALL, "--out", out, "--lang", "en")
    assert outcome.code == 0, outcome.err
    found = graded(out)
    assert {student: row["score"] for student, row in found.items() if student != "lee"} == {
        student: "12" for student in STUDENTS if student != "lee"
    }
    assert float(found["lee"]["score"]) <= 4
    assert outcome.err.count("lee: ") >= 10
    assert "\x1b" not in outcome.err
    assert "\u202e" not in outcome.err
    assert {path.name for path in tmp_path.iterdir()} == {"answers.csv", "deep"}
    for path in out.rglob("*.html"):
        text = path.read_text("utf-8")
        assert "<img" not in text
        assert "<script" not in text
    for path in out.rglob("*.pdf"):
        with pikepdf.open(path) as document:
            assert len(document.pages) >= 1
    assert "\\input" not in (out / "feedback" / f"{FORMS[1]}.tex").read_text("utf-8").replace(
        "\\textbackslash", ""
    )


def test_every_cell_of_the_grades_is_harmless(derive: Run, made: Set, tmp_path: Path) -> None:
    file = save(tmp_path / "answers.csv", made.table(s0={("loss", "[]"): "=1+1"}))
    assert derive("grade", made.folder, file, "--out", tmp_path, "--format", "csv").code == 0
    with (tmp_path / "grades.csv").open(encoding="utf-8", newline="") as table:
        for row in csv.reader(table):
            assert not [
                cell for cell in row if cell.startswith(("=", "+", "@", "\t")) or cell.startswith("-")
            ]


def test_who_handed_in_nothing_is_there_with_nothing(derive: Run, made: Set, tmp_path: Path) -> None:
    lines = [line for line in made.table().splitlines() if not line.startswith("kim")]
    file = save(tmp_path / "answers.csv", "\n".join([*lines, "stranger,loss,,3", ""]))
    outcome = derive("grade", made.folder, file, "--out", tmp_path / "out", "--lang", "en")
    assert outcome.code == 0
    found = graded(tmp_path / "out")
    assert (found["kim"]["score"], found["kim"]["handed_in"]) == ("0", "0")
    assert "stranger: nobody in the set is called that" in outcome.err
    report = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "5 of 6 students handed in answers" in report
    assert "stranger" in report


def test_own_mistakes_are_carried_forward_and_named(derive: Run, made: Set, tmp_path: Path) -> None:
    right = {(quantity, index): value for student, quantity, index, value in made.rows if student == "kim"}
    flipped = {key: str(-float(value)) for key, value in right.items() if key[0] in ("W_1", "W_0")}
    file = save(tmp_path / "answers.csv", made.table(s0=flipped))
    assert derive("grade", made.folder, file, "--out", tmp_path / "out", "--lang", "en").code == 0
    row = graded(tmp_path / "out")["kim"]
    assert row["mistakes"] == "sign_flipped"
    assert row["W_0"] == "4"
    assert float(row["absolute"]) < float(row["carried"]) < 12
    page = (tmp_path / "out" / "feedback" / f"{FORMS[0]}.html").read_text("utf-8")
    assert "subtracted the wrong way round" in page
    derive("grade", made.folder, file, "--out", tmp_path / "ko")
    assert "뺀 순서가 바뀌어" in (tmp_path / "ko" / "feedback" / f"{FORMS[0]}.html").read_text("utf-8")


def test_json(derive: Run, made: Set, tmp_path: Path) -> None:
    found: dict[str, dict[str, Any]] = {}
    for student, quantity, index, value in made.rows:
        found.setdefault(student, {})[f"{quantity}{index}"] = value
    file = save(tmp_path / "answers.json", json.dumps(found))
    assert (
        derive("grade", made.folder / "manifest.json", file, "--out", tmp_path, "--format", "csv").code == 0
    )
    assert {row["score"] for row in graded(tmp_path).values()} == {"12"}


def test_an_exercise_that_all_have(derive: Run, tmp_path: Path) -> None:
    lines = ["student,h[0],h[1],loss"]
    names = ["kim", "CON", "../x", "a/b", "=1", "KIM", "x" * 300, "김"]
    lines += [f'"{name}",6,-3,36' for name in names]
    file = save(tmp_path / "answers.csv", "\n".join(lines))
    out = tmp_path / "out"
    outcome = derive("grade", HOMEWORK, file, "--out", out)
    assert outcome.code == 0, outcome.err
    assert {row["score"] for row in graded(out).values()} == {"2"}
    pages = sorted(path.name for path in (out / "feedback").iterdir())
    assert len({page.lower() for page in pages}) == len(names)
    assert all(len(page) < 90 and page.isascii() and "/" not in page for page in pages)
    assert "kim.html" in pages
    assert {path.name for path in tmp_path.iterdir()} == {"answers.csv", "out"}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("empty.csv", "", "there are no answers"),
        ("odd.csv", "student,x\nkim,3\n", "there is no column with answers"),
        ("nobody.csv", "h,l\n3,4\n", "there is no column with students"),
        ("torn.json", '{"kim": {"loss": 3}', "the text ends before"),
        ("missing", None, "does not exist"),
    ],
)
def test_what_cannot_be_graded(
    derive: Run, made: Set, tmp_path: Path, name: str, text: str | None, said: str
) -> None:
    file = tmp_path / name
    if text is not None:
        save(file, text)
    outcome = derive("grade", made.folder, file, "--out", tmp_path / "out")
    assert outcome.code == 1
    assert said in outcome.err
    assert not (tmp_path / "out").exists()


def test_what_is_no_set(derive: Run, made: Set, tmp_path: Path) -> None:
    file = save(tmp_path / "answers.csv", made.table())
    assert "there is no manifest.json" in derive("grade", tmp_path, file).err
    text = (made.folder / "manifest.json").read_text("utf-8")
    changed = save(tmp_path / "manifest.json", text.replace('"difficulty": 1', '"difficulty": 2', 1))
    outcome = derive("grade", changed, file)
    assert outcome.code == 1
    assert "changed after it was written" in outcome.err


def test_wrong_usage(derive: Run, made: Set, tmp_path: Path) -> None:
    file = save(tmp_path / "answers.csv", made.table())
    assert derive("grade", made.folder, file, "--format", "docx").code == 2
    assert derive("grade", made.folder, file, "--lang", "ko,en").code == 2
    assert derive("grade", made.folder).code == 2


def notebook(*cells: str) -> str:
    listed = [
        {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}
        for source in cells
    ]
    return json.dumps({"cells": listed, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


WORK = """
import numpy as np
import json, hashlib, os
from fractions import Fraction
key = hashlib.sha256(os.environ["JUPYTERHUB_USER"].encode()).hexdigest()[:20]
mine = json.load(open("numbers.json"))[key]
own = {k: np.array([[float(Fraction(x)) for x in row] for row in v]) for k, v in mine.items()}
h = own["input"] @ own["W_0"]; L = np.maximum(h, 0); O = L @ own["W_1"]
e = np.exp(O - O.max()); s = e / e.sum(); l = -np.sum(own["target"] * np.log(s))
d = s - own["target"]; grad_W_1 = L.T @ d; grad_W_0 = own["input"].T @ ((d @ own["W_1"].T) * (h > 0))
W_0, W_1 = own["W_0"], own["W_1"]
"""


@pytest.mark.skipif(sys.platform == "win32", reason="notebooks are not run on Windows")
def test_submitted_notebooks(derive: Run, made: Set, tmp_path: Path) -> None:
    """The layout is nbgrader's; whatever one does, the others are graded."""
    victim = save(tmp_path / "victim.txt", "still here")
    bad = {
        "lee": ["while True:\n    pass"],
        '=HYPERLINK("http:': ["x = 1"],
        "loud": [WORK, "for _ in range(2000):\n    print('x' * 500_000)"],
        "vandal": [
            f"import os\nos.remove({str(victim)!r})",
            f"open({str(tmp_path / 'new.txt')!r}, 'w')",
            WORK,
        ],
        "spy": [f"h = open({str(made.folder / 'manifest.json')!r}).read()", WORK],
        "caller": ["import socket\nsocket.create_connection(('1.1.1.1', 80), timeout=1)", WORK],
    }
    submitted = tmp_path / "submitted"
    for student, cells_of in {"kim": [WORK], **bad}.items():
        folder = submitted / student / "hw"
        folder.mkdir(parents=True)
        save(folder / "hw.ipynb", notebook(*cells_of))
    (submitted / "empty").mkdir()
    save(submitted / "broken.ipynb", "{")
    text = (made.folder / "manifest.json").read_text("utf-8")
    found = json.loads(text)
    outcome = derive(
        "grade",
        made.folder,
        submitted,
        "--out",
        tmp_path / "out",
        "--lang",
        "en",
        "--seconds",
        6,
        "--format",
        "csv",
    )
    assert outcome.code == 0, outcome.err
    grades = graded(tmp_path / "out")
    assert grades["kim"]["score"] == "12"
    assert grades["lee"]["score"] == "0"
    assert "stopped after 6 s" in grades["lee"]["troubles"]
    assert victim.read_text() == "still here"
    assert not (tmp_path / "new.txt").exists()
    assert found["variants"]
    for name in ("loud", "vandal", "spy", "caller", "empty", "broken"):
        assert f"{name}: nobody in the set is called that" in outcome.err


@pytest.mark.skipif(sys.platform == "win32", reason="notebooks are not run on Windows")
def test_hostile_notebooks_of_an_exercise_that_all_have(derive: Run, tmp_path: Path) -> None:
    work = "h = [6, -3]\nl = 36.0"
    sent = {
        "good": [work],
        "floods": [work, "print('x' * 10**9)"],
        "deletes": [f"import shutil\nshutil.rmtree({str(tmp_path)!r})", work],
        "calls": ["import socket\nsocket.create_connection(('1.1.1.1', 80), timeout=1)", work],
        "exits": [work, "import os\nos._exit(0)"],
        "eats": ["x = bytearray(10**11)", work],
        "lies": ["class H:\n    def tolist(self):\n        raise SystemExit\nh = H()\nl = 36"],
    }
    for student, cells_of in sent.items():
        save(tmp_path / f"{student}.ipynb", notebook(*cells_of))
    outcome = derive(
        "grade", HOMEWORK, tmp_path, "--out", tmp_path / "out", "--format", "csv", "--seconds", 20
    )
    assert outcome.code == 0, outcome.err
    scores = {student: row["score"] for student, row in graded(tmp_path / "out").items()}
    assert scores == {
        "good": "2", "floods": "2", "deletes": "2", "calls": "2", "exits": "0", "eats": "2", "lies": "1",
    }  # fmt: skip
    assert set(sent) <= {path.stem for path in tmp_path.glob("*.ipynb")}
    for name in ("deletes", "calls", "exits", "eats"):
        assert f"{name}: " in outcome.err


def test_a_folder_without_notebooks(derive: Run, made: Set, tmp_path: Path) -> None:
    outcome = derive("grade", made.folder, tmp_path)
    assert outcome.code == 1
    assert os.name == "nt" or "there are no notebooks" in outcome.err
