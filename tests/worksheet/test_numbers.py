"""The numbers of a story are those of the chain of Jacobians: every displayed formula is read back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import isfinite
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from derive.engine import forms, jacobians
from derive.errors import ProblemError
from derive.network import Dense
from derive.rules.notation import with_index
from derive.worksheet import story
from derive.worksheet.descent import new
from derive.worksheet.story import Material
from tests.engine.networks import networks
from tests.worksheet import stories
from tests.worksheet.reading import NotReadError, entries, read, sides, with_precision

DIGITS = 120
# Behind the first equals sign stands what is computed, in symbols; these marks are of further such sides.
SYMBOLIC = (r"\partial", r"\sum", r"\odot", r"\eta", r"\lambda", r"\operatorname{softmax}", "dots")


def ball(number: Any, slack: Any = 0) -> Any:
    """A number of the chain, in whatever arithmetic, with what its own rounding may cost."""
    if isinstance(number, Fraction):
        return arb(fmpq(*number.as_integer_ratio())) + arb(0, slack)
    if isinstance(number, int | np.integer):
        return arb(int(number)) + arb(0, slack)
    sign, mantissa, exponent, _ = number._mpf_
    exact = arb(-int(mantissa) if sign else int(mantissa)) * arb(2) ** int(exponent)
    return exact + arb(0, abs(exact) * arb(10) ** -60 + slack)


@dataclass(frozen=True)
class Truth:
    """What the formulas of an exercise have to say, by the NumPy chain over numbers of many digits."""

    gathered: Material

    @cached_property
    def network(self) -> Any:
        return self.gathered.sheet.network

    @cached_property
    def spread(self) -> int:
        """How many powers of ten the numbers of the exercise reach over."""
        values = [value for _, _, value in self.gathered.sheet.solution.entries() if not value.is_zero]
        return max((abs(value.decimal.adjusted()) for value in values), default=0)

    @cached_property
    def arithmetic(self) -> Any:
        return jacobians.high_precision(DIGITS + 4 * self.spread)

    @cached_property
    def whole(self) -> Mapping[str, Any]:
        return jacobians.compute(self.network, self.arithmetic)

    @cached_property
    def rows(self) -> list[Any]:
        read_in = np.vectorize(self.arithmetic.read, otypes=[object])
        parameters = {
            name: read_in(np.array(laid, dtype=object)) for name, laid in self.network.parameters().items()
        }
        everyone = range(self.network.rows)
        return [jacobians.run_row(self.network, parameters, row, self.arithmetic) for row in everyone]

    def jacobian(self, row: int, of: str, for_what: str) -> Any:
        links = [*self.rows[row].spine, *self.rows[row].branches.values()]
        return next(link.jacobian for link in links if (link.numerator, link.denominator) == (of, for_what))

    def balls(self, numbers: Any) -> list[Any]:
        """Numbers, row by row. A sum of the chain that vanishes may leave something far below its terms."""
        slack = arb(10) ** (20 - DIGITS - 2 * self.spread)
        return [ball(number, slack) for number in np.array(numbers, dtype=object).flat]

    def symbols(self, row: int) -> dict[str, Any]:
        """Every symbol of one example and what it stands for."""
        network = self.network
        vectors = {network.symbols.input: network.inputs[row]}
        if network.targets is not None:
            vectors[network.symbols.target] = network.targets[row]
        found = dict(self.named())
        for layer in network.layers:
            vectors[network.symbols.pre_activation[layer.index]] = self.rows[row].pre_activations[layer.index]
            vectors[network.symbols.output[layer.index]] = self.rows[row].outputs[layer.index]
            symbol = network.symbols.weights[layer.index]
            weights = np.array([[ball(x) for x in line] for line in layer.weights], dtype=object)
            found |= {symbol: weights, forms.transposed(symbol): weights.T}
        for symbol, vector in vectors.items():
            found |= {with_index(symbol, index): ball(number) for index, number in enumerate(vector)}
        return found

    def named(self) -> dict[str, Any]:
        """The letter that stands for a common factor."""
        factor = self.gathered.sheet.speller.factor
        return {} if factor is None else {factor.name: read(factor.latex)}

    def digits(self, side: str) -> int:
        """How many digits a rounded decimal has at least; fewer in matrices that would be too wide."""
        wide = max(row.count("&") for row in side.split(r"\\")) >= 4 or r"\operatorname{diag}" in side
        return 3 if wide else self.gathered.sheet.speller.digits

    def hold(self, formula: str, numbers: Any, symbols: Mapping[str, Any], least: int = 1) -> None:
        """Every side of a formula that is made of numbers must be what it should be."""
        lines = [line.partition(r"\end{aligned}")[0] for line in formula.split("\\\\\n")]
        for before, after in pairwise(lines):
            # A rounded number doesn't equal what is exact: such a line begins with the left hand side.
            assert not (r"&\approx" in before and after.startswith("&=")), formula
        expected = self.balls(numbers)
        held = 0
        for number_of_side, (relation, side) in enumerate(sides(formula)[1:]):
            digits = self.digits(side) if relation == r"\approx" else None
            try:
                found = entries(read(side, symbols, digits))
            except NotReadError:
                if number_of_side == 0 or any(mark in side for mark in SYMBOLIC):
                    continue
                raise
            assert len(found) == len(expected), formula
            for number, right in zip(found, expected, strict=True):
                assert arb(number).overlaps(right), f"{side}\nin {formula}\nshould be {right.str(20)}"
            held += 1
        assert held >= (0 if "dots" in formula else least), f"{held} sides were read of {formula}"


def check(gathered: Material) -> None:
    truth = Truth(gathered)
    with with_precision():
        check_forward(truth)
        for part in gathered.facts["parts"]:
            check_part(truth, part)
        check_closed_forms(truth)
        check_table(truth)
        if gathered.facts["descent"] is not None:
            check_descent(truth)


def check_forward(truth: Truth) -> None:
    sheet = truth.gathered.sheet
    for step in truth.gathered.facts["steps"]:
        if step.quantity == "loss":
            truth.hold(step.formula, truth.whole["loss"], truth.named())
            continue
        values = truth.whole[step.quantity]
        laid = values if truth.network.row_convention else values.T
        symbols = truth.symbols(0) if sheet.single else truth.named()
        truth.hold(step.formula, laid, symbols)
    for row, formula in enumerate(truth.gathered.facts["row_losses"]):
        truth.hold(formula, truth.whole["row_losses"][row], {})


def links_of(network: Any, layer: Dense) -> Iterator[tuple[str, str]]:
    """The links of a part of the way back, in their order."""
    k, last = layer.index, len(network.layers) - 1
    yield ("loss", f"output_{k}") if k == last else (f"pre_activation_{k + 1}", f"output_{k}")
    yield f"output_{k}", f"pre_activation_{k}"
    yield f"pre_activation_{k}", layer.weights_name
    if layer.bias is not None:
        yield f"pre_activation_{k}", layer.bias_name


def check_part(truth: Truth, part: Any) -> None:
    network = truth.network
    (layer,) = (one for one in network.layers if one.weights_name == part.parameters[0].name)
    names = list(links_of(network, layer))
    for (of, for_what), link in zip(names, part.links, strict=True):
        for row in range(network.rows):
            truth.hold(link.formula, truth.jacobian(row, of, for_what), truth.symbols(row))
    products = [name for _, name in names if (_, name) != ("loss", f"output_{len(network.layers) - 1}")]
    for row, shown in enumerate(part.products):
        found = jacobians.multiply(truth.rows[row])
        for name, product in zip(products, shown, strict=True):
            truth.hold(product.formula, found[name], truth.named())
    for parameter in part.parameters:
        values = truth.whole[parameter.name]
        laid = values.T if values.ndim == 1 and not network.row_convention else values
        truth.hold(parameter.formula, laid, truth.named())


def check_closed_forms(truth: Truth) -> None:
    closed = truth.gathered.facts["closed"]
    layers = list(truth.gathered.sheet.layers_backwards())
    if truth.gathered.sheet.single:
        for layer, formula in zip(layers, closed.deltas, strict=True):
            truth.hold(formula, truth.whole[f"pre_activation_gradient_{layer.index}"], truth.named())
    names = [
        name
        for layer in layers
        for name in (layer.weights_name, *([] if layer.bias is None else [layer.bias_name]))
    ]
    for name, formula in zip([*names, "input"], closed.gradients, strict=True):
        values = truth.whole[name]
        laid = values.T if name == "input" and not truth.network.row_convention else values
        truth.hold(formula, laid, truth.named())


def check_table(truth: Truth) -> None:
    """The table of the cross-check: thirty digits of each entry, and what the sources print."""
    parameters = truth.network.parameters()
    places = [
        (name, place) for name in ("loss", *parameters) for place in np.ndindex(truth.whole[name].shape)
    ]
    table = truth.gathered.facts["check"]
    assert len(table.entries) + table.left_out == len(places)
    single = truth.gathered.sheet.demonstration.single
    recipe = {(one.quantity, one.place): one.value for one in single.comparisons}
    for (name, place), entry in zip(places, table.entries, strict=False):
        (right,) = truth.balls(truth.whole[name][place])
        assert arb(read(entry.exact, rounded=25)).overlaps(right), entry
        if (name, place) not in recipe:  # no torch here
            assert entry.single == r"\text{-}"
        elif isfinite(printed := float(recipe[name, place])):
            assert np.float32(read(entry.single).str(25, radius=False)) == np.float32(printed), entry
        else:
            assert entry.single in (r"\mathrm{nan}", r"\infty", r"-\infty")


def check_descent(truth: Truth) -> None:
    descent, sheet = truth.gathered.facts["descent"], truth.gathered.sheet
    frozen = truth.network.step.frozen
    moving = [name for name in truth.network.parameters() if name not in frozen]
    if descent.count <= len(descent.updates):
        for name, formula in zip(moving, descent.updates[-1].formulas, strict=True):
            truth.hold(formula, truth.whole[f"step.{name}"], truth.named(), least=2)
    for name, formula in zip(moving, descent.after, strict=False):
        assert formula.startswith((new(sheet.symbol(name)), r"\begin{aligned}"))
        truth.hold(formula, truth.whole[f"step.{name}"], {})
    output = truth.whole[f"step.output_{len(truth.network.layers) - 1}"]
    truth.hold(descent.output, output if truth.network.row_convention else output.T, {})
    truth.hold(descent.loss, truth.whole["step.loss"], {})
    truth.hold(f"l {descent.before}", truth.whole["loss"], {})


@pytest.mark.parametrize("name", stories.SHIPPED)
def test_formulas_of_a_shipped_exercise(name: str) -> None:
    check(stories.material(name))


def test_formulas_of_a_loss_of_eight_hundred_digits() -> None:
    layers = "[{weights: [[1], [-2]], activation: tanh}]"
    text = f"{{id: far, input: [1/3, 2], target: [1e400], layers: {layers}, loss: squared_error}}"
    check(story.gather(*stories.verified(stories.exercise_of(text))))


def test_what_is_exact_does_not_equal_what_was_rounded_before() -> None:
    layers = "[{weights: [[0.5], [0.25]], activation: sigmoid}]"
    gathered = story.gather(
        *stories.verified(
            stories.exercise_of(
                f"{{id: anew, input: [1, 2], target: [1], layers: {layers}, loss: squared_error}}"
            )
        )
    )
    check(gathered)
    (product,) = (p for p in gathered.facts["parts"][0].products[0] if "W_" in p.symbol)
    assert rf" \\{chr(10)}{product.symbol} &= " in product.formula


def check_any(network: Any) -> None:
    try:
        exercise = stories.exercise_of(stories.text_of(network))
        gathered = story.gather(*stories.verified(exercise))
    except ProblemError:
        reject()
    check(gathered)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(networks(depth=st.integers(1, 3), width=st.integers(1, 3)))
def test_formulas_of_small_networks(network: Any) -> None:
    check_any(network)


@pytest.mark.slow
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(networks())
def test_formulas_of_any_network(network: Any) -> None:
    check_any(network)
