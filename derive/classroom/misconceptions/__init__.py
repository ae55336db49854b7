"""The usual mistakes: named wrong ways, each a changed rule that computes what such a student hands in.

`shown` gives the wrong answers that a key lists. `recompute` says for each quantity what follows from a
student's own values upstream, by the right rules or by those of a mistake (`Misconception.way`).
"""

from derive.classroom.misconceptions.answers import VISIBLE, WrongAnswer, asked, differs, shown
from derive.classroom.misconceptions.misconception import Change, Misconception
from derive.classroom.misconceptions.numbers import FLOATS, exact
from derive.classroom.misconceptions.recompute import Course, Given, recompute
from derive.classroom.misconceptions.table import MISCONCEPTIONS, applying, can_differ
from derive.classroom.misconceptions.way import RIGHT, Way

__all__ = [
    "FLOATS",
    "MISCONCEPTIONS",
    "RIGHT",
    "VISIBLE",
    "Change",
    "Course",
    "Given",
    "Misconception",
    "Way",
    "WrongAnswer",
    "applying",
    "asked",
    "can_differ",
    "differs",
    "exact",
    "recompute",
    "shown",
]
