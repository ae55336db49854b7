"""The three spellings of every activation, each against mpmath, in the middle and far out in the tails."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
import torch
from flint import arb

from derive.engine.jacobians import FLOAT64, high_precision
from derive.engine.symbolic import SYMPY, step
from derive.rules.activations import ACTIVATIONS, fill

ELEMENTWISE = [name for name, rule in ACTIVATIONS.items() if rule.elementwise]
POINTS = ["-3", "-1.28", "-1/3", "-1e-9", "1e-9", "0.1", "1/3", "2", "7"]
TAILS = ["-800", "-90", "-38", "-21", "21", "38", "90", "800"]
PARAMETERS = {
    "leaky_relu": [Fraction(1, 100), Fraction(3, 10), Fraction(-1, 2), Fraction(2)],
    "elu": [Fraction(1), Fraction(1, 4), Fraction(-1, 2), Fraction(100)],
}
CASES = [(name, p) for name in ELEMENTWISE for p in PARAMETERS.get(name, [None])]


@pytest.fixture(autouse=True)
def precision() -> Iterator[None]:
    with mp.workdps(60):
        yield


def truth(name: str, z: Any, p: Any) -> tuple[Any, Any]:
    """Value and derivative as a textbook gives them."""
    falls, rises = 1 / (1 + mp.exp(z)), 1 / (1 + mp.exp(-z))
    bell = mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi)
    positive = z > 0
    return {
        "identity": lambda: (z, 1),
        "relu": lambda: (z, 1) if positive else (0, 0),
        "leaky_relu": lambda: (z, 1) if positive else (p * z, p),
        "elu": lambda: (z, 1) if positive else (p * mp.expm1(z), p * mp.exp(z)),
        "sigmoid": lambda: (rises, rises * falls),
        "tanh": lambda: (mp.tanh(z), mp.sech(z) ** 2),
        "softplus": lambda: (max(z, 0) + mp.log1p(mp.exp(-abs(z))), rises),
        "silu": lambda: (z * rises, rises + z * rises * falls),
        "gelu": lambda: (z * mp.ncdf(z), mp.ncdf(z) + z * bell),
    }[name]()


def read(text: str) -> Any:
    number = Fraction(text)
    return mp.mpf(number.numerator) / number.denominator


def near(ours: Any, theirs: Any, allowed: Any) -> bool:
    return bool(abs((int(ours) if isinstance(ours, np.integer) else mp.mpf(ours)) - theirs) <= allowed)


def rational(number: Fraction | None) -> Any:
    return None if number is None else sp.Rational(number.numerator, number.denominator)


@pytest.mark.parametrize(("name", "p"), CASES)
@pytest.mark.parametrize("point", POINTS + TAILS)
def test_the_exact_rule(name: str, p: Fraction | None, point: str) -> None:
    rule, z = ACTIVATIONS[name], sp.Symbol("z", real=True)
    a = sp.sympify(rule.value(z, SYMPY, rational(p)))
    slope = sp.sympify(rule.slope(z, a, SYMPY, rational(p)))
    at = rational(Fraction(point))
    side = int(Fraction(point) > 0)
    value, derivative = truth(name, read(point), None if p is None else read(str(p)))
    for expression, expected in ((a, value), (slope, derivative)):
        if name == "gelu" and point in ("-800", "-90"):
            continue  # 1 + erf cancels there; the engine computes erfc, see test_program
        number = sp.N(expression.subs(step(z), side).subs(z, at), 420)
        assert near(mp.mpf(str(number)), expected, mp.mpf(10) ** -45 * abs(expected)), expression


@pytest.mark.parametrize(("name", "p"), CASES)
@pytest.mark.parametrize("point", POINTS + TAILS)
def test_the_numpy_functions(name: str, p: Fraction | None, point: str) -> None:
    """Within a few units of what the error analysis takes for the largest term."""
    rule, z = ACTIVATIONS[name], np.array([float(Fraction(point))])
    q = None if p is None else float(p)
    with np.errstate(all="ignore"):
        a = rule.array(z, FLOAT64, q)
        slope = rule.array_slope(z, a, FLOAT64, q)
        terms = abs(rule.value_terms(z, a, np, q)), abs(rule.slope_terms(z, a, np, q))
    value, derivative = truth(name, mp.mpf(z[0]), None if q is None else mp.mpf(q))
    tiny = mp.mpf(2) ** -1020
    assert near(a[0], value, 8 * mp.mpf(2) ** -52 * terms[0][0] + tiny)
    assert near(slope[0], derivative, 8 * mp.mpf(2) ** -52 * terms[1][0] + tiny)


@pytest.mark.parametrize(("name", "p"), CASES)
@pytest.mark.parametrize("point", POINTS + TAILS)
def test_torch(name: str, p: Fraction | None, point: str) -> None:
    rule = ACTIVATIONS[name]
    z = torch.tensor([[float(Fraction(point))]], dtype=torch.float64, requires_grad=True)
    q = None if p is None else float(p)
    a = rule.torch(z, torch, q)
    slope = torch.autograd.grad(a.sum(), z)[0] if a.requires_grad else torch.ones_like(z)
    numbers = z.detach().numpy()[0], a.detach().numpy()[0]
    with np.errstate(all="ignore"):
        terms = abs(rule.value_terms(*numbers, np, q)), abs(rule.slope_terms(*numbers, np, q))
    value, derivative = truth(name, mp.mpf(z.item()), None if q is None else mp.mpf(q))
    tiny = mp.mpf(2) ** -1020
    assert near(a.item(), value, 8 * mp.mpf(2) ** -52 * terms[0][0] + tiny)
    assert near(slope.item(), derivative, 8 * mp.mpf(2) ** -52 * terms[1][0] + tiny)


@pytest.mark.parametrize(("name", "p"), CASES)
@pytest.mark.parametrize("point", POINTS)
def test_the_same_functions_over_many_digits(name: str, p: Fraction | None, point: str) -> None:
    rule, xp = ACTIVATIONS[name], high_precision(60)
    z = np.array([xp.read(Fraction(point))], dtype=object)
    q = None if p is None else xp.read(p)
    a = rule.array(z, xp, q)
    slope = rule.array_slope(z, a, xp, q)
    value, derivative = truth(name, read(point), None if p is None else read(str(p)))
    assert near(a[0], value, mp.mpf(10) ** -55 * (1 + abs(value)))
    assert near(slope[0], derivative, mp.mpf(10) ** -55 * (1 + abs(derivative)))


@dataclass(frozen=True)
class Balls:
    """What a curvature is handed."""

    side: int
    exp, erf, pi = staticmethod(arb.exp), staticmethod(arb.erf), arb.pi()

    def sqrt(self, x: Any) -> arb:
        return arb(x).sqrt()

    def step(self, z: Any) -> int:
        return self.side


@pytest.mark.parametrize(("name", "p"), CASES)
@pytest.mark.parametrize("point", [*POINTS, "-21", "21"])
def test_the_curvature_is_the_slope_of_the_slope(name: str, p: Fraction | None, point: str) -> None:
    z, nudge = read(point), mp.mpf(10) ** -20
    q = None if p is None else read(str(p))
    expected = (truth(name, z + nudge, q)[1] - truth(name, z - nudge, q)[1]) / (2 * nudge)
    ball = arb(str(z))
    found = ACTIVATIONS[name].curvature(ball, Balls(int(z > 0)), None if p is None else arb(str(q)))
    assert near(float(arb(found).mid()), expected, mp.mpf(10) ** -13 * (1 + abs(expected)))


@pytest.mark.parametrize(("name", "p"), CASES)
def test_kinks_are_where_the_derivative_jumps(name: str, p: Fraction | None) -> None:
    rule, tiny = ACTIVATIONS[name], mp.mpf(10) ** -50
    q = None if p is None else read(str(p))
    ends = sorted([truth(name, -tiny, q)[1], truth(name, tiny, q)[1]])
    if rule.kink is None:
        assert near(*ends, mp.mpf(10) ** -45)
    else:
        for ours, theirs in zip(rule.kink(p), ends, strict=True):
            assert near(read(str(ours)), theirs, mp.mpf(10) ** -45)


@pytest.mark.parametrize("name", [name for name, rule in ACTIVATIONS.items() if rule.kink])
def test_at_a_kink_the_derivative_is_the_left_one_as_in_torch(name: str) -> None:
    rule = ACTIVATIONS[name]
    p = rule.parameter
    z = torch.zeros(1, 1, dtype=torch.float64, requires_grad=True)
    theirs = torch.autograd.grad(rule.torch(z, torch, None if p is None else float(p)).sum(), z)[0].item()
    at_zero = np.zeros(1)
    a = rule.array(at_zero, FLOAT64, None if p is None else float(p))
    ours = rule.array_slope(at_zero, a, FLOAT64, None if p is None else float(p))[0]
    symbol = sp.Symbol("z", real=True)
    exact = sp.sympify(rule.slope(symbol, rule.value(symbol, SYMPY, rational(p)), SYMPY, rational(p)))
    assert theirs == ours == float(exact.subs(step(symbol), 0).subs(symbol, 0))


LOGITS = [["0", "0"], ["1", "-2", "3"], ["18", "-18"], ["400", "0", "-350"], ["-1e4", "1e4"], ["5"]]


def softmax(logits: list[str]) -> tuple[list[Any], Any]:
    powers = [mp.exp(read(z)) for z in logits]
    s = [power / mp.fsum(powers) for power in powers]
    return s, [[s[i] * (int(i == j) - s[j]) for j in range(len(s))] for i in range(len(s))]


@pytest.mark.parametrize("logits", LOGITS)
def test_softmax_in_all_spellings(logits: list[str]) -> None:
    rule, z = ACTIVATIONS["softmax"], np.array([float(Fraction(z)) for z in logits])
    s, jacobian = softmax(logits)
    ours = rule.array(z, FLOAT64, None)
    tensor = torch.tensor(z[None, :], requires_grad=True)
    theirs = rule.torch(tensor, torch, None)
    slopes = rule.array_slope(z, ours, FLOAT64, None)
    symbols = sp.symbols(f"z:{len(z)}", real=True)
    numbers = {symbol: rational(Fraction(text)) for symbol, text in zip(symbols, logits, strict=True)}
    exact = [sp.N(entry.subs(numbers), 40) for entry in map(sp.sympify, rule.value(symbols, SYMPY, None))]
    textbook = rule.textbook(tensor, torch, None) if rule.textbook else theirs
    for i, expected in enumerate(s):
        for number in (ours[i], theirs[0, i].item(), textbook[0, i].item()):
            assert near(number, expected, mp.mpf(2) ** -49 * expected + mp.mpf(2) ** -1020)
        assert near(mp.mpf(str(exact[i])), expected, mp.mpf(10) ** -35 * expected)
        row = torch.autograd.grad(theirs[0, i], tensor, retain_graph=True)[0][0]
        for j, entry in enumerate(jacobian[i]):
            assert near(slopes[i, j], entry, mp.mpf(2) ** -50)
            assert near(row[j].item(), entry, mp.mpf(2) ** -50)


def test_the_exact_jacobian_of_softmax_has_outputs_as_rows() -> None:
    symbols = sp.symbols("s:3", real=True)
    jacobian = ACTIVATIONS["softmax"].slope(None, symbols, SYMPY, None)
    numbers = dict(zip(symbols, (sp.Rational(1, 2), sp.Rational(1, 3), sp.Rational(1, 6)), strict=True))
    assert sp.Matrix(jacobian).subs(numbers) == sp.Matrix(
        [
            [sp.Rational(1, 4), sp.Rational(-1, 6), sp.Rational(-1, 12)],
            [sp.Rational(-1, 6), sp.Rational(2, 9), sp.Rational(-1, 18)],
            [sp.Rational(-1, 12), sp.Rational(-1, 18), sp.Rational(5, 36)],
        ]
    )


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_what_a_row_says_of_itself(name: str) -> None:
    rule = ACTIVATIONS[name]
    assert rule.probability == (name in ("sigmoid", "softmax"))
    assert rule.elementwise == (name != "softmax")
    assert rule.piecewise_linear == (name in ("identity", "relu", "leaky_relu"))
    assert (rule.parameter is not None) == (name in PARAMETERS)
    for template in (rule.formula, rule.slope_formula):
        filled = fill(template, z="z", a="a", p="p", product=r"\odot")
        assert "<" not in filled.replace(" < ", "").replace(r"\le", "")
        assert filled.count("{") == filled.count("}")


def test_fill_takes_spellings_as_they_are() -> None:
    assert fill("<a><o>(1 - <a>)", a=r"\1<z>", product=r" \odot ") == r"\1<z> \odot (1 - \1<z>)"
