"""A formula as a tree, and its estimated width: what the spellings of mathematics are folded from."""

# ruff: noqa: RUF001  (the symbols themselves, which look like letters)

from dataclasses import dataclass


@dataclass(frozen=True)
class Leaf:
    """One symbol, number, name or piece of text; `kind` is identifier, upright, number, operator or text."""

    kind: str
    text: str


@dataclass(frozen=True)
class Row:
    """Expressions beside each other."""

    children: tuple["Expression", ...]


@dataclass(frozen=True)
class Fraction:
    """A fraction; `style` is display, inline or empty (as its place has it)."""

    numerator: "Expression"
    denominator: "Expression"
    style: str = ""


@dataclass(frozen=True)
class Script:
    """A base with a subscript, a superscript or both; `stacked` ones stand below and above the base."""

    base: "Expression"
    below: "Expression | None"
    above: "Expression | None"
    stacked: bool


@dataclass(frozen=True)
class Brace:
    """A body with a brace under (or over) it, and what the brace says."""

    body: "Expression"
    label: "Expression | None"
    over: bool


@dataclass(frozen=True)
class Accent:
    """A base under a mark: hat, tilde, bar, dot, vector, overline or underline."""

    base: "Expression"
    mark: str


@dataclass(frozen=True)
class Root:
    """A square root, or the root with an index."""

    radicand: "Expression"
    index: "Expression | None"


@dataclass(frozen=True)
class Fenced:
    """A body between delimiters as high as itself; an empty string is no delimiter."""

    opening: str
    body: "Expression"
    closing: str


@dataclass(frozen=True)
class Grid:
    """Rows of cells; `kind` is matrix, cases or aligned."""

    kind: str
    rows: tuple[tuple["Expression", ...], ...]
    opening: str = ""
    closing: str = ""


@dataclass(frozen=True)
class Sized:
    """One delimiter of a given height in em."""

    text: str
    height: float


@dataclass(frozen=True)
class Spacing:
    """Horizontal space in em."""

    width: float


@dataclass(frozen=True)
class Framed:
    """An expression with a frame around it."""

    body: "Expression"


@dataclass(frozen=True)
class Hidden:
    """An expression that takes its room but isn't shown."""

    body: "Expression"


Expression = (
    Leaf | Row | Fraction | Script | Brace | Accent | Root | Fenced | Grid | Sized | Spacing | Framed | Hidden
)  # fmt: skip

_SCRIPT_SIZE = 0.72
_LEAF_WIDTHS = {"identifier": 0.6, "upright": 0.54, "number": 0.52, "text": 0.52, "operator": 0.42}
_COLUMN_GAP = {"cases": 1.0, "aligned": 0.1}


def width(expression: Expression | None) -> float:
    """About how wide an expression is, in em of its own font size; rather too wide than too narrow."""
    match expression:
        case None:
            return 0.0
        case Leaf(kind, text):
            return _leaf_width(kind, text)
        case Row(children):
            return sum(map(width, children))
        case Fraction(numerator, denominator):
            return max(width(numerator), width(denominator)) + 0.25
        case Script(base, below, above, stacked):
            scripts = _SCRIPT_SIZE * max(width(below), width(above))
            return max(width(base), scripts) if stacked else width(base) + scripts + 0.05
        case Brace(body, label):
            return max(width(body), _SCRIPT_SIZE * width(label))
        case Accent(body) | Framed(body) | Hidden(body):
            return width(body) + 0.1
        case Root(radicand, index):
            return width(radicand) + 0.6 * width(index) + 0.9
        case Fenced(opening, body, closing):
            return width(body) + 0.5 * (bool(opening) + bool(closing))
        case Grid(kind, rows, opening, closing):
            return _grid_width(kind, rows) + 0.6 * (bool(opening) + bool(closing))
        case Sized():
            return 0.5
        case Spacing(space):
            return space


def _leaf_width(kind: str, text: str) -> float:
    if kind == "operator" and text in "=<>≤≥≠≈∈→⇒≡∣":
        return 1.4
    if kind == "operator" and text in "+−±×⊙⊗⋅∘∑∏":
        return 1.2
    return sum(_letter_width(kind, letter) for letter in text)


def _letter_width(kind: str, letter: str) -> float:
    # Hangul and other wide letters fill a whole em.
    if 0x2E7F < ord(letter) < 0x1D000 or letter == "∞":
        return 1.0
    return 0.75 if kind == "identifier" and letter.isupper() else _LEAF_WIDTHS[kind]


def _grid_width(kind: str, rows: tuple[tuple[Expression, ...], ...]) -> float:
    columns = max(map(len, rows), default=0)
    widest = [max((width(row[i]) for row in rows if i < len(row)), default=0.0) for i in range(columns)]
    gap = column_gap(columns) + 0.1 if kind == "matrix" else _COLUMN_GAP[kind]
    return sum(widest) + gap * max(columns - 1, 0)


def column_gap(columns: int) -> float:
    """The room between the columns of a matrix in em: less where there are many."""
    return 0.8 if columns <= 8 else 0.5 if columns <= 16 else 0.2
