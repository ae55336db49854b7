"""The way back: each gradient as a chain of full local Jacobians, multiplied from the left."""

from collections.abc import Sequence
from dataclasses import dataclass

from derive.engine import forms
from derive.network import Dense
from derive.rules.notation import with_index
from derive.worksheet import jacobians
from derive.worksheet.fitting import fits
from derive.worksheet.forward import results, row_symbol
from derive.worksheet.sheet import Array, Sheet, aligned
from derive.worksheet.spelling import Shown, bracketed, product

WIDEST_SUM = 4  # examples whose gradients are written as a sum
WIDEST_BLANK = 16  # columns of an empty matrix that can still be written into


@dataclass(frozen=True)
class Link:
    """One local Jacobian.

    Attributes:
        kind: `loss`, `activation`, `back` (through the weights), `weights` or `bias`.
        activation: Name of the activation whose Jacobian it is; empty otherwise.
        formula: The derivative, its entries in symbols and, for a single example, its numbers.
        spaces: What the handout has in its place.
        condition: Which side of its kink each unit is on, for a single example of an activation with one.
    """

    kind: str
    activation: str
    formula: str
    spaces: str
    condition: str = ""


@dataclass(frozen=True)
class Product:
    """A partial product: the chain from the left up to here."""

    symbol: str
    formula: str
    spaces: str


@dataclass(frozen=True)
class Parameter:
    """The gradient of one parameter, put together.

    Attributes:
        name: `W_0`, `b_0`; `symbol`: its LaTeX.
        formula: The gradient in the parameter's shape.
        spaces: What the handout has in its place.
        shape: Of the parameter.
    """

    name: str
    symbol: str
    formula: str
    spaces: str
    shape: str


@dataclass(frozen=True)
class Part:
    """One layer's part of the way back.

    Attributes:
        parameters: Its weights, and its bias if it has one.
        chain: The whole chain in symbols, with the shape of each Jacobian below it.
        known: The partial product that the part before ended with, in symbols; empty for the last layer.
        spread: Whether the Jacobian for the weights is written in blocks.
        links: The local Jacobians, in the order of the chain.
        products: For each example its partial products; several examples are numbered.
    """

    parameters: tuple[Parameter, ...]
    chain: str
    known: str
    spread: bool
    links: tuple[Link, ...]
    products: tuple[tuple[Product, ...], ...]


def parts(sheet: Sheet) -> list[Part]:
    """The gradients of all layers, the last layer first."""
    return [_part(sheet, layer) for layer in sheet.layers_backwards()]


def _spine(sheet: Sheet, layer: Dense) -> list[tuple[str, str]]:
    """The links from the loss, or from where the layer above left off, to the layer's pre-activation."""
    a, z = f"output_{layer.index}", f"pre_activation_{layer.index}"
    if layer.index == sheet.depth - 1:
        return [("loss", a), (a, z)]
    return [(f"pre_activation_{layer.index + 1}", a), (a, z)]


def _part(sheet: Sheet, layer: Dense) -> Part:
    z = f"pre_activation_{layer.index}"
    spine = _spine(sheet, layer)
    branches = [(z, name) for name in _names(layer)]
    known = (
        "" if layer.index == sheet.depth - 1 else sheet.partial("loss", f"pre_activation_{layer.index + 1}")
    )
    shown = range(min(sheet.network.rows, jacobians.DETAILED_ROWS))
    return Part(
        parameters=tuple(_parameter(sheet, layer, name) for name in _names(layer)),
        chain=_whole_chain(sheet, layer),
        known=known,
        spread=jacobians.in_blocks(sheet, layer),
        links=tuple(_link(sheet, layer, *pair) for pair in (*spine, *branches)),
        products=tuple(_products(sheet, layer, spine, branches, row) for row in shown),
    )


def _names(layer: Dense) -> list[str]:
    return [layer.weights_name, *([] if layer.bias is None else [layer.bias_name])]


def _whole_chain(sheet: Sheet, layer: Dense) -> str:
    """From the loss to the weights, every Jacobian with its shape."""
    pairs: list[tuple[str, str]] = []
    for above in sheet.layers_backwards():
        pairs += _spine(sheet, above)
        if above is layer:
            break
    pairs.append((f"pre_activation_{layer.index}", layer.weights_name))
    chain = sheet.chains[0].jacobians
    factors = []
    for of, for_what in pairs:
        rows, columns = chain[of, for_what].shape
        factors.append(rf"\underbrace{{{sheet.partial(of, for_what)}}}_{{{rows} \times {columns}}}")
    return f"{sheet.gradient(layer.weights_name)} = " + r"\,".join(factors)


def _link(sheet: Sheet, layer: Dense, of: str, for_what: str) -> Link:
    kind, symbols = jacobians.in_symbols(sheet, layer, of, for_what)
    right = [f"= {symbols}"] if symbols else []
    if sheet.single or kind in ("back", "bias"):
        numbers = jacobians.numbers(sheet, layer, of, for_what, 0)
        right.append(numbers.related)
    rows, columns = sheet.chains[0].jacobians[of, for_what].shape
    symbol = sheet.partial(of, for_what)
    return Link(
        kind=kind,
        activation=layer.activation if kind == "activation" else "",
        formula=aligned(symbol, right)
        if len(right) > 1 and len(right[0]) > 60
        else f"{symbol} {' '.join(right)}",
        spaces=blank(symbol, rows, columns),
        condition=_condition(sheet, layer) if kind == "activation" and sheet.single else "",
    )


