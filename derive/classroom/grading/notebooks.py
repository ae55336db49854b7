"""Answers as notebooks: the cells that are run, the variables that are wanted, and what came of them."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from derive.classroom.grading.handin import Cell, HandIn
from derive.classroom.grading.quantities import Vocabulary
from derive.classroom.grading.troubles import Trouble

_MOST_CELLS = 500
_MAGIC = re.compile(r"^(\s*)[%!?].*$", re.MULTILINE)
_OF_A_CELL = re.compile(r"\s*%%(\w+)")
_HARMLESS = ("time", "timeit", "capture", "prun")
_MOST_SAID = 3  # cells whose failing is told


class NoNotebookError(ValueError):
    """A text that is no notebook."""


def cells(text: str) -> list[str]:
    """The code of a notebook, cell by cell; commands of the notebook's own are left out.

    Raises:
        NoNotebookError: It is no notebook of format 4, or one with too many cells.
    """
    try:
        found = json.loads(text)
        listed = [cell for cell in found["cells"] if cell["cell_type"] == "code"]
        sources = [_joined(cell["source"]) for cell in listed]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NoNotebookError("no notebook of format 4") from None
    if len(sources) > _MOST_CELLS:
        raise NoNotebookError(f"more than {_MOST_CELLS} cells")
    return list(map(_without_magic, sources))


def _joined(source: Any) -> str:
    text = source if isinstance(source, str) else "".join(source)
    if not isinstance(text, str):
        raise TypeError
    return text


def _without_magic(source: str) -> str:
    """A cell as plain Python: commands of the notebook do nothing; a cell in another language is empty."""
    first = _OF_A_CELL.match(source)
    if first is not None:
        if first[1] not in _HARMLESS:
            return ""
        source = "\n" + source.lstrip().partition("\n")[2]
    return _MAGIC.sub(r"\1pass", source)


def wanted(vocabulary: Vocabulary) -> list[str]:
    """The variables that may hold an answer."""
    return [name for names in vocabulary.codes.values() for name in names]


def hand_in(
    student: str,
    vocabulary: Vocabulary,
    values: Mapping[str, Any],
    errors: Sequence[tuple[int, str]],
    refused: Sequence[str],
) -> HandIn:
    """What a notebook handed in, from what its variables hold at the end.

    Args:
        student: Whose it is.
        vocabulary: What quantities are called.
        values: Variable -> nested lists of texts; None where it holds nothing of the kind.
        errors: Cells that failed, and how.
        refused: What it tried and isn't allowed to do.
    """
    found = HandIn(student)
    for quantity, names in vocabulary.codes.items():
        for name in names:
            if values.get(name) is not None:
                found.cells.append(Cell(quantity, "", values[name]))
                break
    for number, said in errors[:_MOST_SAID]:
        found.troubles.append(Trouble("cell_failed", str(number), said))
    found.troubles += [Trouble("refused", found=what) for what in refused]
    return found
