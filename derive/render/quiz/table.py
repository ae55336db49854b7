"""The table of the platforms that take a quiz: a new platform is a new row."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from derive.render.document import RenderError
from derive.render.quiz.canvas import join_canvas, render_canvas
from derive.render.quiz.lint_canvas import lint_canvas
from derive.render.quiz.lint_moodle import lint_moodle
from derive.render.quiz.model import Quiz
from derive.render.quiz.moodle import join_moodle, render_moodle


@dataclass(frozen=True)
class QuizFormat:
    """One platform.

    Attributes:
        extension: Of the file, without a dot.
        render: From a quiz to the file's bytes.
        join: From such files to the pieces of one that holds all of them.
        lint: Everything that the platform would refuse or misread in such a file, a line each.
    """

    extension: str
    render: Callable[[Quiz], bytes]
    join: Callable[[Iterable[bytes]], Iterator[bytes]]
    lint: Callable[[bytes], list[str]]


QUIZ_FORMATS: Mapping[str, QuizFormat] = {
    "moodle": QuizFormat("xml", render_moodle, join_moodle, lint_moodle),
    "canvas": QuizFormat("zip", render_canvas, join_canvas, lint_canvas),
}


def render_quiz(quiz: Quiz, platform: str) -> bytes:
    """The file of a quiz, read back and found sound.

    Args:
        quiz: What is asked.
        platform: A name from `QUIZ_FORMATS`.

    Raises:
        RenderError: The quiz can't be written so that the platform reads it as it is meant.
    """
    chosen = QUIZ_FORMATS[platform]
    content = chosen.render(quiz)
    if faults := chosen.lint(content):
        raise RenderError(f"{platform}: {'; '.join(faults[:5])}")
    return content
