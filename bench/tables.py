"""What the parts of the report share: goals, tables, and how a time is written."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.measure import Timing


@dataclass(frozen=True)
class Goal:
    """Something that was promised, and what came out."""

    what: str
    wanted: str
    measured: str
    met: bool


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table: the first column to the left, numbers to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def spread(timing: Timing) -> str:
    """The median, and how far the repetitions lie apart."""
    return f"{timing.seconds:.2f} s ({timing.lowest:.2f} to {timing.highest:.2f})"


def time(seconds: float | None, cap: float = 0.0) -> str:
    """Seconds or milliseconds; None for more than a cap."""
    if seconds is None:
        return f"> {cap:g} s"
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"
