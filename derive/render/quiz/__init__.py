"""Questions with gaps for numbers, and the learning platforms that take them; knows nothing of networks."""

from derive.render.quiz.canvas import render_canvas
from derive.render.quiz.lint_canvas import lint_canvas
from derive.render.quiz.lint_moodle import lint_moodle
from derive.render.quiz.model import SMALLEST, Fixed, Gap, Grid, Question, Quiz, WrongAnswer
from derive.render.quiz.moodle import render_moodle
from derive.render.quiz.table import QUIZ_FORMATS, QuizFormat, render_quiz

__all__ = [
    "QUIZ_FORMATS",
    "SMALLEST",
    "Fixed",
    "Gap",
    "Grid",
    "Question",
    "Quiz",
    "QuizFormat",
    "WrongAnswer",
    "lint_canvas",
    "lint_moodle",
    "render_canvas",
    "render_moodle",
    "render_quiz",
]
