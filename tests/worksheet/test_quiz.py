"""Exercises as quizzes: read back by another reader, graded against answers worked out by hand."""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

import mpmath
import pytest

from derive.classroom import misconceptions, rubric
from derive.classroom.frozen import numbers, thawed
from derive.network import Network
from derive.render import Page
from derive.render.markdown import parse
from derive.render.quiz import QUIZ_FORMATS, Gap, Question, Quiz, lint_moodle, render_canvas, render_moodle
from derive.worksheet import gaps
from derive.worksheet.quiz import question
from derive.worksheet.sheet import Sheet
from tests.classroom import by_hand
from tests.classroom.test_variants import HOMEWORK, drawn
from tests.engine import reference
from tests.render import canvas_reader, moodle_reader
from tests.render.reading import TextOf
from tests.worksheet import stories

VARIANTS = 100
DIGITS = 4


def typed(number: Any, digits: int = DIGITS) -> str:
    """A number as a student types it, rounded."""
    return mpmath.nstr(mpmath.mpf(str(number)), digits, min_fixed=-8, max_fixed=12)


def by_hand_number(number: Any) -> Any:
    return by_hand.number(Fraction(number)) if isinstance(number, int | Fraction) else number


def unit(number: Any, largest: Any) -> Any:
    """A unit of the last digit that is asked for."""
    size = abs(number) or largest
    return mpmath.mpf(10) ** (mpmath.floor(mpmath.log10(size)) - DIGITS + 1)


def answers(network: Network, mistake: str | None = None) -> Mapping[str, list[Any]]:
    """What a student gets, with or without a mistake, worked out by hand."""
    weights = [[list(row) for row in layer.weights] for layer in network.layers]
    assert network.targets is not None
    with mpmath.workdps(300):  # a student who saturates the softmax still gets something
        found = by_hand.answers(list(network.inputs[0]), list(network.targets[0]), *weights, mistake)
        return {name: [by_hand_number(number) for number in row] for name, row in found.items()}


@cache
def variants() -> Sequence[Network]:
    return drawn(HOMEWORK, VARIANTS, name="quiz")


@cache
def quiz() -> Quiz:
    """All variants, each with a task of one line."""
    exercise = stories.exercise_of(HOMEWORK)
    questions = []
    for count, network in enumerate(variants()):
        sheet = Sheet(*stories.verified(thawed(exercise, numbers(network))))
        page = Page("Variant", "en", "key", f"V-{count}")
        questions.append(Question(page, parse("Compute."), gaps.grids(sheet, "en"), parse("So.")))
    return Quiz("two-layer · quiz", tuple(questions))


def test_every_gap_of_a_hundred_variants_takes_the_right_answer() -> None:
    content = render_moodle(quiz())
    assert lint_moodle(content) == []
    read = moodle_reader.read(content)
    assert len(read) == VARIANTS
    assert {one.category for one in read} == {"$course$/top/two-layer · quiz"}
    graded = 0
    for network, one in zip(variants(), read, strict=True):
        right = [number for row in answers(network).values() for number in row]
        for gap, number in zip(one.gaps, right, strict=True):
            assert gap.grade(typed(number)) == (1, ""), (number, gap)
            assert gap.grade(typed(number, 12)) == (1, "")
            graded += 1
    assert graded == VARIANTS * 17


def test_every_usual_mistake_gets_its_share_and_its_comment() -> None:
    read = moodle_reader.read(render_moodle(quiz()))
    named = zeros = 0
    for network, one in zip(variants(), read, strict=True):
        right = answers(network)
        for mistake in by_hand.WRONG:
            comment = misconceptions.MISCONCEPTIONS[mistake].key["en"]
            places = [(name, number) for name, row in answers(network, mistake).items() for number in row]
            truths = [number for row in right.values() for number in row]
            for gap, (name, number), truth in zip(one.gaps, places, truths, strict=True):
                largest = max(map(abs, right[name]))
                apart = abs(number - truth) > 12 * max(unit(number, largest), unit(truth, largest))
                if not apart or 0 < abs(number) < 0.0011:
                    continue
                share, shown = gap.grade(typed(number))
                assert comment in TextOf(shown).text, (mistake, name, number, gap)
                assert share == (Fraction(1, 2) if abs(number) > 1e-30 else 0)
                zeros += share == 0
                named += 1
    # Most mistakes show in most of the gaps that come after them; the stock answer 0 is never paid.
    assert named > 3000
    assert zeros > 100


