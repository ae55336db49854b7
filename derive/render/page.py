"""What surrounds a story on its page: title, reader, identifier, paper and pictures."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

LANGUAGES = ("ko", "en")
AUDIENCES = ("key", "handout")
_PAGES = (*AUDIENCES, "feedback", "grades")
PAPERS = ("a4", "letter")
_BIDIRECTIONAL = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


@dataclass(frozen=True)
class Picture:
    """A vector picture.

    Attributes:
        svg: A whole SVG document. Text must be drawn as paths (matplotlib: `svg.fonttype: path`), so that
            no format depends on fonts of the reader.
        alt: What the picture shows, in words of the page's language.
    """

    svg: str
    alt: str


@dataclass(frozen=True)
class Page:
    """Everything that a format needs besides the story itself.

    Attributes:
        title: The title as its author typed it; text, never markup.
        language: "ko" or "en".
        audience: "key" shows solutions, "handout" shows room to write instead; "feedback" and "grades" are
            what comes after grading.
        identifier: A short name that is printed on every page.
        paper: "a4" or "letter".
        pictures: The pictures that the story names with `![words](picture:NAME)`.
        templates: A folder whose page templates go before the program's own.
        alone: Whether the page is a report of its own; one of a set leaves out what only a report shows.
        code: The identifier for machines, a square picture that is printed beside it; None for none.
    """

    title: str
    language: str
    audience: str
    identifier: str
    paper: str = "a4"
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    templates: Path | None = None
    code: Picture | None = None
    alone: bool = True

    def __post_init__(self) -> None:
        """Check the choices, and make title and identifier single lines of printable text.

        Raises:
            ValueError: A language, audience or paper that is not known: a mistake of the calling program.
        """
        for value, known in (
            (self.language, LANGUAGES),
            (self.audience, _PAGES),
            (self.paper, PAPERS),
        ):
            if value not in known:
                raise ValueError(f"{value!r} is none of {', '.join(known)}")
        object.__setattr__(self, "title", one_line(self.title))
        object.__setattr__(self, "identifier", one_line(self.identifier))


def one_line(text: str) -> str:
    """`text` with each run of white space as one space, and without characters that no format can carry.

    Control characters, lone surrogates and non-characters are not allowed in XML, PDF metadata or TeX, and
    overrides of the writing direction would make text read as what it isn't; each becomes U+FFFD, so that
    the reader sees that something was there.
    """
    return " ".join("".join(map(_printable, text)).split())


def _printable(character: str) -> str:
    if character.isspace():
        return " "
    is_refused = (
        unicodedata.category(character) in ("Cc", "Cs")
        or unicodedata.bidirectional(character) in _BIDIRECTIONAL
        or ord(character) & 0xFFFE == 0xFFFE
    )
    return "\N{REPLACEMENT CHARACTER}" if is_refused else character
