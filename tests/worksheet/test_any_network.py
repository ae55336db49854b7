"""Quizzes and graded notebooks of networks drawn at random: read back by the lints, run and marked."""

import warnings
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from derive.classroom.rubric import rubric
from derive.errors import DeriveError
from derive.network import Network
from derive.render.quiz import QUIZ_FORMATS, Quiz
from derive.worksheet import story
from derive.worksheet.code import hidden
from derive.worksheet.quiz import question
from tests.engine.networks import networks
from tests.worksheet import stories


@pytest.mark.slow
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(network=networks(depth=st.integers(1, 3), width=st.integers(1, 3)))
def test_any_network(network: Network) -> None:
    try:
        exercise, verification = stories.verified(stories.exercise_of(stories.text_of(network)))
    except DeriveError:
        assume(False)
    assume(verification.verified)
    material = story.gather(exercise, verification)
    told = story.write(material, "en")
    asked = question(material.sheet, told, stories.page(material, told, "en", "key"))
    for platform in QUIZ_FORMATS.values():
        assert platform.lint(platform.render(Quiz("set", (asked,)))) == []
    names: dict[str, Any] = {}
    code = material.facts["code"]
    marks = rubric(exercise)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numbers that overflow are part of it
        for part in (code.data, code.forward, *code.gradients):
            exec(part, names)
        exec(hidden.setting_up(material.sheet, marks, personal=False), names)
    grader = names[hidden.NAMESPACE].grader
    for quantity, worth in marks.points.items():
        variable = code.variables[quantity]
        found = grader.credit(quantity, variable, names[variable], float(worth))
        assert found == pytest.approx(float(worth), abs=1e-5), (quantity, stories.text_of(network))
