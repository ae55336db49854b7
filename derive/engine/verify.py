"""Holding the sources against each other, entry by entry.

The exact values are the reference. The NumPy chain and autograd, in float64, each have to lie within
the bound that the numbers at hand allow them (`bounds`); nothing is ever widened until it fits. An
entry that float64 cannot tell (a bound above 1e-6 of it) is confirmed by running the chain again over
Fractions or mpmath numbers. Verified means: no entry contradicted, every entry confirmed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import inf, nan
from typing import Any

import numpy as np
import numpy.typing as npt

from derive.engine import autograd, jacobians
from derive.engine.bounds import bounds
from derive.engine.doubts import doubt
from derive.engine.exact import Solution
from derive.engine.sources import Comparison, Place, Source, spelled
from derive.engine.values import Value
from derive.network import Network, nearest_float

__all__ = ["Comparison", "Source", "Verification", "verify"]

Array = npt.NDArray[Any]

TRUSTED = Fraction(1, 10**6)  # a bound above this share of the value says nothing about it
PRECISE = Fraction(1, 10**30)  # what the chain over high-precision numbers must meet
SPARE = 60  # digits that it carries where nothing cancels


@dataclass(frozen=True)
class Verification:
    """The outcome for one network.

    Attributes:
        solution: The exact values.
        sources: The NumPy chain and autograd.
    """

    solution: Solution
    sources: tuple[Source, ...]

    @property
    def network(self) -> Network:
        """The network that was verified."""
        return self.solution.derivation.network

    @cached_property
    def unconfirmed(self) -> list[str]:
        """Entries that no source confirms."""
        return [
            spelled(name, place)
            for name, place, _ in self.solution.entries()
            if not any(source.confirms((name, place)) for source in self.sources)
        ]

    @property
    def verified(self) -> bool:
        """Whether no entry is contradicted and every entry is confirmed."""
        return not self.unconfirmed and not any(source.contradicted for source in self.sources)

    @property
    def complete(self) -> bool:
        """Whether every source has run, as a key requires."""
        return not any(source.missing for source in self.sources)

    @property
    def unchecked(self) -> str:
        """What is to be said where torch did not run; empty where it did."""
        return "" if self.complete else "not checked against torch"

    def source(self, name: str) -> Source:
        """One source by its name."""
        return next(source for source in self.sources if source.name == name)

    def describe(self) -> str:
        """What went wrong, for a person: parameter, index, all values, relative error and bound."""
        lines = []
        for source in self.sources:
            if source.missing:
                lines.append(f"{source.name}: not run: {source.missing}")
            if source.contradicted:
                lines.append(self._describe_worst(source))
        if not lines and self.unconfirmed:
            lines.append("no source confirms " + ", ".join(self.unconfirmed[:8]))
        return "\n".join(lines)

    def _describe_worst(self, source: Source) -> str:
        worst = source.contradicted[0]
        count = f"{len(source.contradicted)} of {len(source.comparisons)} entries"
        lines = [
            f"{source.name} disagrees in {count}; worst:",
            f"  {worst.entry}  exact {worst.exact.rounded(17)}",
        ]
        for other in self.sources:
            if other.values is not None:
                value = other.values[worst.quantity][worst.place]
                judged = "disagrees" if any(c.entry == worst.entry for c in other.contradicted) else "agrees"
                lines.append(f"  {other.name:>9} {float(value)!r}  {judged}")
        relative, off = worst.relative_error, worst.difference
        lines.append(
            f"  relative error {'-' if relative is None else format(relative, '.2e')}, "
            f"off by {'no number' if off is None else format(nearest_float(off), '.2e')}, "
            f"allowed {float(worst.bound):.2e}"
        )
        return "\n".join(lines)


def verify(solution: Solution) -> Verification:
    """Run both independent computations and hold every entry against the exact one."""
    network = solution.derivation.network
    chain = _compared(solution, "jacobians", jacobians.compute(network), bounds(solution, stable=False))
    try:
        found = autograd.compute(network)
    except autograd.TorchMissingError as error:
        torch = Source("autograd", None, (), missing=str(error))
    else:
        torch = _compared(solution, "autograd", found, bounds(solution, stable=True))
    doubtful = any(not (chain.confirms(entry) or torch.confirms(entry)) for entry in _entries(solution))
    return Verification(solution, (_with_high_precision(solution, chain) if doubtful else chain, torch))


def _entries(solution: Solution) -> list[tuple[str, Place]]:
    return [(name, place) for name, place, _ in solution.entries()]


def _compared(
    solution: Solution, name: str, values: Mapping[str, Array], allowed: Mapping[str, Array]
) -> Source:
    largest = _largest(solution)
    comparisons = []
    for quantity, place, exact in solution.entries():
        bound = float(allowed[quantity][place])
        trusted = bound < inf and Fraction(bound) <= TRUSTED * _size(exact, largest[quantity])
        found = values.get(quantity)
        fits = found is not None and found.shape == solution.values[quantity].shape
        value = float(values[quantity][place]) if fits else nan
        comparisons.append(Comparison(quantity, place, exact, value, bound, trusted))
    return Source(name, values, tuple(comparisons), doubt=doubt(solution, comparisons))


def _largest(solution: Solution) -> dict[str, Fraction]:
    """The largest entry of each quantity; 1 where all are zero."""
    return {
        quantity: max(abs(value.fraction) for value in values.flat) or Fraction(1)
        for quantity, values in solution.values.items()
    }


def _size(exact: Value, largest: Fraction) -> Fraction:
    """What a bound is measured by: the value, or for a proven zero the largest entry beside it."""
    return largest if exact.is_zero else abs(exact.fraction)


def _with_high_precision(solution: Solution, chain: Source) -> Source:
    """The same chain over Fractions, or mpmath numbers with digits to spare for what cancels.

    One cancellation costs as many digits as the smallest number has zeros; where several of them meet
    and that is not enough, more digits are taken, and nothing else changes.
    """
    network = solution.derivation.network
    values = [value for _, _, value in solution.entries()]
    linear = all(layer.rule.piecewise_linear for layer in network.layers) and not network.loss.probability
    if linear and all(value.rational is not None for value in values):
        found = jacobians.compute(network, jacobians.FRACTIONS)
        return replace(chain, precise=_precise(solution, found, Fraction(0)), arithmetic="Fractions")
    zeros = max((abs(value.decimal.adjusted()) for value in values if not value.is_zero), default=0)
    precise: dict[tuple[str, Place], Comparison] = {}
    for digits in (SPARE + zeros, SPARE + 3 * zeros):
        try:
            found = jacobians.compute(network, jacobians.high_precision(digits))
        except ZeroDivisionError:  # what is divided by has vanished among the digits
            continue
        precise = _precise(solution, found, PRECISE)
        if all(comparison.within for comparison in precise.values()):
            break
    return replace(chain, precise=precise, arithmetic=f"mpmath numbers of {digits} digits")


def _precise(
    solution: Solution, found: Mapping[str, Array], allowed: Fraction
) -> dict[tuple[str, Place], Comparison]:
    """Every entry of the chain in high precision, and the share of it that it may be off."""
    largest = _largest(solution)
    precise = {}
    for quantity, place, exact in solution.entries():
        bound = allowed * _size(exact, largest[quantity])
        value = _fraction(found[quantity][place])
        precise[quantity, place] = Comparison(quantity, place, exact, value, bound, trusted=True)
    return precise


def _fraction(number: Any) -> Fraction | float:
    """An mpmath number, an int or a Fraction as a Fraction; a float where it is none (nan, inf)."""
    if isinstance(number, Fraction):
        return number
    if isinstance(number, int | np.integer):
        return Fraction(int(number))
    sign, mantissa, exponent, _ = number._mpf_
    if not mantissa and exponent:
        return float(number)
    return Fraction(-int(mantissa) if sign else int(mantissa)) * Fraction(2) ** int(exponent)
