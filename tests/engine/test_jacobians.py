"""The NumPy chain: each local Jacobian, each product, in float64, over Fractions and over mpmath numbers."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from derive.engine import jacobians
from derive.engine.jacobians import FLOAT64, FRACTIONS, high_precision
from derive.network import Network
from derive.rules.activations import ACTIVATIONS
from derive.rules.losses import LOSSES
from tests.engine import reference
from tests.engine.networks import laid, layer, network, shipped, small, written

F = Fraction
SMOOTH = ["mazur", "xor", "batch", "tanh-regression", "logistic-regression", "deep-relu"]


@pytest.fixture(autouse=True)
def precision() -> Iterator[None]:
    with mp.workdps(reference.DIGITS):
        yield


def by_hand(row: bool = True) -> Network:
    first, second = laid([[1, 2], [3, -4]], row), laid([["1/2"], [-3]], row)
    layers = [layer(0, first, "relu", ["2", "1/2"], row=row), layer(1, second, "identity", "1", row=row)]
    return network([[2, -1]], [[2]], layers, "squared_error")


@pytest.mark.parametrize("row", [True, False])
def test_a_network_worked_out_by_hand(row: bool) -> None:
    """With a pencil: h = (2 - 3 + 2, 4 + 4 + 1/2), o = 1/2 - 51/2 + 1 = -24, dl/do = 2 (-24 - 2) = -52."""
    found = jacobians.compute(by_hand(row), FRACTIONS)
    across = np.asarray if row else np.transpose
    expected: dict[str, Any] = {
        "pre_activation_0": [[1, F(17, 2)]],
        "output_0": [[1, F(17, 2)]],
        "pre_activation_1": [[-24]],
        "output_1": [[-24]],
        "loss": 676,
        "row_losses": [676],
        "output_gradient_1": [[-52]],
        "pre_activation_gradient_1": [[-52]],
        "W_1": across([[-52], [-442]]),
        "b_1": -52,
        "output_gradient_0": [[-26, 156]],
        "pre_activation_gradient_0": [[-26, 156]],
        "W_0": across([[-52, 312], [26, -156]]),
        "b_0": [-26, 156],
        "input": [[-26 + 312, -78 - 624]],
    }
    assert set(found) == set(expected)
    for name, numbers in expected.items():
        assert found[name].shape == np.asarray(numbers).shape, name
        assert np.array_equal(found[name], np.asarray(numbers)), name
        assert all(isinstance(entry, F | int) for entry in found[name].flat)


def test_a_step_worked_out_by_hand() -> None:
    text = """
input: [2]
target: [1]
layers: [{weights: [[3]], bias: [1], activation: identity}]
loss: half_squared_error
step: {learning_rate: 1/4, count: 2, frozen: [b_0]}
"""
    found = jacobians.compute(written(text), FRACTIONS)
    # o = 7, delta = 6, dW = 12: W = 3 - 3 = 0; o = 1, delta = 0: W = 0
    assert (found["W_0"][0, 0], found["b_0"][0]) == (12, 6)
    assert (found["step.W_0"][0, 0], found["step.b_0"][0], found["step.loss"][()]) == (0, 1, 0)


def test_descents_row_by_row_update_in_between() -> None:
    text = """
