"""Many networks at once: the same answers as one by one, and every mistake seen."""

import ast
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.engine import bulk
from derive.engine.bulk import Batch, Denominators, autograd, chain, exact, model, verdict
from derive.network import Network
from derive.rules.activations import ACTIVATIONS
from tests.engine import networks as some

LINEAR = st.sampled_from(("identity", "relu", "leaky_relu"))
GENTLE = st.builds(Fraction, st.integers(-4, 4), st.sampled_from((1, 2, 5)))
GRADIENTS = ("W_", "b_", "input", "pre_activation_gradient_")


def drawn(sizes: list[int], count: int, seed: int = 0, largest: int = 5, **changes: Any) -> Batch:
    """Integer weights and inputs, ReLU, softmax and cross-entropy."""
    random = np.random.default_rng(seed)
    depth = len(sizes) - 1

    def numbers(*shape: int) -> Any:
        return random.integers(-largest, largest + 1, shape)

    target = np.zeros((count, 1, sizes[-1]), dtype=np.int64)
    target[np.arange(count), 0, random.integers(0, sizes[-1], count)] = 1
    batch = Batch(
        weights=tuple(numbers(count, n, m) for n, m in pairwise(sizes)),
        biases=(None,) * depth,
        inputs=numbers(count, 1, sizes[0]),
        targets=target,
        activations=("relu",) * (depth - 1) + ("softmax",),
        loss="cross_entropy",
    )
    return replace(batch, **changes)


def first(array: Any) -> Any:
    """The first network of an array with the networks last."""
    return array[..., 0]


def laid(network: Network, name: str, array: Any) -> Any:
    """A weights' gradient as the exercise lays it."""
    return array.T if name.startswith("W_") and not network.row_convention else array


# Against the engine that takes networks one by one


@settings(deadline=None, max_examples=60)
@given(some.networks(depth=st.integers(1, 3), width=st.integers(1, 4), numbers=GENTLE, steps=False))
def test_what_is_verified_in_bulk_is_verified_alone(network: Network) -> None:
    found = bulk.check(model.of_networks([network, network]))
    assert not found.contradicted.any()
    assert found.verified[0] == found.verified[1]
    if found.verified[0]:
        assert some.verified(network).verified


@settings(deadline=None, max_examples=60)
@given(
    some.networks(
        depth=st.integers(1, 3), width=st.integers(1, 4), hidden=LINEAR, numbers=GENTLE, steps=False
    )
)
def test_exact_values_and_zeros_are_those_of_the_engine(network: Network) -> None:
    batch = model.of_networks([network])
    found = bulk.check(batch)
    if found.exact is None:
        assert not found.complete
        return
    alone = some.solved(network).values
    values = exact.values(batch, found.exact)
    settled = [False] * len(network.layers)
    allowed = verdict.bounds(batch, values, settled)
    for name, array in values.items():
        for place, value in np.ndenumerate(laid(network, name, first(array))):
            bound = laid(network, name, first(allowed[name]))[place]
            assert abs(Fraction(float(value)) - alone[name][place].fraction) <= bound, (name, place)
        if name.startswith(GRADIENTS) and not (network.l2 and name.startswith("W_")):
            decided = laid(network, name, found.exact.zeros(name)[0])
            zero = np.vectorize(lambda value: value.is_zero, otypes=[bool])(alone[name])
            if network.rows > 1 and found.exact.head.kind == "softmax" and batch.weights[-1].shape[2] > 2:
                assert not (decided & ~zero).any(), name  # zeros between rows may be missed, never invented
            else:
                assert (decided == zero).all(), name


@settings(deadline=None, max_examples=30)
@given(some.networks(depth=st.integers(1, 3), width=st.integers(1, 4), hidden=LINEAR, steps=False))
def test_the_coefficients_give_the_gradients(network: Network) -> None:
    """With the basis in forty digits, from the logits alone."""
    batch = model.of_networks([network])
    try:
        side = exact.compute(batch)
        coefficients_of = {name: side.coefficients(name) for name in ("W_0", "input")}
    except exact.NotExactError:
        return
    alone = some.solved(network).values
    with mpmath.workdps(60):
        basis = [members(side, row) for row in range(network.rows)]
        for name, coefficients in coefficients_of.items():
            for place, value in np.ndenumerate(laid(network, name, alone[name])):
                rows = [place[0]] if name == "input" else range(network.rows)
                entry = place[1:] if name == "input" else place
                total = sum(
                    mpmath.mpf(int(coefficients.numerators[row, m, *entry, 0])) * member
                    for row in rows
                    for m, member in enumerate(basis[row])
                )
                total = total / coefficients.denominator * float(network.row_weight.numerator)
                total = total / network.row_weight.denominator
                if name == "W_0" and network.l2:
                    weight = network.layers[0].weights[network.layers[0].place(*place)[0]]
                    number = 2 * network.l2 * weight[network.layers[0].place(*place)[1]]
                    total += mpmath.mpf(number.numerator) / number.denominator
                expected = mpmath.mpf(str(value.decimal))
                assert abs(total - expected) <= mpmath.mpf(10) ** -35 * (1 + abs(expected)), (name, place)


