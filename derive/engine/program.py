"""Running a derivation: its SymPy rules as a straight-line program over any number system.

A rule is compiled once to a closure; what numbers go through it (rationals and closed forms, balls,
residues) is the business of the mathematics it is handed. Nothing is ever turned into a float.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, reduce
from operator import add, mul
from typing import Any, Protocol

import sympy as sp
from flint import fmpq

from derive.engine.symbolic import step

Number = Any
Environment = Mapping[sp.Symbol, Number]
Compiled = Callable[[Environment, "Mathematics"], Number]


class Mathematics(Protocol):
    """What a number system must offer beside its own + and *."""

    def exp(self, x: Number) -> Number:
        """The exponential."""

    def log(self, x: Number) -> Number:
        """The natural logarithm."""

    def erf(self, x: Number) -> Number:
        """The error function."""

    def erfc(self, x: Number) -> Number:
        """One minus the error function."""
        return fmpq(1) + -self.erf(x)

    def inverse(self, x: Number) -> Number:
        """One over x."""

    def root(self, x: fmpq) -> Number:
        """The square root of a positive rational."""

    def pi(self) -> Number:
        """The number pi."""


def evaluate(rule: sp.Expr, values: Environment, mathematics: Mathematics) -> Number:
    """The value of one rule.

    Raises:
        TypeError: SymPy wrote something that no rule of the tables needs; nothing is passed over.
    """
    return _compiled(rule)(values, mathematics)


@lru_cache(maxsize=65536)
def _compiled(rule: sp.Expr) -> Compiled:
    if rule.is_Symbol:
        return lambda values, m: values[rule]
    if rule.is_Rational:
        constant = fmpq(int(rule.p), int(rule.q))
        return lambda values, m: constant
    if rule is sp.pi:
        return lambda values, m: m.pi()
    if rule.is_Add and (tail := _compiled_tail(rule)):
        return tail
    parts = [_compiled(part) for part in rule.args]
    if rule.is_Add:
        return lambda values, m: _total(part(values, m) for part in parts)
    if rule.is_Mul:
        return lambda values, m: _product(part(values, m) for part in parts)
    if rule.is_Pow:
        return _compiled_power(rule, parts[0])
    if isinstance(rule, step):
        # Which side of the kink is decided once, with the pre-activation, and put among the values.
        return lambda values, m: values[rule]
    if len(parts) == 1 and (found := _FUNCTIONS.get(type(rule))):
        argument = parts[0]
        return lambda values, m: found(m)(argument(values, m))
    raise TypeError(f"no rule of the tables may contain {type(rule).__name__}: {rule}")


_FUNCTIONS: Mapping[type, Callable[[Mathematics], Callable[[Number], Number]]] = {
    sp.exp: lambda m: m.exp,
    sp.log: lambda m: m.log,
    sp.erf: lambda m: m.erf,
}


def _compiled_tail(rule: sp.Expr) -> Compiled | None:
    """A sum c + c erf(u) as c erfc(-u), which does not cancel where u is far below 0; None for others."""
    factor, rest = rule.as_coeff_Add()
    if factor == 0 or not isinstance(tail := rest / factor, sp.erf):
        return None
    constant, argument = fmpq(int(factor.p), int(factor.q)), _compiled(tail.args[0])
    return lambda values, m: m.erfc(-argument(values, m)) * constant


def _compiled_power(rule: sp.Expr, base: Compiled) -> Compiled:
    exponent = rule.exp
    if exponent.is_Integer:
        count = int(exponent)
        if count > 0:
            return lambda values, m: _product([base(values, m)] * count)
        return lambda values, m: m.inverse(_product([base(values, m)] * -count))
    if abs(exponent) == sp.Rational(1, 2):
        square = rule.base
        root: Compiled = (
            (lambda values, m: m.root(fmpq(int(square.p), int(square.q))))
            if square.is_Rational
            else (lambda values, m: m.root(base(values, m)))
        )
        return root if exponent > 0 else (lambda values, m: m.inverse(root(values, m)))
    raise TypeError(f"no rule of the tables may contain {rule}")


def _total(numbers: Iterable[Number]) -> Number:
    return reduce(add, numbers)


def _product(numbers: Iterable[Number]) -> Number:
    return reduce(mul, numbers)
