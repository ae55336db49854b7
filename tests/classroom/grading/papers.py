"""Papers for tests: answers as arrays of cells, from numbers that were computed elsewhere."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from derive.classroom import misconceptions as mc
from derive.classroom.grading import Case, Paper, Part, mark
from derive.classroom.grading.reading import Written, read
from derive.classroom.rubric import rubric
from derive.exercise import schema
from derive.exercise.model import Exercise
from derive.network import build

ROOT = Path(__file__).parents[3]
EXERCISES = sorted((ROOT / "exercises").glob("*.yaml"))


def load(name: str, **changes: Any) -> Exercise:
    path = ROOT / "exercises" / f"{name}.yaml"
    return replace(schema.load(path.read_text("utf-8"), path.name), **changes)


def cells(values: Any, form: str = "{:.7g}") -> Any:
    """An array of what a student writes for numbers; text is written as it is."""
    array = np.asarray(values, dtype=object)
    found = np.empty(array.size, dtype=object)
    found[:] = [read(one if isinstance(one, str) else form.format(float(one))) for one in array.flat]
    return found.reshape(array.shape)


def floats(exercise: Exercise, way: mc.Way = mc.RIGHT, **overrides: Any) -> Mapping[str, Any]:
    """What a student gets in floats, who has some numbers in place of what follows."""
    network = build(exercise)
    given = mc.Given.of(network, mc.FLOATS)
    put = {name: np.asarray(values, dtype=float) for name, values in overrides.items()}
    return mc.recompute(network, given, mc.FLOATS, way, put).used


def marked(exercise: Exercise, values: Mapping[str, Any], **written: Any) -> Paper:
    """The paper of a student who hands in everything that there are points for, but as `written` says."""
    marks = rubric(exercise)
    answers = {name: cells(values[name]) for name in marks.points}
    answers |= {name: cells(value) for name, value in written.items()}
    return mark(Case.of(exercise), {n: a for n, a in answers.items() if a.size and _any(a)}, marks)


def _any(array: Any) -> bool:
    return any(isinstance(cell, Written) for cell in array.flat)


def part(paper: Paper, name: str) -> Part:
    return next(one for one in paper.parts if one.name == name)


def lost(paper: Paper) -> list[str]:
    """Quantities without all their points."""
    return [one.name for one in paper.parts if one.carried < one.points]


def verdicts(paper: Paper, name: str) -> list[str]:
    return [entry.verdict for entry in part(paper, name).entries]
