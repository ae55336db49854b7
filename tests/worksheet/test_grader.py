"""The hidden tests of a graded notebook, run in this process: what they mark, and nothing on stderr."""

import json
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from derive.classroom.rubric import rubric
from derive.render import Page
from derive.worksheet import story
from derive.worksheet.assignment import Owner, course, prepared
from derive.worksheet.code import hidden
from tests.worksheet import stories

Answers = dict[str, Any]
# In the exercise whose unit sits on its kink floats come out on its other side; both are accepted.
NAMES = list(stories.SHIPPED)


@cache
def cells(name: str) -> list[tuple[str, str, str]]:
    """Kind, id and source of the cells of a graded notebook."""
    material = stories.material(name)
    told = story.write(prepared(material, personal=False), "en")
    page = stories.page(material, told, "en", "handout")
    content = course(told, page, name)[f"source/{name}/{name}.ipynb"]
    return [
        (cell["cell_type"], cell["metadata"].get("nbgrader", {}).get("grade_id", ""), "".join(cell["source"]))
        for cell in json.loads(content)["cells"]
    ]


def run(name: str, change: Callable[[str, str], str] = lambda _, source: source) -> dict[str, float]:
    """Run a notebook as the kernel does, and say what each of its tests comes to."""
    names: Answers = {}
    marks = {}
    for kind, cell, source in cells(name):
        if kind != "code":
            continue
        if cell.startswith("test-"):
            body, _, last = source.removesuffix("\n### END HIDDEN TESTS").rpartition("\n")
            exec(compile(body, cell, "exec"), names)
            marks[cell.removeprefix("test-")] = eval(compile(last, cell, "eval"), names)
        else:
            try:
                exec(compile(change(cell, source), cell, "exec"), names)
            except NotImplementedError:
                continue
            except NameError:
                continue  # a comparison with what was left out
    return marks


def full(name: str) -> dict[str, float]:
    return {quantity: float(worth) for quantity, worth in rubric(stories.shipped(name)[0]).points.items()}


