"""Integers over one denominator, with a bound that is known before they are computed."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np

from derive.engine.bulk.model import Floats, Integers

LARGEST = 2**53  # beyond it binary64 skips integers


class NotExactError(Exception):
    """These networks have no exact side in bulk; the message says why."""


@dataclass(frozen=True)
class Scaled:
    """Integers over one denominator, the networks last; none is larger than `bound` in magnitude."""

    numerators: Integers
    denominator: int
    bound: int

    def __post_init__(self) -> None:
        """Refuse what could leave the integers that binary64 holds.

        Raises:
            NotExactError: The bound is too large.
        """
        if self.bound >= LARGEST or self.denominator >= LARGEST:
            raise NotExactError("a numerator may reach 2^53")

    @property
    def values(self) -> Floats:
        """In binary64, each rounded once."""
        floats: Floats = self.numerators / self.denominator
        return floats

    def times(self, other: "Scaled", shape: Callable[[Any, Any], Any], terms: int = 1) -> "Scaled":
        """A product, or a sum of `terms` products, as `shape` computes it from both numerators."""
        bound = terms * self.bound * other.bound
        denominator = self.denominator * other.denominator
        return Scaled(shape(self.numerators, other.numerators), denominator, bound)

    def plus(self, other: "Scaled") -> "Scaled":
        """The sum."""
        denominator = lcm(self.denominator, other.denominator)
        f, g = denominator // self.denominator, denominator // other.denominator
        numerators = f * self.numerators + g * other.numerators
        return Scaled(numerators, denominator, f * self.bound + g * other.bound)

    def scaled(self, factor: Fraction) -> "Scaled":
        """Multiplied by one number."""
        top, bottom = factor.as_integer_ratio()
        return Scaled(top * self.numerators, bottom * self.denominator, abs(top) * self.bound)


def given(integers: Integers, denominator: int) -> Scaled:
    """Numbers of a batch, the networks moved last."""
    numerators = np.ascontiguousarray(np.moveaxis(integers, 0, -1))
    return Scaled(numerators, denominator, max(int(numerators.max()), -int(numerators.min())))
