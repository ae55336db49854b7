"""One variant as a manifest keeps it: every number and every answer as text, nothing left to a seed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from derive.classroom.form_ids import PATTERN
from derive.classroom.roster import LONGEST_CELL, name_of
from derive.exercise import literals
from derive.exercise.literals import shortened
from derive.exercise.model import Exercise
from derive.network import Network

if TYPE_CHECKING:
    from derive.engine.exact import Solution

_MODEL = ConfigDict(extra="forbid", frozen=True, strict=True)
Text = Annotated[str, Field(max_length=LONGEST_CELL)]
Nested = Any  # text, or lists of it as deep as the quantity has axes
_Digits = Annotated[str, Field(max_length=4000, pattern=r"^-?\d+(\.\d+)?([eE][-+]?\d{1,9})?$")]
_Form = Text | None
_LONGEST_WHO = 60  # characters, so that a foot line holds them


class Answer(BaseModel):
    """One quantity of a variant.

    Attributes:
        exact: Closed forms; None where there is none worth printing.
        decimal: Digits of every entry, as `derive check --json` writes them.
    """

    model_config = _MODEL

    exact: _Form | list[_Form] | list[list[_Form]]
    decimal: _Digits | list[_Digits] | list[list[_Digits]]


class Frozen(BaseModel):
    """One variant.

    Attributes:
        id: The form id that is printed on its pages.
        student: The student's id in the class list, or the number of the variant.
        fields: What else the class list says; None where there was none.
        difficulty: Its score.
        numbers: Input, target and parameters, as the exercise lays them.
        answers: Every quantity, by name.
    """

    model_config = _MODEL

    id: Annotated[str, Field(pattern=PATTERN)]
    student: Text
    fields: dict[Text, Text] | None = None
    difficulty: int
    numbers: dict[Text, Nested]
    answers: dict[Text, Answer] = Field(default_factory=dict)

    @property
    def who(self) -> str:
        """The student as pages show them, by id and name; empty where there was no class list."""
        if self.fields is None:
            return ""
        return shortened(" ".join(f"{self.student} {name_of(self.fields)}".split()), _LONGEST_WHO)


def numbers(network: Network) -> dict[str, Nested]:
    """The numbers of a network as text, exactly."""
    found: dict[str, Any] = {"input": network.inputs}
    if network.targets is not None:
        found["target"] = network.targets
    return {name: _spelled(part) for name, part in (found | network.parameters()).items()}


def flat(numbers: Iterable[Nested]) -> Iterator[str]:
    """The entries of numbers in any nesting, one by one."""
    for part in numbers:
        yield from (part,) if isinstance(part, str) else flat(part)


def answers(solution: "Solution") -> dict[str, Answer]:
    """Every quantity of a solution as text."""
    from derive.engine.record import nested  # and with it SymPy, which reading a manifest has no need of

    return {
        name: Answer(
            exact=nested(values, lambda value: value.exact()),
            decimal=nested(values, lambda value: str(value.rounded(solution.digits))),
        )
        for name, values in solution.values.items()
    }


def thawed(exercise: Exercise, frozen: Mapping[str, Nested]) -> Exercise:
    """The exercise with the numbers of a variant.

    Raises:
        ValueError: The numbers are not of the exercise's shape, or no numbers.
    """
    own = _own_numbers(exercise)
    if frozen.keys() != own.keys():
        raise ValueError(f"numbers for {', '.join(frozen)}; the exercise has {', '.join(own)}")
    parts = {name: _read(frozen[name], like, name) for name, like in own.items()}
    layers = tuple(
        layer.model_copy(update={"weights": parts[f"W_{k}"], "bias": parts.get(f"b_{k}")})
        for k, layer in enumerate(exercise.layers)
    )
    return replace(exercise, input=parts["input"], target=parts.get("target"), layers=layers)


def _own_numbers(exercise: Exercise) -> dict[str, Any]:
    found: dict[str, Any] = {"input": exercise.input, "target": exercise.target}
    for k, layer in enumerate(exercise.layers):
        found |= {f"W_{k}": layer.weights, f"b_{k}": layer.bias}
    return {name: part for name, part in found.items() if part is not None}


def _spelled(part: Any) -> Nested:
    return str(part) if isinstance(part, Fraction) else [_spelled(one) for one in part]


def _read(text: Nested, like: Any, name: str) -> Any:
    if isinstance(like, Fraction) and isinstance(text, str):
        return literals.parse(text)
    if isinstance(like, tuple) and isinstance(text, list) and len(text) == len(like):
        return tuple(_read(part, one, name) for part, one in zip(text, like, strict=True))
    raise ValueError(f"{name} has another shape than in the exercise")
