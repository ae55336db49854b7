"""A disk that is full, or can't be written to: a message with file and reason, and no half of a file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.programs import HOMEWORK, ROOT, command, content, namespace, run

# In a mount namespace: nobody else sees the small disk, and it is gone with the process.
ON_A_SMALL_DISK = """
mount -t tmpfs -o size="$1" tmpfs "$2" && cd "$2" || exit 99
shift 2
"$@" >&2
code=$?
find . -type f -printf '%P %s\\n'
exit $code
"""
MAKING = {
    "report": ("report", HOMEWORK, "--out", ".", "--lang", "ko", "--format", "html,md,json"),
    "variants": ("variants", HOMEWORK, "--out", ".", "--count", "12", "--lang", "ko", "--format", "html"),
    "grade": ("grade", HOMEWORK, "answers.csv", "--out", "."),
}
# No file may grow beyond that: the always-run neighbour of a full disk, which needs no namespace.
SMALL_FILES = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    path = tmp_path / "answers.csv"
    path.write_text("student,quantity,index,value\n" + "".join(f"{n},loss,,1\n" for n in range(9)))
    return path


def making(kind: str, answers: Path, folder: str = ".") -> list[str]:
    """The arguments that write into a folder."""
    known = {"answers.csv": str(answers), ".": folder}
    return [known.get(str(one), str(one)) for one in MAKING[kind]]


def on_a_disk(arguments: list[str], size: str, folder: Path) -> tuple[int, dict[str, int], str]:
    """Exit code, sizes of the files that are left, and what was said."""
    shell = [*namespace("--mount"), "sh", "-c", ON_A_SMALL_DISK, "sh", size, str(folder)]
    call = [*shell, *command(*arguments)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(call, env=environment, capture_output=True, text=True, check=False)
    left = (line.rsplit(" ", 1) for line in done.stdout.splitlines())
    return done.returncode, {name: int(length) for name, length in left}, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("kind", MAKING)
def test_full(kind: str, answers: Path, tmp_path: Path) -> None:
    disk, arguments = tmp_path / "disk", making(kind, answers)
    disk.mkdir()
    code, whole, said = on_a_disk(arguments, "100m", disk)
    assert code == 0, said
    for share in (0.0, 0.3, 0.7):
        kilobytes = max(4, int(share * sum(whole.values())) // 1024)
        code, left, said = on_a_disk(arguments, f"{kilobytes}k", disk)
        assert_refused(code, said, "No space left on device")
        for name, length in left.items():
            assert Path(name).name == ".journal" or whole[name] == length, name
    assert left


@pytest.mark.skipif(os.name == "nt", reason="there are no limits on Windows")
def test_files_that_may_not_grow(answers: Path, tmp_path: Path) -> None:
    assert run(*making("report", answers, str(tmp_path / "whole"))).code == 0
    arguments = making("report", answers, str(tmp_path / "left"))
    alone = {"COVERAGE_PROCESS_CONFIG": None}  # whose own file may not grow either
    ended = run(*arguments, changes=alone, before=[sys.executable, "-c", SMALL_FILES])
    whole, left = content(tmp_path / "whole"), content(tmp_path / "left")
    assert_refused(ended.code, ended.err, "File too large")
    assert left.items() < whole.items()


def assert_refused(code: int, said: str, why: str) -> None:
    assert code == 1
    assert why in said
    assert "check the folder and the disk" in said
    assert "Traceback" not in said


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions are others on Windows")
@pytest.mark.slow
@pytest.mark.parametrize("kind", MAKING)
def test_a_folder_that_is_a_file(kind: str, answers: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("mine")
    ended = run(*making(kind, answers, str(blocked)))
    assert_refused(ended.code, ended.err, str(blocked))
    assert blocked.read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {"blocked", "answers.csv"}
