"""LaTeX -> MathML -> expression: one walk that raises on what it doesn't know.

LaTeX is the one spelling of mathematics in a story. math-core turns it into MathML Core and refuses
unknown commands; the walk turns that into an expression, from which Typst's mathematics and the words of
the alternative text are folded. So no symbol can get lost between the formats without a word.
"""

# ruff: noqa: RUF001  (the symbols themselves, which look like letters)

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from xml.etree import ElementTree

from math_core import LatexError, LatexToMathML

from derive.render import expression as e
from derive.render.document import RenderError

_CONVERTER = LatexToMathML(unicode_substitution="never", fancy_error=False)
_APPLY = "\u2061"
_NOTHING = "\u2063"
_FENCES = "()[]{}|‖⌊⌋⌈⌉⟨⟩" + _NOTHING
_MARKS = {
    "ˆ": "hat", "^": "hat", "˜": "tilde", "~": "tilde", "¯": "bar", "ˉ": "bar", "˙": "dot", "→": "vector",
    "‾": "overline", "\N{COMBINING LOW LINE}": "overline", "_": "underline",
}  # fmt: skip
_TALL = ("mfrac", "munder", "mover", "munderover", "msqrt", "mroot", "menclose")
_DOTS = {(".", ".", "."): "…", ("·", "·", "·"): "⋯"}
# Commands that change what later ones mean, or that reach outside the formula, never occur in a story.
_REFUSED = re.compile(
    r"\\(?:g?x?e?def|let|(?:re|provide)?(?:new)?command|operatorname\*|label|tag|csname|catcode)(?![a-zA-Z])"
    r"|\^\^|(?<!\\)%"
)


@dataclass(frozen=True)
class FormulaSpellings:
    """A formula as an expression, and what follows from it once it is asked for.

    Attributes:
        tree: The expression.
        source: MathML as math-core spells it.
    """

    tree: e.Expression
    source: str

    @cached_property
    def mathml(self) -> str:
        """MathML for browsers, without the `math` element around it."""
        source = self.source
        root = ElementTree.fromstring(source)
        if _settle_fences(root) | _draw_braces(root):
            source = ElementTree.tostring(root, encoding="unicode")
        return source[source.index(">") + 1 : source.rindex("</math>")]

    @cached_property
    def width(self) -> float:
        """About how wide it is, in em; see `expression.width`."""
        return e.width(self.tree)


@lru_cache(maxsize=20_000)
def spell(latex: str, display: bool) -> FormulaSpellings:
    """Expression and MathML of a formula.

    Args:
        latex: LaTeX mathematics without dollar signs.
        display: Whether it stands by itself.

    Raises:
        RenderError: A command that math-core doesn't know, or an element that the walk doesn't.
    """
    if match := _REFUSED.search(latex):
        raise RenderError(f"'{match[0]}' is not allowed in a formula: {_shorten(latex)}")
    try:
        mathml = _CONVERTER.convert_with_local_state(latex, displaystyle=display)
    except LatexError as error:
        raise RenderError(f"{error} In the formula: {_shorten(latex)}") from None
    # The entity is HTML's and not XML's, and one spelling serves both.
    mathml = mathml.replace("&ApplyFunction;", _APPLY)
    try:
        return FormulaSpellings(_row(ElementTree.fromstring(mathml)), mathml)
    except RenderError as error:
        raise RenderError(f"{error} In the formula: {_shorten(latex)}") from None


def _settle_fences(root: ElementTree.Element) -> bool:
    """Stop delimiters around what is no higher than a line from stretching; say whether there were any.

    Chromium keeps the room of the largest size for a stretchy delimiter, so that `( 6 )` comes out loose.
    """
    settled = False
    for row in root.iter():
        if len(row) < 2 or not (_is_stretchy(row[0]) and _is_stretchy(row[-1])):
            continue
        if not any(inner.tag in _TALL or (inner.tag == "mtable" and len(inner) > 1) for inner in row.iter()):
            row[0].set("stretchy", "false")
            row[-1].set("stretchy", "false")
            settled = True
    return settled


def _draw_braces(root: ElementTree.Element) -> bool:
    """Leave braces below and above to the style sheet; say whether there were any.

    Browsers stretch them no further than the sizes that the font happens to have.
    """
    drawn = False
    for element in root.iter():
        if len(element) == 2 and (element[1].text or "") in ("⏟", "⏞") and element[1].tag == "mo":
            element.set("class", "under" if element[1].text == "⏟" else "over")
            element.tag = "mrow"
            del element[1], element.attrib["accent" if "accent" in element.attrib else "accentunder"]
            drawn = True
    return drawn


def _shorten(latex: str) -> str:
    return latex if len(latex) <= 120 else latex[:117] + "..."


def _row(element: ElementTree.Element) -> e.Expression:
    children = [child for child in element if child.tag != "mspace" or child.attrib]
    if fenced := _fenced(children):
        return fenced
    expressions = _join_dots([_walk(child) for child in children])
    return expressions[0] if len(expressions) == 1 else e.Row(tuple(expressions))


