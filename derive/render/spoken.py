"""Expression -> words: the alternative text of formulas, in both languages."""

# ruff: noqa: RUF001  (the symbols themselves, which look like letters)

import re
import unicodedata

from derive.render import expression as e
from derive.render import phrases
from derive.render.document import RenderError
from derive.render.vocabulary import VOCABULARIES, Vocabulary

_EMPTY_CELLS = "⋅·"


def words(expression: e.Expression, language: str) -> str:
    """A formula in words, as a screen reader should say it.

    Raises:
        RenderError: A symbol that the vocabulary has no word for.
    """
    said = " ".join(_Speaker(VOCABULARIES[language]).say(expression).split())
    # Of several marks that call for a pause one is enough, and it stands at the word before it.
    return re.sub(r"[ ,;]*([,;])[ ,;]*", r"\1 ", said).strip(" ,;")


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
            case e.Brace():
                return self._brace(expression)
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
        for known in (self.words.names, self.words.symbols):
            if text in known:
                return known[text]
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
        if shape := phrases.shape_of(e.Row(children)):
            return self.words.shape.format(*shape)
        rest = phrases.join_digits(children)
        said = []
        before: e.Expression | None = None
        while rest:
            if phrases.is_factor(before) and phrases.is_matrix(rest[0]):
                said.append(self.leaf("×"))
            before = rest[0]
            said.append(self._phrase(rest))
        return " ".join(said)

    def _phrase(self, rest: list[e.Expression]) -> str:
        """Say what stands at the front of a row, and take it away."""
        if (derivative := self._inline_derivative(rest)) is not None:
            return derivative
        child = rest.pop(0)
        match child:
            case e.Script(e.Leaf(_, "∇"), variable, None) if rest:
                return self.words.gradient.format(self.say(rest.pop(0)), self.say(variable))
            case e.Leaf(_, ","):
                return ","
            case e.Spacing(width) if width >= phrases.PAUSE:
                return ";"
            case e.Leaf(_, text) if text in self.words.relations:
                operand = phrases.take_operand(rest, self.words.relations)
                return self.words.relations[text].format(self._row(tuple(operand)))
        if phrases.is_name(child):
            return self._application(child, rest)
        match child, rest:
            case e.Leaf("number"), [e.Leaf(_, "/"), e.Leaf("number") as below, *_]:
                del rest[:2]
                return self.words.simple_fraction.format(self.say(child), self.say(below))
        return self.say(child)

    def _inline_derivative(self, rest: list[e.Expression]) -> str | None:
        match rest:
            case [e.Leaf(_, "∂"), above, e.Leaf(_, "/"), e.Leaf(_, "∂"), below, *_]:
                del rest[:5]
                return self.words.derivative.format(self.say(above), self.say(below))
        return None

    def _application(self, name: e.Expression, rest: list[e.Expression]) -> str:
        said = self.say(name)
        is_marked = bool(rest) and phrases.text_of(rest[0]) == phrases.APPLY
        if is_marked:
            rest.pop(0)
        is_applied = bool(rest) and (is_marked or phrases.text_of(rest[0]) == "(")
        argument = phrases.take_argument(rest)
        if argument is not None:
            return self.words.application.format(said, self.say(argument))
        return f"{said} {self.leaf(phrases.APPLY)}" if is_applied else said

    def _fraction(self, fraction: e.Fraction) -> str:
        above = phrases.after_differential(fraction.numerator)
        below = phrases.after_differential(fraction.denominator)
        if above is not None and below is not None and above[0] == below[0] and below[1]:
            variable = self._row(below[1])
            if not above[1]:
                return self.words.operator_derivative.format(variable)
            template = self.words.derivative if above[0] == "∂" else self.words.total_derivative
            return template.format(self._row(above[1]), variable)
        parts = self.say(fraction.numerator), self.say(fraction.denominator)
        is_simple = phrases.is_simple(fraction.numerator) and phrases.is_simple(fraction.denominator)
        return (self.words.simple_fraction if is_simple else self.words.fraction).format(*parts)

    def _script(self, script: e.Script) -> str:
        sums = self.words.sums.get(phrases.text_of(script.base))
        if sums and script.below is not None:
            return sums[script.above is not None].format(self.say(script.below), self.say(script.above))
        said = self.say(script.base)
        if script.below is not None:
            said = self._indexed(said, script)
        return said if script.above is None else self._above(said, script)

    def _indexed(self, base: str, script: e.Script) -> str:
        indices = phrases.index_of(script.below)
        if script.stacked or (indices is None and not phrases.is_simple(script.below)):
            return self.words.below.format(base, self.say(script.below))
        if indices is None:
            return f"{base} {self.say(script.below)}"
        # Here a comma is said, not paused at: it belongs to the symbol.
        said = " ".join(self.leaf(phrases.text_of(index)) for index in indices)
        has_comma = any(phrases.text_of(index) == "," for index in indices)
        return self.words.index.format(base, said) if has_comma else f"{base} {said}"

    def _above(self, base: str, script: e.Script) -> str:
        above = script.above
        match above:
            case e.Leaf(_, "⊤" | "′" | "″") | e.Leaf("text"):
                return f"{base} {self.say(above)}"
            case e.Leaf("number", "2"):
                return self.words.square.format(base)
            case e.Leaf("number", "3"):
                return self.words.cube.format(base)
        if phrases.is_name(above):
            return f"{base} {self.say(above)}"
        inner = phrases.inside(above)
        if inner is not None or script.stacked:
            return self.words.above.format(base, self.say(above if inner is None else inner))
        power = self.words.simple_power if phrases.is_signed(above) else self.words.power
        return power.format(base, self.say(above))

    def _brace(self, brace: e.Brace) -> str:
        said = self.say(brace.body)
        shape = phrases.shape_of(brace.label)
        match brace.body:
            case e.Grid("matrix", rows) if shape == (str(len(rows)), str(max(map(len, rows)))):
                return f"{said},"  # it has said so itself
        if brace.label is None:
            return said
        label = self.say(brace.label)
        return f"{said}, {label}," if shape else self.words.brace.format(said, label)

    def _grid(self, grid: e.Grid) -> str:
        templates = {"matrix": self.words.row, "cases": self.words.case, "aligned": self.words.line}
        separator = " " if grid.kind == "aligned" else ", "
        cells = (separator.join(filter(None, map(self._cell, row))) for row in grid.rows)
        template = templates[grid.kind]
        rows = " ".join(template.format(number=number, cells=row) for number, row in enumerate(cells, 1))
        if grid.kind == "cases":
            return f"{self.words.cases.format(count=len(grid.rows))} {rows} {self.words.cases_end}"
        if grid.kind == "aligned":
            return rows
        size = self.words.matrix.format(rows=len(grid.rows), columns=max(map(len, grid.rows)))
        return f"{size} {rows} {self.words.matrix_end}"

    def _cell(self, cell: e.Expression) -> str:
        text = phrases.text_of(cell)
        return self.words.left_out if text and text in _EMPTY_CELLS else self.say(cell)
