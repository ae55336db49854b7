"""What is accepted: everything that rounding by hand can lead to, and little else."""

import random
from collections.abc import Callable
from dataclasses import replace
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

from derive.classroom.grading import tolerances
from derive.engine import exact, symbolic
from derive.exercise import schema
from derive.exercise.model import Exercise
from derive.network import build
from tests.classroom.grading.simulation import Slipping, given, real

ROOT = Path(__file__).parents[3]
EXERCISES = sorted((ROOT / "exercises").glob("*.yaml"))
# Fractions on the way, so that there is something to round.
BY_HAND = """
id: by-hand
input: [1.3, 0.7]
target: [0, 1, 0]
layers:
  - weights: [[0.31, -1.27, 0.83], [1.9, 0.23, -0.47]]
    activation: relu
  - weights: [[0.7, -0.3, 0.11], [1.3, 0.9, -0.71], [-0.2, 0.37, 1.1]]
    activation: softmax
loss: cross_entropy
"""


def load(path: Path, **changes: Any) -> Exercise:
    return replace(schema.load(path.read_text("utf-8"), path.name), **changes)


def solved(exercise: Exercise) -> dict[str, Any]:
    return dict(exact.solve(symbolic.derive(build(exercise))).values)


def rounding(digits: int, choice: random.Random) -> Callable[[Any], Any]:
    """At each step: to so many digits or a few more, half up or half even, or not at all."""

    def step(one: Any) -> Any:
        how = choice.choice((ROUND_HALF_UP, ROUND_HALF_EVEN, None))
        if how is None:
            return one
        decimal = Decimal(mpmath.nstr(real(one), 35, min_fixed=-100, max_fixed=100))
        return real(Fraction(Context(prec=digits + choice.choice((0, 0, 1)), rounding=how).plus(decimal)))

    return step


@pytest.mark.parametrize("digits", [3, 4, 5])
def test_whatever_rounding_leads_to_is_accepted(digits: int) -> None:
    exercise = replace(schema.load(BY_HAND, "x.yaml"), rounding=digits)
    accepted, choice = tolerances(exercise), random.Random(digits)
    own = given(build(exercise))
    reached: dict[str, list[Any]] = {}
    for _ in range(300):
        values = Slipping(**own, step=rounding(digits, choice)).run()
        for name, row in values.items():
            flat = list(accepted[name].flat)
            for place, (interval, one) in enumerate(zip(flat, row, strict=True)):
                low, high = (mpmath.mpf(str(end)) for end in (interval.low, interval.high))
                assert low <= real(one) <= high, (name, place)
                reached.setdefault(f"{name} {place}", []).append(real(one))
    for key, found in reached.items():
        name, place = key.split()
        interval = list(accepted[name].flat)[int(place)]
        unit = mpmath.mpf(10) ** (mpmath.floor(mpmath.log10(abs(found[0]))) + 1 - digits) if found[0] else 0
        width = mpmath.mpf(str(interval.high - interval.low))
        assert width <= 6 * (max(found) - min(found)) + 2 * unit + mpmath.mpf("1e-6"), (key, width)


@pytest.mark.parametrize("path", EXERCISES, ids=lambda path: path.stem)
@pytest.mark.parametrize("digits", [None, 3, 6])
def test_the_right_number_and_its_roundings_are_accepted(path: Path, digits: int | None) -> None:
    exercise = load(path, rounding=digits)
    accepted = tolerances(exercise)
    for name, values in solved(exercise).items():
        assert accepted[name].shape == values.shape
        for interval, value in zip(accepted[name].flat, values.flat, strict=True):
            for more in (0, 1, 5):
                rounded = Context(prec=(digits or 4) + more, rounding=ROUND_HALF_EVEN).plus(value.decimal)
                assert interval.low <= rounded <= interval.high, (name, interval, rounded)


@pytest.mark.parametrize("path", EXERCISES, ids=lambda path: path.stem)
def test_a_relative_error_is_accepted_as_far_as_the_exercise_says(path: Path) -> None:
    exercise = load(path, rounding=None)
    for name, values in solved(exercise).items():
        largest = max((abs(value.decimal) for value in values.flat), default=Decimal(0))
        for interval, value in zip(tolerances(exercise)[name].flat, values.flat, strict=True):
            if abs(value.decimal) > largest / 1000:
                allowed = abs(value.decimal) / 1000  # and some for single precision
                assert 0 <= interval.high - value.decimal - allowed < largest / 10**5
                assert 0 <= value.decimal - interval.low - allowed < largest / 10**5


def test_whole_numbers_are_not_blurred() -> None:
    accepted = tolerances(load(ROOT / "exercises" / "two-layer.yaml", rounding=4))
    for name in ("pre_activation_0", "output_0", "pre_activation_1"):
        for interval in accepted[name].flat:
            assert interval.high - interval.low < Decimal("1e-5")


def test_cut_off_digits_are_no_rounding() -> None:
    exercise = replace(schema.load(BY_HAND, "x.yaml"), rounding=4)
    interval = tolerances(exercise)["output_1"][0, 1]
    value = solved(exercise)["output_1"][0, 1].decimal
    cut = Context(prec=3, rounding=ROUND_DOWN).plus(value)
    assert not interval.low <= cut <= interval.high


def test_ties_may_go_either_way() -> None:
    layer = "{weights: [[0.12345]], activation: identity}"
    text = f"{{id: t, input: [1], layers: [{layer}], loss: sum, rounding: 4}}"
    interval = tolerances(schema.load(text, "t.yaml"))["pre_activation_0"][0, 0]
    assert interval.low <= Decimal("0.1234") < Decimal("0.1235") <= interval.high
    assert interval.low > Decimal("0.12339")
    assert interval.high < Decimal("0.12351")


def test_zeros_of_cancelling_terms_have_room_for_float_errors() -> None:
    """The gradient of xor for the last bias cancels to zero; whoever computes in floats gets nearly that."""
    interval = tolerances(load(ROOT / "exercises" / "xor.yaml", rounding=None))["b_1"][0]
    assert interval.low < Decimal("-5e-8") < Decimal("5e-8") < interval.high
    assert interval.high < Decimal("1e-5")
    assert np.isfinite(float(interval.high))
