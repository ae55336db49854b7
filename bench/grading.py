"""Grading a class: `derive grade` in a new process, from the CSV that came in to grades.csv, and with pages.

Every student has a variant of the homework and hands in every quantity: some of them right, some with one of
the usual mistakes, some with a slip and everything after it worked out from that, some with blanks.
"""

import csv
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import child
from bench.measure import Timing, in_turns

EXERCISE = child.ROOT / "exercises" / "two-layer.yaml"
STUDENTS = 1000
ROUNDS = 3
_SHARES = {"right": 0.45, "mistake": 0.25, "slip": 0.2, "blanks": 0.1}


@dataclass(frozen=True)
class Grading:
    """What grading a class costs.

    Attributes:
        students: How many there are.
        kinds: How many handed in what.
        table: Grades alone.
        pages: Grades, a page of HTML for each student, and the report.
    """

    students: int
    kinds: dict[str, int]
    table: Timing
    pages: Timing


def measured(tell: Callable[[str], None], students: int = STUDENTS, rounds: int = ROUNDS) -> Grading:
    """Grading a class of so many."""
    tell(f"grading {students} students")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kinds = hand_in(folder, students)
        timings = in_turns(
            {
                "table": lambda: grade(folder, "csv"),
                "pages": lambda: grade(folder, "csv,html"),
            },
            rounds,
        )
    return Grading(students, kinds, timings["table"], timings["pages"])


def grade(folder: Path, formats: str) -> None:
    """The command."""
    command = [sys.executable, "-m", "derive", "grade", str(folder), str(folder / "answers.csv")]
    subprocess.run(
        [*command, "--format", formats, "--quiet"], check=True, capture_output=True, cwd=child.ROOT
    )


def hand_in(folder: Path, students: int) -> dict[str, int]:
    """Write a set and what its students hand in; how many handed in what."""
    from derive.classroom.frozen import Frozen, numbers
    from derive.classroom.manifest import Head, Pages, Source, write

    text = EXERCISE.read_text("utf-8")
    networks = _drawn(text, students)
    head = Head(
        program="bench", exercise=Source(file=EXERCISE.name, text=text), name="bench", seed=1, students=True,
        digits=40, pages=Pages(languages=[], formats=[], paper="a4"), quantities=[], diagnosed=[], silent=[],
    )  # fmt: skip
    frozen = (
        Frozen(id=_form(n), student=f"s{n:05}", fields={}, difficulty=0, numbers=numbers(network))
        for n, network in enumerate(networks)
    )
    (folder / "manifest.json").write_text("".join(write(head, frozen)), "utf-8")
    choice = random.Random(1)
    kinds = choice.choices(list(_SHARES), list(_SHARES.values()), k=students)
    with (folder / "answers.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["student", "quantity", "index", "value"])
        for n, (network, kind) in enumerate(zip(networks, kinds, strict=True)):
            table.writerows([f"s{n:05}", *row] for row in _answers(network, kind, choice))
    return {kind: kinds.count(kind) for kind in _SHARES}


def _drawn(text: str, count: int) -> list[Any]:
    """Variants of an exercise."""
    from derive.classroom import variants
    from derive.engine.bulk.model import network_of
    from derive.exercise import schema

    outlook = variants.look_ahead(variants.prepare(schema.load(text, EXERCISE.name)), EXERCISE.name)
    keys = [variants.key("bench", 1, str(n)) for n in range(count)]
    blocks = variants.draw(outlook.plan, keys, {outlook.plan.own_form}, variants.Tally(), EXERCISE.name)
    space = outlook.plan.space.network
    return [network_of(block.batch, n, space) for block in blocks for n in range(len(block.difficulty))]


def _form(number: int) -> str:
    """A form id of its own."""
    letters = "CFGHJMPQRVWX23456789"
    spelled = ""
    for _ in range(4):
        number, place = divmod(number, len(letters))
        spelled += letters[place]
    return f"CCC-{spelled}"


def _answers(network: Any, kind: str, choice: random.Random) -> Iterator[tuple[str, str, str]]:
    """What one student writes: quantity, index, value."""
    import numpy as np

    from derive.classroom import misconceptions as mc

    given = mc.Given.of(network, mc.FLOATS)
    right = mc.recompute(network, given, mc.FLOATS)
    overrides = {}
    way = choice.choice(mc.applying(network)).way(network) if kind == "mistake" else mc.RIGHT
    if kind == "slip":
        name = choice.choice(("pre_activation_0", "output_0", "pre_activation_1"))
        overrides[name] = np.asarray(right.computed[name]) * 1.25 + 1
    values = mc.recompute(network, given, mc.FLOATS, way, overrides).used
    for name in mc.asked(network):
        for place, value in np.ndenumerate(np.asarray(values[name])):
            text = "" if kind == "blanks" and choice.random() < 0.5 else f"{value:.6g}"
            yield name, f"[{','.join(map(str, place))}]", text
