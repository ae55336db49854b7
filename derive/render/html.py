"""Document -> one self-contained HTML file: MathML, inline SVG, no script, nothing fetched."""

from markupsafe import Markup, escape

from derive import filling
from derive.render import document as d
from derive.render.mathematics import spell
from derive.render.page import Page
from derive.render.spoken import symbol_words, words
from derive.render.vector import inline_svg
from derive.render.wording import WORDINGS

# Above this many em a formula may be wider than the column.
_WIDE = 30.0


def render_html(document: d.Document, page: Page) -> bytes:
    """The HTML of a document.

    Raises:
        RenderError: A formula or picture can't be rendered.
    """
    facts = {
        "title": page.title,
        "language": page.language,
        "audience": WORDINGS[page.language].audience[page.audience],
        "identifier": page.identifier,
        "paper": page.paper,
        "margin_text": Markup(_css_string(page.identifier)),
        # Markup is not escaped again: the body is as it is written, the identifier is a CSS string.
        "body": Markup(HtmlWriter(page).blocks(document)),
    }
    return filling.fill("page.html.j2", facts, page.templates, html=True).encode()


def _css_string(text: str) -> str:
    """A CSS string that can't end the style sheet: everything but letters and digits is escaped."""
    return '"' + "".join(letter if letter.isalnum() else f"\\{ord(letter):x} " for letter in text) + '"'


def _reachable(label: str) -> str:
    """The attributes of what may be wider than the page: it scrolls, so the keyboard must reach it."""
    return f' tabindex="0" role="group" aria-label="{label}"'


