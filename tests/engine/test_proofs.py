"""The proofs: they hold for the tables as they are, and fail for every table that is a little wrong."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import sympy as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from derive import network
from derive.engine import layer_lemmas, lemmas, proofs, residues, symbolic, tangents
from derive.engine.lemmas import Identity, Lemma
from derive.exercise import schema
from derive.render.mathematics import spell
from derive.rules.activations import ACTIVATIONS, Activation
from derive.rules.losses import LOSSES

EXERCISES = sorted((Path(__file__).parents[2] / "exercises").glob("*.yaml"))
FUSED = [(loss, activation) for loss, row in LOSSES.items() for activation in row.torch_stable]
ELEMENTWISE = [name for name, row in ACTIVATIONS.items() if row.elementwise]
KINKED = [name for name, row in ACTIVATIONS.items() if row.kink]
Change = Callable[[symbolic.LayerDerivation], Any]
BIASES = {"none": "", "unit": "bias: {}", "shared": "bias: 0.5"}


def derivation(text: str) -> symbolic.Derivation:
    return symbolic.derive(network.build(schema.load(text, "test.yaml")))


def spelled(
    sizes: list[int], activations: list[str], loss: str, biases: list[str], rows: int = 1, more: str = ""
) -> str:
    """An exercise file of the network; its numbers don't matter, so they are small and alike."""
    convention_row = "convention: column" not in more
    text = f"id: test\ntitle: {{ko: t, en: t}}\nloss: {loss}\n{more}\n"
    text += f"input: {[[1] * sizes[0]] * rows}\n"
    if LOSSES[loss].target:
        text += f"target: {[[1 if k == 0 else 0 for k in range(sizes[-1])]] * rows}\n"
    text += "layers:\n"
    for n_in, n_out, activation, bias in zip(sizes, sizes[1:], activations, biases, strict=False):
        height, width = (n_in, n_out) if convention_row else (n_out, n_in)
        text += f"  - weights: {[[1] * width] * height}\n    activation: {activation}\n"
        text += f"    {BIASES[bias].format([1] * n_out)}\n" if bias != "none" else ""
    return text


HOMEWORK = spelled([2, 2, 2], ["relu", "softmax"], "cross_entropy", ["none", "none"])


def fails(lemma: Lemma, *parts: str) -> None:
    """The lemma fails in these parts, and says what is left over."""
    assert not lemma.holds
    failed = {identity.what for identity in lemma.failures}
    assert failed == set(parts) if parts else failed
    assert all(f"{lemma.name}, {part}: " in lemma.describe() for part in parts)


# The tables as they are


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_slope_and_curvature_is_a_derivative(name: str) -> None:
    lemma = lemmas.activation(name, ACTIVATIONS[name])
    assert lemma.holds, lemma.describe()
    assert lemma.name == name


@pytest.mark.parametrize("width", [2, 3, 4])
def test_every_entry_of_the_softmax_jacobian(width: int) -> None:
    lemma = lemmas.activation("softmax", ACTIVATIONS["softmax"], width)
    assert lemma.holds, lemma.describe()
    assert len(lemma.identities) == max(width, 3) ** 2


@pytest.mark.parametrize("name", KINKED)
def test_kinks_are_proven_on_each_side(name: str) -> None:
    parts = {identity.what for identity in lemmas.activation(name, ACTIVATIONS[name]).identities}
    assert {"slope for z > 0", "slope for z < 0", "both sides meet at z = 0"} <= parts


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_gradient_is_a_derivative(name: str, width: int) -> None:
    lemma = lemmas.loss(name, LOSSES[name], width)
    assert lemma.holds, lemma.describe()
    assert len(lemma.identities) == width


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize(("loss", "activation"), FUSED)
def test_every_collapsed_delta(loss: str, activation: str, width: int) -> None:
    lemma = lemmas.fused(loss, LOSSES[loss], activation, ACTIVATIONS[activation], width)
    assert lemma.holds, lemma.describe()
    assert lemma.name == f"{activation}_{loss}"


