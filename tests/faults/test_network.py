"""No command opens a socket, and all of them work where there is no network."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.programs import HOMEWORK, ROOT, content, namespace, run

# Every Python process of the command runs this before anything else, those of the pool too.
HOOK = """
import os, sys

def note(event, arguments):
    if event.startswith("socket.") and event != "socket.gethostname":
        with open(os.environ["SOCKETS"], "a") as file:
            file.write(f"{event} {arguments[1:]}\\n")

sys.addaudithook(note)
with open(os.environ["SOCKETS"] + ".processes", "a") as file:
    file.write(f"{os.getpid()}\\n")
"""
REPORT = ("report", HOMEWORK, "--nbgrader", "--format", "html,tex,pdf,ipynb,md,json,moodle,canvas")
VARIANTS = ("variants", HOMEWORK, "--count", "20", "--jobs", "2", "--bundle", "--format", "pdf,ipynb,moodle")


@pytest.fixture
def hooked(tmp_path: Path) -> dict[str, str]:
    """An environment in which sockets are noted."""
    folder = tmp_path / "hook"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(HOOK)
    return {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]), "SOCKETS": str(tmp_path / "sockets")}


def test_sockets_are_noticed(hooked: dict[str, str], tmp_path: Path) -> None:
    for code in ("import socket; socket.socket()", "import socket; socket.getaddrinfo('localhost', 1)"):
        subprocess.run([sys.executable, "-c", code], env=os.environ | hooked, check=False)
    noted = (tmp_path / "sockets").read_text()
    assert "socket.__new__" in noted
    assert "socket.getaddrinfo" in noted


@pytest.mark.parametrize(
    ("arguments", "processes"),
    [pytest.param(REPORT, 1, id="report"), pytest.param(VARIANTS, 3, id="variants", marks=pytest.mark.slow)],
)
def test_no_socket(
    hooked: dict[str, str], tmp_path: Path, arguments: tuple[object, ...], processes: int
) -> None:
    ended = run(*arguments, "--out", tmp_path / "out", changes=hooked)
    assert ended.code == 0, ended.err
    assert len((tmp_path / "sockets.processes").read_text().split()) >= processes
    assert not (tmp_path / "sockets").exists(), (tmp_path / "sockets").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [REPORT, VARIANTS], ids=["report", "variants"])
def test_without_a_network(tmp_path: Path, arguments: tuple[object, ...]) -> None:
    ended = run(*arguments, "--out", tmp_path / "out", before=namespace("--net"))
    assert ended.code == 0, ended.err
    assert len(content(tmp_path / "out")) > 20


@pytest.mark.slow
def test_make_report_without_a_network(tmp_path: Path) -> None:
    if not (ROOT / ".venv" / ".setup-stamp").exists() or shutil.which("make") is None:
        pytest.skip("make has not set up .venv")
    call = [*namespace("--net"), "make", "--silent", "report", f"OUT={tmp_path}"]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(content(tmp_path)) == 22  # with the mark of what they are of
