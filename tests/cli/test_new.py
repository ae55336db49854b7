"""`derive new` and `derive schema`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from derive.exercise import schema

Run = Callable[..., Any]
EXAMPLES = sorted(path.stem for path in Path(__file__).parents[2].glob("exercises/*.yaml"))


@pytest.mark.parametrize("like", EXAMPLES)
def test_a_new_exercise_is_good_as_it_is(derive: Run, tmp_path: Path, like: str) -> None:
    outcome = derive("new", "my-exam", "--out", tmp_path / "한글 폴더", "--like", like)
    path = tmp_path / "한글 폴더" / "my-exam.yaml"
    assert outcome.code == 0
    assert outcome.out.splitlines() == [str(path), str(path.with_name("exercise.schema.json"))]
    text = path.read_text("utf-8")
    assert text.startswith("# yaml-language-server: $schema=exercise.schema.json\n\nid: my-exam\n")
    assert schema.load(text, "x").id == "my-exam"


def test_it_stands_in_the_current_folder(
    derive: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert derive("new", "quiz.yaml", "--quiet").err == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exercise.schema.json", "quiz.yaml"]


def test_nothing_is_overwritten(derive: Run, tmp_path: Path) -> None:
    (tmp_path / "quiz.yaml").write_text("mine", "utf-8")
    outcome = derive("new", "quiz", "--out", tmp_path)
    assert outcome.code == 1
    assert "is there already" in outcome.err
    assert [path.read_text("utf-8") for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("name", ["My Exam", "../up", "a/b", "-x", "", "시험", "a: b", "x\ny"])
def test_names_that_are_no_ids(derive: Run, tmp_path: Path, name: str) -> None:
    outcome = derive("new", "--out", tmp_path, "--", name)
    assert outcome.code == 1
    assert "error: " in outcome.err
    assert list(tmp_path.rglob("*")) == []


def test_schema(derive: Run) -> None:
    outcome = derive("schema")
    assert outcome.code == 0
    assert outcome.err == ""
    Draft202012Validator.check_schema(json.loads(outcome.out))
    assert json.loads(outcome.out) == schema.json_schema()
