"""A student's own path: every quantity as it follows from what this student wrote before it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from flint import arb

from derive.classroom.grading import balls
from derive.classroom.grading.balls import Array
from derive.classroom.grading.case import Case, accept, forward_names
from derive.classroom.grading.implied import implied_by_bias, implied_by_weights
from derive.classroom.grading.reading import Written
from derive.classroom.misconceptions import RIGHT, Course, Way, recompute
from derive.classroom.misconceptions.way import At, closed_delta

_TRIVIAL = arb(2) ** -20  # of the right entries: what is smaller is as good as zero
Answers = Mapping[str, Array]


@dataclass(frozen=True)
class Judged:
    """One quantity that a student handed in, held against the right path and the student's own.

    Attributes:
        written: What was handed in: array of `Written`.
        computed: What follows from the student's own values before it, as balls.
        expected: What is accepted for that.
        absolute: Entry by entry: accepted as right.
        follows: Entry by entry: accepted as following from the student's own values.
        coarse: Entry by entry: following from the student's own values, but rounded to too few digits.
        coarsely_right: Entry by entry: right, but rounded to too few digits.
        sources: The student's own wrong quantities that it follows from.
        trivial: Whether nothing but zeros follows, where the right values aren't zero.
    """

    written: Array
    computed: Array
    expected: Array
    absolute: Array
    follows: Array
    coarse: Array
    coarsely_right: Array
    sources: frozenset[str]
    trivial: bool

    @cached_property
    def answered(self) -> Array:
        """Entry by entry: whether there is a number."""
        return balls.flags(lambda entry: entry.number is not None, self.written)

    @cached_property
    def wrong(self) -> Array:
        """Entry by entry: a number that is neither right nor follows, not even roughly."""
        return self._off & ~self.coarse & ~self.coarsely_right

    @cached_property
    def _off(self) -> Array:
        return self.answered & ~self.absolute & ~self.follows

    @cached_property
    def is_wrong(self) -> bool:
        """Whether any entry is wrong."""
        return bool(self.wrong.any())

    @cached_property
    def is_off(self) -> bool:
        """Whether any entry is wrong or too coarse, so that other numbers follow from it."""
        return bool(self._off.any())


@dataclass
class Path:
    """What came out, and what the student went on with.

    Attributes:
        judged: The quantities that were handed in, in the order of the computation.
        used: What the student went on with, for each of them.
        own_deltas: Gradients for pre-activations that can be told from wrong gradients of parameters, by
            the rule that reads them and the layer.
        emptied: Wrong quantities from which nothing but zeros follows.
        course: The whole computation.
    """

    judged: dict[str, Judged] = field(default_factory=dict)
    used: dict[str, Array] = field(default_factory=dict)
    own_deltas: dict[tuple[str, int], Array] = field(default_factory=dict)
    emptied: set[str] = field(default_factory=set)
    course: Course = field(default_factory=lambda: Course({}, {}))

    @property
    def wrong(self) -> list[str]:
        """Names of the quantities that have wrong entries."""
        return [name for name, judged in self.judged.items() if judged.is_wrong]

    @property
    def off(self) -> list[str]:
        """Names of the quantities that have wrong or too coarse entries."""
        return [name for name, judged in self.judged.items() if judged.is_off]

    def own_way(self, way: Way) -> Way:
        """A way on which gradients go back from the student's own deltas."""

        def on_own(rule: str) -> Callable[[At], Any]:
            def applied(at: At) -> Any:
                own = self.own_deltas.get((rule, at.layer.index))
                return getattr(way, rule)(at if own is None else with_delta(at, own))

            return applied

        return replace(way, bias_gradient=on_own("bias_gradient"), read_gradient=on_own("read_gradient"))


def with_delta(at: At, delta: Array) -> At:
    """The same place with another gradient for the pre-activation."""
    return replace(at, used={**at.used, f"pre_activation_gradient_{at.layer.index}": delta})


def straight(case: Case, answers: Answers) -> Path | None:
    """The path of a student who has everything right; None for anybody else."""
    path = Path(course=case.right)
    for name, written in answers.items():
        right = np.asarray(case.right.computed[name], dtype=object)
        accepted = case.accepted[name]
        absolute = balls.flags(is_in, written, accepted)
        none = np.zeros(written.shape, dtype=bool)
        judged = Judged(written, right, accepted, absolute, absolute, none, none, frozenset(), False)
        if not absolute[judged.answered].all():
            return None
        path.judged[name] = judged
    return path


def follow(case: Case, answers: Answers, barred: frozenset[str]) -> Path:
    """Go a student's way through the network.

    Args:
        case: What the student was given.
        answers: Name -> array of `Written` in the shape of the right one, for what isn't blank; in the order
            of the computation.
        barred: Quantities from which nothing is carried.
    """
    walk = _Walk(case, answers, barred)
    walk.run()
    return walk.path