def test_any_other_answer_gets_nothing() -> None:
    read = moodle_reader.read(render_moodle(quiz()))
    draw = random.Random(5)
    for one in read:
        for gap in one.gaps:
            for _ in range(20):
                number = Decimal(draw.uniform(-60, 60)).quantize(Decimal("0.0001"))
                near = [a for a in gap.answers if abs(number - a.value) <= a.tolerance]
                expected = (near[0].share, near[0].comment) if near else (0, "")
                assert gap.grade(str(number)) == expected
            assert gap.grade("12345.678") == (0, "")


def test_a_gap_s_answers_can_be_told_apart() -> None:
    for one in quiz().questions:
        for gap in one.gaps():
            known = [(gap.answer, gap.tolerance), *((w.value, w.tolerance) for w in gap.wrong)]
            for place, (value, tolerance) in enumerate(known):
                for other, also in known[:place]:
                    assert abs(value - other) > tolerance + also


def test_weights_are_the_points() -> None:
    exercise = stories.exercise_of(HOMEWORK)
    (one, *_) = moodle_reader.read(render_moodle(quiz()))
    points = rubric.points(exercise)
    per_point = Fraction(one.mark) / sum(points.values())
    sizes = {name: len(row) for name, row in answers(variants()[0]).items()}
    expected = [points[name] / sizes[name] * per_point for name in points for _ in range(sizes[name])]
    assert [gap.weight for gap in one.gaps] == expected


def test_canvas_takes_the_same_answers() -> None:
    few = Quiz("few", quiz().questions[:25])
    read = canvas_reader.read(render_canvas(few))
    assert len(read) == 25
    for network, one in zip(variants(), read, strict=False):
        right = [number for row in answers(network).values() for number in row]
        items = [item for item in one.items if item.kind == "numerical_question"]
        asked = [number for number in right if number == 0 or abs(number) >= 0.001]
        assert len(items) == len(asked)
        for item, number in zip(items, asked, strict=True):
            assert item.grade(typed(number)), (item, number)
            assert not item.grade(typed(number + (1 if number >= 0 else -1)))


# Without the one whose unit sits on its kink, where a central difference is no derivative.
@pytest.mark.parametrize("name", [name for name in stories.FEW if name != "kink"])
@pytest.mark.parametrize("language", stories.LANGUAGES)
def test_shipped_exercises(name: str, language: str) -> None:
    """Every gap of every platform takes what an independent computation gives; the lint is content."""
    sheet, told = stories.material(name).sheet, stories.told(name, language)
    page = stories.page(stories.material(name), told, language, "key")
    asked = question(sheet, told, page)
    assert page.title
    for platform in QUIZ_FORMATS.values():
        assert platform.lint(platform.render(Quiz("set", (asked,)))) == []
    expected = _reference(sheet)
    scales = {}
    for grid in asked.grids:
        scaled = re.match(r"10\^\{(\d+)\}", grid.label)
        names = {gap.name.split("-")[0] for _, _, gap in grid.gaps()}
        scales |= dict.fromkeys(names, int(scaled[1]) if scaled else 0)
    assert set(scales) == set(rubric.points(sheet.exercise))
    for gap in asked.gaps():
        quantity, *place = gap.name.split("-")
        number = expected(quantity, tuple(map(int, place)))
        number *= mpmath.mpf(10) ** scales[quantity]
        assert abs(number - mpmath.mpf(str(gap.answer))) <= mpmath.mpf(str(gap.tolerance)), gap


