"""Local Jacobians as a page shows them: entries in symbols, numbers, and short forms of the wide ones."""

from collections.abc import Sequence

from derive.engine import forms
from derive.network import Dense
from derive.rules import activations, losses
from derive.worksheet.forward import entries
from derive.worksheet.sheet import Sheet
from derive.worksheet.spelling import Shown, matrix

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
    return matrix(
        [
            [
                losses.fill(sheet.network.loss.gradient_entry, a=a, y=y, n=count)
                for a, y in zip(outputs, targets, strict=True)
            ]
        ]
    )


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
    return matrix([[rf"{a[i]} (1 - {a[i]})" if i == j else rf"-{a[i]} {a[j]}" for j in units] for i in units])


def _unwrapped(formula: str) -> str:
    """Without brackets around the whole, which the tables give because a formula may be a factor."""
    if formula.startswith("(") and formula.endswith(")") and formula.find(")") == len(formula) - 1:
        return formula[1:-1]
    return formula


def diagonal(slopes: Sequence[str]) -> str:
    """A diagonal matrix, written out where it is small."""
    if len(slopes) > WIDEST // 3:
        return r"\operatorname{diag}\left(" + r",\; ".join(slopes) + r"\right)"
    return matrix([[slope if i == j else "0" for j in range(len(slopes))] for i, slope in enumerate(slopes)])


def _weights_entries(sheet: Sheet, layer: Dense) -> str:
    """What the layer reads, spread over the weights: `x (x) E` in the row convention, `E (x) x^T` else."""
    read = entries(sheet.read_symbol(layer), layer.n_in)
    if layer.n_in * layer.n_out > WIDEST:
        return blocks(sheet, layer, read)
    cells = [
        [read[i] if target == unit else "0" for _, i, target in layer.places()] for unit in range(layer.n_out)
    ]
    return matrix(cells)


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
    if for_what.startswith("W_") and values.shape[1] > WIDEST:
        read = [sheet.speller.rounded(value) for value in sheet.read_values(layer)[row]]
        return Shown(blocks(sheet, layer, [x.latex for x in read]), all(x.exact for x in read))
    if of.startswith("output") and layer.rule.elementwise and layer.n_out > WIDEST // 3:
        slopes = [sheet.speller.value(values[i, i]) for i in range(layer.n_out)]
        return Shown(diagonal([slope.latex for slope in slopes]), all(slope.exact for slope in slopes))
    return sheet.speller.matrix(values)
