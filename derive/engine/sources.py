"""What one computation says, entry by entry, beside the exact values."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import inf, isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from derive.engine.values import Value
from derive.network import nearest_float

Array = npt.NDArray[Any]
Place = tuple[int, ...]


def spelled(quantity: str, place: Place) -> str:
    """An entry as messages and tables name it: `W_0[0,1]`."""
    return quantity + (f"[{','.join(map(str, place))}]" if place else "")


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
        return isinstance(self.value, Fraction) or isfinite(self.value)

    @cached_property
    def difference(self) -> Fraction | None:
        """|source - exact|, without rounding; None where the source gave no number."""
        return abs(Fraction(self.value) - self.exact.fraction) if self.finite else None

    @property
    def relative_error(self) -> float | None:
        """|source - exact| / |exact|; None for a proven zero and where the source gave no number."""
        if self.difference is None or self.exact.is_zero:
            return None
        return nearest_float(self.difference / abs(self.exact.fraction))

    @property
    def ulps(self) -> float | None:
        """The difference in units in the last place of the exact value, in the format of the source.

        None where there is no difference, or where the value is out of the range of the format.
        """
        if self.difference is None:
            return None
        with np.errstate(over="ignore"):
            nearest = (np.float32 if self.single else np.float64)(nearest_float(abs(self.exact.fraction)))
        spacing = float(np.spacing(nearest)) if np.isfinite(nearest) else inf
        return nearest_float(self.difference / Fraction(spacing)) if spacing < inf else None

    @cached_property
    def within(self) -> bool:
        """Whether it lies within the bound; an infinite bound holds everything."""
        if self.bound == inf:
            return True
        return self.difference is not None and self.difference <= Fraction(self.bound)

    @property
    def looseness(self) -> float:
        """The bound as a share of the exact value; the bound itself for a proven zero."""
        if self.bound == inf:
            return inf
        return nearest_float(Fraction(self.bound) / (abs(self.exact.fraction) or 1))

    @property
    def entry(self) -> str:
        """The entry as messages and tables name it: `W_0[0,1]`."""
        return spelled(self.quantity, self.place)


@dataclass(frozen=True)
class Doubt:
    """Why float64 cannot tell some entry of a network.

    Attributes:
        kind: `kink`: a pre-activation is closer to its kink than its own rounding; `range`: an output
            is too small for float64; `saturation`: an output rounds to 1, and what is subtracted from
            it cancels; `descent`: the roundings of many updates add up; `cancellation`: sums whose terms
            are far larger than what is left of them.
        worst: The entry with the loosest bound.
        row, layer, unit: The pre-activation or output that causes it; None for the last two.
        gap: Largest difference between two logits of that row, where softmax is the last activation;
            a Fraction where the logits are rational.
        limit: What a saturated output rounds to: 1, or -1 for tanh.
    """

    kind: str
    worst: Comparison
    row: int | None = None
    layer: int | None = None
    unit: int | None = None
    gap: Fraction | float | None = None
    limit: int = 1

    def __str__(self) -> str:
        """The reason and how much it may cost, in a line."""
        size = "without limit" if self.worst.looseness == inf else f"by {self.worst.looseness:.1e}"
        share = "" if self.worst.exact.is_zero or self.worst.looseness == inf else " of its value"
        return f"{self._reason}; {self.worst.entry} can be off {size}{share}"

    @property
    def _reason(self) -> str:
        gap = "" if self.gap is None else f"at a logit gap of {nearest_float(Fraction(self.gap)):.6g} "
        if self.kind == "kink":
            return f"float64 cannot tell on which side of its kink {self._unit('pre_activation')} lies"
        if self.kind == "range":
            return f"{gap}{self._unit('output')} is too small for float64"
        if self.kind == "saturation":
            rounds = f"{self._unit('output')} rounds to {self.limit} in float64"
            return f"{gap}{rounds}, and what is left of it cancels"
        if self.kind == "descent":
            return "the roundings of many updates add up in float64"
        return "sums cancel in float64"

    def _unit(self, kind: str) -> str:
        return spelled(f"{kind}_{self.layer}", (self.row or 0, self.unit or 0))


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
        doubt: Why it cannot be trusted everywhere; None where it can.
    """

    name: str
    values: Mapping[str, Array] | None
    comparisons: tuple[Comparison, ...]
    missing: str = ""
    precise: Mapping[tuple[str, Place], Comparison] | None = None
    arithmetic: str = ""
    doubt: Doubt | None = None

    @cached_property
    def contradicted(self) -> list[Comparison]:
        """Entries outside their bound, the worst first."""
        everything = [*self.comparisons, *(self.precise or {}).values()]
        wrong = [comparison for comparison in everything if not comparison.within]
        return sorted(wrong, key=lambda c: -(c.relative_error or inf))

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
        if self.doubt is not None:
            instead = f"; the chain agrees over {self.arithmetic}" if self.precise else ""
            return f"unreliable: {self.doubt}{instead}"
        return "unreliable: nothing bounds its errors" if self.untrusted else "agrees"

    def confirms(self, entry: tuple[str, Place]) -> bool:
        """Whether it confirms an entry, in float64 or in high precision."""
        if self.precise is not None and entry in self.precise:
            return self.precise[entry].within
        comparison = self._by_entry.get(entry)
        return comparison is not None and comparison.trusted and comparison.within

    @cached_property
    def _by_entry(self) -> dict[tuple[str, Place], Comparison]:
        return {(comparison.quantity, comparison.place): comparison for comparison in self.comparisons}
