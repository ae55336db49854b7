"""The usual mistakes: each against a computation of its own, over every kind of number."""

import random
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mpmath
import numpy as np
import pytest

from derive.classroom import misconceptions as mc
from derive.engine import exact, jacobians, symbolic
from derive.exercise import schema
from derive.network import Network, build
from tests.classroom import by_hand

EXERCISES = sorted((Path(__file__).parents[2] / "exercises").glob("*.yaml"))
SMOOTH = """
id: smooth
input: [[1/2, -1], [2, 1/4]]
target: [[1, 0], [-1, 1/2]]
layers:
  - {weights: [[1/2, -1], [1, 1/4]], bias: [1/4, 1/2], activation: tanh}
  - {weights: [[1, -1/2], [-2, 3/4]], bias: 1/4, activation: sigmoid}
loss: mean_squared_error
l2: 0.01
step: {learning_rate: 1/2}
"""


def number_system(xp: SimpleNamespace, **own: Any) -> SimpleNamespace:
    """One of the chain's, with what wrong ways need besides."""
    return SimpleNamespace(**vars(xp) | {"settle": None, "softmax": None, "dtype": object} | own)


def precise(digits: int) -> SimpleNamespace:
    xp = jacobians.high_precision(digits)
    rounding = xp.read(Fraction(1, 10 ** (digits - 10)))

    def settle(z: Any, terms: Any) -> Any:
        return np.where(abs(z) <= terms * rounding, 0 * z, z)

    return number_system(xp, settle=settle, floor=np.vectorize(mpmath.floor, otypes=[object]))


def network_of(path: Path) -> Network:
    return build(schema.load(path.read_text("utf-8"), path.name))


def smooth() -> Network:
    return build(schema.load(SMOOTH, "smooth.yaml"))


def floats(network: Network, mistake: str | None = None, **more: Any) -> dict[str, Any]:
    way = mc.MISCONCEPTIONS[mistake].way(network) if mistake else mc.RIGHT
    given = mc.Given.of(network, mc.FLOATS)
    return dict(mc.recompute(network, given, mc.FLOATS, way, **more).computed)


@pytest.mark.parametrize("path", EXERCISES, ids=lambda path: path.stem)
def test_the_right_way_gives_the_exact_answers(path: Path) -> None:
    """The same names, shapes and values as the engine, in floats and in forty digits."""
    network = network_of(path)
    right = exact.solve(symbolic.derive(network)).values
    xp = precise(50)
    for found, tolerance in (
        (floats(network), 1e-11),
        (mc.recompute(network, mc.Given.of(network, xp), xp).computed, 1e-38),
    ):
        assert found.keys() == right.keys()
        for name, values in right.items():
            assert np.shape(found[name]) == values.shape, name
            for mine, value in zip(np.ravel(found[name]), values.flat, strict=True):
                exactly = mpmath.mpf(str(value.decimal))
                assert abs(mpmath.mpf(mine) - exactly) <= tolerance * max(1, abs(exactly)), name


def two_layers(seed: int) -> tuple[Network, tuple[Any, ...]]:
    """A network with random numbers, and the numbers as plain lists."""
    draw = random.Random(seed)

    def some() -> Fraction:
        return Fraction(draw.choice([-5, -4, -3, -2, -1, 1, 2, 3, 4, 5]), draw.choice([1, 2, 4]))

    x, w0, w1 = [some(), some()], [[some(), some()], [some(), some()]], [[some(), some()], [some(), some()]]
    y = [Fraction(1), Fraction(0)][:: draw.choice([1, -1])]
    text = f"""
id: random
input: {list(map(str, x))}
target: {list(map(str, y))}
layers:
  - {{weights: {[list(map(str, row)) for row in w0]}, activation: relu}}
  - {{weights: {[list(map(str, row)) for row in w1]}, activation: softmax}}
loss: cross_entropy
"""
    return build(schema.load(text, "random.yaml")), (x, y, w0, w1)


@pytest.mark.parametrize("mistake", [None, *by_hand.WRONG])
def test_mistakes_in_a_network_of_relus(mistake: str | None) -> None:
    """Against formulas of their own, on twenty random networks."""
    for seed in range(20):
        network, numbers = two_layers(seed)
        wanted = by_hand.answers(*numbers, mistake=mistake)
        found = floats(network, mistake)
        for name, entries in wanted.items():
            for mine, theirs in zip(np.ravel(found[name]), entries, strict=True):
                theirs = float(Fraction(theirs)) if isinstance(theirs, int | Fraction) else float(theirs)
                assert mine == pytest.approx(theirs, rel=1e-9, abs=1e-12), (seed, name)


