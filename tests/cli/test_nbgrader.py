"""Graded notebooks from the command line, and through nbgrader itself from PyPI: released, handed in, graded.

nbgrader runs in an environment of its own, made from `tests/nbgrader.txt`; the notebooks run in ours.
"""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from derive.worksheet.code.lookup import key_of

Run = Callable[..., Any]
ROOT = Path(__file__).parents[2]
HOMEWORK = ROOT / "exercises/two-layer.yaml"
POINTS = {
    "pre_activation_0": 1,
    "output_0": 1,
    "pre_activation_1": 1,
    "output_1": 1,
    "loss": 1,
    "W_1": 3,
    "W_0": 4,
}
Edit = Callable[[str, str], str | None]


def solutions(course: Path, name: str) -> dict[str, str]:
    """What the source has between the marks of each answer, by the cell's id."""
    book = json.loads((course / f"source/{name}/{name}.ipynb").read_text("utf-8"))
    found = {}
    for cell in book["cells"]:
        marks = cell["metadata"].get("nbgrader", {})
        if marks.get("solution") and cell["cell_type"] == "code":
            lines = "".join(cell["source"]).split("\n")
            assert (lines[0], lines[-1]) == ("### BEGIN SOLUTION", "### END SOLUTION")
            found[marks["grade_id"]] = "\n".join(lines[1:-1])
    return found


def test_of_an_exercise(derive: Run, tmp_path: Path) -> None:
    outcome = derive("report", HOMEWORK, "--out", tmp_path, "--format", "json", "--nbgrader", "--lang", "ko")
    assert outcome.code == 0, outcome.err
    course = tmp_path / "two-layer/nbgrader.ko"
    assert sorted(path.relative_to(course).as_posix() for path in course.rglob("*") if path.is_file()) == [
        "nbgrader_config.py",
        "source/two-layer/two-layer.ipynb",
    ]
    book = json.loads((course / "source/two-layer/two-layer.ipynb").read_text("utf-8"))
    points = {
        cell["metadata"]["nbgrader"]["grade_id"].removeprefix("test-"): cell["metadata"]["nbgrader"]["points"]
        for cell in book["cells"]
        if cell["metadata"].get("nbgrader", {}).get("locked") and "points" in cell["metadata"]["nbgrader"]
    }
    assert points == POINTS
    assert "여기에 코드를 쓰시오" in (course / "nbgrader_config.py").read_text("utf-8")


def test_it_is_for_keys_only(derive: Run, tmp_path: Path) -> None:
    derive("report", HOMEWORK, "--out", tmp_path, "--format", "md", "--nbgrader", "--audience", "handout")
    assert not list(tmp_path.rglob("*.ipynb"))


