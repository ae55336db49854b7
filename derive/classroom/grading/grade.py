"""From what came in to marked papers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from derive.classroom.frozen import Answer
from derive.classroom.grading.case import Case
from derive.classroom.grading.handin import Sorter
from derive.classroom.grading.paper import Paper, mark
from derive.classroom.grading.quantities import Vocabulary
from derive.classroom.grading.roll import Person, Roll, Seat
from derive.classroom.grading.troubles import Trouble
from derive.classroom.rubric import Rubric, rubric
from derive.exercise.model import Exercise
from derive.network import build


@dataclass(frozen=True)
class Graded:
    """One student's result.

    Attributes:
        person: Who.
        paper: Marked.
        troubles: What could not be read.
        handed_in: Whether anything came.
    """

    person: Person
    paper: Paper
    troubles: tuple[Trouble, ...]
    handed_in: bool


class Marker:
    """Marks the papers of one exercise; can be sent to another process."""

    def __init__(self, exercise: Exercise, file: str = "") -> None:
        """Take the exercise that everybody has, and what its manifest is called in messages."""
        self.exercise, self.file = exercise, file

    @cached_property
    def rubric(self) -> Rubric:
        """What is worth how much."""
        return rubric(self.exercise)

    @cached_property
    def _sorter(self) -> Sorter:
        """Every variant has the same shapes and names."""
        shapes = {name: array.shape for name, array in self._own_case.accepted.items()}
        return Sorter(Vocabulary(build(self.exercise)), shapes)

    @cached_property
    def _own_case(self) -> Case:
        return Case.of(self.exercise)

    def mark(self, seat: Seat, answers: Mapping[str, Answer] | None = None) -> Graded:
        """Mark what came from one person.

        Args:
            seat: Who, and what came.
            answers: Those of the verified key, which are held against what is accepted.

        Raises:
            ProblemError: The key's answers don't follow from the person's numbers.
            ValueError: The numbers aren't of the exercise's shape.
        """
        person = seat.person
        case = self._own_case if person.numbers is None else Case.of(person.exercise(self.exercise))
        case.check(answers or {}, self.file)
        if seat.hand_in is None:
            return Graded(person, mark(case, {}, self.rubric), (), False)
        arrays, troubles = self._sorter.sort(seat.hand_in)
        return Graded(person, mark(case, arrays, self.rubric), tuple(troubles), True)


def grade(roll: Roll, seats: Iterable[Seat], file: str = "") -> list[Graded]:
    """Mark everybody's paper, in one process.

    Args:
        roll: Who was given what.
        seats: Of `Roll.seated`.
        file: The manifest's name, for messages.
    """
    marker = Marker(roll.exercise, file)
    return [marker.mark(seat, roll.answers.get(seat.person.form)) for seat in seats]
