"""Holding the three sources against each other, for every entry of every network at once."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from derive.engine.autograd import TorchMissingError
from derive.engine.bulk import autograd, chain, exact
from derive.engine.bulk.bounds import bounds
from derive.engine.bulk.integers import NotExactError
from derive.engine.bulk.model import Batch, Floats

Mask = npt.NDArray[np.bool_]

CACHED = 2**19  # numbers that the largest array may hold, and how many networks go through at once
FEWEST_LANES, MOST_LANES = 256, 8192
TRUSTED = 1e-6  # a bound above this share of the value says nothing about it


@dataclass(frozen=True)
class BulkVerdict:
    """The outcome for each network of a batch.

    Attributes:
        sources: `exact`, `jacobians`, `autograd` -> `reference`, `ran` or `not run: why`. Without an
            exact side the chain is the reference, and only two sources are compared.
        verified: (count,). Every entry of every source lies within its bound of the reference, and every
            bound is small enough to tell something.
        contradicted: (count,). Some entry lies outside its bound.
        exact: Integer coefficients of all networks; None where there is no exact side.
    """

    sources: Mapping[str, str]
    verified: Mask
    contradicted: Mask
    exact: exact.Exact | None

    @property
    def doubtful(self) -> Mask:
        """(count,). Networks that binary64 can't tell: nothing is contradicted, not everything confirmed."""
        return ~self.verified & ~self.contradicted

    @property
    def complete(self) -> bool:
        """Whether all three sources have run."""
        return not any(said.startswith("not run") for said in self.sources.values())


def check(batch: Batch, lanes: int | None = None) -> BulkVerdict:
    """Run all sources over all networks and compare them entry by entry.

    Args:
        batch: At least one network.
        lanes: How many networks go through at once; by default as many as the cache is likely to hold.
    """
    lanes = lanes or lanes_of(batch)
    parts = [_check(batch[start : start + lanes]) for start in range(0, len(batch), lanes)]
    sides = [part.exact for part in parts if part.exact is not None]
    without = next((part for part in parts if part.exact is None), parts[0])
    return BulkVerdict(
        sources=without.sources,
        verified=np.concatenate([part.verified for part in parts]),
        contradicted=np.concatenate([part.contradicted for part in parts]),
        exact=exact.joined(sides) if len(sides) == len(parts) else None,
    )


def lanes_of(batch: Batch) -> int:
    """How many networks the sources take at once, so that their arrays stay in the cache."""
    widest = max(int(weights[0].size) * weights.shape[2] for weights in batch.weights) * batch.rows
    return int(min(MOST_LANES, max(FEWEST_LANES, CACHED // widest)))


def _check(batch: Batch) -> BulkVerdict:
    sources = {"exact": "reference", "jacobians": "ran", "autograd": "ran"}
    computed = [chain.compute(batch)]
    try:
        computed.append(autograd.compute(batch))
    except TorchMissingError as error:
        sources["autograd"] = f"not run: {error}"
    side: exact.Exact | None = None
    try:
        side = exact.compute(batch)
    except NotExactError as error:
        sources |= {"exact": f"not run: {error}", "jacobians": "reference"}
        reference, settled = computed.pop(0), [False] * len(batch.weights)
    else:
        reference = exact.values(batch, side)
        settled = [_is_power_of_two(z.denominator) for z in side.pre_activations]
    allowed = bounds(batch, reference, settled)
    contradicted = np.zeros(len(batch), dtype=bool)
    with np.errstate(invalid="ignore"):  # a source that overflowed
        for name, bound in allowed.items():
            for values in computed:
                outside = ~(abs(values[name] - reference[name]) <= bound)
                if outside.any():
                    contradicted |= _any(outside & (bound < np.inf))
    told = _told(batch, reference, allowed, side) if computed else np.zeros(len(batch), dtype=bool)
    return BulkVerdict(sources, told & ~contradicted, contradicted, side)


def _told(
    batch: Batch, reference: Mapping[str, Floats], allowed: Mapping[str, Floats], side: exact.Exact | None
) -> Mask:
    """Networks of which every bound is small enough; zeros that only coefficients show get a second look."""
    told = np.ones(len(batch), dtype=bool)
    for name, bound in allowed.items():
        told &= ~_any(~_tells(reference[name], bound, reference[name] == 0))
    again = np.flatnonzero(~told) if side is None else np.flatnonzero(~told & side.may_cancel())
    if side is None or not len(again):
        return told
    part, still = exact.chosen(side, again), np.ones(len(again), dtype=bool)
    for name, bound in allowed.items():
        values = reference[name][..., again]
        zero = values == 0
        if name == "input" or "gradient" in name or (name[:2] in ("W_", "b_") and not batch.l2):
            zero = zero | np.moveaxis(part.zeros(name), 0, -1)
        still &= ~_any(~_tells(values, bound[..., again], zero))
    told[again] = still
    return told


def _tells(values: Floats, bound: Floats, zero: Mask) -> Mask:
    """Whether a bound is small against its value; for a zero, against the largest entry of its quantity."""
    size = abs(values)
    tells: Mask = bound <= TRUSTED * size
    if zero.any():
        largest = np.where(zero, 0, size).max(axis=tuple(range(size.ndim - 1)))
        tells |= zero & (bound <= TRUSTED * np.where(largest == 0, 1.0, largest))
    return tells


def _any(mask: Mask) -> Mask:
    """For each network whether any entry is set."""
    return np.asarray(mask.any(axis=tuple(range(mask.ndim - 1))))


def _is_power_of_two(number: int) -> bool:
    return number & (number - 1) == 0
