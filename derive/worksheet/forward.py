"""The way forward, step by step: each quantity in symbols, with its numbers, and the result."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context
from fractions import Fraction

from derive.engine import forms
from derive.engine.values import Value, value_of
from derive.network import Dense
from derive.rules import activations, losses
from derive.rules.notation import parse_symbol, with_index
from derive.worksheet.fitting import CDOTS, first_and_last, fits
from derive.worksheet.sheet import Sheet, aligned
from derive.worksheet.spelling import Rows, Shown, bracketed, grouped, matrix, product

LONGEST_EXACT = 80  # characters of the exact outputs that a loss is written with
MANY_DIGITS = 24  # of a number that fewer digits would show as a whole one
_MOST_LOST = 25  # digits of forty that may cancel in a difference


@dataclass(frozen=True)
class Step:
    """One quantity, computed.

    Attributes:
        quantity: Its name, such as `pre_activation_0`.
        symbol: Its LaTeX.
        kind: What the prose says about it: `pre_activation`, `loss`, or the activation's name.
        task: What is computed, in symbols alone; the handout shows it.
        formula: The whole computation.
        spaces: What the handout has in its place.
        shift: For a softmax of one example the maximum that is subtracted, in LaTeX.
        layer: Index of the layer, None for the loss.
    """

    quantity: str
    symbol: str
    kind: str
    task: str
    formula: str
    spaces: str
    shift: str = ""
    layer: int | None = None


def steps(sheet: Sheet) -> list[Step]:
    """Every step of the forward pass, the loss last."""
    found: list[Step] = []
    for layer in sheet.network.layers:
        found += [_pre_activation(sheet, layer), _activation(sheet, layer)]
    return [*found, _loss(sheet)]


def results(shown: Shown, rounded: Shown) -> list[str]:
    """The result, and its decimals where it is irrational; a named factor stands for its decimals too."""
    return (
        [shown.related] if shown.named or shown.latex == rounded.latex else [shown.related, rounded.related]
    )


def _pre_activation(sheet: Sheet, layer: Dense) -> Step:
    name = f"pre_activation_{layer.index}"
    read = sheet.speller.rounded_matrix(sheet.laid(sheet.read_values(layer)))
    numbers = Shown(
        weighted_sum(sheet, layer, read.latex, sheet.weights(layer), _bias(sheet, layer)), read.exact
    )
    values = sheet.values(name)
    return Step(
        quantity=name,
        symbol=sheet.symbol(name),
        kind="pre_activation",
        task=f"{sheet.symbol(name)} = {forms.pre_activation(sheet.network, layer)}",
        formula=aligned(
            sheet.symbol(name),
            [f"= {forms.pre_activation(sheet.network, layer)}", numbers.related, *_both(sheet, values)],
        ),
        spaces=f"{sheet.symbol(name)}:{sheet.shape(layer.n_out)}",
        layer=layer.index,
    )


def weighted_sum(sheet: Sheet, layer: Dense, read: str, weights: str, bias: str) -> str:
    """`x W + b` or `W x + b` for any spelling of the parts; an empty bias is left out."""
    weighted = product(read, weights) if sheet.network.row_convention else product(weights, read)
    if bias.startswith("-"):
        return f"{weighted} - {bias[1:]}"
    return weighted + (f" + {bias}" if bias else "")


def _bias(sheet: Sheet, layer: Dense) -> str:
    """The numbers of a bias, laid out like the layer's values; a shared one before a vector of ones."""
    if layer.bias is None:
        return ""
    if isinstance(layer.bias, Fraction):
        ones = [["1"] * layer.n_out] if sheet.network.row_convention else [["1"]] * layer.n_out
        vector = f" {matrix(ones)}" if layer.n_out > 1 else ""
        return sheet.speller.fraction(layer.bias) + vector
    numbers = [sheet.speller.fraction(x) for x in layer.bias]
    return matrix([numbers] if sheet.network.row_convention else [[x] for x in numbers])


