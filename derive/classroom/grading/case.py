"""What one student was given, what is right, and what is accepted for it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flint import arb, ctx

from derive.classroom.frozen import Answer
from derive.classroom.grading import balls
from derive.classroom.grading.balls import Array
from derive.classroom.grading.leeway import Leeway
from derive.classroom.misconceptions import Course, Given, recompute
from derive.errors import Problem, ProblemError
from derive.exercise.literals import shortened
from derive.exercise.model import Exercise
from derive.network import Network, build

Hand = Callable[[arb], arb]
_EXACTLY = balls.numbers(lambda value: value)
_MORE_BITS = (4 * balls.PRECISION, 16 * balls.PRECISION)
_ENOUGH = 60  # bits of a value
_FEWEST = 5  # digits that the answers of keys are rounded to at least


@dataclass(frozen=True)
class Interval:
    """What is accepted for one entry; both ends are."""

    low: Decimal
    high: Decimal


@dataclass(frozen=True)
class Case:
    """One set of numbers.

    Attributes:
        network: With the numbers.
        leeway: How far off an answer may be.
        given: The numbers as balls.
        hands: What a hand goes on with at each step, entry by entry; see `by_hand`.
        values: Every quantity by the right rules, as it is.
        right: The same with whatever rounding by hand may do to it.
        accepted: Name -> what is accepted, as balls.
    """

    network: Network
    leeway: Leeway
    given: Given
    hands: Mapping[str, Hand]
    values: Mapping[str, Array]
    right: Course
    accepted: Mapping[str, Array]

    @classmethod
    def of(cls, exercise: Exercise) -> "Case":
        """The case of an exercise with its numbers."""
        network, leeway = build(exercise), Leeway.of(exercise)
        with ctx.workprec(balls.PRECISION):
            given = Given.of(network, leeway.numbers)
            values = _values(network, given)
            hands = by_hand(network, leeway)
            steps = {name: balls.over(hand) for name, hand in hands.items()}
            right = recompute(network, given, leeway.numbers, overrides=steps)
            accepted = {name: accept(leeway, array) for name, array in right.computed.items()}
        return cls(network, leeway, given, hands, values, right, accepted)

    def check(self, answers: Mapping[str, Answer], file: str) -> None:
        """Hold the answers of a verified key against the values.

        Raises:
            ProblemError: They are not the same.
        """
        for name, answer in answers.items():
            texts = list(_texts(answer.decimal))
            values = list(balls.entries(self.values[name])) if name in self.values else []
            if len(texts) != len(values) or not values:
                raise _other(f"it has not {len(texts)} entries called {shortened(name)}", file)
            with ctx.workprec(max(4 * len(text) for text in texts)):
                wrong = [text for value, text in zip(values, texts, strict=True) if not _is_same(value, text)]
            if wrong:
                raise _other(f"{name} would not be {shortened(wrong[0])}", file)


def _values(network: Network, given: Given) -> Mapping[str, Array]:
    """Every quantity, with more bits until every number that isn't zero has its digits."""
    found = recompute(network, given, _EXACTLY).computed
    for bits in _MORE_BITS:
        entries = (entry for array in found.values() for entry in balls.entries(array))
        if all(entry.is_zero() or entry.rel_accuracy_bits() > _ENOUGH for entry in entries):
            break
        with ctx.workprec(bits):
            found = recompute(network, Given.of(network, _EXACTLY), _EXACTLY).computed
    return found


def _texts(decimal: Any) -> Iterator[str]:
    """The entries of an answer, one after the other."""
    if isinstance(decimal, str):
        yield decimal
        return
    for part in decimal:
        yield from _texts(part)


def _other(why: str, file: str) -> ProblemError:
    what = f"answers of a variant don't follow from its numbers: {why}"
    return ProblemError([Problem(file, None, None, what, "", "draw the set anew")])


def _is_same(value: arb, text: str) -> bool:
    """Whether a number is the value: in full, or rounded to no fewer digits than keys have."""
    rounded = arb(text)
    if value.overlaps(rounded):
        return True
    digits = len(Decimal(text).as_tuple().digits)
    return digits >= _FEWEST and bool((value * arb(1, arb(10) ** (1 - digits))).overlaps(rounded))


def by_hand(network: Network, leeway: Leeway) -> dict[str, Hand]:
    """What a hand goes on with at each step that it writes down, entry by entry.

    The gradient for the last output is no such step: delta is written in its closed form.
    """
    found: dict[str, Hand] = {}
    for layer in network.layers:
        k = layer.index
        kinked = layer.rule.kink is not None
        found[f"pre_activation_{k}"] = _decided(leeway.by_hand) if kinked else leeway.by_hand
        found |= dict.fromkeys((f"output_{k}", f"pre_activation_gradient_{k}"), leeway.by_hand)
        if k < len(network.layers) - 1:
            found[f"output_gradient_{k}"] = leeway.by_hand
    parameters = network.parameters()
    found |= dict.fromkeys(("row_losses", *parameters), leeway.by_hand)
    if network.step is not None:
        forward = {name: hand for name, hand in found.items() if name in forward_names(network)}
        parameters_after = dict.fromkeys(parameters, leeway.by_hand)
        found |= {f"step.{name}": hand for name, hand in (forward | parameters_after).items()}
    return found


def forward_names(network: Network) -> tuple[str, ...]:
    """Pre-activations and outputs of all layers, in their order."""
    layers = range(len(network.layers))
    return tuple(f"{kind}_{k}" for k in layers for kind in ("pre_activation", "output"))


def _decided(hand: Hand) -> Hand:
    return lambda value: balls.decided(hand(value))


def accept(leeway: Leeway, array: Array) -> Array:
    """What is accepted for each entry of a quantity."""
    largest = balls.largest(array)
    return balls.mapped(lambda entry: leeway.accepted(arb(entry), largest), array)


def tolerances(exercise: Exercise) -> dict[str, Array]:
    """What is accepted for every entry of every quantity.

    Args:
        exercise: With its numbers; it says whether students round.

    Returns:
        Name -> array of `Interval`, in the shapes of `passes.quantities`.
    """

    def interval(ball: arb) -> Interval:
        return Interval(balls.end(ball, False), balls.end(ball, True))

    return {name: balls.mapped(interval, array) for name, array in Case.of(exercise).accepted.items()}
