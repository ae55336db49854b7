"""What `derive grade` works with: the set or exercise, the answers, and the processes that mark and print."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from derive import files
from derive.errors import Problem, ProblemError
from derive.exercise.model import Exercise

if TYPE_CHECKING:
    from derive.classroom.frozen import Answer
    from derive.classroom.grading import Graded, Marker, Person, Roll, Seat
    from derive.classroom.grading.tables import Collected
    from derive.network import Network

LARGEST_ANSWERS = 500_000_000
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}")
_PORTS = (f"{port}{n}" for port in ("com", "lpt") for n in range(10))
_RESERVED = frozenset({"con", "prn", "aux", "nul", *_PORTS})  # on Windows


def roll_of(path: Path) -> tuple["Roll", str, Path]:
    """Who may hand in answers to what is named on the command line.

    Args:
        path: The folder of a set, its manifest, or an exercise file, whose numbers everybody has then.

    Returns:
        The roll, the name for messages, and the folder that grades are written to by default.

    Raises:
        ProblemError: It is none of these.
    """
    from derive.classroom.grading import Roll
    from derive.cli.sets import MANIFEST, read_manifest

    if path.is_dir() and not (path / MANIFEST).exists():
        what, why = f"there is no {MANIFEST} in {path}", "a set is the folder that derive variants writes"
        fix = "name such a folder, or an exercise file"
        raise ProblemError([Problem(str(path), None, None, what, why, fix)])
    if path.is_dir() or path.name == MANIFEST:
        manifest = path / MANIFEST if path.is_dir() else path
        return Roll.of(read_manifest(manifest)), str(manifest), manifest.parent / "grades"
    return _everybody(path)


def _everybody(path: Path) -> tuple["Roll", str, Path]:
    """The roll of an exercise that all have with the same numbers."""
    from derive.classroom.frozen import answers
    from derive.classroom.grading import Roll
    from derive.cli import pipeline

    exercise = pipeline.load(path)
    verification = pipeline.verify(exercise, 40)
    if not pipeline.accepted(verification, "all"):
        what = "nothing is graded against a key that is not verified"
        raise ProblemError([replace(pipeline.refusal(verification, str(path), exercise.id), what=what)])
    key = answers(verification.solution)
    roll = Roll(exercise.id, exercise, answers={"": key})
    return roll, str(path), Path("reports") / exercise.id / "grades"


def collect(path: Path, roll: "Roll") -> "Collected":
    """The answers of a file.

    Raises:
        ProblemError: It can't be read, or holds no answers.
    """
    from derive.classroom.grading import documents, tables
    from derive.classroom.grading.quantities import Vocabulary
    from derive.network import build

    text = files.read_lenient(path, LARGEST_ANSWERS)
    if path.suffix.lower() == ".json" or text.lstrip()[:1] in ("{", "["):
        return documents.collect(text, str(path))
    return tables.collect(text, str(path), Vocabulary(build(roll.exercise)))


@dataclass(frozen=True)
class Marking:
    """Marks one seat; set up once in each process.

    Attributes:
        exercise: That all have.
        file: The manifest's name, for messages.
    """

    exercise: Exercise
    file: str

    @cached_property
    def _marker(self) -> "Marker":
        from derive.classroom.grading import Marker

        return Marker(self.exercise, self.file)

    def __call__(self, job: tuple[int, "Seat", "Mapping[str, Answer] | None"]) -> tuple[int, "Graded"]:
        """Mark; the number says whose it is."""
        number, seat, answers = job
        return number, self._marker.mark(seat, answers)


@dataclass(frozen=True)
class Printing:
    """Makes the page of one student; set up once in each process.

    Attributes:
        exercise: That all have.
        language: `ko` or `en`.
        formats: Names from `FORMATS`.
        paper: `a4` or `letter`.
        templates: The user's own folder of templates.
    """

    exercise: Exercise
    language: str
    formats: Sequence[str]
    paper: str
    templates: Path | None

    @cached_property
    def _network(self) -> "Network":
        from derive.network import build

        return build(self.exercise)

    def __call__(self, job: tuple[str, "Graded"]) -> dict[str, bytes]:
        """The files by their names."""
        from derive.classroom.rubric import rubric
        from derive.render import Page, render
        from derive.worksheet.grades import feedback

        name, result = job
        marks = rubric(self.exercise)
        markdown = feedback(self.exercise, self._network, marks, result, self.language, self.templates)
        page = Page(
            title=self.exercise.title[self.language],
            language=self.language,
            audience="feedback",
            identifier=result.person.form or result.person.student,
            paper=self.paper,
            templates=self.templates,
        )
        rendered = render(markdown, page, self.formats)
        return {f"{name}.{extension}": content for extension, content in rendered.items()}


def page_names(people: Sequence["Person"], named: bool) -> list[str]:
    """What the page of each person is called: the form id, where each has one; else the id, made harmless."""
    if named:
        return [person.form for person in people]
    taken: set[str] = set()
    return [name for person in people for name in _free(person, taken)]


def _free(person: "Person", taken: set[str]) -> Iterator[str]:
    text = person.student
    name = text if _PLAIN_NAME.fullmatch(text) and text.lower() not in _RESERVED else ""
    if not name or name.lower() in taken:
        start = re.sub(r"[^A-Za-z0-9_-]+", "-", text)[:40].strip("-")
        hashed = blake2b("\0".join(person.key).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
        name = f"{start or 'student'}-{hashed}"
    taken.add(name.lower())
    yield name
