"""One student's paper: every entry marked, absolutely and with own mistakes carried forward."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from flint import arb, ctx

from derive.classroom.grading import balls, stock
from derive.classroom.grading.balls import Array
from derive.classroom.grading.case import Case
from derive.classroom.grading.naming import Names, explain, follow_suit
from derive.classroom.grading.path import Judged, Path, follow, straight
from derive.classroom.grading.reading import BLANK, Written
from derive.classroom.misconceptions import asked
from derive.classroom.rubric import Rubric

NO_POINTS = ("constant", "copied")


@dataclass(frozen=True)
class Entry:
    """One entry, marked.

    Attributes:
        place: Its index.
        written: What the student wrote.
        verdict: `right`, `coarse` (rounded to too few digits), `carried`, `named` (a usual mistake leads to
            it), `wrong`, `stock` (part of an answer that nobody worked out), `blank`, `unreadable`.
        right: What is right, to some digits.
        own: What follows from the student's own values.
        absolute: Share of its points without what is carried forward.
        carried: Share of its points with it.
    """

    place: tuple[int, ...]
    written: Written
    verdict: str
    right: Fraction
    own: Fraction | None
    absolute: Fraction
    carried: Fraction


@dataclass(frozen=True)
class Part:
    """One quantity, marked.

    Attributes:
        name: Of the quantity.
        points: What it is worth.
        shape: Of the quantity.
        entries: Row-major.
        mistakes: Names of the usual mistakes that lead to what is wrong; of several any may have happened.
        suspicion: Why nothing is carried from a wrong answer: it is `constant`, `copied` or `far`; it is
            `emptied`, leaving nothing to be worked out after it; or it `follows` from one of these.
        sources: The student's own wrong quantities that it follows from.
        is_trivial: Whether nothing but zeros followed from them, which earns nothing.
    """

    name: str
    points: Fraction
    shape: tuple[int, ...]
    entries: tuple[Entry, ...]
    mistakes: tuple[str, ...] = ()
    suspicion: str = ""
    sources: tuple[str, ...] = ()
    is_trivial: bool = False

    @property
    def absolute(self) -> Fraction:
        """Points without what is carried forward."""
        return self._mean([entry.absolute for entry in self.entries])

    @property
    def carried(self) -> Fraction:
        """Points with it."""
        return self._mean([entry.carried for entry in self.entries])

    def _mean(self, shares: list[Fraction]) -> Fraction:
        return self.points * sum(shares, Fraction(0)) / len(shares)


@dataclass(frozen=True)
class Paper:
    """Everything that one student handed in, marked."""

    parts: tuple[Part, ...]

    @property
    def absolute(self) -> Fraction:
        """Points without what is carried forward."""
        return sum((part.absolute for part in self.parts), Fraction(0))

    @property
    def carried(self) -> Fraction:
        """Points with it."""
        return sum((part.carried for part in self.parts), Fraction(0))

    @property
    def mistakes(self) -> tuple[str, ...]:
        """Usual mistakes, each once; of several that may have happened the first."""
        return tuple(dict.fromkeys(part.mistakes[0] for part in self.parts if part.mistakes))


@dataclass(frozen=True)
class _Findings:
    """What is known of a student before points are given."""

    path: Path
    names: Names
    barred: Mapping[str, str]
    suits: frozenset[str]


def mark(case: Case, answers: Mapping[str, Array], rubric: Rubric) -> Paper:
    """Mark a paper.

    Args:
        case: What the student was given.
        answers: Name -> array of `Written`, in the shape of the right answer. What no points are given for
            may be among them: what follows from it is carried forward too.
        rubric: What is worth how much.
    """
    order = [name for name in asked(case.network, answers) if name in answers]
    handed_in = {name: answers[name] for name in order if not _is_blank(answers[name])}
    with ctx.workprec(balls.PRECISION):
        findings = _examine(case, handed_in)
        return Paper(
            tuple(
                _part(case, findings, rubric, name, answers.get(name), points)
                for name, points in rubric.points.items()
            )
        )


def _is_blank(written: Array) -> bool:
    return all(entry.is_blank for entry in written.flat)


def _examine(case: Case, answers: Mapping[str, Array]) -> _Findings:
    """Follow the student's path, until it is clear what may be carried along it."""
    if (path := straight(case, answers)) is not None:
        return _Findings(path, {}, {}, frozenset())
    barred: dict[str, str] = {}
    own: list[str] | None = None  # wrong by the student's own numbers, whatever may be carried from them
    while True:
        path = follow(case, answers, frozenset(barred))
        own = path.wrong if own is None else own
        found = explain(case, path) if path.wrong else {}
        names = {name: several for name, several in found.items() if name in own}
        more = {name: "emptied" for name in path.emptied if name not in barred}
        for name in path.wrong:
            why = stock.reason(case, name, answers) or ("" if name in own else "follows")
            if why and name not in names and name not in barred:
                more[name] = why
        if not more:
            return _Findings(path, names, barred, follow_suit(case, names))
        barred |= more


