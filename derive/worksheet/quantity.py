"""How a quantity is named and laid out, whichever it is: a value of a layer, the loss, a gradient, a step."""

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from derive.engine import forms
from derive.worksheet.sheet import Sheet
from derive.worksheet.spelling import transposed


def symbol(sheet: Sheet, name: str) -> str:
    """LaTeX of a quantity by the name that files use, where `W_0` and `input` stand for gradients."""
    return forms.quantity(sheet.network, name)


def laid(sheet: Sheet, name: str, entries: npt.NDArray[np.object_]) -> list[list[Any]]:
    """A quantity's entries as a matrix in the convention; matrices of parameters are laid out already.

    Args:
        sheet: The exercise.
        name: The quantity.
        entries: Whatever stands for its entries, in the shape of its values.
    """
    rows = entries.reshape(1, -1).tolist() if entries.ndim < 2 else entries.tolist()
    matrix = entries.ndim == 2 and name.removeprefix("step.") in sheet.network.parameters()
    return rows if matrix or sheet.network.row_convention else transposed(rows)


def points(worth: Fraction) -> str:
    """Points as they are printed."""
    return str(worth) if worth.denominator == 1 else f"{float(worth):g}"
