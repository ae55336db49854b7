"""The kinds of values that fields of an exercise file take, as annotations for pydantic.

Values come in as text, tuples and dicts (`source.value`): pydantic checks the structure, and what a
text says is checked here. What is wrong is raised as `PydanticCustomError` of type `REFUSED`, whose
context carries the parts of a `Problem`; nobody has to read the prose of pydantic.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from derive.exercise import literals
from derive.exercise.literals import NumberError, shortened
from derive.exercise.suggest import did_you_mean, listing

REFUSED = "refused"
LONGEST_TEXT = 500


def refuse(what: str, why: str = "", fix: str = "", at: tuple[str | int, ...] = ()) -> PydanticCustomError:
    """The exception that says what is wrong with a value.

    Args:
        what: What is wrong, in one line.
        why: What is known or allowed.
        fix: What to do about it.
        at: Steps from the value to the part of it that is wrong.
    """
    return PydanticCustomError(REFUSED, "{what}", {"what": what, "why": why, "fix": fix, "at": at})


def form(value: Any) -> str:
    """What a value is, in words."""
    forms = {str: "text", tuple: "a list", dict: "keys with values", type(None): "nothing"}
    return forms[type(value)]


@dataclass(frozen=True, eq=False)
class Reads:
    """Annotation: the field is a single word or number, which `read` turns into its value.

    Attributes:
        read: From text to value; raises `PydanticCustomError` or `NumberError`.
        wanted: What is expected, for messages.
        schema: JSON Schema of what the file may hold.
    """

    read: Callable[[str], Any]
    wanted: str
    schema: JsonSchemaValue

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        """Pydantic's hook: check with `read` alone."""
        return core_schema.no_info_plain_validator_function(self._checked)

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Pydantic's hook: the JSON Schema."""
        return dict(self.schema)

    def _checked(self, value: Any) -> Any:
        if not isinstance(value, str):
            found = form(value)
            raise refuse(
                f"{self.wanted} is missing" if value is None else f"{self.wanted} is expected, not {found}"
            )
        try:
            return self.read(value)
        except NumberError as error:
            raise refuse(error.what, error.why, error.fix) from None


@dataclass(frozen=True, eq=False)
class Written:
    """Annotation: how the field is written in the file, and how that becomes the field's own type."""

    as_type: Any
    convert: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        """Pydantic's hook: check as written, then convert."""
        return core_schema.no_info_after_validator_function(
            self.convert, handler.generate_schema(self.as_type)
        )


def one_of(kind: str, known: Collection[str]) -> Reads:
    """Annotation of a field that takes one of the known names."""

    def read(text: str) -> str:
        if text not in known:
            what = f'unknown {kind} "{shortened(text)}"'
            raise refuse(what, listing(sorted(known)), did_you_mean(text, known))
        return text

    return Reads(read, f"the {kind}", {"enum": sorted(known)})


_FORMS: dict[type, str] = {str: "text", tuple: "list", dict: "keys"}
_FORM_NAMES = {
    "text": "a single value",
    "list": "a list",
    "lists": "a list of lists",
    "keys": "keys with values",
}


class ByForm:
    """Annotation: the field has a type of its own for each form it may be written in."""

    def __init__(self, **kinds: Any) -> None:
        """Take the types by form: `text`, `list`, `lists` (whose items are lists), `keys`."""
        self.kinds = kinds

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        """Pydantic's hook: a union in which the form tells the type."""
        wanted = " or ".join(_FORM_NAMES[kind] for kind in self.kinds)
        return core_schema.tagged_union_schema(
            {f"<{kind}>": handler.generate_schema(inner) for kind, inner in self.kinds.items()},
            self._which,
            custom_error_type=REFUSED,
            custom_error_message="{what}",
            custom_error_context={"what": f"{wanted} is expected here"},
        )

    def _which(self, value: Any) -> str:
        found = _FORMS.get(type(value), "")
        nested = found == "list" and value and isinstance(value[0], tuple)
        if found == "list" and (nested or "list" not in self.kinds) and "lists" in self.kinds:
            found = "lists"
        return f"<{found}>"


def by_form(**kinds: Any) -> Any:
    """The type of a field that may be written in several forms; see `ByForm`."""
    return Annotated[Any, ByForm(**kinds)]


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise refuse(f'"{shortened(text)}" is neither true nor false')
    return text == "true"


def _words(text: str) -> str:
    if not text.strip():
        raise refuse("the text is empty")
    if len(text) > LONGEST_TEXT:
        raise refuse(
            f"a text of {len(text)} characters is too long", f"at most {LONGEST_TEXT} are read", "shorten it"
        )
    return text.strip()


def _at_least(least: int, strictly: bool = False) -> AfterValidator:
    def check(number: Any) -> Any:
        if number < least or (strictly and number == least):
            raise refuse(
                f"{number} is too small", f"{'more than' if strictly else 'at least'} {least} is needed"
            )
        return number

    return AfterValidator(check)


def at_most(most: int | Fraction) -> AfterValidator:
    """Annotation of a number with an upper limit."""

    def check(number: Any) -> Any:
        if number > most:
            raise refuse(
                f"{_spelled(number)} is too large",
                f"at most {_spelled(most)} is allowed",
                f"give {_spelled(most)} or less",
            )
        return number

    return AfterValidator(check)


def _spelled(number: int | Fraction) -> str:
    return f"{number:,}" if isinstance(number, int) else str(number)


_NUMBER_SCHEMA = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": literals.PATTERN}]}
_INTEGER_SCHEMA = {"type": "integer"}

Number = Annotated[Fraction, Reads(literals.parse, "a number", _NUMBER_SCHEMA)]
Positive = Annotated[Number, _at_least(0, strictly=True)]
NotNegative = Annotated[Number, _at_least(0)]
Count = Annotated[int, Reads(literals.parse_integer, "a whole number", _INTEGER_SCHEMA), _at_least(1)]
Index = Annotated[int, Reads(literals.parse_integer, "a whole number", _INTEGER_SCHEMA), _at_least(0)]
Flag = Annotated[bool, Reads(_flag, "true or false", {"type": "boolean"})]
Text = Annotated[str, Reads(_words, "text", {"type": "string", "maxLength": LONGEST_TEXT})]


def _not_empty(items: tuple[Any, ...]) -> tuple[Any, ...]:
    if not items:
        raise refuse("the list is empty")
    return items


def _even(rows: tuple[tuple[Any, ...], ...]) -> tuple[tuple[Any, ...], ...]:
    for index, row in enumerate(rows):
        if len(row) != len(rows[0]):
            what = f"row {index} has {_many(len(row))}, but row 0 has {len(rows[0])}"
            raise refuse(what, "all rows of a matrix are equally long", at=(index,))
    return rows


def _many(entries: int) -> str:
    return f"{entries} {'entry' if entries == 1 else 'entries'}"


def _one_row(row: tuple[Any, ...]) -> tuple[tuple[Any, ...], ...]:
    return (row,)


Vector = Annotated[tuple[Number, ...], AfterValidator(_not_empty)]
Matrix = Annotated[tuple[Vector, ...], AfterValidator(_not_empty), AfterValidator(_even)]
Row = Annotated[tuple[tuple[Fraction, ...], ...], Written(Vector, _one_row)]
Rows = Annotated[tuple[tuple[Fraction, ...], ...], Written(by_form(list=Row, lists=Matrix), tuple)]
