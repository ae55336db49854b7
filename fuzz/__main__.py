"""`python -m fuzz`: a campaign over all that the program reads; its figures go to `reports/fuzz.md`."""

import argparse
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from derive import __version__
from fuzz.campaign import KINDS, MEGABYTES, SECONDS, Figures, run
from fuzz.targets import TARGETS

ROOT = Path(__file__).parents[1]
INPUTS = 200_000
BATCH = 1000
_OF_THE_WHOLE = 500  # one of so many inputs goes all the way; that takes longer than all the others


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a campaign; exit with 1 where anything but exit codes 0 and 1 came of it."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=INPUTS, help="for the four readers together")
    parser.add_argument("--targets", nargs="*", choices=TARGETS, default=list(TARGETS))
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=list(KINDS))
    parser.add_argument("--batch", type=int, default=BATCH, help="inputs for each process")
    parser.add_argument(
        "--first", type=int, default=0, help="number of the first batch: another gives other inputs"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "reports", help="folder to write to")
    given = parser.parse_args(arguments)
    counts = shares(given.inputs, given.targets, given.kinds)
    found: Mapping[tuple[str, str], Figures] = {}
    for found, seconds in run(counts, given.batch, given.first, given.out / "fuzz", say):
        given.out.mkdir(parents=True, exist_ok=True)
        (given.out / "fuzz.md").write_text(markdown(found, seconds, given.first), "utf-8")
        say(f"{sum(figures.inputs for figures in found.values()):,} inputs, {seconds:.0f} s")
    print(given.out / "fuzz.md")
    sys.exit(any(figures.faults for figures in found.values()))


def shares(inputs: int, targets: Sequence[str], kinds: Sequence[str]) -> dict[tuple[str, str], int]:
    """How many inputs of each kind each target gets."""
    readers = [target for target in targets if target != "whole"]
    each = max(1, inputs // max(1, len(readers) * len(kinds)))
    counts = {(target, kind): each for target in readers for kind in kinds}
    if "whole" in targets:
        counts[("whole", "grammar")] = max(1, inputs // _OF_THE_WHOLE)
    return counts


def markdown(found: Mapping[tuple[str, str], Figures], seconds: float, first: int) -> str:
    """The report."""
    total = Figures()
    for figures in found.values():
        total.add(figures)
    rows = [
        f"| {target} | {kind} | {_row(figures)} |"
        for (target, kind), figures in found.items()
        if figures.inputs
    ]
    faults = [f"- `{name}`: {what}" for name, what in total.faults.items()] or ["None."]
    return "\n".join(
        [
            "# Fuzzing",
            "",
            f"{total.inputs:,} inputs in {seconds:,.0f} s (derive {__version__}, Python "
            f"{platform.python_version()}, one process at a time, batches from {first} on). An input may "
            f"take {SECONDS:g} s of a processor and {MEGABYTES:,} MB. `bytes`: right and hard files with "
            "their bytes changed. `grammar`: files that are nearly right. `whole`: exercises that are "
            "derived, solved, cross-checked and told.",
            "",
            "| target | kind | inputs | exit 0 | exit 1 | faults | slowest | peak memory |",
            "|:--|:--|--:|--:|--:|--:|--:|--:|",
            *rows,
            f"| all | | {_row(total)} |",
            "",
            "## Faults",
            "",
            *faults,
            "",
        ]
    )


def _row(figures: Figures) -> str:
    return (
        f"{figures.inputs:,} | {figures.accepted:,} | {figures.refused:,} | {len(figures.faults):,} | "
        f"{figures.slowest:.2f} s | {figures.megabytes:,.0f} MB"
    )


def say(text: str) -> None:
    """Something about the work."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
