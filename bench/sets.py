"""Sets of variants: drawing many, the pages of a class, and one handout against pdfLaTeX.

Drawing is everything before pages: numbers, all rules, the three sources in bulk. The class is the command
from its call to the last page. The handout is made from a story on both sides, one core each; pdfLaTeX, the
fastest of the TeX engines, has run over the same page before.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from bench import child
from bench.measure import Timing, measure

EXERCISE = child.ROOT / "exercises" / "two-layer.yaml"
DRAWN = 10_000
STUDENTS = 1000
HANDOUTS = 40
LATEX = ("pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "page.tex")


@dataclass(frozen=True)
class Sets:
    """What sets cost.

    Attributes:
        drawn: How many variants were drawn, and `drawing`: in a new process.
        students: How many got pages; `pages`: the command, in seconds.
        handout: One handout in a set, in seconds of one core; `latex`: by pdfLaTeX, None where there is none.
    """

    drawn: int
    drawing: Timing
    students: int
    pages: float
    handout: Timing
    latex: Timing | None


def measured(tell: Callable[[str], None], drawn: int = DRAWN, students: int = STUDENTS) -> Sets:
    """All of it."""
    tell(f"drawing {drawn} variants")
    drawing = child.run("sets", "drawing", [drawn])
    tell("a handout, and pdfLaTeX")
    handout, latex = child.run("sets", "handouts", [min(HANDOUTS, students)])
    tell(f"handouts and keys of {students} students")
    pages = set_of_pages(students)
    return Sets(drawn, Timing(*drawing), students, pages, Timing(*handout), latex and Timing(*latex))


def drawing(count: int) -> list[float]:
    """Seconds to draw so many variants and check them by all sources; in a child."""
    from derive.classroom import variants
    from derive.engine import bulk
    from derive.exercise import schema

    exercise = schema.load(EXERCISE.read_text("utf-8"), EXERCISE.name)

    def draw() -> None:
        outlook = variants.look_ahead(variants.prepare(exercise), EXERCISE.name)
        keys = [variants.key("bench", 1, str(n)) for n in range(count)]
        blocks = variants.draw(outlook.plan, keys, {outlook.plan.own_form}, variants.Tally(), EXERCISE.name)
        done = 0
        for block in blocks:
            verdict = bulk.check(block.batch)
            assert verdict.verified.all()
            done += len(block.difficulty)
        assert done == count

    return as_list(measure(draw, repetitions=3))


def set_of_pages(students: int) -> float:
    """Seconds of `derive variants` for a class: handouts and keys as PDF, all cores."""
    with tempfile.TemporaryDirectory() as name:
        roster = Path(name) / "class.csv"
        roster.write_text("id\n" + "".join(f"s{n:05}\n" for n in range(students)), "utf-8")
        command = [sys.executable, "-m", "derive", "variants", str(EXERCISE), "--roster", str(roster)]
        start = perf_counter()
        subprocess.run([*command, "--out", name, "--quiet"], check=True, capture_output=True, cwd=child.ROOT)
        seconds = perf_counter() - start
        made = list(Path(name).rglob("handouts/*.pdf")) + list(Path(name).rglob("keys/*.pdf"))
        assert len(made) == 2 * students
    return seconds


def handouts(count: int) -> tuple[list[float], list[float] | None]:
    """Seconds for a handout as PDF, from its story, and the same by pdfLaTeX; in a child."""
    from derive.render import render

    told = list(_told(count))
    samples = []
    for markdown, page in told:
        start = process_time()
        render(markdown, page, ["pdf"])
        samples.append(process_time() - start)
    own = samples[len(samples) // 4 :]  # the first ones read fonts
    timing = [sorted(own)[len(own) // 2], min(own), max(own), len(own)]
    if shutil.which(LATEX[0]) is None:
        return timing, None
    markdown, page = told[0]
    return timing, _latex(render(markdown, page, ["tex"])["tex"])


def _told(count: int) -> Any:
    """Stories of variants, each with the page of its handout."""
    from derive.cli import pipeline
    from derive.exercise import schema
    from derive.render import Page

    text = EXERCISE.read_text("utf-8")
    for number in range(count):
        numbers = text.replace("input: [4, 1]", f"input: [{number + 1}, 1]")
        exercise = schema.load(numbers, EXERCISE.name)
        material = pipeline.gather(exercise, pipeline.verify(exercise, 40))
        story = pipeline.write_story(material, "en", None, alone=False)
        page = Page(
            title=exercise.title["en"], language="en", audience="handout", identifier=str(number),
            paper="a4", pictures=story.pictures, templates=None, alone=False,
        )  # fmt: skip
        yield story.markdown, page


def _latex(source: bytes) -> list[float]:
    """Seconds of pdfLaTeX, whose caches are warm."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "page.tex").write_bytes(source)

        def run() -> None:
            environment = {**os.environ, "OMP_NUM_THREADS": "1"}
            subprocess.run(LATEX, cwd=folder, check=True, capture_output=True, env=environment)

        run()
        return as_list(measure(run, repetitions=3))


def as_list(timing: Timing) -> list[float]:
    """A timing on its way out of a child."""
    return [timing.seconds, timing.lowest, timing.highest, timing.repetitions]
