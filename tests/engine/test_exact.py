"""Exact values: the homework's figures, decided zeros and kinks, and everything against mpmath."""

import re
from collections.abc import Iterator
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from flint import arb

from derive.engine import exact
from derive.engine.exact import FARTHEST, Kink, Solution
from derive.engine.number_systems import ResidueNumbers
from derive.engine.passes import Key
from derive.engine.symbolic import derive
from derive.errors import ProblemError
from derive.network import Network
from derive.rules.activations import ACTIVATIONS
from derive.rules.losses import LOSSES
from tests.engine import reference
from tests.engine.networks import EXERCISES, layer, network, shipped, small, solved, written

LOSS = "36.00000000000000023195228302435691193030"


@pytest.fixture(autouse=True)
def precision() -> Iterator[None]:
    with mp.workdps(reference.DIGITS):
        yield


def decimals(solution: Solution, name: str) -> Any:
    array = solution.values[name]
    texts = [str(value.rounded(solution.digits)) for value in array.flat]
    return np.array(texts).reshape(array.shape).tolist()


def against_the_reference(target: Network) -> None:
    """Forward values, loss and every gradient, with and without gradient descent."""
    solution, values = solved(target), reference.parameters(target)
    gradients = reference.gradient(target)
    expected = {"loss": reference.loss(target, values), **gradients}
    rows = [reference.forward(target, values, row) for row in range(target.rows)]
    for k in range(len(target.layers)):
        expected[f"pre_activation_{k}"] = [row[0][k] for row in rows]
        expected[f"output_{k}"] = [row[1][k] for row in rows]
    if target.step is not None:
        after = reference.descend(target)
        expected |= {f"step.{name}": numbers for name, numbers in after.items() if name != "input"}
        expected["step.loss"] = reference.loss(target, after)
    for name, numbers in expected.items():
        array = solution.values[name]
        assert [*np.ndindex(array.shape)] == reference.places(numbers)
        for place in np.ndindex(array.shape):
            assert reference.close(array[place].fraction, reference.at(numbers, place), 22), (name, place)
    rule = LOSSES[target.loss_name]
    if target.targets is not None and rule.target:
        for row, line in enumerate(rows):
            alone = reference.loss_of(target.loss_name, line[1][-1], reference.nested(target.targets[row]))
            assert reference.close(solution.values["row_losses"][row].fraction, alone, 35)


# The homework


def test_the_homework() -> None:
    solution = solved(shipped("two-layer"))
    values = solution.values
    assert decimals(solution, "pre_activation_0") == [["6", "-3"]]
    assert decimals(solution, "output_0") == [["6", "0"]]
    assert decimals(solution, "pre_activation_1") == [["18", "-18"]]
    assert decimals(solution, "loss") == LOSS
    assert values["loss"][()].exact() == "36 + log(1 + exp(-36))"
    first = decimals(solution, "W_0")
    assert first[0][0].startswith("23.9999999999999944331452074154")
    assert first[0][1] == first[1][1] == "0"
    c = "/(1 + exp(-36))"
    assert [value.exact() for value in values["W_0"].flat] == [f"24{c}", "0", f"6{c}", "0"]
    assert [value.exact() for value in values["W_1"].flat] == [f"6{c}", f"-6{c}", "0", "0"]
    assert solution.kinks == ()


def test_a_hundred_digits() -> None:
    solution = solved(shipped("two-layer"), digits=100)
    text = decimals(solution, "loss")
    assert len(text.replace(".", "")) == 100
    assert Context(prec=40).create_decimal(text) == Decimal(LOSS)
    with mp.workdps(130):
        expected = 36 + mp.log1p(mp.exp(-36))
        assert abs(mp.mpf(text) - expected) <= mp.mpf(10) ** -98 / 2
    assert decimals(solution, "W_0")[1][1] == "0"


@pytest.mark.parametrize("digits", [5, 40, 100])
def test_the_digits_asked_for(digits: int) -> None:
    solution = solved(shipped("mazur"), digits=digits)
    long = [v for _, _, v in solution.entries() if len(v.rounded(digits).as_tuple().digits) == digits]
    assert long
    best = solved(shipped("mazur"), digits=150)
    for name, place, value in solution.entries():
        assert value.rounded(digits) == best.values[name][place].rounded(digits)


