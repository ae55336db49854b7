"""Gradient descent step by step: each parameter's update, and what the network gives afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import ctx

from derive.engine.exact import CERTIFIED
from derive.engine.forms import partial
from derive.engine.values import value_of
from derive.exercise.model import Step
from derive.network import updates
from derive.worksheet.forward import results
from derive.worksheet.sheet import Array, Sheet, aligned, exact
from derive.worksheet.spelling import bracketed

MOST_SHOWN = 4  # updates that are written out


@dataclass(frozen=True)
class Update:
    """One update.

    Attributes:
        number: 1 for the first.
        row: The example whose loss is descended, None where it is all of them.
        formulas: One per parameter that moves.
    """

    number: int
    row: int | None
    formulas: tuple[str, ...]


@dataclass(frozen=True)
class Descent:
    """The gradient descent that an exercise asks for.

    Attributes:
        rate: The learning rate, in LaTeX.
        count: How many updates there are; `updates`: those that are written out.
        by_row: Whether each update descends the loss of one example of several.
        frozen: Symbols of what stays as it is.
        rule: The update in symbols.
        after: The new parameters after the last update, where not every update is written out.
        output: The new output; loss: The new loss; before: The loss before, as LaTeX.
        spaces: What the handout has in the place of the new parameters.
    """

    rate: str
    count: int
    by_row: bool
    updates: tuple[Update, ...]
    frozen: tuple[str, ...]
    rule: str
    after: tuple[str, ...]
    output: str
    loss: str
    before: str
    spaces: str


def descent(sheet: Sheet) -> Descent | None:
    """The updates, or None where the exercise asks for none."""
    step = sheet.network.step
    if step is None:
        return None
    planned = updates(sheet.network)
    moving = [name for name in sheet.network.parameters() if name not in step.frozen]
    shown = range(min(len(planned), MOST_SHOWN))
    single_rows = step.order == "row" and not sheet.single
    written = tuple(
        Update(
            number=index + 1,
            row=planned[index][0][0] if single_rows else None,
            formulas=tuple(_update(sheet, step, name, index, len(planned)) for name in moving),
        )
        for index in shown
    )
    values = sheet.solution.values
    loss = sheet.scalar("step.loss")
    before = sheet.loss
    output = f"output_{sheet.depth - 1}"
    laid = sheet.laid(values[f"step.{output}"])
    return Descent(
        rate=sheet.speller.fraction(step.learning_rate),
        count=len(planned),
        by_row=single_rows,
        updates=written,
        frozen=tuple(sheet.symbol(name) for name in step.frozen),
        rule=r"\theta^{\mathrm{new}} = \theta - \eta\," + partial(sheet.network.symbols.loss, r"\theta"),
        after=tuple(_after(sheet, name) for name in moving) if len(planned) > MOST_SHOWN else (),
        output=aligned(
            new(sheet.symbol(output)), results(sheet.speller.matrix(laid), sheet.speller.rounded_matrix(laid))
        ),
        loss=aligned(
            new(sheet.network.symbols.loss),
            results(sheet.speller.value(loss), sheet.speller.rounded(loss)),
        ),
        before=sheet.speller.rounded(before).related,
        spaces=" ; ".join(_space(sheet, name) for name in moving) or "nothing",  # where all are frozen
    )


def new(symbol: str, mark: str = r"\mathrm{new}") -> str:
    """The symbol of an updated quantity."""
    return rf"{symbol}^{{{mark}}}" if "^" not in symbol else rf"({symbol})^{{{mark}}}"


def _shape(sheet: Sheet, array: Array) -> Array:
    """A parameter's numbers as a matrix in the convention."""
    if array.ndim == 2:
        return array
    row = array.reshape(1, -1)
    return row if sheet.network.row_convention else row.T


def _space(sheet: Sheet, name: str) -> str:
    rows, columns = _shape(sheet, sheet.solution.values[name]).shape
    return f"{new(sheet.symbol(name))}:{rows}x{columns}"


def _update(sheet: Sheet, step: Step, name: str, index: int, count: int) -> str:
    """One parameter's update: in symbols, with its numbers, and the result."""
    passes = sheet.solution.passes
    before, after = _values(sheet, passes[index + 1].parameters), _values(sheet, passes[index + 2].parameters)
    gradient = _values(sheet, passes[index + 1].found)
    symbol = sheet.symbol(name)
    mark = r"\mathrm{new}" if count == 1 else f"({index + 1})"
    rate = sheet.speller.fraction(step.learning_rate)
    old, moved = (sheet.speller.matrix(_shape(sheet, found[name])) for found in (before, gradient))
    old_symbol = symbol if index == 0 else new(symbol, f"({index})")
    relation = "=" if old.exact and moved.exact else r"\approx"
    right = [
        rf"= {old_symbol} - \eta\,{sheet.gradient(name)}",
        rf"{relation} {old.latex} - {rate} \cdot {bracketed(moved.latex)}",
        *results(
            sheet.speller.matrix(_shape(sheet, after[name])),
            sheet.speller.rounded_matrix(_shape(sheet, after[name])),
        ),
    ]
    return aligned(new(symbol, mark), right)


def _after(sheet: Sheet, name: str) -> str:
    values = _shape(sheet, sheet.solution.values[f"step.{name}"])
    right = results(sheet.speller.matrix(values), sheet.speller.rounded_matrix(values))
    return aligned(new(sheet.symbol(name)), right)


def _values(sheet: Sheet, found: Mapping[str, Array]) -> dict[str, Array]:
    """The parameters' entries of a pass as values."""
    with ctx.workprec(4 * max(sheet.solution.digits, CERTIFIED) + 64):
        return {name: _valued(found[name]) for name in sheet.network.parameters()}


def _valued(array: Array) -> Array:
    valued = np.empty(array.shape, dtype=object)
    for place in np.ndindex(array.shape):
        # What is too close to zero for its digits to be certain is shown as the zero that it rounds to.
        valued[place] = value_of(array[place], 24) or exact(Fraction(0))
    return valued
