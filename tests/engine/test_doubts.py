"""Where float64 cannot be trusted: why, at which logit gap, and what the homework's recipe prints there."""

from fractions import Fraction
from math import inf

import numpy as np
import pytest

from derive.engine.demonstration import demonstrate
from derive.engine.doubts import logit_gaps
from derive.exercise.model import Step
from tests.engine.networks import (
    layer,
    network,
    shipped,
    softmax_at,
    solved,
    verified,
    written,
)


def test_the_kink() -> None:
    outcome = verified(shipped("kink"))
    assert outcome.verified
    for source in outcome.sources:
        assert source.verdict.startswith("unreliable: float64 cannot tell on which side of its kink")
        assert "pre_activation_0[0,0]" in source.verdict
        assert source.doubt is not None
        doubt = source.doubt
        assert (doubt.kind, doubt.row, doubt.layer, doubt.unit) == ("kink", 0, 0, 0)
        assert not source.contradicted
    chain = outcome.source("jacobians")
    assert chain.values is not None
    assert chain.values["pre_activation_0"][0, 0] != 0  # float64 lands on the other side
    assert chain.values["W_0"][0, 0] != 0
    assert chain.precise is not None
    assert chain.precise["W_0", (0, 0)].value == 0
    assert chain.arithmetic.startswith("mpmath numbers of ")
    assert chain.verdict.endswith(f"; the chain agrees over {chain.arithmetic}")
    wrong = next(c for c in chain.comparisons if c.entry == "W_0[0,0]")
    assert wrong.within
    assert not wrong.trusted


def test_a_piecewise_linear_network_is_confirmed_over_fractions() -> None:
    layers = [layer(0, [[3, 2], [-1, 1]], "relu"), layer(1, [[1], [2]], "identity")]
    outcome = verified(network([["0.1", "0.3"]], [[2]], layers, "squared_error"))
    chain = outcome.source("jacobians")
    assert outcome.verified
    assert chain.arithmetic == "Fractions"
    assert chain.precise is not None
    assert all(c.bound == 0 and c.difference == 0 for c in chain.precise.values())


def test_small_integers_are_exact_so_a_zero_is_no_kink_in_doubt() -> None:
    """2 * 1 - 1 * 2 is 0 in binary64 too: both sources are on the same side, and trusted."""
    layers = [layer(0, [[2, 2], [-1, 1]], "relu"), layer(1, [[1], [2]], "identity")]
    target = network([[1, 2]], [[1]], layers, "squared_error")
    assert solved(target).kinks
    assert [source.verdict for source in verified(target).sources] == ["agrees", "agrees"]


def test_exactness_is_not_assumed_behind_a_rounded_sum() -> None:
    """The output 0 of a unit at its kink is a short number, but float64 has 5e-17 there."""
    layers = [
        layer(0, [[3], [-1]], "relu"),
        layer(1, [[1]], "relu"),
        layer(2, [[1]], "identity"),
    ]
    outcome = verified(network([["0.1", "0.3"]], [[1]], layers, "squared_error"))
    assert outcome.verified
    assert not outcome.source("jacobians").contradicted


def test_saturated_is_fine_in_double_precision() -> None:
    outcome = verified(shipped("saturated"))
    assert outcome.verified
    assert [source.verdict for source in outcome.sources] == ["agrees", "agrees"]


@pytest.mark.parametrize(
    ("gap", "label", "chain", "torch"),
    [
        (5, 0, None, None),
        (30, 1, None, None),
        (40, 0, "saturation", "saturation"),
        (600, 1, None, None),
        (800, 1, "range", "range"),
        (800, 0, "range", "range"),
    ],
)
def test_at_which_logit_gap_and_why(gap: int, label: int, chain: str | None, torch: str | None) -> None:
    outcome = verified(softmax_at(gap, label))
    assert outcome.verified
    for source, kind in zip(outcome.sources, (chain, torch), strict=True):
        assert (source.doubt.kind if source.doubt else None) == kind
        if source.doubt is not None:
            assert source.doubt.gap == gap
            assert f"at a logit gap of {gap} " in source.verdict
            assert source.doubt.worst.entry in source.verdict


def test_the_words_for_each_reason() -> None:
    cancelling = layer(0, [["1e9"], ["-999999999.999999"]], "identity")
    kinds = {
        "saturation": (softmax_at(40, 0), "output_0[0,0] rounds to 1 in float64, and what is left"),
        "range": (softmax_at(800, 1), "output_0[0,1] is too small for float64"),
        "kink": (shipped("kink"), "cannot tell on which side of its kink pre_activation_0[0,0] lies"),
        "cancellation": (
            network([[1, 1]], [[0]], [cancelling], "half_squared_error"),
            "sums cancel in float64",
        ),
    }
    for kind, (target, words) in kinds.items():
        outcome = verified(target)
        source = outcome.source("autograd")
        assert outcome.verified
        assert source.doubt is not None
        assert source.doubt.kind == kind
        assert words in source.verdict
        assert " can be off " in source.verdict


