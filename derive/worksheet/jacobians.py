"""Local Jacobians as a page shows them: entries in symbols, numbers, and short forms of the wide ones."""

from collections.abc import Sequence

from derive.engine import forms
from derive.engine.values import Value
from derive.network import Dense
from derive.rules import activations, losses
from derive.worksheet.fitting import CDOTS, first_and_last, fits
from derive.worksheet.forward import entries
from derive.worksheet.sheet import Sheet
from derive.worksheet.spelling import Shown, Speller, matrix

DETAILED_ROWS = 4  # examples of a batch whose products are written out
WIDEST = 12  # columns of a Jacobian that is written out; a wider one of zeros and copies goes in blocks


def in_symbols(sheet: Sheet, layer: Dense, of: str, for_what: str) -> tuple[str, str]:
    """What a link is, and its entries in symbols."""
    if of == "loss":
        return "loss", _loss_entries(sheet)
    if of.startswith("output"):
        return "activation", _activation_entries(sheet, layer)
    if for_what.startswith("output"):
        above = sheet.symbol(f"W_{layer.index + 1}")
        return "back", forms.transposed(above) if sheet.network.row_convention else above
    if for_what.startswith("b_"):
        return "bias", ""
    return "weights", _weights_entries(sheet, layer)


def _loss_entries(sheet: Sheet) -> str:
    symbols, count = sheet.network.symbols, sheet.last.n_out
    targets = entries(symbols.target, count)
    outputs = entries(symbols.output[-1], count)
    found = [
        losses.fill(sheet.network.loss.gradient_entry, a=a, y=y, n=count)
        for a, y in zip(outputs, targets, strict=True)
    ]
    laid = matrix([found])
    return laid if fits(laid) else matrix([first_and_last(found, CDOTS)])


def _activation_entries(sheet: Sheet, layer: Dense) -> str:
    z = entries(sheet.symbol(f"pre_activation_{layer.index}"), layer.n_out)
    a = entries(sheet.symbol(f"output_{layer.index}"), layer.n_out)
    units = range(layer.n_out)
    if layer.rule.elementwise:
        slopes = [
            activations.fill(layer.rule.slope_formula, z=z[i], a=a[i], p=forms.parameter(layer))
            for i in units
        ]
        slopes = [_unwrapped(slope) for slope in slopes]
        return diagonal(slopes)
    laid = matrix([[rf"{a[i]} (1 - {a[i]})" if i == j else rf"-{a[i]} {a[j]}" for j in units] for i in units])
    if fits(laid):
        return laid
    entry = activations.fill(layer.rule.slope_formula, a=sheet.symbol(f"output_{layer.index}"))
    return rf"\bigl({entry}\bigr)_{{i,j}}"


def _unwrapped(formula: str) -> str:
    """Without brackets around the whole, which the tables give because a formula may be a factor."""
    depth = 0
    for place, letter in enumerate(formula):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            whole = letter == ")" and place == len(formula) - 1
            return formula[1:-1] if whole else formula
    return formula


def diagonal(slopes: Sequence[str]) -> str:
    """A diagonal matrix, written out where it is small."""
    rows = range(len(slopes))
    if len(slopes) <= WIDEST // 3 and r"\dots" not in slopes:
        laid = matrix([[slopes[i] if i == j else "0" for j in rows] for i in rows])
        if fits(laid):
            return laid
    listed = r"\operatorname{diag}\left(" + r",\; ".join(slopes) + r"\right)"
    return listed if fits(listed) or len(slopes) < 3 else diagonal(first_and_last(slopes, r"\dots"))


def _weights_entries(sheet: Sheet, layer: Dense) -> str:
    """What the layer reads, spread over the weights: `x (x) E` in the row convention, `E (x) x^T` else."""
    read = entries(sheet.read_symbol(layer), layer.n_in)
    cells = [
        [read[i] if target == unit else "0" for _, i, target in layer.places()] for unit in range(layer.n_out)
    ]
    return blocks(sheet, layer, read) if in_blocks(sheet, layer) else matrix(cells)


def in_blocks(sheet: Sheet, layer: Dense) -> bool:
    """Whether the Jacobian for a layer's weights is too wide to be written out, in symbols or in numbers."""
    if layer.n_in * layer.n_out > WIDEST:
        return True
    chains = sheet.chains[:DETAILED_ROWS]
    pair = f"pre_activation_{layer.index}", layer.weights_name
    return not all(fits(sheet.speller.matrix(chain.jacobians[pair]).latex) for chain in chains)


def blocks(sheet: Sheet, layer: Dense, read: Sequence[str]) -> str:
    """The same Jacobian in blocks: multiples of the unit matrix, or copies of the row on the diagonal."""
    unit = f"E_{{{layer.n_out}}}"
    if sheet.network.row_convention:
        return matrix([[f"{_factor(x)} {unit}" for x in read]])
    return rf"{unit} \otimes {matrix([read])}"


def _factor(x: str) -> str:
    return f"({x})" if x.startswith("-") else x


def numbers(sheet: Sheet, layer: Dense, of: str, for_what: str, row: int) -> Shown:
    """The numbers of a local Jacobian at one example."""
    values = sheet.chains[row].jacobians[of, for_what]
    if for_what.startswith("W_") and in_blocks(sheet, layer):
        return sheet.speller.shortened(lambda speller: _in_blocks(sheet, layer, speller, row))
    if of.startswith("output") and layer.rule.elementwise and layer.n_out > WIDEST // 3:
        return sheet.speller.shortened(lambda speller: _listed(speller, list(values.diagonal())))
    return sheet.speller.matrix(values)


def _in_blocks(sheet: Sheet, layer: Dense, speller: Speller, row: int) -> Shown:
    read = [speller.rounded(value) for value in sheet.read_values(layer)[row]]
    return Shown(blocks(sheet, layer, [x.latex for x in read]), all(x.exact for x in read))


def _listed(speller: Speller, diagonal_values: Sequence[Value]) -> Shown:
    slopes = [speller.value(value) for value in diagonal_values]
    listed = r"\operatorname{diag}\left(" + r",\; ".join(slope.latex for slope in slopes) + r"\right)"
    return Shown(listed, all(slope.exact for slope in slopes))
