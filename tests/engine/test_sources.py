"""One entry of a source beside the exact value: how far off, within its bound or not."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from math import inf, nan
from typing import Any

import pytest
from flint import fmpq

from derive.engine.sources import Comparison, Source
from derive.engine.values import value_of


def compared(value: Any, exact: Any, bound: Any = 1.0, **more: Any) -> Comparison:
    reference = value_of(exact, 40)
    assert reference is not None
    return Comparison("W_0", (0, 1), reference, value, bound, True, **more)


@pytest.mark.parametrize(
    ("comparison", "difference", "relative", "ulps"),
    [
        (compared(1.0, fmpq(1)), 0, 0.0, 0.0),
        (compared(1.0 + 2**-52, fmpq(1)), Fraction(1, 2**52), 2**-52, 1.0),
        (compared(1.0 + 2**-23, fmpq(1), single=True), Fraction(1, 2**23), 2**-23, 1.0),
        (compared(2**-52, fmpq(0)), Fraction(1, 2**52), None, 2.0**1022),
        (compared(nan, fmpq(1)), None, None, None),
        (compared(-inf, fmpq(1)), None, None, None),
        (compared(1.0, fmpq(10) ** 400), 10**400 - 1, 1.0, None),
        (compared(1.0, fmpq(1, 10**400)), None, inf, inf),
        (compared(Fraction(1, 3), fmpq(1, 3)), 0, 0.0, 0.0),
    ],
    ids=str,
)
def test_how_far_off(comparison: Comparison, difference: Any, relative: Any, ulps: Any) -> None:
    assert comparison.entry == "W_0[0,1]"
    if comparison.exact.fraction != Fraction(1, 10**400):
        assert comparison.difference == difference
    assert comparison.relative_error == relative
    assert comparison.ulps == ulps


@pytest.mark.parametrize(
    ("value", "bound", "within"),
    [
        (1.25, 0.25, True),
        (1.25, 0.24999999, False),
        (nan, 1e300, False),
        (nan, inf, True),
        (inf, inf, True),
        (Fraction(5, 4), Fraction(0), False),
        (Fraction(1), Fraction(0), True),
    ],
)
def test_within(value: Any, bound: Any, within: bool) -> None:
    assert compared(value, fmpq(1), bound).within == within


def test_looseness_is_a_share_of_the_value() -> None:
    assert compared(1.0, fmpq(4), 1.0).looseness == 0.25
    assert compared(1.0, fmpq(0), 1.0).looseness == 1.0
    assert compared(1.0, fmpq(4), inf).looseness == inf
    assert compared(1.0, fmpq(1, 10**400), 1.0).looseness == inf


@pytest.mark.parametrize(
    ("change", "confirms"),
    [
        (lambda c: c, True),
        (lambda c: replace(c, trusted=False), False),
        (lambda c: replace(c, value=9.0), False),
    ],
)
def test_who_confirms(change: Callable[[Comparison], Comparison], confirms: bool) -> None:
    comparison = change(compared(1.0, fmpq(1), 0.5))
    source = Source("jacobians", {}, (comparison,))
    assert source.confirms(("W_0", (0, 1))) == confirms
    assert not source.confirms(("W_0", (1, 0)))
    precise = replace(source, precise={("W_0", (0, 1)): compared(Fraction(1), fmpq(1), Fraction(0))})
    assert precise.confirms(("W_0", (0, 1)))


def test_the_worst_contradiction_comes_first() -> None:
    off = [compared(value, fmpq(1), 1e-9) for value in (1.001, 1.0, 1.5, 1.1)]
    source = Source("jacobians", {}, tuple(off))
    assert [c.value for c in source.contradicted] == [1.5, 1.1, 1.001]
    assert source.verdict == "disagrees: W_0[0,1]"
