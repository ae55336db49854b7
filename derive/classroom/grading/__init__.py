"""Grading: answers read leniently, followed along the student's own path, and marked.

`tolerances` says what is accepted for every entry of an exercise, for keys and quizzes.
"""

from derive.classroom.grading.case import Case, Interval, tolerances
from derive.classroom.grading.grade import Graded, Marker, grade
from derive.classroom.grading.handin import Cell, HandIn
from derive.classroom.grading.paper import Entry, Paper, Part, mark
from derive.classroom.grading.roll import Person, Roll, Seat
from derive.classroom.grading.summary import Success, Summary, summary
from derive.classroom.grading.troubles import Trouble

__all__ = [
    "Case",
    "Cell",
    "Entry",
    "Graded",
    "HandIn",
    "Interval",
    "Marker",
    "Paper",
    "Part",
    "Person",
    "Roll",
    "Seat",
    "Success",
    "Summary",
    "Trouble",
    "grade",
    "mark",
    "summary",
    "tolerances",
]