def _part(
    case: Case, findings: _Findings, rubric: Rubric, name: str, written: Array | None, points: Fraction
) -> Part:
    right = np.asarray(case.values[name], dtype=object)
    judged = findings.path.judged.get(name)
    if judged is None:
        blank = balls.mapped(lambda _: BLANK, right) if written is None else written
        entries = tuple(_unanswered(place, blank[place], right[place]) for place in np.ndindex(right.shape))
        return Part(name, points, right.shape, entries)
    suspicion = findings.barred.get(name, "")
    rest = "stock" if suspicion in NO_POINTS else "wrong"
    if name in findings.names:
        rest = "carried" if name in findings.suits else "named"
    entry = partial(_entry, judged, right, rubric, rest)
    carries = bool((judged.follows & ~judged.absolute).any())
    sources = sorted(judged.sources, key=list(findings.path.judged).index) if carries else []
    return Part(
        name=name,
        points=points,
        shape=right.shape,
        entries=tuple(entry(place) for place in np.ndindex(right.shape)),
        mistakes=tuple(mistake.name for mistake in findings.names.get(name, ())),
        suspicion=suspicion,
        sources=tuple(sources),
        is_trivial=carries and judged.trivial,
    )


def _unanswered(place: tuple[int, ...], written: Any, right: Any) -> Entry:
    verdict, nothing = "blank" if written.is_blank else "unreadable", Fraction(0)
    return Entry(place, written, verdict, _shown(right), None, nothing, nothing)


def _entry(judged: Judged, right: Array, rubric: Rubric, rest: str, place: tuple[int, ...]) -> Entry:
    """One entry; `rest` is the verdict where it is neither right nor follows."""
    written: Written = judged.written[place]
    if written.number is None:
        return _unanswered(place, written, right[place])
    verdict = _verdict(judged, rest, place)
    shares = {"right": Fraction(1), "coarse": rubric.coarse, "carried": rubric.carry, "named": rubric.named}
    share = shares.get(verdict, Fraction(0))
    is_right = verdict == "right" or (verdict == "coarse" and judged.coarsely_right[place])
    if verdict == "coarse" and not is_right and judged.sources:
        share *= rubric.carry
    absolute = share if is_right else Fraction(0)
    own = _shown(judged.computed[place])
    return Entry(place, written, verdict, _shown(right[place]), own, absolute, share)


def _verdict(judged: Judged, rest: str, place: tuple[int, ...]) -> str:
    if rest == "stock":
        return rest
    if judged.absolute[place]:
        return "right"
    if judged.follows[place] and not judged.trivial:
        return "carried" if judged.sources else "right"
    return "coarse" if judged.coarse[place] or judged.coarsely_right[place] else rest


def _shown(ball: Any) -> Fraction:
    """The middle of a ball; zero where it isn't finite."""
    middle = balls.end(arb(ball).mid(), True)
    return Fraction(middle) if middle.is_finite() else Fraction(0)
