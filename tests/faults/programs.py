"""Commands as processes of their own, in surroundings that a test chooses."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOMEWORK = ROOT / "exercises" / "two-layer.yaml"


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "derive", *map(str, arguments)]


def run(
    *arguments: object, changes: Mapping[str, str | None] | None = None, before: Sequence[str] = ()
) -> Ended:
    """Run a command.

    Args:
        arguments: Of `derive`.
        changes: To the environment; None takes a variable away.
        before: A program that runs it, with its arguments.
    """
    given = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "100"} | (changes or {})
    environment = {name: value for name, value in given.items() if value is not None}
    done = subprocess.run(
        [*before, *command(*arguments)], cwd=ROOT, env=environment, capture_output=True, check=False
    )
    out, err = (said.decode("utf-8", "replace") for said in (done.stdout, done.stderr))
    return Ended(done.returncode, out, err)


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def namespace(*options: str) -> list[str]:
    """What runs a program in a namespace of its own, as root there; skips where the system has none."""
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare here")
    before = ["unshare", "--map-root-user", *options]
    if subprocess.run([*before, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system allows no namespaces")
    return before
