"""Structural zeros are zero modulo the prime, and what is not zero is not called so."""

from fractions import Fraction
from typing import Any

import mpmath as mp
import pytest
import sympy as sp
from flint import fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from derive.engine import residues
from derive.engine.number_systems import ResidueNumbers
from derive.engine.program import evaluate
from derive.engine.residues import P, Q
from tests.engine.networks import layer, network, solved, written

RATIONALS = st.builds(fmpq, st.integers(-50, 50), st.integers(1, 12))
X, Y, Z = sp.symbols("x y z", real=True)
ZEROS = [
    1 / (1 + sp.exp(-X)) + 1 / (1 + sp.exp(X)) - 1,
    (1 - sp.exp(-2 * X)) / (1 + sp.exp(-2 * X)) + (1 - sp.exp(2 * X)) / (1 + sp.exp(2 * X)),
    sp.exp(X) * sp.exp(Y) - sp.exp(X + Y, evaluate=False),
    sp.erf(X) + sp.erf(-X, evaluate=False),
    sp.log(X * Y) - sp.log(Y * X),
    (X + Y) ** 2 - X**2 - 2 * X * Y - Y**2,
    sp.sqrt(2) * X / sp.sqrt(2) - X,
]
OTHERS = [
    1 / (1 + sp.exp(-X)) - 1 / (1 + sp.exp(-Y)),
    sp.exp(X) - 1 - X,
    sp.exp(X) - sp.exp(-X),
    sp.erf(X) - X,
    sp.log(X) - Y,
    sp.pi - 355 * X / X / 113 + 0 * Y,
    X - Y,
]


def residue(expression: sp.Expr, draw: int, **values: fmpq) -> residues.Residue:
    numbers = ResidueNumbers(draw, {})
    bound = {sp.Symbol(name, real=True): numbers.number(value) for name, value in values.items()}
    found = evaluate(expression, bound, numbers)
    return found if isinstance(found, residues.Residue) else residues.of_rational(fmpq(found), draw)


def test_the_primes_are_primes() -> None:
    assert sp.isprime(Q)
    assert sp.isprime(P)
    assert P == 2 * Q + 1


@pytest.mark.parametrize("zero", ZEROS, ids=str)
@pytest.mark.parametrize("draw", [0, 1, 2])
def test_identities_vanish(zero: sp.Expr, draw: int) -> None:
    for x, y in ((fmpq(1, 3), fmpq(5)), (fmpq(7, 2), fmpq(2, 9))):
        assert residue(zero, draw, x=x, y=y).is_zero


@pytest.mark.parametrize("other", OTHERS, ids=str)
@pytest.mark.parametrize("draw", [0, 1, 2])
def test_what_does_not_vanish_is_not_called_zero(other: sp.Expr, draw: int) -> None:
    assert not residue(other, draw, x=fmpq(1, 3), y=fmpq(5)).is_zero


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(RATIONALS, RATIONALS), min_size=1, max_size=5))
def test_sums_of_exponentials_are_zero_only_if_they_are(pairs: list[Any]) -> None:
    """Lindemann-Weierstrass: such a sum is zero exactly when its merged coefficients are."""
    zero = residues.of_rational(fmpq(0), 0)
    total = sum((residues.exponential(residues.of_rational(e, 0)) * c for e, c in pairs), zero)
    merged: dict[Any, Any] = {}
    for e, c in pairs:
        merged[e] = merged.get(e, 0) + c
    assert total.is_zero == all(c == 0 for c in merged.values())


@settings(max_examples=60, deadline=None)
@given(RATIONALS, RATIONALS)
def test_rationals_stay_rational(x: fmpq, y: fmpq) -> None:
    a, b = residues.of_rational(x, 0), residues.of_rational(y, 0)
    assert (a + b).rational == x + y
    assert (a - b).rational == x - y
    assert (a * b).rational == x * y
    assert (-a).rational == -x
    assert (a + y) == (a + b)
    assert (a * b).value == residues.of_rational(x * y, 0).value
    assume(x != 0)
    assert a.inverse().rational == 1 / x
    assert (a * a.inverse()).value == 1


