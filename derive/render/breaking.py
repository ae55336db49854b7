"""Formulas wider than the line: broken at `=`, at products and at sums, the same way for every format.

Shrinking alone would make a chain of Jacobians unreadable, so it is left for what can't be broken.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache

from derive.render import document as d
from derive.render.mathematics import spell

LINE = 40.0  # em of the formula's own size: what fits between the margins, inside a solution
_CONTINUED = 2.0  # how far the continuation of a line is indented
_TOKEN = re.compile(r"\\(?:begin|end)\{[a-zA-Z*]+\}|\\(?:[a-zA-Z]+|.)|.", re.DOTALL)
_OPENING = re.compile(r"[{(\[]|\\(?:left|begin\{.*\}|[bB]igg?l|\{)")
_CLOSING = re.compile(r"[})\]]|\\(?:right|end\{.*\}|[bB]igg?r|\})")
_GROUP = re.compile(
    r"(?P<before>[^()]*?)(?:\\left|\\bigl)?\((?P<inner>.*?)(?:\\right|\\bigr)?\)(?P<after>[^()]*)", re.DOTALL
)
_SEPARATORS = (r"\quad", r"\qquad")
_RELATIONS = ("=", r"\approx")
_FACTORS = re.compile(r"\\(?:underbrace|underset|begin\{.*\}|cdot|odot|otimes|times|frac|operatorname)|[+\-]")
_ALIGNED = re.compile(r"\s*\\begin\{aligned\}(.*)\\end\{aligned\}\s*", re.DOTALL)
# Between these and what follows there is no place to break: they belong together.
_BINDING = (
    "_",
    "^",
    r"\cdot",
    r"\odot",
    r"\otimes",
    r"\times",
    "+",
    "-",
    "=",
    r"\approx",
    r"\log",
    r"\exp",
    r"\max",
)


def break_wide(document: d.Document) -> d.Document:
    """The document with its wide formulas on several lines."""
    return tuple(broken for block in document for broken in _block(block))


def _block(block: d.Block) -> d.Document:
    match block:
        case d.Formula(latex):
            return tuple(map(d.Formula, break_formula(latex)))
        case d.Box(_, blocks):
            return (replace(block, blocks=break_wide(blocks)),)
        case d.Items(items):
            return (replace(block, items=tuple(map(break_wide, items))),)
    return (block,)


@lru_cache(maxsize=20_000)
def break_formula(latex: str) -> tuple[str, ...]:
    """The formulas, one or several below each other, in which a formula fits the line as far as it can."""
    if _width(latex) <= LINE:
        return (latex,)
    if whole := _ALIGNED.fullmatch(latex):
        rows = [line for row in _split(whole[1], (r"\\",)) for line in _lines(row)]
        return (_aligned(rows),)
    statements = [statement for statement in _split(latex, _SEPARATORS) if statement]
    if len(statements) > 1:
        packed = _pack(statements, r" \qquad ", LINE)
        return tuple(formula for line in packed for formula in break_formula(line))
    rows = _lines(latex)
    return (_aligned(rows) if len(rows) > 1 else latex,)


def _aligned(rows: list[str]) -> str:
    return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"


def _lines(row: str) -> list[str]:
    """The lines of an aligned block that one equation takes; `&` stands where they are aligned."""
    left, *chain = _pieces(" ".join(_split(row, ("&",))), _starts_relation)
    if not chain:
        left, chain = "", [left]
    room = LINE - min(_width(left), LINE / 2)
    lines = [line for equal in _pack(chain, " ", room) for line in _continued(equal, room)]
    first, *others = lines
    return [f"{left} &{first}", *(f"&{line}" for line in others)]


def _continued(equal: str, room: float) -> list[str]:
    """A right hand side, broken at its factors and terms where it is too wide."""
    if _width(equal) <= room:
        return [equal]
    room -= _CONTINUED
    pieces = [part for piece in _pieces(equal, _starts_factor) for part in _opened(piece, room)]
    first, *others = _pack(pieces, " ", room)
    return [first, *(rf"\qquad {line}" for line in others)]


def _opened(piece: str, room: float) -> list[str]:
    """A factor; where it is a sum in brackets that is too wide, the terms of that sum."""
    group = _GROUP.fullmatch(piece) if _width(piece) > room else None
    if group is None:
        return [piece]
    terms = list(_pieces(group["inner"], _starts_term))
    if len(terms) < 2 or min(depth for _, depth in _tokens(group["inner"])) < 0:
        return [piece]
    # The two brackets stand on different lines, so neither can stretch to the other's height.
    terms[0] = rf"{group['before']}\bigl({terms[0]}"
    terms[-1] = rf"{terms[-1]}\bigr){group['after']}"
    return terms


def _pack(pieces: list[str], between: str, room: float) -> list[str]:
    """The pieces put together, as many in a line as fit."""
    lines = pieces[:1]
    for piece in pieces[1:]:
        joined = lines[-1] + between + piece
        if _width(joined) <= room:
            lines[-1] = joined
        else:
            lines.append(piece)
    return lines


def _width(latex: str) -> float:
    return spell(latex, display=True).width if latex.strip() else 0.0


def _tokens(latex: str) -> Iterator[tuple[str, int]]:
    """Each token of a formula and how many brackets are open before it."""
    depth = 0
    for token in _TOKEN.findall(latex):
        if _CLOSING.fullmatch(token):
            depth -= 1
        yield token, depth
        if _OPENING.fullmatch(token):
            depth += 1


def _split(latex: str, separators: tuple[str, ...]) -> list[str]:
    """The parts between separators that stand outside all brackets."""
    parts = [""]
    for token, depth in _tokens(latex):
        if depth == 0 and token in separators:
            parts.append("")
        else:
            parts[-1] += token
    return [part.strip() for part in parts]


def _starts_relation(token: str) -> bool:
    return token in _RELATIONS


def _starts_term(token: str) -> bool:
    return token in ("+", "-")


def _starts_factor(token: str) -> bool:
    return _FACTORS.fullmatch(token) is not None


def _pieces(latex: str, starts: Callable[[str], bool]) -> Iterator[str]:
    """The formula cut before each token, outside all brackets, at which a piece may start."""
    piece, last = "", ""
    for token, depth in _tokens(latex):
        may_start = depth == 0 and starts(token) and bool(piece.strip())
        if may_start and last not in _BINDING and not _opens(last):
            yield piece.strip()
            piece = ""
        piece += token
        if token.strip():
            last = token
    yield piece.strip()


def _opens(token: str) -> bool:
    return _OPENING.fullmatch(token) is not None or token == r"\right"
