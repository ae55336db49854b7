"""Which usual mistake a wrong answer shows, recomputed from the student's own values."""

from collections.abc import Iterator, Mapping
from typing import Any

from derive.classroom.grading import balls
from derive.classroom.grading.balls import Array
from derive.classroom.grading.case import Case, forward_names
from derive.classroom.grading.leeway import SINGLE
from derive.classroom.grading.path import Judged, Path, is_in, is_trivial
from derive.classroom.misconceptions import Misconception, applying, recompute

_FORWARD = frozenset({"pre_activation", "output"})
_LOSS = frozenset({"row_losses", "loss", "share"})
_BACKWARD = frozenset(
    {"loss_gradient", "delta", "read_gradient", "weights_gradient", "bias_gradient", "share"}
)
Names = Mapping[str, tuple[Misconception, ...]]


def explain(case: Case, path: Path) -> Names:
    """The mistakes that lead from a student's own values to the wrong answers.

    Args:
        case: What the student was given.
        path: The student's own.

    Returns:
        Name of a wrong quantity -> the mistakes that lead to all that was written there. Of several those
        are kept that fit most of what this student handed in.
    """
    found: dict[str, list[tuple[int, Misconception]]] = {}
    # Whoever writes zeros for several layers has worked nothing out; for one it may be what a mask has left.
    zeros = {name.rpartition("_")[2] for name in path.wrong if _is_zero(case, path.judged[name], name)}
    zeros_tell = len(zeros) == 1
    for misconception in _candidates(case, path):
        computed = _computed(case, path, misconception)

        def fits(name: str, computed: Mapping[str, Array] = computed) -> bool:
            return _leads_to(case, path.judged[name], computed[name], name, zeros_tell)

        explained = [name for name in path.wrong if fits(name)]
        if explained:
            fit = sum(map(fits, path.judged))
            for name in explained:
                found.setdefault(name, []).append((fit, misconception))
    most = {name: max(count for count, _ in several) for name, several in found.items()}
    return {
        name: tuple(misconception for count, misconception in found[name] if count == most[name])
        for name in path.wrong
        if name in found
    }


def follow_suit(case: Case, names: Names) -> frozenset[str]:
    """Quantities that are wrong by a mistake that was made once, in a step before them, and named already.

    Where a gradient is summed over rows, the delta that a student went on with can't be told; that it was
    the one of a mistake at the last layer can.
    """
    seen: set[str] = set()
    found = set()
    for name, several in names.items():
        mistake = several[0]
        if mistake.name in seen and _is_made_once(case, mistake):
            found.add(name)
        seen.add(mistake.name)
    return frozenset(found)


def _is_made_once(case: Case, mistake: Misconception) -> bool:
    """Whether it is a mistake of the last layer's delta, or of what a row counts, and of nothing else."""
    network = case.network
    hidden = network.layers[:-1]
    return all(
        change.step in ("share", "loss_gradient")
        or (change.step == "delta" and not any(change.where(network, layer) for layer in hidden))
        for change in mistake.changes
        if any(change.where(network, layer) for layer in network.layers)
    )


def _candidates(case: Case, path: Path) -> Iterator[Misconception]:
    """The mistakes at steps that a wrong quantity follows from, with nothing handed in between."""
    network = case.network
    handed_in = all(
        name in path.judged and path.judged[name].answered.all() for name in forward_names(network)
    )
    steps = set() if handed_in or not path.wrong else set(_FORWARD)
    for name in path.wrong:
        plain = name.removeprefix("step.")
        if plain in forward_names(network):
            steps |= _FORWARD
        else:
            steps |= _LOSS if plain in ("loss", "row_losses") else _BACKWARD
        steps |= {"update"} if name != plain else set()
    for misconception in applying(network):
        if any(change.step in steps for change in misconception.changes):
            yield misconception


def _computed(case: Case, path: Path, misconception: Misconception) -> Mapping[str, Array]:
    """What the mistake leads to, each quantity from the student's own values."""
    last = f"output_gradient_{len(case.network.layers) - 1}"
    overrides: dict[str, Any] = {name: balls.over(hand) for name, hand in case.hands.items()}
    overrides |= {name: used for name, used in path.used.items() if name != last or last in path.wrong}
    way = path.own_way(misconception.way(case.network))
    course = recompute(case.network, case.given, case.leeway.numbers, way, overrides, path.course)
    return course.computed


def _leads_to(case: Case, judged: Judged, computed: Any, name: str, zeros_tell: bool) -> bool:
    """Whether all that was written is what a mistake leads to.

    Args:
        case: What the student was given.
        judged: What was handed in.
        computed: What the mistake leads to.
        name: Of the quantity.
        zeros_tell: Whether nothing but zeros may be an answer that was worked out.
    """
    trivial = is_trivial(computed, case.right.computed[name])
    if not balls.known(computed) or (trivial and not zeros_tell):
        return False
    largest = balls.largest(computed)
    pairs = zip(judged.written.flat, balls.entries(computed), strict=True)
    return all(
        is_in(written, case.leeway.accepted(value, largest)) or case.leeway.is_coarse(written, value)
        for written, value in pairs
        if written.number is not None
    )


def _is_zero(case: Case, judged: Judged, name: str) -> bool:
    """Whether nothing but zeros was handed in, or what floats leave of them."""
    nothing = balls.largest(case.right.computed[name]) * balls.ball(SINGLE)
    numbers = [written.number for written in judged.written.flat]
    return all(number is not None and balls.ball(abs(number)) <= nothing for number in numbers)