def matrices(network: Network) -> tuple[Any, ...]:
    array = lambda numbers: np.array(numbers, dtype=object).astype(float)  # noqa: E731
    first, second = network.layers
    return (
        array(network.inputs), array(network.targets), array(first.weights), array(first.bias),
        array(second.weights), float(second.bias),
    )  # fmt: skip


def test_mistakes_in_a_smooth_network() -> None:
    """Mean squared error, penalty, biases and a step, each mistake written out in NumPy."""
    network = smooth()
    x, y, w0, b0, w1, b1 = matrices(network)

    def sigma(z: Any) -> Any:
        return 1 / (1 + np.exp(-z))

    def gradients(
        *,
        slope_1: Any = None,
        slope_0: Any = None,
        error: Any = None,
        bias: float = 1.0,
        rounded: bool = False,
        share: float = 0.5,
        penalty: float = 0.02,
        read_1: Any = None,
        way_back: Any = None,
    ) -> tuple[Any, Any]:
        z0 = x @ w0 + bias * b0
        if rounded:
            z0 = np.sign(z0) * np.floor(abs(z0) + 0.5)
        a0 = np.tanh(z0)
        z1 = a0 @ w1 + bias * b1
        a1 = sigma(z1)
        e = share * ((a1 - y) if error is None else error(a1))
        d1 = e * ((a1 * (1 - a1)) if slope_1 is None else slope_1(z1, a1))
        read = a0 if read_1 is None else read_1(z0)
        g1 = read.T @ d1 + penalty * w1
        back = d1 @ (w1.T if way_back is None else way_back(g1))
        d0 = back * ((1 - a0 * a0) if slope_0 is None else slope_0(z0, a0))
        return x.T @ d0 + penalty * w0, g1

    wanted = {
        "slope_forgotten": gradients(slope_1=lambda z, a: 1, slope_0=lambda z, a: 1),
        "slope_of_pre_activation": gradients(
            slope_1=lambda z, a: z * (1 - z), slope_0=lambda z, a: 1 - z * z
        ),
        "slope_at_output": gradients(
            slope_1=lambda z, a: sigma(a) * (1 - sigma(a)), slope_0=lambda z, a: 1 - np.tanh(a) ** 2
        ),
        "target_not_subtracted": gradients(error=lambda a: a),
        "sign_flipped": gradients(error=lambda a: y - a),
        "factor_two_forgotten": gradients(error=lambda a: (a - y) / 2),
        "outputs_not_averaged": gradients(error=lambda a: 2 * (a - y)),
        "bias_forgotten": gradients(bias=0.0),
        "rounded_to_integers": gradients(rounded=True),
        "mean_and_sum_mixed_up": gradients(share=1.0),
        "penalty_forgotten": gradients(penalty=0.0),
        "penalty_not_doubled": gradients(penalty=0.01),
        "pre_activation_as_input": gradients(read_1=lambda z: z),
        "updated_weights": gradients(way_back=lambda g1: (w1 - 0.5 * g1).T),
        "weights_not_transposed": gradients(way_back=lambda g1: w1),
    }
    applying = {row.name for row in mc.applying(network)}
    elsewhere = {"activation_forgotten", "outer_product_transposed", "gradient_ascended"}
    assert applying == wanted.keys() | elsewhere
    for name, (first, second) in wanted.items():
        found = floats(network, name)
        np.testing.assert_allclose(found["W_0"], first, rtol=1e-12, atol=1e-14, err_msg=name)
        np.testing.assert_allclose(found["W_1"], second, rtol=1e-12, atol=1e-14, err_msg=name)
    right = floats(network)
    np.testing.assert_allclose(right["W_0"], gradients()[0], rtol=1e-12)
    up = floats(network, "gradient_ascended")
    np.testing.assert_allclose(up["step.W_0"], w0 + 0.5 * right["W_0"], rtol=1e-12)
    twisted = floats(network, "outer_product_transposed")
    np.testing.assert_allclose(twisted["W_0"] - 0.02 * w0, (right["W_0"] - 0.02 * w0).T, rtol=1e-12)


def test_the_target_that_does_not_sum_to_one() -> None:
    network, (x, _, w0, w1) = two_layers(3)
    text = f"id: x\ninput: {list(map(str, x))}\ntarget: [1, 1]\nlayers:\n" + "".join(
        f"  - {{weights: {[list(map(str, row)) for row in w]}, activation: {name}}}\n"
        for w, name in ((w0, "relu"), (w1, "softmax"))
    )
    other = build(schema.load(text + "loss: cross_entropy\n", "x.yaml"))
    assert "target_sum_ignored" in {row.name for row in mc.applying(other)}
    assert "target_sum_ignored" not in {row.name for row in mc.applying(network)}
    found, right = floats(other, "target_sum_ignored"), floats(other)
    np.testing.assert_allclose(found["pre_activation_gradient_1"], right["output_1"] - 1)
    np.testing.assert_allclose(right["pre_activation_gradient_1"], 2 * right["output_1"] - 1)


