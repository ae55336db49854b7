"""The locked process: takes cells on its standard input, runs them, and hands back what variables hold.

The order of things matters: first this process locks itself in, then it runs what others wrote. What they
print goes nowhere. The outcome goes through a pipe of its own, as JSON.
"""

import code
import json
import os
import sys
from types import TracebackType
from typing import Any

from derive.cli.sandbox import shelter

_MOST_ENTRIES = 10_000
_DEEPEST = 8
_LONGEST = 300
_MOST_ERRORS = 10


def main(outcome: int) -> None:
    """Do one job.

    Args:
        outcome: Handle that the outcome is written to.
    """
    job = json.load(sys.stdin)
    del sys.path[0]  # that of this program, which nobody else needs
    os.chdir(job["folder"])
    found: dict[str, Any] = {"shelter": shelter.lock_in(job["folder"], job["hidden"]), "refused": []}
    shelter.limit(job["seconds"], job["megabytes"], job["file_megabytes"])
    shelter.watch(job["folder"], found["refused"].append)
    runner = _Runner()
    sys.path[:0] = [job["folder"]]
    for number, source in enumerate(job["cells"], 1):
        runner.run(number, source)
    found["errors"] = runner.errors[:_MOST_ERRORS]
    found["refused"] = sorted(set(found["refused"]))[:_MOST_ERRORS]
    found["values"] = {name: _value(runner.locals[name]) for name in job["names"] if name in runner.locals}
    with os.fdopen(outcome, "w") as file:
        json.dump(found, file)
    os._exit(0)  # whatever threads or handlers there are


class _Runner(code.InteractiveInterpreter):
    """Runs cell after cell, whatever becomes of each, as graders do."""

    def __init__(self) -> None:
        super().__init__({"__name__": "__main__"})
        self.errors: list[tuple[int, str]] = []
        self.number = 0

    def run(self, number: int, source: str) -> None:
        """Run one cell."""
        self.number = number
        try:
            if self.runsource(source + "\n", f"<cell {number}>", "exec"):
                self.note("SyntaxError", "the cell ends too early")
        except (SystemExit, KeyboardInterrupt) as error:
            self.note(type(error).__name__, "")

    def note(self, kind: str, message: str) -> None:
        """Remember why a cell failed."""
        self.errors.append((self.number, f"{kind}: {message}"[:_LONGEST]))

    def showtraceback(self) -> None:
        """Called where a cell raises."""
        kind, error, _ = sys.exc_info()
        self.note(kind.__name__ if kind else "error", _said(error))

    def showsyntaxerror(self, filename: str | None = None, **_: Any) -> None:
        """Called where a cell is no Python."""
        self.showtraceback()

    def write(self, data: str) -> None:
        """What it would print."""


def _said(error: BaseException | None) -> str:
    try:
        return str(error)
    except BaseException:
        return ""


def _value(value: Any) -> Any:
    """What a variable holds, as nested lists of texts; None where it holds nothing of the kind."""
    try:
        return _nested(_plain(value), _DEEPEST, [_MOST_ENTRIES])
    except BaseException:  # whatever a class of their own does
        return None


def _plain(value: Any) -> Any:
    """A tensor or array as lists of Python's own numbers."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    return value.tolist() if hasattr(value, "tolist") else value


def _nested(value: Any, depth: int, left: list[int]) -> Any:
    left[0] -= 1
    if left[0] < 0 or depth < 0:
        raise ValueError
    if isinstance(value, list | tuple):
        return [_nested(_plain(one), depth - 1, left) for one in value]
    if isinstance(value, str):
        return value[:_LONGEST]
    return "" if value is None else repr(value) if isinstance(value, int | float) else str(value)[:_LONGEST]


def _quiet(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Nobody reads what this process would print."""


if __name__ == "__main__":
    sys.excepthook = _quiet
    main(int(sys.argv[1]))
