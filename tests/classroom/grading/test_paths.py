"""A student's own path: what is carried, from what, and what is not."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from derive.classroom import misconceptions as mc
from derive.classroom.rubric import rubric
from derive.engine import exact, symbolic
from derive.exercise import schema
from derive.exercise.model import Exercise
from derive.network import build
from tests.classroom.grading.papers import EXERCISES, floats, load, lost, marked, part, verdicts

TEXT = """
id: example
input: [2, 1]
target: [1, 0]
layers:
  - weights: [[1, -2], [2, 5/2]]
    bias: [1, -1]
    activation: relu
  - weights: [[1/2, -1], [-1, 1/4]]
    bias: [0, 1/2]
    activation: softmax
loss: cross_entropy
"""


@pytest.fixture
def exercise() -> Exercise:
    """One unit is on: h = [5, -2.5]."""
    return schema.load(TEXT, "x.yaml")


@pytest.mark.parametrize("path", EXERCISES, ids=lambda path: path.stem)
@pytest.mark.parametrize("digits", [None, 3, 5])
def test_right_answers_get_all_points(path: Any, digits: int | None) -> None:
    """The digits are those of the exact engine, rounded as students are told to."""
    exercise = load(path.stem, rounding=digits)
    solution = exact.solve(symbolic.derive(build(exercise)))
    write = np.vectorize(lambda value: str(value.rounded(digits or 5)), otypes=[object])
    paper = marked(exercise, {name: write(array) for name, array in solution.values.items()})
    assert paper.absolute == paper.carried == rubric(exercise).most, lost(paper)


def test_a_wrong_start_costs_itself_alone(exercise: Exercise) -> None:
    paper = marked(exercise, floats(exercise, pre_activation_0=[[6, -2.5]]))
    assert lost(paper) == ["pre_activation_0"]
    assert verdicts(paper, "pre_activation_0") == ["wrong", "right"]
    assert part(paper, "pre_activation_0").carried == Fraction(1, 2)
    assert part(paper, "loss").sources == ("pre_activation_0",)
    assert paper.absolute < paper.carried


def test_the_share_for_carried_points_is_the_exercises_own(exercise: Exercise) -> None:
    half = replace(exercise, grading=exercise.grading.model_copy(update={"carry": Fraction(1, 2)}))
    values = floats(exercise, pre_activation_0=[[6, -2.5]])
    full, shared = marked(exercise, values), marked(half, values)
    assert shared.absolute == full.absolute
    assert full.carried - shared.carried == (full.carried - full.absolute) / 2


def test_both_ways_on_are_accepted(exercise: Exercise) -> None:
    """Whoever gets h wrong and goes on with the right numbers has them all the same."""
    paper = marked(exercise, floats(exercise), pre_activation_0=[[6, -2.5]])
    assert lost(paper) == ["pre_activation_0"]
    assert paper.absolute == paper.carried


def test_nothing_is_carried_from_a_blank(exercise: Exercise) -> None:
    values = floats(exercise, pre_activation_0=[[6, -2.5]])
    paper = marked(exercise, values, pre_activation_0=[["", ""]])
    assert verdicts(paper, "pre_activation_0") == ["blank", "blank"]
    assert part(paper, "output_0").carried == Fraction(1, 2)  # the zero is right
    assert part(paper, "pre_activation_1").sources == ("output_0",)  # its own wrong start is L
    assert part(paper, "pre_activation_1").carried == 1


def test_nothing_is_carried_from_what_cannot_be_read(exercise: Exercise) -> None:
    values = floats(exercise, pre_activation_0=[[6, -2.5]])
    paper = marked(exercise, values, pre_activation_0=[["=6", "nan"]], output_0=[["x", "0"]])
    assert verdicts(paper, "pre_activation_0") == ["unreadable", "unreadable"]
    assert part(paper, "pre_activation_1").carried == 0
    assert set(verdicts(paper, "output_1")) == {"carried", "right"}  # from its own O, which was worked out


@pytest.mark.parametrize(
    ("h", "why"),
    [([[7, 7]], "constant"), ([[2, 1]], "copied"), ([[1, -1]], "copied"), ([[1e30, -2.5]], "far")],
)
def test_nothing_is_carried_from_stock_answers(exercise: Exercise, h: Any, why: str) -> None:
    paper = marked(exercise, floats(exercise, pre_activation_0=h))
    assert part(paper, "pre_activation_0").suspicion == why
    assert part(paper, "pre_activation_0").carried == (Fraction(1, 2) if why == "far" else 0)
    for one in paper.parts:
        assert not one.sources
        assert one.carried == one.absolute


def test_an_activation_left_out_is_no_copy(exercise: Exercise) -> None:
    """L is the same as h then, but that has a name."""
    way = next(row for row in mc.MISCONCEPTIONS.values() if row.name == "activation_forgotten")
    paper = marked(exercise, floats(exercise, way.way(build(exercise))))
    assert part(paper, "output_0").mistakes == ("activation_forgotten",)
    assert not part(paper, "output_0").suspicion
    assert part(paper, "pre_activation_1").carried == 1


def test_nothing_is_carried_where_all_units_are_off(exercise: Exercise) -> None:
    paper = marked(exercise, floats(exercise, pre_activation_0=[[-5, -2.5]]))
    assert part(paper, "pre_activation_0").suspicion == "emptied"
    for one in paper.parts:
        assert one.carried == one.absolute


def test_nothing_is_carried_where_the_loss_is_as_good_as_zero(exercise: Exercise) -> None:
    paper = marked(exercise, floats(exercise, pre_activation_1=[[200, -200]]))
    assert set(verdicts(paper, "output_1")) == {"carried", "right"}
    for name in ("loss", "W_1", "b_1", "W_0", "b_0"):
        assert part(paper, name).carried == part(paper, name).absolute
    assert part(paper, "W_1").is_trivial


def test_a_wrong_delta_is_read_off_what_was_made_from_it(exercise: Exercise) -> None:
    """Nobody hands in deltas; a wrong one shows first in W_1, and all that follows from it is carried."""
    paper = marked(exercise, floats(exercise, pre_activation_gradient_1=[[-0.9, 0.4]]))
    assert lost(paper) == ["W_1"]
    assert part(paper, "W_0").sources == part(paper, "b_1").sources == ("W_1",)


def test_a_wrong_delta_is_read_off_the_bias_too(exercise: Exercise) -> None:
    values = floats(exercise, pre_activation_gradient_1=[[-0.9, 0.4]])
    blank = [["", ""], ["", ""]]
    paper = marked(exercise, values, W_1=blank)
    assert lost(paper) == ["W_1", "b_1"]
    assert part(paper, "W_0").sources == ("b_1",)


def test_a_slip_in_one_gradient_is_no_wrong_delta(exercise: Exercise) -> None:
    values = dict(floats(exercise))
    wrong = values["W_1"].copy()
    wrong[0, 0] += 1
    assert lost(marked(exercise, values, W_1=wrong)) == ["W_1"]


def test_deltas_that_are_handed_in_are_gone_on_with(exercise: Exercise) -> None:
    worth = {**rubric(exercise).points, "pre_activation_gradient_1": Fraction(2)}
    asked = replace(exercise, points=worth)
    paper = marked(asked, floats(asked, pre_activation_gradient_1=[[-0.9, 0.4]]))
    assert lost(paper) == ["pre_activation_gradient_1"]


def test_what_gives_no_points_is_gone_on_with_too(exercise: Exercise) -> None:
    delta = [[-0.9, 0.4]]
    values = floats(exercise, pre_activation_gradient_1=delta)
    assert not lost(marked(exercise, values, pre_activation_gradient_1=delta))


def test_a_wrong_gradient_for_the_output_leads_through_its_jacobian(exercise: Exercise) -> None:
    worth = {**rubric(exercise).points, "output_gradient_1": Fraction(1)}
    asked = replace(exercise, points=worth)
    assert not lost(marked(asked, floats(asked)))
    paper = marked(asked, floats(asked, output_gradient_1=[[-3.0, 0.5]]))
    assert lost(paper) == ["output_gradient_1"]


def test_too_few_digits(exercise: Exercise) -> None:
    values = dict(floats(exercise))
    loss = float(values["loss"])
    paper = marked(exercise, values, loss=f"{loss:.1e}")
    assert verdicts(paper, "loss") == ["coarse"]
    assert part(paper, "loss").carried == part(paper, "loss").absolute == Fraction(1, 2)
    assert verdicts(marked(exercise, values, loss=f"{loss:.0e}"), "loss") == ["wrong"]


def test_steps_follow_from_own_gradients() -> None:
    exercise = load("mazur")
    steps = {f"step.{name}": Fraction(1) for name in ("W_0", "W_1")}
    asked = replace(exercise, points={**rubric(exercise).points, **steps})
    wrong = np.asarray(floats(asked)["W_1"]) * 2
    paper = marked(asked, floats(asked, W_1=wrong))
    assert lost(paper) == ["W_1"]
    assert part(paper, "step.W_1").sources == ("W_1",)


def test_a_batch_in_columns() -> None:
    text = TEXT.replace("input: [2, 1]", "input: [[2, 1], [1, 3], [-1, 2]]")
    text = text.replace("target: [1, 0]", "target: {class: [0, 1, 1]}") + "convention: column\n"
    exercise = schema.load(text.replace("[[1, -2], [2, 5/2]]", "[[1, 2], [-2, 5/2]]"), "x.yaml")
    assert not lost(marked(exercise, floats(exercise)))
    wrong = np.array(floats(exercise)["pre_activation_0"])
    wrong[1, 0] += 1
    paper = marked(exercise, floats(exercise, pre_activation_0=wrong))
    assert lost(paper) == ["pre_activation_0"]


def test_a_mistake_at_the_last_delta_of_a_batch_costs_once() -> None:
    """Sums over rows don't tell the delta, but the mistake has a name."""
    exercise = load("batch")
    way = mc.MISCONCEPTIONS["sign_flipped"].way(build(exercise))
    paper = marked(exercise, floats(exercise, way))
    assert lost(paper) == ["W_1"]
    assert part(paper, "W_0").mistakes == ("sign_flipped",)
    assert set(verdicts(paper, "W_0")) <= {"carried", "right"}


def test_penalised_gradients_tell_their_delta(exercise: Exercise) -> None:
    penalised = replace(exercise, l2=Fraction(1, 10))
    paper = marked(penalised, floats(penalised, pre_activation_gradient_1=[[-0.9, 0.4]]))
    assert lost(paper) == ["W_1"]
