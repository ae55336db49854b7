"""The hidden tests of a notebook: what a student has computed, marked entry by entry.

This text is put into notebooks as it stands, so it knows NumPy and nothing of this program. What is right is
computed anew from the given numbers. Where a student has something wrong, every later quantity is held
against what follows from that, too, so that one mistake costs its points once.

How far an answer may be off is what rounding can do to it: each number on the way is moved by as much as a
step may be rounded (in single precision, or to the digits that the exercise asks for), one after the other,
and what that changes is added up.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Values = Mapping[str, Array]
Course = tuple[Values, Values]  # the quantities, and how far off each entry may be

SINGLE = 2.0**-24  # relative rounding error of single precision
FAR = 1e12  # times the largest right entry: a number beyond all measure
SETTLED = 1e-14  # of the terms of a sum: what is left below it is their rounding
TRIVIAL = 2.0**-20  # of the right entries: what is smaller is as good as zero


def numbers_of(value: Any) -> Array | None:
    """A float array of whatever holds numbers: lists, arrays, tensors, fractions; None of anything else."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(_plain(value), dtype=float)
    except Exception:  # whatever a student's object raises
        return None


def _plain(value: Any) -> Any:
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value.tolist() if isinstance(value, np.ndarray) else value


def laid_out(numbers: Array, shape: tuple[int, ...], is_transposed: bool = False) -> Array | None:
    """Numbers in a shape, if they have it but for axes of length 1, or are its entries in a line."""
    squeezed = tuple(length for length in shape if length != 1)
    theirs = tuple(length for length in numbers.shape if length != 1)
    is_line = len(theirs) <= 1 and numbers.size == np.prod(shape, dtype=int)
    if theirs == squeezed or is_line:
        return numbers.reshape(shape)
    if is_transposed and theirs == squeezed[::-1]:
        return numbers.T.reshape(shape)
    return None


