"""What the commands say: paths and data to stdout, everything about the work to stderr."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from derive.errors import DeriveError, ProblemError, describe

MOST_SHOWN = 50
SECONDS_BETWEEN_LINES = 5.0


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

    def waiting(self, folder: Path) -> Callable[[], None]:
        """What to call when another run is writing into a folder."""
        return lambda: self.tell(f"{folder}: another run is writing there; waiting for it to end")

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

    @contextmanager
    def phase(self, name: str, total: int) -> Iterator[Callable[[int], None]]:
        """One phase of long work, whose pieces are counted: a bar with rate and time left, or plain lines.

        Args:
            name: What is being done.
            total: How many pieces there are.
        """
        if self.quiet or total == 0:
            yield lambda count: None
        elif sys.stderr.isatty():
            yield from self._bar(name, total)
        else:
            yield _Lines(name, total).advance

    def _bar(self, name: str, total: int) -> Iterator[Callable[[int], None]]:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TaskProgressColumn(text_format="", text_format_no_percentage="", show_speed=True),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(name, total=total)
            yield lambda count: bar.advance(task, count)


class _Lines:
    """Progress where no terminal watches: a line now and then."""

    def __init__(self, name: str, total: int) -> None:
        self.name, self.total, self.done = name, total, 0
        self.start = self.said = monotonic()

    def advance(self, count: int) -> None:
        """Some pieces are done."""
        self.done += count
        now = monotonic()
        if now - self.said < SECONDS_BETWEEN_LINES and self.done < self.total:
            return
        self.said = now
        rate = self.done / max(now - self.start, 1e-9)
        left = (self.total - self.done) / rate
        rest = f", {left:.0f} s left" if self.done < self.total else ""
        warn(f"{self.name}: {self.done:,} of {self.total:,} ({rate:.0f}/s{rest})")


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
