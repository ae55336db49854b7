"""A disk that is full, or can't be written to: a message with file and reason, and no half of a file."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.faults.programs import HOMEWORK, ROOT, command, namespace, run

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
    "report": ("report", HOMEWORK, "--out", ".", "--lang", "ko"),
    "variants": ("variants", HOMEWORK, "--out", ".", "--count", "12", "--lang", "ko", "--format", "html"),
}


def on_a_disk(kind: str, size: str, folder: Path) -> tuple[int, dict[str, int], str]:
    """Exit code, sizes of the files that are left, and what was said."""
    shell = [*namespace("--mount"), "sh", "-c", ON_A_SMALL_DISK, "sh", size, str(folder)]
    call = [*shell, *command(*MAKING[kind])]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(call, env=environment, capture_output=True, text=True, check=False)
    left = (line.rsplit(" ", 1) for line in done.stdout.splitlines())
    return done.returncode, {name: int(length) for name, length in left}, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("kind", MAKING)
def test_full(kind: str, tmp_path: Path) -> None:
    code, whole, said = on_a_disk(kind, "100m", tmp_path)
    assert code == 0, said
    for share in (0.0, 0.3, 0.7):
        kilobytes = max(4, int(share * sum(whole.values())) // 1024)
        code, left, said = on_a_disk(kind, f"{kilobytes}k", tmp_path)
        assert_clean(code, left, said, whole)
    assert left


def assert_clean(code: int, left: dict[str, int], said: str, whole: dict[str, int]) -> None:
    assert code == 1
    assert "No space left on device" in said
    assert "check the folder and the disk" in said
    assert "Traceback" not in said
    for name, size in left.items():
        assert Path(name).name == ".journal" or whole[name] == size, name


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions are others on Windows")
@pytest.mark.parametrize("kind", [*MAKING, "grade"])
def test_a_folder_that_is_a_file(kind: str, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("mine")
    answers = tmp_path / "answers.csv"
    answers.write_text("student,quantity,index,value\n1,loss,,1\n")
    arguments = MAKING.get(kind, ("grade", HOMEWORK, answers, "--out", "."))
    ended = run(*(blocked if one == "." else one for one in arguments))
    assert ended.code == 1
    assert str(blocked) in ended.err
    assert "check the folder and the disk" in ended.err
    assert "Traceback" not in ended.err
    assert blocked.read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {"blocked", "answers.csv"}
