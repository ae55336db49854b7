"""Numbers that carry their derivative along: forward differentiation over the integers modulo a prime.

Running a network's forward rules over these numbers gives the derivative of the composed loss in one
direction, from nothing but the derivatives of +, *, 1/x, exp, log, erf and the square root. No rule of
the tables, no delta and no chain of Jacobians takes part, so it can be held against all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flint import fmpq

from derive.engine import residues
from derive.engine.passes import Key
from derive.engine.program import Mathematics, Number
from derive.engine.residues import Residue


@dataclass(frozen=True)
class Tangent:
    """A number and its derivative in the direction that was drawn, both modulo the prime."""

    value: Residue
    derivative: Residue

    def _with(self, other: Any) -> "Tangent":
        if isinstance(other, Tangent):
            return other
        return constant(residues.of_rational(fmpq(other), self.value.draw))

    def __neg__(self) -> "Tangent":
        """The negative."""
        return Tangent(-self.value, -self.derivative)

    def __add__(self, other: Any) -> "Tangent":
        """The sum."""
        right = self._with(other)
        return Tangent(self.value + right.value, self.derivative + right.derivative)

    __radd__ = __add__

    def __sub__(self, other: Any) -> "Tangent":
        """The difference."""
        return self + -self._with(other)

    def __mul__(self, other: Any) -> "Tangent":
        """The product."""
        right = self._with(other)
        derivative = self.derivative * right.value + self.value * right.derivative
        return Tangent(self.value * right.value, derivative)

    __rmul__ = __mul__


def constant(value: Residue) -> Tangent:
    """A number that nothing moves."""
    return Tangent(value, residues.of_rational(fmpq(0), value.draw))


@dataclass(frozen=True)
class TangentNumbers(Mathematics):
    """Draws a point and a direction: every distinct given number becomes a residue and a derivative.

    Attributes:
        draw: Which of many independent draws.
        still: Given numbers that do not move.
        signs: The side of its kink that each pre-activation lies on; drawn too.
    """

    draw: int
    still: frozenset[fmpq]
    signs: Mapping[Key, int]

    def number(self, rational: fmpq) -> Number:
        """The residue that is drawn for a given number."""
        value = residues.constant(f"point {rational}", self.draw)
        if rational in self.still:
            return constant(value)
        return Tangent(value, residues.constant(f"direction {rational}", self.draw))

    def exp(self, x: Number) -> Number:
        """The exponential."""
        power = residues.exponential(self._tangent(x).value)
        return Tangent(power, power * self._tangent(x).derivative)

    def log(self, x: Number) -> Number:
        """The natural logarithm."""
        inner = self._tangent(x)
        return Tangent(residues.natural_log(inner.value), inner.value.inverse() * inner.derivative)

    def erf(self, x: Number) -> Number:
        """The error function."""
        inner = self._tangent(x)
        bell = residues.exponential(-(inner.value * inner.value))
        slope = bell * 2 * residues.square_root(self.pi().value).inverse()
        return Tangent(residues.error_function(inner.value), slope * inner.derivative)

    def inverse(self, x: Number) -> Number:
        """1 / x."""
        inner = self._tangent(x)
        inverse = inner.value.inverse()
        return Tangent(inverse, -(inverse * inverse * inner.derivative))

    def root(self, x: Number) -> Number:
        """The square root."""
        inner = self._tangent(x)
        root = residues.square_root(inner.value)
        return Tangent(root, (root * 2).inverse() * inner.derivative)

    def pi(self) -> Tangent:
        """Pi: some square."""
        root = residues.constant("root of pi", self.draw)
        return constant(root * root)

    def kept(self, x: Number) -> Number:
        """A parameter after an update."""
        return x

    def sign(self, key: Key, z: Number) -> int:
        """The side that was drawn."""
        return self.signs[key]

    def _tangent(self, x: Number) -> Tangent:
        return x if isinstance(x, Tangent) else constant(residues.of_rational(fmpq(x), self.draw))