class _Walk:
    """A way under way."""

    def __init__(self, case: Case, answers: Answers, barred: frozenset[str]) -> None:
        self.case, self.answers, self.barred = case, answers, barred
        self.path = Path()
        self.sources: set[str] = set()

    def run(self) -> None:
        """From the first layer to the last quantity."""
        passed = {name: partial(self.pass_by, name) for name in self.case.hands}
        judged = {name: partial(self.judge, name) for name in self.answers}
        way = replace(
            RIGHT,
            delta=self.delta,
            bias_gradient=lambda at: RIGHT.bias_gradient(self.from_own_delta(at, "bias_gradient")),
            read_gradient=lambda at: RIGHT.read_gradient(self.from_own_delta(at, "read_gradient")),
        )
        case = self.case
        self.path.course = recompute(case.network, case.given, case.leeway.numbers, way, passed | judged)

    def pass_by(self, name: str, computed: Any) -> Array:
        """A step that wasn't handed in."""
        self.look_for_zeros(name, computed)
        return balls.over(self.case.hands[name])(computed)

    def judge(self, name: str, computed: Any) -> Array:
        """Hold what was handed in against what follows, and say what the student went on with."""
        case, written = self.case, self.answers[name]
        computed = np.asarray(computed, dtype=object)
        expected = accept(case.leeway, computed)
        absolute = balls.flags(is_in, written, case.accepted[name])
        follows = balls.flags(is_in, written, expected)
        judged = Judged(
            written,
            computed,
            expected,
            absolute,
            follows,
            coarse=balls.flags(case.leeway.is_coarse, written, computed) & ~absolute & ~follows,
            coarsely_right=balls.flags(case.leeway.is_coarse, written, case.right.computed[name]) & ~absolute,
            sources=frozenset(self.sources_of(name)),
            trivial=self.look_for_zeros(name, computed),
        )
        self.path.judged[name] = judged
        used = np.empty(written.shape, dtype=object)
        for place in np.ndindex(written.shape):
            used[place] = self.own(name, judged, place)
        self.path.used[name] = used
        if judged.is_off and name not in self.barred and not _ends_there(name):
            self.sources.add(name)
        return used

    def own(self, name: str, judged: Judged, place: tuple[int, ...]) -> arb:
        """What the student went on with: the number that was written, or what it is rounded from."""
        written, computed = judged.written[place], arb(judged.computed[place])
        absolute, follows = judged.absolute[place], judged.follows[place]
        if written.number is None or (name in self.barred and not (absolute or follows)):
            return self.case.hands.get(name, arb)(computed)
        meant = self.case.leeway.meant(written)
        if not (absolute or follows or judged.coarse[place] or judged.coarsely_right[place]):
            return meant
        only_right = not (follows or judged.coarse[place])
        right = np.asarray(self.case.right.computed[name], dtype=object)
        value = arb(right[place]) if only_right else computed
        if written.number == 0:  # for a number too small to be seen, which is no zero further on
            return value
        return balls.hull(balls.meet(value, meant) or value, balls.ball(written.number))

    def sources_of(self, name: str) -> set[str]:
        """The student's own wrong quantities that a quantity follows from."""
        off = set(self.path.off) - self.barred
        if name == "loss":
            return self.sources | (off & {"row_losses"})
        if name.startswith("step."):
            return self.sources | {other for other in off if _is_parameter(other)}
        return self.sources

    def look_for_zeros(self, name: str, computed: Any) -> bool:
        """Whether nothing but zeros follows where the right values aren't zero; then wrong sources are noted.

        Layers that have no output left leave nothing to be worked out after them.
        """
        trivial = is_trivial(computed, self.case.right.computed[name])
        if name in forward_names(self.case.network) and (trivial or not balls.known(computed)):
            self.path.emptied |= self.sources
        return trivial

    def delta(self, at: At) -> Array:
        """The closed form, unless the student's own gradient for the last output is a wrong one."""
        own = f"output_gradient_{at.layer.index}" in self.sources
        return closed_delta(at) if at.stable is not None and not own else RIGHT.delta(at)

    def from_own_delta(self, at: At, rule: str) -> At:
        """The place with the student's own delta, where gradients of the layer tell that it was wrong."""
        delta = self.own_delta(at, rule)
        if delta is None:
            return at
        self.path.own_deltas[rule, at.layer.index] = delta
        return with_delta(at, delta)

    def own_delta(self, at: At, rule: str) -> Array | None:
        """The delta that the student's gradients of a layer were made from, if they are wrong."""
        layer = at.layer
        if f"pre_activation_gradient_{layer.index}" in self.answers:
            return None
        tellers = [(layer.weights_name, implied_by_weights)]
        if rule == "read_gradient" and layer.bias is not None:
            tellers.append((layer.bias_name, implied_by_bias))
        for name, implied in tellers:
            judged = self.path.judged.get(name)
            if judged is None or not judged.answered.all():
                continue
            if not judged.is_off:
                return None
            delta = None if name in self.barred else implied(at, self.path.used[name])
            if delta is not None and not self.is_nothing(delta, layer.index):
                self.sources.add(name)
                return delta
        return None

    def is_nothing(self, delta: Array, k: int) -> bool:
        """Whether a delta is as good as zero, so that nothing but zeros follows from it."""
        return is_trivial(delta, self.case.right.computed[f"pre_activation_gradient_{k}"])


def is_trivial(computed: Array, right: Array) -> bool:
    """Whether numbers are as good as zero, and the right ones aren't."""
    size = balls.size(right)
    return bool(size > 0) and not balls.size(computed) > size * _TRIVIAL


def is_in(written: Written, accepted: Any) -> bool:
    """Whether a cell holds a number that is accepted."""
    return written.number is not None and balls.holds(accepted, written.number)


def _ends_there(name: str) -> bool:
    """Whether nothing, or hardly anything, follows from a quantity: a loss, the gradient of a parameter."""
    return name in ("loss", "row_losses", "step.loss", "input") or _is_parameter(name)


def _is_parameter(name: str) -> bool:
    return name[:2] in ("W_", "b_")
