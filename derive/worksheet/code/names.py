"""Python names and numbers for the listings."""

import keyword
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from derive.network import Dense
from derive.rules import activations
from derive.worksheet.sheet import Sheet

_TAKEN = {"np", "torch", "erf", "softmax", "sigmoid", "Phi", "lam"}
_DECORATED = re.compile(r"\\(hat|tilde|bar|mathbf)\{([^{}]*)\}")


def identifier(latex: str) -> str:
    r"""A Python name for a symbol: `W_{0}` -> `W_0`, `z^{(1)}` -> `z1`, `\hat{y}` -> `y_hat`."""
    text = _DECORATED.sub(lambda m: f"{m[2]}_{m[1]}" if m[1] != "mathbf" else m[2], latex)
    text = re.sub(r"\^\{\(?(\w+)\)?\}", r"\1", text)
    text = re.sub(r"\W+", "", text.replace(r"\,", ""))
    return text + "_" if keyword.iskeyword(text) or text in _TAKEN else text


@dataclass(frozen=True)
class Names:
    """Python names of every quantity, each once."""

    sheet: Sheet

    @cached_property
    def _all(self) -> dict[str, str]:
        network = self.sheet.network
        symbols = network.symbols
        wanted = {"input": symbols.input, "target": symbols.target, "loss": symbols.loss}
        for layer in network.layers:
            k = layer.index
            wanted |= {f"pre_activation_{k}": symbols.pre_activation[k], f"output_{k}": symbols.output[k]}
            wanted |= {layer.weights_name: symbols.weights[k], layer.bias_name: symbols.bias[k]}
        found: dict[str, str] = {}
        for quantity, latex in wanted.items():
            name = identifier(latex)
            while name in found.values():
                name += "_"
            found[quantity] = name
        return found

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