@pytest.mark.parametrize("several_rows", [False, True])
@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("row_convention", [False, True])
def test_the_layer_rule(row_convention: bool, bias: str, several_rows: bool) -> None:
    found = layer_lemmas.layer(row_convention, bias, several_rows)
    assert all(lemma.holds for lemma in found), [lemma.describe() for lemma in found]
    names = {"none": [], "unit": ["bias"], "shared": ["shared_bias"]}
    assert [lemma.name for lemma in found] == ["weights", "input", *names[bias]]


def test_the_penalty() -> None:
    assert layer_lemmas.penalty().holds


def test_the_opaque_functions_have_the_derivatives_of_the_real_ones() -> None:
    x = sp.Symbol("x", real=True)
    real = {lemmas.Exponential: sp.exp, lemmas.Logarithm: sp.log, lemmas.ErrorFunction: sp.erf}
    for opaque, function in real.items():
        derivative = sp.diff(opaque(3 * x), x)
        for other, instead in real.items():
            derivative = derivative.replace(other, instead)
        assert sp.simplify(derivative - sp.diff(function(3 * x), x)) == 0


def test_the_law_of_exponentials_is_all_that_identities_know() -> None:
    e, (x, y) = lemmas.Exponential, sp.symbols("x y", real=True)
    assert Identity("", e(x + y), e(x) * e(y)).holds
    assert Identity("", e(-2 * x) * e(x) ** 2, 1).holds
    assert Identity("", e(sp.Integer(0)), 1).holds
    assert Identity("", e(x / 2 - y) * e(y), e(x / 2)).holds
    assert not Identity("", e(2 * x), e(x)).holds
    assert not Identity("", e(x * y), e(x) * e(y)).holds


# Tables that are a little wrong


def scaled(rule: Callable[..., Any], factor: Any) -> Callable[..., Any]:
    return lambda *arguments: factor * rule(*arguments)


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("factor", [2, -1, sp.Rational(10**9 + 1, 10**9)])
def test_a_wrong_slope_fails(name: str, factor: Any) -> None:
    row = ACTIVATIONS[name]
    fails(lemmas.activation(name, replace(row, slope=scaled(row.slope, factor))))


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_wrong_curvature_fails(name: str) -> None:
    row = ACTIVATIONS[name]
    shifted = replace(row, curvature=lambda z, m, p: row.curvature(z, m, p) + 1)
    lemma = lemmas.activation(name, shifted)
    fails(lemma, *(i.what for i in lemma.identities if i.what.startswith("curvature")))


def test_a_mistake_on_one_side_of_the_kink_fails_there() -> None:
    row = replace(ACTIVATIONS["leaky_relu"], slope=lambda z, a, m, p: m.step(z) + p**2 * (1 - m.step(z)))
    fails(lemmas.activation("leaky_relu", row), "slope for z < 0")


def test_a_jump_at_the_kink_fails() -> None:
    row = replace(ACTIVATIONS["relu"], value=lambda z, m, p: m.step(z) * (z + 1))
    fails(lemmas.activation("relu", row), "both sides meet at z = 0")


@pytest.mark.parametrize(
    "jacobian",
    [
        lambda a: [[a[i] * (1 - a[i]) if i == j else 0 for j in range(len(a))] for i in range(len(a))],
        lambda a: [[a[i] * (int(i == j) + a[j]) for j in range(len(a))] for i in range(len(a))],
        lambda a: [[a[i] * (int(i == j) - a[i]) for j in range(len(a))] for i in range(len(a))],
    ],
    ids=["diagonal alone", "wrong sign", "wrong column"],
)
def test_a_wrong_softmax_jacobian_fails(jacobian: Callable[[Any], Any]) -> None:
    row = replace(ACTIVATIONS["softmax"], slope=lambda z, a, m, p: jacobian(a))
    fails(lemmas.activation("softmax", row))


@pytest.mark.parametrize("name", LOSSES)
def test_a_wrong_loss_gradient_fails(name: str) -> None:
    row = LOSSES[name]
    wrong = replace(row, gradient=lambda a, y, m: [-entry for entry in row.gradient(a, y, m)])
    fails(lemmas.loss(name, wrong, 2), "output 0", "output 1")