class HtmlWriter:
    """HTML for one document; numbers its pictures, so that ids differ."""

    def __init__(self, page: Page) -> None:
        """Keep what all blocks need."""
        self.page = page
        self.wording = WORDINGS[page.language]
        self.picture_count = 0

    def blocks(self, blocks: d.Document) -> str:
        """Blocks below each other."""
        return "\n".join(map(self.block, blocks))

    def block(self, block: d.Block) -> str:
        """One block."""
        match block:
            case d.Heading(level, children):
                # The page's title is its only h1.
                tag = f"h{min(level + 1, 6)}"
                return f"<{tag}>{self.line(children)}</{tag}>"
            case d.Paragraph(children):
                return f"<p>{self.line(children)}</p>"
            case d.Formula(latex):
                return self.formula(latex)
            case d.Items(items, start):
                return self._items(items, start)
            case d.Table():
                return self._table(block)
            case d.Listing(code, language):
                kind = "output" if language == "text" else "code"
                label = self.wording.output if language == "text" else self.wording.code
                return f'<pre class="{kind}"{_reachable(label)}><code>{escape(code)}</code></pre>'
            case d.Figure(name):
                if name not in self.page.pictures:
                    raise d.RenderError(f"the page has no picture named '{name}'")
                return f"<figure>{self.picture(name)}</figure>"
            case d.Rule():
                return "<hr>"
            case d.Box(kind, blocks):
                return self._box(kind, blocks)
            case d.MatrixSpaces(items):
                return f'<div class="spaces">{"".join(map(self._matrix_space, items))}</div>'
            case d.Space(kind, height):
                inner = "<i></i>" * height if kind == "lines" else ""
                label = f'role="img" aria-label="{self.wording.room}"'
                return f'<div class="space {kind}" {label} style="--lines: {height}">{inner}</div>'
            case d.Fields():
                fields = (f"<div><span>{name}</span><i></i></div>" for name in self.wording.fields)
                return f'<div class="fields">{"".join(fields)}</div>'
        raise TypeError(f"{type(block).__name__} should have been resolved before rendering")

    def formula(self, latex: str) -> str:
        """A formula by itself."""
        wide = spell(latex, display=True).width
        focus = _reachable(self.wording.formula) if wide > _WIDE else ""
        style = f'style="--wide: {1.08 * wide:.1f}"'
        return f'<div class="formula" {style}{focus}>{self._math(latex, "block")}</div>'

    def _math(self, latex: str, display: str = "inline") -> str:
        """A formula with its words, for readers that don't know MathML."""
        spelled = spell(latex, display=display == "block")
        block = ' display="block"' if display == "block" else ""
        alt = escape(words(spelled.tree, self.page.language))
        return f'<math{block} alttext="{alt}">{spelled.mathml}</math>'

    def _items(self, items: tuple[d.Document, ...], start: int | None) -> str:
        tag, attribute = ("ul", "") if start is None else ("ol", f' start="{start}"' if start != 1 else "")
        inner = "".join(f"<li>{self.blocks(item)}</li>" for item in items)
        return f"<{tag}{attribute}>{inner}</{tag}>"

    def _table(self, table: d.Table) -> str:
        def row(tag: str, cells: tuple[tuple[d.Inline, ...], ...]) -> str:
            scope = ' scope="col"' if tag == "th" else ""
            return "<tr>{}</tr>".format(
                "".join(
                    f'<{tag} class="{alignment}"{scope}>{self.line(cell)}</{tag}>'
                    for alignment, cell in zip(table.alignments, cells, strict=True)
                )
            )

        body = "".join(row("td", cells) for cells in table.rows)
        return (
            f'<div class="table"{_reachable(self.wording.table)}><table>'
            f"<thead>{row('th', table.header)}</thead><tbody>{body}</tbody></table></div>"
        )

    def picture(self, name: str) -> str:
        """A picture that the page has."""
        self.picture_count += 1
        return inline_svg(self.page.pictures[name], f"p{self.picture_count}-")

    def _box(self, kind: str, blocks: d.Document) -> str:
        inner = self.blocks(blocks)
        if kind == "quote":
            return f"<blockquote>{inner}</blockquote>"
        if kind == "solution":
            return f'<div class="solution" role="group" aria-label="{self.wording.solution}">{inner}</div>'
        return f'<div class="box {kind}">{inner}</div>'

    def _matrix_space(self, space: d.MatrixSpace) -> str:
        alt = self.wording.empty_matrix.format(space.rows, space.columns)
        cells = "<i></i>" * (space.rows * space.columns)
        matrix = (
            f'<div class="matrix" role="img" aria-label="{alt}" '
            f'style="--rows: {space.rows}; --columns: {space.columns}">{cells}</div>'
        )
        label = ""
        if space.label is not None:
            spelled = spell(space.label, display=True)
            said = f"{words(spelled.tree, self.page.language)} {symbol_words('=', self.page.language)}"
            label = f'<math displaystyle="true" alttext="{escape(said)}">{spelled.mathml}<mo>=</mo></math>'
        return f'<div class="labelled">{label}{matrix}</div>'

    def line(self, children: tuple[d.Inline, ...]) -> str:
        """The children of a paragraph, heading or cell."""
        return "".join(map(self.inline, children))

    def text(self, text: str) -> str:
        """Plain text."""
        return str(escape(text))

    def mathematics(self, latex: str) -> str:
        """A formula inside a line."""
        return self._math(latex)

    def inline(self, child: d.Inline) -> str:
        """One piece of a line."""
        match child:
            case d.Text(text):
                return self.text(text)
            case d.Emphasis(children, strong):
                tag = "strong" if strong else "em"
                return f"<{tag}>{self.line(children)}</{tag}>"
            case d.Code(text):
                return f"<code>{escape(text)}</code>"
            case d.Mathematics(latex):
                return self.mathematics(latex)
            case d.LineBreak():
                return "<br>"
            case d.Blank(children):
                return f'<span class="filled">{self.line(children)}</span>'
            case d.Gap(width):
                label = f'role="img" aria-label="{self.wording.gap}"'
                return f'<span class="gap" {label} style="width: {width:g}em"></span>'
            case d.Points(count):
                return f'<span class="points">{escape(self.wording.badge(count))}</span>'
