"""Vectors and matrices that stand in one cell: `[[1, 2], [3, 4]]`, `[6. -3.]`, `(6; -3)`."""

import re
from collections.abc import Iterator
from typing import Any

MOST = 100_000  # characters of a cell that may hold a matrix
_DEEPEST = 8
_TOKEN = re.compile(r"[\[\](){},;]|[^\[\](){},;\s]+|\s+")
_OPENING, _CLOSING = "[({", "])}"


class NotNestedError(ValueError):
    """A text that holds no vector or matrix."""


def parse(text: str) -> Any:
    """Lists of texts, nested as the brackets are.

    Without brackets the text is one number, or several with semicolons or spaces between them.

    Raises:
        NotNestedError: The brackets don't fit, or there are too many of anything.
    """
    if len(text) > MOST:
        raise NotNestedError
    if not any(bracket in text for bracket in _OPENING):
        parts = [part for part in re.split(r"[;\s]+", text.strip()) if part]
        return parts if len(parts) > 1 else text
    rows: list[list[Any]] = [[]]
    for token in _tokens(text):
        if token and token in _OPENING:
            rows.append([])
            if len(rows) > _DEEPEST:
                raise NotNestedError
        elif token and token in _CLOSING:
            if len(rows) == 1:
                raise NotNestedError
            done = rows.pop()
            rows[-1].append(done)
        else:
            rows[-1].append(token)
    if len(rows) != 1 or len(rows[0]) != 1 or isinstance(rows[0][0], str):
        raise NotNestedError
    return rows[0][0]


def _tokens(text: str) -> Iterator[str]:
    """Brackets and numbers; commas count for nothing but what is missing between two of them."""
    before = "["
    for token in _TOKEN.findall(text):
        if token.isspace():
            continue
        if token in ",;":
            if before in ",;[({":
                yield ""
            before = token
            continue
        yield token
        before = token
