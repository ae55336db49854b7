"""Python names and numbers for the listings."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from derive.network import Dense
from derive.rules import activations
from derive.worksheet.sheet import Sheet


@dataclass(frozen=True)
class Names:
    """Python names of every quantity, each once."""

    sheet: Sheet

    @cached_property
    def _all(self) -> dict[str, str]:
        return self.sheet.network.symbols.identifiers()

    def __getitem__(self, quantity: str) -> str:
        """The name of a quantity."""
        return self._all[quantity]

    def jacobian(self, of: str, for_what: str) -> str:
        """The name of a local Jacobian: `ds_dO`."""
        return f"d{self[of]}_d{self[for_what]}"

    def parameters(self) -> list[str]:
        """Quantities of all parameters, in their order."""
        return list(self.sheet.network.parameters())


def number(value: Fraction) -> str:
    """Python for a rational: exact where binary64 reads it from its text."""
    if value.denominator == 1:
        return str(value.numerator)
    rest = value.denominator
    while rest % 10 == 0:
        rest //= 10
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest == 1 and len(str(value.denominator)) < 12:
        return repr(float(value))
    return f"{value.numerator} / {value.denominator}"


def nested(laid: Any) -> str:
    """Python for a number, a vector or a matrix of rationals."""
    if isinstance(laid, Fraction):
        return number(laid)
    return "[" + ", ".join(map(nested, laid)) + "]"


def fill(template: str, sheet: Sheet, names: Names, layer: Dense, suffix: str = "") -> str:
    """A piece of the tables with the names of a layer."""
    k = layer.index
    p = "" if layer.parameter is None else number(layer.parameter)
    return activations.fill(
        template, z=names[f"pre_activation_{k}"] + suffix, a=names[f"output_{k}"] + suffix, p=p, product=""
    )
