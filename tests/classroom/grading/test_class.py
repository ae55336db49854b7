"""A simulated class of 300: what was planted is found, and what is due is carried, nothing else."""

import json
from collections import Counter
from pathlib import Path

import pytest

from derive.classroom.grading import Graded, Part, Roll, grade, tables
from derive.classroom.grading.quantities import Vocabulary
from derive.exercise import schema
from derive.network import build
from tests.classroom.grading.simulation import NODES, POINTS, Simulation, Student

ROOT = Path(__file__).parents[3]
HOMEWORK = (ROOT / "exercises" / "two-layer.yaml").read_text("utf-8")
# On two units, one of them active, the mistakes about masks can't all differ; on three they do.
WIDE = """
id: wide
input: [1, 2, 3]
target: [0, 1, 0]
layers:
  - weights: [[1, -2, 1], [2, 1, -1], [-1, 3, 2]]
    activation: relu
  - weights: [[1, -1, 2], [-1, 1, 1], [2, 1, -2]]
    activation: softmax
loss: cross_entropy
rounding: 4
vary: {weights: {from: -4, to: 4, nonzero: true}, input: 1..4, target: class}
rules: {logit_gap: 1..6, mixed_relu: true, diagnostic: true}
points: {pre_activation_0: 1, output_0: 1, pre_activation_1: 1, output_1: 1, loss: 1, W_1: 3, W_0: 4}
"""
COUNT = 300
Pairs = list[tuple[Student, Graded]]


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    """Every student with the result."""
    exercise = schema.load(WIDE, "x.yaml")
    simulation = Simulation(WIDE, COUNT)
    roll = Roll("test", exercise, tuple(student.person for student in simulation.students), named=True)
    collected = tables.collect(simulation.table(), "answers.csv", Vocabulary(build(exercise)))
    seats, strangers = roll.seated(collected.hand_ins)
    assert not strangers
    assert not collected.strays
    return list(zip(simulation.students, grade(roll, seats), strict=True))


def of(pairs: Pairs, *kinds: str) -> Pairs:
    return [pair for pair in pairs if pair[0].kind in kinds]


def part(result: Graded, name: str) -> Part:
    return result.paper.parts[NODES.index(name)]


def test_it_is_the_class_that_was_meant(pairs: Pairs) -> None:
    assert len(pairs) == COUNT
    assert all([one.points for one in result.paper.parts] == list(POINTS.values()) for _, result in pairs)
    assert {student.person.form for student, _ in pairs} == {result.person.form for _, result in pairs}


def test_planted_mistakes_are_recovered(pairs: Pairs) -> None:
    planted = {student.person.student: student.mistake for student, _ in pairs if student.mistake}
    found = {(result.person.student, name) for _, result in pairs for name in result.paper.mistakes}
    right = {pair for pair in found if planted.get(pair[0]) == pair[1]}
    precision, recall = len(right) / len(found), len(right) / len(planted)
    wrong = Counter((planted.get(student, "none"), name) for student, name in found - right)
    missed = Counter(mistake for student, mistake in planted.items() if (student, mistake) not in right)
    figures = {
        "students": len(pairs),
        "kinds": dict(sorted(Counter(student.kind for student, _ in pairs).items())),
        "planted": len(planted), "named": len(found), "named rightly": len(right),
        "precision": precision, "recall": recall,
        "wrongly named": {f"{was} as {said}": n for (was, said), n in sorted(wrong.items())},
        "missed": dict(sorted(missed.items())),
    }  # fmt: skip
    (ROOT / "reports" / "grading-simulation.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    assert precision >= 0.98, figures
    assert recall >= 0.95, figures


def test_what_is_due_is_given(pairs: Pairs) -> None:
    for student, result in pairs:
        for name in student.full:
            assert part(result, name).carried == POINTS[name], (student.kind, student.where, name)


def test_carried_points_are_told_from_absolute_ones(pairs: Pairs) -> None:
    for student, result in of(pairs, "slip"):
        for name in student.carried:
            assert part(result, name).absolute < part(result, name).carried, (student.where, name)
        for name in student.same:
            assert part(result, name).absolute == part(result, name).carried, (student.where, name)
    assert sum(bool(student.carried) for student, _ in of(pairs, "slip")) > 30


def test_a_slip_costs_its_own_entries_and_no_more(pairs: Pairs) -> None:
    for student, result in of(pairs, "slip"):
        lost = [one.name for one in result.paper.parts if one.carried < one.points]
        assert lost == [{"delta_1": "W_1", "delta_0": "W_0"}.get(student.where, student.where)]


def test_blanks_and_garbage_earn_nothing_and_cost_nobody_else(pairs: Pairs) -> None:
    for student, result in of(pairs, "blanks", "garbage"):
        for name in student.none:
            assert part(result, name).carried == 0
            assert {entry.verdict for entry in part(result, name).entries} <= {"blank", "unreadable"}
        assert bool(result.troubles) == (student.kind == "garbage")


def test_nothing_is_carried_where_a_mistake_leaves_nothing_to_do(pairs: Pairs) -> None:
    for _, result in of(pairs, "far"):
        assert part(result, "output_1").carried == 1
        for name in ("loss", "W_1", "W_0"):
            assert part(result, name).carried == part(result, name).absolute
            assert part(result, name).is_trivial or part(result, name).absolute == 0


def test_nothing_is_carried_from_stock_answers(pairs: Pairs) -> None:
    for student, result in of(pairs, "stock", "emptied"):
        for name in student.none:
            assert part(result, name).carried == part(result, name).absolute, (student.kind, name)
        assert sum(part(result, name).carried for name in student.none) < 2
        assert not any("pre_activation_0" in one.sources for one in result.paper.parts)


def test_rounding_at_every_step_costs_nothing_and_too_few_digits_half(pairs: Pairs) -> None:
    for _, result in of(pairs, "by hand"):
        assert result.paper.absolute == 12
    for _, result in of(pairs, "coarse"):
        assert {entry.verdict for entry in part(result, "loss").entries} == {"coarse"}
        assert result.paper.carried == 11.5
