"""Answers that nobody worked out: stock numbers, copies, and numbers beyond all measure.

Nothing is carried forward from them.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction

import numpy as np

from derive.classroom.grading import balls
from derive.classroom.grading.balls import Array
from derive.classroom.grading.case import Case
from derive.network import Network

_FAR = 10**12  # times the largest right entry
Numbers = tuple[Fraction, ...]


def reason(case: Case, name: str, answers: Mapping[str, Array]) -> str:
    """Why a wrong answer is none that was worked out.

    Args:
        case: What the student was given.
        name: Of the quantity.
        answers: Of the student: arrays of `Written`.

    Returns:
        `constant`, `copied` or `far`; empty where there is no such reason.
    """
    numbers = _numbers(answers[name])
    right = case.right.computed[name]
    if any(number is not None and _is_far(number, right) for number in numbers):
        return "far"
    if len(numbers) < 2 or None in numbers:
        return ""
    found = tuple(number for number in numbers if number is not None)
    if len(set(found)) == 1 and not _is_constant(right):
        return "constant"
    earlier = list(answers)[: list(answers).index(name)]
    others = [_numbers(answers[other]) for other in earlier]
    return "copied" if found in [*others, *_given(case.network)] else ""


def _numbers(written: Array) -> tuple[Fraction | None, ...]:
    return tuple(entry.number for entry in written.flat)


def _is_far(number: Fraction, right: Array) -> bool:
    limit = (1 + balls.largest(right)) * _FAR
    return bool(balls.ball(abs(number)) > limit)


def _is_constant(right: Array) -> bool:
    first, *others = balls.entries(right)
    return all(first.overlaps(other) for other in others)


def _given(network: Network) -> Iterable[Numbers]:
    """The numbers that the exercise gives, row by row and column by column."""
    for laid in (network.inputs, network.targets, *network.parameters().values()):
        array = np.array(laid, dtype=object)
        if laid is not None and array.size > 1:
            yield tuple(array.flat)
            yield tuple(array.T.flat)
