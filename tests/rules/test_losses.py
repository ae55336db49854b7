"""The spellings of every loss against each other and against mpmath, tails included."""

from collections.abc import Iterator
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
import torch

from derive.engine.jacobians import FLOAT64
from derive.engine.symbolic import SYMPY
from derive.rules.activations import ACTIVATIONS
from derive.rules.losses import LOSSES, fill
from tests.engine import reference

OUTPUTS = {
    "middle": [0.25, 0.5, 0.125],
    "edges": [1e-12, 1 - 2**-30, 1e-300],
    "one": [0.75],
}
TARGETS = {
    "middle": [0.25, 0.0, 1.0],
    "edges": [0.0, 1.0, 0.5],
    "one": [1.0],
}
CASES = [(name, case) for name in LOSSES for case in OUTPUTS]
STABLE = [(name, last) for name, rule in LOSSES.items() for last in rule.torch_stable]
LOGITS = [[0.0, 0.0, 0.0], [2.0, -1.0, 0.5], [18.0, -18.0, 3.0], [-40.0, 40.0, 0.0], [500.0, -600.0, 0.0]]
UNIT = mp.mpf(2) ** -52


@pytest.fixture(autouse=True)
def precision() -> Iterator[None]:
    with mp.workdps(1200):
        yield


def slopes(name: str, a: list[Any], y: list[Any] | None) -> list[Any]:
    """The derivative for each output by central differences."""
    nudge = mp.mpf(10) ** -400
    found = []
    for k in range(len(a)):
        ahead, behind = ([x + s * nudge * (j == k) for j, x in enumerate(a)] for s in (1, -1))
        found.append((reference.loss_of(name, ahead, y) - reference.loss_of(name, behind, y)) / (2 * nudge))
    return found


def truth(name: str, a: list[float], y: list[float]) -> tuple[Any, list[Any]]:
    exact = [mp.mpf(x) for x in a]
    target = [mp.mpf(t) for t in y] if LOSSES[name].target else None
    return reference.loss_of(name, exact, target), slopes(name, exact, target)


@pytest.mark.parametrize(("name", "case"), CASES)
def test_the_exact_rule(name: str, case: str) -> None:
    rule, size = LOSSES[name], len(OUTPUTS[case])
    a, y = sp.symbols(f"a:{size}", positive=True), sp.symbols(f"y:{size}", real=True)
    value = sp.sympify(rule.value(a, y, SYMPY))
    gradient = [sp.sympify(entry) for entry in rule.gradient(a, y, SYMPY)]
    assert [sp.simplify(sp.diff(value, x) - g) for x, g in zip(a, gradient, strict=True)] == [0] * size
    numbers = dict(zip((*a, *y), map(sp.Rational, OUTPUTS[case] + TARGETS[case]), strict=True))
    expected, expected_slopes = truth(name, OUTPUTS[case], TARGETS[case])
    for ours, theirs in zip((value, *gradient), (expected, *expected_slopes), strict=True):
        number = mp.mpf(str(sp.N(ours.subs(numbers), 60)))
        assert abs(number - theirs) <= mp.mpf(10) ** -50 * abs(theirs) + mp.mpf(10) ** -400


@pytest.mark.parametrize(("name", "case"), CASES)
def test_numpy_and_torch(name: str, case: str) -> None:
    """Within the rounding that the table itself allows for exact outputs."""
    rule, a, y = LOSSES[name], np.array(OUTPUTS[case]), np.array(TARGETS[case])
    expected, expected_slopes = truth(name, OUTPUTS[case], TARGETS[case])
    zero = 0 * a
    allowed = mp.mpf(float(rule.value_error(a, y, zero, float(2 * UNIT), np))) + mp.mpf(2) ** -1060
    assert abs(mp.mpf(float(rule.array(a, y, FLOAT64))) - expected) <= allowed
    tensor = torch.tensor(a[None, :], requires_grad=True)
    theirs = rule.torch(tensor, torch.tensor(y[None, :]), torch)
    assert theirs.shape == (1,)
    assert abs(mp.mpf(theirs.item()) - expected) <= allowed
    gradient = torch.autograd.grad(theirs[0], tensor)[0][0]
    ours = rule.array_gradient(a, y, FLOAT64)
    bound = np.asarray(rule.gradient_error(a, y, zero, float(2 * UNIT))) + zero
    for k, slope in enumerate(expected_slopes):
        close = mp.mpf(bound[k]) + mp.mpf(2) ** -1060
        assert abs(mp.mpf(float(ours[k])) - slope) <= close
        assert abs(mp.mpf(gradient[k].item()) - slope) <= close