input: [[1], [2]]
target: [[1], [1]]
layers: [{weights: [[1]], activation: identity}]
loss: half_squared_error
reduction: REDUCTION
step: {learning_rate: 1/2, order: row}
"""
    for reduction in ("mean", "sum"):  # each row's own loss counts in full
        found = jacobians.compute(written(text.replace("REDUCTION", reduction)), FRACTIONS)
        # row 0: o = 1, delta 0; row 1: o = 2, delta 1, dW = 2: W = 0
        assert found["step.W_0"][0, 0] == 0
    whole = jacobians.compute(written(text.replace("row}", "batch}").replace("REDUCTION", "mean")), FRACTIONS)
    assert whole["step.W_0"][0, 0] == F(1, 2)


# The local Jacobians


def test_the_homework_lays_its_jacobians_like_this() -> None:
    chain = jacobians.run_row(shipped("two-layer"), _parameters(shipped("two-layer")), 0)
    shapes = [(link.numerator, link.denominator, link.jacobian.shape) for link in chain.spine]
    assert shapes == [
        ("loss", "output_1", (1, 2)),
        ("output_1", "pre_activation_1", (2, 2)),
        ("pre_activation_1", "output_0", (2, 2)),
        ("output_0", "pre_activation_0", (2, 2)),
        ("pre_activation_0", "input", (2, 2)),
    ]
    assert np.array_equal(chain.branches["W_1"].jacobian, [[6, 0, 0, 0], [0, 6, 0, 0]])
    assert np.array_equal(chain.branches["W_0"].jacobian, [[4, 0, 1, 0], [0, 4, 0, 1]])
    assert np.array_equal(chain.spine[2].jacobian, [[3, -1], [-3, 1]])  # W_1 transposed
    assert np.array_equal(chain.spine[3].jacobian, [[1, 0], [0, 0]])  # the mask


def _parameters(target: Network) -> dict[str, Any]:
    return {name: array.astype(float) for name, array in exact_parameters(target).items()}


def exact_parameters(target: Network) -> dict[str, Any]:
    return {name: np.array(numbers, dtype=object) for name, numbers in target.parameters().items()}


@pytest.mark.parametrize("row", [True, False])
def test_each_local_jacobian_is_a_derivative(row: bool) -> None:
    """By moving one parameter, one input or one pre-activation at a time, in rationals."""
    one = layer(0, [[1, 2, 3], [4, 5, 6]], "identity", [1, 2, 3] if row else [1, 2], row=row)
    a = np.array([F(2), F(-1)] if row else [F(2), F(-1), F(3)], dtype=object)
    weights = np.array(one.weights, dtype=object)

    def z(matrix: Any, read: Any) -> Any:
        return read @ matrix if row else matrix @ read

    jacobian = jacobians.weights_jacobian(one, a)
    assert jacobian.shape == (one.n_out, weights.size)
    for column, place in enumerate(np.ndindex(weights.shape)):
        moved = weights.copy()
        moved[place] += 1
        assert np.array_equal(z(moved, a) - z(weights, a), jacobian[:, column])


def test_products_go_from_the_left() -> None:
    chain = jacobians.run_row(by_hand(), exact_parameters(by_hand()), 0, FRACTIONS)
    products = jacobians.multiply(chain)
    vector = np.ones((1, 1), dtype=int)
    for link in chain.spine:
        vector = vector @ link.jacobian
        assert np.array_equal(products[link.denominator], vector[0])
    assert np.array_equal(products["W_1"], products["pre_activation_1"] @ chain.branches["W_1"].jacobian)


# Against central differences, in float64 and in 60 digits


def against_the_reference(target: Network) -> None:
    expected = reference.gradient(target) | {"loss": reference.loss(target, reference.parameters(target))}
    if target.step is not None:
        after = reference.descend(target)
        expected |= {f"step.{name}": numbers for name, numbers in after.items() if name != "input"}
        expected["step.loss"] = reference.loss(target, after)
    floats, precise = jacobians.compute(target), jacobians.compute(target, high_precision(reference.DIGITS))
    for name, numbers in expected.items():
        assert [*np.ndindex(floats[name].shape)] == reference.places(numbers)
        for place in np.ndindex(floats[name].shape):
            truth = reference.at(numbers, place)
            assert abs(mp.mpf(float(floats[name][place])) - truth) <= mp.mpf(10) ** -13 * (1 + abs(truth))
            assert abs(mp.mpf(precise[name][place]) - truth) <= mp.mpf(10) ** -22 * (1 + abs(truth))


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


@pytest.mark.parametrize("name", SMOOTH)
def test_shipped_exercises(name: str) -> None:
    against_the_reference(shipped(name))


# What the other arithmetics are for


def test_fractions_see_a_kink_that_floats_miss() -> None:
    inputs = [["0.1", "0.3"]]
    layers = [layer(0, [[3], [-1]], "relu"), layer(1, [[1]], "identity")]
    target = network(inputs, [[1]], layers, "squared_error")
    assert jacobians.compute(target)["pre_activation_gradient_0"][0, 0] != 0
    assert jacobians.compute(target, FRACTIONS)["pre_activation_gradient_0"][0, 0] == 0
    assert jacobians.compute(target, high_precision(60))["pre_activation_gradient_0"][0, 0] == 0


def test_more_digits_see_what_cancels() -> None:
    """The label on the high logit: s - 1 is 1e-44, of which float64 keeps nothing."""
    layers = [layer(0, [[100, 0]], "softmax")]
    target = network([[1]], [[1, 0]], layers, "cross_entropy")
    assert jacobians.compute(target)["pre_activation_gradient_0"][0, 0] == 0
    precise = jacobians.compute(target, high_precision(110))["pre_activation_gradient_0"][0, 0]
    with mp.workdps(60):
        assert abs(mp.mpf(precise) / -(1 / (1 + mp.exp(100))) - 1) < mp.mpf(10) ** -40


def test_float_arrays_are_float_arrays() -> None:
    for name, array in jacobians.compute(shipped("two-layer")).items():
        assert array.dtype == np.float64, name
    assert FLOAT64.erf(np.array([0.5]))[0] == pytest.approx(float(mp.erf(0.5)), rel=1e-15)


def test_scalars_stay_arrays_over_objects() -> None:
    target = small("tanh", "squared_error", "tanh", l2="0.1")
    for name, array in jacobians.compute(target, high_precision(60)).items():
        assert isinstance(array, np.ndarray), name


def test_a_bias_counts_among_the_terms_that_cancel() -> None:
    """The product of n and 1/n less 1 is zero, though neither 1/n nor the product may be exact in binary."""
    xp = high_precision(40)
    left = 0
    for n in range(3, 200):
        once = network([[Fraction(1, n)]], [[0]], [layer(0, [[n]], "relu", [-1])], "squared_error")
        parameters = {"W_0": np.array([[xp.read(Fraction(n))]]), "b_0": np.array([xp.read(Fraction(-1))])}
        assert jacobians.run_row(once, parameters, 0, xp).pre_activations[0][0] == 0
        with mp.workdps(40):
            left += mp.mpf(1) / n * n != 1
    assert left > 0
