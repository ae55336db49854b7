"""The bench runs, its contenders compute the same thing, and its figures come from what was measured."""

import math
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from markdown_it import MarkdownIt

from bench import __main__ as command
from bench import checking, child, deriving, measure, report
from bench.answer_key import Key, Stage
from bench.checking import CONTENDERS, Checked
from bench.deriving import PROGRAM, SYMENGINE, SYMPY, Derived

TIMING = measure.Timing(1.0, 0.5, 1.5, 3)
SIZES = [(2, 2, 2), (1, 3, 2), (2, 1, 2, 2)]


def derived(sizes: tuple[int, ...], seconds: float | None, operations: int | None = 10) -> Derived:
    return Derived(sizes, seconds, operations)


# Measuring


def test_the_median_of_the_repetitions() -> None:
    ticks = iter([0.0, 5.0, 10.0, 11.0, 20.0, 23.0])
    timing = measure.measure(lambda: None, repetitions=3, clock=lambda: next(ticks))
    assert timing == measure.Timing(3.0, 1.0, 5.0, 3)


def test_the_budget_ends_the_repetitions() -> None:
    ticks = iter(range(0, 100, 4))
    assert measure.measure(lambda: None, budget=7, clock=lambda: next(ticks)).repetitions == 2


def test_what_comes_before_is_not_timed() -> None:
    calls: list[str] = []
    measure.measure(lambda: calls.append("work"), lambda: calls.append("before"), repetitions=2)
    assert calls == ["before", "work"] * 2


def test_in_turns() -> None:
    calls: list[str] = []
    timings = measure.in_turns({name: lambda name=name: calls.append(name) for name in "ab"}, 2)
    assert calls == ["a", "b", "a", "b"]
    assert {name: timing.repetitions for name, timing in timings.items()} == {"a": 2, "b": 2}


def test_a_child_gives_its_result_and_is_stopped_at_the_cap() -> None:
    seconds, operations = child.run("deriving", "once", [PROGRAM, [2, 2, 2], True])
    assert seconds > 0
    assert operations > 0
    assert child.run("deriving", "once", [SYMPY, [8, 8, 8], False], cap=2.5) is None


# The contenders derive the same gradients


def gradients_at_a_point(sizes: tuple[int, ...]) -> tuple[list[Any], dict[str, Any]]:
    """By plain back-propagation in mpmath; and the numbers by the names of the symbols."""
    random = np.random.default_rng(3)
    point: dict[str, Any] = {}

    def drawn(name: str) -> Any:
        point[name] = mpmath.mpf(int(random.integers(1, 40))) / 16 - 1
        return point[name]

    weights = [
        [[drawn(f"W{k}_{i}_{j}") for j in range(m)] for i in range(n)]
        for k, (n, m) in enumerate(pairwise(sizes))
    ]
    a = [drawn(f"x_{i}") for i in range(sizes[0])]
    y = [drawn(f"y_{j}") for j in range(sizes[-1])]
    reads, zs = [], []
    for k, matrix in enumerate(weights):
        reads.append(a)
        zs.append([sum(a[i] * row[j] for i, row in enumerate(matrix)) for j in range(len(matrix[0]))])
        a = [max(z, mpmath.mpf(0)) for z in zs[-1]] if k < len(weights) - 1 else zs[-1]
    powers = [mpmath.exp(z) for z in a]
    delta = [sum(y) * power / sum(powers) - t for power, t in zip(powers, y, strict=True)]
    found: list[Any] = []
    for k in reversed(range(len(weights))):
        found[:0] = [read * d for read in reads[k] for d in delta]
        back = [sum(w * d for w, d in zip(row, delta, strict=True)) for row in weights[k]]
        delta = [g * (z > 0) for g, z in zip(back, zs[k - 1], strict=True)] if k else []
    return found, point


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("name", [SYMPY, SYMENGINE])
def test_differentiating_the_composed_loss(name: str, sizes: tuple[int, ...]) -> None:
    library = sp if name == SYMPY else pytest.importorskip("symengine")
    expected, point = gradients_at_a_point(sizes)
    entries = [sp.sympify(entry) for entry in deriving.composed(sizes, library)]
    found = sp.lambdify(list(map(sp.Symbol, point)), entries, "mpmath")(*point.values())
    for entry, number in zip(found, expected, strict=True):
        assert abs(entry - number) < 1e-12


@pytest.mark.parametrize("sizes", SIZES)
def test_what_the_program_derives(sizes: tuple[int, ...]) -> None:
    expected, point = gradients_at_a_point(sizes)
    derivation, entries = deriving.program(sizes)
    values: dict[Any, Any] = {
        sp.Symbol(s, real=True): sp.Float(str(number), 30) for s, number in point.items()
    }

    def assign(symbols: Any, rules: Any) -> None:
        steps = {step: sp.Integer(bool(values[step.args[0]] > 0)) for rule in rules for step in kinks(rule)}
        for symbol, rule in zip(symbols, rules, strict=True):
            values[symbol] = rule.xreplace(steps).xreplace(values).evalf(25)

    for layer in derivation.layers:
        assign(layer.pre_activation_symbols, layer.pre_activation)
        assign(layer.output_symbols, layer.output)
    for layer in reversed(derivation.layers):
        assign(layer.output_gradient_symbols, layer.output_gradient)
        assign(layer.delta_symbols, layer.delta)
    for entry, number in zip(entries, expected, strict=True):
        assert abs(mpmath.mpf(str(entry.xreplace(values).evalf(25))) - number) < 1e-12