@pytest.mark.parametrize("name", NAMES)
def test_the_solution_gets_full_marks(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(name) == pytest.approx(full(name), abs=1e-6)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_one_gets_nothing(name: str) -> None:
    def empty(cell: str, source: str) -> str:
        return "raise NotImplementedError()" if cell.startswith("answer") else source

    assert run(name, empty) == dict.fromkeys(full(name), 0.0)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_right_is_what_the_exact_engine_says(name: str) -> None:
    """The generated function, in floats, against exact values: every quantity."""
    material = stories.material(name)
    names: Answers = {}
    marks = rubric(material.sheet.exercise)
    exec(hidden.setting_up(material.sheet, marks, personal=False), names)
    values, reach = names[hidden.NAMESPACE].grader.right
    for quantity, exact in material.sheet.solution.values.items():
        if quantity not in values:
            continue
        floats = np.array([float(value.fraction) for value in exact.flat]).reshape(exact.shape)
        assert values[quantity].shape == exact.shape
        assert (abs(values[quantity] - floats) <= np.maximum(reach[quantity], 1e-300)).all(), quantity
        assert np.allclose(
            values[quantity], floats, rtol=1e-6, atol=1e-9 * max(1, abs(floats).max(initial=0))
        )


@cache
def grader_text(text: str) -> str:
    exercise, verification = stories.verified(stories.exercise_of(text))
    from derive.worksheet.sheet import Sheet

    return hidden.setting_up(Sheet(exercise, verification), rubric(exercise), personal=False)


def grader(text: str | None = None) -> Any:
    """A fresh grader, of the homework unless told otherwise."""
    names: Answers = {}
    exec(grader_text(text or stories.SHIPPED["two-layer"].read_text("utf-8")), names)
    return names[hidden.NAMESPACE].grader


RIGHT_W1 = [[6, -6], [0, 0]]
LAYOUTS = (
    RIGHT_W1,
    np.array(RIGHT_W1),
    np.array(RIGHT_W1, dtype=np.float32),
    np.array(RIGHT_W1).ravel(),
    np.array(RIGHT_W1).reshape(1, 4),
    tuple(map(tuple, RIGHT_W1)),
    torch.tensor(RIGHT_W1),
    torch.tensor(RIGHT_W1, dtype=torch.float64, requires_grad=True),
    [torch.tensor([6.0, -6.0]), torch.tensor([0.0, 0.0], requires_grad=True)],
    [[torch.tensor(6.0), torch.tensor(-6.0)], [0, 0]],
    [[Fraction(6), Fraction(-6)], [Fraction(0), Fraction(0)]],
    [["6", "-6.0"], ["0", "0e0"]],
)


@pytest.mark.parametrize("value", LAYOUTS, ids=[type(value).__name__ for value in LAYOUTS])
def test_every_right_layout(value: Any, capsys: pytest.CaptureFixture[str]) -> None:
    one = grader()
    found = one.credit("W_1", "grad_W_1", value, 3)
    assert type(found) is float
    assert found == 3.0
    assert capsys.readouterr() == ("grad_W_1: 4 / 4\n", "")


def test_vectors_in_any_direction() -> None:
    for value in ([6, -3], [[6, -3]], [[6], [-3]], np.array([[[6]], [[-3]]]), torch.tensor([6, -3])):
        assert grader().credit("pre_activation_0", "h", value, 1) == 1.0
    assert grader().credit("loss", "l", [[36.0]], 1) == grader().credit("loss", "l", 36, 1) == 1.0


@pytest.mark.parametrize(
    "value",
    [
        None,
        "six",
        [],
        {},
        object(),
        lambda: 6,
        [[6, -6], [0]],
        [6, -6, 0],
        [[6, -6, 0, 0, 0]],
        np.zeros((4, 4)),
        float("nan"),
        [[np.nan] * 2] * 2,
        [[np.inf, -np.inf], [2, 1]],
        6 + 1j,
        type("Evil", (), {"__array__": lambda self, *a, **k: 1 / 0, "__len__": lambda self: 1 / 0})(),
        type("Tensor", (), {"detach": lambda self: 1 / 0})(),
    ],
)
def test_what_is_no_answer_gets_nothing(value: Any, capsys: pytest.CaptureFixture[str]) -> None:
    one = grader()
    assert one.credit("W_1", "grad_W_1", value, 3) == 0.0
    assert one.credit("W_0", "grad_W_0", [[24, 0], [6, 0]], 4) == 4.0
    assert capsys.readouterr().err == ""


def test_partial_credit_entry_by_entry() -> None:
    assert grader().credit("W_1", "grad_W_1", [[6, -6], [1, 0]], 3) == 2.25
    assert grader().credit("W_1", "grad_W_1", [[6, 5], [1, 7]], 3) == 0.75
    assert grader().credit("W_1", "grad_W_1", [[6, -6], [np.nan, 0]], 3) == 2.25
    third = grader().credit("W_1", "grad_W_1", RIGHT_W1, 1 / 3)
    assert third <= 1 / 3
    assert third == pytest.approx(1 / 3, abs=1e-6)


def by_own(h: list[float]) -> Answers:
    """What follows in the homework from a student's own h, in plain NumPy."""
    hidden_values = np.maximum(h, 0)
    w1 = np.array([[3, -3], [-1, 1]])
    o = hidden_values @ w1
    s = np.exp(o - o.max()) / np.exp(o - o.max()).sum()
    delta = s - [0, 1]
    back = (w1 @ delta) * (np.array(h) > 0)
    return {
        "pre_activation_0": h,
        "output_0": hidden_values,
        "pre_activation_1": o,
        "output_1": s,
        "loss": -np.log(s[1]),
        "W_1": np.outer(hidden_values, delta),
        "W_0": np.outer([4, 1], back),
    }


POINTS = {
    "pre_activation_0": 1,
    "output_0": 1,
    "pre_activation_1": 1,
    "output_1": 1,
    "loss": 1,
    "W_1": 3,
    "W_0": 4,
}


def marked(answers: Answers, text: str | None = None) -> dict[str, float]:
    one = grader(text)
    return {name: one.credit(name, name, answers[name], POINTS[name]) for name in POINTS if name in answers}


def test_errors_are_carried_forward() -> None:
    found = marked(by_own([7, 1]))
    assert found == {name: float(worth) for name, worth in POINTS.items()} | {"pre_activation_0": 0.0}
    half = marked(by_own([6, 1]))
    assert half == {name: float(worth) for name, worth in POINTS.items()} | {"pre_activation_0": 0.5}


def test_two_mistakes_cost_two() -> None:
    answers = by_own([7, 1])
    answers["output_1"] = np.array([0.9, 0.1])  # a second slip, from which the rest follows
    delta = answers["output_1"] - [0, 1]
    answers["loss"] = -np.log(0.1)
    answers["W_1"] = np.outer(answers["output_0"], delta)
    answers["W_0"] = np.outer([4, 1], (np.array([[3, -3], [-1, 1]]) @ delta) * [1, 1])
    found = marked(answers)
    expected = {name: float(worth) for name, worth in POINTS.items()}
    assert found == expected | {"pre_activation_0": 0.0, "output_1": 0.0}


@pytest.mark.parametrize(
    ("h", "hidden_values", "points"),
    [
        ([1, 1], [1, 1], 0.0),  # a constant
        ([4, 1], [4, 1], 0.0),  # the input, copied
        ([7e13, -3], [7e13, 0], 0.5),  # beyond all measure; the other entry is right
        ([-1, -2], [0, 0], 0.0),  # leaves nothing but zeros to work out
    ],
)
def test_nothing_is_carried_from(h: list[float], hidden_values: list[float], points: float) -> None:
    one = grader()
    assert one.credit("pre_activation_0", "h", h, 1) == points
    exact = np.mean(np.isclose(hidden_values, [6, 0])) if points else 0.0
    assert one.credit("output_0", "L", hidden_values, 1) == exact
    # What was not taken over is replaced by what is right, which still counts.
    assert one.credit("pre_activation_1", "O", [18, -18], 1) == 1.0


def test_a_copy_of_an_earlier_answer_gets_nothing() -> None:
    one = grader()
    assert one.credit("pre_activation_0", "h", [6, -3], 1) == 1.0
    assert one.credit("output_0", "L", [6, -3], 1) == 0.0


def test_the_share_of_what_is_carried_can_be_set() -> None:
    text = (
        stories.SHIPPED["two-layer"].read_text("utf-8").replace("points:", "grading: {carry: 1/2}\npoints:")
    )
    found = marked(by_own([7, 1]), text)
    assert found["W_0"] == 3.0  # two entries don't depend on the mistake
    assert found["W_1"] == 1.5
    assert found["output_0"] == 0.5


def test_names_of_the_student_are_left_alone() -> None:
    names: Answers = {"softmax": "mine", "np": "mine too"}
    exec(grader_text(stories.SHIPPED["two-layer"].read_text("utf-8")), names)
    assert set(names) - {"__builtins__"} == {"softmax", "np", "types", hidden.NAMESPACE}
    assert (names["softmax"], names["np"]) == ("mine", "mine too")


def rounded(value: Any, digits: int) -> Any:
    return np.vectorize(lambda x: float(f"{x:.{digits - 1}e}"))(value)


MILD = """
id: mild
title: mild
input: [1, 2]
target: [0, 1]
layers:
  - {weights: [[1/3, -1/2], [2/7, 5/6]], activation: tanh}
  - {weights: [[1/2, -1/3], [-1, 1/4]], activation: softmax}
loss: cross_entropy
"""


def mild(step: Callable[[Any], Any]) -> Answers:
    """The exercise above, each step put through a function."""
    w0, w1 = np.array([[1 / 3, -1 / 2], [2 / 7, 5 / 6]]), np.array([[1 / 2, -1 / 3], [-1, 1 / 4]])
    h = step(np.array([1, 2]) @ w0)
    a = step(np.tanh(h))
    o = step(a @ w1)
    s = step(np.exp(o) / np.exp(o).sum())
    delta = step(s - [0, 1])
    back = step(step(w1 @ delta) * (1 - a**2))
    return {
        "pre_activation_0": h,
        "output_0": a,
        "pre_activation_1": o,
        "output_1": s,
        "loss": step(-np.log(s[1])),
        "W_1": step(np.outer(a, delta)),
        "W_0": step(np.outer([1, 2], back)),
    }


def test_rounding_as_told_is_accepted_and_no_more() -> None:
    every = {name: float(worth) for name, worth in POINTS.items()}
    assert marked(mild(lambda x: x), MILD) == every
    assert marked(mild(lambda x: np.float32(x)), MILD) == every
    told = f"{MILD}rounding: 4\n"
    assert marked(mild(lambda x: rounded(x, 4)), told) == every
    coarse = marked(mild(lambda x: rounded(x, 2)), told)
    assert sum(coarse.values()) < sum(every.values()) / 2


def test_a_slip_in_the_last_digits_is_seen() -> None:
    answers = mild(lambda x: x)
    for name in POINTS:
        off = dict(answers) | {name: np.array(answers[name]) * 1.01}
        assert marked(off, f"{MILD}rounding: 5\n")[name] == 0.0


COLUMNS = """
id: columns
title: columns
convention: column
input: [[1, 2], [3, -1], [1/2, 1]]
target: [[1, 0], [0, 1], [1, 0]]
layers:
  - {weights: [[1/2, -1], [1, 1/4]], bias: [1/4, 1/2], activation: sigmoid}
  - {weights: [[1, -1/2], [-2, 3/4]], activation: softmax}
loss: cross_entropy
"""


def test_a_batch_in_columns_may_be_handed_in_either_way() -> None:
    one = grader(COLUMNS)
    right = one.right[0]
    for name in ("pre_activation_0", "output_1"):
        assert right[name].shape == (3, 2)
        assert one.credit(name, name, right[name], 1) == one.credit(name, name, right[name].T, 1) == 1.0
    assert grader(COLUMNS).credit("W_0", "W_0", right["W_0"].T, 1) < 1


def test_nothing_in_a_personal_notebook_depends_on_the_numbers() -> None:
    """Nbgrader restores locked cells from the source, so that they must be the same for all."""
    texts = []
    for change in ("input: [4, 1]", "input: [3, 2]"):
        text = stories.SHIPPED["two-layer"].read_text("utf-8").replace("input: [4, 1]", change)
        text = text.replace("target: [0, 1]", "target: [0, 1]" if "4" in change else "target: [1, 0]")
        text = text.replace(
            "[[1, -2], [2, 5]]", "[[1, -2], [2, 5]]" if "4" in change else "[[1/2, -1], [1, 3]]"
        )
        material = story.gather(*stories.verified(stories.exercise_of(text)))
        told = story.write(prepared(material, personal=True), "ko")
        page = Page("x", "ko", "handout", "x", pictures=told.pictures)
        owners = [Owner(("1",), {"input": [["4", "1"]]})]
        files = course(told, page, "midterm", owners)
        texts.append(files["source/midterm/midterm.ipynb"])
        assert sorted(files) == [
            "nbgrader_config.py", "source/midterm/midterm.ipynb", "source/midterm/numbers.json",
        ]  # fmt: skip
    assert texts[0] == texts[1]
