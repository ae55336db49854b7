"""A rule, compiled, is the rule: over rationals, balls and closed forms."""

from typing import Any

import mpmath as mp
import pytest
import sympy as sp
from flint import arb, ctx, fmpq

from derive.engine.closed import as_ball
from derive.engine.number_systems import ExactNumbers
from derive.engine.program import evaluate
from derive.engine.symbolic import step

X, Y = sp.symbols("x y", real=True)
RULES = [
    sp.Integer(3),
    X,
    X + Y - sp.Rational(1, 3),
    X * Y * 2,
    X**3,
    X**-2,
    sp.exp(-X) / (1 + sp.exp(-X)) ** 2,
    sp.log(1 + sp.exp(Y)),
    X * (1 + sp.erf(sp.sqrt(2) * X / 2)) / 2,
    sp.exp(-(X**2) / 2) / sp.sqrt(2 * sp.pi),
    sp.sqrt(Y),
    sp.erf(X) - sp.pi,
]


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize(("x", "y"), [("1/3", "5"), ("-7/2", "2/9"), ("3", "1/7")])
def test_evaluation(rule: sp.Expr, x: str, y: str) -> None:
    values: dict[Any, Any] = {X: fmpq(*map(int, x.split("/"))), Y: fmpq(*map(int, y.split("/")))}
    with ctx.workprec(300):
        ball = as_ball(evaluate(rule, values, ExactNumbers()))
        found = arb.str(ball, 60, radius=False)
    with mp.workdps(80):
        expected = mp.mpf(str(sp.N(rule.subs({X: sp.Rational(x), Y: sp.Rational(y)}), 75)))
        assert abs(mp.mpf(found) - expected) <= mp.mpf(10) ** -55 * (1 + abs(expected))


@pytest.mark.parametrize("z", [-3, -40, -300])
def test_gelu_keeps_its_digits_far_below_zero(z: int) -> None:
    """1 + erf cancels there, e^(-z^2 / 2) is what is left: the sum is evaluated as erfc."""
    rule = X * (1 + sp.erf(X / sp.sqrt(2))) / 2
    with ctx.workprec(200):
        found = evaluate(rule, {X: fmpq(z)}, ExactNumbers())
        assert found.rel_accuracy_bits() > 150
        text = found.str(40, radius=False)
    with mp.workdps(60):
        expected = z * mp.erfc(-z / mp.sqrt(2)) / 2
        assert abs(mp.mpf(text) / expected - 1) < mp.mpf(10) ** -35


def test_a_step_is_looked_up_and_never_guessed() -> None:
    rule = step(X) * X
    assert evaluate(rule, {X: fmpq(5), step(X): fmpq(1)}, ExactNumbers()) == 5
    with pytest.raises(KeyError):
        evaluate(rule, {X: fmpq(5)}, ExactNumbers())


@pytest.mark.parametrize(
    "rule", [sp.Heaviside(X), sp.Max(0, X), sp.sin(X), X ** sp.Rational(1, 3), X**Y, sp.Float(0.5)]
)
def test_what_no_rule_needs_is_refused(rule: sp.Expr) -> None:
    with pytest.raises(TypeError, match="no rule of the tables may contain"):
        evaluate(rule, {X: fmpq(1), Y: fmpq(2)}, ExactNumbers())
