"""What can be wrong with the HTML of a question: a reader that shares nothing with the writers."""

import re
from html.parser import HTMLParser

_VOID = ("br", "hr", "img", "input", "wbr", "col")
_REFUSED = ("script", "style", "iframe", "object", "embed", "form", "link", "meta", "base")
_FORMULA = re.compile(r"\\[(\[](.*?)\\[)\]]", re.DOTALL)
_ENVIRONMENT = re.compile(r"\\(begin|end)\{([a-z]+)\}")


class HtmlLint(HTMLParser):
    """Reads one piece of HTML.

    Attributes:
        faults: What is wrong, a line each.
        sources: The addresses of its images.
        elements: The names of its elements.
        words: Its text, formulas included.
    """

    def __init__(self, html: str) -> None:
        """Read all of it."""
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.sources: list[str] = []
        self.elements: set[str] = set()
        self.words = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag in self._open]
        for formula in _FORMULA.finditer(self.words):
            self.faults += _environments(formula[1])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.elements.add(tag)
        values = dict(attrs)
        if tag in _REFUSED:
            self.faults.append(f"<{tag}> is no part of a question")
        self.faults += [f"{key}= on <{tag}> runs code" for key in values if key.startswith("on")]
        if tag == "img":
            self.sources.append(values.get("src") or "")
            if not (values.get("alt") or "").strip():
                self.faults.append(f"the image {self.sources[-1][:60]} has no alternative text")
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element without a body."""
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        """An element ends."""
        if tag not in _VOID and (not self._open or self._open.pop() != tag):
            self.faults.append(f"</{tag}> closes nothing that is open")

    def handle_data(self, data: str) -> None:
        """Text."""
        self.words += data


def _environments(formula: str) -> list[str]:
    """TeX environments that don't nest: what is left of a matrix that was cut."""
    opened: list[str] = []
    for match in _ENVIRONMENT.finditer(formula):
        if match[1] == "begin":
            opened.append(match[2])
        elif not opened or opened.pop() != match[2]:
            return [f"\\end{{{match[2]}}} ends nothing that began"]
    return [f"\\begin{{{name}}} never ends" for name in opened]
