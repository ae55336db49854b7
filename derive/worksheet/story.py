"""The story: what has been derived and verified, told in Markdown through the templates of a language."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

from derive import filling
from derive.classroom import rubric
from derive.engine.proofs import Proof
from derive.engine.verify import Verification
from derive.exercise.model import Exercise
from derive.network import Dense
from derive.render import escape, fence
from derive.render.page import Picture
from derive.worksheet import (
    backward,
    closed_forms,
    code,
    crosscheck,
    descent,
    forward,
    gaps,
    jacobians,
    quantity,
)
from derive.worksheet.fitting import CDOTS
from derive.worksheet.mistakes import fit_a_table, mistakes
from derive.worksheet.pictures import Pictures
from derive.worksheet.sheet import Sheet
from derive.worksheet.spelling import matrix

MOST_LISTED = 16  # places of a matrix that are listed one by one


@dataclass(frozen=True)
class Story:
    """A worksheet before it is rendered.

    Attributes:
        markdown: For all readers; what only the key shows stands in solution containers.
        pictures: By their names in the Markdown. Each is drawn when a reader's page first asks for it, so
            that a handout alone costs no picture of the key.
    """

    markdown: str
    pictures: Mapping[str, Picture]


@dataclass(frozen=True)
class Given:
    """One given quantity: its symbol, numbers and shape in LaTeX."""

    symbol: str
    numbers: str
    shape: str


@dataclass(frozen=True)
class Material:
    """What the stories of one exercise are told from, gathered once for all languages.

    Attributes:
        sheet: The exercise, solved and verified.
        facts: Everything that a template can name, but for the words of its language.
    """

    sheet: Sheet
    facts: Mapping[str, Any]


def gather(exercise: Exercise, verification: Verification, proof: Proof | None = None) -> Material:
    """Work out everything that the stories of an exercise tell.

    Args:
        exercise: As its file gives it.
        verification: Of the same exercise.
        proof: Of its closed forms, where one with other numbers has been proven already.

    Raises:
        ProofError: A rule does not hold for every input.
        ProblemError: A number that can't be decided.
    """
    sheet = Sheet(exercise, verification, proof)
    return Material(sheet, _facts(sheet))


def write(material: Material, language: str, templates: Path | None = None, *, alone: bool = True) -> Story:
    """Tell the story of an exercise in one language, for every reader.

    Args:
        material: What there is to tell.
        language: "ko" or "en".
        templates: The user's own folder of templates, which goes first.
        alone: Whether the exercise stands alone; False leaves out what is for a report only.

    Raises:
        ProblemError: A template of the user's own doesn't work.
    """
    about = material.sheet.exercise.about
    words = {"language": language, "number": _counter(), "about": escape(about[language]) if about else ""}
    facts = {**material.facts, **words, "alone": alone}
    told = filling.tell(f"worksheet.{language}.md.j2", facts, templates)
    return Story(told.markdown, Pictures(material.sheet, language, told.picture_words))


def _facts(sheet: Sheet) -> dict[str, Any]:
    exercise, network = sheet.exercise, sheet.network
    steps = forward.steps(sheet)
    worth = rubric.points(exercise)
    wrong = mistakes(sheet)
    return {
        "escape": escape,
        "fence": fence,
        "given": given(sheet),
        "symbols": network.symbols,
        "layers": network.layers,
        "single": sheet.single,
        "rows": network.rows,
        "row_convention": network.row_convention,
        "reduction": network.reduction,
        "l2": sheet.speller.fraction(network.l2) if network.l2 != 0 else "",
        "row_loss_formula": forward.row_loss_formula(sheet),
        "definitions": _definitions(sheet),
        "kinds": {layer.activation for layer in network.layers},
        "biased": any(layer.bias is not None for layer in network.layers),
        "shared_bias": any(layer.shared_bias for layer in network.layers),
        "digits": sheet.speller.digits,
        "rounding": exercise.rounding,
        "typed_digits": sheet.typed_digits,
        "printed": gaps.printed(sheet),
        "factor": sheet.speller.factor,
        "steps": steps,
        "row_losses": [] if sheet.single else forward.row_losses(sheet),
        "parts": backward.parts(sheet),
        "detailed_rows": jacobians.DETAILED_ROWS,
        "vec": _vec(network.layers[-1]),
        "closed": closed_forms.closed_forms(sheet),
        "descent": descent.descent(sheet),
        "check": crosscheck.CrossCheck(sheet),
        "mistakes": wrong,
        "mistakes_fit_a_table": fit_a_table(wrong),
        "mistakes_share_answers": any(len(mistake.remarks) > 1 for mistake in wrong),
        "code": code.listings(sheet),
        "tests": {},
        "personal": False,
        "points": _points_of(worth),
    }


def _counter() -> Callable[[], int]:
    numbers = count(1)
    return lambda: next(numbers)


def _points_of(worth: Mapping[str, Fraction]) -> Callable[..., str]:
    """A badge with the points of several quantities together; nothing where there are none."""

    def badge(*names: str) -> str:
        total = sum((worth.get(name, Fraction(0)) for name in names), Fraction(0))
        return f" [{quantity.points(total)}]{{.points}}" if total else ""

    return badge


def given(sheet: Sheet) -> list[Given]:
    """The input, the target and all parameters."""
    network = sheet.network
    found = [_vectors(sheet, network.symbols.input, network.inputs)]
    if network.targets is not None:
        found.append(_vectors(sheet, network.symbols.target, network.targets))
    for layer in network.layers:
        rows, columns = layer.weights_shape
        found.append(
            Given(sheet.symbol(layer.weights_name), sheet.weights(layer), rf"{rows} \times {columns}")
        )
        if layer.bias is not None:
            found.append(_bias(sheet, layer))
    if network.l2 != 0:
        found.append(Given(r"\lambda", sheet.speller.fraction(network.l2), ""))
    return found


def _vectors(sheet: Sheet, symbol: str, rows: Any) -> Given:
    laid = rows if sheet.network.row_convention else tuple(zip(*rows, strict=True))
    return Given(symbol, matrix(sheet.numbers(laid)), rf"{len(laid)} \times {len(laid[0])}")


def _bias(sheet: Sheet, layer: Dense) -> Given:
    symbol = sheet.symbol(layer.bias_name)
    if isinstance(layer.bias, Fraction):
        return Given(symbol, sheet.speller.fraction(layer.bias), "")
    return _vectors(sheet, symbol, (layer.bias,))


def _definitions(sheet: Sheet) -> list[str]:
    """What each activation computes, and what its slope names besides, once."""
    layers = [layer for layer in sheet.network.layers if layer.activation != "identity"]
    found = [text for layer in layers for text in (forward.definition(layer), *layer.rule.slope_functions)]
    return list(dict.fromkeys(found))


def _vec(layer: Dense) -> tuple[str, str]:
    """Places of the last layer's weights: as the chain lists them, and as the matrix has them."""
    rows, columns = layer.weights_shape
    places = [[f"g_{{{i}{j}}}" for j in range(columns)] for i in range(rows)]
    listed = [place for row in places for place in row]
    if len(listed) > MOST_LISTED:
        listed = [*listed[:2], CDOTS, *listed[-2:]]
    return matrix([listed]), matrix(places)
