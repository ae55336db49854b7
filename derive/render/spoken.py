"""Expression -> words: the alternative text of formulas, in both languages."""

# ruff: noqa: RUF001  (the symbols themselves, which look like letters)

import unicodedata

from derive.render import expression as e
from derive.render.document import RenderError
from derive.render.vocabulary import VOCABULARIES, Vocabulary


def words(expression: e.Expression, language: str) -> str:
    """A formula in words, as a screen reader should say it.

    Raises:
        RenderError: A symbol that the vocabulary has no word for.
    """
    return " ".join(_Speaker(VOCABULARIES[language]).say(expression).split()).removesuffix(";").strip()


def symbol_words(text: str, language: str) -> str:
    """The words for one symbol, number or name."""
    return _Speaker(VOCABULARIES[language]).leaf(text)


class _Speaker:
    def __init__(self, vocabulary: Vocabulary) -> None:
        self.words = vocabulary

    def say(self, expression: e.Expression | None) -> str:
        match expression:
            case None | e.Spacing() | e.Hidden():
                return ""
            case e.Leaf("text", text):
                return text
            case e.Leaf(_, text) | e.Sized(text):
                return self.leaf(text)
            case e.Row(children):
                return self._row(children)
            case e.Fraction():
                return self._fraction(expression)
            case e.Script():
                return self._script(expression)
            case e.Brace(body, label):
                said = self.say(body)
                return self.words.brace.format(said, self.say(label)) if label else said
            case e.Accent(base, mark):
                return f"{self.say(base)} {self.words.accents[mark]}"
            case e.Root(radicand, None):
                return self.words.root.format(self.say(radicand))
            case e.Root(radicand, index):
                return self.words.nth_root.format(self.say(radicand), self.say(index))
            case e.Fenced(opening, body, closing):
                return f"{self.leaf(opening)} {self.say(body)} {self.leaf(closing)}"
            case e.Grid():
                return self._grid(expression)
            case e.Framed(body):
                return self.words.framed.format(self.say(body))

    def leaf(self, text: str) -> str:
        if text in self.words.symbols:
            return self.words.symbols[text]
        if text.isascii() and (text.isalnum() or text.replace(".", "").replace(" ", "").isalnum()):
            return text
        if len(text) > 1:
            return " ".join(map(self.leaf, text))
        return self._styled(text)

    def _styled(self, letter: str) -> str:
        """A letter of another style, such as a bold or calligraphic one, or of another script."""
        plain = unicodedata.normalize("NFKC", letter)
        if plain == letter:
            if letter.isalnum() or not letter:
                return letter
            raise RenderError(f"there is no word for the symbol '{letter}' (U+{ord(letter):04X}).")
        name = unicodedata.name(letter, "")
        said = [word for style, word in self.words.styles.items() if style in name]
        return " ".join([*said, self.leaf(plain)])

    def _row(self, children: tuple[e.Expression, ...]) -> str:
        said: list[str] = []
        rest = list(children)
        while rest:
            child = rest.pop(0)
            variable = _gradient_variable(child)
            if variable is not None and rest:
                said.append(self.words.gradient.format(self.say(rest.pop(0)), self.say(variable)))
            else:
                said.append(self.say(child))
        return " ".join(said)

    def _fraction(self, fraction: e.Fraction) -> str:
        above, below = _after_differential(fraction.numerator), _after_differential(fraction.denominator)
        if above is not None and below is not None and above[0] == below[0] and below[1]:
            variable = self._row(below[1])
            if not above[1]:
                return self.words.operator_derivative.format(variable)
            template = self.words.derivative if above[0] == "∂" else self.words.total_derivative
            return template.format(self._row(above[1]), variable)
        parts = self.say(fraction.numerator), self.say(fraction.denominator)
        is_simple = _is_simple(fraction.numerator) and _is_simple(fraction.denominator)
        return (self.words.simple_fraction if is_simple else self.words.fraction).format(*parts)

    def _script(self, script: e.Script) -> str:
        said = self.say(script.base)
        if script.below is not None:
            below = self.say(script.below)
            is_index = _is_simple(script.below) and not script.stacked
            said += " " + (below if is_index else self.words.below.format(below))
        return said if script.above is None else f"{said} {self._above(script)}"

    def _above(self, script: e.Script) -> str:
        above = script.above
        said = self.say(above)
        match above:
            case e.Leaf(_, "⊤" | "′" | "″"):
                return said
            case e.Leaf("number", "2"):
                return self.words.square
            case e.Leaf("number", "3"):
                return self.words.cube
            case e.Row((e.Leaf(_, "("), *inner, e.Leaf(_, ")"))):
                return self.words.above.format(self._row(tuple(inner)))
        return (self.words.above if script.stacked else self.words.power).format(said)

    def _grid(self, grid: e.Grid) -> str:
        templates = {"matrix": self.words.row, "cases": self.words.case, "aligned": self.words.line}
        separator = " " if grid.kind == "aligned" else ", "
        rows = " ".join(
            templates[grid.kind].format(number=number, cells=separator.join(filter(None, map(self.say, row))))
            for number, row in enumerate(grid.rows, 1)
        )
        if grid.kind == "cases":
            return f"{self.words.cases.format(count=len(grid.rows))} {rows} {self.words.cases_end}"
        if grid.kind == "aligned":
            return rows
        size = self.words.matrix.format(rows=len(grid.rows), columns=max(map(len, grid.rows)))
        return f"{size} {rows} {self.words.matrix_end}"


def _gradient_variable(expression: e.Expression) -> e.Expression | None:
    match expression:
        case e.Script(e.Leaf(_, "∇"), below, None):
            return below
    return None


def _after_differential(expression: e.Expression) -> tuple[str, tuple[e.Expression, ...]] | None:
    r"""The sign and what follows it, where an expression begins with \partial or an upright d."""
    children = expression.children if isinstance(expression, e.Row) else (expression,)
    match children:
        case (e.Leaf("identifier", "∂"), *rest):
            return "∂", tuple(rest)
        case (e.Leaf("upright", "d"), *rest):
            return "d", tuple(rest)
    return None


def _is_simple(expression: e.Expression) -> bool:
    return isinstance(expression, e.Leaf) or (
        isinstance(expression, e.Script)
        and all(map(_is_leaf, (expression.base, expression.below, expression.above)))
    )


def _is_leaf(expression: e.Expression | None) -> bool:
    return expression is None or isinstance(expression, e.Leaf)
