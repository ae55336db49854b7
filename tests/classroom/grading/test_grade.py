"""Each person's paper is marked by that person's numbers, worked out here by hand."""

from math import exp, log1p
from typing import Any

import pytest

from derive.classroom.frozen import Answer
from derive.classroom.grading import Cell, Graded, HandIn, Marker, Person, Roll, grade
from derive.classroom.grading.roll import Seat
from derive.errors import ProblemError
from tests.classroom.grading.papers import load

HOMEWORK = load("two-layer")
NUMBERS = {
    "input": [["1", "2"]], "target": [["0", "1"]],
    "W_0": [["1", "-2"], ["2", "5"]], "W_1": [["3", "-3"], ["-1", "1"]],
}  # fmt: skip
OWN = Person("B", "F2", {"section": "1"}, NUMBERS)
BASE = Person("A")


def hand_in(student: str, values: dict[str, Any]) -> HandIn:
    return HandIn(student, cells=[Cell(name, "", value) for name, value in values.items()])


def worked(first: list[int], last: list[int], read: list[int]) -> dict[str, Any]:
    """The homework after its pre-activations: target (0, 1), W_1 = [[3, -3], [-1, 1]]."""
    hidden = [max(h, 0) for h in first]
    c = 1 / (1 + exp(last[1] - last[0]))  # the first output; delta is (c, -c)
    back = [6 * c if hidden[0] else 0, -2 * c if hidden[1] else 0]
    return {
        "pre_activation_0": str(first),
        "output_0": str(hidden),
        "pre_activation_1": str(last),
        "output_1": str([c, 1 - c]) if c < 1 else "[1, 2.319523e-16]",
        "loss": repr(last[0] - last[1] + log1p(exp(last[1] - last[0]))),
        "W_1": str([[h * c, -h * c] for h in hidden]),
        "W_0": str([[x * b for b in back] for x in read]),
    }


FOR_BASE = worked([6, -3], [18, -18], [4, 1])
FOR_OWN = worked([5, 8], [7, -7], [1, 2])


def points(result: Graded) -> list[Any]:
    return [part.carried for part in result.paper.parts]


FULL = [1, 1, 1, 1, 1, 3, 4]


def test_right_answers_to_the_own_numbers_have_all_points() -> None:
    seats = [Seat(BASE, hand_in("A", FOR_BASE)), Seat(OWN, hand_in("B", FOR_OWN))]
    results = grade(Roll("test", HOMEWORK, (BASE, OWN), named=True), seats)
    assert [result.person for result in results] == [BASE, OWN]
    assert [points(result) for result in results] == [FULL, FULL]
    assert [(result.troubles, result.handed_in) for result in results] == [((), True)] * 2


@pytest.mark.parametrize(("person", "others"), [(BASE, FOR_OWN), (OWN, FOR_BASE)])
def test_right_answers_to_the_numbers_of_another_have_not(person: Person, others: dict[str, Any]) -> None:
    (result,) = grade(Roll("test", HOMEWORK), [Seat(person, hand_in("x", others))])
    assert points(result)[0] == 0
    assert result.paper.absolute < 6


def test_who_hands_in_nothing_has_a_paper_without_points() -> None:
    (result,) = grade(Roll("test", HOMEWORK), [Seat(OWN)])
    assert result.person is OWN
    assert points(result) == [0] * len(FULL)
    assert [part.points for part in result.paper.parts] == FULL
    assert {entry.verdict for part in result.paper.parts for entry in part.entries} == {"blank"}
    assert (result.troubles, result.handed_in) == ((), False)


def test_what_cannot_be_read_is_kept_beside_the_points_for_the_rest() -> None:
    answers = FOR_BASE | {"W_0": "[[1, 2, 3]]", "Q": "5"}
    (result,) = grade(Roll("test", HOMEWORK), [Seat(BASE, hand_in("A", answers))])
    assert points(result) == [*FULL[:-1], 0]
    assert sorted(trouble.kind for trouble in result.troubles) == ["shape", "unknown_quantity"]
    assert isinstance(result.troubles, tuple)


@pytest.mark.parametrize(("person", "own"), [(BASE, "36"), (OWN, "14")])
def test_a_key_is_held_against_the_numbers_of_its_form(person: Person, own: str) -> None:
    """The pre-activations differ by 36 and by 14; each key says so for one of the two."""
    last = {"36": ["18", "-18"], "14": ["7", "-7"]}
    seats = [Seat(person, hand_in("x", {}))]

    def answers(difference: str) -> dict[str, dict[str, Answer]]:
        entries = [last[difference]]
        return {person.form: {"pre_activation_1": Answer(exact=entries, decimal=entries)}}

    (result,) = grade(Roll("test", HOMEWORK, (person,), answers=answers(own)), seats, "set.json")
    assert result.handed_in
    wrong = answers("14" if own == "36" else "36")
    with pytest.raises(ProblemError) as raised:
        grade(Roll("test", HOMEWORK, (person,), answers=wrong), seats, "set.json")
    (problem,) = raised.value.problems
    assert problem.file == "set.json"
    assert "pre_activation_1 would not be" in problem.what


def test_a_marker_makes_the_common_case_once() -> None:
    marker = Marker(HOMEWORK)
    assert marker.rubric.points == dict(zip(FOR_BASE, FULL, strict=True))
    assert marker.mark(Seat(BASE)).paper == marker.mark(Seat(BASE)).paper
    assert marker.file == ""
