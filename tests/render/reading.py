"""HTML as a browser shows it: its text, its elements, the values of its attributes."""

from html.parser import HTMLParser

_ELEMENTS = """
h2 h3 p div figure img table thead tbody tr th td small code span strong em br ul ol li pre blockquote hr
math semantics mrow mi mn mo mtext mspace mfrac msup msub msubsup munder mover munderover msqrt mtable mtr mtd
menclose
"""


class TextOf(HTMLParser):
    """Reads a piece of HTML."""

    HARMLESS = frozenset(_ELEMENTS.split())

    def __init__(self, html: str) -> None:
        """Read all of it."""
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.elements: list[str] = []
        self.attributes: dict[str, list[str]] = {}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data
