"""Closed forms in matrix form: in the order of the convention, with the exercise's own symbols."""

from typing import Any

import pytest

from derive.engine.forms import closed_forms, parameter, transposed
from derive.engine.symbolic import derive
from derive.render.mathematics import spell
from tests.engine.networks import EXERCISES, layer, network, shipped, small


def d(symbol: str) -> str:
    return rf"\frac{{\partial l}}{{\partial {symbol}}}"


def forms(target: Any) -> dict[str, str]:
    return closed_forms(derive(target))


def test_the_homework() -> None:
    found = forms(shipped("two-layer"))
    assert found == {
        "W_0": (
            rf"{d('W_{0}')} = I^{{\top}} {d('h')}, \quad "
            rf"{d('h')} = \Bigl({d('O')} W_{{1}}^{{\top}}\Bigr) \odot \mathbb{{1}}[h > 0]"
        ),
        "W_1": (rf"{d('W_{1}')} = L^{{\top}} {d('O')}, \quad {d('O')} = \Bigl(\sum_k y_{{k}}\Bigr) s - y"),
        "input": rf"{d('I')} = {d('h')} W_{{0}}^{{\top}}",
    }


@pytest.mark.parametrize(
    ("row", "first", "back"),
    [
        (True, r"I^{\top} D0", r"D1 W_{1}^{\top}"),
        (False, r"D0 I^{\top}", r"W_{1}^{\top} D1"),
    ],
)
def test_conventions(row: bool, first: str, back: str) -> None:
    found = forms(small("tanh", "squared_error", "identity", row))["W_0"]
    zero, one = d("z^{(0)}"), d("z^{(1)}")
    form, delta = found.split(r", \quad ")
    assert form == f"{d('W_{0}')} = {first.replace('D0', zero)}"
    assert delta == rf"{zero} = \Bigl({back.replace('D1', one)}\Bigr) \odot (1 - a^{{(0)}} \odot a^{{(0)}})"


def test_biases() -> None:
    one = [layer(0, [[1, 2]], "identity", [1, 2]), layer(1, [[1], [2]], "identity", "3")]
    single = forms(network([[1]], [[0]], one, "squared_error"))
    assert single["b_0"] == f"{d('b_{0}')} = {d('z^{(0)}')}"
    assert single["b_1"] == rf"{d('b_{1}')} = \sum_j {d('z^{(1)}_{j}')}"
    several = forms(network([[1], [2]], [[0], [1]], one, "squared_error"))
    assert several["b_0"] == rf"{d('b_{0}')} = \sum_{{\text{{rows}}}} {d('z^{(0)}')}"
    assert several["b_1"] == rf"{d('b_{1}')} = \sum_{{\text{{rows}}}} \sum_j {d('z^{(1)}_{j}')}"


@pytest.mark.parametrize(("reduction", "factor"), [("mean", True), ("sum", False)])
def test_the_mean_of_a_batch_is_in_the_first_delta(reduction: str, factor: bool) -> None:
    found = forms(small("tanh", "cross_entropy", "softmax", reduction=reduction))["W_1"]
    assert (r"\tfrac{1}{2} \Bigl(" in found) == factor
    assert found.count(r"\Bigl(") == found.count(r"\Bigr)")


def test_l2_is_added_to_weights_alone() -> None:
    found = forms(small("tanh", "squared_error", "identity", l2="0.1"))
    assert r"+ 2 \lambda W_{0}" in found["W_0"]
    assert r"\lambda" not in found["b_0"] + found["b_1"] + found["input"]


@pytest.mark.parametrize(
    ("number", "latex"),
    [("0.01", r"\tfrac{1}{100}"), ("2", "2"), ("-1/2", r"(-\tfrac{1}{2})"), ("-3", "(-3)")],
)
def test_parameters_of_activations(number: str, latex: str) -> None:
    assert parameter(layer(0, [[1]], "leaky_relu", parameter=number)) == latex
    assert parameter(layer(0, [[1]], "relu")) == ""


def test_transposes() -> None:
    assert transposed("W_{1}") == r"W_{1}^{\top}"
    assert transposed("a^{(1)}") == r"(a^{(1)})^{\top}"


@pytest.mark.parametrize("path", EXERCISES, ids=lambda path: path.stem)
def test_every_closed_form_can_be_set(path: Any) -> None:
    target = shipped(path.stem)
    found = forms(target)
    assert set(found) == {*target.parameters(), "input"}
    for latex in found.values():
        spell(latex, display=True)  # raises on anything that no output format knows