def members(side: exact.Exact, row: int) -> list[Any]:
    logits = [mpmath.mpf(int(o)) / side.logits.denominator for o in side.logits.numerators[row, :, 0]]
    if side.head.kind == "softmax":
        powers = [mpmath.exp(o) for o in logits]
        return [power / sum(powers) for power in powers]
    if side.head.kind == "sigmoid":
        return [mpmath.mpf(1), *(1 / (1 + mpmath.exp(-o)) for o in logits)]
    return [mpmath.mpf(1)]


@pytest.mark.parametrize("path", some.EXERCISES, ids=lambda path: path.stem)
def test_a_network_survives_the_batch(path: Path) -> None:
    network = some.shipped(path.stem)
    batch = model.of_networks([network, network])
    assert model.network_of(batch, 1, network) == replace(network, step=network.step)


@settings(deadline=None, max_examples=60)
@given(
    some.networks(depth=st.integers(1, 2), width=st.integers(1, 4), numbers=some.STEEP | GENTLE, steps=False)
)
def test_what_leaves_binary64_is_not_contradicted(network: Network) -> None:
    """Saturated, underflowing and overflowing: a source may be useless there, never outside its bound."""
    assert not bulk.check(model.of_networks([network])).contradicted.any()


@pytest.mark.parametrize("activation", [name for name, rule in ACTIVATIONS.items() if rule.elementwise])
def test_exponentials_that_underflow(activation: str) -> None:
    """Around -745 binary64 has one or two bits left, which is then multiplied."""
    weights = np.arange(-760, -690).reshape(-1, 1, 1)
    ones = np.ones_like(weights)
    batch = replace(
        drawn([1, 1], len(weights)), weights=(weights,), inputs=ones, targets=1000 * ones,
        activations=(activation,), loss="squared_error",
    )  # fmt: skip
    assert not bulk.check(batch).contradicted.any()


# What is not believed


@pytest.mark.parametrize("sizes", [[2, 2, 2], [3, 4, 3], [4, 8, 8, 4]])
@pytest.mark.parametrize("largest", [2, 9])
def test_random_networks_are_never_contradicted(sizes: list[int], largest: int) -> None:
    """Large logits, dead units and units on their kinks among them."""
    batch = drawn(sizes, 5000, seed=largest, largest=largest)
    found = bulk.check(batch)
    assert not found.contradicted.any()
    assert found.verified.any()
    assert found.complete
    assert ((found.verified | found.doubtful) & ~found.contradicted).all()