def test_there_are_more_than_twelve_and_each_speaks_both_languages() -> None:
    assert len(mc.MISCONCEPTIONS) >= 12
    for name, row in mc.MISCONCEPTIONS.items():
        assert row.name == name
        for words in (row.key, row.feedback):
            assert set(words) == {"ko", "en"}
            assert all(text.endswith(".") for text in words.values())
            assert any("가" <= letter <= "힣" for letter in words["ko"])
            assert words["en"].isascii()
        assert all(text.count("{quantity}") == 1 for text in row.feedback.values())
        assert row.key["en"].startswith("If you got this, ")
        assert row.key["ko"].startswith("이 값이 나왔다면 ")
    keys = [row.key["ko"] for row in mc.MISCONCEPTIONS.values()]
    assert len(set(keys)) == len(keys)


def test_many_at_once_is_one_by_one() -> None:
    """A batch of exercises of one shape, against each of them alone."""
    networks = [two_layers(seed)[0] for seed in range(8)]
    singles = [mc.Given.of(network, mc.FLOATS) for network in networks]
    given = mc.Given(
        np.stack([one.inputs for one in singles]),
        np.stack([one.targets for one in singles]),
        {name: np.stack([one.parameters[name] for one in singles]) for name in ("W_0", "W_1")},
    )
    for mistake in (None, *by_hand.WRONG):
        way = mc.MISCONCEPTIONS[mistake].way(networks[0]) if mistake else mc.RIGHT
        together = mc.recompute(networks[0], given, mc.FLOATS, way).computed
        for place, network in enumerate(networks):
            alone = floats(network, mistake)
            for name, array in alone.items():
                np.testing.assert_allclose(together[name][place], array, rtol=1e-12, err_msg=name)


def test_over_fractions_nothing_is_rounded() -> None:
    layers = "layers: [{weights: [[3/5], [7/3]], activation: identity}]"
    text = f"id: x\ninput: [1/3, -2/7]\ntarget: [1/2]\n{layers}\nloss: half_squared_error\n"
    network = build(schema.load(text, "x.yaml"))
    xp = number_system(jacobians.FRACTIONS)
    found = mc.recompute(network, mc.Given.of(network, xp), xp).computed
    z = Fraction(1, 3) * Fraction(3, 5) - Fraction(2, 7) * Fraction(7, 3)
    assert found["pre_activation_0"].item() == z
    assert found["W_0"].ravel().tolist() == [(z - Fraction(1, 2)) * a for a in network.inputs[0]]


def test_what_a_student_wrote_is_carried_on() -> None:
    """Everything downstream follows from the given values; each is compared with what was due there."""
    network, (x, y, _, w1) = two_layers(1)
    right = floats(network)
    h = right["pre_activation_0"] + np.array([[1.0, 0.0]])
    given = mc.Given.of(network, mc.FLOATS)
    course = mc.recompute(network, given, mc.FLOATS, overrides={"pre_activation_0": h})
    np.testing.assert_array_equal(course.computed["pre_activation_0"], right["pre_activation_0"])
    np.testing.assert_array_equal(course.used["pre_activation_0"], h)
    array = lambda numbers: np.array(numbers, dtype=object).astype(float)  # noqa: E731
    hidden = np.maximum(h[0], 0)
    o = hidden @ array(w1)
    s = np.exp(o - o.max()) / np.exp(o - o.max()).sum()
    delta = s - array(y)
    np.testing.assert_allclose(course.computed["W_1"], np.outer(hidden, delta), rtol=1e-12)
    back = (delta @ array(w1).T) * (h[0] > 0)
    np.testing.assert_allclose(course.computed["W_0"], np.outer(array(x), back), rtol=1e-12)


def test_a_given_gradient_of_the_output_leads_through_the_full_jacobian() -> None:
    network, _ = two_layers(2)
    right = floats(network)
    g = right["output_gradient_1"] * 2 + 1
    course = mc.recompute(
        network, mc.Given.of(network, mc.FLOATS), mc.FLOATS, overrides={"output_gradient_1": g}
    )
    s = right["output_1"][0]
    jacobian = np.diag(s) - np.outer(s, s)
    np.testing.assert_allclose(course.computed["pre_activation_gradient_1"], g @ jacobian, rtol=1e-12)


