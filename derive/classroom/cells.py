"""Tables for spreadsheets: CSV in which no text can run as a formula, and CSV as they write it."""

import csv
import re
from collections.abc import Iterable, Iterator

from derive.exercise.literals import PATTERN

_DELIMITERS = ",;\t"
_NUMBER = re.compile(PATTERN, re.ASCII)
_SAID = re.compile(rf'"?sep=([{_DELIMITERS}])"?[{_DELIMITERS}]*', re.IGNORECASE)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")  # noqa: RUF001 - wide ones too


def pieces(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Rows as CSV, one after the other, as RFC 4180 has it."""
    row_of_text = _Row()
    writer = csv.writer(row_of_text, lineterminator="\r\n")
    for row in rows:
        writer.writerow([harmless(cell) for cell in row])
        yield row_of_text.text


class _Row:
    """What a CSV writer has just written."""

    text = ""

    def write(self, text: str) -> None:
        """Keep it."""
        self.text = text


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: what begins like one gets an apostrophe in front.

    Numbers stay as they are. `original` takes the apostrophe off again.
    """
    risky = text.lstrip().startswith(_FORMULA) or text.startswith(_FORMULA)
    return "'" + text if (risky and not _NUMBER.match(text)) or text.startswith("'") else text


def original(text: str) -> str:
    """The text that `harmless` was given."""
    return text[1:] if text.startswith("'") else text


def delimited(text: str) -> tuple[str, str]:
    """A table as it is to be read, and what stands between its cells.

    Excel may say the delimiter in a line in front of the heads, as `sep=;`; that line becomes blank.
    Elsewhere the heads tell, but for what stands in quotes.
    """
    first = next((line for line in text.splitlines() if line.strip()), "")
    if said := _SAID.fullmatch(first.strip(" ")):
        return text.replace(first, "", 1), said[1]
    return text, max(_DELIMITERS, key=re.sub('"[^"]*"', "", first).count)
