"""What an exercise consists of: the models that its file is checked by, and the checked `Exercise`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from derive.exercise.draw import Rules, Vary
from derive.exercise.fields import (
    Count,
    Index,
    Matrix,
    NotNegative,
    Number,
    Positive,
    Reads,
    Row,
    Rows,
    Text,
    Vector,
    Written,
    at_most,
    by_form,
    one_of,
    refuse,
)
from derive.exercise.literals import shortened
from derive.rules.activations import ACTIVATIONS
from derive.rules.losses import LOSSES
from derive.rules.notation import parse_symbol

LONGEST_ID = 64
MOST_UPDATES = 1_000
_ID = r"^[a-z0-9][a-z0-9-]*$"
_MODEL = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=False)


def _identifier(text: str) -> str:
    if not re.fullmatch(_ID, text) or len(text) > LONGEST_ID:
        proposed = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:LONGEST_ID]
        why = f"an id is made of a-z, 0-9 and -, at most {LONGEST_ID} of them; it names the output folder"
        raise refuse(f'"{shortened(text)}" is no id', why, f"write {proposed}" if proposed else "")
    return text


def _symbol(text: str) -> str:
    try:
        parse_symbol(text)
    except ValueError as error:
        what, _, why = str(error).partition(": ")
        raise refuse(what, why) from None
    return text


class Texts(BaseModel):
    """A text in each language; one that is left out is the English one, or else the first that is there."""

    model_config = _MODEL

    ko: Text | None = Field(default=None, description="In Korean.")
    en: Text | None = Field(default=None, description="In English.")


def by_language(written: "str | Texts") -> dict[str, str]:
    """A text for every language that `Texts` knows.

    Raises:
        PydanticCustomError: It is there in none of them.
    """
    if isinstance(written, str):
        return dict.fromkeys(Texts.model_fields, written)
    found = {language: getattr(written, language) for language in Texts.model_fields}
    stand_in = next((text for text in (written.en, *found.values()) if text is not None), None)
    if stand_in is None:
        raise refuse("the text is missing", f"known: {', '.join(found)}")
    return {language: stand_in if text is None else text for language, text in found.items()}


@dataclass(frozen=True)
class Activation:
    """An activation by its name in `ACTIVATIONS`; a parameter of None is the table's own."""

    name: str
    parameter: Fraction | None = None


def _activation(written: Any) -> Activation:
    if isinstance(written, str):
        return Activation(written)
    if len(written) != 1:
        raise refuse("one activation is expected here", "for example relu, or {leaky_relu: 0.01}")
    ((name, parameter),) = written.items()
    if ACTIVATIONS[name].parameter is None:
        raise refuse(f"{name} takes no parameter", fix=f"write {name} alone", at=(name,))
    return Activation(name, parameter)


@dataclass(frozen=True)
class Classes:
    """Targets by class: the 0-based place of the one in each row."""

    indices: tuple[int, ...]


class _ClassKeys(BaseModel):
    model_config = _MODEL

    indices: Annotated[
        tuple[int, ...],
        Written(
            by_form(text=Index, list=tuple[Index, ...]),
            lambda found: found if isinstance(found, tuple) else (found,),
        ),
    ] = Field(alias="class", description="The class of each row, counted from 0.")


def _classes(written: _ClassKeys) -> Classes:
    return Classes(written.indices)


def _as_it_is(written: Any) -> Any:
    return written


Name = Annotated[str, Reads(lambda text: text, "a name", {"type": "string"})]
Symbol = Annotated[str, Reads(_symbol, "a symbol", {"type": "string"})]
Identifier = Annotated[
    str, Reads(_identifier, "an id", {"type": "string", "pattern": _ID, "maxLength": LONGEST_ID})
]
LocalText = Annotated[Mapping[str, str], Written(by_form(text=Text, keys=Texts), by_language)]
ActivationName = Annotated[str, one_of("activation", ACTIVATIONS)]
LossName = Annotated[str, one_of("loss", LOSSES)]
Reduction = Annotated[Literal["mean", "sum"], one_of("reduction", ("mean", "sum"))]
Convention = Annotated[Literal["row", "column"], one_of("convention", ("row", "column"))]
Order = Annotated[Literal["batch", "row"], one_of("order", ("batch", "row"))]
Share = Annotated[NotNegative, at_most(1)]
Bias = Annotated[tuple[Fraction, ...] | Fraction, Written(by_form(text=Number, list=Vector), _as_it_is)]
_ClassTarget = Annotated[Classes, Written(_ClassKeys, _classes)]
Target = Annotated[
    tuple[tuple[Fraction, ...], ...] | Classes,
    Written(by_form(list=Row, lists=Matrix, keys=_ClassTarget), _as_it_is),
]
LayerActivation = Annotated[
    Activation, Written(by_form(text=ActivationName, keys=dict[ActivationName, Number]), _activation)
]


class Layer(BaseModel):
    """One dense layer, its weights laid as the file lays them."""

    model_config = _MODEL

    weights: Matrix = Field(
        description="Rows of weights. convention row: a row per input; column: a row per output."
    )
    bias: Bias | None = Field(
        default=None, description="A number per output, or a single number that the whole layer shares."
    )
    activation: LayerActivation = Field(description="Its name; {leaky_relu: 0.01} sets a parameter.")


