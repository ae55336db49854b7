"""The disk: what is found, how reading fails, and that writing is whole or not at all."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from derive import files, filling
from derive.errors import ProblemError


def what(error: pytest.ExceptionInfo[ProblemError]) -> str:
    (problem,) = error.value.problems
    assert problem.fix
    return f"{problem.what} {problem.why}"


def test_fonts_are_found_without_importing_their_packages() -> None:
    fonts = {path.name for folder in files.font_folders() for path in folder.iterdir()}
    assert {"NotoSerifKR-Regular.otf", "NanumGothicBold.ttf"} <= fonts
    assert "pylopdf_fonts_ko" not in sys.modules
    assert "koreanize_matplotlib" not in sys.modules


def test_templates_of_the_user_go_first(tmp_path: Path) -> None:
    (tmp_path / "page.html.j2").write_text("mine", "utf-8")
    assert filling.fill("page.html.j2", {}, tmp_path) == "mine"
    assert files.template_folders()[-1].joinpath("style.css").is_file()
    with pytest.raises(ProblemError) as error:
        files.template_folders(tmp_path / "missing")
    assert "no folder" in what(error)


def test_example_exercises_are_yaml_files() -> None:
    assert all(path.suffix == ".yaml" for path in files.example_exercises())


def test_reads_text_with_and_without_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    for content in ("가: 1\n".encode(), "가: 1\n".encode("utf-8-sig")):
        path.write_bytes(content)
        assert files.read_text(path) == "가: 1\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a\0b", "not a text file"),
        ("이름".encode("cp949"), "CP949"),
        ("name".encode("utf-16"), "UTF-16"),
        (b"\xff\xff", "not in UTF-8"),
    ],
)
def test_says_what_is_wrong_with_a_file(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    with pytest.raises(ProblemError) as error:
        files.read_text(path)
    assert said in what(error)
    assert error.value.problems[0].file == str(path)


def test_says_where_the_encoding_breaks(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes("a\n가나".encode() + "다".encode("cp949"))
    with pytest.raises(ProblemError) as error:
        files.read_text(path)
    assert (error.value.problems[0].line, error.value.problems[0].column) == (2, 3)


def test_missing_folder_and_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path, said in ((tmp_path / "missing", "does not exist"), (tmp_path, "is a folder")):
        with pytest.raises(ProblemError) as error:
            files.read_text(path)
        assert said in what(error)
    monkeypatch.setattr(files, "LARGEST_TEXT", 3)
    (tmp_path / "large").write_bytes(b"1234")
    with pytest.raises(ProblemError) as error:
        files.read_text(tmp_path / "large")
    assert "too large" in what(error)


def test_writes_into_new_folders_and_over_old_files(tmp_path: Path) -> None:
    path = tmp_path / "a" / "한글 b" / "c.txt"
    files.write(path, b"one")
    files.write(path, b"two")
    assert path.read_bytes() == b"two"
    assert [child.name for child in path.parent.iterdir()] == ["c.txt"]
    assert path.stat().st_mode & 0o044 == 0o044 & ~files.UMASK


def test_a_failed_write_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.txt"
    files.write(path, b"one")

    def fail(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ProblemError) as error:
        files.write(path, b"two")
    assert "No space left" in what(error)
    assert path.read_bytes() == b"one"
    assert len(list(tmp_path.iterdir())) == 1


def test_writing_under_a_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(ProblemError) as error:
        files.write(tmp_path / "a" / "b", b"")
    assert "can't be written" in what(error)


@pytest.mark.skipif(os.name == "nt", reason="folders can't be locked there")
def test_who_waits_for_a_folder_that_is_taken_away_makes_it_anew(tmp_path: Path) -> None:
    """The first writes nothing, so its folder goes; the second must not hold what is gone."""
    from fcntl import LOCK_EX, LOCK_NB, flock

    folder, waits = tmp_path / "a" / "b", Event()

    def come_second() -> None:
        with files.alone_in(folder, waits.set):
            third = os.open(folder, os.O_RDONLY)
            with pytest.raises(BlockingIOError):
                flock(third, LOCK_EX | LOCK_NB)
            os.close(third)
            files.write(folder / "c.txt", b"second")

    with ThreadPoolExecutor(1) as pool:
        with files.alone_in(folder, lambda: None):
            second = pool.submit(come_second)
            assert waits.wait(60)
        second.result()
    assert (folder / "c.txt").read_bytes() == b"second"


def test_a_private_folder_is_private_and_goes_away() -> None:
    with files.private_folder() as folder:
        assert folder.stat().st_mode & 0o077 == 0
        (folder / "a").write_bytes(b"")
    assert not folder.exists()
