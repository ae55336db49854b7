"""An exercise as an nbgrader assignment: the folder of a course, ready for `nbgrader generate_assignment`.

With a class, every student has numbers of their own. Locked cells are the same for all of them, because
nbgrader restores them from the source, so nothing in the notebook depends on the numbers: they stand in a
file beside it, in which each student's are looked up.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from derive.classroom.rubric import rubric
from derive.errors import Problem, ProblemError
from derive.render.audience import for_reader
from derive.render.breaking import break_wide
from derive.render.markdown import parse
from derive.render.nbgrader import render_assignment
from derive.render.page import Page
from derive.render.wording import WORDINGS
from derive.worksheet import code
from derive.worksheet.code import hidden, lookup
from derive.worksheet.sheet import Sheet
from derive.worksheet.story import Material, Story

MEDIUM = "nbgrader"
NUMBERS = "numbers.json"
CONFIG = "nbgrader_config.py"


@dataclass(frozen=True)
class Owner:
    """Whose numbers these are.

    Attributes:
        names: The names under which they are found: a student number, the id on a paper copy.
        numbers: By quantity, as text in nested lists.
    """

    names: Sequence[str]
    numbers: Mapping[str, Any]


@dataclass(frozen=True)
class Test:
    """One quantity that is marked.

    Attributes:
        variable: What the student calls it.
        points: What it is worth.
        hidden: The code that marks it.
    """

    variable: str
    points: Fraction
    hidden: str


def prepared(material: Material, personal: bool) -> Material:
    """What the story of a graded notebook is told from.

    Args:
        material: The exercise; where numbers are personal, any of its variants.
        personal: Whether every student has numbers of their own, so that none may stand in the story.

    Raises:
        ProblemError: Points are given for a quantity that no cell computes.
    """
    listings = material.facts["code"]
    if personal:
        listings = replace(listings, data=hidden.looking_up(material.sheet))
    facts = {"tests": _tests(material.sheet, personal), "personal": personal, "code": listings}
    return replace(material, facts={**material.facts, **facts})


def course(told: Story, page: Page, name: str, owners: Sequence[Owner] = ()) -> dict[str, bytes]:
    """The files of a course with one assignment, by their paths in it.

    Args:
        told: The story, from prepared material.
        page: Title, language and identifier.
        name: Of the assignment.
        owners: The class; empty where everybody has the exercise's own numbers.

    Raises:
        RenderError: The story can't be rendered.
    """
    document = for_reader(parse(told.markdown), "handout", MEDIUM, alone=page.alone)
    notebook = render_assignment(break_wide(document), replace(page, pictures=told.pictures))
    folder = f"source/{name}"
    found = {CONFIG: _config(page.language), f"{folder}/{name}.ipynb": notebook}
    if owners:
        found[f"{folder}/{NUMBERS}"] = _numbers(owners)
    return found


def _tests(sheet: Sheet, personal: bool) -> dict[str, Test]:
    """By quantity, in the order in which the notebook comes to them; the first sets up all of them."""
    marks = rubric(sheet.exercise)
    variables = code.variables(sheet)
    if unknown := [name for name in marks.points if name not in variables]:
        what = f"a graded notebook has no cell that computes {', '.join(unknown)}"
        known = f"it has cells for {', '.join(variables)}"
        fix = "take it out of points, or leave out --nbgrader"
        raise ProblemError([Problem(sheet.exercise.id, None, None, what, known, fix)])
    found: dict[str, Test] = {}
    for name, worth in marks.points.items():
        marking = hidden.marking(name, variables[name], repr(float(worth)))
        if not found:
            marking = f"{hidden.setting_up(sheet, marks, personal)}\n{marking}"
        found[name] = Test(variables[name], worth, marking)
    return found


def _numbers(owners: Sequence[Owner]) -> bytes:
    """The numbers of the class; two names of one owner stand for the same numbers."""
    found = {lookup.key_of(name): owner.numbers for owner in owners for name in owner.names}
    return (json.dumps(found, indent=0, sort_keys=True) + "\n").encode()


def _config(language: str) -> bytes:
    """What nbgrader is told: the words for cells to fill in, and time enough to import torch."""
    wording = WORDINGS[language]
    stub = f'# {wording.write_code}\nraise NotImplementedError("{wording.no_code_yet}")'
    lines = [
        "c = get_config()",
        f"c.ClearSolutions.code_stub = {{'python': {stub!r}}}",
        f"c.ClearSolutions.text_stub = {wording.write_words!r}",
        "c.Execute.timeout = 120",
    ]
    return ("\n".join(lines) + "\n").encode()
