"""One exercise made ready for drawing: its space, its rules, and what a draw has to pass."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from derive.classroom.misconceptions import asked
from derive.classroom.variants import goodness
from derive.classroom.variants.canonical import canonical
from derive.classroom.variants.diagnosis import Diagnosis, undiagnostic
from derive.classroom.variants.difficulty import scores
from derive.classroom.variants.space import Draws, Integers, Space, space
from derive.classroom.variants.streams import words
from derive.engine.bulk.model import of_networks
from derive.exercise.draw import Rules
from derive.exercise.model import Exercise
from derive.network import Network

Mask = npt.NDArray[np.bool_]
REDRAWS = 8  # of each layer but the first, before the layers below it are drawn anew


@dataclass
class Tally:
    """How many networks each rule has looked at, and how many it has rejected."""

    seen: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)

    def count(self, rule: str, failing: Mask) -> None:
        """Add what a rule said."""
        self.seen[rule] += len(failing)
        self.rejected[rule] += int(failing.sum())

    def said(self) -> str:
        """Which rule rejected how many, the strictest first."""
        strict = ((rule, count) for rule, count in self.rejected.most_common() if count)
        listed = [f"{rule} rejected {count:,} of {self.seen[rule]:,}" for rule, count in strict]
        return "; ".join(listed) or "no rule rejected any"


@dataclass(frozen=True)
class Plan:
    """An exercise made ready for drawing.

    Attributes:
        space: What varies.
        rules: What a good variant is.
        quantities: What students hand in.
        own_difficulty: Score of the exercise's own numbers.
        own_form: Its canonical form.
        diagnosis: What variants have to show; None where they needn't.
    """

    space: Space
    rules: Rules
    quantities: tuple[str, ...]
    own_difficulty: int
    own_form: bytes
    diagnosis: Diagnosis | None = None


@dataclass(frozen=True)
class Screened:
    """Draws that have passed.

    Attributes:
        seat: Whose stream each is from: place in the list of keys.
        number: Which draw of that stream.
        draws: Numerators, in the order of seats and numbers.
    """

    seat: Integers
    number: Integers
    draws: Draws

    def __len__(self) -> int:
        """How many."""
        return len(self.seat)

    def __getitem__(self, chosen: Any) -> "Screened":
        """Some of them."""
        draws = {part: numerators[chosen] for part, numerators in self.draws.items()}
        return Screened(self.seat[chosen], self.number[chosen], draws)


def prepare(exercise: Exercise) -> Plan:
    """An exercise made ready, as far as that needs no drawing."""
    found = space(exercise)
    own = found.batch(found.draws_of([found.network]), 1)
    return Plan(
        space=found,
        rules=exercise.rules,
        quantities=asked(found.network, exercise.points),
        own_difficulty=own_difficulty(found.network),
        own_form=canonical(own)[0],
    )


def own_difficulty(network: Network) -> int:
    """The score of one network."""
    own = of_networks([network])
    return int(scores(own, goodness.exact_side(own))[0])


def screen(plan: Plan, keys: Sequence[bytes], first: int, count: int, tally: Tally) -> Screened:
    """Draw from several streams, and keep what passes every rule but `distinct`.

    Layer by layer: a draw whose first layer breaks a rule goes no further, and each following layer is
    drawn up to `REDRAWS` times on top of what has passed.

    Args:
        plan: The exercise.
        keys: Of the streams.
        first: The first draw of each stream.
        count: How many draws of each stream.
        tally: Where rejections are counted.
    """
    kept = Screened(
        np.repeat(np.arange(len(keys)), count), np.tile(np.arange(first, first + count), len(keys)), {}
    )
    for stage in range(len(plan.space.stages)):
        width = plan.space.width(stage)
        redraws = REDRAWS if stage and width else 1
        drawn = words(keys, stage, first, count, width * redraws)
        drawn = drawn[kept.seat, kept.number - first].reshape(len(kept), redraws, width)
        kept = _with_layer(plan, stage, kept, drawn, tally)
    return kept[passes_whole(plan, kept.draws, len(kept), tally)]


def _with_layer(plan: Plan, stage: int, kept: Screened, drawn: Any, tally: Tally) -> Screened:
    """The first redraw of one layer that passes, on top of each draw of the layers before."""
    waiting, passed, parts = np.arange(len(kept)), [], []
    for redraw in range(drawn.shape[1]):
        below = {part: numerators[waiting] for part, numerators in kept.draws.items()}
        draws = below | plan.space.drawn(stage, drawn[waiting, redraw])
        passes = passes_layer(plan, stage, draws, len(waiting), tally)
        passed.append(waiting[passes])
        parts.append({part: numerators[passes] for part, numerators in draws.items()})
        waiting = waiting[~passes]
    order = np.argsort(np.concatenate(passed))
    chosen = np.concatenate(passed)[order]
    draws = {part: np.concatenate([one[part] for one in parts])[order] for part in parts[0]}
    return Screened(kept.seat[chosen], kept.number[chosen], draws)


def passes_layer(plan: Plan, stage: int, draws: Draws, count: int, tally: Tally) -> Mask:
    """Which networks meet the rules about the forward pass in one layer.

    Args:
        plan: The exercise.
        stage: The layer.
        draws: Numerators of all layers up to it.
        count: How many networks.
        tally: Where rejections are counted.
    """
    passes = np.ones(count, dtype=bool)
    if count == 0:
        return passes
    layer = plan.space.network.layers[stage]
    batch = plan.space.batch(draws, count, depth=stage + 1)
    last = stage == len(plan.space.stages) - 1
    for rule, failing in goodness.layer_failures(batch, plan.rules, layer.rule, last).items():
        tally.count(rule, failing[passes])
        passes &= ~failing
    return passes


def passes_whole(plan: Plan, draws: Draws, count: int, tally: Tally) -> Mask:
    """Which networks meet the rules about whole networks; the dearer a rule, the later it is asked.

    Args:
        plan: The exercise.
        draws: Numerators.
        count: How many networks.
        tally: Where rejections are counted.
    """
    passes = np.ones(count, dtype=bool)
    if count == 0:
        return passes
    batch = plan.space.batch(draws, count)
    side = goodness.exact_side(batch)
    failures = goodness.gradient_failures(batch, side, plan.rules)
    if plan.rules.difficulty is not None:
        failures["difficulty"] = goodness.off_band(batch, side, plan.own_difficulty, plan.rules.difficulty)
    for rule, failing in failures.items():
        tally.count(rule, failing[passes])
        passes &= ~failing
    if plan.diagnosis is not None and passes.any():
        failing = undiagnostic(plan.space.network, plan.quantities, batch[passes], plan.diagnosis)
        tally.count("diagnostic", failing)
        passes[passes] = ~failing
    return passes
