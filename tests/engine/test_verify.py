"""Verification: what agrees, what is contradicted, and what did not run."""

from fractions import Fraction
from math import inf, nan
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from derive.engine import autograd, jacobians, verify
from derive.engine.bounds import bounds
from derive.engine.demonstration import demonstrate
from derive.network import Network
from tests.engine.networks import EXERCISES, layer, network, shipped, small, softmax_at, solved, verified

WELL_CONDITIONED = [path.stem for path in EXERCISES if path.stem not in ("kink", "saturated")]


@pytest.mark.parametrize("name", WELL_CONDITIONED)
def test_shipped_exercises_agree(name: str) -> None:
    outcome = verified(shipped(name))
    assert outcome.verified
    assert outcome.complete
    assert outcome.describe() == ""
    assert [source.verdict for source in outcome.sources] == ["agrees", "agrees"]
    assert all(source.doubt is None and source.precise is None for source in outcome.sources)


@pytest.mark.parametrize("name", WELL_CONDITIONED)
@pytest.mark.parametrize("stable", [True, False])
def test_bounds_are_tight_where_numbers_are_well_conditioned(name: str, stable: bool) -> None:
    """No excuse can be had there: eleven digits of the largest entry are certain, six are asked for."""
    solution = solved(shipped(name))
    for quantity, errors in bounds(solution, stable).items():
        values = solution.values[quantity]
        assert errors.shape == values.shape
        largest = max(abs(float(value.fraction)) for value in values.flat) or 1.0
        assert np.all(errors <= 1e-11 * largest), quantity


@pytest.mark.parametrize("name", [path.stem for path in EXERCISES])
@pytest.mark.parametrize("stable", [True, False])
def test_sources_stay_inside_their_bounds(name: str, stable: bool) -> None:
    solution = solved(shipped(name))
    target = solution.derivation.network
    found = autograd.compute(target) if stable else jacobians.compute(target)
    for quantity, errors in bounds(solution, stable).items():
        for place, value in zip(np.ndindex(errors.shape), solution.values[quantity].flat, strict=True):
            off = abs(Fraction(float(found[quantity][place])) - value.fraction)
            assert errors[place] == inf or off <= Fraction(float(errors[place])), (quantity, place)


def test_every_loss_and_activation_agrees() -> None:
    for hidden, loss, last in (
        ("relu", "cross_entropy", "sigmoid"),
        ("gelu", "binary_cross_entropy", "softmax"),
    ):
        outcome = verified(small(hidden, loss, last, l2="0.1"))
        assert [source.verdict for source in outcome.sources] == ["agrees", "agrees"]


# Contradicted, unconfirmed, not run


def test_a_wrong_entry_is_named_with_all_values(monkeypatch: pytest.MonkeyPatch) -> None:
    right = jacobians.compute

    def wrong(*given: Any) -> Any:
        found = right(*given)
        found["W_1"] = found["W_1"].copy()
        found["W_1"][0, 1] += 1e-9
        return found

    monkeypatch.setattr(jacobians, "compute", wrong)
    outcome = verified(shipped("mazur"))
    assert not outcome.verified
    assert outcome.source("jacobians").verdict == "disagrees: W_1[0,1]"
    assert outcome.source("autograd").verdict == "agrees"
    said = outcome.describe()
    for words in (
        "jacobians disagrees in 1 of 49 entries",
        "W_1[0,1]  exact 0.082667627",
        "jacobians 0.0826676288",
        "autograd 0.0826676278",
        "relative error 1.21e-08, off by 1.00e-09, allowed ",
    ):
        assert words in said
    assert [line.split()[-1] for line in said.splitlines()[2:4]] == ["disagrees", "agrees"]


def test_no_number_is_a_contradiction(monkeypatch: pytest.MonkeyPatch) -> None:
    right = autograd.compute
    monkeypatch.setattr(autograd, "compute", lambda network: right(network) | {"loss": np.array(nan)})
    outcome = verified(shipped("two-layer"))
    assert not outcome.verified
    assert outcome.source("autograd").verdict == "disagrees: loss"
    assert "off by no number" in outcome.describe()