def test_the_published_figures_of_mazur() -> None:
    solution = solved(shipped("mazur"))
    assert str(solution.values["loss"][()].rounded(9)) == "0.298371109"
    assert str(solution.values["step.W_1"][0, 0].rounded(8)) == "0.35891648"
    assert str(solution.values["step.W_0"][0, 0].rounded(9)) == "0.149780716"
    assert solution.values["step.b_0"][()].fraction == Fraction("0.35")


# Everything, against the reference


@pytest.mark.parametrize("path", EXERCISES, ids=lambda path: path.stem)
def test_shipped_exercises(path: Any) -> None:
    target = shipped(path.stem)
    if path.stem == "kink":  # central differences know no derivative there
        pytest.skip("see test_the_kink")
    against_the_reference(target)


@pytest.mark.parametrize("hidden", ACTIVATIONS)
def test_every_activation(hidden: str) -> None:
    against_the_reference(small(hidden, "squared_error", hidden))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("last", ["sigmoid", "softmax"])
def test_every_loss(loss: str, last: str) -> None:
    against_the_reference(small("tanh", loss, last))


@pytest.mark.parametrize("row", [True, False])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_conventions_reductions_and_l2(row: bool, reduction: str) -> None:
    against_the_reference(small("elu", "mean_squared_error", "identity", row, reduction=reduction, l2="0.01"))


def test_a_parameter_of_an_activation_is_used() -> None:
    ours = [
        layer(0, [["0.3", "-0.7"]], "leaky_relu", parameter="0.2"),
        layer(1, [["1"], ["-2"]], "elu", parameter="1/3"),
    ]
    against_the_reference(network([[1], [-1]], [[1], [2]], ours, "half_squared_error"))


@pytest.mark.parametrize("order", ["batch", "row"])
@pytest.mark.parametrize("frozen", ["[]", "[W_0, b_1]"])
def test_descents(order: str, frozen: str) -> None:
    against_the_reference(
        written(f"""
input: [[1, -2], [0.5, 3]]
target: [[0, 1], [1, 0]]
layers:
  - {{weights: [[0.3, -0.7], [0.9, 0.4]], bias: [0.1, -0.2], activation: tanh}}
  - {{weights: [[0.5, -1], [2/3, 0.25]], bias: 0.1, activation: softmax}}
loss: cross_entropy
l2: 0.01
step: {{learning_rate: 0.1, count: 2, order: {order}, frozen: {frozen}}}
""")
    )


# Zeros and kinks are decided


def test_the_kink() -> None:
    """0.1 * 3 - 0.3 is 0, which binary64 misses."""
    assert 0.1 * 3 - 0.3 != 0
    solution = solved(shipped("kink"))
    assert solution.kinks == (Kink(layer=0, row=0, unit=0),)
    assert solution.values["pre_activation_0"][0, 0].is_zero
    assert solution.values["pre_activation_gradient_0"][0, 0].is_zero
    assert not solution.values["output_gradient_0"][0, 0].is_zero
    assert all(solution.values["W_0"][i, 0].is_zero for i in range(2))


def behind_smooth_layers(last: str) -> Network:
    """sigmoid(u) + sigmoid(-u) - 1 into a unit, for a u without closed form."""
    layers = [
        layer(0, [["1/3"]], "tanh"),
        layer(1, [[1, -1]], "sigmoid"),
        layer(2, [[1, 1], [1, -1]], last, [-1, 0]),
        layer(3, [[2], [3]], "identity"),
    ]
    return network([[1]], [[1]], layers, "squared_error")


def test_a_kink_behind_smooth_layers_is_found_by_structure() -> None:
    solution = solved(behind_smooth_layers("relu"))
    assert solution.kinks == (Kink(2, 0, 0),)
    assert solution.values["output_2"][0, 0].is_zero


