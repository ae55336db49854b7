"""`derive grade`: answers that came back, marked with own mistakes carried forward."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from derive.cli.options import Jobs, Paper, Quiet, Templates, Verbose, chosen
from derive.cli.say import Voice, show_path, warn

if TYPE_CHECKING:
    from derive.classroom.grading import Graded, HandIn, Roll, Seat
    from derive.classroom.grading.tables import Collected
    from derive.cli.sandbox.run import Limits

FEEDBACK = "feedback"
_MOST_TOLD = 40
_FEW = 60  # students for whom more processes would cost more than they bring


@dataclass(frozen=True)
class Order:
    """What is made of the grades.

    Attributes:
        out: The folder.
        formats: Of the pages for students.
        table: Whether `grades.csv` is written.
        language: `ko` or `en`.
        paper: `a4` or `letter`.
        templates: The user's own folder of templates.
        jobs: Processes.
        limits: Of notebooks.
    """

    out: Path
    formats: tuple[str, ...]
    table: bool
    language: str
    paper: str
    templates: Path | None
    jobs: int
    limits: "Limits"


def grade(
    manifest: Annotated[
        Path, typer.Argument(metavar="SET", help="The folder of a set, or an exercise file that all have.")
    ],
    answers: Annotated[
        Path, typer.Argument(metavar="ANSWERS", help="CSV, JSON, or a folder of submitted notebooks.")
    ],
    lang: Annotated[str, typer.Option(help="ko or en.")] = "ko",
    formats: Annotated[
        str, typer.Option("--format", help="csv (the grades), and of the pages any, with commas.")
    ] = "csv,html",
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to; by default grades in that of the set.")
    ] = None,
    paper: Paper = "a4",
    seconds: Annotated[int, typer.Option(min=1, max=3600, help="Time that a notebook may take.")] = 60,
    megabytes: Annotated[int, typer.Option(min=256, help="Memory that a notebook may take.")] = 4096,
    jobs: Jobs = 0,
    templates: Templates = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Grade what students handed in, each against their own numbers, and say what went wrong.

    Every quantity is worked out anew from what a student wrote before it, so that a mistake costs its own
    points and no others. Writes grades.csv, a page for each student, and a report about the class.
    """
    from derive.cli import grading
    from derive.cli.sandbox.run import Limits
    from derive.render import FORMATS
    from derive.render.page import LANGUAGES

    voice = Voice(quiet, verbose)
    wanted = chosen(formats, ["csv", *FORMATS], "--format")
    (language, *others) = chosen(lang, LANGUAGES, "--lang")
    if others:
        raise typer.BadParameter("grades are written in one language", param_hint="--lang")
    roll, file, folder = grading.roll_of(manifest)
    order = Order(
        out=out or folder,
        formats=tuple(name for name in wanted if name != "csv"),
        table="csv" in wanted,
        language=language,
        paper=paper,
        templates=templates,
        jobs=jobs or os.cpu_count() or 1,
        limits=Limits(seconds, megabytes),
    )
    collected = _collected(answers, roll, manifest, order, voice)
    seats, strangers = roll.seated(collected.hand_ins)
    results = _marked(roll, seats, file, order, voice)
    _write(roll, results, collected, strangers, order, voice)
    _tell(results, collected, strangers, voice)


def _collected(answers: Path, roll: "Roll", hidden: Path, order: Order, voice: Voice) -> "Collected":
    from derive.cli import grading

    if not answers.is_dir():
        return grading.collect(answers, roll)
    from derive.cli import submissions

    return submissions.collect(answers, roll, hidden, order.limits, order.jobs, voice)


def _marked(roll: "Roll", seats: "Sequence[Seat]", file: str, order: Order, voice: Voice) -> "list[Graded]":
    from derive.cli import pool
    from derive.cli.grading import Marking

    jobs = 1 if len(seats) <= _FEW else order.jobs
    work = ((n, seat, roll.answers.get(seat.person.form)) for n, seat in enumerate(seats))
    found: dict[int, Graded] = {}
    with voice.phase("grading", len(seats)) as advance:
        for number, result in pool.mapped(Marking(roll.exercise, file), work, jobs):
            found[number] = result
            advance(1)
    return [found[number] for number in range(len(seats))]