class Grader:
    """Marks one student's values as they come.

    Args:
        follow: (put, hold, settle) -> None; computes every quantity from what `put` hands back, keeps the
            sides of kinks with `hold`, and lets `settle` say which sums are nothing but rounding.
        given: The names that `follow` puts for given numbers.
        forward: The names of the quantities on the way to the loss.
        say: Told what was right of each quantity.
        columns: The names of quantities that may be handed in with a column for each example.
        relative: The relative error that is accepted of an answer, beside what rounding does.
        digits: Significant digits that every step may be rounded to; None for single precision.
        carry: Share of the points for what follows rightly from an own mistake.
    """

    def __init__(
        self,
        follow: Callable[..., None],
        given: Sequence[str],
        forward: Sequence[str],
        say: Callable[[str], None],
        columns: Sequence[str] = (),
        relative: float = 1e-3,
        digits: int | None = None,
        carry: float = 1.0,
    ) -> None:
        """Compute what is right."""
        self.follow, self.given, self.forward, self.say, self.columns = follow, given, forward, say, columns
        self.relative, self.digits, self.carry = relative, digits, carry
        self.own: Values = {}
        self.seen: list[Array] = []
        self.right = self.mine = self._course({})
        # Where a sum is zero at a kink, floats may come out on its other side.
        self.beside = self._course({}, settled=False)

    def credit(self, name: str, label: str, value: Any, points: float) -> float:
        """The points of one quantity, and a line on what was right."""
        right = self.right[0][name]
        numbers = numbers_of(value)
        if numbers is None or numbers.size == 0:
            self.say(f"{label}: -")
            return 0.0
        laid = laid_out(numbers, right.shape, name in self.columns)
        if laid is None:
            self.say(f"{label}: {numbers.shape} != {right.shape}")
            return 0.0
        exact = self._near(name, laid, self.right) | self._near(name, laid, self.beside)
        follows = exact | self._following(name, laid)
        stock = "" if follows.all() else self._stock(laid, right)
        self.seen.append(laid.ravel())
        if stock in ("constant", "copied"):
            exact = follows = np.zeros(right.shape, dtype=bool)
        elif not follows.all() and not stock:
            self._carry_on(name, np.where(exact | ~np.isfinite(laid), right, laid))
        share = np.where(exact, 1.0, np.where(follows, self.carry, 0.0))
        carried = int((follows & ~exact).sum())
        self.say(f"{label}: {int(exact.sum())}{f' + {carried}' if carried else ''} / {right.size}")
        return min(float(points), round(float(points) * float(share.mean()), 6))

    def _following(self, name: str, numbers: Array) -> Array:
        """Entry by entry: whether it follows from the student's own mistakes."""
        if not self.own:
            return np.zeros(numbers.shape, dtype=bool)
        if _is_trivial(self.mine[0][name], self.right[0][name]):
            return np.zeros(numbers.shape, dtype=bool)
        return self._near(name, numbers, self.mine)

    def _near(self, name: str, numbers: Array, course: Course) -> Array:
        values, reach = (found[name] for found in course)
        with np.errstate(all="ignore"):
            return np.asarray(abs(numbers - values) <= reach * (1 + 1e-9))

    def _carry_on(self, name: str, numbers: Array) -> None:
        """Go on with a wrong value, unless it leaves nothing to work out after it."""
        own = {**self.own, name: numbers}
        mine = self._course(own)
        later = self.forward[self.forward.index(name) + 1 :] if name in self.forward else ()
        values, right = mine[0], self.right[0]
        if not any(_is_trivial(values[other], right[other]) for other in later):
            self.own, self.mine = own, mine

    def _stock(self, numbers: Array, right: Array) -> str:
        """Why a wrong answer is none that was worked out; empty where there is no such reason."""
        finite = numbers[np.isfinite(numbers)]
        if (abs(finite) > FAR * (1 + abs(right).max())).any():
            return "far"
        if numbers.size < 2 or finite.size < numbers.size:
            return ""
        if np.ptp(numbers) == 0 and np.ptp(right) > 0:
            return "constant"
        return "copied" if any(np.array_equal(numbers.ravel(), other) for other in self._others()) else ""

    def _others(self) -> Iterator[Array]:
        """What an answer may be a copy of: the given numbers and what was handed in before."""
        yield from self.seen
        for name in self.given:
            array = np.atleast_1d(self.right[0][name])
            yield from (array.ravel(), array.T.ravel())

    def _course(self, own: Values, settled: bool = True) -> Course:
        """Every quantity as it follows from a student's own values, and how far off each entry may be."""
        values, slopes = self._run(own, settled)
        reach: dict[str, Array] = {}
        for name, value in values.items():
            largest = abs(value).max(initial=0)
            reach[name] = np.array((0 if self.digits else self.relative) * abs(value) + SINGLE * largest)
        for name in values:
            used = own.get(name, values[name])
            for place in np.ndindex(used.shape):
                nudge = self._rounding(name, float(used[place]))
                if nudge == 0:
                    continue
                moved, _ = self._run(own, settled, (name, place, nudge), slopes)
                reach[name][place] += nudge
                for other, value in moved.items():
                    change = abs(value - values[other])
                    reach[other] = np.array(reach[other] + np.where(np.isfinite(change), change, 0))
        return values, reach

    def _rounding(self, name: str, number: float) -> float:
        """How far rounding may move a number; whole numbers that are short enough stay."""
        is_short = number == np.floor(number) and abs(number) < 10.0 ** (self.digits or 7)
        if number == 0 or is_short or not np.isfinite(number):
            return 0.0
        if self.digits is None:
            return SINGLE * abs(number)
        if name in self.given:
            return 0.0
        return float(0.5 * 10.0 ** (np.floor(np.log10(abs(number))) + 1 - self.digits))

    def _run(
        self,
        own: Values,
        settled: bool,
        moved: tuple[str, tuple[int, ...], float] | None = None,
        slopes: Values | None = None,
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Every quantity; where one is moved, the sides of kinks stay those of `slopes`."""
        values: dict[str, Array] = {}
        held: dict[str, Array] = {}

        def put(name: str, value: Any) -> Array:
            values[name] = np.array(value, dtype=float)
            used = own.get(name, values[name])
            if moved is not None and moved[0] == name:
                used = used.copy()
                used[moved[1]] += moved[2]
            return used

        def hold(name: str, value: Array) -> Array:
            held[name] = value
            return value if slopes is None else slopes[name]

        def settle(total: Array, terms: Array) -> Array:
            return np.where(abs(total) <= SETTLED * terms, 0, total) if settled else total

        with np.errstate(all="ignore"):
            self.follow(put, hold, settle)
        return values, held


def _is_trivial(values: Array, right: Array) -> bool:
    """Whether nothing but zeros is left, where the right values aren't zero."""
    size, due = abs(values).max(initial=0), abs(right).max(initial=0)
    return bool(not np.isfinite(size) or (due > 0 and size <= TRIVIAL * due))
