"""The command as a whole: how light it is, and what each way of failing exits with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import derive as package
from derive.cli import pipeline

HEAVY = ("sympy", "torch", "matplotlib", "numpy", "flint", "jinja2", "ruamel.yaml", "derive.render")
Run = Callable[..., Any]


@pytest.mark.parametrize("arguments", [["--help"], ["report", "--help"], ["check", "-h"], ["--version"]])
def test_help_imports_nothing_heavy(process: Run, arguments: list[str]) -> None:
    code = (
        "import sys\n"
        f"sys.argv = ['derive', *{arguments}]\n"
        "from derive.cli.app import main\n"
        "try: main()\n"
        f"finally: print('heavy:', [name for name in {HEAVY} if name in sys.modules], file=sys.stderr)\n"
    )
    outcome = process(code=code)
    assert outcome.code == 0
    assert outcome.err.strip() == "heavy: []"


def test_help_names_every_command(process: Run) -> None:
    outcome = process("--help")
    assert outcome.code == 0
    for command in ("report", "check", "new", "schema"):
        assert f" {command} " in outcome.out


def test_version(process: Run) -> None:
    assert process("--version").out == f"derive {package.__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["report"],
        ["check", "--jsn", "x.yaml"],
        ["report", "x.yaml", "--format", "pdff"],
        ["report", "x.yaml", "--format", ","],
        ["report", "x.yaml", "--lang", "de"],
        ["report", "x.yaml", "--audience", "teacher"],
        ["report", "x.yaml", "--paper", "a5"],
        ["report", "x.yaml", "--pdf-engine", "word"],
        ["report", "x.yaml", "--digits", "0"],
        ["report", "x.yaml", "--require", "none"],
        ["new", "x", "--like", "two-layers"],
    ],
)
def test_wrong_usage_exits_with_2(
    derive: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = derive(*arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert "Usage" in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_wrong_usage_says_what_was_meant(derive: Run) -> None:
    outcome = derive("report", "x.yaml", "--format", "html,pdff")
    assert 'did you mean "pdf"?' in " ".join(outcome.err.replace("│", " ").split())


@pytest.mark.parametrize(("flags", "traced"), [([], False), (["--verbose"], True)])
def test_a_fault_of_the_program_exits_with_70(
    derive: Run, monkeypatch: pytest.MonkeyPatch, flags: list[str], traced: bool
) -> None:
    def fault(*_: object) -> None:
        raise KeyError("delta")

    monkeypatch.setattr(pipeline, "verify", fault)
    outcome = derive("check", "exercises/two-layer.yaml", *flags)
    assert outcome.code == 70
    assert outcome.out == ""
    assert "a fault of the program, not of your file: KeyError" in outcome.err
    assert ("Traceback" in outcome.err) is traced
