"""The code that a student writes for an exercise: the NumPy chain, then torch, then the comparison.

What is written here are listings for people. They are built from the table's own `listing` columns and
never run inside this program; the tests run the notebooks that they end up in.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from derive.worksheet.code import autograd
from derive.worksheet.code.chain import Chain, data
from derive.worksheet.code.descent import descent
from derive.worksheet.code.names import Names
from derive.worksheet.code.wrapping import wrapped
from derive.worksheet.sheet import Sheet


@dataclass(frozen=True)
class Listings:
    """The cells of a notebook, in the order in which they run.

    Attributes:
        data: The given numbers.
        forward: Through the layers to the loss; for a batch a function of one example.
        gradients: For each layer, from the last to the first: its local Jacobians, their product, and the
            gradients in the shapes of the parameters.
        descent: Steps of gradient descent; empty where there are none.
        torch: The same with automatic differentiation.
        compare: The two held against each other, as far as double precision lets them agree.
        exact: The result held against the exact values, rounded to float64; for keys alone. Empty where
            float64 can't be trusted to come close.
        variables: By quantity, what the listings call it: forward values, the loss, gradients of parameters.
    """

    data: str
    forward: str
    gradients: tuple[str, ...]
    descent: str
    torch: str
    compare: str
    exact: str
    variables: Mapping[str, str]


def listings(sheet: Sheet) -> Listings:
    """All cells for one exercise."""
    names = Names(sheet)
    chain = Chain(sheet, names)
    return Listings(
        data=wrapped(data(sheet, names)),
        forward=wrapped(chain.forward()),
        gradients=tuple(map(wrapped, chain.gradients())),
        descent=wrapped(descent(sheet, names)),
        torch=wrapped(autograd.torch(sheet, names)),
        compare=wrapped(autograd.compare(sheet, names)),
        exact=wrapped(autograd.exact(sheet, names)),
        variables=variables(sheet),
    )


def variables(sheet: Sheet) -> dict[str, str]:
    """By quantity, what the listings call it."""
    names, layers = Names(sheet), range(sheet.depth)
    values = [f"{kind}_{k}" for k in layers for kind in ("pre_activation", "output")]
    found = {name: names[name] for name in (*values, "loss")}
    return found | {name: f"grad_{names[name]}" for name in names.parameters()}
