"""The figures about a class: drawing a set, its pages, and grading it."""

from bench.grading import Grading
from bench.sets import Sets
from bench.tables import Goal, spread, table, time

DRAWING = """\
`exercises/two-layer.yaml`, all rules of a good variant on. Drawing: numbers, rules, the mistakes that each
variant tells apart, and the three sources in bulk, in one process: {drawing} for {drawn:,}.

Pages: `derive variants --roster class.csv` from its call to the last byte, on all cores: verified handout and
key as PDF for {students:,} students in {pages:.0f} s.

One handout from its story to the PDF takes {handout} of one core.{latex}"""
LATEX = " pdfLaTeX, with warm caches, needs {latex} for the same page's .tex: **{ratio:,.0f} times** as long."
NO_LATEX = " pdfLaTeX is not installed, so there is nothing to hold it against."
GRADING = """\
`derive grade` in a new process over a CSV with every entry of every quantity of {students:,} students, each
with numbers of their own: {kinds}. Medians of {turns}."""


def set_goals(sets: Sets) -> list[Goal]:
    """What was promised of sets of variants, where as many were made as the promise is about."""
    found = []
    if sets.drawn >= 10_000:
        seconds = sets.drawing.seconds * 10_000 / sets.drawn
        what = "drawing 10,000 verified 2-2-2 variants"
        found.append(Goal(what, "under 5 s", f"{seconds:.2f} s", seconds < 5))
    if sets.students >= 1000:
        seconds = sets.pages * 1000 / sets.students
        what = "handouts and keys as PDF for 1,000 students"
        found.append(Goal(what, "under 60 s", f"{seconds:.0f} s", seconds < 60))
    if sets.latex is not None and sets.handout.repetitions > 1:
        ratio = sets.latex.seconds / sets.handout.seconds
        what = "a handout against warm pdfLaTeX"
        found.append(Goal(what, "50 times as fast", f"{ratio:,.0f} times", ratio >= 50))
    return found


def grading_goals(grading: Grading) -> list[Goal]:
    """What was promised of grading."""
    if grading.students < 1000:
        return []
    seconds = grading.table.seconds * 1000 / grading.students
    return [Goal("grading the CSV of 1,000 students", "under 10 s", f"{seconds:.2f} s", seconds < 10)]


def set_section(sets: Sets) -> list[str]:
    """Sets of variants, for the report."""
    latex = NO_LATEX
    if sets.latex is not None:
        ratio = sets.latex.seconds / sets.handout.seconds
        latex = LATEX.format(latex=spread(sets.latex), ratio=ratio)
    text = DRAWING.format(
        drawing=spread(sets.drawing), drawn=sets.drawn, students=sets.students, pages=sets.pages,
        handout=time(sets.handout.seconds), latex=latex,
    )  # fmt: skip
    return ["## Sets of variants", text]


def grading_section(grading: Grading) -> list[str]:
    """Grading, for the report."""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in grading.kinds.items())
    text = GRADING.format(students=grading.students, kinds=kinds, turns=grading.table.repetitions)
    rows = [
        ["grades.csv", spread(grading.table)],
        ["grades.csv, a page of HTML for each student, the report", spread(grading.pages)],
    ]
    return ["## Grading", text, table(["what comes out", "time"], rows)]
