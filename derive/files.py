"""The disk: finding templates, fonts and exercises, reading text, and writing beside-and-rename.

Nothing else in the program touches the disk but the command line, and a TeX in a folder of its own.
"""

import importlib.util
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from derive.errors import Problem, ProblemError

_PACKAGE = Path(__file__).resolve().parent
# The packages that carry fonts with Korean glyphs, and the folder of the fonts inside each.
_FONT_PACKAGES = {"pylopdf_fonts_ko": ".", "koreanize_matplotlib": "fonts"}
LARGEST_TEXT = 8_000_000
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
UMASK = os.umask(0o022)  # asked for by setting it, so here, where nothing else runs yet
os.umask(UMASK)
PART = ".part"  # how files end that are not whole yet; a killed program leaves some behind


@cache
def font_folders() -> tuple[Path, ...]:
    """The folders of the Korean fonts, found without importing the packages that carry them.

    Raises:
        ProblemError: A font package isn't installed.
    """
    return tuple(_font_folder(package, folder) for package, folder in _FONT_PACKAGES.items())


def _font_folder(package: str, folder: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        name = package.replace("_", "-")
        raise _problem("", f"the fonts of the package {name} are missing", "", f"pip install {name}")
    return (Path(next(iter(found.submodule_search_locations))) / folder).resolve()


def template_folders(extra: Path | None = None) -> list[Path]:
    """Where templates are looked for, first place first: the user's own, then the program's.

    Raises:
        ProblemError: `extra` is no folder.
    """
    if extra is not None and not extra.is_dir():
        raise _problem(
            str(extra), f"no folder of templates at {extra}", "", "give --templates a folder that is there"
        )
    return [*([extra] if extra else []), _shipped("templates")]


def example_exercises() -> list[Path]:
    """The exercise files that come with the program, in the order of their names."""
    return sorted(_shipped("exercises").glob("*.yaml"))


def _shipped(name: str) -> Path:
    """A folder inside the package (installed from a wheel), or else beside it (a checkout)."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def module_source(name: str) -> str:
    """The text of one of the program's own modules, for what is handed on as it stands."""
    found = importlib.util.find_spec(name)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).read_text("utf-8")


def read_text(path: Path, largest: int | None = None) -> str:
    """The text of a file in UTF-8, with or without a byte order mark.

    Args:
        path: Of the file.
        largest: How many bytes are read at most; by default as many as an exercise can need.

    Raises:
        ProblemError: It is missing, a folder, too large, binary or in another encoding.
    """
    name, content = str(path), _content(path, LARGEST_TEXT if largest is None else largest)
    if b"\0" in content and not content.startswith(_UTF_16):
        raise _problem(name, f"{name} is not a text file", "it has null bytes", "name a text file")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _encoding_problem(name, content, error) from None


def read_lenient(path: Path, largest: int) -> str:
    """The text of a file that many have written into: bytes that are no text become U+FFFD.

    It is read as UTF-8, or as what spreadsheets write in its place: UTF-16 with a byte order mark, CP949.

    Raises:
        ProblemError: It is missing, a folder or too large.
    """
    content = _content(path, largest)
    if content.startswith(_UTF_16):
        return content.decode("utf-16", "replace")
    text = content.decode("utf-8-sig", "replace")
    broken = text.count("\N{REPLACEMENT CHARACTER}")
    if broken > sum(letter > "\x7f" for letter in text) // 2:  # no such thing as mostly broken UTF-8
        with suppress(UnicodeDecodeError):
            return content.decode("cp949")
    return text


def read_bytes(path: Path, largest: int) -> bytes:
    """What a file holds, whatever it is.

    Raises:
        ProblemError: It is missing, a folder or too large.
    """
    return _content(path, largest)