def test_the_textbook_delta_is_wrong_where_targets_need_not_sum_to_one() -> None:
    """S - y, right for the homework's numbers, is not right for every target."""
    row = LOSSES["cross_entropy"]
    textbook = replace(
        row.torch_stable["softmax"], delta=lambda a, y: [s - t for s, t in zip(a, y, strict=True)]
    )
    wrong = replace(row, torch_stable={"softmax": textbook})
    fails(lemmas.fused("cross_entropy", wrong, "softmax", ACTIVATIONS["softmax"], 2), "unit 0", "unit 1")


def test_a_wrong_layer_rule_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    rules: dict[str, Change] = {
        "weights_gradient": lambda layer: [[a * layer.delta_symbols[0]] * 3 for a in layer.read],
        "bias_gradient": lambda layer: layer.delta_symbols[::-1],
        "read_gradient": lambda layer: layer.read,
    }
    for name, rule in rules.items():
        monkeypatch.setattr(symbolic.LayerDerivation, name, property(rule))
    weights, read, bias = layer_lemmas.layer(row_convention=True, bias="unit", several_rows=False)
    fails(weights, "weight (0, 1)", "weight (0, 2)", "weight (1, 1)", "weight (1, 2)")
    fails(read, "input 0 of row 0", "input 1 of row 0")
    fails(bias, "b0_0", "b0_2")


def test_a_lemma_that_nothing_proves_does_not_hold() -> None:
    empty = Lemma("empty", "0", "0", ())
    assert not empty.holds
    assert "nothing" in empty.describe()


# Whole networks


@pytest.mark.parametrize("path", EXERCISES, ids=lambda path: path.stem)
def test_every_shipped_exercise_is_proven(path: Path) -> None:
    proof = proofs.prove(derivation(path.read_text("utf-8")))
    assert proof.holds
    assert proof.entries > 0


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_any_network_is_proven(data: st.DataObject) -> None:
    depth = data.draw(st.integers(1, 4))
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=depth + 1, max_size=depth + 1))
    activations = data.draw(st.lists(st.sampled_from(list(ACTIVATIONS)), min_size=depth, max_size=depth))
    loss = data.draw(st.sampled_from(list(LOSSES)))
    if LOSSES[loss].probability and not ACTIVATIONS[activations[-1]].probability:
        activations[-1] = data.draw(st.sampled_from(["softmax", "sigmoid"]))
    assume(not (sizes[-1] == 1 and activations[-1] == "softmax" and loss == "binary_cross_entropy"))
    biases = data.draw(st.lists(st.sampled_from(list(BIASES)), min_size=depth, max_size=depth))
    rows = data.draw(st.integers(1, 3))
    choices = {"convention": ["row", "column"], "reduction": ["mean", "sum"], "l2": [0, 0.5]}
    more = "\n".join(f"{key}: {data.draw(st.sampled_from(values))}" for key, values in choices.items())
    derived = derivation(spelled(sizes, activations, loss, biases, rows, more))
    proof = proofs.prove(derived)
    parameters = sum(d.n_in * d.n_out for d in derived.network.layers)
    assert proof.entries >= parameters
    names = [lemma.name for lemma in proof.lemmas]
    assert len(names) == len(set(names))
    assert {*activations, loss} <= set(names)


def test_the_lemmas_of_the_homework() -> None:
    found = proofs.lemmas_for(derivation(HOMEWORK).network)
    assert [lemma.name for lemma in found] == [
        "weights", "input", "relu", "softmax", "cross_entropy", "softmax_cross_entropy",
    ]  # fmt: skip


