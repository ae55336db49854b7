"""`python -m mutants`: faults put into the modules that decide; the figures go to `reports/mutants.md`."""

import argparse
import json
import platform
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from mutants.making import ROOT, Mutant, mutants
from mutants.trials import KILLED, SURVIVED, TIMED_OUT, reach, trials, unchanged, warm

_ENGINE, _GRADING = "derive.engine.", "derive.classroom.grading."
_MARKS = ("grade", "answers", "paths", "naming", "tolerances", "reading")
# Each module with the files of tests that belong to it, its own first.
TARGETS = {
    f"{_ENGINE}symbolic": ("symbolic", "forms", "exact", "verify", "mutations", "residues"),
    f"{_ENGINE}exact": ("exact", "residues", "verify", "mutations", "forms"),
    f"{_ENGINE}jacobians": ("jacobians", "verify", "mutations", "sources", "exact"),
    f"{_ENGINE}verify": ("verify", "sources", "doubts", "mutations"),
    f"{_GRADING}grade": _MARKS,
    f"{_GRADING}case": _MARKS,
    f"{_GRADING}path": _MARKS,
    f"{_GRADING}leeway": _MARKS,
    f"{_GRADING}naming": _MARKS,
    f"{_GRADING}implied": _MARKS,
}
ENOUGH = 0.9  # of the mutants must be killed
LONGEST = 1.5  # seconds that a test may take to be used


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a campaign; exit with 1 where less than nine mutants of ten are killed."""
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument("--modules", nargs="*", default=[_short(module) for module in TARGETS])
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--sample", type=int, help="so many of each module, drawn by chance")
    parser.add_argument("--seed", type=int, default=1, help="of that drawing")
    parser.add_argument("--longest", type=float, default=LONGEST, help="seconds of a test that is still used")
    parser.add_argument("--again", action="store_true", help="only what survived the last time")
    parser.add_argument("--out", type=Path, default=ROOT / "reports", help="folder to write to")
    given = parser.parse_args(arguments)
    started = time.monotonic()
    modules = [module for module in TARGETS if _short(module) in given.modules]
    made = {module: mutants(module, given.sample, given.seed) for module in modules}
    chosen = [mutant for drawn, _ in made.values() for mutant in drawn]
    notes = given.out / "mutants.json"
    before: dict[str, str] = json.loads(notes.read_text("utf-8")) if given.again else {}
    on_trial = [mutant for mutant in chosen if before.get(mutant.key, SURVIVED) == SURVIVED]
    outcomes = {mutant.key: before[mutant.key] for mutant in chosen if mutant.key in before}
    say(f"{len(on_trial):,} mutants, {time.monotonic() - started:.0f} s")
    warm()
    everything = list(dict.fromkeys(file for module in modules for file in files(module)))
    reached = reach(everything, modules, given.longest, given.jobs)
    say(f"{len(reached.seconds):,} tests, {sum(reached.seconds.values()):.0f} s of a processor")
    for _, outcome, test in trials([unchanged(modules[0])], lambda _: reached.seconds, given.jobs):
        if outcome != SURVIVED:
            sys.exit(f"{test} fails in a trial without any fault ({outcome})")
    say(f"a trial without a fault ends well, {time.monotonic() - started:.0f} s")
    ended = trials(
        on_trial, lambda mutant: reached.of(mutant.module, mutant.lines, files(mutant.module)), given.jobs
    )
    for number, (mutant, outcome, _) in enumerate(ended, start=1):
        outcomes[mutant.key] = outcome
        say(f"{number:,} of {len(on_trial):,}, {time.monotonic() - started:.0f} s: {outcome}")
    given.out.mkdir(parents=True, exist_ok=True)
    notes.write_text(json.dumps(outcomes, indent=1), "utf-8")
    totals = {module: total for module, (_, total) in made.items()}
    report = markdown(chosen, outcomes, totals, time.monotonic() - started)
    (given.out / "mutants.md").write_text(report, "utf-8")
    print(given.out / "mutants.md")
    sys.exit(sum(outcome == SURVIVED for outcome in outcomes.values()) > (1 - ENOUGH) * len(outcomes))


def files(module: str) -> list[str]:
    """The files of tests that belong to a module, from the root."""
    folder = "tests/engine" if module.startswith(_ENGINE) else "tests/classroom/grading"
    return [f"{folder}/test_{name}.py" for name in TARGETS[module]]


def _short(module: str) -> str:
    return module.rpartition(".")[2]


def markdown(
    chosen: Sequence[Mutant], outcomes: Mapping[str, str], made: Mapping[str, int], seconds: float
) -> str:
    """The report: figures for each module, then every survivor."""
    lines = [
        "# Mutants",
        "",
        f"{len(chosen):,} mutants in {seconds / 60:.0f} min (Python {platform.python_version()}).",
        "",
        "| module | mutants | on trial | killed | timed out | survived | share killed |",
        "|:--|--:|--:|--:|--:|--:|--:|",
    ]
    for module in made:
        counts = Counter(outcomes[mutant.key] for mutant in chosen if mutant.module == module)
        lines.append(_row(f"`{module}`", made[module], counts))
    lines += [_row("all", sum(made.values()), Counter(outcomes[mutant.key] for mutant in chosen)), ""]
    for module in made:
        left = [mutant for mutant in chosen if mutant.module == module and outcomes[mutant.key] == SURVIVED]
        lines += [f"## Survivors of `{module}`", ""]
        for mutant in left:
            where = f"line {mutant.lines.start}" + (f", `{mutant.place}`" if mutant.place else "")
            lines += [where, "", "```diff", *mutant.change, "```", ""]
        lines += [] if left else ["None.", ""]
    return "\n".join(lines)


def _row(name: str, made: int, counts: Mapping[str, int]) -> str:
    tried = sum(counts.values())
    killed, late = counts.get(KILLED, 0), counts.get(TIMED_OUT, 0)
    share = f"{100 * (killed + late) / tried:.1f} %" if tried else "-"
    left = counts.get(SURVIVED, 0)
    return f"| {name} | {made:,} | {tried:,} | {killed:,} | {late:,} | {left:,} | {share} |"


def say(text: str) -> None:
    """Something about the work."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
