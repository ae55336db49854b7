"""Looking ahead: what variants of an exercise can show, how many there are, and what stands in the way.

Whatever is drawn for it comes from fixed streams, so that it is the same for every set of an exercise.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from derive.classroom.variants.canonical import canonical
from derive.classroom.variants.diagnosis import diagnosis
from derive.classroom.variants.plan import Plan, Tally, passes_layer, passes_whole, screen
from derive.classroom.variants.space import Draws, Integers, Part
from derive.classroom.variants.streams import key, words
from derive.errors import Problem, ProblemError

_ENUMERATED = 200_000  # networks in a space that is gone through one by one
_PROBES = 64
_ROUNDS = (64, 512, 4096)  # draws of each probe, as long as too few of them pass
_ENOUGH = 400
_OFF = {"logit_gap": None, "digits": None, "difficulty": None}  # what switches a rule off; the others: False


@dataclass(frozen=True)
class Outlook:
    """What is known before anything is drawn.

    Attributes:
        plan: With what variants have to show.
        distinct: How many distinct good variants there are.
        counted: Whether that is a count; else it is an estimate.
        tally: What rejected how many on the way to it.
    """

    plan: Plan
    distinct: int
    counted: bool
    tally: Tally


def look_ahead(plan: Plan, file: str) -> Outlook:
    """Look ahead.

    Args:
        plan: As `prepare` makes it.
        file: Of the exercise, for messages.

    Raises:
        ProblemError: No network meets the rules; which rejected how many, and which to loosen.
    """
    counted = plan.space.size <= _ENUMERATED
    tally = Tally()
    good, count = _everything(plan, tally) if counted else _probes(plan, tally)
    if count == 0:
        raise ProblemError([_unmet(plan, tally, file)])
    if plan.rules.diagnostic:
        batch = plan.space.batch(good, count)
        plan = replace(plan, diagnosis=diagnosis(plan.space.network, plan.quantities, batch))
    tally = Tally()
    distinct = _count(plan, tally) if counted else _estimate(plan, tally)
    if distinct == 0 and counted:
        raise ProblemError([_unmet(plan, tally, file)])
    return Outlook(plan, distinct, counted, tally)


def _probes(plan: Plan, tally: Tally) -> tuple[Draws, int]:
    """Some good networks, drawn as the sampler draws them."""
    keys = [key("derive: looking ahead", 0, str(number)) for number in range(_PROBES)]
    for count in _ROUNDS:
        found = screen(plan, keys, 0, count, tally)
        if len(found) >= _ENOUGH:
            break
    return found.draws, len(found)


def _everything(plan: Plan, tally: Tally) -> tuple[Draws, int]:
    """All good networks of a small space."""
    numbers = np.arange(plan.space.size)
    draws = plan.space.numbered(numbers)
    return _sifted(plan, draws, plan.space.size, tally)


def _sifted(plan: Plan, draws: Draws, count: int, tally: Tally) -> tuple[Draws, int]:
    """Those of whole networks that meet the rules."""

    def only(chosen: Any) -> tuple[Draws, int]:
        return {part: numerators[chosen] for part, numerators in draws.items()}, int(chosen.sum())

    for stage in range(len(plan.space.stages)):
        draws, count = only(passes_layer(plan, stage, draws, count, tally))
    return only(passes_whole(plan, draws, count, tally))


def _count(plan: Plan, tally: Tally) -> int:
    """Good networks of a small space, each once whatever the order of its hidden units."""
    draws, count = _everything(plan, tally)
    if count == 0:
        return 0
    forms = set(canonical(plan.space.batch(draws, count)))
    return len(forms - {plan.own_form})


def _estimate(plan: Plan, tally: Tally) -> int:
    """About how many good networks there are, from the share of good ones among whole networks."""
    tried = 0
    for count in _ROUNDS:
        keys = [key("derive: estimating", 0, str(number)) for number in range(_PROBES)]
        draws: dict[Part, Integers] = {}
        for stage in range(len(plan.space.stages)):
            drawn = words(keys, stage, 0, count, plan.space.width(stage))
            draws |= plan.space.drawn(stage, drawn.reshape(count * _PROBES, -1))
        tally.seen.clear()
        tally.rejected.clear()
        _, good = _sifted(plan, draws, count * _PROBES, tally)
        tried = count * _PROBES
        if good >= 8:
            break
    # None among so many says no more than that there are fewer than one in so many.
    return plan.space.size * max(good, 1) // (tried * plan.space.orders)


def _unmet(plan: Plan, tally: Tally, file: str) -> Problem:
    """Nothing meets the rules."""
    tried = max(tally.seen.values(), default=0)
    what = f"no variant meets the rules: {tried:,} were tried"
    return Problem(file, None, None, what, tally.said(), _advice(plan, tally))


def _advice(plan: Plan, tally: Tally) -> str:
    """The rule without which most networks pass."""
    passing = {}
    for rule, rejected in tally.rejected.items():
        if rejected:
            rules = plan.rules.model_copy(update={rule: _OFF.get(rule, False)})
            without = replace(plan, rules=rules, diagnosis=None if rule == "diagnostic" else plan.diagnosis)
            passing[rule] = (_everything if plan.space.size <= _ENUMERATED else _probes)(without, Tally())[1]
    best = max(passing, key=passing.__getitem__, default="")
    if best and passing[best]:
        return f"loosen {best}: without it {passing[best]:,} would have passed (rules: {{{best}: false}})"
    return "loosen several rules, or let more numbers vary (vary)"
