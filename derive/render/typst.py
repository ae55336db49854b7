"""Document -> PDF through the typst wheel: tagged PDF/UA-1, the same bytes every time."""

import json
from functools import cache, lru_cache

import typst

from derive import files, filling
from derive.render import document as d
from derive.render.expression import Grid
from derive.render.mathematics import spell
from derive.render.page import Page
from derive.render.spoken import symbol_words, words
from derive.render.typst_mathematics import typst as typst_inline
from derive.render.typst_mathematics import typst_display
from derive.render.typst_text import breakable, quote
from derive.render.vector import checked_svg
from derive.render.wording import WORDINGS

_CODE = "identifier.svg"
_BLOCKS = "blocks.json"
_GETA = "\u3013"  # what printers put where a letter is missing from the case
_LETTERS = '#set document(title: {0})\n#set text(lang: "ko")\n#{0}'
# What page.typ.j2 defines, for the blocks to call.
_FUNCTIONS = (
    "code", "code-space", "box-space", "data-table", "fields", "filled", "formula", "framed", "gap",
    "given-box", "inline-formula", "labelled", "lines-space", "listing", "matrix-space", "matrix-spaces",
    "note-box", "picture", "points", "quote-box", "rule", "solution-box", "tied", "verdict-box",
)  # fmt: skip
# Typst reads each file as a source too, and is soonest done with a comment: one begins in front of it.
_COMMENT = b"/*"


def _content(file: str) -> str:
    """What a file holds after the mark in front, as bytes; `file` is an expression of Typst's."""
    return f"read({file}, encoding: none).slice({len(_COMMENT)})"


# Typst keeps the layout of what it has seen, together with where it stood in the source. Blocks that are
# evaluated from data all stand here, so that a page of a set is laid out anew only where it differs.
_BODY = """#for block in json({blocks}) {{
  eval(block, mode: "markup", scope: (content: file => {content}, {names}))
  parbreak()
}}""".format(
    blocks=_content(quote(_BLOCKS)),
    content=_content("file"),
    names=", ".join(f"{quote(name)}: {name}" for name in _FUNCTIONS),
)
_PAPERS = {"a4": "a4", "letter": "us-letter"}


def render_pdf(document: d.Document, page: Page) -> bytes:
    """The PDF of a document.

    Raises:
        RenderError: A formula doesn't fit the line at a readable size, or Typst refuses or warns.
    """
    writer = _Writer(page)
    blocks = [writer.block(block) for block in document]
    data = {_BLOCKS: json.dumps(blocks, ensure_ascii=False)}
    for name in writer.pictures:
        data[f"{name}.svg"] = checked_svg(page.pictures[name])
    if page.code is not None:
        data[_CODE] = checked_svg(page.code)
    source = {name: _COMMENT + content.encode() for name, content in data.items()}
    source["main.typ"] = _frame(page).encode()
    return _compiled(source)


def printable(text: str) -> str:
    """A text of which every letter is in a font of the PDF; 〓 stands for those that aren't."""
    return "".join(letter if _is_printable(letter) else _GETA for letter in text)


@cache
def _is_printable(letter: str) -> bool:
    if letter.isascii():
        return True
    try:
        _compiled({"main.typ": _LETTERS.format(quote(letter)).encode()})
    except d.RenderError:
        return False
    return True


def _compiled(source: dict[str, bytes]) -> bytes:
    """The PDF of a Typst project.

    Raises:
        RenderError: Typst refuses or warns.
    """
    try:
        pdf, warnings = _compiler().compile_with_warnings(  # type: ignore[type-var]  # the stub lacks dict
            input=source,
            format="pdf",
            timestamp=0,
            pdf_standards=["ua-1"],
        )
    except typst.TypstError as error:
        raise d.RenderError(f"Typst: {error.message}") from None
    if warnings:
        raise d.RenderError("Typst warns: " + "; ".join(warning.message for warning in warnings))
    if not isinstance(pdf, bytes):
        raise d.RenderError("Typst wrote no PDF")
    return pdf


def _frame(page: Page) -> str:
    """The page around the blocks."""
    wording = WORDINGS[page.language]
    facts = {
        "title": quote(page.title),
        "shown_title": quote(breakable(page.title)),
        "audience": quote(wording.audience[page.audience]),
        "identifier": quote(printable(page.identifier)),
        "code": page.code and f"image({_content(quote(_CODE))}, height: 11mm, alt: {quote(page.code.alt)})",
        "language": page.language,
        "paper": _PAPERS[page.paper],
        "fields": ", ".join(map(quote, wording.fields)),
        "body": _BODY,
    }
    return filling.fill("page.typ.j2", facts, page.templates, brackets="<>")


