"""What the usual mistakes lead to: the wrong answers of one exercise exactly, of many in floats."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import arb, ctx

from derive.classroom.misconceptions import numbers
from derive.classroom.misconceptions.misconception import Misconception
from derive.classroom.misconceptions.numbers import FLOATS, Exact, UndecidedSignError
from derive.classroom.misconceptions.recompute import Given, recompute
from derive.classroom.misconceptions.table import applying
from derive.classroom.misconceptions.way import Array
from derive.engine.values import value_of
from derive.network import Network

if TYPE_CHECKING:
    from derive.engine.exact import Solution

VISIBLE = 1e-3  # of a quantity's largest entry: three rounded digits show it
_PRECISIONS = (256, 1024, 4096)  # bits of the balls
_NOTHING = arb(10) ** -300  # a ball around zero that is smaller is shown as zero in a list of wrong answers


@dataclass(frozen=True)
class WrongAnswer:
    """What one mistake leads to.

    Attributes:
        misconception: The mistake.
        values: Name -> array of `Value`, for each quantity that comes out visibly wrong, in the order of
            the computation; shapes are those of the right answers.
    """

    misconception: Misconception
    values: Mapping[str, Array]


def asked(network: Network, points: Iterable[str] | None = None) -> tuple[str, ...]:
    """The quantities that students hand in, by name, in the order of the computation.

    Args:
        network: The network.
        points: The quantities that the exercise gives points for; by default all forward values, the loss,
            and what the exercise is about: the gradients of the parameters, and the parameters after a step.
    """
    layers = [layer.index for layer in network.layers]
    forward = [f"{kind}_{k}" for k in layers for kind in ("pre_activation", "output")]
    backward = [
        name
        for k in reversed(layers)
        for name in (f"output_gradient_{k}", f"pre_activation_gradient_{k}", f"W_{k}", f"b_{k}")
    ]
    known = [*forward, "row_losses", "loss", *backward, "input"]
    parameters = network.parameters()
    known += [f"step.{name}" for name in parameters if network.step is not None]
    if points is not None and (chosen := [name for name in known if name in set(points)]):
        return tuple(chosen)
    handed_in = {*forward, "loss", *parameters, *(f"step.{name}" for name in parameters)}
    return tuple(name for name in known if name in handed_in)


def shown(
    solution: "Solution",
    quantities: Iterable[str] | None = None,
    told: Callable[[Sequence[str]], Sequence[str]] = tuple,
) -> tuple[WrongAnswer, ...]:
    """The wrong answers that a key lists: each mistake that can be made and shows, with what it leads to.

    Args:
        solution: The right answers.
        quantities: Those to look at; by default what students hand in.
        told: Which of the quantities that a mistake makes visibly wrong are worked out; by default all.
    """
    from derive.engine.exact import CERTIFIED  # and with it SymPy, which recomputing has no need of

    network = solution.derivation.network
    wanted = tuple(quantities or asked(network))
    digits = max(solution.digits, CERTIFIED)
    missing = [(row, told(names)) for row, names in _showing(network, wanted)]
    found: dict[str, WrongAnswer] = {}
    for precision in _PRECISIONS:
        with ctx.workprec(precision):
            for wrong in _wrong_answers(network, missing, digits):
                found[wrong.misconception.name] = wrong
        missing = [(row, names) for row, names in missing if row.name not in found]
        if not missing:
            break
    return tuple(found[row.name] for row in applying(network) if row.name in found)


def _showing(network: Network, wanted: Iterable[str]) -> list[tuple[Misconception, list[str]]]:
    """The mistakes that lead to visibly wrong answers, and the quantities in which they do."""
    given = Given.of(network, FLOATS)
    right = recompute(network, given, FLOATS)
    found = []
    for misconception in applying(network):
        wrong = recompute(network, given, FLOATS, misconception.way(network), right=right)
        pairs = [(name, right.computed[name], wrong.computed[name]) for name in wanted]
        names = [name for name, good, bad in pairs if differs(good, bad, good.ndim)]
        if names:
            found.append((misconception, names))
    return found


def _wrong_answers(
    network: Network, showing: Iterable[tuple[Misconception, Sequence[str]]], digits: int
) -> Iterator[WrongAnswer]:
    """Exact wrong answers, as far as flint's precision decides all their signs and digits."""
    xp = numbers.exact(closed_forms=network.piecewise_linear and network.rows == 1)
    given = Given.of(network, xp)
    try:
        right = recompute(network, given, xp)
    except UndecidedSignError:
        return
    for misconception, names in showing:
        try:
            course = recompute(network, given, xp, misconception.way(network), right=right, until=names)
        except UndecidedSignError:
            continue
        values = {name: _values(course.computed[name], digits) for name in names}
        if all(value is not None for array in values.values() for value in array.flat):
            yield WrongAnswer(misconception, values)


def _values(array: Array, digits: int) -> Array:
    """Entries as `Value`; None for those whose digits aren't certain yet."""
    array = np.asarray(array, dtype=object)
    entries = [value_of(_number(entry), digits) for entry in array.flat]
    values = np.empty(array.size, dtype=object)
    values[:] = entries
    return values.reshape(array.shape)


def _number(entry: Any) -> Any:
    number = entry.number if isinstance(entry, Exact) else entry
    if isinstance(number, arb) and number.contains(0) and number.abs_upper() < _NOTHING:
        return arb(0)
    return number


def differs(right: Array, wrong: Array, axes: int) -> Any:
    """Whether answers are visibly different: by more than a thousandth of the largest entry, or no number.

    Args:
        right: (..., *shape).
        wrong: Likewise.
        axes: How many axes the quantity itself has; the ones before hold many exercises.

    Returns:
        bool, or an array of bool over the leading axes.
    """
    over = tuple(range(-axes, 0))
    with np.errstate(all="ignore"):
        size = np.maximum(abs(right), abs(wrong)).max(axis=over, initial=0)
        gap = abs(right - wrong).max(axis=over, initial=0)
        return ~(gap <= VISIBLE * size)
