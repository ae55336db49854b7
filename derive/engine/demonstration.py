"""The homework's own recipe beside the exact values: what a first notebook would print.

Softmax as exp / sum (with the shift by the maximum) and then a logarithm, in float32 and float64. It
shows where the recipe loses digits, or ends in 0, inf or nan. It is a demonstration: no bound is asked
of it, and it never decides whether a key is right.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Any

import numpy as np
import numpy.typing as npt

from derive.engine import autograd
from derive.engine.doubts import logit_gaps
from derive.engine.exact import Solution
from derive.engine.sources import Comparison, Source
from derive.network import Network


@dataclass(frozen=True)
class Demonstration:
    """What the homework's recipe makes of one network.

    Attributes:
        single, double: The recipe in float32 and float64, each entry compared with the exact value; an
            entry may be infinite or not a number. `missing` says why where torch does not run.
        logit_gap: For each row the largest difference between two logits, None where the last
            activation is not softmax. A Fraction where the logits are rational.
        avoidable: Whether the recipe in float32 has numbers that are infinite or none, and torch's
            functions that take the logits have none.
    """

    single: Source
    double: Source
    logit_gap: tuple[Fraction | float, ...] | None
    avoidable: bool


def demonstrate(solution: Solution) -> Demonstration:
    """Run the homework's recipe in both precisions."""
    single = _recipe(solution, "recipe32", single=True)
    return Demonstration(
        single=single,
        double=_recipe(solution, "recipe64", single=False),
        logit_gap=logit_gaps(solution),
        avoidable=_avoidable(solution.derivation.network, single),
    )


def takes_logits(network: Network) -> bool:
    """Whether torch has a function for the loss that takes the logits of the last layer."""
    return network.layers[-1].activation in network.loss.torch_stable


def _avoidable(network: Network, recipe: Source) -> bool:
    if recipe.values is None or not takes_logits(network) or _finite(recipe.values):
        return False
    return _finite(autograd.compute(network, single=True))


def _finite(values: Mapping[str, npt.NDArray[Any]]) -> bool:
    names = [name for name in values if name == "loss" or name[:2] in ("W_", "b_")]
    return all(np.isfinite(values[name]).all() for name in names)


def _recipe(solution: Solution, name: str, single: bool) -> Source:
    try:
        values = autograd.compute(solution.derivation.network, single=single, textbook=True)
    except autograd.TorchMissingError as error:
        return Source(name, None, (), missing=str(error))
    comparisons = [
        Comparison(quantity, place, exact, float(values[quantity][place]), inf, trusted=False, single=single)
        for quantity, place, exact in solution.entries()
    ]
    return Source(name, values, tuple(comparisons))
