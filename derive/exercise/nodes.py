"""The tree that a YAML file is read into: every node knows its place, and a scalar is its text."""

from dataclasses import dataclass
from typing import Any

_NULLS = ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True)
class Place:
    """Where something stands in the text: 1-based line and column, and its width in characters."""

    line: int
    column: int
    width: int = 1


@dataclass(frozen=True)
class Scalar:
    """A single value.

    Attributes:
        text: The value as text, without quotes; never converted.
        plain: Whether it stood without quotes.
        raw: As it was written, quotes included.
        place: Where it stands.
    """

    text: str
    plain: bool
    raw: str
    place: Place

    @property
    def is_null(self) -> bool:
        """Whether YAML reads it as nothing: left empty, `~` or `null`."""
        return self.plain and self.text in _NULLS


@dataclass(frozen=True)
class Sequence:
    """A list of nodes."""

    items: tuple["Node", ...]
    place: Place


@dataclass(frozen=True)
class Mapping:
    """Keys with their values, in the order of the file; of a key given twice the first stands here."""

    entries: tuple[tuple[Scalar, "Node"], ...]
    place: Place

    def entry(self, key: str) -> "tuple[Scalar, Node] | None":
        """The key's own node and its value, None where there is none."""
        return next((entry for entry in self.entries if entry[0].text == key), None)


Node = Scalar | Sequence | Mapping


def value(node: Node) -> Any:
    """A node as dicts, tuples and texts; None for nothing."""
    if isinstance(node, Scalar):
        return None if node.is_null else node.text
    if isinstance(node, Sequence):
        return tuple(map(value, node.items))
    return {key.text: value(entry) for key, entry in node.entries}