def _join_dots(expressions: list[e.Expression]) -> list[e.Expression]:
    joined: list[e.Expression] = []
    for expression in expressions:
        joined.append(expression)
        last = tuple(item.text if isinstance(item, e.Leaf) else "" for item in joined[-3:])
        if last in _DOTS:
            joined[-3:] = [e.Leaf("operator", _DOTS[last])]
    return joined


def _fenced(children: list[ElementTree.Element]) -> e.Expression | None:
    r"""What \left ... \right and the matrix environments make: stretchy delimiters around one body."""
    if len(children) < 2 or not (_is_stretchy(children[0]) and _is_stretchy(children[-1])):
        return None
    opening, closing = (children[i].text or "" for i in (0, -1))
    opening, closing = opening.replace(_NOTHING, ""), closing.replace(_NOTHING, "")
    body = children[1:-1]
    if len(body) == 1 and body[0].tag == "mtable" and body[0].get("displaystyle") == "false":
        kind = "cases" if opening == "{" and not closing else "matrix"
        return e.Grid(kind, _cells(body[0]), opening, closing)
    inner = _join_dots([_walk(child) for child in body])
    return e.Fenced(opening, inner[0] if len(inner) == 1 else e.Row(tuple(inner)), closing)


def _is_stretchy(element: ElementTree.Element) -> bool:
    return (
        element.tag == "mo"
        and (element.text or "") in tuple(_FENCES)
        and element.get("stretchy") != "false"
        and element.get("minsize") is None
    )


def _cells(table: ElementTree.Element) -> tuple[tuple[e.Expression, ...], ...]:
    for cell in table.iter("mtd"):
        if "border" in cell.get("style", ""):
            raise RenderError("rules inside a table of mathematics are not supported.")
    return tuple(tuple(_row(cell) for cell in row) for row in table)


def _walk(element: ElementTree.Element) -> e.Expression:
    match element.tag:
        case "mi" | "mn" | "mo" | "mtext" | "mspace":
            return _leaf(element)
        case "mrow":
            if "color" in element.get("style", ""):
                raise RenderError("colours in mathematics are not supported.")
            return _row(element)
        case "mfrac":
            return _fraction(element)
        case "msub" | "msup" | "msubsup" | "munder" | "mover" | "munderover":
            return _script(element)
        case "msqrt":
            return e.Root(_row(element), None)
        case "mroot":
            return e.Root(*(_walk(child) for child in element))
        case "mtable":
            kind = "aligned" if element.get("displaystyle") == "true" else "matrix"
            return e.Grid(kind, _cells(element))
        case "menclose" if element.get("notation") == "box":
            return e.Framed(_row(element))
        case "mphantom":
            return e.Hidden(_row(element))
    raise RenderError(f"MathML's <{element.tag}> is not supported.")


def _leaf(element: ElementTree.Element) -> e.Expression:
    text = "".join(element.itertext()).replace("\ufe00", "").replace("\ufe01", "")
    match element.tag:
        case "mspace":
            return e.Spacing(_space(element))
        case "mn":
            return e.Leaf("number", text)
        case "mtext":
            return e.Leaf("text", text)
        case "mi":
            is_upright = element.get("mathvariant") == "normal" or len(text) > 1
            return e.Leaf("upright" if is_upright else "identifier", text)
    if minimum := element.get("minsize"):
        return e.Sized(text, float(minimum.removesuffix("em")))
    return e.Leaf("operator", text)


def _space(element: ElementTree.Element) -> float:
    spelled = element.get("width") or element.get("style", "").removeprefix("margin-left:").rstrip(";")
    if match := re.fullmatch(r"(-?[\d.]+)em", spelled):
        return float(match[1])
    raise RenderError(f"the space '{spelled}' is not supported.")


def _fraction(element: ElementTree.Element) -> e.Expression:
    if element.get("linethickness") is not None:
        raise RenderError("fractions without a line (binomials) are not supported.")
    style = {"true": "display", "false": "inline"}.get(element.get("displaystyle", ""), "")
    numerator, denominator = (_walk(child) for child in element)
    return e.Fraction(numerator, denominator, style)


def _script(element: ElementTree.Element) -> e.Expression:
    base, *scripts = element
    mark = scripts[0].text or ""
    if element.get("accent") == "true" or element.get("accentunder") == "true":
        if mark in "⏟⏞":
            return e.Brace(_walk(base), None, over=mark == "⏞")
        if mark not in _MARKS:
            raise RenderError(f"the accent '{mark}' is not supported.")
        under = element.tag == "munder"
        return e.Accent(_walk(base), "underline" if under else _MARKS[mark])
    body, *rest = (_walk(child) for child in element)
    if isinstance(body, e.Brace) and body.label is None and (element.tag == "mover") == body.over:
        return e.Brace(body.body, rest[0], body.over)
    stacked = element.tag.startswith(("munder", "mover"))
    match element.tag:
        case "msub" | "munder":
            return e.Script(body, rest[0], None, stacked)
        case "msup" | "mover":
            return e.Script(body, None, rest[0], stacked)
    return e.Script(body, rest[0], rest[1], stacked)
