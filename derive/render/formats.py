"""The table of output formats: a new format is a new row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from derive.render.audience import for_reader
from derive.render.breaking import break_wide
from derive.render.document import Document, RenderError
from derive.render.html import render_html
from derive.render.latex import render_tex
from derive.render.markdown import parse
from derive.render.notebook import render_notebook
from derive.render.page import Page
from derive.render.plain import render_markdown
from derive.render.typst import render_pdf


@dataclass(frozen=True)
class Format:
    """One output format.

    Attributes:
        render: From a document that `for_reader` has resolved, and its page, to the file's bytes.
        medium: "paper" or "notebook": which of the containers of these names it shows.
    """

    render: Callable[[Document, Page], bytes]
    medium: str = "paper"


# By the extension of the file.
FORMATS: Mapping[str, Format] = {
    "html": Format(render_html),
    "tex": Format(render_tex),
    "pdf": Format(render_pdf),
    "ipynb": Format(render_notebook, medium="notebook"),
    "md": Format(render_markdown),
}


def render(markdown: str, page: Page, formats: Sequence[str]) -> dict[str, bytes]:
    """A story in several formats.

    Args:
        markdown: The story, for all readers.
        page: What surrounds it, and who reads it.
        formats: Names from `FORMATS`.

    Returns:
        The bytes of each file, by the name of its format.

    Raises:
        RenderError: The story isn't of the dialect, or a format can't render it.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise RenderError(f"unknown format {unknown[0]}; known: {', '.join(FORMATS)}")
    document = parse(markdown)
    seen = {
        medium: break_wide(for_reader(document, page.audience, medium, alone=page.alone))
        for medium in {FORMATS[name].medium for name in formats}
    }
    return {name: FORMATS[name].render(seen[FORMATS[name].medium], page) for name in formats}