def _reference(sheet: Sheet) -> Any:
    """Loss, values and gradients in mpmath, from the textbook."""
    network = sheet.network
    values = reference.parameters(network)
    runs = [reference.forward(network, values, row) for row in range(network.rows)]

    def number(quantity: str, place: tuple[int, ...]) -> Any:
        kind, _, layer = quantity.rpartition("_")
        if quantity == "loss":
            return reference.loss(network, values)
        if kind in ("pre_activation", "output"):
            return runs[place[0]][kind == "output"][int(layer)][place[1]]
        one = {
            name: reference.filled(laid, lambda p, n=name: mpmath.mpf(n == quantity and p == place))
            for name, laid in values.items()
        }
        return reference.slope_along(network, one)

    return number


def test_the_task_shows_no_answer_and_the_solution_all() -> None:
    told, material = stories.told("two-layer", "en"), stories.material("two-layer")
    asked = question(material.sheet, told, stories.page(material, told, "en", "key"))
    (read,) = moodle_reader.read(render_moodle(Quiz("set", (asked,))))
    task, solution = TextOf(read.text).text, TextOf(read.feedback).text
    assert "Fill in every gap" in task
    assert "e^{-36}" not in task
    assert "Name" not in task  # the platform knows who answers
    assert r"\frac{1}{1 + e^{-36}}" in solution
    assert r"W_{1} = \underbrace{\begin{pmatrix} 3 & -3 \\ -1 & 1 \end{pmatrix}}" in task
    for absent in ("cross-check", "import torch", "Usual mistakes"):
        assert absent not in solution


def test_entries_that_nobody_can_type_are_printed() -> None:
    """The homework's second probability is 2e-16."""
    told, material = stories.told("two-layer", "ko"), stories.material("two-layer")
    asked = question(material.sheet, told, stories.page(material, told, "ko", "key"))
    printed = [cell for grid in asked.grids for row in grid.rows for cell in row if not isinstance(cell, Gap)]
    assert [cell.latex for cell in printed] == [r"2.320 \times 10^{-16}"]
    assert (
        "미리 채워 두었습니다" in TextOf(moodle_reader.read(render_moodle(Quiz("s", (asked,))))[0].text).text
    )


def test_a_small_quantity_is_asked_for_times_a_power_of_ten() -> None:
    text = """
id: small
title: small
input: [1, 2]
layers:
  - {weights: [[1/10000, 1/30000], [1/20000, -1/7000]], activation: identity}
loss: sum
"""
    sheet = Sheet(*stories.verified(stories.exercise_of(text)))
    by_label = {grid.label: grid for grid in gaps.grids(sheet, "en")}
    values = by_label[r"10^{4} \cdot z^{(0)}"].rows[0]
    assert [float(gap.answer) for gap in values if isinstance(gap, Gap)] == pytest.approx(
        [2, -2.52381], rel=1e-4
    )


def test_what_rounding_at_every_step_leads_to_is_accepted() -> None:
    """A student who is told to round to three digits, and does so after each step."""

    def rounded(number: Any) -> Any:
        return mpmath.mpf(typed(number, 3))

    rounding = replace(stories.exercise_of(HOMEWORK), rounding=3)
    wider = 0
    for network in variants()[:20]:
        sheet = Sheet(*stories.verified(thawed(rounding, numbers(network))))
        found = {gap.name: gap for grid in gaps.grids(sheet, "en") for _, _, gap in grid.gaps()}
        right = answers(network)
        pairs = zip(right["output_1"], network.targets[0], strict=True)
        delta = [rounded(rounded(s) - by_hand.number(y)) for s, y in pairs]
        for i, hidden in enumerate(right["output_0"]):
            for j in range(2):
                gap, number = found[f"W_1-{i}-{j}"], rounded(hidden * delta[j])
                off = abs(number - mpmath.mpf(str(gap.answer)))
                assert off <= mpmath.mpf(str(gap.tolerance)), (network, gap, number)
                wider += off > 0.6 * unit(number, 1) * 10
    assert wider > 0  # rounding the answer alone would not have been enough


def test_the_share_of_a_usual_mistake_can_be_set() -> None:
    text = HOMEWORK.replace("points:", "grading: {named: 1/4}\npoints:")
    sheet = Sheet(*stories.verified(stories.exercise_of(text)))
    shares = {w.share for grid in gaps.grids(sheet, "en") for _, _, gap in grid.gaps() for w in gap.wrong}
    assert shares == {25, 0}
