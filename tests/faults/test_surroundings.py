"""Where the program may find itself: another locale, no home, odd paths, a wrong clock, company."""

import os
import subprocess
import time
from collections.abc import Mapping
from itertools import count
from pathlib import Path

import pytest

from tests.faults.programs import HOMEWORK, ROOT, command, content, run

pytestmark = pytest.mark.slow
ODD = "my \"first\" '반' $HOME; x & y %s {{ z }}"
PAGES = ("--lang", "ko", "--format", "html,tex,pdf,ipynb,md,json")
ROSTER = "id,name\n2026001,김민준\n2026002,이서연\n"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """The files of an undisturbed report."""
    folder = tmp_path_factory.mktemp("report")
    assert run("report", HOMEWORK, "--out", folder, *PAGES).code == 0
    return content(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"LC_ALL": "C", "LANG": "C"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": None, "LANG": None, "LANGUAGE": None, "TERM": None},
    ],
    ids=["C", "ASCII alone", "none"],
)
def test_another_locale(changes: dict[str, str | None], report: Mapping[str, bytes], tmp_path: Path) -> None:
    exercise = tmp_path / "역전파.yaml"
    exercise.write_bytes(HOMEWORK.read_bytes())
    ended = run("report", exercise, "--out", tmp_path / "풀이", *PAGES, changes=changes)
    assert ended.code == 0, ended.err
    assert content(tmp_path / "풀이") == report
    broken = tmp_path / "틀린 문제.yaml"
    broken.write_text("title: 역전파\ninptu: [1, 2]\n", "utf-8")
    ended = run("check", broken, changes=changes)
    assert ended.code == 1
    assert "inptu" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("home", [None, "/proc/nothing"])
def test_no_home(home: str | None, report: Mapping[str, bytes], tmp_path: Path) -> None:
    changes = {"HOME": home, "XDG_CONFIG_HOME": None, "XDG_CACHE_HOME": None, "MPLCONFIGDIR": None}
    ended = run("report", HOMEWORK, "--out", tmp_path, *PAGES, changes=changes)
    assert ended.code == 0, ended.err
    assert content(tmp_path) == report
    assert "Traceback" not in ended.err  # Matplotlib says that it keeps what it has learned elsewhere


def test_a_folder_of_an_odd_name(report: Mapping[str, bytes], tmp_path: Path) -> None:
    folder = tmp_path / ODD
    folder.mkdir()
    exercise, roster, answers = folder / "one's own.yaml", folder / "반.csv", folder / "답 = 1.csv"
    exercise.write_bytes(HOMEWORK.read_bytes())
    roster.write_text(ROSTER, "utf-8")
    answers.write_text("student,quantity,index,value\n2026001,loss,,1\n", "utf-8")
    assert run("report", exercise, "--out", folder / "out", *PAGES).code == 0
    assert content(folder / "out") == report
    ended = run("variants", exercise, "--roster", roster, "--out", folder / "out", "--bundle")
    assert ended.code == 0, ended.err
    ended = run("grade", folder / "out" / "two-layer" / "variants", answers, "--format", "csv,html,pdf")
    assert ended.code == 0, ended.err
    assert len(list((folder / "out").rglob("feedback/*.pdf"))) == 2
    assert {path.name for path in tmp_path.iterdir()} == {ODD}


def test_make_with_an_odd_folder(report: Mapping[str, bytes], tmp_path: Path) -> None:
    if not (ROOT / ".venv" / ".setup-stamp").exists():
        pytest.skip("make has not set up .venv")
    folder = tmp_path / "나의 첫 반"
    folder.mkdir()
    (folder / "우리 반.yaml").write_bytes(HOMEWORK.read_bytes())
    call = ["make", "--silent", "report", f"EXERCISE={folder / '우리 반.yaml'}", f"OUT={folder / 'out'}"]
    done = subprocess.run([*call, "LANGUAGES=ko"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    key = {name: text for name, text in report.items() if name.endswith(".ko.md")}
    assert {name: text for name, text in content(folder / "out").items() if name in key} == key


def test_a_clock_that_goes_backwards(
    report: Mapping[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is decided by the times of files, or by what time it is."""
    for name, text in report.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"out of date" if name.endswith(".md") else text)
        os.utime(path, (4e9, 4e9))
    backwards = count(int(time.time()), -1000)
    monkeypatch.setattr(time, "time", lambda: float(next(backwards)))
    monkeypatch.setattr(time, "time_ns", lambda: next(backwards) * 10**9)
    from derive.cli import app

    for _ in range(2):
        monkeypatch.setattr("sys.argv", ["derive", "report", str(HOMEWORK), "--out", str(tmp_path), *PAGES])
        with pytest.raises(SystemExit) as stopped:
            app.main()
        assert not stopped.value.code
        assert content(tmp_path) == report


@pytest.mark.parametrize("kind", ["report", "variants", "grade"])
def test_two_at_once(kind: str, tmp_path: Path) -> None:
    """In one folder: both come to their end, and the files are those of one."""
    roster, answers = tmp_path / "class.csv", tmp_path / "answers.csv"
    roster.write_text(ROSTER, "utf-8")
    answers.write_text("student,quantity,index,value\n2026001,loss,,1\n", "utf-8")
    making = ("variants", HOMEWORK, "--roster", roster, "--format", "md", "--out")
    if kind == "grade":
        assert run(*making, tmp_path / "set").code == 0
    arguments = {
        "report": ("report", HOMEWORK, "--format", "html,tex,md,json", "--out"),
        "variants": making,
        "grade": ("grade", tmp_path / "set" / "two-layer" / "variants", answers, "--out"),
    }[kind]
    assert run(*arguments, tmp_path / "alone").code == 0
    both = [
        subprocess.Popen(
            command(*arguments, tmp_path / "both"), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    said = [process.communicate()[1].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert content(tmp_path / "both") == content(tmp_path / "alone")
