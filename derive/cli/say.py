"""What the commands say: paths and data to stdout, everything about the work to stderr."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from derive.errors import DeriveError, ProblemError, describe

MOST_SHOWN = 50


Advance = Callable[[str], None]  # called when a piece of the work begins, with its name


@dataclass(frozen=True)
class Voice:
    """How much is said.

    Attributes:
        quiet: Say nothing but problems.
        verbose: Say each step too.
    """

    quiet: bool = False
    verbose: bool = False

    def tell(self, text: str) -> None:
        """Say something about the work."""
        if not self.quiet:
            warn(text)

    def detail(self, text: str) -> None:
        """Say something that only the curious want to know."""
        if self.verbose:
            warn(text)

    @contextmanager
    def progress(self, pieces: int) -> Iterator[Advance]:
        """A progress bar while a terminal watches; lines where `verbose` asks for them."""
        if self.quiet or self.verbose or not sys.stderr.isatty():
            yield self.detail
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        # Paths go through the bar only where they go to the same terminal, and to stdout all the same.
        together = sys.stdout.isatty()
        console = Console(stderr=True)
        with Progress(*columns, console=console, transient=True, redirect_stdout=together) as bar:
            task = bar.add_task("starting", total=pieces)

            def advance(what: str) -> None:
                bar.update(task, description=what, advance=1)

            yield advance


def warn(text: str) -> None:
    """Say something on stderr, however quiet the rest is. A progress bar, if there is one, steps aside."""
    print(text, file=sys.stderr)


def show_path(path: Path) -> None:
    """Name a file that was written."""
    print(path)


def show_error(error: DeriveError) -> None:
    """Everything that is wrong with the input."""
    if not isinstance(error, ProblemError):
        warn(f"error: {error}")
        return
    for problem in error.problems[:MOST_SHOWN]:
        warn(describe(problem))
    if len(error.problems) > MOST_SHOWN:
        warn(f"and {len(error.problems) - MOST_SHOWN} more problems")
