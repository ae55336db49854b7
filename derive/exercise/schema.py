"""From a source to a checked Exercise: all problems of a file at once, each with its place."""

from collections.abc import Mapping as Table
from fractions import Fraction
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import ErrorDetails

from derive.errors import ProblemError
from derive.exercise import nodes, shapes, source, symbols
from derive.exercise.draft import Draft, Finding, Path, walk, without_forms
from derive.exercise.draw import Drawing, Rules, Vary
from derive.exercise.fields import REFUSED, form
from derive.exercise.literals import shortened
from derive.exercise.model import (
    Classes,
    Exercise,
    ExerciseFile,
    Grading,
    Layer,
    Notation,
    Step,
    Texts,
    by_language,
)
from derive.exercise.source import Source
from derive.exercise.suggest import did_you_mean, listing, nearest

SCHEMA_FILE = "exercise.schema.json"
_WANTED = {
    "tuple_type": "a list in brackets",
    "model_type": "keys with values",
    "dict_type": "keys with values",
}
_TABLES: Table[Path, type[BaseModel]] = {
    (): ExerciseFile, ("title",): Texts, ("about",): Texts, ("layers",): Layer, ("notation",): Notation,
    ("step",): Step, ("vary",): Vary, ("rules",): Rules,
    ("grading",): Grading,
    **{("vary", part): Drawing for part in Vary.model_fields},
}  # fmt: skip


def load(text: str, file: str) -> Exercise:
    """The exercise that a text holds.

    Args:
        text: The YAML of an exercise file.
        file: Its name, for messages.

    Raises:
        ProblemError: With every problem of the file, in the order of their places.
    """
    return check(source.load(text, file))


def check(read: Source) -> Exercise:
    """The exercise that a source holds.

    Raises:
        ProblemError: With every problem of the file, in the order of their places.
    """
    errors: list[ErrorDetails] = []
    try:
        written = ExerciseFile.model_validate(nodes.value(read.root))
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
    found = _structure(read, errors)
    draft = Draft(read, frozenset(without_forms(error["loc"]) for error in errors))
    found += [*shapes.findings(draft), *symbols.findings(draft)]
    problems = [*read.problems, *(read.problem(one.place, one.what, one.why, one.fix) for one in found)]
    if problems:
        raise ProblemError(sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0)))
    return _exercise(written)


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the exercise file, for editors."""
    schema = ExerciseFile.model_json_schema(by_alias=True, schema_generator=_WithoutTitles)
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        **schema,
        "title": "Exercise",
        "description": "A back-propagation exercise: a small network, its numbers, and how it is written.",
    }


class _WithoutTitles(GenerateJsonSchema):
    """A title that only repeats the key says nothing."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _structure(read: Source, errors: list[ErrorDetails]) -> list[Finding]:
    """What pydantic found, said for people; a key that is missing because it is misspelt is said once."""
    unknown = {error["loc"] for error in errors if error["type"] == "extra_forbidden"}
    misspelt = {(*loc[:-1], nearest(str(loc[-1]), _known(loc))) for loc in unknown}
    return [
        _finding(read, error)
        for error in errors
        if not (error["type"] == "missing" and error["loc"] in misspelt)
    ]


def _finding(read: Source, error: ErrorDetails) -> Finding:
    loc, kind, context = error["loc"], error["type"], error.get("ctx", {})
    node, key = walk(read.root, loc)
    if kind == REFUSED:
        if at := context.get("at"):
            inner, inner_key = walk(node, at)
            node = inner_key if isinstance(at[-1], str) and inner_key else inner
        place = key.place if loc[-1] == "[key]" and key else node.place
        return Finding(place, context["what"], context.get("why", ""), context.get("fix", ""))
    name = str(loc[-1])
    if kind == "missing":
        node, _ = walk(read.root, loc[:-1])
        return Finding(node.place, f'the key "{name}" is missing', _description(loc))
    if kind == "extra_forbidden":
        known = _known(loc)
        place = key.place if key else node.place
        return Finding(place, f'unknown key "{shortened(name)}"', listing(known), did_you_mean(name, known))
    found = form(nodes.value(node))
    return Finding(node.place, f"{_WANTED[kind]} is expected here, not {found}", _description(loc))


def _model(loc: Path) -> type[BaseModel] | None:
    """The model whose keys stand at a path of pydantic."""
    return _TABLES.get(tuple(step for step in without_forms(loc) if isinstance(step, str)))


def _known(loc: Path) -> list[str]:
    model = _model(loc[:-1])
    fields = model.model_fields if model else {"class": None}
    return [(field.alias if field and field.alias else name) for name, field in fields.items()]


def _description(loc: Path) -> str:
    """What the schema says about the key that a path ends in, empty where it ends in a list."""
    path = without_forms(loc)
    if not path or isinstance(path[-1], int):
        return ""
    model = _model(path[:-1])
    field = model.model_fields.get(path[-1]) if model else None
    return f"{path[-1]}: {field.description}" if field and field.description else ""


def _exercise(written: ExerciseFile) -> Exercise:
    """The exercise, with what a file may leave out filled in."""
    outputs = written.layers[-1].weights
    width = len(outputs[0]) if written.convention == "row" else len(outputs)
    target = written.target
    if isinstance(target, Classes):
        target = tuple(_one_hot(index, width) for index in target.indices)
    kept = {name: getattr(written, name) for name in ExerciseFile.model_fields}
    kept |= {
        "title": written.title or by_language(written.id),
        "target": target,
        "notation": symbols.completed(written.notation, len(written.layers)),
    }
    return Exercise(**kept)


def _one_hot(index: int, width: int) -> tuple[Fraction, ...]:
    return tuple(Fraction(int(place == index)) for place in range(width))
