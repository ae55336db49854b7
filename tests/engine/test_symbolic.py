"""The derivation keeps one symbol per intermediate, grows with the parameters alone, and collapses heads."""

import subprocess
import sys

import pytest
import sympy as sp

from derive.engine.symbolic import Derivation, derive, step
from derive.rules.losses import LOSSES
from tests.engine.networks import layer, network, shipped


def square(width: int, depth: int, activation: str = "tanh") -> Derivation:
    layers = [layer(k, [[1] * width] * width, activation, [1] * width) for k in range(depth)]
    return derive(network([[1] * width], [[1] * width], layers, "squared_error"))


def operations(derivation: Derivation) -> int:
    rules = [rule for one in derivation.layers for row in one.weights_gradient for rule in row]
    for one in derivation.layers:
        rules += [*one.delta, *one.output_gradient, *one.pre_activation]
    return int(sum(sp.count_ops(rule) for rule in rules))


def test_the_homework() -> None:
    derivation = derive(shipped("two-layer"))
    first, last = derivation.layers
    y0, y1 = derivation.target_symbols
    s0, s1 = last.output_symbols
    for rule, s, y in zip(last.delta, (s0, s1), (y0, y1), strict=True):
        assert sp.expand(rule - (y0 + y1) * s + y) == 0
    assert last.weights_gradient[0][1] == first.output_symbols[0] * last.delta_symbols[1]
    assert first.bias_gradient == last.bias_gradient == ()
    h, gradient = first.pre_activation_symbols, first.output_gradient_symbols
    assert first.delta == tuple(g * step(z) for g, z in zip(gradient, h, strict=True))
    assert derivation.loss == -y0 * sp.log(s0) - y1 * sp.log(s1)


@pytest.mark.parametrize(
    ("loss", "last"), [(name, last) for name, row in LOSSES.items() for last in row.torch_stable]
)
def test_heads_collapse_to_the_closed_form_of_the_table(loss: str, last: str) -> None:
    derivation = derive(network([[1, 2]], [[0, 1]], [layer(0, [[1, 2], [3, 4]], last)], loss))
    a, y = derivation.layers[-1].output_symbols, derivation.target_symbols
    closed_form = LOSSES[loss].torch_stable[last].delta(a, y)
    found = derivation.layers[-1].delta
    assert [sp.expand(ours - form) for ours, form in zip(found, closed_form, strict=True)] == [0, 0]
    assert not any(power.exp.is_negative for rule in found for power in rule.atoms(sp.Pow))


def test_a_head_that_does_not_collapse_is_kept_as_a_product() -> None:
    """Binary cross-entropy on a softmax leaves quotients; its delta is gradient times Jacobian."""
    layers = [layer(0, [[1, 2], [3, 4]], "softmax")]
    derivation = derive(network([[1, 2]], [[0, 1]], layers, "binary_cross_entropy"))
    last = derivation.layers[-1]
    g, jacobian = last.output_gradient_symbols, last.slope
    assert last.delta == tuple(g[0] * jacobian[j] + g[1] * jacobian[2 + j] for j in range(2))


def test_every_symbol_is_a_real_number() -> None:
    derivation = derive(shipped("two-layer"))
    symbols = {*derivation.input_symbols, *derivation.target_symbols}
    for one in derivation.layers:
        symbols |= {*one.read, *one.pre_activation_symbols, *one.output_symbols, *one.bias}
        symbols |= {*one.delta_symbols, *one.output_gradient_symbols, *sum(one.weights, ())}
    assert len(symbols) == 2 + 2 + 2 * (4 + 4 * 2)
    assert all(symbol.is_real for symbol in symbols)
    assert step(derivation.input_symbols[0]).is_real


def test_a_shared_bias_sums_the_deltas() -> None:
    derivation = derive(shipped("mazur"))
    last = derivation.layers[-1]
    assert last.bias[0] is last.bias[1]
    assert last.bias_gradient == (sp.Add(*last.delta_symbols),)


def test_no_rule_is_ever_composed() -> None:
    """Each rule speaks of its neighbours alone."""
    derivation = square(4, 4)
    for one in derivation.layers:
        k = one.dense.index
        for rule in one.delta:
            assert {symbol.name.rstrip("0123456789_") for symbol in rule.free_symbols} <= {"g", "a", "z", "y"}
            assert all(symbol.name[1:].startswith((f"{k}_", "_")) for symbol in rule.free_symbols)


@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu", "softmax"])
def test_derivations_grow_no_faster_than_the_parameters(activation: str) -> None:
    small, wide, deep = square(4, 2, activation), square(8, 2, activation), square(4, 4, activation)
    assert operations(wide) <= 4.5 * operations(small)
    assert operations(deep) <= 2.2 * operations(small)


def test_sympy_must_run_on_its_own_numbers() -> None:
    asked = "import os, derive; os.environ['SYMPY_GROUND_TYPES'] = 'flint'; import derive.engine.symbolic"
    run = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=False)
    assert "SYMPY_GROUND_TYPES must be 'python'" in run.stderr
