"""Usual mistakes in every exercise that comes with the program, each found again by its answers."""

from itertools import product
from typing import Any

import numpy as np
import pytest

from derive.classroom import misconceptions as mc
from derive.classroom.rubric import rubric
from derive.network import build
from tests.classroom.grading.papers import EXERCISES, floats, load, marked, part

CASES = [
    (path.stem, row.name)
    for path in EXERCISES
    if path.stem != "saturated"  # its numbers are beyond floats
    for row in mc.applying(build(load(path.stem)))
]


def visible(exercise: Any, right: Any, wrong: Any) -> list[str]:
    """Quantities with points in which the answers differ so far that no rounding explains it."""
    return [
        name
        for name in rubric(exercise).points
        if bool(mc.differs(np.asarray(right[name]), np.asarray(wrong[name]), np.asarray(right[name]).ndim))
    ]


@pytest.mark.parametrize(("name", "mistake"), CASES)
def test_a_mistake_is_found_again(name: str, mistake: str) -> None:
    exercise = load(name)
    way = mc.MISCONCEPTIONS[mistake].way(build(exercise))
    right, wrong = floats(exercise), floats(exercise, way)
    shows = visible(exercise, right, wrong)
    paper = marked(exercise, wrong)
    found = {name for one in paper.parts for name in one.mistakes}
    if shows and not all(np.isfinite(np.asarray(wrong[one])).all() for one in shows):
        return
    if len({one[-1] for one in shows}) > 1 and not any(np.asarray(wrong[one]).any() for one in shows):
        assert not found  # zeros for several layers may as well be nothing at all
    elif shows:
        assert mistake in found, (shows, found)
        first = next(one for one in paper.parts if one.mistakes)
        assert mistake in first.mistakes
        assert paper.carried < rubric(exercise).most
    else:
        assert not found


@pytest.mark.parametrize("path", EXERCISES, ids=lambda path: path.stem)
def test_right_answers_show_no_mistake(path: Any) -> None:
    exercise = load(path.stem)
    paper = marked(exercise, floats(exercise))
    assert not paper.mistakes


def test_a_mistake_that_fits_more_of_the_paper_goes_first() -> None:
    """Where one unit is on, mask and activation forgotten give the same W_0, but not the same L."""
    exercise = load("two-layer")
    way = mc.MISCONCEPTIONS["mask_forgotten"].way(build(exercise))
    assert part(marked(exercise, floats(exercise, way)), "W_0").mistakes == ("mask_forgotten",)


def test_zeros_everywhere_have_no_name() -> None:
    exercise = load("two-layer")
    zeros = np.zeros((2, 2))
    paper = marked(exercise, floats(exercise), W_1=zeros, W_0=zeros)
    assert not paper.mistakes
    assert part(paper, "W_1").carried == part(paper, "W_0").carried == 0


def test_slips_have_no_name() -> None:
    """A thousand wrong entries, one at a time: a usual mistake is as good as never seen in them."""
    exercise = load("two-layer")
    right = floats(exercise)
    named = 0
    tried = 0
    for name, factor, more in product(("W_1", "W_0", "loss"), (1.1, 0.9, 3, -2), (0, 0.5, -4)):
        for place in np.ndindex(np.shape(right[name])):
            wrong = np.array(right[name], dtype=float)
            wrong[place] = wrong[place] * factor + more
            if not mc.differs(np.asarray(right[name]), wrong, wrong.ndim):
                continue
            tried += 1
            named += bool(marked(exercise, right, **{name: wrong}).mistakes)
    assert tried > 60
    assert named <= tried / 50
