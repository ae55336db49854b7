"""Markdown to one file format each; knows nothing of networks."""

from derive.render.document import RenderError
from derive.render.formats import FORMATS, Format, render
from derive.render.markdown import escape, fence
from derive.render.page import Page, Picture

__all__ = ["FORMATS", "Format", "Page", "Picture", "RenderError", "escape", "fence", "render"]