@pytest.mark.parametrize("source", [chain, autograd])
@pytest.mark.parametrize("name", ["W_0", "W_1", "input", "loss", "output_1", "pre_activation_gradient_0"])
def test_one_wrong_entry_is_seen(source: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = drawn([2, 2, 2], 400, largest=2)
    assert not bulk.check(batch).contradicted.any()
    compute = source.compute

    def wrong(batch: Batch) -> Any:
        found = compute(batch)
        entry = found[name].copy()
        entry[..., 7] = entry[..., 7] * (1 + 1e-9) + 1e-9
        return found | {name: entry}

    monkeypatch.setattr(source, "compute", wrong)
    contradicted = bulk.check(batch, lanes=400).contradicted
    assert np.flatnonzero(contradicted).tolist() == [7]


MISTAKES: dict[str, Callable[[Any], Any]] = {
    "sign": lambda rule: replace(rule, array_slope=lambda z, a, xp, p: -rule.array_slope(z, a, xp, p)),
    "mask missing": lambda rule: replace(rule, array_slope=lambda z, a, xp, p: z * 0 + 1),
    "mask inverted": lambda rule: replace(rule, array_slope=lambda z, a, xp, p: xp.where(z > 0, 0, 1)),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_rule_is_seen(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = drawn([3, 4, 3], 1000, largest=2)
    wrong = MISTAKES[mistake](model.ACTIVATIONS["relu"])
    monkeypatch.setattr(chain, "_activate", _with(wrong, chain._activate))
    assert bulk.check(batch).contradicted.mean() > 0.5


def _with(rule: Any, activate: Any) -> Any:
    def activated(batch: Batch, k: int, z: Any) -> Any:
        a, jacobian = activate(batch, k, z)
        if batch.activations[k] == "relu":
            slope = rule.array_slope(z, a, np, None)
            jacobian = slope[:, :, None] * np.eye(z.shape[1])[:, :, None]
        return a, jacobian

    return activated


def test_wrong_coefficients_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exact side is held against the others as they are against it."""
    through = exact._through
    monkeypatch.setattr(
        exact, "_through", lambda deltas, weights: through(deltas, weights).scaled(Fraction(2))
    )
    found = bulk.check(drawn([2, 2, 2], 1000, largest=2))
    assert found.contradicted.mean() > 0.5


def test_saturation_is_doubtful_and_no_contradiction() -> None:
    """The label on a logit that is 80 higher: s - 1 cancels in the chain."""
    batch = drawn([2, 2], 1)
    weights = np.array([[[40, 0], [40, 0]]])
    steep = replace(batch, weights=(weights,), inputs=np.array([[[1, 1]]]), targets=np.array([[[1, 0]]]))
    found = bulk.check(steep)
    assert found.doubtful.all()
    assert found.exact is not None
    assert not found.exact.zeros("W_0").any()


def test_a_kink_that_floats_miss_is_doubtful() -> None:
    network = some.shipped("kink")
    found = bulk.check(model.of_networks([network]))
    assert found.doubtful.all()


def test_numbers_beyond_2_to_53_have_no_exact_side() -> None:
    batch = drawn([2, 2, 2], 3)
    huge = replace(
        batch, weights=tuple(weights * 10**6 for weights in batch.weights), inputs=batch.inputs * 10**6
    )
    found = bulk.check(huge)
    assert found.exact is None
    assert "2^53" in found.sources["exact"]
    assert not found.complete


@pytest.mark.parametrize("name", ["mazur", "tanh-regression"])
def test_smooth_networks_are_compared_without_an_exact_side(name: str) -> None:
    network = some.shipped(name)
    found = bulk.check(model.of_networks([network]))
    assert found.verified.all()
    assert not found.complete
    assert found.sources["jacobians"] == "reference"
    assert found.sources["exact"].startswith("not run")


def test_without_torch_nothing_is_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    found = bulk.check(drawn([2, 2, 2], 50, largest=2))
    assert found.sources["autograd"].startswith("not run: torch does not load")
    assert found.verified.any()
    assert not found.complete
    smooth = bulk.check(model.of_networks([some.shipped("mazur")]))
    assert not smooth.verified.any()  # a single source confirms nothing


# Zeros


def test_zeros_are_decided_where_logits_coincide() -> None:
    """Equal logits: every s is 1/3, and s_0 + s_1 - 2 s_2 is zero although no coefficient is."""
    batch = replace(
        drawn([1, 1, 3], 1),
        weights=(np.array([[[1]]]), np.array([[[1, 1, 1]]])),
        inputs=np.array([[[2]]]),
        targets=np.array([[[0, 0, 1]]]),
    )
    side = exact.compute(batch)
    # The delta of the hidden unit is s_0 + s_1 + s_2 - 1 = 0.
    assert side.coefficients("pre_activation_gradient_0").numerators.any() == np.False_
    tilted = replace(batch, targets=np.array([[[1, 1, 1]]]), denominators=Denominators(targets=3))
    side = exact.compute(tilted)
    assert side.coefficients("pre_activation_gradient_1").numerators.any()
    assert side.zeros("pre_activation_gradient_1").all()


def test_zeros_between_rows() -> None:
    """XOR: the gradient of the bias is zero, because the four outputs are p, 1 - p, 1 - p, p."""
    found = bulk.check(model.of_networks([some.shipped("xor")]))
    assert found.exact is not None
    assert found.verified.all()
    assert found.exact.zeros("b_1").all()
    assert not found.exact.zeros("pre_activation_gradient_1").any()


def test_parts_are_put_together_in_order() -> None:
    batch = drawn([3, 4, 3], 100, largest=3)
    whole, parts = bulk.check(batch, lanes=100), bulk.check(batch, lanes=7)
    assert (whole.verified == parts.verified).all()
    assert whole.exact is not None
    assert parts.exact is not None
    assert (whole.exact.coefficients("W_0").numerators == parts.exact.coefficients("W_0").numerators).all()
    some_of_it = exact.chosen(whole.exact, [3, 50])
    assert (some_of_it.zeros("W_1") == whole.exact.zeros("W_1")[[3, 50]]).all()


# Batches


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": (np.zeros((5, 2, 2)), np.zeros((5, 2, 2)))}, "int64"),
        ({"inputs": np.zeros((4, 1, 2), dtype=np.int64)}, "one entry for each network"),
        ({"inputs": np.zeros((5, 1, 3), dtype=np.int64)}, "follow each other"),
        ({"activations": ("relu",)}, "as many as there are layers"),
        ({"biases": (np.zeros((5, 3), dtype=np.int64), None)}, "doesn't fit 2 units"),
        ({"targets": None}, "don't go together"),
        ({"targets": np.zeros((5, 1, 4), dtype=np.int64)}, "targets"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(drawn([2, 2, 2], 5), **changes)


FORBIDDEN = {
    "chain": ("symbolic", "exact", "autograd", "integers", "heads", "vanishing"),
    "autograd": ("symbolic", "exact", "chain", "integers", "heads", "vanishing", "jacobians", "bounds"),
    "exact": ("chain", "autograd", "jacobians", "symbolic"),
    "heads": ("chain", "autograd", "jacobians", "symbolic"),
    "bounds": ("chain", "autograd", "verdict"),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_the_sources_are_independent(name: str) -> None:
    tree = ast.parse((Path(bulk.__file__).parent / f"{name}.py").read_text("utf-8"))
    imported = {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    parts = {part for path in imported for part in path.removeprefix("derive.engine.").split(".")}
    allowed = {"autograd"} if name == "autograd" else set()  # TorchMissingError
    assert not parts & (set(FORBIDDEN[name]) - allowed)