def kinks(rule: Any) -> set[Any]:
    from derive.engine.symbolic import step

    return set(rule.atoms(step))


def test_the_loop_over_torch_computes_what_the_batch_does() -> None:
    from derive.engine.bulk import autograd

    batch = checking.drawn((3, 4, 3), 20)
    together = autograd.compute(batch)
    for index, (loss, gradients) in enumerate(checking.loop(batch)):
        assert float(loss.detach()) == pytest.approx(together["loss"][index], rel=1e-12)
        for name, gradient in zip(("W_0", "W_1", "input"), gradients, strict=True):
            assert np.allclose(gradient.numpy(), together[name][..., index], rtol=1e-12, atol=1e-13)


def test_rates_of_a_few_networks() -> None:
    rates, verified, contradicted = checking.rates((2, 2, 2), count=64, looped=3)
    assert set(rates) == set(CONTENDERS)
    assert all(rate > 0 for rate in rates.values())
    assert verified > 0.5
    assert contradicted == 0


# The report


def test_the_exponent_is_that_of_the_power() -> None:
    points = [derived((n,) * 3, 3.0 * (2 * n * n) ** 0.8) for n in (2, 3, 5, 8)]
    assert math.isclose(deriving.exponent(points), 0.8)


def some_figures(
    seconds: float = 0.005, naive: float | None = 2.0, rate: float = 4e5, cold: float = 1.5
) -> Any:
    sizes = [(2, 2, 2), (4, 4, 4)]
    wide = {
        PROGRAM: [derived(s, seconds * (k + 1)) for k, s in enumerate(sizes)],
        SYMPY: [derived(sizes[0], 0.1), derived(sizes[1], naive, None if naive is None else 99)],
    }
    checked = [Checked((2, 2, 2), dict.fromkeys(CONTENDERS, rate), 0.9, 0.0)]
    key = Key(measure.Timing(cold, cold, cold, 1), TIMING, (Stage("load", 0.2, 0.1),))
    return report.Figures(wide, wide, 60, checked, key)


def test_goals_are_met_or_not() -> None:
    assert [goal.met for goal in report.goals(some_figures(seconds=0.002))] == [True] * 4
    slow = report.goals(some_figures(seconds=0.2, rate=2e5, cold=2.5))
    assert [goal.met for goal in slow] == [False, True, False, False]
    assert slow[0].measured == "5 times"
    capped = report.goals(some_figures(seconds=0.005, naive=None))
    assert capped[0].measured == "more than 6,000 times"


def test_the_report_is_markdown_with_whole_tables() -> None:
    text = report.markdown(some_figures(naive=None))
    tokens = MarkdownIt().enable("table").parse(text)
    assert sum(token.type == "table_open" for token in tokens) == 5
    cells = [token.content for token in tokens if token.type == "inline"]
    assert "> 60 s" in cells
    assert "> 6,000" in cells
    assert "met" in cells
    assert report.markdown(report.Figures()).startswith("# What it costs")


def test_capped_sizes_are_not_drawn() -> None:
    (panel, *_) = report.panels(some_figures(naive=None)).values()
    assert {curve.name: len(curve.sizes) for curve in panel} == {PROGRAM: 2, SYMPY: 1}


def test_sizes_above_a_cap_are_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Any] = []

    def run(module: str, function: str, arguments: Any, cap: float) -> Any:
        name, size, _ = arguments
        tried.append((name, size))
        return None if name == SYMPY and len(size) > 3 else (0.1, 7)

    monkeypatch.setattr(deriving.child, "run", run)
    found = deriving.compared(deriving.deep(), 10, lambda line: None, turns=1)
    assert [one.seconds for one in found[SYMPY]] == [0.1, None, None, None, None]
    assert [one.operations for one in found[PROGRAM]] == [7] * 5
    assert sum(name == SYMPY for name, _ in tried) == 2


def test_an_unknown_section_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        command.main(["deriveing"])
    assert stopped.value.code == 2
    assert "there are deriving, checking, key" in capsys.readouterr().err


@pytest.mark.slow
def test_everything_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["bench"])
    command.main(["--small", "--out", str(tmp_path)])
    text = (tmp_path / "bench.md").read_text("utf-8")
    assert all(title in text for title in ("Deriving every gradient", "Checking in bulk", "One answer key"))
    assert (tmp_path / report.PLOT).read_text("utf-8").startswith("<?xml")
