"""How variants of an exercise are drawn (`vary`) and what a good one is (`rules`)."""

from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from derive.exercise.fields import Flag, Number, Positive, Reads, Vector, Written, by_form, refuse
from derive.exercise.literals import parse, shortened

MOST_CHOICES = 10_000
_FROZEN = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


def _interval(text: str) -> tuple[Fraction, Fraction]:
    low, dots, high = text.partition("..")
    if not dots:
        raise refuse(f'"{shortened(text)}" is no range', "a range is written -5..5")
    ends = parse(low), parse(high)
    if ends[0] > ends[1]:
        raise refuse(f"the range {text.strip()} is empty", fix=f"write {high.strip()}..{low.strip()}")
    return ends


_INTERVAL_SCHEMA = {"type": "string", "pattern": r"^[^.].*\.\..+$", "examples": ["-5..5"]}
Interval = Annotated[tuple[Fraction, Fraction], Reads(_interval, "a range such as -5..5", _INTERVAL_SCHEMA)]


class Drawing(BaseModel):
    """The long form of what a number is drawn from."""

    model_config = _FROZEN

    start: Number | None = Field(default=None, alias="from", description="The smallest number.")
    stop: Number | None = Field(default=None, alias="to", description="The largest number.")
    step: Positive = Field(default=Fraction(1), description="The distance between the numbers: 1, or 1/2 ...")
    values: Vector | None = Field(
        default=None, description="The numbers themselves, instead of from, to and step."
    )
    nonzero: Flag = Field(default=False, description="Leave 0 out.")


def _numbers(drawing: Any) -> tuple[Fraction, ...]:
    """The numbers to draw from, ascending, each once."""
    if not isinstance(drawing, Drawing):
        return tuple(sorted(set(drawing)))
    if drawing.values is not None:
        if {"start", "stop", "step"} & drawing.model_fields_set:
            raise refuse("values, and from, to, step, exclude each other", fix="keep one of the two")
        numbers = set(drawing.values)
    elif drawing.start is None or drawing.stop is None:
        raise refuse("from and to are needed", 'for example {from: -5, to: 5}, or "-5..5" for short')
    else:
        numbers = set(_range(drawing.start, drawing.stop, drawing.step))
    numbers -= {Fraction(0)} if drawing.nonzero else set()
    if not numbers:
        raise refuse("there is no number to draw")
    return tuple(sorted(numbers))


def _range(start: Fraction, stop: Fraction, step: Fraction = Fraction(1)) -> tuple[Fraction, ...]:
    if start > stop:
        raise refuse("the range is empty", f"it goes from {start} to {stop}", "swap the two")
    count = (stop - start) // step + 1
    if count > MOST_CHOICES:
        raise refuse(
            f"the range has {count:,} numbers",
            f"at most {MOST_CHOICES:,} are drawn from",
            "give a larger step, or a shorter range",
        )
    return tuple(start + index * step for index in range(count))


def _spread(ends: tuple[Fraction, Fraction]) -> tuple[Fraction, ...]:
    return _range(*ends)


_Range = Annotated[tuple[Fraction, ...], Written(Interval, _spread)]
_Form = by_form(text=_Range, list=Vector, keys=Drawing)
Choices = Annotated[tuple[Fraction, ...], Written(_Form, _numbers)]


def _target(text: str) -> Any:
    return "class" if text == "class" else _range(*_interval(text))


_TARGET = {"anyOf": [{"const": "class"}, _INTERVAL_SCHEMA]}
_TargetText = Annotated[Any, Reads(_target, '"class", or a range such as 0..1', _TARGET)]


def _target_numbers(drawing: Any) -> Any:
    return drawing if drawing == "class" else _numbers(drawing)


_TargetForm = by_form(text=_TargetText, list=Vector, keys=Drawing)
TargetChoices = Annotated[tuple[Fraction, ...] | Literal["class"], Written(_TargetForm, _target_numbers)]


class Vary(BaseModel):
    """Which parts of the exercise vary, and the numbers that each entry is drawn from.

    What is left out keeps the numbers of the exercise. Each part is the tuple of numbers, ascending; for
    the target it can be "class": one-hot rows of a class drawn for each.
    """

    model_config = _FROZEN

    weights: Choices | None = Field(default=None, description="What every weight is drawn from.")
    bias: Choices | None = Field(default=None, description="What every bias is drawn from.")
    input: Choices | None = Field(default=None, description="What every entry of the input is drawn from.")
    target: TargetChoices | None = Field(
        default=None,
        description='What every entry of the target is drawn from; "class" draws a class for each row.',
    )


def _switch(default: Any, inner: Any, schema: dict[str, Any]) -> Any:
    """A rule with a value: `false` switches it off (None), `true` is its usual value."""

    def read(text: str) -> Any:
        return {"false": None, "true": default}[text] if text in ("false", "true") else inner(text)

    return Annotated[Any, Reads(read, "a value, true or false", {"anyOf": [schema, {"type": "boolean"}]})]


def _digits(text: str) -> int:
    number = parse(text)
    if number.denominator != 1 or not 1 <= number <= 15:
        raise refuse(f"{text} digits cannot be kept to", "a whole number from 1 to 15 is needed")
    return int(number)


def _band(text: str) -> Fraction:
    number = parse(text)
    if number <= 0:
        raise refuse(f"{text} is too small", "a share above 0 is needed, such as 1/4")
    return number


_GAP = (Fraction(1), Fraction(6))
_Gap = Annotated[
    tuple[Fraction, Fraction] | None, Written(_switch(_GAP, _interval, _INTERVAL_SCHEMA), lambda gap: gap)
]
_Digits = Annotated[int | None, Written(_switch(4, _digits, {"type": "integer"}), lambda digits: digits)]
_Band = Annotated[
    Fraction | None,
    Written(_switch(Fraction(1, 4), _band, {"type": ["number", "string"]}), lambda band: band),
]


class Rules(BaseModel):
    """What a good variant is; every rule can be switched off with `false`."""

    model_config = _FROZEN

    off_kinks: Flag = Field(default=True, description="No pre-activation lies exactly at a kink.")
    mixed_relu: Flag = Field(
        default=True, description="Layers with ReLUs have a unit that is on and one that is off."
    )
    nonzero_gradients: Flag = Field(default=True, description="No gradient is zero in all its entries.")
    logit_gap: _Gap = Field(
        default=_GAP,
        description=(
            "Bounds of the gap between the largest and the smallest logit, so that softmax is neither flat "
            "nor saturated; for a sigmoid the upper bound alone."
        ),
    )
    digits: _Digits = Field(
        default=4, description="Most digits of any intermediate number, so that a hand can do it."
    )
    diagnostic: Flag = Field(
        default=True,
        description="Every usual mistake leads to a wrong answer, and each to another where the shape of \
the network allows it.",
    )
    distinct: Flag = Field(
        default=True, description="No two variants are the same up to the order of hidden units."
    )
    difficulty: _Band = Field(
        default=Fraction(1, 4),
        description="How far the difficulty may be from the exercise's own, as a share of it.",
    )
