"""The notebook as it is done in class: cells to fill in where they are needed, and what they lead to."""

import json
from typing import Any

import numpy as np
import pytest

from tests.worksheet import stories

STEPS = [
    name for name in stories.SHIPPED if stories.exercise_of(stories.SHIPPED[name].read_text("utf-8")).step
]
WORDS = {"en": "*Write your answer here.*", "ko": "*여기에 답을 쓰시오.*"}
TASK = {"en": "Which of the two is right", "ko": "왜 다르며"}


def cells(name: str, language: str, audience: str) -> list[tuple[str, str]]:
    content = stories.rendered(stories.material(name), language, audience, ["ipynb"])["ipynb"]
    return [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(content)["cells"]]


@pytest.mark.parametrize("language", stories.LANGUAGES)
@pytest.mark.parametrize("name", stories.SHIPPED)
def test_each_task_is_followed_by_its_cell(name: str, language: str) -> None:
    found = cells(name, language, "handout")
    asked = next(place for place, (_, text) in enumerate(found) if TASK[language] in text)
    assert found[asked + 1] == ("markdown", WORDS[language])
    layers = len(stories.material(name).sheet.network.layers)
    steps = 1 if name in STEPS else 0
    blank = [text for kind, text in found if kind == "code" and "NotImplementedError" in text]
    assert len(blank) == 1 + layers + steps + 1  # forward, gradients, descent, torch
    assert not [text for _, text in found if "phantom" in text or "<br>" in text]  # no room for a pen


@pytest.mark.parametrize("name", stories.SHIPPED)
def test_values_and_gradients_carry_the_names_that_the_task_says(name: str) -> None:
    material = stories.material(name)
    names: dict[str, Any] = {}
    for kind, text in cells(name, "en", "key"):
        if kind == "code":
            exec(compile(text, "cell", "exec"), names)
    handout = "\n".join(text for _, text in cells(name, "en", "handout"))
    for quantity, variable in material.facts["code"].variables.items():
        assert f"`{variable}`" in handout
        if not material.facts["code"].exact:
            continue  # where float64 comes out elsewhere
        exact = material.sheet.solution.values[quantity]
        floats = np.array([float(value.fraction) for value in exact.flat]).reshape(exact.shape)
        np.testing.assert_allclose(np.reshape(names[variable], exact.shape), floats, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("name", STEPS)
def test_gradient_descent_ends_where_the_key_says(name: str) -> None:
    material = stories.material(name)
    names: dict[str, Any] = {}
    for kind, text in cells(name, "en", "key"):
        if kind == "code":
            exec(compile(text, "cell", "exec"), names)
    step = material.sheet.network.step
    assert step is not None
    variables = material.sheet.network.symbols.identifiers()
    for parameter in material.sheet.network.parameters():
        if parameter in step.frozen:
            continue
        exact = material.sheet.solution.values[f"step.{parameter}"]
        floats = [float(value.fraction) for value in exact.flat]
        found = names[f"{variables[parameter]}_new"]
        np.testing.assert_allclose(np.ravel(found), floats, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("order", ["batch", "row"])
def test_several_steps_of_any_order(order: str) -> None:
    text = f"""
id: steps
title: steps
input: [[1, 2], [3, -1]]
target: [[1, 0], [0, 1]]
layers:
  - {{weights: [[1/2, -1], [1, 1/4]], bias: [1/4, 1/2], activation: tanh}}
  - {{weights: [[1, -1/2], [-2, 3/4]], activation: softmax}}
loss: cross_entropy
l2: 1/10
step: {{learning_rate: 1/2, count: 2, order: {order}, frozen: [b_0]}}
"""
    exercise, verification = stories.verified(stories.exercise_of(text))
    from derive.worksheet import code
    from derive.worksheet.sheet import Sheet

    listings = code.listings(Sheet(exercise, verification))
    names: dict[str, Any] = {}
    for part in (listings.data, listings.forward, *listings.gradients, listings.descent):
        exec(compile(part, "cell", "exec"), names)
    for parameter in ("W_0", "W_1"):
        floats = [float(v.fraction) for v in verification.solution.values[f"step.{parameter}"].flat]
        np.testing.assert_allclose(np.ravel(names[f"{parameter}_new"]), floats, rtol=1e-9)
    assert "b_0_new" not in names
