"""`derive report`: what is written where, and that nothing false is left."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from derive.cli import pipeline
from derive.engine import autograd, proofs
from derive.engine.autograd import TorchMissingError
from derive.render import FORMATS
from derive.worksheet import sheet

Run = Callable[..., Any]
HOMEWORK = Path("exercises/two-layer.yaml")
STORY = "# {title}\n\nGiven $I$.\n\n::: solution 2x4\nThe loss is $36 + c$.\n:::\n"


@pytest.fixture(autouse=True)
def short_story(monkeypatch: pytest.MonkeyPatch) -> None:
    """A story of four lines: this is about files, not about what stands in them."""

    def write(material: Any, language: str, templates: Any) -> Any:
        title = material.sheet.exercise.title[language]
        return SimpleNamespace(markdown=STORY.format(title=title), pictures={})

    monkeypatch.setattr(pipeline, "write_story", write)


def written(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("[!.]*") if path.is_file())


def test_all_formats_languages_and_audiences(derive: Run, tmp_path: Path) -> None:
    outcome = derive("report", HOMEWORK, "--out", tmp_path)
    assert outcome.code == 0, outcome.err
    names = [f"{who}.{lang}.{ext}" for who in ("handout", "key") for lang in ("en", "ko") for ext in FORMATS]
    expected = sorted(f"two-layer/{name}" for name in [*names, "check.json"])
    assert written(tmp_path) == expected
    assert sorted(outcome.out.splitlines()) == [str(tmp_path / name) for name in expected]
    assert "all sources agree" in outcome.err
    assert json.loads((tmp_path / "two-layer/check.json").read_text("utf-8"))["verified"] is True
    assert "36" not in (tmp_path / "two-layer/handout.ko.md").read_text("utf-8")


def test_narrowed(derive: Run, tmp_path: Path) -> None:
    outcome = derive("report", HOMEWORK, "--out", tmp_path, "--format", "pdf, md", "--lang", "ko", "--quiet")
    assert (outcome.code, outcome.err) == (0, "")
    assert written(tmp_path) == [
        f"two-layer/{name}" for name in ("handout.ko.md", "handout.ko.pdf", "key.ko.md", "key.ko.pdf")
    ]
    assert (tmp_path / "two-layer/key.ko.pdf").read_bytes().startswith(b"%PDF")


def test_answers_as_json_are_for_keys_only(derive: Run, tmp_path: Path) -> None:
    derive("report", HOMEWORK, "--out", tmp_path, "--audience", "handout", "--format", "md,json")
    assert written(tmp_path) == ["two-layer/handout.en.md", "two-layer/handout.ko.md"]
    derive("report", HOMEWORK, "--out", tmp_path / "key", "--audience", "key", "--format", "json")
    assert written(tmp_path / "key") == ["two-layer/check.json"]


def test_the_same_again_gives_the_same_bytes(derive: Run, tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert derive("report", HOMEWORK, "--out", tmp_path / name).code == 0
    for name in written(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_papers_differ(derive: Run, tmp_path: Path) -> None:
    for paper in ("a4", "letter"):
        derive(
            "report", HOMEWORK, "--out", tmp_path / paper, "--paper", paper, "--format", "pdf", "--lang", "en"
        )
    pages = [(tmp_path / paper / "two-layer/key.en.pdf").read_bytes() for paper in ("a4", "letter")]
    assert pages[0] != pages[1]


def disagree(monkeypatch: pytest.MonkeyPatch) -> None:
    compute = autograd.compute
    monkeypatch.setattr(
        autograd, "compute", lambda network: dict(found := compute(network)) | {"W_0": -found["W_0"]}
    )


def test_a_failed_verification_leaves_nothing_that_looks_verified(
    derive: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert derive("report", HOMEWORK, "--out", tmp_path, "--format", "md,json").code == 0
    (tmp_path / "two-layer/notes.txt").write_text("the instructor's own", "utf-8")
    before = written(tmp_path)
    disagree(monkeypatch)
    outcome = derive("report", HOMEWORK, "--out", tmp_path, "--format", "md,json")
    assert outcome.code == 1
    assert outcome.out == ""
    assert "NOT VERIFIED" in outcome.err
    assert "autograd disagrees" in outcome.err
    assert "key.ko.md.outdated" in outcome.err
    assert written(tmp_path) == [name + ("" if "notes" in name else ".outdated") for name in before]
    again = derive("report", HOMEWORK, "--out", tmp_path, "--format", "md,json")
    assert again.code == 1
    assert ".outdated.outdated" not in " ".join(written(tmp_path))


def test_a_report_that_succeeds_again_removes_what_was_out_of_date(
    derive: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    derive("report", HOMEWORK, "--out", tmp_path, "--format", "md,json")
    before = written(tmp_path)
    with monkeypatch.context() as patch:
        disagree(patch)
        derive("report", HOMEWORK, "--out", tmp_path, "--format", "md,json")
    derive("report", HOMEWORK, "--out", tmp_path, "--format", "md,json")
    assert written(tmp_path) == before


def test_other_numbers_leave_no_files_of_the_old_ones(derive: Run, tmp_path: Path) -> None:
    exercise = tmp_path / "two-layer.yaml"
    text = HOMEWORK.read_text("utf-8")

    def report(text: str, formats: str) -> tuple[str, list[str]]:
        exercise.write_text(text, "utf-8")
        outcome = derive("report", exercise, "--out", tmp_path / "out", "--lang", "en", "--format", formats)
        assert outcome.code == 0, outcome.err
        return outcome.err, [name.removeprefix("two-layer/") for name in written(tmp_path / "out")]

    report(text, "md,json")
    same, names = report(text + "\n# a remark\n", "tex")
    assert "out of date" not in same
    assert names == ["check.json", "handout.en.md", "handout.en.tex", "key.en.md", "key.en.tex"]
    other, names = report(text.replace("input: [4, 1]", "input: [4, 3]"), "tex")
    assert other.count("out of date") == 3
    assert names == [
        "check.json.outdated",
        "handout.en.md.outdated",
        "handout.en.tex",
        "key.en.md.outdated",
        "key.en.tex",
    ]


def test_a_first_failure_writes_nothing(derive: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disagree(monkeypatch)
    assert derive("report", HOMEWORK, "--out", tmp_path / "out").code == 1
    assert list(tmp_path.iterdir()) == []


def test_a_key_needs_all_sources_unless_told(
    derive: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(network: Any, **precision: bool) -> Any:
        raise TorchMissingError("torch does not load (No module named 'torch')")

    monkeypatch.setattr(autograd, "compute", missing)
    outcome = derive("report", HOMEWORK, "--out", tmp_path)
    assert outcome.code == 1
    assert "--require one" in outcome.err
    assert written(tmp_path) == []
    outcome = derive("report", HOMEWORK, "--out", tmp_path, "--require", "one", "--format", "md")
    assert outcome.code == 0
    assert "autograd: not run" in outcome.err


def test_one_bad_file_stops_all_before_anything_is_written(derive: Run, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(HOMEWORK.read_text("utf-8").replace("relu", "rule"), "utf-8")
    outcome = derive("report", HOMEWORK, bad, tmp_path / "none.yaml", "--out", tmp_path / "out")
    assert outcome.code == 1
    assert 'unknown activation "rule"' in outcome.err
    assert "none.yaml does not exist" in outcome.err
    assert not (tmp_path / "out").exists()


def test_two_files_with_one_id(derive: Run, tmp_path: Path) -> None:
    shutil.copy(HOMEWORK, tmp_path / "copy.yaml")
    outcome = derive("report", HOMEWORK, tmp_path / "copy.yaml", "--out", tmp_path / "out")
    assert outcome.code == 1
    assert 'the id "two-layer" is taken' in outcome.err
    assert not (tmp_path / "out").exists()


def test_one_failure_among_several(derive: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verify = pipeline.accepted
    monkeypatch.setattr(
        pipeline, "accepted", lambda v, require: v.network.name != "xor" and verify(v, require)
    )
    outcome = derive(
        "report", "exercises/xor.yaml", HOMEWORK, "--out", tmp_path, "--format", "md", "--lang", "en"
    )
    assert outcome.code == 1
    assert written(tmp_path) == ["two-layer/handout.en.md", "two-layer/key.en.md"]


def test_a_folder_that_cannot_be_written_to(derive: Run, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file", "utf-8")
    outcome = derive("report", HOMEWORK, "--out", tmp_path / "out", "--format", "md")
    assert outcome.code == 1
    assert "can't be written" in outcome.err
    assert written(tmp_path) == ["out"]


def test_latex_that_is_not_installed(derive: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    outcome = derive(
        "report", HOMEWORK, "--out", tmp_path / "out", "--pdf-engine", "latex", "--format", "pdf"
    )
    assert outcome.code == 1
    assert "TeX" in outcome.err
    assert not (tmp_path / "out").exists()


def test_progress_is_for_terminals_only(derive: Run, tmp_path: Path) -> None:
    outcome = derive("report", HOMEWORK, "--out", tmp_path, "--format", "md", "--verbose")
    assert "two-layer: verifying\n" in outcome.err
    assert "\x1b" not in outcome.err


def test_a_failed_proof_leaves_nothing_that_looks_verified(
    derive: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert derive("report", HOMEWORK, "--out", tmp_path, "--format", "md,json").code == 0
    before = written(tmp_path)

    def fail(*_: object) -> None:
        raise proofs.ProofError("not equal")

    monkeypatch.setattr(sheet, "prove", fail)
    assert derive("report", HOMEWORK, "--out", tmp_path, "--format", "md,json").code == 70
    assert written(tmp_path) == [f"{name}.outdated" for name in before]
