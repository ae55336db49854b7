"""A 2-2-2 network of ReLUs under softmax and cross-entropy, written out in plain Python.

It shares nothing with the program: forward over Fractions, everything after the softmax over mpmath
numbers, each usual mistake as a formula of its own. Weights are W[i][j] from unit i to unit j.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import mpmath

Row = list[Any]
Matrix = list[list[Any]]

mpmath.mp.dps = 40


def times(row: Row, matrix: Matrix) -> Row:
    return [sum(row[i] * matrix[i][j] for i in range(len(row))) for j in range(len(matrix[0]))]


def outer(left: Row, right: Row) -> Matrix:
    return [[a * b for b in right] for a in left]


def transposed(matrix: Matrix) -> Matrix:
    return [list(column) for column in zip(*matrix, strict=True)]


def number(fraction: Fraction) -> Any:
    return mpmath.mpf(fraction.numerator) / fraction.denominator


@dataclass
class Course:
    """One computation; the attributes that are functions are what a student may get wrong."""

    x: Row
    y: Row
    w0: Matrix
    w1: Matrix
    activate: Callable[[Row], Row] = lambda h: [max(0, one) for one in h]
    log: Callable[[Any], Any] = mpmath.log
    delta: Callable[["Course"], Row] = lambda c: [s - y for s, y in zip(c.s, c.y, strict=True)]
    back: Callable[["Course"], Row] = lambda c: times(c.delta_1, transposed(c.w1))
    mask: Callable[["Course", Row], Row] = lambda c, g: [
        a if h > 0 else 0 for a, h in zip(g, c.h, strict=True)
    ]
    w1_gradient: Callable[["Course"], Matrix] = lambda c: outer(c.hidden, c.delta_1)
    w0_gradient: Callable[["Course"], Matrix] = lambda c: outer(c.x, c.delta_0)
    h: Row = field(default_factory=list)

    def run(self) -> dict[str, list[Any]]:
        self.h = times(self.x, self.w0)
        self.hidden = self.activate(self.h)
        self.o = times(self.hidden, self.w1)
        powers = [mpmath.exp(number(Fraction(one))) for one in self.o]
        self.s = [power / sum(powers) for power in powers]
        loss = -sum(number(y) * self.log(s) for y, s in zip(self.y, self.s, strict=True))
        self.y = [number(y) for y in self.y]
        self.delta_1 = self.delta(self)
        self.delta_0 = self.mask(self, self.back(self))
        flat = [*self.w1_gradient(self)[0], *self.w1_gradient(self)[1]]
        return {
            "pre_activation_0": self.h,
            "output_0": self.hidden,
            "pre_activation_1": self.o,
            "output_1": self.s,
            "loss": [loss],
            "W_1": flat,
            "W_0": [one for row in self.w0_gradient(self) for one in row],
        }


WRONG: dict[str, dict[str, Any]] = {
    "mask_forgotten": {"mask": lambda c, g: g},
    "mask_inverted": {"mask": lambda c, g: [a if h <= 0 else 0 for a, h in zip(g, c.h, strict=True)]},
    "mask_of_wrong_layer": {"mask": lambda c, g: [a if o > 0 else 0 for a, o in zip(g, c.o, strict=True)]},
    "relu_of_gradient": {"mask": lambda c, g: [max(0, a) for a in g]},
    "activation_forgotten": {"activate": lambda h: h, "mask": lambda c, g: g},
    "pre_activation_as_input": {"w1_gradient": lambda c: outer(c.h, c.delta_1)},
    "weights_not_transposed": {"back": lambda c: times(c.delta_1, c.w1)},
    "outer_product_transposed": {
        "w1_gradient": lambda c: outer(c.delta_1, c.hidden),
        "w0_gradient": lambda c: outer(c.delta_0, c.x),
    },
    "target_not_subtracted": {"delta": lambda c: c.s},
    "sign_flipped": {"delta": lambda c: [y - s for s, y in zip(c.s, c.y, strict=True)]},
    "softmax_diagonal": {"delta": lambda c: [-y / s * s * (1 - s) for s, y in zip(c.s, c.y, strict=True)]},
    "loss_gradient_as_delta": {"delta": lambda c: [-y / s for s, y in zip(c.s, c.y, strict=True)]},
    "common_logarithm": {"log": mpmath.log10},
}


def answers(x: Row, y: Row, w0: Matrix, w1: Matrix, mistake: str | None = None) -> dict[str, list[Any]]:
    """Every quantity, flat; by a student who makes the mistake named."""
    return Course(x, y, w0, w1, **(WRONG[mistake] if mistake else {})).run()


def visibly_different(left: dict[str, list[Any]], right: dict[str, list[Any]]) -> bool:
    """Whether some quantity differs by more than a thousandth of its largest entry."""
    for name, good in left.items():
        bad = [number(Fraction(b)) if isinstance(b, int | Fraction) else b for b in right[name]]
        good = [number(Fraction(g)) if isinstance(g, int | Fraction) else g for g in good]
        size = max(abs(entry) for entry in (*good, *bad))
        if any(abs(g - b) > size / 1000 for g, b in zip(good, bad, strict=True)):
            return True
    return False
