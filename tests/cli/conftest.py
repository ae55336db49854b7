"""The command line, in this process and in one of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from derive.cli import app

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def derive(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run a command in this process."""

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["derive", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "100")
        with pytest.raises(SystemExit) as stopped:
            app.main()
        captured = capsys.readouterr()
        code = stopped.value.code
        return Outcome(code if isinstance(code, int) else 0, captured.out, captured.err)

    return run


@pytest.fixture
def process() -> Callable[..., Outcome]:
    """Run a command in a process of its own."""

    def run(
        *arguments: object, code: str | None = None, cwd: Path = ROOT, first: Path | None = None
    ) -> Outcome:
        command = ["-c", code] if code else ["-m", "derive", *map(str, arguments)]
        paths = os.pathsep.join(map(str, [first, ROOT] if first else [ROOT]))
        environment = os.environ | {"PYTHONPATH": paths, "COLUMNS": "100"}
        done = subprocess.run(
            [sys.executable, *command], capture_output=True, text=True, cwd=cwd, env=environment, check=False
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run
