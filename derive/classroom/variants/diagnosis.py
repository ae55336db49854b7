"""Whether the usual mistakes can be told: each from the right answer, and from each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from derive.classroom.misconceptions import (
    FLOATS,
    MISCONCEPTIONS,
    VISIBLE,
    Course,
    Given,
    Misconception,
    Way,
    can_differ,
    recompute,
)
from derive.engine.bulk import Batch
from derive.engine.bulk.model import network_of
from derive.network import Network

Mask = npt.NDArray[np.bool_]
_LOOKED_AT = 32  # networks that are asked whether a mistake can be made in them
_NOISE = (
    1e-12  # of the largest gradient: what cancels in floats leaves less than this where it should leave 0
)
_RARE = 0.05  # a pair that fewer good networks than this tell apart is one by the network's shape


@dataclass(frozen=True)
class Mistake:
    """A usual mistake, and the way of a student who makes it in networks of one exercise."""

    row: Misconception
    way: Way


@dataclass(frozen=True)
class Diagnosis:
    """What a network must show to be diagnostic.

    Attributes:
        mistakes: Each must lead to a visibly wrong answer.
        pairs: The two, by their places in `mistakes`, must lead to different ones.
        silent: Names of mistakes that can be made, but never show in this exercise.
    """

    mistakes: tuple[Mistake, ...]
    pairs: tuple[tuple[int, int], ...]
    silent: tuple[str, ...]


def diagnosis(like: Network, quantities: Sequence[str], good: Batch) -> Diagnosis:
    """What can be asked of an exercise's variants, found on good ones.

    Args:
        like: The exercise's own network.
        quantities: What students hand in.
        good: Networks that meet all other rules, at least one.
    """
    networks = [network_of(good, index, like) for index in range(min(len(good), _LOOKED_AT))]
    known = []
    for row in MISCONCEPTIONS.values():
        one = next(filter(row.applies, networks), None)
        if one is not None:
            known.append(Mistake(row, row.way(one)))
    right, *wrong = _answers(like, good, quantities, known)
    shows = [bool(_differ(right, answers).any()) for answers in wrong]
    mistakes = tuple(mistake for mistake, shown in zip(known, shows, strict=True) if shown)
    answers = [one for one, shown in zip(wrong, shows, strict=True) if shown]
    pairs = tuple(
        (left, right)
        for left, right in combinations(range(len(mistakes)), 2)
        if can_differ(like, mistakes[left].row, mistakes[right].row)
        and _differ(answers[left], answers[right]).mean() >= _RARE
    )
    silent = (mistake.row.name for mistake in known if mistake not in mistakes)
    return Diagnosis(mistakes, pairs, tuple(silent))


def undiagnostic(like: Network, quantities: Sequence[str], batch: Batch, asked: Diagnosis) -> Mask:
    """Networks in which a mistake leads to the right answer, or two to the same."""
    right, *wrong = _answers(like, batch, quantities, asked.mistakes)
    alike = np.zeros(len(batch), dtype=bool)
    for answers in wrong:
        alike |= ~_differ(right, answers)
    for one, other in asked.pairs:
        alike |= ~_differ(wrong[one], wrong[other])
    return alike


@dataclass(frozen=True)
class _Answers:
    """Everything handed in, quantity after quantity.

    Attributes:
        entries: (all entries, count)
        bounds: Where each quantity begins and ends among the entries.
        sizes: The largest entry of each quantity: (quantities, count).
        noise: What counts as nothing in each quantity: (quantities, count).
    """

    entries: npt.NDArray[np.float64]
    bounds: list[tuple[int, int]]
    sizes: npt.NDArray[np.float64]
    noise: npt.NDArray[np.float64]

    @classmethod
    def of(cls, course: Course, quantities: Sequence[str], count: int) -> "_Answers":
        """What a computation hands in."""
        flat = [course.computed[quantity].reshape(count, -1).T for quantity in quantities]
        ends = np.cumsum([len(part) for part in flat]).tolist()
        entries = np.ascontiguousarray(np.concatenate(flat))  # networks side by side in memory
        bounds = list(zip([0, *ends], ends, strict=False))
        sizes = _largest(abs(entries), bounds)
        gradients = np.array([_is_gradient(quantity) for quantity in quantities])
        noise = np.zeros_like(sizes)
        if gradients.any():
            noise[gradients] = _NOISE * sizes[gradients].max(axis=0)
        return cls(entries, bounds, sizes, noise)


def _is_gradient(quantity: str) -> bool:
    return "gradient" in quantity or quantity == "input" or quantity.startswith(("W_", "b_"))


def _largest(entries: npt.NDArray[np.float64], bounds: list[tuple[int, int]]) -> npt.NDArray[np.float64]:
    return np.stack([entries[start:end].max(axis=0) for start, end in bounds])


def _answers(
    like: Network, batch: Batch, quantities: Sequence[str], mistakes: Sequence[Mistake]
) -> list[_Answers]:
    """The right answers, then those of each mistake."""
    given = _given(like, batch)
    right = recompute(like, given, FLOATS)
    courses = [right, *(recompute(like, given, FLOATS, one.way, right=right) for one in mistakes)]
    return [_Answers.of(course, quantities, len(batch)) for course in courses]


def _differ(left: _Answers, right: _Answers) -> Mask:
    """Whether some quantity visibly differs; for all quantities at once what `differs` says of one."""
    with np.errstate(all="ignore"):
        gaps = _largest(abs(left.entries - right.entries), left.bounds)
        within = gaps <= np.maximum(
            VISIBLE * np.maximum(left.sizes, right.sizes), np.maximum(left.noise, right.noise)
        )
    return np.asarray((~within).any(axis=0))


def _given(network: Network, batch: Batch) -> Given:
    """The numbers of a batch, laid as the exercise lays them."""
    over = batch.denominators
    parameters = {}
    for layer, weights, bias in zip(network.layers, batch.weights, batch.biases, strict=True):
        laid = weights if network.row_convention else np.swapaxes(weights, 1, 2)
        parameters[layer.weights_name] = laid / over.weights
        if bias is not None:
            parameters[layer.bias_name] = bias / over.biases
    targets = None if batch.targets is None else batch.targets / over.targets
    return Given(batch.inputs / over.inputs, targets, parameters)
