"""`python -m bench`: measure, and write `reports/bench.md` with its plot."""

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from bench import answer_key, checking, child, deriving, grading, sets
from bench.report import PLOT, Figures, goals, markdown, panels

SECTIONS = ("deriving", "checking", "key", "sets", "grading")
REPORT = "bench.md"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for, everything by default."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"some of: {', '.join(SECTIONS)}")
    parser.add_argument("--out", type=Path, default=child.ROOT / "reports", help="folder to write to")
    parser.add_argument("--cap", type=float, default=deriving.CAP, help="seconds for a contender at one size")
    parser.add_argument("--small", action="store_true", help="tiny sizes: whether it runs, not how fast")
    given = parser.parse_args(arguments)
    if unknown := set(given.sections) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    figures = Figures(cap=given.cap)
    try:
        for figures in measured(given.sections or SECTIONS, given.cap, given.small):
            write(figures, given.out)
    except subprocess.CalledProcessError as error:
        say(f"{' '.join(map(str, error.cmd))} failed:\n{error.stderr}")
        sys.exit(1)
    for goal in goals(figures):
        say(f"{'met    ' if goal.met else 'NOT MET'} {goal.what}: {goal.measured} ({goal.wanted})")
    print(given.out / REPORT)


def measured(sections: Sequence[str], cap: float, small: bool) -> Iterator[Figures]:
    """Run the sections one after the other; after each, all figures so far."""
    figures = Figures(cap=cap)
    if "deriving" in sections:
        some = slice(0, 2) if small else slice(None)
        turns = 1 if small else deriving.TURNS
        wide = deriving.compared(deriving.wide()[some], cap, say, turns)
        deep = deriving.compared(deriving.deep()[some], cap, say, turns)
        figures = replace(figures, wide=wide, deep=deep)
        yield figures
    if "checking" in sections:
        sizes = checking.SIZES[:1] if small else checking.SIZES
        counts = (512, 20) if small else (checking.COUNT, checking.LOOPED)
        figures = replace(figures, checked=checking.compared(sizes, say, *counts))
        yield figures
    if "key" in sections:
        key = answer_key.measured(say, rounds=1 if small else answer_key.ROUNDS)
        figures = replace(figures, key=key)
        yield figures
    if "sets" in sections:
        counts = (50, 2) if small else (sets.DRAWN, sets.STUDENTS)
        figures = replace(figures, sets=sets.measured(say, *counts))
        yield figures
    if "grading" in sections:
        counts = (8, 1) if small else (grading.STUDENTS, grading.ROUNDS)
        yield replace(figures, grading=grading.measured(say, *counts))


def write(figures: Figures, folder: Path) -> None:
    """The report, and the plot beside it."""
    from derive import files
    from derive.worksheet.figures import bench

    files.write(folder / REPORT, markdown(figures).encode())
    if curves := panels(figures):
        drawing = bench(curves, sizes="number of weights", language="en")
        files.write(folder / PLOT, drawing.svg.encode())


def say(line: str) -> None:
    """Progress, for whoever watches."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
