"""The manifest of a set: what it was drawn from, and every variant with all its numbers and answers.

Values are frozen, not only seeds, because random streams and programs change. The text is JSON with one
line for each variant, so that sets of any size can be written and read line by line.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import fields
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from derive.classroom.frozen import Frozen
from derive.errors import Problem, ProblemError
from derive.exercise import schema
from derive.exercise.model import Exercise

_MODEL = ConfigDict(extra="forbid", frozen=True, strict=True)


class Source(BaseModel):
    """The exercise that a set was drawn from.

    Attributes:
        file: The name of its file.
        text: The whole text of it.
    """

    model_config = _MODEL

    file: str
    text: str


class Pages(BaseModel):
    """What the pages of a set are.

    Attributes:
        languages: `ko`, `en`, or both.
        formats: Of handouts and keys.
        paper: `a4` or `letter`.
        templates: A hash of the user's own templates; empty where there were none.
        exercises: Whether there is an exercise file for each variant.
    """

    model_config = _MODEL

    languages: list[str]
    formats: list[str]
    paper: str
    templates: str = ""
    exercises: bool = False


class Head(BaseModel):
    """Everything but the variants.

    Attributes:
        format: Of the manifest.
        program: Version of the program that drew the set.
        exercise: What it was drawn from.
        name: Of the set.
        seed: Of the set.
        students: Whether there was a class list.
        digits: Significant digits of the answers.
        pages: What was printed.
        quantities: What students hand in.
        diagnosed: The usual mistakes that every variant shows, each by a wrong answer.
        silent: Usual mistakes that can be made in the exercise, but never show in it.
    """

    model_config = _MODEL

    format: Literal["derive variants 1"] = "derive variants 1"
    program: str
    exercise: Source
    name: str
    seed: int
    students: bool
    digits: Annotated[int, Field(ge=5, le=1000)]
    pages: Pages
    quantities: list[str]
    diagnosed: list[str]
    silent: list[str]

    def read_exercise(self) -> Exercise:
        """The exercise that the set was drawn from.

        Raises:
            ProblemError: This version can't read it.
        """
        return schema.load(self.exercise.text, self.exercise.file)


class Manifest(Head):
    """A whole set.

    Attributes:
        variants: In the order of the class list.
        hash: SHA-256 of all the rest.
    """

    variants: list[Frozen]
    hash: str

    @property
    def head(self) -> Head:
        """Everything but the variants."""
        return Head.model_construct(**{name: getattr(self, name) for name in Head.model_fields})


def write(head: Head, variants: Iterable[Frozen]) -> Iterator[str]:
    """A manifest, piece by piece."""
    hashed = sha256()
    opening = json.dumps(head.model_dump(), ensure_ascii=False, indent=1)[: -len("\n}")]
    hashed.update(_canonical(head))
    yield opening + ',\n "variants": ['
    separator = "\n"
    for variant in variants:
        hashed.update(_canonical(variant))
        yield separator + json.dumps(variant.model_dump(), ensure_ascii=False)
        separator = ",\n"
    yield f'\n ],\n "hash": "{hashed.hexdigest()}"\n}}\n'


def digest(manifest: Manifest) -> str:
    """What the hash of a manifest should be."""
    hashed = sha256(_canonical(manifest.head))
    for variant in manifest.variants:
        hashed.update(_canonical(variant))
    return hashed.hexdigest()


def _canonical(model: BaseModel) -> bytes:
    return json.dumps(model.model_dump(), sort_keys=True, separators=(",", ":")).encode() + b"\n"


def read(text: str, file: str) -> Manifest:
    """The manifest that a text holds.

    Args:
        text: JSON.
        file: Its name, for messages.

    Raises:
        ProblemError: It is no manifest, or one that was changed after it was written.
    """
    try:
        found = Manifest.model_validate_json(text)
    except ValidationError as error:
        raise ProblemError(_problem(one, file) for one in error.errors(include_url=False)[:20]) from None
    if digest(found) != found.hash:
        what = "the manifest was changed after it was written: its hash doesn't fit"
        raise ProblemError([Problem(file, None, None, what, "", "take it from a copy, or draw the set anew")])
    return found


def _problem(error: Any, file: str) -> Problem:
    place = ".".join(map(str, error["loc"]))
    if error["type"] == "json_invalid":
        return Problem(file, None, None, "this is not JSON", str(error["ctx"]["error"]))
    return Problem(file, None, None, f"this is no manifest of a set: {place}: {error['msg']}")


def differences(standing: Head, wanted: Head) -> list[str]:
    """What tells two sets apart, in words; empty where one continues the other."""
    found = [
        f"{what} {before} instead of {now}"
        for what, before, now in (
            ("the name", standing.name, wanted.name),
            ("the seed", standing.seed, wanted.seed),
            ("digits", standing.digits, wanted.digits),
        )
        if before != now
    ]
    if standing.students != wanted.students:
        found.append("a class list" if standing.students else "no class list")
    before, now = standing.read_exercise(), wanted.read_exercise()
    changed = [
        field.name for field in fields(Exercise) if getattr(before, field.name) != getattr(now, field.name)
    ]
    if changed:
        found.append("another exercise (" + ", ".join(changed) + ")")
    return found
