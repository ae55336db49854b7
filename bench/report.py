"""The figures as Markdown, the goals they are held against, and the panels of the plot."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from bench import class_report
from bench.answer_key import Key
from bench.checking import CONTENDERS, LOOP, Checked
from bench.deriving import CAP, PROGRAM, SYMENGINE, SYMPY, Derived, exponent
from bench.grading import Grading
from bench.sets import Sets
from bench.tables import Goal, spread, table, time

if TYPE_CHECKING:
    from derive.worksheet.figures import Curve

PACKAGES = ("sympy", "symengine", "numpy", "torch", "python-flint", "matplotlib", "typst")
PLOT = "bench.svg"
DERIVING = """\
ReLU, softmax and cross-entropy, all numbers symbols. This program: forward rules, deltas and every entry of
every gradient in the quantities that it is made of, with the closed forms as printed. The others: the loss
composed, and `diff` for each weight, as one would write it. Each repetition is the first derivation in a new
process, the contenders in turns, in processor time. A contender had {cap:g} seconds for each size; after a
first cap, larger sizes were not tried. Operations are those of the results: what has to be read, or
evaluated, afterwards."""
CHECKING = """\
Networks a second, of one core's own time. Integer inputs from -5 to 5, weights from -2 to 2, one label.
Compared is every entry of loss, pre-activations and outputs, and of the gradients of pre-activations, weights
and input, each within the bound that the numbers allow. What is neither verified nor contradicted is
saturated: binary64 cannot tell there, and the engine that takes networks one by one decides."""
KEY = """\
`derive report exercises/two-layer.yaml`: key and handout, all formats of a page and json, both languages. In
a new process it takes {cold}; importing sympy, numpy, torch and matplotlib.pyplot alone takes {imports}.
These are medians of {turns}, taken in turns: **{ratio:.2f} times** the imports.

