"""Drawing a set: for each student the first draw of the own stream that is good and not taken yet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from derive.classroom.variants.canonical import canonical
from derive.classroom.variants.difficulty import scores
from derive.classroom.variants.goodness import exact_side
from derive.classroom.variants.plan import Plan, Screened, Tally, screen
from derive.classroom.variants.space import Draws
from derive.engine.bulk import Batch
from derive.errors import Problem, ProblemError

BLOCK = 1024  # students that are drawn for at once
_DRAWS = 16_384  # of all students together, at once
_MOST = 200_000  # of one student


@dataclass(frozen=True)
class Block:
    """Variants for some students, in their order.

    Attributes:
        batch: The networks.
        difficulty: The score of each.
        forms: The canonical form of each.
    """

    batch: Batch
    difficulty: tuple[int, ...]
    forms: tuple[bytes, ...]


def draw(plan: Plan, keys: Sequence[bytes], taken: set[bytes], tally: Tally, file: str) -> Iterator[Block]:
    """Draw a variant for each stream.

    What a student gets depends on the own stream, and on those before only where their variants collide:
    then the next draw of the own stream is taken.

    Args:
        plan: The exercise, with what variants have to show.
        keys: Of the streams, in the order of the students.
        taken: Canonical forms that are taken; those of the variants drawn are added.
        tally: Where rejections are counted.
        file: Of the exercise, for messages.

    Raises:
        ProblemError: A stream gives no variant that isn't taken.
    """
    for start in range(0, len(keys), BLOCK):
        yield _block(plan, keys[start : start + BLOCK], taken, tally, file)


def _block(plan: Plan, keys: Sequence[bytes], taken: set[bytes], tally: Tally, file: str) -> Block:
    first = _firsts(plan, keys, tally, file)
    batch = plan.space.batch(first.draws, len(keys))
    forms = canonical(batch)
    draws = {part: numerators.copy() for part, numerators in first.draws.items()}
    for place, form in enumerate(forms):
        collides = np.array([plan.rules.distinct and form in taken])
        tally.count("distinct", collides)
        if collides[0]:
            number = int(first.number[place])
            forms[place], other = _next_free(plan, keys[place], number, taken, tally, file)
            for part, numerators in other.items():
                draws[part][place] = numerators
        taken.add(forms[place])
    batch = plan.space.batch(draws, len(keys))
    difficulty = scores(batch, exact_side(batch))
    return Block(batch, tuple(difficulty.tolist()), tuple(forms))


def _firsts(plan: Plan, keys: Sequence[bytes], tally: Tally, file: str) -> Screened:
    """The first good draw of each stream."""
    waiting = np.arange(len(keys))
    found: list[Screened] = []
    start = 0
    while len(waiting):
        if start >= _MOST:
            raise ProblemError([_exhausted(start, tally, file)])
        count = max(16, _DRAWS // len(waiting))
        good = screen(plan, [keys[place] for place in waiting.tolist()], start, count, tally)
        seats, first = np.unique(good.seat, return_index=True)
        chosen = good[first]
        found.append(Screened(waiting[seats], chosen.number, chosen.draws))
        waiting = np.delete(waiting, seats)
        start += count
    return _joined(found)


def _joined(parts: Sequence[Screened]) -> Screened:
    seat = np.concatenate([part.seat for part in parts])
    order = np.argsort(seat)
    number = np.concatenate([part.number for part in parts])
    draws = {name: np.concatenate([part.draws[name] for part in parts])[order] for name in parts[0].draws}
    return Screened(seat[order], number[order], draws)


def _next_free(
    plan: Plan, key: bytes, after: int, taken: set[bytes], tally: Tally, file: str
) -> tuple[bytes, Draws]:
    """The next good draw of one stream that isn't taken."""
    start = after + 1
    while start < after + _MOST:
        good = screen(plan, [key], start, 256, tally)
        if len(good):
            forms = canonical(plan.space.batch(good.draws, len(good)))
            free = next((place for place, form in enumerate(forms) if form not in taken), None)
            collisions = len(forms) if free is None else free
            tally.count("distinct", np.arange(len(forms)) < collisions)
            if free is not None:
                return forms[free], {part: numerators[free] for part, numerators in good.draws.items()}
        start += 256
    raise ProblemError([_exhausted(_MOST, tally, file)])


def _exhausted(draws: int, tally: Tally, file: str) -> Problem:
    what = f"{draws:,} draws gave no variant that is good and not taken yet"
    return Problem(file, None, None, what, tally.said(), "loosen a rule, or let more numbers vary")
