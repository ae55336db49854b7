"""Did you mean: the nearest known name, and lists of names for messages."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that a misspelt one probably means, None where none is near."""
    by_lower_case = {candidate.lower(): candidate for candidate in known}
    found = get_close_matches(name.lower()[:80], by_lower_case, n=1, cutoff=0.6)
    return by_lower_case[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The question for a message, empty where no name is near."""
    found = nearest(name, known)
    return f'did you mean "{found}"?' if found else ""


def listing(known: Iterable[str]) -> str:
    """The known names for a message."""
    return "known: " + ", ".join(known)


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: `1 row`, `3 rows`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
