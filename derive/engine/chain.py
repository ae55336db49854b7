"""The chain of full local Jacobians with exact entries: what a worked solution shows step by step.

The numbers come from the derivation's own rules at the exact values, so they are those of the closed
forms; the NumPy chain in `jacobians` computes the same matrices independently.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import sympy as sp
from flint import ctx, fmpq

from derive.engine.exact import CERTIFIED, DRAWS, Solution
from derive.engine.number_systems import ExactNumbers, ResidueNumbers
from derive.engine.passes import Key, run
from derive.engine.program import evaluate
from derive.engine.symbolic import LayerDerivation, step
from derive.engine.values import Value, value_of
from derive.errors import Problem, ProblemError

Array = npt.NDArray[np.object_]

DIGITS = 24  # of an entry: more than a page shows of an intermediate number
DOUBLINGS = 6  # of the precision, for slopes of saturated units
ZERO, ONE = sp.Integer(0), sp.Integer(1)


@dataclass(frozen=True)
class RowChain:
    """The local Jacobians and the partial products of one example, exact.

    Attributes:
        jacobians: (numerator, denominator) -> (size of numerator, size of denominator); the names are
            those of `jacobians.Link`: `("loss", "output_1")`, `("pre_activation_1", "W_1")` ...
        products: Denominator -> the product from the left up to it, (size of the denominator,): the
            gradient of this example's loss, parameters flattened row by row.
    """

    jacobians: Mapping[tuple[str, str], Array]
    products: Mapping[str, Array]


def row_chain(solution: Solution, row: int) -> RowChain:
    """Every local Jacobian and partial product of one example.

    Args:
        solution: With the exact values of the network as it is given.
        row: Which example.

    Raises:
        ProblemError: An entry that may be zero, and that no precision decides.
    """
    entries = _Entries(solution, row)
    jacobians: dict[tuple[str, str], Array] = {}
    products: dict[str, Array] = {}
    layers = solution.derivation.layers
    last = layers[-1].dense.index
    jacobians["loss", f"output_{last}"] = entries.matrix([layers[-1].output_gradient_symbols])
    for layer in layers:
        _add_layer(entries, layer, jacobians, products)
    products["input"] = entries.vector(layers[0].read_gradient)
    return RowChain(jacobians, products)


def _add_layer(
    entries: "_Entries",
    layer: LayerDerivation,
    jacobians: dict[tuple[str, str], Array],
    products: dict[str, Array],
) -> None:
    dense = layer.dense
    z, a = f"pre_activation_{dense.index}", f"output_{dense.index}"
    read = f"output_{dense.index - 1}" if dense.index else "input"
    units = range(dense.n_out)
    if dense.rule.elementwise:
        slopes = [[layer.slope[i] if i == j else ZERO for j in units] for i in units]
    else:
        slopes = [list(layer.slope[i * dense.n_out : (i + 1) * dense.n_out]) for i in units]
    jacobians[a, z] = entries.matrix(slopes)
    jacobians[z, read] = entries.matrix([[row[j] for row in layer.weights] for j in units])
    jacobians[z, dense.weights_name] = entries.matrix(
        [[layer.read[i] if target == unit else ZERO for _, i, target in dense.places()] for unit in units]
    )
    products[a] = entries.vector(layer.output_gradient_symbols)
    products[z] = entries.vector(layer.delta_symbols)
    gradients = [layer.weights_gradient[i][j] for _, i, j in dense.places()]
    products[dense.weights_name] = entries.vector(gradients)
    if layer.bias:
        places = range(1 if dense.shared_bias else dense.n_out)
        jacobians[z, dense.bias_name] = entries.matrix(
            [[ONE if dense.shared_bias or i == j else ZERO for j in places] for i in units]
        )
        products[dense.bias_name] = entries.vector(layer.bias_gradient)


class _Entries:
    """Rules evaluated at the exact values of one example; zeros that the solution has decided stay zero."""

    def __init__(self, solution: Solution, row: int) -> None:
        self.solution, self.row = solution, row
        self.numbers = ExactNumbers()
        self.name = solution.derivation.network.name
        self.precision = 4 * max(solution.digits, CERTIFIED) + 64
        self.values: dict[sp.Symbol, Any] = dict(solution.passes[0].environments[row])
        for layer in solution.derivation.layers:
            for kind, symbols in (
                ("pre_activation", layer.pre_activation_symbols),
                ("output", layer.output_symbols),
                ("pre_activation_gradient", layer.delta_symbols),
                ("output_gradient", layer.output_gradient_symbols),
            ):
                decided = solution.values[f"{kind}_{layer.dense.index}"][row]
                self.values |= {
                    symbol: fmpq(0) for symbol, value in zip(symbols, decided, strict=True) if value.is_zero
                }

    @cached_property
    def residues(self) -> list[tuple[ResidueNumbers, Mapping[sp.Symbol, Any]]]:
        """The same example modulo a prime, as drawn several times."""
        derivation = self.solution.derivation
        bent = [layer for layer in derivation.layers if layer.dense.rule.kink is not None]
        signs = {
            Key(0, row, layer.dense.index, unit): int(values[step(symbol)])
            for row, values in enumerate(self.solution.passes[0].environments)
            for layer in bent
            for unit, symbol in enumerate(layer.pre_activation_symbols)
        }
        given = replace(derivation, network=replace(derivation.network, step=None))
        drawn = [ResidueNumbers(draw, signs) for draw in range(DRAWS)]
        return [(numbers, run(given, numbers)[0].environments[self.row]) for numbers in drawn]

    def vanishes(self, rule: sp.Expr) -> bool:
        """Whether a rule is zero for a structural reason."""
        return all(evaluate(rule, values, numbers).is_zero for numbers, values in self.residues)

    def value(self, rule: sp.Expr) -> Value:
        for doubling in range(DOUBLINGS):
            with ctx.workprec(self.precision << doubling):
                found = value_of(evaluate(rule, self.values, self.numbers), DIGITS)
            if found is not None:
                return found
            if doubling == 0 and self.vanishes(rule):
                return Value(fmpq(0), Decimal(0))
        what = f"no precision decides whether {rule} is zero"
        raise ProblemError([Problem(self.name, None, None, what, fix="change one of the numbers a little")])

    def vector(self, rules: Sequence[sp.Expr]) -> Array:
        vector: Array = self.matrix([rules])[0]
        return vector

    def matrix(self, rules: Sequence[Sequence[sp.Expr]]) -> Array:
        array = np.empty((len(rules), len(rules[0])), dtype=object)
        for i, row in enumerate(rules):
            for j, rule in enumerate(row):
                array[i, j] = self.value(rule)
        return array
