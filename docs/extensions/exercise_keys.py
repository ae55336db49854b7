"""The keys of the exercise file, written from its JSON Schema where a page says `<!-- exercise keys -->`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

PLACE = "<!-- exercise keys -->"
SCHEMA = Path(__file__).parents[2] / "exercises" / "exercise.schema.json"
_WORDS = {"string": "text", "number": "a number", "integer": "a whole number", "boolean": "`true` or `false`"}
_PLURALS = {
    "text": "texts",
    "a number": "numbers",
    "a whole number": "whole numbers",
    "a list of numbers": "lists of numbers",
    "the keys below": "entries with the keys below",
}
Schema = Mapping[str, Any]


def setup(app: Sphinx) -> dict[str, Any]:
    """Fill the place when the page is read."""
    app.connect("source-read", _fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _fill(app: Sphinx, name: str, source: list[str]) -> None:
    if PLACE in source[0]:
        schema = json.loads(SCHEMA.read_text("utf-8"))
        source[0] = source[0].replace(PLACE, "\n\n".join(sections(schema)))
        app.env.note_dependency(str(SCHEMA))


def sections(schema: Schema) -> Iterator[str]:
    """A section for each key, with a table of the keys inside it.

    Args:
        schema: What `derive schema` prints.

    Returns:
        Markdown.

    Raises:
        ValueError: The schema says something that there are no words for.
    """
    inner = schema["$defs"]
    for name, key in schema["properties"].items():
        yield f"## `{name}`"
        yield f"{key['description']}\n{_facts(key, name in schema['required'])}"
        for used in dict.fromkeys(_references(key, inner)):
            yield from _table(inner[used])


def _facts(key: Schema, required: bool) -> str:
    left_out = "*Required.*" if required else _default(key)
    return f"\n{_sentence(values(key))} {left_out}".rstrip()


def _table(inner: Schema) -> Iterator[str]:
    required = inner.get("required", ())
    rows = []
    for name, key in inner["properties"].items():
        left_out = "required" if name in required else _plain(key)
        rows.append(f"| `{name}` | {key['description']} | {values(key)} | {left_out} |")
    if said := inner.get("description"):
        yield said.split("\n\n")[0]
    yield "\n".join(["| key | what it says | values | left out |", "|:--|:--|:--|:--|", *rows])


def values(key: Schema) -> str:
    """What may stand behind a key, in words.

    Raises:
        ValueError: The schema says something that there are no words for.
    """
    match key:
        case {"$ref": str()}:
            return "the keys below"
        case {"const": value}:
            return f"`{value}`"
        case {"enum": names}:
            return ", ".join(f"`{name}`" for name in names)
        case {"anyOf": [{"type": "number"}, {"pattern": _, "type": "string"}, *rest]}:
            return _any_of([{"type": "number"}, *rest])
        case {"anyOf": forms} | {"oneOf": forms}:
            return _any_of(forms)
        case {"type": "array", "items": items}:
            return _list_of(values(items))
        case {"type": "object", "additionalProperties": dict(inner)}:
            return f"names, with {values(inner)} each"
        case {"examples": [example, *_]}:
            return f"a range such as `{example}`"
        case {"type": ["number", "string"]}:
            return "a number"
        case {"type": str(kind)} if kind in _WORDS:
            return _WORDS[kind]
    raise ValueError(f"no words for {key}")


def _any_of(forms: list[Schema]) -> str:
    said = [values(form) for form in forms if form != {"type": "null"}]
    return "; or ".join(dict.fromkeys(said))


def _list_of(items: str) -> str:
    return f"a list of {_PLURALS[items]}"


def _references(key: Any, inner: Schema) -> Iterator[str]:
    """The names of what a key refers to, and of what these refer to, in their order."""
    match key:
        case {"$ref": str(reference)}:
            name = reference.rpartition("/")[2]
            yield name
            yield from _references(inner[name], inner)
        case dict():
            yield from _references(list(key.values()), inner)
        case list():
            for part in key:
                yield from _references(part, inner)


def _default(key: Schema) -> str:
    said = _plain(key)
    return f"Left out: {said}." if said != "-" else "Optional."


def _plain(key: Schema) -> str:
    match key.get("default"):
        case None | [] | dict():
            return "-"
        case bool(value):
            return f"`{str(value).lower()}`"
        case [low, high]:
            return f"`{low}..{high}`"
        case value:
            return f"`{value}`"


def _sentence(words: str) -> str:
    return f"Values: {words}."