@settings(max_examples=60, deadline=None)
@given(RATIONALS, RATIONALS)
def test_relations_of_the_exponential(x: fmpq, y: fmpq) -> None:
    a, b = residues.of_rational(x, 3), residues.of_rational(y, 3)
    assert (residues.exponential(a) * residues.exponential(b)).value == residues.exponential(a + b).value
    inner = residues.exponential(a)  # no rational any more
    assume(x != 0)
    assert (residues.exponential(inner) * residues.exponential(-inner)).value == 1
    assert residues.error_function(-inner).value == (-residues.error_function(inner)).value


def test_special_values() -> None:
    zero, one = residues.of_rational(fmpq(0), 0), residues.of_rational(fmpq(1), 0)
    assert residues.exponential(zero).rational == 1
    assert residues.natural_log(one).is_zero
    assert residues.error_function(zero).is_zero
    assert (residues.exponential(one) * zero).rational == 0
    with pytest.raises(ZeroDivisionError):
        zero.inverse()


def test_draws_differ() -> None:
    one = [residues.exponential(residues.of_rational(fmpq(1), draw)).value for draw in range(3)]
    assert len(set(one)) == 3
    assert residues.constant("pi", 0) != residues.constant("pi", 1)


def opposite(weights: list[int], bias: str, activation: str = "sigmoid") -> Any:
    """Two sigmoids at 1/3 and -1/3, added up by a second layer."""
    first = layer(0, [["1/3", "-1/3"]], activation)
    return network([[1]], None, [first, layer(1, [[w] for w in weights], "identity", bias)], "sum")


def test_the_zero_of_two_opposite_sigmoids() -> None:
    """Closed forms see it."""
    value = solved(opposite([1, 1], "-1")).values["output_1"][0, 0]
    assert value.is_zero
    assert str(value.decimal) == value.exact() == "0"


@pytest.mark.parametrize(
    ("first", "activation", "weights"),
    [("tanh", "sigmoid", [1, 1]), ("gelu", "tanh", [1, 1]), ("softplus", "silu", [1, 1])],
)
def test_zeros_that_only_structure_shows(first: str, activation: str, weights: list[int]) -> None:
    """sigmoid(u) + sigmoid(-u) - 1 and the like, for a u that has no closed form."""
    bias = {"sigmoid": "-1", "tanh": "0", "silu": None}[activation]
    layers = [
        layer(0, [["1/3"]], first),
        layer(1, [[1]], "gelu"),
        layer(2, [[1, -1]], activation),
        layer(3, [[w] for w in weights] if activation != "silu" else [[1], [1]], "identity", bias),
    ]
    value = solved(network([[1]], None, layers, "sum")).values["output_3"][0, 0]
    if activation == "silu":  # u sigmoid(u) - u sigmoid(-u) is no zero
        assert not value.is_zero
    else:
        assert value.is_zero


@pytest.mark.parametrize("off", ["1e-30", "1e-200", "-1e-390"])
def test_what_is_only_nearly_zero_is_not(off: str) -> None:
    value = solved(opposite([1, 1], str(Fraction(off) - 1))).values["output_1"][0, 0]
    assert not value.is_zero
    assert abs(value.fraction - Fraction(off)) <= abs(Fraction(off)) / 10**39


def test_a_zero_stays_settled_while_other_entries_need_more_digits() -> None:
    """One entry is a structural zero, another one needs more digits than the first rounds give."""
    text = """
input: [1]
layers:
  - {weights: [["1/3"]], activation: tanh}
  - {weights: [[1, -1, 3000]], activation: sigmoid}
  - {weights: [[1, 0], [1, 0], [0, 1]], bias: [-1, -1], activation: identity}
loss: sum
"""
    values = solved(written(text)).values["output_2"][0]
    assert values[0].is_zero
    with mp.workdps(600):
        expected = 1 / (1 + mp.exp(-3000 * mp.tanh(mp.mpf(1) / 3))) - 1
        assert abs(mp.mpf(str(values[1].decimal)) / expected - 1) < mp.mpf(10) ** -38