@cache
def _compiler() -> typst.Compiler:
    """One compiler for all documents: reading the fonts takes longer than a page.

    Its root is a file: nothing lies below one, so that a template can read what it is handed alone. By
    default it would be the current folder.
    """
    fonts = typst.Fonts(include_system_fonts=False, font_paths=list(map(str, files.font_folders())))
    return typst.Compiler(b"", root=__file__, font_paths=fonts)


# Most formulas of a variant are those of its neighbours.
@lru_cache(maxsize=20_000)
def _display(latex: str, language: str) -> str:
    formula = spell(latex, display=True)
    tree = formula.tree
    lines = len(tree.rows) if isinstance(tree, Grid) and tree.kind == "aligned" else 1
    said = quote(words(tree, language))
    return f"#formula({said}, {lines}, {formula.width:.1f}, $ {typst_display(tree)} $)"


@lru_cache(maxsize=20_000)
def _inline(latex: str, language: str) -> str:
    tree = spell(latex, display=False).tree
    return f"#inline-formula({quote(words(tree, language))}, ${typst_inline(tree)}$);"


class _Writer:
    """Typst markup for one document; remembers which pictures it used."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wording = WORDINGS[page.language]
        self.pictures: dict[str, None] = {}

    def blocks(self, blocks: d.Document) -> str:
        return "\n\n".join(map(self.block, blocks))

    def block(self, block: d.Block) -> str:
        match block:
            case d.Heading(level, children):
                return f"#heading(level: {level}, outlined: true)[{self.line(children)}]"
            case d.Paragraph(children, tied):
                return f"#tied[{self.line(children)}]" if tied else self.line(children)
            case d.Formula(latex):
                return _display(latex, self.page.language)
            case d.Items(items, start):
                return self._items(items, start)
            case d.Table():
                return self._table(block)
            case d.Listing(code, language):
                return f"#listing({quote(language)}, {quote(code.rstrip(chr(10)))})"
            case d.Figure(name):
                return self._figure(name)
            case d.Rule():
                return "#rule()"
            case d.Box(kind, blocks):
                return f"#{kind}-box[\n{self.blocks(blocks)}\n]"
            case d.MatrixSpaces(items):
                return "#matrix-spaces(" + " ".join(f"[{self._matrix_space(item)}]," for item in items) + ")"
            case d.Space(kind, height):
                return f"#{kind}-space({height}, {quote(self.wording.room)})"
            case d.Fields():
                return "#fields()"
        raise TypeError(f"{type(block).__name__} should have been resolved before rendering")

    def _items(self, items: tuple[d.Document, ...], start: int | None) -> str:
        bodies = " ".join(f"[{self.blocks(item)}]," for item in items)
        return f"#list({bodies})" if start is None else f"#enum(start: {start}, {bodies})"

    def _table(self, table: d.Table) -> str:
        header = " ".join(f"[{self.line(cell)}]," for cell in table.header)
        rows = "\n".join(" ".join(f"[{self.line(cell)}]," for cell in row) for row in table.rows)
        return f"#data-table(({', '.join(table.alignments)},), ({header}),\n{rows}\n)"

    def _figure(self, name: str) -> str:
        picture = self.page.pictures.get(name)
        if picture is None:
            raise d.RenderError(f"the page has no picture named '{name}'")
        self.pictures[name] = None
        return f"#picture(content({quote(name + '.svg')}), {quote(picture.alt)})"

    def _matrix_space(self, space: d.MatrixSpace) -> str:
        alt = quote(self.wording.empty_matrix.format(space.rows, space.columns))
        blank = f"#matrix-space({space.rows}, {space.columns}, {alt})"
        if space.label is None:
            return blank
        tree = spell(space.label, display=True).tree
        label = f"$display({typst_inline(tree)}) \\=$"
        said = f"{words(tree, self.page.language)} {symbol_words('=', self.page.language)}"
        return f"#labelled({quote(said)}, {label})[{blank}]"

    def line(self, children: tuple[d.Inline, ...]) -> str:
        return "".join(map(self.inline, children))

    def inline(self, child: d.Inline) -> str:
        match child:
            case d.Text(text):
                return f"#{quote(breakable(text))};"
            case d.Emphasis(children, strong):
                return f"#{'strong' if strong else 'emph'}[{self.line(children)}];"
            case d.Code(text):
                return f"#code({quote(text)});"
            case d.Mathematics(latex):
                return _inline(latex, self.page.language)
            case d.LineBreak():
                return "#linebreak();"
            case d.Blank(children):
                return f"#filled[{self.line(children)}];"
            case d.Gap(width):
                return f"#gap({width:g}em, {quote(self.wording.gap)});"
            case d.Points(count):
                return f"#points({quote(self.wording.badge(count))});"
