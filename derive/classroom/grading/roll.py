"""Who was given what, and whose answers are whose."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from derive.classroom.frozen import Answer, thawed
from derive.classroom.grading.handin import HandIn
from derive.classroom.grading.troubles import Trouble
from derive.classroom.manifest import Manifest
from derive.exercise.model import Exercise


@dataclass(frozen=True)
class Person:
    """Somebody who was given numbers.

    Attributes:
        student: The id; the form id where nobody is named.
        form: The form id; empty where all have the same numbers.
        fields: What else the class list says.
        numbers: As a manifest keeps them; None for those of the exercise itself.
    """

    student: str
    form: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, Any] | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What tells people apart."""
        return self.student, self.form

    def exercise(self, base: Exercise) -> Exercise:
        """The exercise with this person's numbers.

        Raises:
            ValueError: They aren't of the exercise's shape.
        """
        return base if self.numbers is None else thawed(base, self.numbers)


@dataclass(frozen=True)
class Seat:
    """A person and what came from them; None where nothing came."""

    person: Person
    hand_in: HandIn | None = None


@dataclass(frozen=True)
class Roll:
    """Everybody who may hand in answers.

    Attributes:
        name: Of the assignment.
        exercise: That all have.
        people: In the order of the class list; empty where everybody may hand in.
        named: Whether people are the students of a class list; otherwise anybody may have any form.
        answers: Form id -> right answers, as the manifest keeps them.
    """

    name: str
    exercise: Exercise
    people: tuple[Person, ...] = ()
    named: bool = False
    answers: Mapping[str, Mapping[str, Answer]] = field(default_factory=dict)

    @classmethod
    def of(cls, manifest: Manifest) -> "Roll":
        """The people of a set.

        Raises:
            ProblemError: This version can't read the exercise of the set.
        """
        exercise = manifest.read_exercise()
        people = tuple(
            Person(variant.student, variant.id, variant.fields or {}, variant.numbers)
            for variant in manifest.variants
        )
        answers = {variant.id: variant.answers for variant in manifest.variants}
        return cls(f"{exercise.id}-{manifest.name}", exercise, people, manifest.students, answers)

    def seated(self, hand_ins: Iterable[HandIn]) -> tuple[list[Seat], list[HandIn]]:
        """Everybody with what came from them, in the order of the roll, and what came from nobody on it."""
        seats: dict[tuple[str, str], Seat] = {}
        strangers = []
        for hand_in in hand_ins:
            person = self.find(hand_in)
            if person is None:
                strangers.append(hand_in)
                continue
            seat = seats.setdefault(person.key, Seat(person, HandIn(person.student, person.form)))
            assert seat.hand_in is not None
            seat.hand_in.cells += hand_in.cells
            seat.hand_in.troubles += hand_in.troubles
        if self.named:
            return [seats.get(person.key, Seat(person)) for person in self.people], strangers
        return list(seats.values()), strangers

    def find(self, hand_in: HandIn) -> Person | None:
        """Whose answers these are; None for nobody on the roll."""
        student = unicodedata.normalize("NFC", hand_in.student.strip())
        by_form = self._by_form.get(hand_in.form)
        if not self.people:
            return Person(student) if student else None
        if not self.named:
            chosen = by_form or self._by_student.get(student) or self._by_form.get(student.upper())
            if chosen is None:
                return None
            return Person(student or chosen.form, chosen.form, {}, chosen.numbers)
        if not student:
            return by_form
        person = self._by_student.get(student) or self._by_number.get(student.lstrip("0"))
        if person is not None and hand_in.form and hand_in.form != person.form:
            hand_in.troubles.append(Trouble("other_form", found=hand_in.form, wanted=person.form))
        return person

    @cached_property
    def _by_student(self) -> Mapping[str, Person]:
        return {person.student: person for person in self.people}

    @cached_property
    def _by_form(self) -> Mapping[str, Person]:
        return {person.form: person for person in self.people if person.form}

    @cached_property
    def _by_number(self) -> Mapping[str, Person]:
        """Ids without the zeros in front, which spreadsheets drop, where that leaves them apart."""
        short = {person.student.lstrip("0"): person for person in self.people if person.student.isdigit()}
        counted = Counter(person.student.lstrip("0") for person in self.people)
        return {number: person for number, person in short.items() if counted[number] == 1}