def test_without_torch_the_chain_alone_confirms(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(network: Network, **how: bool) -> Any:
        raise autograd.TorchMissingError("torch does not load (No module named 'torch')")

    monkeypatch.setattr(autograd, "compute", missing)
    outcome = verified(shipped("two-layer"))
    assert outcome.verified
    assert not outcome.complete
    assert outcome.unchecked == "not checked against torch"
    assert outcome.source("autograd").verdict == "not run: torch does not load (No module named 'torch')"
    assert outcome.describe() == "autograd: not run: torch does not load (No module named 'torch')"
    shown = demonstrate(solved(shipped("two-layer")))
    assert shown.single.missing == shown.double.missing != ""


def bounded_by(bound: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every entry of every quantity gets the same bound."""

    def given(solution: Any, stable: bool) -> Any:
        return {name: np.full(values.shape, bound) for name, values in solution.values.items()}

    monkeypatch.setattr(verify, "bounds", given)


@pytest.mark.parametrize(("bound", "trusted"), [(0.9e-6, True), (1.1e-6, False)])
def test_the_bound_of_a_zero_among_zeros_is_measured_by_one(
    bound: float, trusted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An output of 0 where 0 is wanted: there is no larger entry to measure by."""
    bounded_by(bound, monkeypatch)
    nothing = network([[0]], [[0]], [layer(0, [[0]], "identity")], "squared_error")
    outcome = verified(nothing)
    assert {c.trusted for source in outcome.sources for c in source.comparisons} == {trusted}
    assert {c.bound for source in outcome.sources for c in source.comparisons} == {bound}


def test_the_loss_that_torch_calls_stable_has_bounds_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def recorded(solution: Any, stable: bool) -> Any:
        asked.append(stable)
        return bounds(solution, stable=stable)

    monkeypatch.setattr(verify, "bounds", recorded)
    assert verified(shipped("two-layer")).verified
    assert asked == [False, True]


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_what_is_no_fraction_stays_a_float(number: str) -> None:
    assert str(verify._fraction(mp.mpf(number))) == number


def test_a_penalty_of_weight_one() -> None:
    assert verified(small("tanh", "squared_error", "identity", l2=1)).verified


def test_the_bound_of_a_small_entry_is_measured_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """For inputs 1 and 1/1000 a bound of 1e-8 leaves the first gradient seven digits, the second four."""
    bounded_by(1e-8, monkeypatch)
    outcome = verified(network([[1, Fraction(1, 1000)]], [[0]], [layer(0, [[1], [1]], "identity")], "sum"))
    trusted = {c.place: c.trusted for c in outcome.source("autograd").comparisons if c.quantity == "W_0"}
    assert trusted == {(0, 0): True, (1, 0): False}
    assert outcome.unchecked == ""


def test_an_entry_that_nobody_confirms_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were there no second arithmetic, the kink would stay unconfirmed."""
    monkeypatch.setattr(verify, "_with_high_precision", lambda solution, chain: chain)
    outcome = verified(shipped("kink"))
    assert not outcome.verified
    assert "W_0[0,0]" in outcome.unconfirmed
    assert outcome.describe().startswith("no source confirms ")


@pytest.mark.parametrize(
    ("off", "agrees"), [("1e-20", False), ("1.01e-30", False), ("0.99e-30", True), ("-0.99e-30", True)]
)
def test_the_second_arithmetic_is_held_to_thirty_digits(
    off: str, agrees: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = jacobians.compute

    def moved(target: Network, xp: Any = jacobians.FLOAT64) -> Any:
        found, little = right(target, xp), xp.read(1 + Fraction(off))
        return found if xp is jacobians.FLOAT64 else found | {"W_0": found["W_0"] * little}

    monkeypatch.setattr(jacobians, "compute", moved)
    outcome = verified(softmax_at(40, 0))
    assert outcome.verified == agrees
    assert agrees or outcome.source("jacobians").verdict.startswith("disagrees: W_0")


def test_a_chain_that_divides_by_nothing_confirms_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    right = jacobians.compute

    def vanished(target: Network, xp: Any = jacobians.FLOAT64) -> Any:
        if xp is not jacobians.FLOAT64:
            raise ZeroDivisionError
        return right(target, xp)

    monkeypatch.setattr(jacobians, "compute", vanished)
    outcome = verified(shipped("kink"))
    assert not outcome.verified
    assert outcome.unconfirmed


def test_more_digits_are_taken_before_the_chain_is_called_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    right = jacobians.high_precision

    def noted(digits: int) -> Any:
        asked.append(digits)
        return right(20 if len(asked) == 1 else digits)

    monkeypatch.setattr(jacobians, "high_precision", noted)
    assert verified(softmax_at(40, 0)).verified
    assert len(asked) == 2
    assert asked[1] > asked[0]
