"""What a handout has in the place of a solution: `2x4`, `W:2x2 ; 1x4`, `lines 3`, `space 5`, `code`."""

import re
from itertools import groupby

from derive.render.document import Block, MatrixSpace, MatrixSpaces, RenderError, Space

MOST_CELLS = 64
MOST_LINES = 40
_SHAPE = re.compile(r"(?:(?P<label>.+):)?\s*(?P<rows>[1-9]\d*)x(?P<columns>[1-9]\d*)")
_ROOM = re.compile(r"(?P<kind>lines|space) (?P<height>[1-9]\d*)")
_WORDS = re.compile(r"[a-zA-Z]{2,}(?: [a-zA-Z]+)*|[^\W\d_a-zA-Z][\w ]*")
CODE_LINES = 8


def parse_spaces(text: str) -> tuple[Block, ...]:
    """The blocks that stand in the place of a solution.

    Raises:
        RenderError: An item is none of the known ones.
    """
    items = [_item(part.strip()) for part in text.split(";")]
    blocks: list[Block] = []
    for is_matrix, group in groupby(items, key=lambda item: isinstance(item, MatrixSpace)):
        if is_matrix:
            blocks.append(MatrixSpaces(tuple(item for item in group if isinstance(item, MatrixSpace))))
        else:
            blocks.extend(item for item in group if isinstance(item, Space))
    return tuple(blocks)


def _item(text: str) -> MatrixSpace | Space | None:
    if text == "nothing":
        return None
    if text == "code":
        return Space("code", CODE_LINES)
    if match := _ROOM.fullmatch(text):
        height = int(match["height"])
        if height > MOST_LINES:
            raise RenderError(f"'{text}' is higher than {MOST_LINES} lines and would not fit a page")
        return Space("lines" if match["kind"] == "lines" else "box", height)
    if match := _SHAPE.fullmatch(text):
        rows, columns = int(match["rows"]), int(match["columns"])
        if max(rows, columns) > MOST_CELLS:
            raise RenderError(f"'{text}' has more than {MOST_CELLS} cells in a line and can't be written in")
        return MatrixSpace(rows, columns, _label(match["label"]))
    raise RenderError(
        f"'{text}' doesn't say what the handout has in its place: 2x4, lines 3, space 5, code or nothing"
    )


def _label(label: str | None) -> str | None:
    r"""LaTeX of a label; a plain word such as `product` is set as a word, not as a product of letters."""
    if label is None:
        return None
    stripped = label.strip()
    return rf"\text{{{stripped}}}" if _WORDS.fullmatch(stripped) else stripped