@pytest.mark.parametrize("more", ["", "convention: column\nreduction: sum\nl2: 1"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_statements_can_be_printed(activation: str, more: str) -> None:
    text = spelled([2, 2, 1], [activation, "sigmoid"], "binary_cross_entropy", ["unit", "shared"], 2, more)
    for lemma in proofs.lemmas_for(derivation(text).network):
        assert spell(lemma.latex, display=True).mathml


def inverted(layer: symbolic.LayerDerivation) -> Any:
    return tuple(g * (1 - s) for g, s in zip(layer.output_gradient_symbols, layer.slope, strict=True))


def with_delta(derived: symbolic.Derivation, k: int, change: Change) -> symbolic.Derivation:
    layers = list(derived.layers)
    layers[k] = replace(layers[k], delta=change(layers[k]))
    return replace(derived, layers=tuple(layers))


MISTAKES: dict[str, tuple[int, Change]] = {
    "mask missing": (0, lambda layer: layer.output_gradient_symbols),
    "mask inverted": (0, inverted),
    "s - y": (
        1,
        lambda layer: tuple(a - sp.Symbol(f"y_{k}", real=True) for k, a in enumerate(layer.output_symbols)),
    ),
    "sign": (1, lambda layer: tuple(-entry for entry in layer.delta)),
    "swapped": (1, lambda layer: layer.delta[::-1]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_closed_form_is_found(mistake: str) -> None:
    wrong = with_delta(derivation(HOMEWORK), *MISTAKES[mistake])
    proof = proofs.examine(wrong)
    assert not proof.holds
    assert "the closed forms are not the derivative of the loss" in proof.failures
    assert any("is not the product of the Jacobians" in failure for failure in proof.failures)
    with pytest.raises(proofs.ProofError, match="product of the Jacobians"):
        proofs.prove(wrong)


def test_a_row_broken_later_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was proven of another row says nothing, and the derivative is right about wrong tables too."""
    assert proofs.prove(derivation(HOMEWORK)).holds
    wrong = replace(ACTIVATIONS["relu"], slope=lambda z, a, m, p: 1 - m.step(z))
    monkeypatch.setitem(cast("dict[str, Activation]", ACTIVATIONS), "relu", wrong)
    with pytest.raises(proofs.ProofError, match=r"relu, slope for z > 0: 1 is left over") as raised:
        proofs.prove(derivation(HOMEWORK))
    assert "not the derivative of the loss" in str(raised.value)


def test_a_loss_that_is_never_defined_is_not_proven() -> None:
    """The only output of a softmax is 1, and log(1 - 1) is none."""
    text = spelled([2, 1], ["softmax"], "binary_cross_entropy", ["none"])
    with pytest.raises(proofs.ProofError, match="undefined for every input"):
        proofs.prove(derivation(text))


def test_two_layers_with_one_name_keep_both_proofs() -> None:
    """A softmax of two units and one of four are two proofs under one statement."""
    text = spelled([2, 4, 2], ["softmax", "softmax"], "cross_entropy", ["none", "unit"])
    by_name = {lemma.name: lemma for lemma in proofs.lemmas_for(derivation(text).network)}
    assert len(by_name["softmax"].identities) > 4**2
    assert "+ b" in by_name["weights"].latex


# Derivatives carried along


def test_tangents_differentiate() -> None:
    x, y = sp.symbols("x y")
    numbers = tangents.TangentNumbers(0, frozenset(), {})

    def modulo(expression: sp.Expr, point: dict[sp.Symbol, int]) -> int:
        numerator, denominator = sp.fraction(sp.together(expression.subs(point)))
        return int(numerator) * pow(int(denominator), -1, residues.P) % residues.P

    point = {x: 12345678901234567890, y: 987654321}
    expression = (x * y + 1 / x) * (x - y) - 3 * y + 7
    for moved in (x, y):
        one = {
            symbol: tangents.Tangent(residues.Residue(number, 0), residues.Residue(int(symbol == moved), 0))
            for symbol, number in point.items()
        }
        a, b = one[x], one[y]
        found = (a * b + numbers.inverse(a)) * (a - b) - 3 * b + 7
        assert found.value.value == modulo(expression, point)
        assert found.derivative.value == modulo(sp.diff(expression, moved), point)
    root = numbers.root(one[y] * one[y])
    assert root.value.value in (point[y], residues.P - point[y])
    assert root.derivative.value in (1, residues.P - 1)


def test_exponentials_and_their_inverses_move_together() -> None:
    numbers = tangents.TangentNumbers(1, frozenset(), {})
    x = numbers.number(3)
    product = numbers.exp(x) * numbers.exp(-x)
    assert (product.value.value, product.derivative.value) == (1, 0)
    assert numbers.log(x).derivative.value * x.value.value % residues.P == x.derivative.value
    both = numbers.erf(x) + numbers.erf(-x)
    assert (both.value.value, both.derivative.value) == (0, 0)
