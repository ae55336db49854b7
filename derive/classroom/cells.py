"""Tables for spreadsheets: CSV in which no text can run as a formula."""

import csv
import io
import re
from collections.abc import Iterable

from derive.exercise.literals import PATTERN

_NUMBER = re.compile(PATTERN, re.ASCII)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")  # noqa: RUF001 - wide ones too


def written(rows: Iterable[Iterable[str]]) -> str:
    """Rows as CSV, as RFC 4180 has it."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\r\n").writerows([harmless(cell) for cell in row] for row in rows)
    return file.getvalue()


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: what begins like one gets an apostrophe in front.

    Numbers stay as they are. `original` takes the apostrophe off again.
    """
    risky = text.lstrip().startswith(_FORMULA) or text.startswith(_FORMULA)
    return "'" + text if (risky and not _NUMBER.match(text)) or text.startswith("'") else text


def original(text: str) -> str:
    """The text that `harmless` was given."""
    return text[1:] if text.startswith("'") else text
