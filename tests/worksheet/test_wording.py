"""What the stories say to a student, and how Korean particles stand beside formulas."""

import re
from fractions import Fraction
from pathlib import Path

import pytest
from flint import arb

from derive.render.audience import for_reader
from derive.render.markdown import parse
from derive.rules.activations import ACTIVATIONS
from derive.worksheet import figures, forward, story
from tests.worksheet import stories
from tests.worksheet.reading import read, with_precision

TEMPLATES = sorted((stories.ROOT / "templates").glob("*.ko.md.j2"))
# A particle or an ending follows what it belongs to without a space: `$W_1$의`, never `$W_1$ 의`.
PARTICLES = (
    "은|는|이|가|을|를|의|에|에서|로|으로|와|과|도|만|부터|까지|라는|이라는|입니다|이면|이므로|이던|여서|였습니다"
    "|개|배"
)
APART = re.compile(rf"\$ (?:{PARTICLES})(?![가-힣])|\$ (?:배까지|개인)")
# These change with the last sound of what they follow, which nobody knows of a formula with any number in it.
NUMBERS = r"descent\.rate|step\.shift|kink\.taken|\.gap|descent\.before|\.share"
WAVERING = re.compile(rf"\$[^$\n]*(?:{NUMBERS})[^$\n]*\$(?:은|는|을|를|로|으로|와|과)(?![가-힣])")

ROWS = """
id: rows
title: rows
input: [[1, 2], [3, -1]]
target: [[1], [0]]
layers:
  - {{weights: [[1/2, -1], [1, 1/4]], activation: tanh}}
  - {{weights: [[1], [-2]], activation: identity}}
loss: mean_squared_error
step: {{learning_rate: 1/2, count: {count}, order: {order}}}
"""


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_korean_particles_stand_beside_their_formula(template: Path) -> None:
    text = template.read_text("utf-8")
    assert not APART.findall(text)
    assert not WAVERING.findall(text)


def told(language: str, count: int, order: str) -> str:
    material = story.gather(*stories.verified(stories.exercise_of(ROWS.format(count=count, order=order))))
    return stories.rendered(material, language, "key", ["md"])["md"].decode()


@pytest.mark.parametrize(("language", "turns"), [("en", "take turns"), ("ko", "한 번에 하나씩")])
def test_a_student_is_told_whose_gradient_an_update_takes(language: str, turns: str) -> None:
    assert turns in told(language, 1, "row")
    assert turns not in told(language, 2, "batch")


@pytest.mark.parametrize(("language", "last"), [("en", "2 times"), ("ko", "2번 갱신하고, 마지막")])
def test_a_student_is_told_how_often_to_update(language: str, last: str) -> None:
    assert last in told(language, 2, "batch")
    assert last not in told(language, 1, "batch")


@pytest.mark.parametrize(("language", "softmax"), [("en", "softmax"), ("ko", "소프트맥스")])
def test_nothing_is_said_of_a_softmax_that_is_not_there(language: str, softmax: str) -> None:
    assert softmax not in stories.without_pictures(told(language, 1, "batch"))
    assert softmax in stories.told("two-layer", language).markdown


@pytest.mark.parametrize("language", stories.LANGUAGES)
def test_a_mean_over_one_output_divides_by_nothing(language: str) -> None:
    text = stories.without_pictures(told(language, 1, "batch"))
    assert r"\sum_{k} (" in text or r"\sum_k (" in text
    assert not re.search(r"frac\{\d\}\{1\}", text)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_definition_says_more_than_the_name(name: str) -> None:
    rule = ACTIVATIONS[name]
    assert rule.latex not in (rule.definition or rule.formula)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_what_a_slope_calls_by_name_is_defined(name: str) -> None:
    rule = ACTIVATIONS[name]
    called = set(re.findall(r"\\(?:sigma|Phi|varphi)\b", rule.slope_formula)) - {rule.latex}
    defined = dict(text.split(" = ") for text in rule.slope_functions)
    assert {f"{function}(z)" for function in called} == set(defined)
    for function, formula in defined.items():
        with with_precision():
            z = {"z": arb("0.7"), "z^2": arb("0.49"), r"\pi": arb.pi()}
            assert abs(read(function, z) - read(formula, z)) < arb("1e-30")


def test_what_stands_at_the_end_of_a_full_bar_fits_the_picture() -> None:
    drawing = figures.bars(
        [figures.Bar("h", (1.0, 1.0), "100 / 100 %"), figures.Bar("l", (0.0, 0.5), "0 / 50 %")],
        along="share", most=1, alt="", names=("a", "b"),
    )  # fmt: skip
    svg = drawing.svg
    found = re.search(r'width="([\d.]+)pt"', svg)
    assert found
    texts = re.findall(
        r'<g [^>]*transform="translate\(([\d.]+) [\d.]+\) scale\(([\d.]+) [^>]*>(.*?)</g>', svg, re.DOTALL
    )
    assert texts
    for left, scale, inner in texts:
        last = max((float(x) for x in re.findall(r"translate\(([\d.]+) 0\)", inner)), default=0.0)
        # A glyph is at most an em wide.
        assert float(left) + float(scale) * (last + 100) <= float(found[1]) + 1


@pytest.mark.parametrize("language", stories.LANGUAGES)
@pytest.mark.parametrize(("less", "shifted"), [("1e-10", True), ("1e-32", False)])
def test_a_shift_is_spoken_of_where_it_is_shown(language: str, less: str, shifted: bool) -> None:
    """Two logits without closed form, so close that of their difference too few digits are left to show."""
    apart = 1 - Fraction(less)
    exercise = stories.exercise_of(f"""
id: close
input: [1]
target: [1, 0]
layers:
  - {{weights: [["1/3"]], activation: tanh}}
  - {{weights: [[1]], activation: softplus}}
  - {{weights: [[1, "{apart.numerator}/{apart.denominator}"]], activation: softmax}}
loss: cross_entropy
""")
    gathered = story.gather(*stories.verified(exercise))
    step = next(step for step in forward.steps(gathered.sheet) if step.kind == "softmax")
    assert bool(step.shift) is shifted
    assert ("e^{0}" in step.formula) is shifted
    spoken = {"en": "subtracted from every exponent", "ko": "먼저 모든 지수에서"}[language]
    assert (spoken in story.write(gathered, language).markdown) is shifted


@pytest.mark.parametrize("language", stories.LANGUAGES)
@pytest.mark.parametrize("name", stories.SHIPPED)
def test_a_set_is_told_what_a_report_would_leave_for_it(name: str, language: str) -> None:
    """Not telling what only a report shows leaves readers of a set with the same page."""
    gathered = stories.material(name)
    told = [story.write(gathered, language, alone=alone).markdown for alone in (True, False)]
    assert len(told[1]) < len(told[0])
    whole, short = map(parse, told)
    for audience in ("key", "handout"):
        for medium in ("paper", "notebook"):
            expected = for_reader(whole, audience, medium, alone=False)
            assert for_reader(short, audience, medium, alone=False) == expected
