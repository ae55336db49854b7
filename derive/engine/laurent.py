"""Laurent polynomials, as far as cancelling needs them: 1/s times s(1 - s) is 1 - s.

A polynomial is a dict from monomials to rational coefficients; a monomial is the set of its symbols with
their powers, negative ones included. SymPy would do the same with a hundred products of its own.
"""

from collections.abc import Iterable, Set
from fractions import Fraction
from functools import lru_cache

import sympy as sp

Monomial = frozenset[tuple[sp.Symbol, int]]
Polynomial = dict[Monomial, int | Fraction]

CONSTANT: Monomial = frozenset()


def dot(pairs: Iterable[tuple[sp.Expr, sp.Expr]]) -> Polynomial | None:
    """The sum of products; None where a factor is no polynomial."""
    products: list[Polynomial] = []
    for first, second in pairs:
        one, other = polynomial(first), polynomial(second)
        if one is None or other is None:
            return None
        products.append(product((one, other)))
    return total(products)


@lru_cache(maxsize=1024)
def polynomial(expression: sp.Expr) -> Polynomial | None:
    """An expression multiplied out; None where it holds anything but numbers, symbols and their powers."""
    if expression.is_Symbol:
        return {frozenset(((expression, 1),)): 1}
    if expression.is_Rational:
        # Whole ones stay int, which is what they nearly always are, and several times as fast.
        number = expression.p if expression.q == 1 else Fraction(expression.p, expression.q)
        return {CONSTANT: number} if number else {}
    if expression.is_Add or expression.is_Mul:
        parts = [polynomial(part) for part in expression.args]
        found = [part for part in parts if part is not None]
        if len(found) < len(parts):
            return None
        return total(found) if expression.is_Add else product(found)
    if not (expression.is_Pow and expression.exp.is_Integer):
        return None
    base, power = expression.base, int(expression.exp)
    if base.is_Symbol:
        return {frozenset(((base, power),)): 1}
    inner = polynomial(base)
    return None if inner is None or power < 0 else product([inner] * power)


def total(parts: Iterable[Polynomial]) -> Polynomial:
    """The sum; what cancels is gone."""
    found: Polynomial = {}
    for part in parts:
        for monomial, coefficient in part.items():
            found[monomial] = found.get(monomial, 0) + coefficient
    return {monomial: coefficient for monomial, coefficient in found.items() if coefficient}


def product(parts: Iterable[Polynomial]) -> Polynomial:
    """The product."""
    found: Polynomial = {CONSTANT: 1}
    for part in parts:
        found = total(
            {_times(one, other): first * second}
            for one, first in found.items()
            for other, second in part.items()
        )
    return found


def collected(polynomial: Polynomial, symbols: Set[sp.Symbol]) -> sp.Expr | None:
    """A polynomial as multiples of some symbols and a rest; None where it isn't linear in them."""
    multiples: dict[sp.Symbol, list[sp.Expr]] = {}
    rest: list[sp.Expr] = []
    for monomial, coefficient in polynomial.items():
        inside = [(symbol, power) for symbol, power in monomial if symbol in symbols]
        if len(inside) > 1 or any(power != 1 for _, power in inside):
            return None
        outside = (symbol**power for symbol, power in monomial if symbol not in symbols)
        term = sp.Mul(sp.Rational(*coefficient.as_integer_ratio()), *outside)
        if inside:
            multiples.setdefault(inside[0][0], []).append(term)
        else:
            rest.append(term)
    return sp.Add(*(sp.Add(*terms) * symbol for symbol, terms in multiples.items()), *rest)


def _times(one: Monomial, other: Monomial) -> Monomial:
    if not one or not other:
        return one or other
    powers = dict(one)
    for symbol, power in other:
        powers[symbol] = powers.get(symbol, 0) + power
    return frozenset((symbol, power) for symbol, power in powers.items() if power)
