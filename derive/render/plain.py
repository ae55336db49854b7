"""Document -> Markdown: for itself, and for the cells of a notebook."""

import base64
import re
from itertools import pairwise

from derive.render import document as d
from derive.render.mathematics import spell
from derive.render.page import Page, Picture
from derive.render.vector import checked_svg
from derive.render.wording import WORDINGS

_MARKUP = re.compile(r"([\\`*_\[\]<>&$|~#{}])")
_LINE_START = re.compile(r"^(\s*)(?:([-+=:])|(\d+)([.)]))")


def render_markdown(document: d.Document, page: Page) -> bytes:
    """The story for one reader as readable Markdown; pictures are data URIs.

    Raises:
        RenderError: A formula or picture can't be rendered.
    """
    writer = MarkdownWriter(page)
    title = f"# {escape_markdown(page.title)}\n\n{escape_markdown(page.identifier)}\n\n"
    return (title + writer.blocks(document) + "\n").encode()


def data_uri(picture: Picture) -> str:
    """The picture as an address that holds it whole."""
    return "data:image/svg+xml;base64," + base64.b64encode(checked_svg(picture).encode()).decode()


def escape_markdown(text: str, dollar: str = r"\$", *, starts_line: bool = True) -> str:
    """Markdown that prints `text` as it is, escaping no more than is needed, so that it stays readable.

    Args:
        text: Plain text.
        dollar: How a dollar sign is written that opens no formula.
        starts_line: Whether it may begin a line, where a dash or a number means a list.
    """
    escaped = _MARKUP.sub(lambda match: dollar if match[1] == "$" else f"\\{match[1]}", text)
    if not starts_line:
        return escaped
    return _LINE_START.sub(lambda m: f"{m[1]}\\{m[2]}" if m[2] else f"{m[1]}{m[3]}\\{m[4]}", escaped)


class MarkdownWriter:
    """Markdown for one document.

    Args:
        page: What surrounds the document.
        dollar: How a dollar sign is written that opens no formula.
    """

    def __init__(self, page: Page, dollar: str = r"\$") -> None:
        """Keep what all blocks need."""
        self.page = page
        self.wording = WORDINGS[page.language]
        self._dollar = dollar
        self._is_quoted = False

    def blocks(self, blocks: d.Document) -> str:
        """Blocks, an empty line between each two."""
        return "\n\n".join(map(self.block, blocks))

    def block(self, block: d.Block) -> str:
        """One block, without a newline at its end."""
        match block:
            case d.Heading(level, children):
                return f"{'#' * min(level + 1, 6)} {self.line(children)}"
            case d.Paragraph(children):
                return self.line(children)
            case d.Formula(latex):
                spell(latex, display=True)
                return f"$$ {' '.join(latex.split())} $$" if self._is_quoted else f"$$\n{latex}\n$$"
            case d.Items(items, start):
                return self._items(items, start)
            case d.Table():
                return self._table(block)
            case d.Listing(code, language):
                return _fenced(code, language)
            case d.Figure(name):
                return self._figure(name)
            case d.Rule():
                return "---"
            case d.Box("solution", blocks):
                return self.blocks(blocks)
            case d.Box(_, blocks):
                return self._quote(blocks)
            case d.MatrixSpaces(items):
                return "$$\n" + r" \qquad ".join(map(_matrix_space, items)) + "\n$$"
            case d.Space("code", _):
                return f"```python\n# {self.wording.write_code}\n```"
            case d.Space(_, height):
                return "\n".join(["<br>"] * height)
            case d.Fields():
                return "\\\n".join(f"{name}: {_gap(12)}" for name in self.wording.fields)
        raise TypeError(f"{type(block).__name__} should have been resolved before rendering")

    def _quote(self, blocks: d.Document) -> str:
        # Jupyter takes formulas out before it parses Markdown: one over several lines would hold the ">".
        before, self._is_quoted = self._is_quoted, True
        quoted = _indented(self.blocks(blocks), "> ", "> ")
        self._is_quoted = before
        return quoted

    def _items(self, items: tuple[d.Document, ...], start: int | None) -> str:
        markers = ["- " if start is None else f"{start + i}. " for i in range(len(items))]
        return "\n".join(
            _indented(self.blocks(item), marker, " " * len(marker))
            for marker, item in zip(markers, items, strict=True)
        )

    def _table(self, table: d.Table) -> str:
        rules = {"left": ":--", "center": ":-:", "right": "--:"}
        rows = [[self.line(cell) for cell in row] for row in (table.header, *table.rows)]
        rows.insert(1, [rules[alignment] for alignment in table.alignments])
        return "\n".join("| " + " | ".join(row) + " |" for row in rows)

    def _figure(self, name: str) -> str:
        if name not in self.page.pictures:
            raise d.RenderError(f"the page has no picture named '{name}'")
        return self.picture(self.page.pictures[name])

    def picture(self, picture: Picture) -> str:
        """A picture in a paragraph of its own."""
        return f"![{escape_markdown(picture.alt, self._dollar)}]({data_uri(picture)})"

    def line(self, children: tuple[d.Inline, ...]) -> str:
        """The children of a paragraph, heading or cell."""
        parts = [self._inline(child, starts_line=i == 0) for i, child in enumerate(children)]
        return "".join(" " * _touch(*both) + both[1] for both in pairwise(["", *parts]))

    def _inline(self, child: d.Inline, *, starts_line: bool) -> str:
        match child:
            case d.Text(text):
                return escape_markdown(text, self._dollar, starts_line=starts_line)
            case d.Emphasis(children, strong):
                mark = "**" if strong else "*"
                return f"{mark}{self.line(children)}{mark}"
            case d.Code(text):
                return _code(text)
            case d.Mathematics(latex):
                spell(latex, display=False)
                return f"${latex}$"
            case d.LineBreak():
                return "\\\n"
            case d.Blank(children):
                return self.line(children)
            case d.Gap(width):
                return _gap(width)
            case d.Points(count):
                return escape_markdown(self.wording.badge(count), self._dollar)


def _touch(before: str, after: str) -> bool:
    """Whether a formula and a letter meet, as before a Korean particle: GitHub sees no formula then."""
    return (before.endswith("$") and after[:1].isalnum()) or (before[-1:].isalnum() and after[:1] == "$")


def _gap(width: float) -> str:
    # Escaped, for unescaped underscores are emphasis or a rule.
    return r"\_" * max(2, round(2 * width))


def _matrix_space(space: d.MatrixSpace) -> str:
    # Narrower cells where there are many, so that the matrix stays on the screen.
    cell = r"\phantom{0000}" if space.columns <= 8 else r"\phantom{00}"
    row = " & ".join([cell] * space.columns)
    matrix = r"\begin{bmatrix} " + r" \\ ".join([row] * space.rows) + r" \end{bmatrix}"
    return matrix if space.label is None else f"{space.label} = {matrix}"


def _fenced(code: str, language: str) -> str:
    ticks = "`" * max(3, 1 + max(map(len, re.findall("`+", code)), default=0))
    return f"{ticks}{language}\n{code.rstrip(chr(10))}\n{ticks}"


def _code(text: str) -> str:
    ticks = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def _indented(text: str, first: str, rest: str) -> str:
    head, *tail = text.split("\n")
    return "\n".join([first + head, *((rest + line).rstrip() if not line else rest + line for line in tail)])