def _both(sheet: Sheet, values: Rows) -> list[str]:
    laid = sheet.laid(values)
    return results(sheet.speller.matrix(laid), sheet.speller.rounded_matrix(laid))


def _activation(sheet: Sheet, layer: Dense) -> Step:
    name, z = f"output_{layer.index}", sheet.values(f"pre_activation_{layer.index}")
    right = [f"= {forms.output(sheet.network, layer)}"]
    shift = ""
    if sheet.single and layer.activation == "softmax":
        largest = max(z[0], key=lambda value: value.fraction)
        exponents = _shifted(z[0], largest)
        shift = sheet.speller.value(largest).latex if exponents else ""
        right.append(_softmax(sheet, exponents or z[0]))
    elif sheet.single and layer.activation != "identity":
        right.append(_elementwise(sheet, layer, z[0]))
    if layer.rule.elementwise:
        right.append(sheet.speller.rounded_matrix(sheet.laid(sheet.values(name))).related)
    else:
        right += _both(sheet, sheet.values(name))
    return Step(
        quantity=name,
        symbol=sheet.symbol(name),
        kind=layer.activation,
        task=f"{sheet.symbol(name)} = {forms.output(sheet.network, layer)}",
        formula=aligned(sheet.symbol(name), right),
        spaces=f"{sheet.symbol(name)}:{sheet.shape(layer.n_out)}",
        shift=shift,
        layer=layer.index,
    )


def definition(layer: Dense) -> str:
    """What the layer's activation computes, for any pre-activation z."""
    index = "" if layer.rule.elementwise else "_k"
    formula = activations.fill(layer.rule.definition or layer.rule.formula, z="z", p=forms.parameter(layer))
    return f"{layer.rule.latex}(z){index} = {formula}"


def put(template: str, number: str, mark: str = "<z>") -> str:
    """A formula of the tables with a number in it; behind an operator a sign goes into brackets."""

    def spelled(match: re.Match[str]) -> str:
        before, after = template[: match.start()].rstrip()[-1:], template[match.end() :].lstrip()[:1]
        alone = before in ("", "(", "{", ",", "|") and after != "^"
        return number if alone else bracketed(number)

    return re.sub(re.escape(mark), spelled, template)


def _elementwise(sheet: Sheet, layer: Dense, z: Sequence[Value]) -> str:
    """The activation written out for each unit, with rounded numbers where the exact ones are too long."""
    template = activations.fill(layer.rule.formula, z="<z>", p=forms.parameter(layer))
    row = sheet.network.row_convention
    laid, exact = "", False
    for how in (sheet.speller.value, sheet.speller.rounded):
        shown = [how(value) for value in z]
        entries = [put(template, number.latex) for number in shown]
        exact = all(number.exact for number in shown)
        laid = matrix([entries] if row else [[entry] for entry in entries])
        if fits(laid):
            break
    else:
        laid = matrix([first_and_last(entries, CDOTS)]) if row else laid
    return Shown(laid, exact).related


def _softmax(sheet: Sheet, exponents: Sequence[Value]) -> str:
    """Softmax with its exponents put in."""
    shown = [sheet.speller.value(value) for value in exponents]
    powers = [f"e^{{{number.latex}}}" for number in shown]
    relation = "=" if all(number.exact for number in shown) else r"\approx"
    laid = matrix([powers] if sheet.network.row_convention else [[x] for x in powers])
    return rf"{relation} \frac{{1}}{{{' + '.join(powers)}}} {laid}"


def _shifted(z: Sequence[Value], largest: Value) -> list[Value]:
    """The logits less the largest; none at all where one difference has lost too many digits."""
    found = [_difference(value, largest) for value in z]
    enough = [difference for difference in found if difference is not None]
    return enough if len(enough) == len(z) else []