def _condition(sheet: Sheet, layer: Dense) -> str:
    """On which side of its kink each unit is: `h_0 = 6 > 0, h_1 = -3 < 0`."""
    if layer.rule.kink is None:
        return ""
    name = f"pre_activation_{layer.index}"
    stated = []
    for index, value in enumerate(sheet.values(name)[0]):
        sign = "= 0" if value.is_zero else "> 0" if value.fraction > 0 else "< 0"
        number = "" if value.is_zero else f"{sheet.speller.rounded(value).related} "
        stated.append(f"{with_index(sheet.symbol(name), index)} {number}{sign}")
    return r",\quad ".join(stated)


def blank(label: str, rows: int, columns: int) -> str:
    """An empty matrix with its label, or room to write where it would be too wide for one."""
    return f"{label}:{rows}x{columns}" if columns <= WIDEST_BLANK else "space 6"


def _products(
    sheet: Sheet,
    layer: Dense,
    spine: Sequence[tuple[str, str]],
    branches: Sequence[tuple[str, str]],
    row: int,
) -> tuple[Product, ...]:
    """The chain from the left, one Jacobian at a time."""
    chain = sheet.chains[row]
    found = []
    for of, for_what in (*spine, *branches):
        if of == "loss":
            continue  # it is the first factor itself
        left = _vector(sheet, chain.products[of])
        right = jacobians.numbers(sheet, layer, of, for_what, row)
        values = chain.products[for_what].reshape(1, -1)
        loss = _loss_symbol(sheet, row)
        symbol = forms.partial(loss, sheet.symbol(for_what))
        lines = [
            rf"= {forms.partial(loss, sheet.symbol(of))}\,{sheet.partial(of, for_what)}",
            Shown(product(left.latex, right.latex), left.exact and right.exact).related,
        ]
        rounded = sheet.speller.rounded_matrix(values)
        if for_what.startswith("W_") and (jacobians.in_blocks(sheet, layer) or not fits(rounded.latex)):
            lines.append(_spread(sheet, layer, left, row))
        else:
            lines += results(sheet.speller.matrix(values), rounded)
        columns = values.shape[1]
        found.append(Product(symbol, aligned(symbol, lines), blank(symbol, 1, columns)))
    return tuple(found)


def _spread(sheet: Sheet, layer: Dense, delta: Shown, row: int) -> str:
    """A gradient of many columns as the Kronecker product that it is; its numbers follow as a matrix."""
    read = sheet.speller.rounded_matrix([sheet.read_values(layer)[row]])
    first, second = (read, delta) if sheet.network.row_convention else (delta, read)
    right = second.latex if second.latex.startswith(r"\begin") else rf"\left({second.latex}\right)"
    return Shown(rf"{first.latex} \otimes {right}", read.exact and delta.exact).related


def _loss_symbol(sheet: Sheet, row: int) -> str:
    return sheet.network.symbols.loss if sheet.single else row_symbol(sheet, row)


def _vector(sheet: Sheet, values: Array) -> Shown:
    return sheet.speller.matrix(values.reshape(1, -1))


def _parameter(sheet: Sheet, layer: Dense, name: str) -> Parameter:
    """The gradient in the parameter's own shape: for a batch the examples put together."""
    values = sheet.solution.values[name]
    laid = values.reshape(1, -1) if values.ndim < 2 else values
    if values.ndim == 1 and not sheet.network.row_convention:
        laid = laid.T
    symbol = sheet.gradient(name)
    right = _combination(sheet, layer, name)
    shown, rounded = sheet.speller.matrix(laid), sheet.speller.rounded_matrix(laid)
    right += [shown.related] if shown.latex == rounded.latex else [shown.related, rounded.related]
    rows, columns = laid.shape
    return Parameter(
        name=name,
        symbol=sheet.symbol(name),
        formula=aligned(symbol, right),
        spaces=blank(symbol, rows, columns),
        shape=rf"{rows} \times {columns}",
    )


def _combination(sheet: Sheet, layer: Dense, name: str) -> list[str]:
    """How a batch's examples, and the l2 term, make the gradient; nothing for a plain single example."""
    network = sheet.network
    term = f" + 2 \\lambda {sheet.symbol(name)}" if network.l2 != 0 and name.startswith("W") else ""
    if sheet.single and not term:
        return []
    if sheet.single:
        only = _reshaped(sheet, layer, name, 0)
        return [f"{only.related}{term}"]
    share = rf"\frac{{1}}{{{network.rows}}} " if network.reduction == "mean" else ""
    each = [_reshaped(sheet, layer, name, row) for row in range(min(network.rows, WIDEST_SUM + 1))]
    first, *others = (one.latex for one in each)
    total = " + ".join([first, *map(bracketed, others)])
    whole = rf"{share}\left({total}\right)" if share else total
    if len(each) <= WIDEST_SUM and fits(whole):
        return [Shown(whole + term, all(one.exact for one in each)).related]
    derivative = forms.partial(rf"{network.symbols.loss}^{{(r)}}", sheet.symbol(name))
    return [rf"= {share}\sum_{{r}} {derivative}{term}"]


def _reshaped(sheet: Sheet, layer: Dense, name: str, row: int) -> Shown:
    """The gradient of one example in the parameter's shape, as numbers."""
    values = sheet.chains[row].products[name]
    if name.startswith("W"):
        return sheet.speller.rounded_matrix(values.reshape(layer.weights_shape))
    laid = values.reshape(1, -1)
    return sheet.speller.rounded_matrix(laid if sheet.network.row_convention else laid.T)