def _write(
    roll: "Roll",
    results: "Sequence[Graded]",
    collected: "Collected",
    strangers: "Sequence[HandIn]",
    order: Order,
    voice: Voice,
) -> None:
    """Everything is made before anything is written."""
    from derive import files
    from derive.classroom import cells
    from derive.classroom.grading import gradebook
    from derive.classroom.rubric import rubric

    made: dict[Path, bytes] = {}
    if order.table:
        rows = gradebook.rows(roll.name, rubric(roll.exercise), results, order.language)
        made[Path("grades.csv")] = "".join(cells.pieces(rows)).encode("utf-8", "backslashreplace")
    if order.formats:
        made |= _report(roll, results, collected, strangers, order)
        made |= _pages(roll, results, order, voice)
    with files.alone_in(order.out, voice.waiting(order.out)):
        files.sweep([order.out, order.out / FEEDBACK])
        for name, content in made.items():
            files.write(order.out / name, content)
        kept = {name.name for name in made if name.parent.name == FEEDBACK}
        _clear(order.out / FEEDBACK, kept, order.formats)
    for name in made:
        if name.parent.name != FEEDBACK:
            show_path(order.out / name)
    if order.formats:
        show_path(order.out / FEEDBACK)


def _report(
    roll: "Roll",
    results: "Sequence[Graded]",
    collected: "Collected",
    strangers: "Sequence[HandIn]",
    order: Order,
) -> dict[Path, bytes]:
    """The report about the class."""
    from derive.classroom.rubric import rubric
    from derive.network import build
    from derive.render import Page, render
    from derive.worksheet.grades import class_report
    from derive.worksheet.grades.class_report import Report

    exercise = roll.exercise
    network, marks = build(exercise), rubric(exercise)
    report = Report(roll.name, network, marks, results, strangers, collected.strays)
    markdown, pictures = class_report(report, order.language, order.templates)
    page = Page(
        title=exercise.title[order.language],
        language=order.language,
        audience="grades",
        identifier=roll.name,
        paper=order.paper,
        pictures=pictures,
        templates=order.templates,
    )
    rendered = render(markdown, page, order.formats)
    return {Path(f"report.{extension}"): content for extension, content in rendered.items()}


def _pages(roll: "Roll", results: "Sequence[Graded]", order: Order, voice: Voice) -> dict[Path, bytes]:
    """The pages of all students."""
    from derive.cli import pool
    from derive.cli.grading import Printing, page_names

    printing = Printing(roll.exercise, order.language, order.formats, order.paper, order.templates)
    names = page_names([result.person for result in results], roll.named)
    jobs = 1 if len(results) <= _FEW else order.jobs
    found: dict[Path, bytes] = {}
    with voice.phase("pages", len(results)) as advance:
        for pages in pool.mapped(printing, zip(names, results, strict=True), jobs):
            found |= {Path(FEEDBACK) / name: content for name, content in pages.items()}
            advance(1)
    return dict(sorted(found.items()))


def _clear(folder: Path, kept: set[str], formats: Sequence[str]) -> None:
    """Remove pages of an earlier run that this one has not written: they are out of date."""
    for path in folder.glob("*"):
        if path.suffix.removeprefix(".") in formats and path.name not in kept and path.is_file():
            path.unlink()


def _tell(
    results: "Sequence[Graded]", collected: "Collected", strangers: "Sequence[HandIn]", voice: Voice
) -> None:
    """Whatever could not be read, by name; then the outcome in a line."""
    from derive.classroom.grading.gradebook import spelled
    from derive.errors import Problem, describe
    from derive.exercise.literals import shortened

    said = [
        (shortened(result.person.student), trouble.said("en"))
        for result in results
        for trouble in result.troubles
    ]
    said += [(shortened(one.student or one.form), "nobody in the set is called that") for one in strangers]
    said += [(one.where, one.said("en")) for one in collected.strays]
    for who, what in said[:_MOST_TOLD]:
        warn(describe(Problem("", None, None, f"{who}: {what}")).removeprefix("error: "))
    if len(said) > _MOST_TOLD:
        warn(f"and {len(said) - _MOST_TOLD} more; the report has them all")
    if collected.ignored:
        voice.tell(f"columns without answers: {', '.join(map(shortened, collected.ignored[:20]))}")
    came = [result.paper.carried for result in results if result.handed_in]
    mean = f", {spelled(sum(came, Fraction(0)) / len(came))} points on average" if came else ""
    voice.tell(f"graded: {len(came)} of {len(results)} students{mean}")
