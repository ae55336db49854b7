"""Submitted notebooks: found, run one by one in a locked process, and read as answers."""

import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from derive import files
from derive.cli.sandbox.run import Limits, Outcome, run
from derive.cli.say import Voice, warn
from derive.errors import Problem, ProblemError

if TYPE_CHECKING:
    from derive.classroom.grading import HandIn, Roll, Trouble
    from derive.classroom.grading.quantities import Vocabulary
    from derive.classroom.grading.tables import Collected

_LARGEST = 20_000_000
_CHECKPOINTS = ".ipynb_checkpoints"
_PROTECTION = {
    "network": "notebooks can reach the network",
    "files": "notebooks can read and change files that this user can",
}


@dataclass(frozen=True)
class Submission:
    """One student's notebook.

    Attributes:
        student: Whose.
        path: Of the notebook; None where there is none in the folder.
        others: How many more there are.
    """

    student: str
    path: Path | None
    others: int = 0


def collect(folder: Path, roll: "Roll", hidden: Path, limits: Limits, jobs: int, voice: Voice) -> "Collected":
    """Run every notebook of a folder.

    Args:
        folder: As nbgrader lays it (`STUDENT/ASSIGNMENT/x.ipynb`), or `STUDENT/x.ipynb`, or `STUDENT.ipynb`.
        roll: Who may hand in.
        hidden: The folder of the keys, or a file in it; notebooks must not see it.
        limits: What each may use.
        jobs: How many run at a time.
        voice: Where progress is told.

    Raises:
        ProblemError: There is no notebook, or the system can't lock processes in at all.
    """
    from derive.classroom.grading.quantities import Vocabulary
    from derive.classroom.grading.tables import Collected
    from derive.network import build

    if os.name == "nt":
        what = "notebooks can't be run safely on this system"
        fix = "grade on Linux or macOS, or in a container"
        raise ProblemError([Problem(str(folder), None, None, what, "", fix)])
    submissions = sorted(find(folder), key=lambda one: one.student)
    if not submissions:
        what = f"there are no notebooks in {folder}"
        why, fix = "they lie in STUDENT/ASSIGNMENT/, as nbgrader has them", "name the folder of submissions"
        raise ProblemError([Problem(str(folder), None, None, what, why, fix)])
    vocabulary = Vocabulary(build(roll.exercise))
    away = [folder, hidden if hidden.is_dir() else hidden.parent]
    found, shelters = [], []
    with voice.phase("notebooks", len(submissions)) as advance, ThreadPoolExecutor(max(1, jobs)) as pool:
        work = [pool.submit(_handed_in, one, roll, vocabulary, away, limits) for one in submissions]
        for future in work:
            hand_in, shelter = future.result()
            found.append(hand_in)
            shelters.append(shelter)
            advance(1)
    _warn(shelters)
    return Collected(found)


def find(folder: Path) -> Iterator[Submission]:
    """The notebook of each student; of several the first by name."""
    for below in sorted(folder.iterdir()):
        if below.is_symlink() or below.name.startswith("."):
            continue
        if below.is_file() and below.suffix == ".ipynb":
            yield Submission(below.stem, below)
        elif below.is_dir():
            notebooks = [
                path
                for path in sorted(below.rglob("*.ipynb"))
                if _CHECKPOINTS not in path.parts and path.is_file() and not path.is_symlink()
            ]
            yield Submission(below.name, notebooks[0] if notebooks else None, max(0, len(notebooks) - 1))


def _handed_in(
    one: Submission, roll: "Roll", vocabulary: "Vocabulary", hidden: Sequence[Path], limits: Limits
) -> tuple["HandIn", tuple[str, ...] | None]:
    """What a notebook holds at its end, and how its process was locked in."""
    from derive.classroom.grading import HandIn, Trouble, notebooks

    hand_in = HandIn(one.student)
    if one.path is None:
        hand_in.troubles.append(Trouble("no_notebook"))
        return hand_in, None
    try:
        cells = notebooks.cells(files.read_lenient(one.path, _LARGEST))
    except notebooks.NoNotebookError as error:
        hand_in.troubles.append(Trouble("notebook", found=str(error)))
        return hand_in, None
    except ProblemError as error:
        hand_in.troubles.append(Trouble("notebook", found=error.problems[0].why))
        return hand_in, None
    beside = None if one.path.parent == hidden[0] else one.path.parent
    names, numbers = notebooks.wanted(vocabulary), _numbers(one, roll)
    outcome = run(cells, names, beside, hidden, limits, one.student, numbers)
    hand_in = notebooks.hand_in(one.student, vocabulary, outcome.values, outcome.errors, outcome.refused)
    hand_in.troubles[:0] = _stopped(outcome, limits)
    if one.others:
        hand_in.troubles.append(Trouble("several_notebooks", found=one.path.name))
    return hand_in, outcome.shelter if not outcome.stopped else None


def _numbers(one: Submission, roll: "Roll") -> bytes | None:
    """The student's own numbers as the notebook looks them up; None where all have the same."""
    import json

    from derive.classroom.grading import HandIn
    from derive.worksheet.code.lookup import key_of

    person = roll.find(HandIn(one.student))
    if person is None or person.numbers is None:
        return None
    names = (one.student, person.student, person.form)
    return json.dumps({key_of(name): dict(person.numbers) for name in names}).encode()


def _stopped(outcome: Outcome, limits: Limits) -> Iterator["Trouble"]:
    from derive.classroom.grading import Trouble

    if outcome.stopped == "time":
        yield Trouble("time", found=str(limits.seconds))
    elif outcome.stopped == "memory":
        yield Trouble("memory", found=str(limits.megabytes))
    elif outcome.stopped:
        yield Trouble("killed", found=outcome.stopped)


def _warn(shelters: Sequence[tuple[str, ...] | None]) -> None:
    """Say what the system doesn't protect from."""
    known = [shelter for shelter in shelters if shelter is not None]
    for part, said in _PROTECTION.items():
        if any(part not in shelter for shelter in known):
            warn(f"this system ({sys.platform}) offers less protection: {said}; better grade in a container")
