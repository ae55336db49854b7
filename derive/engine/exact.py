"""Exact values of everything a derivation names, with certified digits and decided zeros.

The derivation's rules run over rationals and closed forms as far as these go, over balls (arb) from
there on. Balls are computed anew with doubled precision until every entry carries its digits. Which
side of a kink a pre-activation lies on, and whether an entry that looks like zero is zero, is decided:
by comparing coefficients where a closed form exists, by a certified sign, or structurally (`residues`).
What 2,000 digits don't decide is a Problem.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import ctx, fmpq

from derive.engine import closed
from derive.engine.number_systems import ExactNumbers, ReachedError, ResidueNumbers, UndecidedError
from derive.engine.passes import Key, Pass, Quantities, quantities, run
from derive.engine.symbolic import Derivation
from derive.engine.values import Value, value_of
from derive.errors import Problem, ProblemError

Array = npt.NDArray[Any]
Entry = tuple[str, tuple[int, ...]]  # a quantity's name and a place in it

DRAWS = 3  # independent residue evaluations behind a structural zero
UNDECIDED_DIGITS = 2000
CERTIFIED = 40  # digits that are always certified, whatever is shown: the cross-check needs them
FARTHEST = 3000  # decimal exponent of a number, above which nothing can be taught with it


@dataclass(frozen=True)
class Kink:
    """A pre-activation that is exactly zero where the activation has a kink."""

    layer: int
    row: int
    unit: int


@dataclass(frozen=True)
class Solution:
    """Exact values of one network.

    Attributes:
        derivation: Whose rules were evaluated.
        digits: Significant digits to show; the decimals carry at least 40.
        values: Name -> array of `Value`; the names are those of `passes.quantities`.
        kinks: Units that sit exactly on a kink, in the network as it is given.
        passes: The runs behind the values, each number in them a rational, a closed form or a ball.
    """

    derivation: Derivation
    digits: int
    values: Mapping[str, Array]
    kinks: tuple[Kink, ...]
    passes: tuple[Pass, ...]

    def entries(self) -> list[tuple[str, tuple[int, ...], Value]]:
        """Every entry: its quantity, its place there, its value."""
        return [
            (name, place, value)
            for name, array in self.values.items()
            for place, value in zip(np.ndindex(array.shape), array.flat, strict=True)
        ]


def solve(derivation: Derivation, digits: int = 40) -> Solution:
    """Exact values of every quantity that the derivation names.

    Args:
        derivation: Of `symbolic.derive`.
        digits: Significant digits of each decimal; at least 40 are certified in any case.

    Raises:
        ProblemError: A sign or a zero that 2,000 digits don't decide, or a number that is out of reach.
    """
    shown, digits = digits, max(digits, CERTIFIED)
    most = max(UNDECIDED_DIGITS, 4 * digits)
    precision, limit = 4 * digits + 64, most * 10 // 3 + 64
    numbers = ExactNumbers()
    zeros: set[Entry] | None = None
    while True:
        try:
            with ctx.workprec(precision):
                passes = run(derivation, numbers)
                found = quantities(passes)
        except ZeroDivisionError:
            raise ProblemError([_no_number(derivation)]) from None
        except UndecidedError as undecided:
            if _all_draws(lambda draw: _zero_at(derivation, numbers, draw)):
                numbers.signs[undecided.key] = 0
                continue
            what, bound = _name_of_unit(undecided.key), undecided.ball
        else:
            values, missing = _certified(derivation, found, digits, zeros or set())
            if missing and zeros is None and precision > 8 * digits:
                zeros = _structural_zeros(derivation, numbers, missing)
                continue
            if not missing:
                return Solution(derivation, shown, values, _kinks(numbers), tuple(passes))
            what, bound = _spelled(missing[0]), found[missing[0][0]][missing[0][1]]
        if precision == limit:
            raise ProblemError([_undecided(derivation, what, bound, most)])
        precision = min(2 * precision, limit)


def _certified(
    derivation: Derivation, found: Quantities, digits: int, zeros: Collection[Entry]
) -> tuple[dict[str, Array], list[Entry]]:
    """Values of all entries, and those whose balls are still too wide."""
    values: dict[str, Array] = {}
    missing: list[Entry] = []
    for name, array in found.items():
        values[name] = np.empty(array.shape, dtype=object)
        for place in np.ndindex(array.shape):
            number = fmpq(0) if (name, place) in zeros else array[place]
            try:
                value = value_of(number, digits)
            except OverflowError:
                raise ProblemError([_out_of_reach(derivation, (name, place))]) from None
            if value is None:
                missing.append((name, place))
            elif abs(value.decimal.adjusted()) > FARTHEST and not value.is_zero:
                raise ProblemError([_out_of_reach(derivation, (name, place))])
            values[name][place] = value
    return values, missing


def _structural_zeros(
    derivation: Derivation, numbers: ExactNumbers, entries: Collection[Entry]
) -> set[Entry]:
    """Which of the entries vanish identically."""
    draws = [quantities(run(derivation, ResidueNumbers(draw, numbers.signs))) for draw in range(DRAWS)]
    return {(name, place) for name, place in entries if all(draw[name][place].is_zero for draw in draws)}


def _all_draws(question: Callable[[int], bool]) -> bool:
    return all(question(draw) for draw in range(DRAWS))


def _zero_at(derivation: Derivation, numbers: ExactNumbers, draw: int) -> bool:
    """Whether the first pre-activation whose side is unknown is zero modulo the prime."""
    try:
        run(derivation, ResidueNumbers(draw, numbers.signs))
    except ReachedError as reached:
        return reached.zero
    raise AssertionError("the exact run stopped at a unit that the residue run does not meet")


def _kinks(numbers: ExactNumbers) -> tuple[Kink, ...]:
    return tuple(
        Kink(key.layer, key.row, key.unit)
        for key, sign in sorted(numbers.signs.items())
        if sign == 0 and key.update == 0
    )


def _name_of_unit(key: Key) -> str:
    name = f"pre_activation_{key.layer}[{key.row}][{key.unit}]"
    return f"{name} in pass {key.update} of the descent" if key.update else name


def _spelled(entry: Entry) -> str:
    name, place = entry
    return name + "".join(f"[{i}]" for i in place)


def _out_of_reach(derivation: Derivation, entry: Entry) -> Problem:
    return Problem(
        file=derivation.network.name,
        line=None,
        column=None,
        what=f"{_spelled(entry)} is out of reach",
        why=f"its magnitude is above 1e{FARTHEST} or below 1e-{FARTHEST}",
        fix="choose smaller weights or inputs, so that no unit saturates that far",
    )


def _no_number(derivation: Derivation) -> Problem:
    return Problem(
        file=derivation.network.name,
        line=None,
        column=None,
        what="the loss is infinite",
        why="an output is exactly 0 or 1, as a softmax over a single output always is",
        fix="give the last layer another activation, or more outputs",
    )


def _undecided(derivation: Derivation, what: str, bound: Any, digits: int) -> Problem:
    ball = closed.as_ball(bound)
    size = ball.abs_upper().str(3, radius=False)
    if not ball.is_finite():
        question = f"do not suffice for {what}"
        why = "a unit saturates so far that none of its digits is left"
        fix = "choose smaller weights or inputs"
    elif ball.contains(0):
        question = f"do not decide whether {what} is zero"
        why = f"it is smaller than {size} in magnitude, and no identity shows that it vanishes"
        fix = "change one of the numbers it depends on a little"
    else:
        question = f"do not decide how {what} rounds"
        why = "it lies halfway between two numbers of as many digits as are asked for"
        fix = "ask for one digit more"
    name = derivation.network.name
    return Problem(name, None, None, f"{digits} digits {question}", why, fix)
