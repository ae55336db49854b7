"""Document -> LaTeX: one file that compiles by itself with LuaLaTeX, XeLaTeX, and pdfLaTeX for English."""

import re

from derive import filling
from derive.render import document as d
from derive.render.long_words import pieces
from derive.render.mathematics import spell
from derive.render.page import Page
from derive.render.pgf import picture_as_pgf
from derive.render.wording import WORDINGS

_SECTIONS = {1: "section", 2: "subsection", 3: "subsubsection"}
# LuaTeX takes U+FFFD in a source for broken UTF-8, and stops.
_UNPRINTABLE = r"\unprintable{}"
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_",
    "%": r"\%", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}", "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}", "[": "{[}", "\n": " ", "\N{MINUS SIGN}": r"\ensuremath{-}",
    "\N{REPLACEMENT CHARACTER}": _UNPRINTABLE,
}  # fmt: skip
# Listings up to this many lines stay on one page.
_LONG_LISTING = 24
_ALIGNMENTS = {"left": "l", "center": "c", "right": "r"}


# Letters that need a Korean font, whatever the language of the page.
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
# Pairs that TeX joins into one sign, such as a dash or a quotation mark.
_LIGATURE = re.compile(r"(?<=-)(?=-)|(?<=<)(?=<)|(?<=>)(?=>)|(?<=,)(?=,)|(?<=[?!])(?=`)")


def escape_tex(text: str) -> str:
    """LaTeX that prints `text` as it is."""
    return r"\allowbreak{}".join(r"\apart{}".join(map(_escape, _LIGATURE.split(one))) for one in pieces(text))


def escape_pdf_string(text: str) -> str:
    """LaTeX for text that isn't typeset but goes into the PDF's metadata."""
    escaped = "{}".join(map(_escape, _LIGATURE.split(text)))
    return escaped.replace(_UNPRINTABLE, r'\unichar{"FFFD}')


def _escape(text: str) -> str:
    return "".join(_SPECIAL.get(letter, letter) for letter in text)


def render_tex(document: d.Document, page: Page) -> bytes:
    """The LaTeX source of a document.

    Raises:
        RenderError: A formula or picture can't be rendered.
    """
    wording = WORDINGS[page.language]
    writer = _Writer(page)
    body = writer.blocks(document)
    facts = {
        "title": escape_tex(page.title),
        "pdf_title": escape_pdf_string(page.title),
        "pdf_subject": escape_pdf_string(page.identifier),
        "identifier": escape_tex(page.identifier),
        "audience": wording.audience[page.audience],
        "language": page.language,
        "hangul": page.language == "ko" or _HANGUL.search(page.title + body) is not None,
        "paper": page.paper,
        "listings": list(writer.listing_names),
        "body": body,
    }
    return filling.fill("page.tex.j2", facts, page.templates, brackets="<>").encode()


class _Writer:
    """LaTeX for one document; collects the names of the environments that its listings need."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wording = WORDINGS[page.language]
        self.listing_names: dict[str, None] = {"listing": None}

    def blocks(self, blocks: d.Document) -> str:
        return "\n\n".join(map(self.block, blocks))

    def block(self, block: d.Block) -> str:
        match block:
            case d.Heading(level, children):
                return rf"\{_SECTIONS.get(level, 'paragraph')}*{{{self.line(children)}}}"
            case d.Paragraph(children):
                return self.line(children)
            case d.Formula(latex):
                spell(latex, display=True)
                return f"\\begin{{fitted}}\n{latex}\n\\end{{fitted}}"
            case d.Items(items, start):
                return self._items(items, start)
            case d.Table():
                return self._table(block)
            case d.Listing(code, _):
                return self._listing(code)
            case d.Figure(name):
                return self._figure(name)
            case d.Rule():
                return r"\separator"
            case d.Box(kind, blocks):
                return f"\\begin{{{kind}box}}\n{self.blocks(blocks)}\n\\end{{{kind}box}}"
            case d.MatrixSpaces(items):
                return "\\begin{spaces}\n" + "\n\\quad\n".join(map(_matrix_space, items)) + "\n\\end{spaces}"
            case d.Space("lines", height):
                return rf"\linesspace{{{height}}}"
            case d.Space(_, height):
                return rf"\boxspace{{{height}}}"
            case d.Fields():
                return r"\fields" + "".join(f"{{{name}}}" for name in self.wording.fields)
        raise TypeError(f"{type(block).__name__} should have been resolved before rendering")

    def _items(self, items: tuple[d.Document, ...], start: int | None) -> str:
        name = "itemize" if start is None else "enumerate"
        bodies = "\n".join(rf"\item {self.blocks(item)}" for item in items)
        begin = "" if start in (None, 1) else f"\\setcounter{{enumi}}{{{start - 1 if start else 0}}}\n"
        return f"\\begin{{{name}}}\n{begin}{bodies}\n\\end{{{name}}}"

    def _table(self, table: d.Table) -> str:
        columns = "".join(_ALIGNMENTS[alignment] for alignment in table.alignments)
        header = " & ".join(rf"\textbf{{{self.line(cell)}}}" for cell in table.header)
        rows = "\n".join(" & ".join(map(self.line, row)) + r" \\" for row in table.rows)
        return (
            f"\\begin{{fittedtable}}{{{columns}}}\n\\toprule\n{header} \\\\\n\\midrule\n{rows}\n"
            "\\bottomrule\n\\end{fittedtable}"
        )

    def _listing(self, code: str) -> str:
        # The environment ends at its own name, wherever that stands: one is taken that the code doesn't hold.
        lines = code.rstrip("\n")
        name = "listing"
        while f"{name}}}" in code:
            name += "x"
        self.listing_names[name] = None
        if lines.count("\n") < _LONG_LISTING:
            name = "short" + name
        return f"\\begin{{{name}}}\n{lines}\n\\end{{{name}}}"

    def _figure(self, name: str) -> str:
        picture = self.page.pictures.get(name)
        if picture is None:
            raise d.RenderError(f"the page has no picture named '{name}'")
        return f"\\begin{{picturebox}}\n{picture_as_pgf(picture)}\n\\end{{picturebox}}"

    def line(self, children: tuple[d.Inline, ...]) -> str:
        return "".join(map(self.inline, children))

    def inline(self, child: d.Inline) -> str:
        match child:
            case d.Text(text):
                return escape_tex(text)
            case d.Emphasis(children, strong):
                return rf"\{'textbf' if strong else 'emph'}{{{self.line(children)}}}"
            case d.Code(text):
                return rf"\texttt{{{escape_tex(text)}}}"
            case d.Mathematics(latex):
                spell(latex, display=False)
                return f"${latex}$"
            case d.LineBreak():
                return r"\\ "
            case d.Blank(children):
                return rf"\filled{{{self.line(children)}}}"
            case d.Gap(width):
                return rf"\gap{{{width:g}em}}"
            case d.Points(count):
                return rf"\points{{{escape_tex(self.wording.badge(count))}}}"


def _matrix_space(space: d.MatrixSpace) -> str:
    label = "" if space.label is None else f"$\\displaystyle {space.label} =$ "
    return rf"\mbox{{{label}\matrixspace{{{space.rows}}}{{{space.columns}}}}}"


def first_error(log: str) -> str:
    """The first error of a TeX log, in one line."""
    match = re.search(r"^(?:!|.*:\d+:) (.*)$", log, re.MULTILINE)
    return match[1] if match else "no error in its log"