@pytest.mark.parametrize(("name", "case"), CASES)
@pytest.mark.parametrize("share", [1e-12, 1e-7, 1e-3])
def test_what_an_error_of_the_output_may_cost(name: str, case: str, share: float) -> None:
    """The true loss and gradient of outputs that are a little off stay inside the bounds."""
    rule, a, y = LOSSES[name], np.array(OUTPUTS[case]), np.array(TARGETS[case])
    error = share * np.minimum(a, 1 - a)
    value, gradient = truth(name, OUTPUTS[case], TARGETS[case])
    loss_bound = mp.mpf(float(rule.value_error(a, y, error, 2.0**-51, np)))
    bounds = np.asarray(rule.gradient_error(a, y, error, 2.0**-51)) + 0 * a
    for signs in ([1, 1, 1], [-1, -1, -1], [1, -1, 1]):
        wrong = [mp.mpf(x) + s * mp.mpf(e) for x, s, e in zip(OUTPUTS[case], signs, error, strict=False)]
        target = [mp.mpf(t) for t in TARGETS[case]] if rule.target else None
        assert abs(reference.loss_of(name, wrong, target) - value) <= loss_bound
        for slope, expected, bound in zip(slopes(name, wrong, target), gradient, bounds, strict=True):
            assert abs(slope - expected) <= mp.mpf(bound)


@pytest.mark.parametrize(("name", "last"), STABLE)
@pytest.mark.parametrize("logits", LOGITS)
@pytest.mark.parametrize("target", [[0.0, 1.0, 0.0], [0.5, 0.25, 0.0]])
def test_loss_and_activation_together(name: str, last: str, logits: list[float], target: list[float]) -> None:
    """The function that torch calls stable, and the closed form that loss and Jacobian collapse to."""
    stable, y = LOSSES[name].torch_stable[last], torch.tensor([target], dtype=torch.float64)
    z = [mp.mpf(entry) for entry in logits]
    if last == "softmax":
        powers = [mp.exp(entry) for entry in z]
        a = [power / mp.fsum(powers) for power in powers]
    else:
        a = [1 / (1 + mp.exp(-entry)) for entry in z]
    t = [mp.mpf(entry) for entry in target]
    tensor = torch.tensor([logits], dtype=torch.float64, requires_grad=True)
    found = stable.torch(tensor, y, torch)
    expected = reference.loss_of(name, a, t)
    size = 2 * max(map(abs, logits)) + 4
    assert abs(mp.mpf(found.item()) - expected) <= 8 * UNIT * size * 3
    gradient = torch.autograd.grad(found[0], tensor)[0][0]
    collapsed = {
        ("cross_entropy", "softmax"): [mp.fsum(t) * s - u for s, u in zip(a, t, strict=True)],
        ("cross_entropy", "sigmoid"): [u * (s - 1) for s, u in zip(a, t, strict=True)],
        ("binary_cross_entropy", "sigmoid"): [s - u for s, u in zip(a, t, strict=True)],
    }[name, last]
    for ours, theirs, form in zip(stable.delta(a, t), gradient, collapsed, strict=True):
        assert abs(ours - form) <= mp.mpf(10) ** -1100
        assert abs(mp.mpf(theirs.item()) - form) <= 16 * UNIT * (1 + mp.mpf(max(target)))


@pytest.mark.parametrize("name", LOSSES)
def test_what_a_row_says_of_itself(name: str) -> None:
    rule = LOSSES[name]
    assert rule.target == (name != "sum")
    assert rule.probability == ("entropy" in name)
    assert all(ACTIVATIONS[last].probability for last in rule.torch_stable)
    for template in (rule.latex, rule.entry, rule.gradient_entry, rule.frame.format("<a>")):
        filled = fill(template, a="a", y="y", n=3, product=r"\odot")
        assert "<" not in filled
        assert filled.count("{") == filled.count("}")


def test_fill_takes_spellings_as_they_are() -> None:
    assert fill(r"\tfrac{1}{<n>} (<a> - <y>)", a=r"\hat{y}", y="<a>", n=3) == r"\tfrac{1}{3} (\hat{y} - <a>)"


def test_the_mean_is_over_the_outputs_and_halves_are_halves() -> None:
    a, y = np.array([3.0, 1.0]), np.array([1.0, 1.0])
    values = {name: LOSSES[name].array(a, y, FLOAT64) for name in LOSSES if "squared" in name}
    assert values == {"squared_error": 4.0, "half_squared_error": 2.0, "mean_squared_error": 2.0}
