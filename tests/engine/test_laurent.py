"""Laurent polynomials against SymPy's own expansion."""

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.engine import laurent

X, Y, S, T = SYMBOLS = sp.symbols("x y s t", real=True)
OUTPUTS = frozenset({S, T})
ATOMS = st.sampled_from([*SYMBOLS, 1 / S, 1 / T, S**2, sp.Integer(-1), sp.Integer(3), sp.Rational(2, 3)])
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.builds(sp.Add, inner, inner) | st.builds(sp.Mul, inner, inner),
    max_leaves=8,
)


def expression(polynomial: laurent.Polynomial) -> sp.Expr:
    """Term by term, without the code under test."""
    return sum(
        sp.Rational(coefficient.numerator, coefficient.denominator)
        * sp.prod(symbol**power for symbol, power in monomial)
        for monomial, coefficient in polynomial.items()
    )


@settings(deadline=None)
@given(EXPRESSIONS)
def test_an_expression_multiplied_out(written: sp.Expr) -> None:
    polynomial = laurent.polynomial(written)
    assert polynomial is not None
    assert sp.expand(expression(polynomial) - written) == 0
    assert all(polynomial.values())


@settings(deadline=None)
@given(st.lists(st.tuples(EXPRESSIONS, EXPRESSIONS), max_size=4))
def test_a_sum_of_products(pairs: list[tuple[sp.Expr, sp.Expr]]) -> None:
    found = laurent.dot(pairs)
    assert found is not None
    assert sp.expand(expression(found) - sum(g * s for g, s in pairs)) == 0


@settings(deadline=None)
@given(EXPRESSIONS)
def test_multiples_of_some_symbols(written: sp.Expr) -> None:
    polynomial = laurent.polynomial(written)
    assert polynomial is not None
    collected = laurent.collected(polynomial, OUTPUTS)
    powers = [term.as_powers_dict() for term in sp.Add.make_args(sp.expand(written))]
    inside = [sorted(term[symbol] for symbol in OUTPUTS) for term in powers]
    linear = all(exponents in ([0, 0], [0, 1]) for exponents in inside)
    assert (collected is not None) == linear
    if collected is not None:
        assert sp.expand(collected - written) == 0


@pytest.mark.parametrize("other", [sp.exp(X), 1 / (1 - S), sp.sqrt(S), S**Y])
def test_anything_else_is_none(other: sp.Expr) -> None:
    assert laurent.polynomial(X * other + 1) is None
    assert laurent.dot([(X, Y), (X, other)]) is None
