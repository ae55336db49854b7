"""Long lines of code broken inside their brackets, so that a printed listing shows all of them."""

import re
from collections.abc import Iterator

WIDTH = 84  # characters between the margins of a page
_WHOLE = re.compile(r"(\s*(?:return|[\w, ]+ =) )(.*)")
Stack = tuple[int, ...]  # columns of the brackets that are open


def wrapped(code: str) -> str:
    """The same code in lines that fit a page: rows of a matrix below each other, products cut at factors."""
    return "\n".join(_wrapped(line, ()) for line in code.split("\n"))


def _wrapped(line: str, opened: Stack, rows: int = 0) -> str:
    """A line, or the rest of one.

    Args:
        line: What there is of it.
        opened: The brackets that were opened before.
        rows: How many of them there are around the rows of a matrix, each of which gets a line.
    """
    places = list(_places(line, opened))
    after_rows = [place for place in places if len(place[1]) == rows and line[: place[0]].endswith("],")]
    if not after_rows and len(line) <= WIDTH:
        return line
    usable = [place for place in places if place[0] <= WIDTH]
    if after_rows:
        position, stack = after_rows[0]
    elif usable:
        fewest = min(len(stack) for _, stack in usable)
        outer = [place for place in usable if len(place[1]) == fewest]
        rows = fewest if line[: outer[0][0]].endswith("],") else 0
        position, stack = outer[0 if rows else -1]
    elif (whole := _WHOLE.fullmatch(line)) and not opened and not whole[2].startswith("("):
        return _wrapped(f"{whole[1]}({whole[2]})", ())
    else:
        return line
    # Below the bracket, but not where that would leave half a line.
    indent = stack[-1] + 1 if stack[-1] < WIDTH // 2 else len(line) - len(line.lstrip()) + 4
    rest = _wrapped(" " * indent + line[position + 1 :], stack, rows)
    return f"{_wrapped(line[:position], opened)}\n{rest}"


def _places(line: str, opened: Stack) -> Iterator[tuple[int, Stack]]:
    """The spaces at which a line may end, with the brackets that are open there."""
    stack = list(opened)
    indent = len(line) - len(line.lstrip())
    for column, letter in enumerate(line):
        if letter in "([{":
            stack.append(column)
        elif letter in ")]}":
            stack.pop()
        elif letter == " " and column > indent and stack:
            yield column, tuple(stack)