@pytest.mark.parametrize(("off", "active"), [("1e-300", True), ("-1e-300", False)])
def test_beside_a_kink_the_side_is_known(off: str, active: bool) -> None:
    layers = [layer(0, [[1]], "relu", [off]), layer(1, [[1]], "identity")]
    solution = solved(network([[0]], [[1]], layers, "squared_error"))
    assert solution.kinks == ()
    assert solution.values["W_1"][0, 0].is_zero != active
    assert solution.values["b_0"][0].is_zero != active


def test_exact_zero_gradients_say_so() -> None:
    """A bias gradient that vanishes because the deltas of a softmax sum to zero."""
    layers = [layer(0, [["0.3", "1", "-2"]], "softmax", "0.5")]
    for loss in ("cross_entropy", "squared_error"):
        solution = solved(network([[1]], [[0, 1, 0]], layers, loss))
        assert decimals(solution, "b_0") == "0"


def test_rational_networks_have_rational_values() -> None:
    solution = solved(shipped("deep-relu"))
    hidden = [f"output_{k}" for k in range(len(shipped("deep-relu").layers) - 1)]
    assert all(value.rational is not None for name in hidden for value in solution.values[name].flat)


# What is out of reach is refused, in words


def refused(text: str) -> Any:
    with pytest.raises(ProblemError) as caught:
        solved(written(text))
    (problem,) = caught.value.problems
    assert problem.file == "test"
    return problem


SATURATED = """
input: [1]
target: [0, 1]
layers: [{{weights: [[{gap}, 0]], activation: softmax}}]
loss: cross_entropy
"""


@pytest.mark.parametrize("gap", ["50", "800", "6000", "-6000"])
def test_saturation_costs_no_digits(gap: str) -> None:
    solution = solved(written(SATURATED.format(gap=gap)))
    with mp.workdps(40 + 2 * FARTHEST):
        z = mp.mpf(gap)
        expected = max(z, 0) + mp.log1p(mp.exp(-abs(z)))
        assert abs(mp.mpf(str(solution.values["loss"][()].decimal)) / expected - 1) < mp.mpf(10) ** -39


@pytest.mark.parametrize("gap", ["10000", "1e9", "1e30", "1e390"])
def test_numbers_that_nothing_can_be_taught_with(gap: str) -> None:
    problem = refused(SATURATED.format(gap=gap))
    assert "output_0[0][1]" in problem.what or "digits" in problem.what
    assert problem.fix.startswith("choose smaller weights or inputs")
    assert problem.why.startswith(("its magnitude is above 1e3000 or", "a unit saturates so far that"))
    assert (problem.line, problem.column) == (None, None)


def test_a_zero_that_no_digits_decide() -> None:
    """Softplus(2u) - softplus(-2u) = 2u = 2 (softplus(u) - softplus(-u)), for no reason known here."""
    problem = refused("""
input: [1]
layers:
  - {weights: [["1/3"]], activation: tanh}
  - {weights: [[2, -2, 1, -1]], activation: softplus}
  - {weights: [[1], [-1], [-2], [2]], activation: identity}
loss: sum
""")
    assert problem.what == "2000 digits do not decide whether pre_activation_2[0][0] is zero"
    exponent = int(problem.why.split("e-")[1].split(" ")[0])
    assert 2000 <= exponent <= 2050
    assert re.fullmatch(
        r"it is smaller than \d(\.\d+)?e-\d+ in magnitude, and no identity shows that it vanishes",
        problem.why,
    )
    assert problem.fix == "change one of the numbers it depends on a little"


def test_a_kink_that_no_digits_decide() -> None:
    problem = refused("""
input: [1]
layers:
  - {weights: [["1/3"]], activation: tanh}
  - {weights: [[2, -2, 1, -1]], activation: softplus}
  - {weights: [[1], [-1], [-2], [2]], activation: relu}
loss: sum
""")
    assert problem.what == "2000 digits do not decide whether pre_activation_2[0][0] is zero"


