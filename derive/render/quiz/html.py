"""Document -> HTML for question banks, which keep elements and drop style sheets."""

import re
from abc import abstractmethod

from markupsafe import escape

from derive.render.html import HtmlWriter
from derive.render.mathematics import spell
from derive.render.page import Page, one_line
from derive.render.quiz.raster import rasterize

# The platforms typeset whatever text stands between these, but for elements of the classes below.
_DELIMITERS = re.compile(r"\\[(\[]|\$")
_AS_IT_IS = '<span class="mathjax_ignore tex2jax_ignore nolink">{}</span>'


class QuizWriter(HtmlWriter):
    """HTML whose pictures are files beside it; remembers which of them it used."""

    def __init__(self, page: Page, folder: str) -> None:
        """Keep where pictures are.

        Args:
            page: What surrounds the document.
            folder: What stands before the name of a picture's file, as an address.
        """
        super().__init__(page)
        self.folder = folder
        self.pictures: dict[str, None] = {}

    def picture(self, name: str) -> str:
        """The picture as an image with its words."""
        self.pictures[name] = None
        picture = self.page.pictures[name]
        alt, width = escape(one_line(picture.alt)), rasterize(picture).width
        return f'<img src="{self.folder}{name}.png" alt="{alt}" width="{width}">'

    def text(self, text: str) -> str:
        """Plain text, of which no platform makes formulas."""
        escaped = super().text(text)
        return _AS_IT_IS.format(escaped) if _DELIMITERS.search(text) else escaped

    def formula(self, latex: str) -> str:
        """A formula by itself."""
        return f"<div>{self.spelled(latex, display=True)}</div>"

    def mathematics(self, latex: str) -> str:
        """A formula inside a line."""
        return self.spelled(latex, display=False)

    @abstractmethod
    def spelled(self, latex: str, *, display: bool) -> str:
        """A formula as the platform reads it."""


class TexWriter(QuizWriter):
    r"""Formulas as TeX between `\(` and `\)`, which the platform's MathJax typesets."""

    def spelled(self, latex: str, *, display: bool) -> str:
        """A formula as TeX.

        Raises:
            RenderError: It isn't of the stories' dialect.
        """
        spell(latex, display=display)
        opening, closing = (r"\[", r"\]") if display else (r"\(", r"\)")
        return f"{opening}{escape(' '.join(latex.split()))}{closing}"
