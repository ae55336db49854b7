"""What every part of a story is written from: the exercise, its exact values, and how they are spelled."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil, log10
from typing import cast

import numpy as np
import numpy.typing as npt

from derive.engine import forms
from derive.engine.chain import RowChain, row_chain
from derive.engine.closed import Closed, proportion
from derive.engine.demonstration import Demonstration, demonstrate
from derive.engine.exact import Solution
from derive.engine.proofs import Proof, prove
from derive.engine.values import LATEX, Value, spell, value_of
from derive.engine.verify import Verification
from derive.exercise import literals
from derive.exercise.model import Exercise
from derive.network import Dense, Matrix, Network
from derive.worksheet.spelling import (
    LONGEST_FACTOR,
    Factor,
    Rows,
    Speller,
    matrix,
    transposed,
)

Array = npt.NDArray[np.object_]

SHOWN_DIGITS = 6
FACTOR_NAMES = ("c", r"\kappa", r"\gamma")  # the first that the exercise doesn't use itself


@dataclass(frozen=True)
class Sheet:
    """One exercise, solved and verified, as the parts of the story see it.

    Attributes:
        exercise: As its file gives it.
        verification: With the exact values and what each source says.
        shared_proof: Of the same closed forms with other numbers, where it was made already.
    """

    exercise: Exercise
    verification: Verification
    shared_proof: Proof | None = None

    @property
    def proof(self) -> Proof:
        """That the closed forms hold for every input.

        Raises:
            ProofError: A rule does not hold; no key may be written.
        """
        return self.shared_proof or prove(self.solution.derivation)

    @property
    def solution(self) -> Solution:
        """The exact values."""
        return self.verification.solution

    @property
    def network(self) -> Network:
        """The network with its numbers and symbols."""
        return self.verification.network

    @property
    def depth(self) -> int:
        """Number of layers."""
        return len(self.network.layers)

    @property
    def last(self) -> Dense:
        """The layer that the output comes from."""
        return self.network.layers[-1]

    @property
    def single(self) -> bool:
        """Whether there is just one example."""
        return self.network.rows == 1

    @cached_property
    def chains(self) -> tuple[RowChain, ...]:
        """The local Jacobians and partial products of each example."""
        return tuple(row_chain(self.solution, row) for row in range(self.network.rows))

    @cached_property
    def demonstration(self) -> Demonstration:
        """What the homework's own recipe makes of it."""
        return demonstrate(self.solution)

    @cached_property
    def given(self) -> list[Fraction]:
        """Every number of the exercise."""
        network = self.network
        numbers = [x for row in (*network.inputs, *(network.targets or ())) for x in row]
        for laid in network.parameters().values():
            numbers += [Fraction(x) for x in np.asarray(laid, dtype=object).flat]
        return numbers

    @property
    def typed_digits(self) -> int:
        """Significant digits of an answer that is typed into a quiz."""
        if self.exercise.rounding is not None:
            return self.exercise.rounding
        # As many as rounding needs to stay within the relative error that is accepted.
        return ceil(-log10(2 * self.exercise.grading.tolerance)) + 1

    @cached_property
    def speller(self) -> Speller:
        """How numbers are written here."""
        digits = max(SHOWN_DIGITS, self.exercise.rounding or 0)
        return Speller(literals.prefers_decimals(self.given), digits, self._factor())

    def _factor(self) -> Factor | None:
        """What all gradients of a single example are multiples of, where it is short enough to be named."""
        if not self.single:
            return None
        deltas = self.solution.values[f"pre_activation_gradient_{self.depth - 1}"][0]
        found = proportion(value.closed for value in deltas)
        if found is None or len(spell(found[0], LATEX)) > LONGEST_FACTOR:
            return None
        # One of them itself, up to its sign: 1/(1 + e^-36) rather than a multiple of it.
        number = next(value.closed for value in deltas if isinstance(value.closed, Closed))
        number = -number if number.numerator[0][1] < 0 else number
        symbols = self.network.symbols
        used = {symbols.input, symbols.loss, symbols.target, *symbols.pre_activation, *symbols.output}
        return Factor(number, next(name for name in FACTOR_NAMES if name not in used))

    def numbers(self, laid: Matrix) -> list[list[str]]:
        """Given numbers, spelled."""
        return [[self.speller.fraction(x) for x in row] for row in laid]

    def laid(self, rows: Rows) -> Rows:
        """Rows of examples as the convention writes them: columns where vectors are columns."""
        return rows if self.network.row_convention else transposed(rows)

    def shape(self, width: int) -> str:
        """Shape of values of so many units, as the handout's blanks spell it."""
        rows = self.network.rows
        return f"{rows}x{width}" if self.network.row_convention else f"{width}x{rows}"

    def weights(self, layer: Dense) -> str:
        """The numbers of a layer's weights."""
        return matrix(self.numbers(layer.weights))

    @property
    def loss(self) -> Value:
        """The loss of the network as it is given."""
        return self.scalar("loss")

    def scalar(self, name: str) -> Value:
        """The exact value of a quantity that is a single number."""
        (value,) = self.solution.values[name].flat
        return cast(Value, value)

    def values(self, name: str) -> Array:
        """The exact values of a quantity, at least (1, n)."""
        return np.atleast_2d(self.solution.values[name])

    def layers_backwards(self) -> Iterator[Dense]:
        """The layers from the output to the input."""
        return reversed(self.network.layers)

    def read_symbol(self, layer: Dense) -> str:
        """The symbol of what a layer reads."""
        return forms.read_symbol(self.network, layer.index)

    def read_values(self, layer: Dense) -> Rows:
        """What a layer reads, a row per example."""
        if layer.index:
            return self.values(f"output_{layer.index - 1}")
        return [[exact(x) for x in row] for row in self.network.inputs]

    def symbol(self, quantity: str) -> str:
        """The symbol of `loss`, `output_1`, `pre_activation_0`, `W_0`, `b_0` or `input`."""
        return forms.symbol(self.network, quantity)

    def partial(self, of: str, for_what: str) -> str:
        """A partial derivative of one quantity for another, in symbols."""
        return forms.partial(self.symbol(of), self.symbol(for_what))

    def gradient(self, quantity: str) -> str:
        """The gradient of the loss for a quantity, in symbols."""
        return self.partial("loss", quantity)


def exact(number: Fraction) -> Value:
    """A given number as a value."""
    from flint import fmpq

    found = value_of(fmpq(number.numerator, number.denominator), 40)
    assert found is not None  # a rational always has its digits
    return found


def aligned(left: str, right: Sequence[str]) -> str:
    """An equation of several steps, each on its own line; each step begins with its relation.

    What is equal to the left hand side isn't equal to what was rounded before it, so it begins anew.
    """
    if len(right) == 1:
        return f"{left} {right[0]}"
    before = ("=", *right)
    lines: list[str] = []
    for last, step in zip(before, right, strict=False):
        anew = not lines or (last.startswith(r"\approx") and step.startswith("="))
        lines.append(f"{left} &{step}" if anew else f"&{step}")
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"
