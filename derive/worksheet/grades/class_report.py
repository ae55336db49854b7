"""What a class shows, for whoever teaches it: points, what went well, mistakes, hardest entries, troubles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from derive import filling
from derive.classroom.grading import Graded, HandIn, Success, Summary, Trouble, summary
from derive.classroom.grading.gradebook import spelled
from derive.classroom.grading.summary import BINS
from derive.classroom.misconceptions import MISCONCEPTIONS
from derive.classroom.roster import name_of
from derive.classroom.rubric import Rubric
from derive.engine import forms
from derive.exercise.literals import shortened
from derive.network import Network
from derive.render import typed
from derive.render.page import Picture
from derive.worksheet import figures
from derive.worksheet.figures.bars import scale

_LONGEST = 60


@dataclass(frozen=True)
class Report:
    """What a class report is made of.

    Attributes:
        name: Of the assignment.
        network: Of the exercise; only its symbols and parameters' names are used.
        rubric: What is worth how much.
        results: Of everybody.
        strangers: What came from nobody on the roll.
        strays: What could not be read and belongs to nobody.
    """

    name: str
    network: Network
    rubric: Rubric
    results: Sequence[Graded]
    strangers: Sequence[HandIn] = ()
    strays: Sequence[Trouble] = ()


def class_report(
    report: Report, language: str, templates: Path | None = None
) -> tuple[str, dict[str, Picture]]:
    """The report in one language: its Markdown, and the pictures that it shows.

    Args:
        report: What it is made of.
        language: "ko" or "en".
        templates: The user's own folder of templates, which goes first.

    Raises:
        ProblemError: A template of the user's own doesn't work.
    """
    found = summary(report.results, report.rubric)
    told = filling.tell(f"class-report.{language}.md.j2", _facts(report, found, language), templates)
    return told.markdown, _pictures(report, found, told.picture_words)


def _facts(report: Report, found: Summary, language: str) -> dict[str, Any]:
    results = report.results
    numbers = ("most", "mean", "median", "lowest", "highest", "mean_absolute")
    return {
        "escape": typed,
        "name": report.name,
        "students": found.students,
        "handed_in": found.handed_in,
        **{name: _spelled(getattr(found, name)) for name in numbers},
        "bins": found.bins,
        "quantities": [_success(report.network, one) for one in found.quantities],
        "hardest": [_success(report.network, one) for one in found.hardest],
        "mistakes": [
            {
                "count": count,
                "share": _percent(Fraction(count, found.handed_in)),
                "sentence": MISCONCEPTIONS[name].feedback[language],
            }
            for name, count in found.mistakes.items()
        ],
        "absent": [_who(result) for result in results if not result.handed_in],
        "troubles": [
            {"who": _who(result), "said": [typed(trouble.said(language)) for trouble in result.troubles]}
            for result in results
            if result.troubles
        ],
        "strangers": [typed(shortened(one.student or one.form, _LONGEST)) for one in report.strangers],
        "strays": [typed(f"{one.where} {one.said(language)}".strip()) for one in report.strays],
    }


def _spelled(number: Fraction | None) -> str:
    return "" if number is None else spelled(number)


def _percent(share: Fraction) -> str:
    return f"{round(100 * share)}"


def _who(result: Graded) -> str:
    person = result.person
    named = " ".join(part for part in (person.student, name_of(person.fields)) if part)
    return typed(shortened(named, _LONGEST))


def _success(network: Network, one: Success) -> Mapping[str, str]:
    return {
        "symbol": forms.quantity(network, one.name),
        "place": "" if one.place is None else ", ".join(map(str, one.place)),
        "absolute": _percent(one.absolute),
        "carried": _percent(one.carried),
        "blank": _percent(one.blank),
    }


def _pictures(report: Report, found: Summary, words: Mapping[str, str]) -> dict[str, Picture]:
    """The pictures that there is something to show for."""
    if not found.handed_in:
        return {}
    drawn = {"points": _histogram(found, words), "quantities": _quantities(report.network, found, words)}
    if found.mistakes:
        drawn["mistakes"] = _mistakes(found, words)
    return {name: Picture(drawing.svg, drawing.alt) for name, drawing in drawn.items()}


def _histogram(found: Summary, words: Mapping[str, str]) -> figures.Drawing:
    step = found.most / BINS
    lines = [
        figures.Bar(f"{spelled(n * step)}\N{EN DASH}{spelled((n + 1) * step)}", (float(count),), str(count))
        for n, count in enumerate(found.bins)
    ]
    said = ", ".join(f"{line.label}: {line.text}" for line in lines)
    most = scale(max(found.bins))
    return figures.bars(lines, along=words["students"], most=most, alt=f"{words['points']} {said}.")


def _quantities(network: Network, found: Summary, words: Mapping[str, str]) -> figures.Drawing:
    lines = [
        figures.Bar(
            _in_line(forms.quantity(network, one.name)),
            (float(one.absolute), float(one.carried)),
            f"{_percent(one.absolute)} / {_percent(one.carried)} %",
            is_formula=True,
        )
        for one in found.quantities
    ]
    said = "; ".join(f"{one.name} {line.text}" for one, line in zip(found.quantities, lines, strict=True))
    names, alt = (words["absolute"], words["carried"]), f"{words['quantities']} {said}."
    return figures.bars(lines, along=words["share"], most=1, alt=alt, names=names)


def _in_line(latex: str) -> str:
    """A derivative with a slash, which is no higher than a line."""
    if not latex.startswith(r"\frac{"):
        return latex
    return latex.removeprefix(r"\frac{").removesuffix("}").replace(r"}{\partial", r"/\partial", 1)


def _mistakes(found: Summary, words: Mapping[str, str]) -> figures.Drawing:
    """Numbered as the table below it."""
    counts = found.mistakes.values()
    lines = [figures.Bar(str(n), (float(count),), str(count)) for n, count in enumerate(counts, 1)]
    said = "; ".join(f"{line.label}: {line.text}" for line in lines)
    most = scale(max(found.mistakes.values()))
    return figures.bars(lines, along=words["students"], most=most, alt=f"{words['mistakes']} {said}.")
