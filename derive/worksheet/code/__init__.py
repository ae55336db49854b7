"""The code that a student writes for an exercise: the NumPy chain, then torch, then the comparison.

What is written here are listings for people. They are built from the table's own `listing` columns and
never run inside this program; the tests run the notebooks that they end up in.
"""

from dataclasses import dataclass

from derive.worksheet.code import autograd
from derive.worksheet.code.chain import Chain, data
from derive.worksheet.code.names import Names
from derive.worksheet.sheet import Sheet


@dataclass(frozen=True)
class Listings:
    """The cells of a notebook, in the order in which they run.

    Attributes:
        data: The given numbers.
        forward: Through the layers to the loss; for a batch a function of one example.
        jacobians: The local Jacobians and their product.
        torch: The same with automatic differentiation.
        compare: The two held against each other.
        exact: The result held against the exact values, rounded to float64; for keys alone. Empty where
            float64 can't be trusted to come close.
    """

    data: str
    forward: str
    jacobians: str
    torch: str
    compare: str
    exact: str


def listings(sheet: Sheet) -> Listings:
    """All cells for one exercise."""
    names = Names(sheet)
    chain = Chain(sheet, names)
    return Listings(
        data=data(sheet, names),
        forward=chain.forward(),
        jacobians=chain.jacobians(),
        torch=autograd.torch(sheet, names),
        compare=autograd.compare(names),
        exact=autograd.exact(sheet, names),
    )
