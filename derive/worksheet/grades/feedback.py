"""The page that one student gets back: every quantity with its points, and what went wrong where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from derive import filling
from derive.classroom.grading import Entry, Graded, Part
from derive.classroom.grading.gradebook import spelled
from derive.classroom.misconceptions import MISCONCEPTIONS
from derive.classroom.roster import name_of
from derive.classroom.rubric import Rubric
from derive.engine import forms
from derive.engine.values import rational_decimal
from derive.exercise.model import Exercise
from derive.network import Network
from derive.render import typed
from derive.worksheet.spelling import decimal

DIGITS = 6
_MOST_ROWS = 24  # of a quantity's table; entries that went well come last
_WELL = ("right", "carried")


@dataclass(frozen=True)
class Row:
    """One entry: where it is, what was written, how that is, what follows from own numbers, what is right."""

    place: str
    written: str
    verdict: str
    own: str
    right: str


@dataclass(frozen=True)
class Told:
    """One quantity.

    Attributes:
        symbol: LaTeX.
        points, of: What was reached, and what could be.
        absolute: What was reached without what is carried forward.
        verdicts: How often each verdict comes.
        mistakes: Sentences about the usual mistakes that it may show.
        suspicion: See `Part`.
        sources: LaTeX of the own numbers that it follows from.
        is_trivial: See `Part`.
        rows: Entries to look at again; empty where all is well.
        more: How many entries are left out.
        follows: Whether it is worked out from own numbers that aren't right.
    """

    symbol: str
    points: str
    of: str
    absolute: str
    verdicts: Mapping[str, int]
    mistakes: Sequence[str]
    suspicion: str
    sources: Sequence[str]
    is_trivial: bool
    rows: Sequence[Row]
    more: int
    follows: bool


def feedback(
    exercise: Exercise,
    network: Network,
    rubric: Rubric,
    result: Graded,
    language: str,
    templates: Path | None = None,
) -> str:
    """The page of one student, as Markdown.

    Args:
        exercise: That all have.
        network: Of the exercise; only its symbols and parameters' names are used.
        rubric: What is worth how much.
        result: Of the student.
        language: "ko" or "en".
        templates: The user's own folder of templates, which goes first.

    Raises:
        ProblemError: A template of the user's own doesn't work.
    """
    paper = result.paper
    facts = {
        "escape": typed,
        "student": result.person.student,
        "name": name_of(result.person.fields),
        "form": result.person.form,
        "handed_in": result.handed_in,
        "points": spelled(paper.carried),
        "absolute": spelled(paper.absolute),
        "most": spelled(rubric.most),
        "carry": spelled(100 * rubric.carry),
        "coarse": spelled(100 * rubric.coarse),
        "rounding": exercise.rounding,
        "tolerance": _percent(exercise.grading.tolerance),
        "parts": [_told(network, part, language) for part in paper.parts],
        "troubles": [trouble.said(language) for trouble in result.troubles],
    }
    return filling.fill(f"feedback.{language}.md.j2", facts, templates)


def mistake(name: str, quantity: str, language: str) -> str:
    """The sentence about a usual mistake, as Markdown.

    Args:
        name: Of the mistake.
        quantity: LaTeX of the quantity in which it shows.
        language: "ko" or "en".
    """
    return MISCONCEPTIONS[name].feedback[language].format(quantity=f"${quantity}$")


def _told(network: Network, part: Part, language: str) -> Told:
    symbol = forms.quantity(network, part.name)
    verdicts: dict[str, int] = {}
    for entry in part.entries:
        verdicts[entry.verdict] = verdicts.get(entry.verdict, 0) + 1
    looked_at = [] if verdicts.keys() <= {"right"} or verdicts.keys() <= {"blank"} else list(part.entries)
    shown = sorted(looked_at, key=lambda entry: entry.verdict in _WELL)[:_MOST_ROWS]
    shown.sort(key=lambda entry: entry.place)
    return Told(
        symbol=symbol,
        points=spelled(part.carried),
        of=spelled(part.points),
        absolute=spelled(part.absolute),
        verdicts=verdicts,
        mistakes=[mistake(name, symbol, language) for name in part.mistakes],
        suspicion=part.suspicion,
        sources=[forms.quantity(network, source) for source in part.sources],
        is_trivial=part.is_trivial,
        rows=[_row(part, entry) for entry in shown],
        more=len(looked_at) - len(shown),
        follows=bool(part.sources),
    )


def _row(part: Part, entry: Entry) -> Row:
    own = "" if entry.own is None else _number(entry.own)
    return Row(_place(part, entry), typed(entry.written.text), entry.verdict, own, _number(entry.right))


def _place(part: Part, entry: Entry) -> str:
    """The index of an entry, as far as there is more than one."""
    long = [index for index, length in zip(entry.place, part.shape, strict=True) if length > 1]
    return ", ".join(map(str, long))


def _number(number: Fraction) -> str:
    from flint import fmpq

    return decimal(rational_decimal(fmpq(*number.as_integer_ratio()), DIGITS), DIGITS, padded=False)


def _percent(share: Fraction) -> str:
    return f"{float(100 * share):g}"