def _difference(value: Value, other: Value) -> Value | None:
    """The difference of two numbers; None where both are irrational and too few of their digits are left."""
    if value.closed is not None and other.closed is not None:
        found = value_of(value.closed - other.closed, 40)
        if found is not None:
            return found
    left = Context(prec=40).subtract(value.decimal, other.decimal)
    enough = value is other or left.adjusted() > other.decimal.adjusted() - _MOST_LOST
    return Value(None, left) if enough else None


def _loss(sheet: Sheet) -> Step:
    network = sheet.network
    symbols = network.symbols
    right = [f"= {loss_formula(sheet)}"]
    if sheet.single and network.l2 == 0:
        right.append(_loss_numbers(sheet, 0))
    right += _value_of_loss(sheet, sheet.loss)
    return Step(
        quantity="loss",
        symbol=symbols.loss,
        kind="loss",
        task=f"{symbols.loss} = {loss_formula(sheet)}",
        formula=aligned(symbols.loss, right),
        spaces=f"{symbols.loss}:1x1 ; space 5",
    )


def _value_of_loss(sheet: Sheet, value: Value) -> list[str]:
    """The loss, exact and as a decimal, with digits enough to show that it is no whole number."""
    rounded = sheet.speller.rounded(value)
    number = value.rounded(sheet.speller.digits)
    if not rounded.exact and number == number.to_integral_value():
        rounded = Shown(grouped(value.decimal, MANY_DIGITS), exact=False)
    return results(sheet.speller.value(value), rounded)


def row_losses(sheet: Sheet) -> list[str]:
    """For a batch: the loss of each example, in symbols, numbers and as a result."""
    found = []
    for row in range(sheet.network.rows):
        value = sheet.solution.values["row_losses"][row]
        right = [_loss_numbers(sheet, row), *_value_of_loss(sheet, value)]
        found.append(aligned(row_symbol(sheet, row), right))
    return found


def row_symbol(sheet: Sheet, row: int) -> str:
    """The loss of one example of a batch."""
    return rf"{sheet.network.symbols.loss}^{{({row})}}"


def loss_formula(sheet: Sheet) -> str:
    """The definition of the loss: of one example, or of the batch by the losses of its examples."""
    network = sheet.network
    if sheet.single:
        formula = row_loss_formula(sheet)
    else:
        total = r"\sum_{r} " + rf"{network.symbols.loss}^{{(r)}}"
        formula = rf"\frac{{1}}{{{network.rows}}} {total}" if network.reduction == "mean" else total
    if network.l2 != 0:
        formula += r" + \lambda \sum_{k,i,j} " + penalty_term(sheet)
    return formula


def penalty_term(sheet: Sheet) -> str:
    """The square of one weight."""
    return rf"({with_index(parse_symbol(sheet.exercise.notation.weights), 'k,ij')})^2"


def row_loss_formula(sheet: Sheet) -> str:
    """The definition of the loss of one example."""
    symbols = sheet.network.symbols
    return losses.fill(sheet.network.loss.latex, a=symbols.output[-1], y=symbols.target, n=sheet.last.n_out)


def _loss_numbers(sheet: Sheet, row: int) -> str:
    """The loss of one example with the numbers put in."""
    loss = sheet.network.loss
    values = sheet.values(f"output_{sheet.depth - 1}")[row]
    outputs = [sheet.speller.value(value) for value in values]
    if sum(len(output.latex) for output in outputs) > LONGEST_EXACT or not all(o.exact for o in outputs):
        outputs = [sheet.speller.rounded(value) for value in values]
    targets = sheet.network.targets
    terms = []
    for k, output in enumerate(outputs):
        template = losses.fill(loss.entry, a="<a>", y="<y>")
        if targets is not None:
            template = put(template, sheet.speller.fraction(targets[row][k]), "<y>")
        terms.append(put(template, output.latex, "<a>"))
    whole = losses.fill(loss.frame, n=len(outputs)).format(" + ".join(terms))
    return ("= " if all(output.exact for output in outputs) else r"\approx ") + whole


def entries(symbol: str, count: int) -> list[str]:
    """LaTeX of each entry of a vector."""
    return [with_index(symbol, index) for index in range(count)]