def test_an_infinite_entry_spoils_a_product_with_a_full_matrix() -> None:
    """-y/s overflows in the second output alone, but 0 * inf is no number for the first one either."""
    layers = [layer(0, [[-800, 1]], "sigmoid", [1, 2])]
    outcome = verified(network([[1]], [[1, 1]], layers, "cross_entropy"))
    chain = outcome.source("jacobians")
    assert outcome.verified
    assert chain.values is not None
    assert np.isnan(chain.values["W_0"]).any()
    assert not chain.contradicted
    assert chain.precise is not None


@pytest.mark.parametrize(
    "weights", [("1e-200", "1e200", "1e250", "1e-250"), ("1e-390", "1e390", "1e20", "-1")]
)
@pytest.mark.parametrize("last", ["identity", "tanh", "relu"])
@pytest.mark.parametrize("tiny", ["1e-390", "1e-310"])
def test_numbers_that_float64_cannot_read(weights: tuple[str, ...], last: str, tiny: str) -> None:
    """They are infinite or zero there: never a crash, never a wrong verdict."""
    layers = [
        layer(0, [weights[:2]], "leaky_relu", parameter=tiny),
        layer(1, [[w] for w in weights[2:]], last),
    ]
    inputs, targets = [["-1e-200"]], [["1e390"]] if last == "identity" else [[tiny]]
    step = Step.model_construct(learning_rate=Fraction(tiny), count=1, order="batch", frozen=())
    outcome = verified(network(inputs, targets, layers, "squared_error", l2=tiny, step=step))
    assert outcome.verified


def test_a_long_descent() -> None:
    """Each update may double what the roundings before it cost; sixty of them leave nothing certain."""
    outcome = verified(
        written("""
input: [[1, 2], [3, 1]]
target: [[1], [2]]
layers:
  - {weights: [[0.1, 0.2], [0.3, -0.1]], activation: tanh}
  - {weights: [[1], [2]], activation: identity}
loss: squared_error
step: {learning_rate: 0.3, count: 60}
""")
    )
    assert outcome.verified
    source = outcome.source("autograd")
    assert source.doubt is not None
    assert source.doubt.kind == "descent"
    assert source.verdict.startswith("unreliable: the roundings of many updates add up in float64; step.")


# Logit gaps


def test_logit_gaps_are_exact_where_logits_are() -> None:
    target = network([[1], [2]], [[1, 0, 0]] * 2, [layer(0, [["1/3", -1, 2]], "softmax")], "cross_entropy")
    assert logit_gaps(solved(target)) == (Fraction(3), Fraction(6))
    layers = [layer(0, [[1, 2]], "tanh"), layer(1, [[1, 0], [0, 1]], "softmax")]
    gaps = logit_gaps(solved(network([[1]], [[1, 0]], layers, "cross_entropy")))
    assert gaps is not None
    assert gaps[0] == pytest.approx(np.tanh(2) - np.tanh(1))
    assert isinstance(gaps[0], float)
    assert logit_gaps(solved(shipped("mazur"))) is None


def test_logit_gaps_after_gradient_descent() -> None:
    text = """
input: [1]
target: [1, 0]
layers: [{weights: [[0, 0]], activation: softmax}]
loss: cross_entropy
step: {learning_rate: 2}
"""
    solution = solved(written(text))
    assert logit_gaps(solution) == (0,)
    assert logit_gaps(solution, after_step=True) == (Fraction(2),)


# The homework's recipe, as a demonstration


def test_what_the_recipe_prints() -> None:
    """Single precision prints 36, 24 and 6, though none of them is an integer."""
    shown = demonstrate(solved(shipped("two-layer")))
    assert shown.logit_gap == (36,)
    single = {c.entry: c for c in shown.single.comparisons}
    assert (single["loss"].value, single["W_0[0,0]"].value, single["W_1[0,1]"].value) == (36, 24, -6)
    assert single["loss"].relative_error == pytest.approx(6.44e-18, rel=1e-2)
    assert single["W_0[0,0]"].ulps is not None
    assert single["W_0[0,0]"].ulps < 1e-8
    double = {c.entry: c for c in shown.double.comparisons}
    assert double["W_0[0,0]"].value == 23.999999999999993
    assert len(single) == len(double) == len(solved(shipped("two-layer")).entries())


def test_what_the_recipe_prints_when_it_fails() -> None:
    shown = demonstrate(solved(shipped("saturated")))
    assert shown.logit_gap == (120,)
    single = {c.entry: c for c in shown.single.comparisons}
    assert single["loss"].value == inf
    assert np.isnan(single["W_1[0,0]"].value)
    assert single["output_1[0,1]"].value == 0
    for entry in ("loss", "W_1[0,0]"):
        assert not single[entry].finite
        assert single[entry].difference is single[entry].relative_error is single[entry].ulps is None
    assert all(c.relative_error is None or c.relative_error < 1e-15 for c in shown.double.comparisons)


def test_a_demonstration_decides_nothing() -> None:
    shown = demonstrate(solved(shipped("saturated")))
    for source in (shown.single, shown.double):
        assert not any(c.trusted for c in source.comparisons)
        assert source.contradicted == []
        assert source.verdict == "unreliable: nothing bounds its errors"
    assert demonstrate(solved(shipped("mazur"))).logit_gap is None