class Notation(BaseModel):
    """The symbols that the worksheet writes; weights and biases are indexed by their layer, from 0."""

    model_config = _MODEL

    input: Symbol = Field(default="I", description="The input.")
    weights: Symbol = Field(default="W", description="The weights; layer k is written W_k.")
    bias: Symbol = Field(default="b", description="The biases; layer k is written b_k.")
    pre_activation: tuple[Symbol, ...] | None = Field(
        default=None, description="One symbol per layer. Two layers: [h, O], otherwise z^{(k)}."
    )
    output: tuple[Symbol, ...] | None = Field(
        default=None, description="One symbol per layer. Two layers: [L, s], otherwise a^{(k)}."
    )
    loss: Symbol = Field(default="l", description="The loss.")
    target: Symbol = Field(default="y", description="The target.")


class Step(BaseModel):
    """Gradient descent that the exercise asks for."""

    model_config = _MODEL

    learning_rate: Positive = Field(description="The learning rate.")
    count: Annotated[Count, at_most(MOST_UPDATES)] = Field(
        default=1, description="Updates, or passes over the rows."
    )
    order: Order = Field(
        default="batch",
        description="batch: each update over all rows. row: in each pass one update after each row.",
    )
    frozen: tuple[Name, ...] = Field(default=(), description="Parameters that stay as they are, such as b_0.")


class Grading(BaseModel):
    """How answers are marked; the shares say how much of its points an entry keeps."""

    model_config = _MODEL

    carry: Share = Field(
        default=Fraction(1), description="Share for what follows rightly from an own mistake upstream."
    )
    coarse: Share = Field(
        default=Fraction(1, 2), description="Share for a right value rounded to fewer digits than it needs."
    )
    named: Share = Field(default=Fraction(0), description="Share for the answer of a usual mistake.")
    tolerance: Annotated[Positive, at_most(Fraction(1, 10))] = Field(
        default=Fraction(1, 1000),
        description="Relative error that is accepted where students aren't told how to round.",
    )


class ExerciseFile(BaseModel):
    """An exercise as its file is written."""

    model_config = _MODEL

    id: Identifier = Field(description="Names the output folder: a-z, 0-9 and -.")
    title: LocalText | None = Field(default=None, description="The title, in both languages or one for both.")
    about: LocalText | None = Field(default=None, description="What the exercise teaches, in one line.")
    input: Rows = Field(description="One row of numbers, or several rows: a batch.")
    target: Target | None = Field(
        default=None, description="Like the output, or {class: [0, 2]}; left out where the loss is sum."
    )
    layers: tuple[Layer, ...] = Field(description="The layers, from the input to the output.")
    loss: LossName = Field(description="The loss; cross entropies need a softmax or sigmoid output.")
    reduction: Reduction = Field(
        default="mean", description="Over the rows of a batch: their mean or their sum."
    )
    l2: NotNegative = Field(default=Fraction(0), description="Adds l2 * (sum of the squares of all weights).")
    convention: Convention = Field(
        default="row", description="row: x @ W, as in the homework. column: W @ x, as in most textbooks."
    )
    notation: Notation = Field(default=Notation(), description="The symbols that the worksheet writes.")
    step: Step | None = Field(default=None, description="Steps of gradient descent.")
    vary: Vary | None = Field(default=None, description="How variants are drawn.")
    rules: Rules = Field(default=Rules(), description="What a good variant is.")
    points: dict[Name, NotNegative] | None = Field(
        default=None,
        description="Points for each quantity: W_0, b_0, loss, input, pre_activation_0, output_0 ...",
    )
    rounding: Annotated[Count, at_most(15)] | None = Field(
        default=None, description="Tells students to round to so many digits."
    )
    grading: Grading = Field(default=Grading(), description="How answers are marked.")


@dataclass(frozen=True)
class Exercise:
    """A checked exercise; every number is exact.

    Attributes:
        id: Names the output folder.
        title, about: Text by language, `ko` and `en`; `about` may be None.
        input: (rows, n_in).
        target: (rows, n_out), classes as one-hot rows; None where the loss takes none.
        layers: From the input to the output.
        loss: Name in `LOSSES`.
        reduction: `mean` or `sum` over the rows.
        l2: Factor of the sum of the squares of all weights.
        convention: `row` or `column`.
        notation: Symbols as the file spells them; those of the layers are always filled in.
        step: Gradient descent, or None.
        vary: What varies in variants, or None.
        rules: What a good variant is.
        points: Points by quantity, or None.
        rounding: Digits that students round to, or None.
        grading: How answers are marked.
    """

    id: str
    title: Mapping[str, str]
    about: Mapping[str, str] | None
    input: tuple[tuple[Fraction, ...], ...]
    target: tuple[tuple[Fraction, ...], ...] | None
    layers: tuple[Layer, ...]
    loss: str
    reduction: Literal["mean", "sum"]
    l2: Fraction
    convention: Literal["row", "column"]
    notation: Notation
    step: Step | None
    vary: Vary | None
    rules: Rules
    points: Mapping[str, Fraction] | None
    rounding: int | None
    grading: Grading
