"""Quizzes from the command line: what is written of an exercise and of a set, and the check of a file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from derive import files
from derive.render.quiz import lint_canvas, lint_moodle
from tests.render import canvas_reader, moodle_reader

Run = Callable[..., Any]
HOMEWORK = Path("exercises/two-layer.yaml")


def written(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("[!.]*") if path.is_file())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("quizzes")


def test_of_an_exercise(derive: Run, folder: Path) -> None:
    outcome = derive("report", HOMEWORK, "--out", folder, "--format", "moodle,canvas", "--lang", "ko")
    assert outcome.code == 0, outcome.err
    assert written(folder) == ["two-layer/canvas.ko.zip", "two-layer/moodle.ko.xml"]
    (question,) = moodle_reader.read((folder / "two-layer/moodle.ko.xml").read_bytes())
    assert moodle_reader.levels(question.category)[2] == "인공신경망의 역전파"
    assert question.idnumber == "two-layer-ko"
    assert len(question.gaps) == 16
    (quiz,) = canvas_reader.read((folder / "two-layer/canvas.ko.zip").read_bytes())
    assert len(quiz.items) == 17


def test_a_quiz_is_for_keys_only(derive: Run, tmp_path: Path) -> None:
    derive("report", HOMEWORK, "--out", tmp_path, "--format", "md,moodle", "--audience", "handout")
    assert written(tmp_path) == ["two-layer/handout.en.md", "two-layer/handout.ko.md"]


def test_what_stands_in_reports_alone_stays_out_of_the_quizzes_of_a_set(derive: Run, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    story = (files.template_folders()[0] / "worksheet.en.md.j2").read_text("utf-8")
    heading = "# {{ number() }}. What is given"
    assert heading in story
    block = f"::: report\nSeen in reports.\n:::\n\n{heading}"
    (own / "worksheet.en.md.j2").write_text(story.replace(heading, block), "utf-8")
    options = ("--templates", own, "--out", tmp_path / "out", "--lang", "en", "--format", "moodle")
    assert derive("report", HOMEWORK, *options).code == 0
    assert derive("variants", HOMEWORK, *options, "--count", "2", "--name", "set").code == 0
    of_report = (tmp_path / "out/two-layer/moodle.en.xml").read_text("utf-8")
    of_set = (tmp_path / "out/two-layer/set/moodle.xml").read_text("utf-8")
    assert ("Seen in reports" in of_report, "Seen in reports" in of_set) == (True, False)


def test_check_reads_a_quiz(derive: Run, folder: Path, tmp_path: Path) -> None:
    there = [folder / "two-layer/moodle.ko.xml", folder / "two-layer/canvas.ko.zip"]
    outcome = derive("check", *there)
    assert outcome.code == 0
    assert "moodle reads it as it is meant" in outcome.err
    assert "canvas reads it as it is meant" in outcome.err
    edited = tmp_path / "edited.xml"
    edited.write_bytes(there[0].read_bytes().replace(b"{2:NUMERICAL:=6:", b"{2:NUMERICAL:=+6:", 1))
    outcome = derive("check", edited)
    assert outcome.code == 1
    assert "edited.xml: error: question 1: the gap {2:NUMERICAL:" in outcome.err
    missing = derive("check", tmp_path / "none.zip", edited, "--json")
    assert (missing.code, missing.err) == (1, "")
    found = [json.loads(line) for line in missing.out.splitlines()]
    assert [one["platform"] for one in found] == ["canvas", "moodle"]
    assert "does not exist" in found[0]["problems"][0]["what"]


def test_of_a_set(derive: Run, tmp_path: Path) -> None:
    order = (
        "variants",
        HOMEWORK,
        "--count",
        3,
        "--seed",
        5,
        "--name",
        "quiz",
        "--out",
        tmp_path,
        "--jobs",
        1,
    )
    order += ("--format", "moodle,canvas", "--lang", "en")
    assert derive(*order).code == 0
    one = tmp_path / "two-layer/quiz"
    moodle, canvas = (one / "moodle.xml").read_bytes(), (one / "canvas.zip").read_bytes()
    assert lint_moodle(moodle) == lint_canvas(canvas) == []
    manifest = json.loads((one / "manifest.json").read_text("utf-8"))
    ids = [variant["id"] for variant in manifest["variants"]]
    questions = moodle_reader.read(moodle)
    assert [question.idnumber for question in questions] == [f"{form}-en" for form in ids]
    assert {moodle_reader.levels(question.category)[2] for question in questions} == {
        "Back-propagation by hand · quiz"
    }
    assert [quiz.items[0].identifier for quiz in canvas_reader.read(canvas)] == [f"{f}-en-task" for f in ids]
    for variant, question in zip(manifest["variants"], questions, strict=True):
        typed = variant["answers"]["pre_activation_0"]["decimal"][0]
        assert [gap.grade(number)[0] for gap, number in zip(question.gaps, typed, strict=False)] == [1, 1]
    # What is missing is made again, and nothing else.
    before = {name: (one / name).read_bytes() for name in written(one)}
    (one / f"quizzes/{ids[1]}.xml").unlink()
    (one / "moodle.xml").unlink()
    assert derive(*order).code == 0
    assert {name: (one / name).read_bytes() for name in written(one)} == before
