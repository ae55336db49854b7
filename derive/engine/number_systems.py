"""The two number systems that exact values need: one that computes them, one that proves zeros."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flint import arb, fmpq

from derive.engine import closed, residues
from derive.engine.passes import Key
from derive.engine.program import Mathematics, Number

TALLEST = 4096  # bits of a rational that gradient descent has made, above which only its digits are kept


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
        """The exponential."""
        return closed.exponential(x)

    def log(self, x: Number) -> Number:
        """The natural logarithm."""
        return closed.natural_log(x)

    def erf(self, x: Number) -> Number:
        """The error function."""
        return fmpq(0) if isinstance(x, fmpq) and x == 0 else closed.as_ball(x).erf()

    def erfc(self, x: Number) -> Number:
        """One minus the error function."""
        return fmpq(1) if isinstance(x, fmpq) and x == 0 else closed.as_ball(x).erfc()

    def inverse(self, x: Number) -> Number:
        """One over x."""
        return x.inverse() if isinstance(x, closed.Closed | closed.Logarithm) else 1 / x

    def root(self, x: Number) -> Number:
        """The square root."""
        return closed.as_ball(x).sqrt()

    def pi(self) -> Number:
        """The number pi."""
        return arb.pi()

    def kept(self, x: Number) -> Number:
        """A parameter after an update; each update multiplies the length of exact numbers."""
        return closed.as_ball(x) if closed.height(x) > TALLEST else x

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
        """The exponential."""
        return residues.exponential(self._residue(x))

    def log(self, x: Number) -> Number:
        """The natural logarithm."""
        return residues.natural_log(self._residue(x))

    def erf(self, x: Number) -> Number:
        """The error function."""
        return residues.error_function(self._residue(x))

    def inverse(self, x: Number) -> Number:
        """One over x."""
        return self._residue(x).inverse()

    def root(self, x: Number) -> Number:
        """The square root, as a number of its own."""
        return residues.constant(f"root {self._residue(x).value}", self.draw)

    def pi(self) -> Number:
        """The number pi, as one of its own."""
        return residues.constant("pi", self.draw)

    def kept(self, x: Number) -> Number:
        """A parameter after an update."""
        return x

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
