"""The folder of a set on the disk: what is there already, and what it is known by.

What is under way stands in a `Journal`; the manifest and what is made of all variants together comes last.
"""

from collections.abc import Container, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path

from derive import files
from derive.classroom import manifest
from derive.classroom.frozen import Frozen
from derive.classroom.manifest import Head, Manifest
from derive.cli.journal import Journal
from derive.cli.press import EXERCISES, FOLDERS, QUIZZES
from derive.cli.say import Voice
from derive.errors import Problem, ProblemError

MANIFEST = "manifest.json"
CHECKSUMS = "SHA256SUMS"
_JOURNAL = ".journal"
ANSWERS = "answers.csv"
ASSIGNMENT = "nbgrader"
CONTACT = "contact-sheet"
_FOLDERS = (*FOLDERS.values(), EXERCISES, QUIZZES)
_PAGES = "???-????.*"  # a form id, language and extension: nobody else's file
_LARGEST = 2_000_000_000


@dataclass(frozen=True)
class SetFolder:
    """The folder of a set."""

    path: Path

    @property
    def journal(self) -> Journal:
        """Of what is under way here."""
        return Journal(self.path / _JOURNAL)

    def alone(self, voice: Voice) -> AbstractContextManager[None]:
        """While a set is being made; another run that makes it waits.

        Raises:
            ProblemError: The folder can't be made.
        """
        return files.alone_in(self.path, voice.waiting(self.path))

    def standing(self) -> Manifest | None:
        """The manifest that stands here.

        Raises:
            ProblemError: It is broken, or there are pages without a manifest.
        """
        path = self.path / MANIFEST
        if path.exists():
            return read_manifest(path)
        foreign = [name for name in _FOLDERS if any((self.path / name).glob("[!.]*"))]
        if foreign and not (self.path / _JOURNAL).exists():
            what = f"{self.path} has {' and '.join(foreign)}, but no manifest"
            raise ProblemError(
                [Problem(str(self.path), None, None, what, "", "choose another name, or --force")]
            )
        return None

    def clear(self) -> None:
        """Remove everything of the set; nothing else is touched."""
        self.clear_pages()
        self.clear_together(())
        for name in (MANIFEST, ANSWERS, _JOURNAL):
            (self.path / name).unlink(missing_ok=True)

    def clear_pages(self) -> None:
        """Remove the pages of all variants, and what is known of their bytes."""
        self.clear_pages_but(())
        (self.path / CHECKSUMS).unlink(missing_ok=True)

    def clear_pages_but(self, kept: Container[str]) -> None:
        """Remove the pages of all variants but those with these form ids."""
        for name in _FOLDERS:
            for path in (self.path / name).glob(_PAGES):
                if path.name.partition(".")[0] not in kept:
                    path.unlink()

    def clear_together(self, kept: Iterable[Path]) -> None:
        """Remove what was made of all variants together, but for these files."""
        for path in self._together() - set(kept):
            path.unlink()

    def has_together(self, name: str) -> bool:
        """Whether something made of all variants together, such as a bundle, stands here in some language."""
        return any(path.relative_to(self.path).parts[0].split(".")[0] == name for path in self._together())

    def _together(self) -> set[Path]:
        """What is made of all variants together, but for manifest and answers; in any language."""
        from derive.render.page import LANGUAGES
        from derive.render.quiz import QUIZ_FORMATS

        patterns = (
            f"{CONTACT}{{}}.*",
            *(f"{folder}{{}}.pdf" for folder in FOLDERS.values()),
            *(f"{name}{{}}.{row.extension}" for name, row in QUIZ_FORMATS.items()),
            f"{ASSIGNMENT}{{}}/*.py",
            f"{ASSIGNMENT}{{}}/source/*/*",
        )
        suffixes = ("", *(f".{language}" for language in LANGUAGES))
        found = (self.path.glob(pattern.format(suffix)) for pattern in patterns for suffix in suffixes)
        return {path for paths in found for path in paths if path.is_file()}

    def sweep(self) -> None:
        """Remove what a killed run left half written."""
        files.sweep((self.path, *(self.path / name for name in _FOLDERS)))

    def missing(self, pages: Iterable[Path]) -> tuple[str, ...]:
        """Which of a variant's pages aren't there."""
        return tuple(page.as_posix() for page in pages if not (self.path / page).exists())

    def checksums(self) -> dict[str, str]:
        """What `SHA256SUMS` says, by path."""
        path = self.path / CHECKSUMS
        if not path.exists():
            return {}
        lines = files.read_text(path, _LARGEST).splitlines()
        return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}

    def changed(self, names: Iterable[str]) -> list[str]:
        """Which of these files are there, but not as `SHA256SUMS` has them."""
        known = self.checksums()
        paths = ((name, self.path / name) for name in names if name in known)
        return [name for name, path in paths if path.is_file() and _digest(path) != known[name]]

    def foreign(self, pages: Container[str]) -> list[str]:
        """Files that are called like a page of the set, but are none of these."""
        found = (path for name in _FOLDERS for path in (self.path / name).glob(_PAGES) if path.is_file())
        names = sorted(path.relative_to(self.path).as_posix() for path in found)
        return [name for name in names if name not in pages]

    def write_checksums(
        self, pages: Iterable[str], together: Iterable[Path], known: Mapping[str, str]
    ) -> None:
        """Write `SHA256SUMS`, as sha256sum reads it.

        Args:
            pages: All that there are.
            together: What was made of all variants. A notebook to be worked on isn't listed.
            known: Digests of pages that were written by this run or an earlier one, as far as they are known:
                a killed run may have written a page and not noted it.
        """
        digests = {page: known.get(page) or _digest(self.path / page) for page in pages}
        made = {path.relative_to(self.path).as_posix(): path for path in together}
        digests |= {name: _digest(path) for name, path in made.items() if path.suffix != ".ipynb"}
        lines = (f"{digest}  {name}\n".encode() for name, digest in sorted(digests.items()))
        files.write_pieces(self.path / CHECKSUMS, lines)

    def write_manifest(self, head: Head, variants: Iterable[Frozen]) -> Path:
        """Write the manifest."""
        path = self.path / MANIFEST
        pieces = (piece.encode("utf-8", "surrogatepass") for piece in manifest.write(head, variants))
        files.write_pieces(path, pieces)
        return path


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def read_manifest(path: Path) -> Manifest:
    """The manifest of a file.

    Raises:
        ProblemError: It isn't there, or it is no manifest.
    """
    return manifest.read(files.read_text(path, _LARGEST), str(path))


def differing(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Pages that were there before and have other bytes now."""
    return [path for path, digest in before.items() if path in now and now[path] != digest]


def fingerprint(templates: Path | None) -> str:
    """A hash of a folder of templates; empty where there is none."""
    if templates is None:
        return ""
    hashed = sha256()
    for folder in files.template_folders(templates)[:1]:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = path.relative_to(folder).as_posix()
            hashed.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return hashed.hexdigest()