def test_points_for_what_no_cell_computes(derive: Run, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    text = HOMEWORK.read_text("utf-8").replace("  W_0: 4", "  W_0: 4\n  pre_activation_gradient_1: 1")
    file.write_text(text, "utf-8")
    outcome = derive("report", file, "--out", tmp_path, "--format", "md", "--nbgrader")
    assert outcome.code == 1
    assert "a graded notebook has no cell that computes pre_activation_gradient_1" in outcome.err


def test_of_a_class(derive: Run, tmp_path: Path) -> None:
    (tmp_path / "class.csv").write_text("id,name\n2024-001,Kim\n2024-002,Lee\n", "utf-8")
    order = ("variants", HOMEWORK, "--roster", tmp_path / "class.csv", "--name", "midterm", "--out", tmp_path)
    assert derive(*order, "--format", "md", "--lang", "en", "--nbgrader").code == 0
    made = tmp_path / "two-layer/midterm"
    source = made / "nbgrader/source/midterm"
    known = json.loads((source / "numbers.json").read_text("utf-8"))
    manifest = json.loads((made / "manifest.json").read_text("utf-8"))
    for variant in manifest["variants"]:
        assert known[key_of(variant["student"])] == known[key_of(variant["id"])] == variant["numbers"]
    assert len(known) == 4
    text = (source / "numbers.json").read_text("utf-8")
    assert "2024" not in text  # the file that every student gets names nobody
    assert "Kim" not in text
    # Another student changes the file of numbers and nothing else.
    before = (source / "midterm.ipynb").read_bytes()
    (tmp_path / "class.csv").write_text("id,name\n2024-001,Kim\n2024-002,Lee\n2024-003,Park\n", "utf-8")
    assert derive(*order, "--format", "md", "--lang", "en", "--nbgrader").code == 0
    assert (source / "midterm.ipynb").read_bytes() == before
    longer = json.loads((source / "numbers.json").read_text("utf-8"))
    assert {name: longer[name] for name in known} == known
    assert len(longer) == 6


class Nbgrader:
    """nbgrader in an environment of its own, with our Python as the kernel of notebooks."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "venv/bin"
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([self.bin / "python", *install, "-r", ROOT / "tests/nbgrader.txt"], check=True)
        kernel = folder / "jupyter/kernels/python3"
        kernel.mkdir(parents=True)
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": command, "display_name": "Python 3", "language": "python"}
        (kernel / "kernel.json").write_text(json.dumps(spec), "utf-8")
        self.environment = os.environ | {
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "JUPYTER_PATH": str(folder / "jupyter"),
            "HOME": str(folder),
        }

    def __call__(self, course: Path, *arguments: str) -> str:
        """Run a command of nbgrader in a course."""
        done = subprocess.run(
            [self.bin / "nbgrader", *arguments],
            cwd=course,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stderr

    def scores(self, course: Path) -> dict[str, float]:
        """Everybody's score."""
        self(course, "export", "--to=grades.csv")
        with (course / "grades.csv").open(encoding="utf-8") as file:
            return {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}


def hand_in(course: Path, name: str, student: str, edit: Edit, free: Mapping[str, str] | None = None) -> None:
    """Hand in the released notebook with the cells of a student."""
    book = json.loads((course / f"release/{name}/{name}.ipynb").read_text("utf-8"))
    answers = solutions(course, name)
    for cell in book["cells"]:
        marks = cell["metadata"].get("nbgrader", {})
        text = "".join(cell["source"])
        if marks.get("solution") and cell["cell_type"] == "code":
            new = edit(marks["grade_id"], answers[marks["grade_id"]])
            cell["source"] = text if new is None else new
        elif not marks and cell["cell_type"] == "code":
            cell["source"] = (free or {}).get(text, text)
        elif marks.get("locked") and (free or {}).get("locked"):
            cell["source"] = (free or {})["locked"]
    target = course / f"submitted/{student}/{name}"
    target.mkdir(parents=True)
    (target / f"{name}.ipynb").write_text(json.dumps(book), "utf-8")
    for beside in (course / f"release/{name}").glob("*.json"):
        (target / beside.name).write_bytes(beside.read_bytes())


def outputs(course: Path, student: str, name: str) -> list[dict[str, Any]]:
    """What the test cells of a graded notebook have put out."""
    book = json.loads((course / f"autograded/{student}/{name}/{name}.ipynb").read_text("utf-8"))
    tests = [
        c for c in book["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id", "").startswith("test-")
    ]
    return [output for cell in tests for output in cell["outputs"]]


@pytest.fixture(scope="module")
def nbgrader(tmp_path_factory: pytest.TempPathFactory) -> Nbgrader:
    return Nbgrader(tmp_path_factory.mktemp("nbgrader"))


IN_TORCH = {
    "answer-1": (
        "import torch\n"
        "I, label = torch.Tensor([4, 1]), torch.Tensor([0, 1])\n"
        "W_0 = torch.Tensor([[1, -2], [2, 5]]).requires_grad_(True)\n"
        "W_1 = torch.Tensor([[3, -3], [-1, 1]]).requires_grad_(True)\n"
        "h = I.matmul(W_0)\nL = torch.relu(h)\nO = L.matmul(W_1)\ns = torch.softmax(O, 0)\n"
        "l = torch.sum(-label * torch.log(s)).reshape(1)\nl.backward()"
    ),
    "answer-2": "grad_W_1 = W_1.grad.flatten()",
    "answer-3": "grad_W_0 = [list(row) for row in W_0.grad]",
}
CLASS: Mapping[str, tuple[Edit, float]] = {
    "right": (lambda cell, text: text, 12),
    "empty": (lambda cell, text: None, 0),
    "only-W_1": (lambda cell, text: "grad_W_1 = [6, -6, 0, 0]" if cell == "answer-2" else None, 3),
    "half-of-W_1": (lambda cell, text: "grad_W_1 = [[6, 1], [0, 1]]" if cell == "answer-2" else None, 1.5),
    # h is wrong in both entries; everything after it follows rightly.
    "slip-in-h": (lambda cell, text: text.replace("h = I @ W_0", "h = I @ W_0 + np.array([1, 8])"), 11),
    # The mask is missing: two of the four entries of W_0 are wrong, and nothing else.
    "no-mask": (lambda cell, text: text.replace("np.where(h > 0, 1.0, 0.0)", "np.ones(2)"), 10),
    "in-torch": (lambda cell, text: IN_TORCH.get(cell, text), 12),
    "shouting": (lambda cell, text: f"import sys\nprint('x', file=sys.stderr)\n{text}", 12),
    # Objects that raise when they are looked at: what needs them raises in the student's own cells.
    "rude": (lambda cell, text: f"{text}\nh = L = type('X', (), {{'__array__': lambda *a: 1 / 0}})()", 3),
    "endless-list": (lambda cell, text: "h = []\nh.append(h)" if cell == "answer-1" else None, 0),
}


@pytest.mark.slow
def test_the_homework_through_nbgrader(derive: Run, nbgrader: Nbgrader, tmp_path: Path) -> None:
    outcome = derive("report", HOMEWORK, "--out", tmp_path, "--format", "json", "--nbgrader", "--lang", "en")
    assert outcome.code == 0
    course = tmp_path / "two-layer/nbgrader.en"
    nbgrader(course, "generate_assignment", "two-layer")
    released = (course / "release/two-layer/two-layer.ipynb").read_text("utf-8")
    for secret in ("HIDDEN", "SOLUTION", "_derive", "np.kron", "Both are.", "e^{-36}", "np.diag"):
        assert secret not in released
    assert "this cell still waits for your code" in released
    assert "Write your answer here." in released
    for student, (edit, _) in CLASS.items():
        hand_in(course, "two-layer", student, edit)
    said = nbgrader(course, "autograde", "two-layer")
    assert "ERROR" not in said
    assert "expecting output to indicate" not in said  # every test came to a number of points
    assert nbgrader.scores(course) == pytest.approx({name: points for name, (_, points) in CLASS.items()})
    for student in CLASS:
        for output in outputs(course, student, "two-layer"):
            assert output.get("name") != "stderr", (student, output)
            assert output["output_type"] != "error", (student, output)


@pytest.mark.slow
def test_a_class_through_nbgrader(derive: Run, nbgrader: Nbgrader, tmp_path: Path) -> None:
    """Everybody has their own numbers; the folder that a notebook came from says whose they are."""
    (tmp_path / "class.csv").write_text("id,name\n2024-001,김하늘\n이-002,Lee\n2024-003,Park\n", "utf-8")
    order = ("variants", HOMEWORK, "--roster", tmp_path / "class.csv", "--name", "midterm", "--out", tmp_path)
    assert derive(*order, "--format", "md", "--lang", "ko", "--nbgrader").code == 0
    course = tmp_path / "two-layer/midterm/nbgrader"
    nbgrader(course, "generate_assignment", "midterm")
    assert (course / "release/midterm/numbers.json").exists()
    manifest = json.loads((course.parent / "manifest.json").read_text("utf-8"))
    variants = {variant["student"]: variant for variant in manifest["variants"]}
    assert len({json.dumps(variant["numbers"]) for variant in variants.values()}) == 3

    def named(name: str) -> dict[str, str]:
        return {'student = ""': f'student = "{name}"'}

    hand_in(course, "midterm", "2024-001", lambda cell, text: text, named("2024-001"))
    # Who gives the id on the paper copy is found, too; who gives another one's is held to the own numbers.
    hand_in(course, "midterm", "이-002", lambda cell, text: text, named(variants["이-002"]["id"]))
    borrowed = ", ".join(variants["2024-001"]["answers"]["pre_activation_0"]["decimal"][0])
    hand_in(
        course,
        "midterm",
        "2024-003",
        lambda cell, text: f"h = np.array([{borrowed}])" if cell == "answer-1" else None,
        {**named("2024-001"), "locked": "import numpy as np"},
    )
    said = nbgrader(course, "autograde", "midterm")
    assert "ERROR" not in said
    scores = nbgrader.scores(course)
    assert scores == {"2024-001": 12.0, "이-002": 12.0, "2024-003": 0.0}
    for student in variants:
        assert not [one for one in outputs(course, student, "midterm") if one.get("name") == "stderr"]
