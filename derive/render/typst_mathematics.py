"""Expression -> Typst mathematics.

Every leaf is escaped or quoted, so nothing in a formula can act as Typst markup: `dL` would be an unknown
variable, and a bare parenthesis would change what a script belongs to.
"""

import unicodedata

from derive.render import expression as e
from derive.render.expression import column_gap
from derive.render.typst_text import quote

_ACCENTS = {
    "hat": "hat", "tilde": "tilde", "bar": "macron", "dot": "dot", "vector": "arrow", "overline": "overline",
    "underline": "underline",
}  # fmt: skip
_LARGE = "∑∏∫"


def typst(expression: e.Expression | None) -> str:
    """Typst mathematics (without dollar signs) of an expression."""
    match expression:
        case None:
            return ""
        case e.Leaf():
            return _leaf(expression)
        case e.Row(children):
            return _join(children)
        case e.Fraction(numerator, denominator, style):
            fraction = f"frac({_argument(numerator)}, {_argument(denominator)})"
            return f"{style}({fraction})" if style else fraction
        case e.Script():
            return _script(expression)
        case e.Brace(body, label, over):
            name = "overbrace" if over else "underbrace"
            return f"{name}({_argument(body)}{f', {_argument(label)}' if label else ''})"
        case e.Accent(base, mark):
            return f"{_ACCENTS[mark]}({_argument(base)})"
        case e.Root(radicand, None):
            return f"sqrt({_argument(radicand)})"
        case e.Root(radicand, index):
            return f"root({_argument(index)}, {_argument(radicand)})"
        case e.Fenced(opening, body, closing):
            return f"lr(size: #100%, {_escape(opening)} {typst(body)} {_escape(closing)})"
        case e.Grid():
            return _grid(expression)
        case e.Sized(text, height):
            return f"lr(size: #{height:g}em, {_escape(text)})"
        case e.Spacing(width):
            return f"#h({width:g}em);"
        case e.Framed(body):
            return f"#framed($display({_argument(body)})$);"
        case e.Hidden(body):
            return f"#hide($ {typst(body)} $);"


def typst_display(expression: e.Expression) -> str:
    """As `typst`, with aligned rows as the lines of the equation itself."""
    if isinstance(expression, e.Grid) and expression.kind == "aligned":
        return " \\ ".join(_aligned(row) for row in expression.rows)
    return typst(expression)


def _join(children: tuple[e.Expression, ...]) -> str:
    """The children in order; no blank beside text, where Typst would print it."""
    joined = ""
    for i, child in enumerate(children):
        beside_text = i > 0 and (_is_text(child) or _is_text(children[i - 1]))
        joined += ("" if i == 0 or beside_text else " ") + typst(child)
    return joined


def _is_text(child: e.Expression) -> bool:
    return isinstance(child, e.Leaf) and child.kind == "text"


def _argument(expression: e.Expression | None) -> str:
    # An empty argument would shift the ones after it.
    return typst(expression) or '""'


def _leaf(leaf: e.Leaf) -> str:
    if len(leaf.text) == 1 and not leaf.text.isascii() and leaf.text.isdigit():
        return _styled_digit(leaf.text)
    match leaf.kind:
        case "text":
            return quote(leaf.text)
        case "upright" if len(leaf.text) > 1:
            return f"op({quote(leaf.text)})"
        case "upright":
            return f"upright({_escape(leaf.text)})"
        case "operator" if leaf.text in ("\u2061", "\u2062", "\u2063", ""):
            return ""
        case "operator" if len(leaf.text) > 1:
            return f"op({quote(leaf.text)})"
    return _escape(leaf.text)


def _styled_digit(text: str) -> str:
    """A double-struck or bold digit: as one character Typst takes it for a word and sets it off by spaces."""
    name = unicodedata.name(text)
    style = "bb" if "DOUBLE-STRUCK" in name else "bold"
    return f"{style}({unicodedata.normalize('NFKC', text)})"


def _escape(text: str) -> str:
    return "".join(
        f"\\{letter}" if letter.isascii() and not letter.isalnum() and letter != "." else letter
        for letter in text
    )


def _script(script: e.Script) -> str:
    base = _argument(script.base)
    is_operator = isinstance(script.base, e.Leaf) and (
        script.base.text in tuple(_LARGE) or (script.base.kind == "upright" and len(script.base.text) > 1)
    )
    if script.stacked:
        base = f"limits({base}, inline: #false)" if is_operator else f"limits({base})"
    elif is_operator:
        base = f"scripts({base})"
    below = f", b: {_argument(script.below)}" if script.below is not None else ""
    above = f", t: {_argument(script.above)}" if script.above is not None else ""
    return f"attach({base}{below}{above})"


def _grid(grid: e.Grid) -> str:
    match grid.kind:
        case "cases":
            rows = (" & #h(1em); ".join(map(_argument, row)) for row in grid.rows)
            return f"cases({', '.join(rows)})"
        case "aligned":
            return f"mat(delim: #none, row-gap: #0.7em, {'; '.join(map(_aligned, grid.rows))})"
    delimiters = ", ".join(quote(side) if side else "none" for side in (grid.opening, grid.closing))
    matrix = "; ".join(", ".join(map(_argument, row)) for row in grid.rows)
    gap = f"column-gap: #{column_gap(len(grid.rows[0])):g}em, "
    return f"mat(delim: #({delimiters}), {gap}{matrix})"


def _aligned(row: tuple[e.Expression, ...]) -> str:
    return " & ".join(typst(cell) for cell in row)
