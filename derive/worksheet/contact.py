"""The contact sheet of a set: every variant at a glance, and how difficult they are."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from derive import filling
from derive.classroom.frozen import Frozen, flat
from derive.exercise import literals
from derive.exercise.model import Exercise
from derive.network import Network, build
from derive.render import escape, typed
from derive.render.page import Picture
from derive.worksheet import figures
from derive.worksheet.fitting import fits
from derive.worksheet.spelling import Speller, matrix
from derive.worksheet.story import Story

DIGITS = 4


@dataclass(frozen=True)
class Entry:
    """One variant: who has it, and its numbers and answers as formulas, together where they fit."""

    id: str
    who: str
    difficulty: int
    formulas: Sequence[str]


@dataclass(frozen=True)
class ContactSheet:
    """What a contact sheet shows.

    Attributes:
        exercise: That the set was drawn from.
        name: Of the set.
        seed: Of the set.
        own_difficulty: Score of the exercise's own numbers.
        quantities: What students hand in.
    """

    exercise: Exercise
    name: str
    seed: int
    own_difficulty: int
    quantities: Sequence[str]

    def story(self, variants: Iterable[Frozen], language: str, templates: Path | None = None) -> Story:
        """The sheet in one language.

        Args:
            variants: With their answers.
            language: "ko" or "en".
            templates: The user's own folder of templates, which goes first.

        Raises:
            ProblemError: A template of the user's own doesn't work.
        """
        network = build(self.exercise)
        scores: Counter[int] = Counter()

        def entries() -> Iterator[Entry]:
            for variant in variants:
                scores[variant.difficulty] += 1
                yield self._entry(network, variant)

        listed = list(entries())
        band = self.exercise.rules.difficulty
        facts = {
            "escape": escape,
            "name": self.name,
            "seed": self.seed,
            "title": self.exercise.title[language],
            "entries": listed,
            "own": self.own_difficulty,
            "least": min(scores),
            "most": max(scores),
            "band": "" if band is None else f"{float(100 * band):g}",
        }
        told = filling.tell(f"contact-sheet.{language}.md.j2", facts, templates)
        return Story(told.markdown, {"difficulty": self._histogram(scores, told.picture_words)})

    def _histogram(self, scores: Counter[int], words: Any) -> Picture:
        band = self.exercise.rules.difficulty
        own = self.own_difficulty
        drawing = figures.histogram(
            scores,
            figures.Labels(words["across"], words["up"], words["own"], words["alt"]),
            own=own,
            band=None if band is None else (own * float(1 - band), own * float(1 + band)),
        )
        return Picture(drawing.svg, drawing.alt)

    def _entry(self, network: Network, variant: Frozen) -> Entry:
        speller = _speller(variant)
        symbols = network.symbols
        given = {"input": symbols.input, "target": symbols.target}
        numbers = [
            f"{given.get(name) or symbols.parameter(name)} = {_laid(part, speller)}"
            for name, part in variant.numbers.items()
        ]
        answers = []
        for name in self.quantities:
            if name == "loss" or name in network.parameters():
                of = (
                    symbols.loss
                    if name == "loss"
                    else rf"\partial {symbols.loss}/\partial {symbols.parameter(name)}"
                )
                answers.append(rf"{of} = {_rounded(variant.answers[name].decimal, speller)}")
        return Entry(variant.id, typed(variant.who), variant.difficulty, _together(numbers, answers))


def _together(numbers: Sequence[str], answers: Sequence[str]) -> list[str]:
    """Numbers above answers, as one formula that no page splits, unless a line is too wide for that."""
    lines = [r" \quad ".join(numbers), r" \quad ".join(answers)]
    whole = r"\begin{aligned} & " + r" \\ & ".join(lines) + r" \end{aligned}"
    return [whole] if fits(whole) else lines


def _speller(variant: Frozen) -> Speller:
    return Speller(literals.prefers_decimals(map(literals.parse, flat(variant.numbers.values()))), DIGITS)


def _laid(numbers: Any, speller: Speller) -> str:
    """A number, a row or a matrix, exactly."""
    return _matrix(numbers, lambda text: speller.fraction(Fraction(text)))


def _rounded(numbers: Any, speller: Speller) -> str:
    """A number, a row or a matrix, rounded."""

    def spell(text: str) -> str:
        number = Decimal(text)
        return "0" if number == 0 else speller.decimal(number) if number.is_finite() else text

    return _matrix(numbers, spell)


def _matrix(numbers: Any, spell: Any) -> str:
    if isinstance(numbers, str):
        return str(spell(numbers))
    rows = numbers if isinstance(numbers[0], list) else [numbers]
    return matrix([[spell(text) for text in row] for row in rows])
