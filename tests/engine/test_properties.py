"""Any network: sources agree or are shown unreliable, shapes fit, and the gradients are derivatives."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, reject, seed, settings
from hypothesis import strategies as st

from derive.engine.exact import Solution
from derive.engine.verify import Verification, verify
from derive.errors import ProblemError
from derive.exercise.model import Step
from derive.network import Network
from derive.rules.activations import ACTIVATIONS
from derive.rules.losses import LOSSES
from tests.engine import reference
from tests.engine.networks import NUMBERS, STEEP, networks, solved, verified

# The same sample each time, so that a run takes as long as the one before; the slow test goes further.
QUICK = settings(max_examples=20, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(QUICK, derandomize=False, database=None, phases=[Phase.generate])
PLAIN = networks(steps=False)
SMALL = networks(depth=st.integers(1, 3), width=st.integers(1, 3), steps=False)


@pytest.fixture(autouse=True)
def precision() -> Iterator[None]:
    with mp.workdps(reference.DIGITS):
        yield


def solved_or_refused(network: Network) -> Solution:
    """The exact values; a network that runs out of reach, or that no digits decide, is another story."""
    try:
        return solved(network)
    except ProblemError as error:
        (problem,) = error.problems
        assert problem.what
        assert problem.why
        assert problem.fix
        reject()


def holds(outcome: Verification) -> None:
    """Verified; each source agrees, or says why float64 cannot, with the bound that shows it."""
    assert outcome.verified, outcome.describe()
    for source in outcome.sources:
        assert not source.contradicted
        assert source.verdict == "agrees" or source.verdict.startswith("unreliable: ")
        assert (source.doubt is None) == (source.verdict == "agrees") == (not source.untrusted)
    network = outcome.network
    for name, numbers in network.parameters().items():
        assert outcome.solution.values[name].shape == np.shape(np.array(numbers, dtype=object))
        for source in outcome.sources:
            assert source.values is not None
            assert source.values[name].shape == outcome.solution.values[name].shape
    assert outcome.solution.values["input"].shape == (network.rows, network.layers[0].n_in)


@QUICK
@given(networks())
def test_sources_agree_or_are_unreliable(network: Network) -> None:
    holds(verify(solved_or_refused(network)))


@QUICK
@given(networks(numbers=NUMBERS | STEEP))
def test_steep_networks_too(network: Network) -> None:
    holds(verify(solved_or_refused(network)))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@settings(QUICK, max_examples=3)
@given(data=st.data())
def test_each_activation(activation: str, data: st.DataObject) -> None:
    network = data.draw(networks(hidden=st.just(activation), width=st.integers(1, 3)))
    holds(verify(solved_or_refused(network)))


@pytest.mark.parametrize("loss", LOSSES)
@settings(QUICK, max_examples=3)
@given(data=st.data())
def test_each_loss(loss: str, data: st.DataObject) -> None:
    network = data.draw(networks(loss=st.just(loss), width=st.integers(1, 3)))
    holds(verify(solved_or_refused(network)))


@QUICK
@given(PLAIN, st.data())
def test_gradients_are_derivatives_along_any_direction(network: Network, data: st.DataObject) -> None:
    """A central difference in 60 digits, with a forward pass that shares no line with the engine."""
    solution = solved_or_refused(network)
    values = reference.parameters(network)
    assume(not near_a_kink(network, values))
    way = {
        name: reference.filled(numbers, lambda _: reference.number(data.draw(NUMBERS)))
        for name, numbers in values.items()
    }
    difference = reference.slope_along(network, way)
    slope, size = mp.mpf(0), mp.mpf(1)
    for name, numbers in values.items():
        for place in reference.places(numbers):
            part = reference.number(solution.values[name][place].fraction) * reference.at(way[name], place)
            slope, size = slope + part, size + abs(part)
    assume(size < mp.mpf(10) ** 6)  # where the loss bends that much, the nudge is too long
    assert abs(difference - slope) <= mp.mpf(10) ** -12 * size


def near_a_kink(network: Network, values: Any) -> bool:
    return any(
        abs(z) < mp.mpf(10) ** -9
        for row in range(network.rows)
        for layer, line in zip(network.layers, reference.forward(network, values, row)[0], strict=True)
        if layer.rule.kink is not None
        for z in line
    )


@QUICK
@given(PLAIN)
def test_values_and_loss_are_those_of_another_forward_pass(network: Network) -> None:
    solution, values = solved_or_refused(network), reference.parameters(network)
    for row in range(network.rows):
        pre_activations, outputs = reference.forward(network, values, row)
        for k, (z, a) in enumerate(zip(pre_activations, outputs, strict=True)):
            for name, numbers in ((f"pre_activation_{k}", z), (f"output_{k}", a)):
                pairs = zip(solution.values[name][row], numbers, strict=True)
                assert all(reference.close(ours.fraction, theirs, 30) for ours, theirs in pairs)
    assert reference.close(solution.values["loss"][()].fraction, reference.loss(network, values), 30)


def same(left: Any, right: Any, factor: Fraction = Fraction(1)) -> bool:
    """Arrays of values that differ by a factor alone; rationals exactly, others by their certified digits."""
    return left.shape == right.shape and all(
        a.fraction * factor == b.fraction
        if a.rational is not None and b.rational is not None
        else abs(a.fraction * factor - b.fraction) <= abs(b.fraction) / 10**37
        for a, b in zip(left.flat, right.flat, strict=True)
    )


@QUICK
@given(SMALL)
def test_the_sum_of_the_rows_is_their_mean_times_their_number(network: Network) -> None:
    plain = replace(network, l2=Fraction(0))
    mean, total = (solved_or_refused(replace(plain, reduction=how)) for how in ("mean", "sum"))
    scaled = ("loss", "input", *network.parameters())
    scaled += tuple(name for name in mean.values if "gradient" in name)
    for name in mean.values:
        factor = Fraction(network.rows) if name in scaled else Fraction(1)
        assert same(mean.values[name], total.values[name], factor), name


@QUICK
@given(SMALL)
def test_both_conventions_are_one_network(network: Network) -> None:
    turned = replace(
        network,
        row_convention=not network.row_convention,
        layers=tuple(
            replace(
                layer,
                row_convention=not layer.row_convention,
                weights=tuple(zip(*layer.weights, strict=True)),
            )
            for layer in network.layers
        ),
    )
    ours, theirs = verified_or_refused(network), verified_or_refused(turned)
    for name, values in ours.solution.values.items():
        assert same(values.T if name.startswith("W_") else values, theirs.solution.values[name]), name
    for left, right in zip(ours.sources, theirs.sources, strict=True):
        assert left.verdict.split(" ")[0] == right.verdict.split(" ")[0]
    holds(theirs)


def verified_or_refused(network: Network) -> Verification:
    return verify(solved_or_refused(network))


@QUICK
@given(SMALL, st.sampled_from((Fraction(1, 10), Fraction(3))))
def test_the_penalty_adds_twice_its_weight(network: Network, l2: Fraction) -> None:
    without, with_ = (solved_or_refused(replace(network, l2=factor)) for factor in (Fraction(0), l2))
    for layer in network.layers:
        name = layer.weights_name
        for place in np.ndindex(without.values[name].shape):
            more = 2 * l2 * layer.weights[place[0]][place[1]]
            left, right = without.values[name][place].fraction + more, with_.values[name][place].fraction
            assert abs(left - right) <= (abs(more) + abs(right)) / 10**38
    for name in without.values:
        if name != "loss" and not name.startswith("W_"):
            assert same(without.values[name], with_.values[name]), name


@QUICK
@given(SMALL, st.sampled_from((Fraction(1, 10), Fraction(1, 3))))
def test_a_step_goes_down_the_gradient(network: Network, rate: Fraction) -> None:
    step = Step.model_construct(learning_rate=rate, count=1, order="batch", frozen=("W_0",))
    before, after = solved_or_refused(network), solved_or_refused(replace(network, step=step))
    for name, numbers in network.parameters().items():
        given_ = np.array(numbers, dtype=object)
        for place in np.ndindex(before.values[name].shape):
            slope = Fraction(0) if name == "W_0" else before.values[name][place].fraction
            expected = given_[place] - rate * slope
            found = after.values[f"step.{name}"][place].fraction
            assert abs(found - expected) <= (abs(expected) + abs(slope)) / 10**38


# Networks by the thousand


@pytest.mark.parametrize(
    "count", [pytest.param(400, marks=pytest.mark.slow), pytest.param(2000, marks=pytest.mark.campaign)]
)
def test_networks_without_one_disagreement(count: int) -> None:
    verdicts: Counter[str] = Counter()

    @seed(2024)
    @settings(MANY, max_examples=count)
    @given(networks())
    def every(network: Network) -> None:
        try:
            outcome = verified(network)
        except ProblemError:
            verdicts["refused"] += 1
            return
        verdicts.update(source.verdict.split(":")[0] for source in outcome.sources)
        holds(outcome)

    every()
    assert verdicts["agrees"] + verdicts["unreliable"] + 2 * verdicts["refused"] == 2 * count
    assert verdicts["agrees"] > 3 * verdicts["unreliable"]
    assert verdicts["refused"] < count / 10
