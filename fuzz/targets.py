"""What is fuzzed: each reader with its validation, as the commands call it.

A target takes the bytes of a file. It returns the exit code that the command would have: 0, or 1 where the
input's problems are said. Whatever else it raises is a fault of the program.
"""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from zlib import crc32

from derive import files
from derive.classroom import roster
from derive.classroom.frozen import thawed
from derive.classroom.grading import Marker, Roll
from derive.classroom.manifest import Manifest
from derive.cli import grading, pipeline
from derive.cli.sets import read_manifest
from derive.errors import DeriveError, ProblemError, describe
from derive.exercise.model import Exercise
from derive.network import build
from fuzz.corpus import manifest_of, seeds

Target = Callable[[bytes], int]

_MARKED = 8  # of so many readable inputs one is marked as well, which takes longer than reading
_MOST_PARAMETERS = 60  # of an exercise that is worked out in full


def attempt(read: Callable[[Path], object], content: bytes, suffix: str) -> int:
    """The exit code of reading a file with such a content; problems are put in words, as a user sees them."""
    path = _folder() / f"input{suffix}"
    path.write_bytes(content)
    try:
        read(path)
    except ProblemError as error:
        if not "".join(describe(problem) for problem in error.problems[:50]):
            raise AssertionError("a refusal says why") from error
        return 1
    except DeriveError:
        return 1
    return 0


@cache
def _folder() -> Path:
    memory = Path("/dev/shm")
    return Path(mkdtemp(prefix="derive-fuzz-", dir=memory if memory.is_dir() else None))


def exercise(content: bytes) -> int:
    """An exercise file, checked and laid out as a network."""
    return attempt(lambda path: build(pipeline.load(path)), content, ".yaml")


def class_list(content: bytes) -> int:
    """A class list."""
    return attempt(lambda path: roster.parse(files.read_text(path), str(path)), content, ".csv")


def manifest(content: bytes) -> int:
    """A manifest and the variants in it, and now and then the marking of an empty paper against one."""

    def read(path: Path) -> None:
        found = read_manifest(path)
        roll = Roll.of(found)
        for variant in found.variants:
            try:
                build(thawed(roll.exercise, variant.numbers))
            except ValueError:
                return  # `derive check` says so
        if crc32(content) % _MARKED == 0 and _is_small(roll.exercise):
            marker = Marker(roll.exercise, str(path))
            for seat in roll.seated([])[0][:2]:
                marker.mark(seat, roll.answers.get(seat.person.form))

    return attempt(read, content, ".json")


def answers(content: bytes) -> int:
    """Answers as a table or as JSON, matched with a class, and now and then marked."""
    suffix = ".json" if content.lstrip()[:1] in (b"{", b"[") else ".csv"

    def read(path: Path) -> None:
        roll = set_of_three()
        seats, _ = roll.seated(grading.collect(path, roll).hand_ins)
        if crc32(content) % _MARKED == 0:
            marker = _marker()
            for seat in seats[:3]:
                for trouble in marker.mark(seat).troubles:
                    trouble.said("ko")

    return attempt(read, content, suffix)


def whole(content: bytes) -> int:
    """An exercise file all the way: derived, solved, checked, and told."""

    def work(path: Path) -> None:
        found = pipeline.load(path)
        if not _is_small(found):
            return
        verification = pipeline.verify(found, 20)
        if pipeline.accepted(verification, "all"):
            pipeline.write_story(pipeline.gather(found, verification), "ko", None)
        pipeline.summary(verification)

    return attempt(work, content, ".yaml")


def _is_small(found: Exercise) -> bool:
    network = build(found)
    size = sum(rows * columns for rows, columns in (layer.weights_shape for layer in network.layers))
    steps = found.step.count if found.step else 1
    return size * network.rows * steps <= _MOST_PARAMETERS


@cache
def warm_up(target: str) -> None:
    """Import what the target needs, which is not the time of its first input."""
    TARGETS[target](seeds()[target][0])


@cache
def set_of_three() -> Roll:
    """A class of three with numbers of their own."""
    return Roll.of(Manifest.model_validate_json(manifest_of("two-layer", 3)))


@cache
def _marker() -> Marker:
    return Marker(set_of_three().exercise)


TARGETS: Mapping[str, Target] = {
    "exercise": exercise,
    "roster": class_list,
    "manifest": manifest,
    "answers": answers,
    "whole": whole,
}
