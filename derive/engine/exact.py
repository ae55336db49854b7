"""Exact values of everything a derivation names, with certified digits and decided zeros.

The derivation's rules run over rationals and closed forms as far as these go, over balls (arb) from
there on. Balls are computed anew with doubled precision until every entry carries its digits. Which
side of a kink a pre-activation lies on, and whether an entry that looks like zero is zero, is decided:
by comparing coefficients where a closed form exists, by a certified sign, or structurally (`residues`).
What 2,000 digits don't decide is a Problem.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import arb, ctx, fmpq

from derive.engine import closed, residues
from derive.engine.passes import Key, Pass, Quantities, quantities, run
from derive.engine.program import Mathematics, Number
from derive.engine.symbolic import Derivation
from derive.engine.values import Value, value_of
from derive.errors import Problem, ProblemError

Array = npt.NDArray[np.object_]

DRAWS = 3  # independent residue evaluations behind a structural zero
UNDECIDED_DIGITS = 2000
CERTIFIED = 40  # digits that are always certified, whatever is shown: the cross-check needs them


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
        return [(name, place, array[place]) for name, array in self.values.items() for place in np.ndindex(array.shape)]


class UndecidedError(Exception):
    """A pre-activation whose ball holds zero."""

    def __init__(self, key: Key, ball: arb) -> None:
        """Remember which one."""
        self.key = key
        self.ball = ball
        super().__init__(key)


class ReachedError(Exception):
    """The residue run has come to the pre-activation that it was asked about."""

    def __init__(self, zero: bool) -> None:
        """Remember what it found there."""
        self.zero = zero
        super().__init__(zero)


@dataclass
class ExactNumbers(Mathematics):
    """Rationals and closed forms, then balls; remembers on which side of its kink each unit lies."""

    signs: dict[Key, int] = field(default_factory=dict)

    def number(self, rational: fmpq) -> Number:
        """A given number."""
        return rational

    def exp(self, x: Number) -> Number:
        """exp(x)."""
        return closed.exponential(x)

    def log(self, x: Number) -> Number:
        """log(x)."""
        return closed.natural_log(x)

    def erf(self, x: Number) -> Number:
        """erf(x)."""
        return fmpq(0) if isinstance(x, fmpq) and x == 0 else closed.as_ball(x).erf()

    def inverse(self, x: Number) -> Number:
        """1 / x."""
        return x.inverse() if isinstance(x, closed.Closed | closed.Logarithm) else 1 / x

    def root(self, x: Number) -> Number:
        """The square root."""
        return closed.as_ball(x).sqrt()

    def pi(self) -> Number:
        """pi."""
        return arb.pi()

    def sign(self, key: Key, z: Number) -> int:
        """-1, 0 or 1.

        Raises:
            UndecidedError: The ball of `z` holds zero, and nothing has been found out about it yet.
        """
        if key in self.signs:
            return self.signs[key]
        if isinstance(z, fmpq):
            self.signs[key] = (z > 0) - (z < 0)
        else:
            ball = closed.as_ball(z)
            if ball.contains(0):
                raise UndecidedError(key, ball)
            self.signs[key] = 1 if ball > 0 else -1
        return self.signs[key]


@dataclass
class ResidueNumbers(Mathematics):
    """Residues modulo a prime; sides of kinks are taken from the exact run."""

    draw: int
    signs: Mapping[Key, int]

    def number(self, rational: fmpq) -> Number:
        """A given number."""
        return residues.of_rational(rational, self.draw)

    def exp(self, x: Number) -> Number:
        """exp(x)."""
        return residues.exponential(self._residue(x))

    def log(self, x: Number) -> Number:
        """log(x)."""
        return residues.natural_log(self._residue(x))

    def erf(self, x: Number) -> Number:
        """erf(x)."""
        return residues.error_function(self._residue(x))

    def inverse(self, x: Number) -> Number:
        """1 / x."""
        return self._residue(x).inverse()

    def root(self, x: Number) -> Number:
        """The square root, as a number of its own."""
        return residues.constant(f"root {self._residue(x).value}", self.draw)

    def pi(self) -> Number:
        """Pi, as a number of its own."""
        return residues.constant("pi", self.draw)

    def sign(self, key: Key, z: Number) -> int:
        """What the exact run decided.

        Raises:
            ReachedError: It has not decided this one: whether the residue is zero.
        """
        if key in self.signs:
            return self.signs[key]
        raise ReachedError(self._residue(z).is_zero)

    def _residue(self, x: Number) -> residues.Residue:
        return x if isinstance(x, residues.Residue) else residues.of_rational(fmpq(x), self.draw)


def solve(derivation: Derivation, digits: int = 40) -> Solution:
    """Exact values of every quantity that the derivation names.

    Args:
        derivation: Of `symbolic.derive`.
        digits: Significant digits of each decimal; at least 40 are certified in any case.

    Raises:
        ProblemError: A sign or a zero that 2,000 digits don't decide.
    """
    shown, digits = digits, max(digits, CERTIFIED)
    precision, limit = 4 * digits + 64, max(UNDECIDED_DIGITS, 4 * digits) * 10 // 3
    numbers, asked = ExactNumbers(), False
    while True:
        try:
            with ctx.workprec(precision):
                passes = run(derivation, numbers)
        except UndecidedError as undecided:
            if _all_draws(lambda draw: _zero_at(derivation, numbers, draw)):
                numbers.signs[undecided.key] = 0
                continue
            what, bound = _name_of_unit(undecided.key), undecided.ball
        else:
            found = quantities(passes)
            values, missing = _certified(found, digits)
            if missing and not asked and precision > 8 * digits:
                asked = True
                _settle_zeros(derivation, numbers, values, missing)
            if not missing:
                return Solution(derivation, shown, values, _kinks(numbers), tuple(passes))
            name, place = next(iter(missing))
            what, bound = name + "".join(f"[{i}]" for i in place), found[name][place]
        precision *= 2
        if precision > limit:
            raise ProblemError([_undecided(derivation, what, bound)])


def _certified(found: Quantities, digits: int) -> tuple[dict[str, Array], dict[tuple[str, Any], None]]:
    """Values of all entries, and the places of those whose balls are still too wide."""
    values: dict[str, Array] = {}
    missing: dict[tuple[str, Any], None] = {}
    for name, array in found.items():
        values[name] = np.empty(array.shape, dtype=object)
        for place in np.ndindex(array.shape):
            value = value_of(array[place], digits)
            values[name][place] = value
            if value is None:
                missing[name, place] = None
    return values, missing


def _settle_zeros(
    derivation: Derivation, numbers: ExactNumbers, values: dict[str, Array], missing: dict[tuple[str, Any], None]
) -> None:
    """Fill in what is zero for a structural reason."""
    draws = [quantities(run(derivation, ResidueNumbers(draw, numbers.signs))) for draw in range(DRAWS)]
    for name, place in list(missing):
        if all(draw[name][place].is_zero for draw in draws):
            values[name][place] = value_of(fmpq(0), 1)
            del missing[name, place]


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
    return f"pre_activation of unit {key.unit} of layer {key.layer} in row {key.row}"


def _undecided(derivation: Derivation, what: str, bound: Any) -> Problem:
    size = closed.as_ball(bound).abs_upper().str(3, radius=False)
    return Problem(
        file=derivation.network.name,
        line=None,
        column=None,
        what=f"{UNDECIDED_DIGITS} digits do not decide whether {what} is zero",
        why=f"it is smaller than {size} in magnitude, and no identity shows that it vanishes",
        fix="change one of the numbers it depends on a little",
    )