@pytest.mark.parametrize("last", ["relu", "identity"])
def test_a_zero_is_decided_by_three_draws_that_differ(last: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a kink, and of a number that is printed."""
    drawn = []

    def recorded(draw: int, signs: Any) -> ResidueNumbers:
        drawn.append(draw)
        return ResidueNumbers(draw, signs)

    monkeypatch.setattr(exact, "ResidueNumbers", recorded)
    solution = solved(behind_smooth_layers(last))
    assert solution.values["pre_activation_2"][0, 0].is_zero
    assert set(drawn) == {0, 1, 2}


def test_a_unit_is_named_with_its_pass() -> None:
    assert exact._name_of_unit(Key(layer=1, row=2, unit=3, update=0)) == "pre_activation_1[2][3]"
    in_descent = exact._name_of_unit(Key(layer=1, row=2, unit=3, update=4))
    assert in_descent == "pre_activation_1[2][3] in pass 4 of the descent"


@pytest.mark.parametrize(
    ("ball", "what", "why", "fix"),
    [
        (
            arb("nan"),
            "80 digits do not suffice for delta_0[0][1]",
            "a unit saturates so far that none of its digits is left",
            "choose smaller weights or inputs",
        ),
        (
            arb(0, "1.25e-70"),
            "80 digits do not decide whether delta_0[0][1] is zero",
            "it is smaller than 1.25e-70 in magnitude, and no identity shows that it vanishes",
            "change one of the numbers it depends on a little",
        ),
        (
            arb("2.5", "1e-70"),
            "80 digits do not decide how delta_0[0][1] rounds",
            "it lies halfway between two numbers of as many digits as are asked for",
            "ask for one digit more",
        ),
    ],
)
def test_what_is_said_of_a_ball_that_decides_nothing(ball: arb, what: str, why: str, fix: str) -> None:
    problem = exact._undecided(derive(shipped("two-layer")), "delta_0[0][1]", ball, 80)
    assert (problem.what, problem.why, problem.fix) == (what, why, fix)
    assert problem.file == "two-layer"


def test_an_infinite_loss() -> None:
    problem = refused("""
input: [1]
target: [0.5]
layers: [{weights: [[3]], activation: softmax}]
loss: binary_cross_entropy
""")
    assert problem.what == "the loss is infinite"
    assert problem.why == "an output is exactly 0 or 1, as a softmax over a single output always is"
    assert problem.fix == "give the last layer another activation, or more outputs"
    assert (problem.line, problem.column) == (None, None)


def test_the_length_of_a_descent_costs_no_memory() -> None:
    """The integers in exact parameters grow threefold with each update; their digits do not."""
    solution = solved(
        written("""
input: [[1, 2], [3, 1]]
target: [[1], [2]]
layers:
  - {weights: [[0.1, 0.2], [0.3, -0.1]], activation: identity}
  - {weights: [[0.1], [0.2]], activation: identity}
loss: squared_error
step: {learning_rate: 0.01, count: 30}
""")
    )
    w = [[mp.mpf("0.1"), mp.mpf("0.2")], [mp.mpf("0.3"), mp.mpf("-0.1")]]
    v = [mp.mpf("0.1"), mp.mpf("0.2")]
    rows = [([1, 2], 1), ([3, 1], 2)]
    for _ in range(30):
        dw, dv = [[mp.mpf(0)] * 2 for _ in range(2)], [mp.mpf(0)] * 2
        for x, y in rows:
            h = [mp.fdot(x, [w[0][j], w[1][j]]) for j in range(2)]
            delta = mp.fdot(h, v) - y  # mean over two rows of 2 (o - y)
            for j in range(2):
                dv[j] += delta * h[j]
                for i in range(2):
                    dw[i][j] += delta * v[j] * x[i]
        w = [[w[i][j] - dw[i][j] / 100 for j in range(2)] for i in range(2)]
        v = [v[j] - dv[j] / 100 for j in range(2)]
    for j in range(2):
        assert reference.close(solution.values["step.W_1"][j, 0].fraction, v[j], 38)
        assert reference.close(solution.values["step.W_0"][1, j].fraction, w[1][j], 38)


def test_entries_name_every_number_once() -> None:
    solution = solved(shipped("batch"))
    entries = solution.entries()
    assert len({(name, place) for name, place, _ in entries}) == len(entries)
    assert len(entries) == sum(array.size for array in solution.values.values())
    assert all(isinstance(value.decimal, Decimal) for _, _, value in entries)
