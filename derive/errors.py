"""What can be wrong with the input, and the exceptions that carry it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the input, said so that its author can mend it.

    Attributes:
        file: The file as the user named it; empty where no file is concerned.
        line: 1-based line, or None where the problem belongs to the file as a whole.
        column: 1-based column, counted in characters.
        what: What is wrong, in one line.
        why: What is known or allowed here; may be empty.
        fix: What to do about it; may be empty.
        excerpt: The offending source line, for the caret; may be empty.
        width: How many characters the caret underlines.
    """

    file: str
    line: int | None
    column: int | None
    what: str
    why: str = ""
    fix: str = ""
    excerpt: str = ""
    width: int = 1


class DeriveError(Exception):
    """Base of every error that is the input's and not the program's: exit code 1."""


class ProblemError(DeriveError):
    """The input has problems; all that were found are carried together."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep `problems` as a tuple, in the order of their place in the file."""
        self.problems = tuple(problems)
        super().__init__("; ".join(problem.what for problem in self.problems))
