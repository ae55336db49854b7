"""Markdown to one file format each; knows nothing of networks."""

from derive.render.document import RenderError
from derive.render.formats import FORMATS, Format, render
from derive.render.markdown import escape, fence
from derive.render.page import Page, Picture
from derive.render.typst import printable

__all__ = [
    "FORMATS",
    "Format",
    "Page",
    "Picture",
    "RenderError",
    "escape",
    "fence",
    "printable",
    "render",
    "typed",
]


def typed(text: str) -> str:
    """Markdown that prints what students and class lists hold, in every format: no letter stops a page."""
    return escape(printable(text))
