"""Whether a number is zero for a structural reason, decided by evaluating modulo a prime.

Smooth networks have exact zeros that no precision can show: sigmoid(1/3) + sigmoid(-1/3) - 1. The
same straight-line program is run over the integers modulo a prime, with the transcendental numbers in
it replaced by random residues that keep their relations:

- exp(r) for a rational r becomes g^r in a subgroup of prime order, so exp(r + t) = exp(r) exp(t);
- exp(x) for any other x becomes a residue drawn from x itself, with exp(-x) = 1 / exp(x), and likewise
  log and erf (erf is odd), so that equal arguments give equal numbers.

An expression that vanishes identically vanishes here for every draw. One that does not, vanishes with
a probability below degree / q (Schwartz 1980, Zippel 1979); three draws with a prime of 255 bits leave
less than 1e-150 for any program that this package runs.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from flint import fmpq

# q and p = 2 q + 1 are prime, so that the squares modulo p form a group of prime order q.
Q = 0x4000000000000000000000000000000000000000000000000000000000017FBF
P = 2 * Q + 1


@dataclass(frozen=True)
class Residue:
    """A number modulo P; `rational` is its true value where that is known to be rational."""

    value: int
    draw: int
    rational: fmpq | None = None

    def _with(self, other: Any) -> "Residue":
        return other if isinstance(other, Residue) else of_rational(fmpq(other), self.draw)

    def __neg__(self) -> "Residue":
        """The negative."""
        return Residue(-self.value % P, self.draw, None if self.rational is None else -self.rational)

    def __add__(self, other: Any) -> "Residue":
        """The sum."""
        right = self._with(other)
        if self.rational is None or right.rational is None:
            return Residue((self.value + right.value) % P, self.draw)
        return Residue((self.value + right.value) % P, self.draw, self.rational + right.rational)

    __radd__ = __add__

    def __sub__(self, other: Any) -> "Residue":
        """The difference."""
        return self + -self._with(other)

    def __mul__(self, other: Any) -> "Residue":
        """The product; a true zero stays rational."""
        right = self._with(other)
        if self.rational is not None and right.rational is not None:
            return of_rational(self.rational * right.rational, self.draw)
        if self.rational == 0 or right.rational == 0:
            return of_rational(fmpq(0), self.draw)
        return Residue(self.value * right.value % P, self.draw)

    __rmul__ = __mul__

    def inverse(self) -> "Residue":
        """One over this.

        Raises:
            ZeroDivisionError: It is zero.
        """
        if self.value == 0:
            raise ZeroDivisionError
        rational = None if self.rational is None else 1 / self.rational
        return Residue(pow(self.value, -1, P), self.draw, rational)

    @property
    def is_zero(self) -> bool:
        """Whether it vanishes modulo P."""
        return self.value == 0


def of_rational(number: fmpq, draw: int) -> Residue:
    """A rational as a residue."""
    return Residue(int(number.p) * pow(int(number.q), -1, P) % P, draw, number)


def _drawn(kind: str, argument: int, draw: int) -> int:
    digest = hashlib.blake2b(f"{kind} {argument} {draw}".encode(), digest_size=64).digest()
    return int.from_bytes(digest, "big") % P


def _halved(x: Residue) -> tuple[int, bool]:
    """One of x and -x, the same for both, and whether it is x."""
    return (x.value, True) if x.value <= P - x.value else (P - x.value, False)


def exponential(x: Residue) -> Residue:
    """The exponential as a residue."""
    if x.rational is not None or x.value == 0:
        rational = fmpq(0) if x.rational is None else x.rational
        generator = pow(_drawn("base", 0, x.draw), 2, P)
        exponent = int(rational.p) * pow(int(rational.q), -1, Q) % Q
        known = fmpq(1) if rational == 0 else None
        return Residue(pow(generator, exponent, P), x.draw, known)
    argument, kept = _halved(x)
    power = Residue(_drawn("exp", argument, x.draw), x.draw)
    return power if kept else power.inverse()


def natural_log(x: Residue) -> Residue:
    """The logarithm as a residue: log 1 = 0 is all it knows."""
    if x.value == 1:
        return of_rational(fmpq(0), x.draw)
    return Residue(_drawn("log", x.value, x.draw), x.draw)


def error_function(x: Residue) -> Residue:
    """The error function as a residue: odd."""
    if x.value == 0:
        return of_rational(fmpq(0), x.draw)
    argument, kept = _halved(x)
    value = _drawn("erf", argument, x.draw)
    return Residue(value if kept else P - value, x.draw)


def square_root(x: Residue) -> Residue:
    """The root modulo P that is a square itself; a number of its own where there is none."""
    root = pow(x.value, (Q + 1) // 2, P)  # P = 2 Q + 1 leaves 3 modulo 4
    return Residue(root, x.draw) if root * root % P == x.value else constant(f"root {x.value}", x.draw)


def constant(name: str, draw: int) -> Residue:
    """A number such as pi or a square root, which nothing here depends on but by name."""
    return Residue(_drawn(name, 0, draw), draw)
