"""The story as a tree: what every output format renders.

Nodes are frozen and hold only what is printed, so the tree that is left after the audience's filter is
all that a format can ever know.
"""

from dataclasses import dataclass

from derive.errors import DeriveError


class RenderError(DeriveError):
    """The story or its formulas can't be rendered as they stand."""


@dataclass(frozen=True)
class Text:
    """Plain text; markup characters in it mean nothing."""

    text: str


@dataclass(frozen=True)
class Emphasis:
    """Text that is stressed: weakly (italic) or strongly (bold)."""

    children: tuple["Inline", ...]
    strong: bool


@dataclass(frozen=True)
class Code:
    """A piece of code inside a line."""

    text: str


@dataclass(frozen=True)
class Mathematics:
    """A formula inside a line, in LaTeX."""

    latex: str


@dataclass(frozen=True)
class LineBreak:
    """The line ends here."""


@dataclass(frozen=True)
class Blank:
    """An answer inside a line; the handout has a `Gap` of `width` em in its place."""

    children: tuple["Inline", ...]
    width: float


@dataclass(frozen=True)
class Gap:
    """An underlined gap to write into, `width` em wide."""

    width: float


@dataclass(frozen=True)
class Points:
    """How many points a question is worth."""

    count: str


Inline = Text | Emphasis | Code | Mathematics | LineBreak | Blank | Gap | Points


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the highest inside the story."""

    level: int
    children: tuple[Inline, ...]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph. One that is `tied` stays on the page of what it introduces."""

    children: tuple[Inline, ...]
    tied: bool = False


@dataclass(frozen=True)
class Items:
    """A list; `start` is the first number, or None for bullets."""

    items: tuple[tuple["Block", ...], ...]
    start: int | None


@dataclass(frozen=True)
class Table:
    """A table with one header row; `alignments` has "left", "center" or "right" for each column."""

    header: tuple[tuple[Inline, ...], ...]
    rows: tuple[tuple[tuple[Inline, ...], ...], ...]
    alignments: tuple[str, ...]


@dataclass(frozen=True)
class Listing:
    """A block of code or output.

    Attributes:
        code: Its text.
        language: The fence's first word, such as python or text.
        free: Whether a student may change it: `python free`.
    """

    code: str
    language: str
    free: bool = False


@dataclass(frozen=True)
class Formula:
    """A displayed formula, in LaTeX."""

    latex: str


@dataclass(frozen=True)
class Figure:
    """A picture by its name in `Page.pictures`; `words` is what the story calls it."""

    name: str
    words: str


@dataclass(frozen=True)
class Rule:
    """A horizontal rule."""


@dataclass(frozen=True)
class Box:
    """Blocks set apart; `kind` is quote, given, note, verdict or solution."""

    kind: str
    blocks: tuple["Block", ...]


@dataclass(frozen=True)
class Only:
    """Blocks for some readers alone; `reader` is key, handout, notebook, paper, quiz or report.

    A report tells of one exercise alone; a page of a set leaves out what is meant for it.
    """

    reader: str
    blocks: tuple["Block", ...]


@dataclass(frozen=True)
class MatrixSpace:
    """An empty bracketed matrix; `label` is LaTeX printed as `label =` before it."""

    rows: int
    columns: int
    label: str | None = None


@dataclass(frozen=True)
class MatrixSpaces:
    """Empty matrices that stand beside each other as far as the line allows."""

    items: tuple[MatrixSpace, ...]


@dataclass(frozen=True)
class Space:
    """Room to write, `height` lines high; `kind` is lines, box or code."""

    kind: str
    height: int


@dataclass(frozen=True)
class Fields:
    """Lines for name, student number, section and date."""


@dataclass(frozen=True)
class Solution:
    """What only the key shows, and what the handout has in its place."""

    blocks: tuple["Block", ...]
    spaces: tuple["Block", ...]


@dataclass(frozen=True)
class Tests:
    """The place at which an autograded notebook marks a quantity; no other format has it.

    Attributes:
        name: Unique in its document.
        points: What it is worth.
        visible: Code that the student sees.
        hidden: Code that marks.
    """

    name: str
    points: str
    visible: str
    hidden: str


Block = (
    Heading | Paragraph | Items | Table | Listing | Formula | Figure | Rule | Box | Only | MatrixSpaces
    | Space | Fields | Solution | Tests
)  # fmt: skip
Document = tuple[Block, ...]


def plain(children: tuple[Inline, ...]) -> str:
    """The words of a line without any markup; formulas as their LaTeX."""
    words = ""
    for child in children:
        match child:
            case Text(text) | Code(text) | Mathematics(text) | Points(text):
                words += text
            case Emphasis(inner) | Blank(inner):
                words += plain(inner)
            case LineBreak() | Gap():
                words += " "
    return words
