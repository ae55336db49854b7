r"""What a row of the table of activations consists of.

`z` is the pre-activation, `a` the output, `p` the row's parameter (None where it has none).
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from derive.rules import notation

Rule = Callable[..., Any]


@dataclass(frozen=True)
class Listing:
    """The function as a student writes it, with `<z>`, `<a>` and `<p>` for the names of a listing.

    Attributes:
        value: NumPy expression of the output; slope: of the derivative (softmax: of the Jacobian).
        torch: PyTorch expression of the output.
        helper: NumPy lines that `value` and `slope` need before them.
    """

    value: str
    slope: str
    torch: str
    helper: str = ""


@dataclass(frozen=True)
class Activation:
    r"""One activation function.

    Attributes:
        latex: How its name is set, e.g. `\operatorname{ReLU}`.
        formula: LaTeX of the output of one unit (`fill` puts symbols or numbers in).
        definition: LaTeX that defines the function, where `formula` has but its name.
        slope_formula: LaTeX of the derivative at the pre-activation, one factor of a product.
        slope_functions: LaTeX that defines, for any z, the functions that `slope_formula` calls by name.
        value: (z, m, p) -> output. For softmax `z` is the whole row and so is the result.
        slope: (z, a, m, p) -> derivative at z. For softmax the Jacobian, rows are outputs.
        array: (z, xp, p) -> output; z: (n,).
        array_slope: (z, a, xp, p) -> derivative at each entry, or softmax's Jacobian (n, n).
        torch: (z, torch, p) -> output; z: (rows, n).
        curvature: (z, m, p) -> second derivative; the rounding of z is amplified by it.
        slope_terms: (z, a, xp, p) -> size of the largest term that the derivative is computed from.
        value_terms: (z, a, xp, p) -> the same for the output.
        listing: The same function in the code that a student writes.
        parameter: Default of the parameter, None for a row without one.
        elementwise: Whether each output depends on its own pre-activation alone.
        piecewise_linear: Whether rationals stay rationals.
        kink: Subgradient interval at 0 as two functions of p, None where it is smooth there.
        probability: Whether every output lies strictly between 0 and 1.
        textbook: (z, torch, p) -> output as a student writes it, where that is not torch's function.
    """

    latex: str
    formula: str
    slope_formula: str
    value: Rule
    slope: Rule
    array: Rule
    array_slope: Rule
    torch: Rule
    curvature: Rule
    slope_terms: Rule
    value_terms: Rule
    listing: Listing
    parameter: Fraction | None = None
    elementwise: bool = True
    piecewise_linear: bool = False
    kink: Callable[[Any], tuple[Any, Any]] | None = None
    probability: bool = False
    textbook: Rule | None = None
    definition: str = ""
    slope_functions: tuple[str, ...] = ()


def fill(template: str, z: str = "", a: str = "", p: str = "", product: str = r"\,") -> str:
    """A formula of the tables with spellings for `<z>`, `<a>`, `<p>` and the product sign `<o>`."""
    if p == "1":  # a factor that nobody writes
        template = template.replace(r"<p>\,", "").replace("<p> \\", "\\")
    return notation.fill(template, {"z": z, "a": a, "p": p, "o": product})