def _content(path: Path, limit: int) -> bytes:
    name = str(path)
    try:
        if path.is_dir():
            raise _problem(name, f"{name} is a folder", "a file is read here", "name a file inside it")
        if path.stat().st_size > limit:
            why = f"at most {limit // 1_000_000} MB are read"
            raise _problem(name, f"{name} is too large", why, "is it the right file?")
        return path.read_bytes()
    except FileNotFoundError:
        raise _problem(name, f"{name} does not exist", "", "check the path") from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise _problem(name, f"{name} can't be read", why, "check its permissions") from None


def _encoding_problem(name: str, content: bytes, error: UnicodeDecodeError) -> ProblemError:
    before = content[: error.start]
    line = before.count(b"\n") + 1
    column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
    why = f"byte 0x{content[error.start]:02x} is not UTF-8{_likely_encoding(content)}"
    table = name.lower().endswith(".csv")
    fix = "save it as UTF-8" + (' (in Excel: save as "CSV UTF-8")' if table else "")
    return ProblemError([Problem(name, line, column, f"{name} is not in UTF-8", why, fix)])


def _likely_encoding(content: bytes) -> str:
    if content.startswith(_UTF_16):
        return "; it looks like UTF-16"
    try:
        content.decode("cp949")
    except UnicodeDecodeError:
        return ""
    return "; it looks like CP949 (a Korean Windows encoding)"


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: beside its place, flushed to the disk, then renamed into it.

    Folders that are missing are made. A file that was there is replaced.

    Raises:
        ProblemError: The folder can't be written to, or the disk is full; nothing is left behind.
    """
    write_pieces(path, [content])


def write_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    """The same for a file that is made piece by piece and never held as a whole.

    Raises:
        ProblemError: As for `write`.
    """
    with _said(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_beside(path, pieces)


@contextmanager
def _said(path: Path) -> Iterator[None]:
    """Say of what the system refuses which file it was about."""
    try:
        yield
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise _problem(str(path), f"{path} can't be written", why, "check the folder and the disk") from None


def _write_beside(path: Path, pieces: Iterable[bytes]) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:60]}.", suffix=PART)
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files that only their owner may read; a report is for others too.
        beside.chmod(0o666 & ~UMASK)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    """Make the renaming itself last, where the system can (Windows can't open folders)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def alone_in(folder: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Keep other runs of the program out of a folder while this one writes into it.

    Whoever comes second waits; a killed run holds nothing. Where folders can't be locked (Windows, some
    network disks) nobody waits.

    Args:
        folder: Made if it is missing; gone again if nothing was written into it.
        waiting: Called once if another run is there.

    Raises:
        ProblemError: The folder can't be made.
    """
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    with _said(folder):
        held = _hold(folder, waiting)
    try:
        yield
    finally:
        for one in made:
            with suppress(OSError):  # there is something in it
                one.rmdir()
        if held is not None:
            os.close(held)


def _hold(folder: Path, waiting: Callable[[], None]) -> int | None:
    """Make a folder and lock it: the handle that holds it, None on Windows."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.name == "nt":
        return None
    from fcntl import LOCK_EX, LOCK_NB, flock

    handle = os.open(folder, os.O_RDONLY)
    try:
        flock(handle, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        waiting()
        flock(handle, LOCK_EX)
    except OSError:
        return handle
    if folder.exists() and os.path.samestat(folder.stat(), os.fstat(handle)):
        return handle
    os.close(handle)  # whoever was there wrote nothing and took the folder away
    return _hold(folder, waiting)


def sweep(folders: Iterable[Path]) -> None:
    """Remove what killed runs have left half written; nobody else may be writing there."""
    for folder in folders:
        for path in folder.glob(f".*{PART}"):
            path.unlink(missing_ok=True)


@contextmanager
def private_folder() -> Iterator[Path]:
    """A new folder that only this user may read, gone afterwards with all that is in it."""
    with tempfile.TemporaryDirectory(prefix="derive-") as name:
        yield Path(name).resolve()


def _problem(file: str, what: str, why: str, fix: str) -> ProblemError:
    return ProblemError([Problem(file, None, None, what, why, fix)])
