"""`derive check`: the verdict for people, and the JSON object for programs."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from derive.engine import autograd
from derive.engine.autograd import TorchMissingError

Run = Callable[..., Any]
HOMEWORK = "exercises/two-layer.yaml"
SHIPPED = sorted(Path(__file__).parents[2].glob("exercises/*.yaml"))


def test_the_homework(derive: Run) -> None:
    outcome = derive("check", HOMEWORK)
    assert outcome.code == 0
    assert outcome.out == ""
    assert "two-layer: all sources agree: exact, jacobians, autograd" in outcome.err


def test_the_homework_as_json(derive: Run) -> None:
    outcome = derive("check", HOMEWORK, "--json")
    assert outcome.code == 0
    assert outcome.err == ""
    assert outcome.out.count("\n") == 1
    found = json.loads(outcome.out)
    assert found["verified"] is True
    assert found["loss"]["decimal"] == "36.00000000000000023195228302435691193030"
    assert found["gradients"]["W_0"]["decimal"][0][0].startswith("23.9999999999999944331452074154")
    assert found["gradients"]["W_0"]["decimal"][0][1] == "0"


def test_digits(derive: Run) -> None:
    found = json.loads(derive("check", HOMEWORK, "--json", "--digits", 100).out)
    assert len(Decimal(found["loss"]["decimal"]).as_tuple().digits) == 100


def test_several_files_are_an_object_a_line(derive: Run, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("id: x\nlos: sum\n", "utf-8")
    outcome = derive("check", bad, HOMEWORK, tmp_path / "none.yaml", tmp_path, "--json")
    assert outcome.code == 1
    assert outcome.err == ""
    first, second, missing, folder = map(json.loads, outcome.out.splitlines())
    assert set(first["problems"][0]) == {"file", "line", "column", "what", "why", "fix"}
    assert [problem["line"] for problem in first["problems"]] == [1, 1, 2]
    assert second["exercise"] == "two-layer"
    assert "does not exist" in missing["problems"][0]["what"]
    assert "folder" in folder["problems"][0]["what"]


def test_problems_for_people(derive: Run, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("id: x\nlos: sum\n", "utf-8")
    outcome = derive("check", bad)
    assert outcome.code == 1
    assert outcome.out == ""
    assert f'{bad}:2:1: error: unknown key "los"\nlos: sum\n^^^\n' in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("content", [b"", b"\0\1\2\xff", b"\xbf\xc0\xb0\xa1", b"\xff\xfea\0", b"[" * 100_000])
def test_files_that_are_no_exercises(derive: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.yaml").write_bytes(content)
    outcome = derive("check", tmp_path / "bad.yaml")
    assert outcome.code == 1
    assert "error: " in outcome.err


def test_a_disagreement_exits_with_1(derive: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    compute = autograd.compute

    def wrong(network: Any) -> Any:
        found = dict(compute(network))
        found["W_1"] = found["W_1"] * 1.001
        return found

    monkeypatch.setattr(autograd, "compute", wrong)
    outcome = derive("check", HOMEWORK)
    assert outcome.code == 1
    assert "NOT VERIFIED" in outcome.err
    assert "W_1[" in outcome.err
    assert json.loads(derive("check", HOMEWORK, "--json").out)["verified"] is False


def test_a_missing_source_is_said_and_refused_on_request(
    derive: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(network: Any) -> Any:
        raise TorchMissingError("torch does not load (No module named 'torch')")

    monkeypatch.setattr(autograd, "compute", missing)
    outcome = derive("check", HOMEWORK)
    assert outcome.code == 0
    assert "autograd: not run" in outcome.err
    assert derive("check", HOMEWORK, "--require", "all").code == 1


def test_quiet(derive: Run) -> None:
    outcome = derive("check", HOMEWORK, "--quiet")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_exercise_is_verified(derive: Run, path: Path) -> None:
    outcome = derive("check", path)
    assert outcome.code == 0, outcome.err


def test_the_published_figures_of_mazur(derive: Run) -> None:
    found = json.loads(derive("check", "exercises/mazur.yaml", "--json").out)
    assert round(Decimal(found["loss"]["decimal"]), 9) == Decimal("0.298371109")
    step = found["step"]["parameters"]
    assert round(Decimal(step["W_1"]["decimal"][0][0]), 8) == Decimal("0.35891648")
    assert round(Decimal(step["W_0"]["decimal"][0][0]), 9) == Decimal("0.149780716")
