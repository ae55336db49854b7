"""Document -> the source of an nbgrader assignment: a notebook whose solutions and hidden tests stay in.

nbgrader itself makes the release for students from it (`nbgrader generate_assignment`) and grades what comes
back. The cells' metadata are those of its schema, version 3. Only code that must not change is locked: what
is locked is restored from the source before grading.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from derive.render import document as d
from derive.render.notebook import Cell, code_cell, markdown_cell, notebook, opened, title, written
from derive.render.page import Page

SCHEMA = 3
_SOLUTION = "### BEGIN SOLUTION\n{}\n### END SOLUTION"
_HIDDEN = "{}\n### BEGIN HIDDEN TESTS\n{}\n### END HIDDEN TESTS"
# nbgrader looks for these anywhere in a line, in prose too.
_MARKS = re.compile("(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)")


def render_assignment(document: d.Document, page: Page) -> bytes:
    """The notebook of a document that `for_reader` has resolved for "nbgrader".

    Raises:
        RenderError: A formula or picture can't be rendered, or code holds one of nbgrader's own marks.
    """
    cells = [markdown_cell(title(page)), *_Cells(page).of(opened(document, _is_cell))]
    return notebook([_without_marks(cell) for cell in cells], page)


def _is_cell(block: d.Block) -> bool:
    match block:
        case d.Listing(_, "python") | d.Solution() | d.Tests():
            return True
    return False


class _Cells:
    """The cells of one notebook; counts those of each kind."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.counts: dict[str, int] = {}

    def of(self, document: d.Document) -> Iterator[Cell]:
        text: list[d.Block] = []
        for block in document:
            if text and (_is_cell(block) or isinstance(block, d.Heading)):
                yield markdown_cell(written(tuple(text), self.page))
                text = []
            if _is_cell(block):
                yield self.cell(block)
            else:
                text.append(block)
        if text:
            yield markdown_cell(written(tuple(text), self.page))

    def cell(self, block: d.Block) -> Cell:
        match block:
            case d.Listing(code, _, free):
                cell = code_cell(_checked(code.rstrip("\n")))
                return cell if free else self.marked(cell, self.numbered("given"), locked=True)
            case d.Tests(name, points, visible, hidden):
                source = _HIDDEN.format(_checked(visible.rstrip("\n")), _checked(hidden.rstrip("\n")))
                cell = code_cell(source)
                return self.marked(cell, f"test-{name}", grade=True, locked=True, points=_number(points))
            case d.Solution(blocks, (d.Space("code", _), *_)):
                code = "\n\n".join(one.code.rstrip("\n") for one in blocks if isinstance(one, d.Listing))
                return self.marked(
                    code_cell(_SOLUTION.format(_checked(code))), self.numbered("answer"), solution=True
                )
            case d.Solution(blocks, _):
                # Marked by hand; the points of a worksheet are all for quantities.
                cell = markdown_cell(written(blocks, self.page))
                return self.marked(cell, self.numbered("words"), grade=True, solution=True, points=0)
        raise TypeError(f"{type(block).__name__} is no cell")

    def numbered(self, kind: str) -> str:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        return f"{kind}-{self.counts[kind]}"

    def marked(
        self,
        cell: Cell,
        name: str,
        *,
        grade: bool = False,
        solution: bool = False,
        locked: bool = False,
        points: float | None = None,
    ) -> Cell:
        """A cell with what nbgrader reads; its cell type is noted there by nbgrader itself."""
        found: dict[str, Any] = {
            "schema_version": SCHEMA,
            "grade_id": name,
            "grade": grade,
            "solution": solution,
            "locked": locked,
            "task": False,
        }
        if points is not None:
            found["points"] = points
        return cell | {"metadata": {"nbgrader": found}}


def _checked(code: str) -> str:
    """Code in which nbgrader sees no mark."""
    if match := _MARKS.search(code):
        raise d.RenderError(f"'{match[0]}' must not stand in code: nbgrader cuts cells there")
    return code


def _without_marks(cell: Cell) -> Cell:
    """A cell of Markdown in which nbgrader sees no mark, though a reader does."""
    if cell["cell_type"] != "markdown":
        return cell
    return cell | {"source": [_MARKS.sub(r"\1&#32;\2", line) for line in cell["source"]]}


def _number(points: str) -> float:
    worth = Fraction(points)
    return int(worth) if worth.denominator == 1 else float(worth)
