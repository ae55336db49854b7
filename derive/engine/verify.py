"""Holding the sources against each other, entry by entry.

The exact values are the reference. The NumPy chain and autograd, in float64, each have to lie within
the bound that the numbers at hand allow them (`bounds`); nothing is ever widened until it fits. An
entry that float64 cannot tell (a bound above 1e-6 of it) is confirmed by running the chain again over
Fractions or mpmath numbers. Verified means: no entry contradicted, every entry confirmed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import inf
from typing import Any

import numpy as np
import numpy.typing as npt

from derive.engine import autograd, jacobians
from derive.engine.bounds import ROUNDOFF, bounds
from derive.engine.exact import Solution
from derive.engine.values import Value
from derive.network import Network

Array = npt.NDArray[Any]
Place = tuple[int, ...]

TRUSTED = Fraction(1, 10**6)  # a bound above this share of the value says nothing about it
PRECISE = Fraction(1, 10**30)  # what the chain over high-precision numbers must meet


@dataclass(frozen=True)
class Comparison:
    """One entry of one source against the exact value.

    Attributes:
        quantity, place: Which entry; for example `W_0`, (0, 1).
        exact: The reference.
        value: What the source says: a float, or a Fraction where the chain ran in high precision.
        bound: How far it may be off.
        trusted: Whether that bound is small enough to tell anything.
        single: Whether the source computes in float32.
    """

    quantity: str
    place: Place
    exact: Value
    value: Any
    bound: Any
    trusted: bool
    single: bool = False

    @property
    def finite(self) -> bool:
        """Whether the source gave a number at all."""
        return isinstance(self.value, Fraction) or bool(np.isfinite(self.value))

    @cached_property
    def difference(self) -> Fraction | None:
        """|source - exact|, without rounding; None where the source gave no number."""
        return abs(Fraction(self.value) - self.exact.fraction) if self.finite else None

    @property
    def relative_error(self) -> float | None:
        """|source - exact| / |exact|; None for a proven zero and where the source gave no number."""
        if self.difference is None or self.exact.is_zero:
            return None
        return as_float(self.difference / abs(self.exact.fraction))

    @property
    def ulps(self) -> float | None:
        """The difference in units in the last place of the exact value, in the format of the source.

        None where there is no difference, or where the value is out of the range of the format.
        """
        if self.difference is None:
            return None
        with np.errstate(over="ignore"):
            nearest = (np.float32 if self.single else np.float64)(as_float(abs(self.exact.fraction)))
        spacing = float(np.spacing(nearest)) if np.isfinite(nearest) else inf
        return as_float(self.difference / Fraction(spacing)) if spacing < inf else None

    @property
    def within(self) -> bool:
        """Whether it lies within the bound; an infinite bound holds everything."""
        if self.difference is None:
            return bool(self.bound == float("inf"))
        return bool(self.bound == float("inf")) or self.difference <= Fraction(self.bound)

    @property
    def entry(self) -> str:
        """The entry as messages and tables name it: `W_0[0,1]`."""
        return self.quantity + (f"[{','.join(map(str, self.place))}]" if self.place else "")


@dataclass(frozen=True)
class Source:
    """One independent computation and how its entries compare.

    Attributes:
        name: `jacobians` or `autograd`.
        values: Name -> float64 arrays; None where it did not run.
        comparisons: Every entry in float64; empty where it did not run.
        missing: Why it did not run; empty where it did.
        precise: Entries computed again in high precision, by quantity and place.
        arithmetic: What `precise` was computed with; empty where it was not needed.
    """

    name: str
    values: Mapping[str, Array] | None
    comparisons: tuple[Comparison, ...]
    missing: str = ""
    precise: Mapping[tuple[str, Place], Comparison] | None = None
    arithmetic: str = ""

    @property
    def contradicted(self) -> list[Comparison]:
        """Entries outside their bound, the worst first."""
        everything = [*self.comparisons, *(self.precise or {}).values()]
        wrong = [comparison for comparison in everything if not comparison.within]
        return sorted(wrong, key=lambda c: -(c.relative_error or float("inf")))

    @property
    def untrusted(self) -> list[Comparison]:
        """Entries that float64 cannot tell here."""
        return [comparison for comparison in self.comparisons if not comparison.trusted]

    @property
    def verdict(self) -> str:
        """`agrees`, `disagrees: ENTRY`, `unreliable: why` or `not run: why`."""
        if self.missing:
            return f"not run: {self.missing}"
        if self.contradicted:
            return f"disagrees: {self.contradicted[0].entry}"
        if self.untrusted:
            worst = max(self.untrusted, key=_looseness)
            return f"unreliable: float64 can be off by {_looseness(worst):.1e} of {worst.entry}" + (
                f"; the chain agrees over {self.arithmetic}" if self.precise else ""
            )
        return "agrees"

    def confirms(self, entry: tuple[str, Place]) -> bool:
        """Whether it confirms an entry, in float64 or in high precision."""
        if self.precise is not None and entry in self.precise:
            return self.precise[entry].within
        comparison = self._by_entry.get(entry)
        return comparison is not None and comparison.trusted and comparison.within

    @cached_property
    def _by_entry(self) -> dict[tuple[str, Place], Comparison]:
        return {(comparison.quantity, comparison.place): comparison for comparison in self.comparisons}


def as_float(number: Fraction) -> float:
    """The nearest float; infinite where the number is out of range."""
    try:
        return float(number)
    except OverflowError:
        return inf if number > 0 else -inf


def _looseness(comparison: Comparison) -> float:
    size = abs(float(comparison.exact.fraction))
    return float(comparison.bound) / size if size else float(comparison.bound)


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
            name + (f"[{','.join(map(str, place))}]" if place else "")
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
        lines = [
            f"{source.name} disagrees in {len(source.contradicted)} of {len(source.comparisons)} entries; worst:",
            f"  {worst.entry}  exact {worst.exact.rounded(17)}",
        ]
        for other in self.sources:
            if other.values is not None:
                value = other.values[worst.quantity][worst.place]
                judged = "disagrees" if any(c.entry == worst.entry for c in other.contradicted) else "agrees"
                lines.append(f"  {other.name:>9} {value!r}  {judged}")
        relative = worst.relative_error
        lines.append(
            f"  relative error {'-' if relative is None else format(relative, '.2e')}, "
            f"off by {'no number' if worst.difference is None else format(float(worst.difference), '.2e')}, "
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
        torch = Source("autograd", None, (), missing=f"torch does not load ({error})")
    else:
        torch = _compared(solution, "autograd", found, bounds(solution, stable=True))
    doubtful = any(not (chain.confirms(entry) or torch.confirms(entry)) for entry in _entries(solution))
    return Verification(solution, (_with_high_precision(solution, chain) if doubtful else chain, torch))


def _entries(solution: Solution) -> list[tuple[str, Place]]:
    return [(name, place) for name, place, _ in solution.entries()]


def _compared(
    solution: Solution, name: str, values: Mapping[str, Array], allowed: Mapping[str, Array]
) -> Source:
    return Source(
        name,
        values,
        tuple(
            Comparison(quantity, place, exact, float(values[quantity][place]), bound, _trusted(solution, quantity, exact, bound))
            for quantity, place, exact in solution.entries()
            for bound in [float(allowed[quantity][place])]
        ),
    )


def _trusted(solution: Solution, quantity: str, exact: Value, bound: float) -> bool:
    """Whether a bound tells anything: against the value, or for a zero against the largest entry."""
    if bound == float("inf"):
        return False
    if not exact.is_zero:
        return Fraction(bound) <= TRUSTED * abs(exact.fraction)
    largest = max(abs(value.fraction) for value in solution.values[quantity].flat)
    return Fraction(bound) <= TRUSTED * (largest or 1)


def _with_high_precision(solution: Solution, chain: Source) -> Source:
    """The same chain over Fractions, or mpmath numbers with digits to spare for what cancels."""
    network = solution.derivation.network
    values = [value for _, _, value in solution.entries() if not value.is_zero]
    rational = all(layer.rule.piecewise_linear for layer in network.layers) and not network.loss.probability
    if rational:
        xp, arithmetic = jacobians.FRACTIONS, "Fractions"
    else:
        digits = 60 + 3 * max((abs(value.decimal.adjusted()) for value in values), default=0)
        xp, arithmetic = jacobians.high_precision(digits), f"mpmath numbers of {digits} digits"
    found = jacobians.compute(network, xp)
    precise = {}
    for quantity, place, exact in solution.entries():
        largest = max(abs(value.fraction) for value in solution.values[quantity].flat) or Fraction(1)
        allowed = Fraction(0) if rational else PRECISE * (largest if exact.is_zero else abs(exact.fraction))
        value = _fraction(found[quantity][place])
        precise[quantity, place] = Comparison(quantity, place, exact, value, allowed, trusted=True)
    return Source(chain.name, chain.values, chain.comparisons, precise=precise, arithmetic=arithmetic)


def _fraction(number: Any) -> Fraction | float:
    """An mpmath number, an int or a Fraction as a Fraction; a float where it is none (nan, inf)."""
    if isinstance(number, Fraction | int):
        return Fraction(number)
    sign, mantissa, exponent, _ = number._mpf_
    if not mantissa and exponent:
        return float(number)
    signed = -int(mantissa) if sign else int(mantissa)
    return signed * Fraction(2) ** exponent


def worst(comparisons: Sequence[Comparison]) -> Comparison | None:
    """The comparison with the largest relative error, None where there is none."""
    return max(comparisons, key=lambda c: c.relative_error or 0.0, default=None)