def test_only_what_is_filled_in_is_carried() -> None:
    """Blanks are masked: what was due stands in for them."""
    network, _ = two_layers(2)
    right = floats(network)
    mine = np.ma.MaskedArray([[7.0, 0.0]], mask=[[False, True]])
    course = mc.recompute(network, mc.Given.of(network, mc.FLOATS), mc.FLOATS, overrides={"output_0": mine})
    assert course.used["output_0"].tolist() == [[7.0, right["output_0"][0, 1]]]


def test_a_mistake_on_a_students_own_values() -> None:
    """The updated weights of a student who has the gradient for W_1 wrong are wrong accordingly."""
    network = smooth()
    given = mc.Given.of(network, mc.FLOATS)
    way = mc.MISCONCEPTIONS["updated_weights"].way(network)
    mine = np.array([[1.0, 2.0], [3.0, 4.0]])
    course = mc.recompute(network, given, mc.FLOATS, way, {"W_1": mine})
    _, _, _, _, w1, _ = matrices(network)
    d1 = course.used["pre_activation_gradient_1"]
    np.testing.assert_allclose(course.computed["output_gradient_0"], d1 @ (w1 - 0.5 * mine).T, rtol=1e-12)
    np.testing.assert_allclose(course.computed["step.W_1"], w1 - 0.5 * mine, rtol=1e-12)


def test_a_pre_activation_at_the_kink_is_zero_in_floats_too() -> None:
    network = network_of(next(path for path in EXERCISES if path.stem == "kink"))
    assert floats(network)["pre_activation_0"][0, 0] == 0


def test_the_list_of_a_key() -> None:
    """Each wrong answer is exact, visibly wrong, and what the floats say."""
    for path in EXERCISES:
        network = network_of(path)
        solution = exact.solve(symbolic.derive(network))
        listed = mc.shown(solution)
        assert listed
        for wrong in listed:
            found = floats(network, wrong.misconception.name)
            assert wrong.values
            for name, values in wrong.values.items():
                assert values.shape == solution.values[name].shape
                for value, mine in zip(values.flat, np.ravel(found[name]), strict=True):
                    assert mine == pytest.approx(float(value.decimal), rel=1e-9, abs=1e-12), (path.stem, name)
                right = [float(value.decimal) for value in solution.values[name].flat]
                gap = max(abs(a - float(b.decimal)) for a, b in zip(right, values.flat, strict=True))
                assert gap > 1e-3 * max(map(abs, right))


def test_what_is_told_alone_is_what_would_be_told_among_all() -> None:
    """A mistake that is followed to one quantity gives the same numbers there, wherever it stands."""
    for path in EXERCISES:
        solution = exact.solve(symbolic.derive(network_of(path)))
        everything = mc.shown(solution)
        for which in (0, -1):
            alone = mc.shown(solution, told=lambda names, which=which: [names[which]])
            assert [one.misconception.name for one in alone] == [one.misconception.name for one in everything]
            for one, whole in zip(alone, everything, strict=True):
                ((name, values),) = one.values.items()
                assert name == list(whole.values)[which]
                assert [str(value.decimal) for value in values.flat] == [
                    str(value.decimal) for value in whole.values[name].flat
                ]


def test_the_list_of_the_homework() -> None:
    """In the closed forms of the key: 24 / (1 + e^-36) where the mask is forgotten, and so on."""
    network = network_of(next(path for path in EXERCISES if path.stem == "two-layer"))
    listed = {one.misconception.name: one.values for one in mc.shown(exact.solve(symbolic.derive(network)))}
    spelled = [value.exact() for value in listed["mask_forgotten"]["W_0"].flat]
    assert spelled == [f"{top}/(1 + exp(-36))" for top in (24, -8, 6, -2)]
    assert "rounded_to_integers" not in listed  # all numbers are whole
    assert "mask_of_wrong_layer" not in listed  # O has the signs of h here


def test_what_differs_visibly() -> None:
    right = np.array([[[1.0, 0.0]], [[1.0, 0.0]], [[0.0, 0.0]], [[1.0, 0.0]]])
    wrong = np.array([[[1.0, 2e-3]], [[1.0, 5e-4]], [[0.0, 0.0]], [[np.nan, 0.0]]])
    assert mc.differs(right, wrong, axes=2).tolist() == [True, False, False, True]


def test_masks_on_two_units_cannot_all_differ() -> None:
    network, _ = two_layers(0)
    row = mc.MISCONCEPTIONS
    assert mc.can_differ(network, row["mask_forgotten"], row["mask_inverted"])
    assert not mc.can_differ(network, row["mask_forgotten"], row["relu_of_gradient"])
    assert mc.can_differ(network, row["mask_forgotten"], row["sign_flipped"])
