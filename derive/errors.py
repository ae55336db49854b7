"""What can be wrong with the input, and the exceptions that carry it."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from rich.cells import cell_len

_WHOLE = 110  # characters of a line that are shown, and how many of them before the place
_BEFORE = 70
_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # controls, overrides of direction, halves of pairs, line ends


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

    def __reduce__(self) -> tuple[type["ProblemError"], tuple[tuple[Problem, ...]]]:
        """What it is made of, so that it reaches this process from another one."""
        return type(self), (self.problems,)


def describe(problem: Problem) -> str:
    """A problem as people read it: place and what, the line, carets, what is known, and a fix.

    Control characters are shown as U+FFFD, so that no file can steer the terminal.
    """
    place = ":".join(str(part) for part in (problem.file, problem.line, problem.column) if part)
    lines = [f"{place}: error: {problem.what}" if place else f"error: {problem.what}"]
    if problem.excerpt.strip() and problem.column is not None:
        lines += _pointed_at(problem.excerpt, problem.column - 1, problem.width)
    lines += [f"  {problem.why}"] if problem.why else []
    lines += [f"  fix: {problem.fix}"] if problem.fix else []
    return "\n".join(map(_printable, lines))


def _pointed_at(excerpt: str, start: int, width: int) -> list[str]:
    """The line, cut to what is around the place, and the carets below it."""
    first = max(0, start - _BEFORE) if len(excerpt) > _WHOLE else 0
    last = first + _WHOLE
    before, marked = _printable(excerpt[first:start]), _printable(excerpt[start : min(start + width, last)])
    # A tab stays a tab below itself, and a wide character (Korean) is two columns.
    indent = "".join("\t" if character == "\t" else " " * cell_len(character) for character in before)
    carets = "^" * max(1, cell_len(marked.replace("\t", " ")))
    opening, closing = "..." if first else "", "..." if len(excerpt) > last else ""
    return [opening + excerpt[first:last].rstrip() + closing, " " * len(opening) + indent + carets]


def _printable(text: str) -> str:
    return "".join(
        character
        if character == "\t" or unicodedata.category(character) not in _HIDDEN
        else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )
