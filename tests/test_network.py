"""The network of an exercise: shapes in both conventions, symbols, parameters, updates of a descent."""

from fractions import Fraction
from typing import Any

import pytest

from derive.exercise import schema
from derive.network import Network, build, nearest_float, updates, with_parameters

F = Fraction


def built(text: str) -> Network:
    return build(schema.load(f"id: test\ntitle: test\n{text}", "test.yaml"))


def two_layers(convention: str = "row", more: str = "") -> Network:
    first, second = ("[[1, 2, 3], [4, 5, 6]]", "[[1], [2], [3]]")
    if convention == "column":
        first, second = ("[[1, 4], [2, 5], [3, 6]]", "[[1, 2, 3]]")
    return built(f"""
input: [[1, -2], [0.5, 1/3], [0, 1]]
target: [[1], [2], [3]]
convention: {convention}
layers:
  - {{weights: {first}, bias: [0.1, 0.2, 0.3], activation: {{leaky_relu: 0.2}}}}
  - {{weights: {second}, bias: 1/7, activation: elu}}
loss: squared_error
{more}
""")


@pytest.mark.parametrize("convention", ["row", "column"])
def test_layers(convention: str) -> None:
    network = two_layers(convention)
    first, last = network.layers
    assert [(layer.n_in, layer.n_out) for layer in network.layers] == [(2, 3), (3, 1)]
    assert first.weights_shape == ((2, 3) if convention == "row" else (3, 2))
    assert (first.index, first.weights_name, first.bias_name) == (0, "W_0", "b_0")
    assert (first.shared_bias, last.shared_bias) == (False, True)
    assert (first.parameter, last.parameter) == (F(1, 5), F(1))
    assert (first.bias, last.bias) == ((F(1, 10), F(1, 5), F(3, 10)), F(1, 7))
    assert first.rule.kink is not None
    assert network.row_convention == (convention == "row")


@pytest.mark.parametrize("convention", ["row", "column"])
def test_places_are_row_major_and_know_their_units(convention: str) -> None:
    """The weight from unit i to unit j is 1 + 3 i + j in both layouts."""
    layer = two_layers(convention).layers[0]
    places = list(layer.places())
    assert [place for place, _, _ in places] == sorted(place for place, _, _ in places)
    assert len(places) == 6
    for (row, column), i, j in places:
        assert layer.weights[row][column] == 1 + 3 * i + j
        assert layer.place(i, j) == (row, column)


def test_numbers_are_exact() -> None:
    network = two_layers()
    assert network.inputs[1] == (F(1, 2), F(1, 3))
    assert network.parameters() == {
        "W_0": ((F(1), F(2), F(3)), (F(4), F(5), F(6))),
        "b_0": (F(1, 10), F(1, 5), F(3, 10)),
        "W_1": ((F(1),), (F(2),), (F(3),)),
        "b_1": F(1, 7),
    }


def test_other_numbers_in_the_same_network() -> None:
    network = two_layers()
    others = {"W_1": ((F(9),), (F(8),), (F(7),)), "b_1": F(0)}
    changed = with_parameters(network, network.parameters() | others)
    assert changed.layers[1].weights == ((F(9),), (F(8),), (F(7),))
    assert changed.layers[1].bias == F(0)
    assert changed.layers[0] == network.layers[0]
    assert network.layers[1].bias == F(1, 7)


def test_a_layer_without_bias_stays_without() -> None:
    network = built("input: [1]\nlayers: [{weights: [[2]], activation: relu}]\nloss: sum")
    assert list(network.parameters()) == ["W_0"]
    assert with_parameters(network, network.parameters()) == network
    assert network.targets is None


@pytest.mark.parametrize(
    ("reduction", "rows", "weight"), [("mean", 3, F(1, 3)), ("sum", 3, F(1)), ("mean", 1, F(1))]
)
def test_what_a_row_counts(reduction: str, rows: int, weight: Fraction) -> None:
    data = f"input: {[[1]] * rows}\ntarget: {[[1]] * rows}\nreduction: {reduction}\n"
    network = built(data + "layers: [{weights: [[2]], activation: relu}]\nloss: squared_error")
    assert network.rows == rows
    assert network.row_weight == weight


@pytest.mark.parametrize(
    ("hidden", "last", "linear"),
    [("relu", "softmax", True), ("leaky_relu", "tanh", True), ("tanh", "identity", False)],
)
def test_rationals_stay_rational_up_to_the_last_layer(hidden: str, last: str, linear: bool) -> None:
    first, second = f"weights: [[2, 1]], activation: {hidden}", f"weights: [[1], [1]], activation: {last}"
    network = built(f"input: [1]\nlayers: [{{{first}}}, {{{second}}}]\nloss: sum")
    assert network.piecewise_linear == linear


def test_floats_next_to_rationals() -> None:
    assert nearest_float(F(1, 3)) == 1 / 3
    assert nearest_float(F(1, 10**400)) == 0
    assert (nearest_float(F(10**400)), nearest_float(F(-(10**400)))) == (float("inf"), float("-inf"))


# Symbols


def test_two_layers_are_written_as_in_the_homework() -> None:
    symbols = two_layers().symbols
    assert (symbols.pre_activation, symbols.output) == (("h", "O"), ("L", "s"))
    assert (symbols.input, symbols.loss, symbols.target) == ("I", "l", "y")
    assert (symbols.weights, symbols.bias) == (("W_{0}", "W_{1}"), ("b_{0}", "b_{1}"))


@pytest.mark.parametrize("depth", [1, 3])
def test_any_other_depth_counts_its_layers(depth: int) -> None:
    layer = "{weights: [[1]], activation: relu}"
    symbols = built(f"input: [1]\nlayers: [{', '.join([layer] * depth)}]\nloss: sum").symbols
    assert symbols.pre_activation == tuple(f"z^{{({k})}}" for k in range(depth))
    assert symbols.output == tuple(f"a^{{({k})}}" for k in range(depth))


def test_an_exercise_may_rename_everything() -> None:
    symbols = two_layers(
        more="notation: {input: x, weights: V, bias: c, pre_activation: [u, z_2], output: [a, hat y], "
        "loss: E, target: t}"
    ).symbols
    assert symbols.weights == ("V_{0}", "V_{1}")
    assert symbols.pre_activation == ("u", "z_{2}")
    assert symbols.output == ("a", r"\hat{y}")
    assert (symbols.input, symbols.loss, symbols.target) == ("x", "E", "t")
    assert [symbols.parameter(name) for name in ("W_1", "b_0", "input")] == ["V_{1}", "c_{0}", "x"]


# Updates


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("", []),
        ("step: {learning_rate: 1}", [((0, 1, 2), F(1, 3))]),
        ("step: {learning_rate: 1, count: 2}", [((0, 1, 2), F(1, 3))] * 2),
        ("step: {learning_rate: 1, order: row}", [((0,), F(1)), ((1,), F(1)), ((2,), F(1))]),
        ("step: {learning_rate: 1, order: row, count: 2}", [((0,), F(1)), ((1,), F(1)), ((2,), F(1))] * 2),
    ],
)
def test_updates(step: str, expected: Any) -> None:
    """All rows at once, or one row after the other with its own loss in full."""
    assert list(updates(two_layers(more=step))) == expected


def test_updates_of_a_sum_weigh_every_row_in_full() -> None:
    network = two_layers(more="reduction: sum\nstep: {learning_rate: 1}")
    assert list(updates(network)) == [((0, 1, 2), F(1))]