By stages: the first time in a process (imports included), and again in the same process. A stage that comes
several times, for languages and audiences, is added up."""


@dataclass(frozen=True)
class Figures:
    """All that was measured; None for what was left out.

    Attributes:
        wide, deep: Contender -> sizes.
        cap: Seconds that a contender had at most.
        checked: Sizes.
        key: One answer key.
        sets: Sets of variants.
        grading: A class graded.
    """

    wide: Mapping[str, Sequence[Derived]] | None = None
    deep: Mapping[str, Sequence[Derived]] | None = None
    cap: float = CAP
    checked: Sequence[Checked] | None = None
    key: Key | None = None
    sets: Sets | None = None
    grading: Grading | None = None


def goals(figures: Figures) -> list[Goal]:
    """Every goal that something was measured for."""
    found = []
    if figures.wide is not None:
        found += _deriving_goals(figures.wide, figures.cap)
    for checked in figures.checked or ():
        if checked.sizes == (2, 2, 2):
            rate = checked.rates[CONTENDERS[3]]
            what = "2-2-2 networks checked a second on one core, three sources compared"
            found.append(Goal(what, "at least 300,000", f"{rate:,.0f}", rate >= 300_000))
    if figures.key is not None:
        ratio = figures.key.ratio
        what = "an answer key in a new process, against importing its libraries"
        found.append(Goal(what, "at most 2 times", f"{ratio:.2f} times", ratio <= 2))
    if figures.sets is not None:
        found += class_report.set_goals(figures.sets)
    if figures.grading is not None:
        found += class_report.grading_goals(figures.grading)
    return found


def _deriving_goals(wide: Mapping[str, Sequence[Derived]], cap: float) -> list[Goal]:
    found = []
    by_size = {derived.sizes: derived for derived in wide[SYMPY]}
    for own in wide[PROGRAM]:
        other = by_size[own.sizes]
        if own.sizes == (4, 4, 4) and own.seconds is not None:
            ratio = (other.seconds or cap) / own.seconds
            said = f"{'more than ' if other.seconds is None else ''}{ratio:,.0f} times"
            found.append(Goal("faster than SymPy at 4-4-4", "at least 300 times", said, ratio >= 300))
    power = exponent(wide[PROGRAM])
    what = "time to derive grows like the number of parameters to the power"
    found.append(Goal(what, "at most 1", f"{power:.2f}", power <= 1))
    return found


def markdown(figures: Figures) -> str:
    """The whole report."""
    parts = ["# What it costs", _machine(), _goals(goals(figures))]
    if figures.wide is not None and figures.deep is not None:
        parts += _deriving(figures.wide, figures.deep, figures.cap)
    if figures.checked is not None:
        parts += _checking(figures.checked)
    if figures.key is not None:
        parts += _key(figures.key)
    if figures.sets is not None:
        parts += class_report.set_section(figures.sets)
    if figures.grading is not None:
        parts += class_report.grading_section(figures.grading)
    return "\n\n".join(parts) + "\n"


def panels(figures: Figures) -> dict[str, list["Curve"]]:
    """Times against the number of weights, for the plot; empty where nothing was derived."""
    from derive.worksheet.figures import Curve

    groups = {"two layers, 2-2-2 to 8-8-8": figures.wide, "two to six layers of 2 units": figures.deep}
    found: dict[str, list[Curve]] = {}
    for title, contenders in groups.items():
        for name, sizes in (contenders or {}).items():
            points = [(derived.parameters, derived.seconds) for derived in sizes]
            known = [(float(size), seconds) for size, seconds in points if seconds is not None]
            if known:
                xs, ys = zip(*known, strict=True)
                found.setdefault(title, []).append(Curve(name, xs, ys))
    return found


def _machine() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} by `make bench`: {_processor()}, {cores} cores, "
        f"{platform.system()}, Python {platform.python_version()}; {versions}. Times are medians."
    )


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _goals(found: Sequence[Goal]) -> str:
    rows = [[goal.what, goal.wanted, goal.measured, "yes" if goal.met else "**no**"] for goal in found]
    return table(["Goal", "wanted", "measured", "met"], rows)


def _deriving(
    wide: Mapping[str, Sequence[Derived]], deep: Mapping[str, Sequence[Derived]], cap: float
) -> list[str]:
    power, deep_power = exponent(wide[PROGRAM]), exponent(deep[PROGRAM])
    operations = exponent(wide[PROGRAM], "operations")
    growth = (
        f"With the width, the program's time grows like the number of weights to the power {power:.2f}, its "
        f"operations to the power {operations:.2f}; with the depth its time to the power {deep_power:.2f}. "
        "These are fitted by least squares in logarithms."
    )
    plot = f"![Times to derive, against the number of weights]({PLOT})"
    return [
        "## Deriving every gradient",
        DERIVING.format(cap=cap),
        _derived(wide, cap),
        _derived(deep, cap),
        growth,
        plot,
    ]


def _derived(contenders: Mapping[str, Sequence[Derived]], cap: float) -> str:
    names = [name for name in (PROGRAM, SYMPY, SYMENGINE) if name in contenders]
    head = ["network", "weights", *(f"{name}: time" for name in names), "SymPy / this"]
    head += [f"{name.partition(',')[0]}: operations" for name in names]
    rows = []
    for position, own in enumerate(contenders[PROGRAM]):
        found = [contenders[name][position] for name in names]
        naive = contenders[SYMPY][position].seconds
        assert own.seconds is not None
        ratio = f"{(naive or cap) / own.seconds:,.0f}"
        row = [own.name, str(own.parameters), *(time(one.seconds, cap) for one in found)]
        row += [ratio if naive is not None else f"> {ratio}"]
        rows.append(row + ["-" if one.operations is None else f"{one.operations:,}" for one in found])
    return table(head, rows)


def _checking(checked: Sequence[Checked]) -> list[str]:
    rows = [
        [
            one.name,
            *(f"{one.rates[name]:,.0f}" for name in CONTENDERS),
            f"{one.rates[CONTENDERS[3]] / one.rates[LOOP]:,.0f}",
            f"{100 * one.verified:.1f} %",
            str(one.contradicted),
        ]
        for one in checked
    ]
    head = ["network", *CONTENDERS, "all three / loop", "verified", "contradicted"]
    return ["## Checking in bulk", CHECKING, table(head, rows)]


def _key(key: Key) -> list[str]:
    rows = [[stage.name, time(stage.first), time(stage.again)] for stage in key.stages]
    sums = (sum(stage.first for stage in key.stages), sum(stage.again for stage in key.stages))
    rows.append(["all", *map(time, sums)])
    return [
        "## One answer key",
        KEY.format(
            cold=spread(key.cold), imports=spread(key.imports), ratio=key.ratio, turns=key.cold.repetitions
        ),
        table(["stage", "first", "again"], rows),
    ]
