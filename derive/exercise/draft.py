"""An exercise file that may still be broken: what is sound in it can be looked at all the same.

Pydantic says where the file is broken; checks across its parts then look at the parts that are sound, so
that all problems of a file are reported together.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from derive.exercise import literals
from derive.exercise.nodes import Mapping, Node, Place, Scalar, Sequence
from derive.exercise.source import Source

Step = str | int
Path = tuple[Step, ...]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, and where."""

    place: Place
    what: str
    why: str = ""
    fix: str = ""


def walk(node: Node, path: Iterable[Step]) -> tuple[Node, Scalar | None]:
    """The node that a path of pydantic leads to, as far as it goes, and the key that it stands under.

    Steps in angle brackets name the form of a value, not a part of it; the last step may be a key that is
    missing, or `[key]` for the key itself.
    """
    key: Scalar | None = None
    for step in path:
        if isinstance(node, Mapping) and isinstance(step, str):
            entry = node.entry(step)
            if entry is not None:
                key, node = entry
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            key, node = None, node.items[step]
    return node, key


def without_forms(path: Iterable[Step]) -> Path:
    """A path of pydantic without the steps that name forms."""
    return tuple(step for step in path if not (isinstance(step, str) and step.startswith(("<", "["))))


@dataclass(frozen=True)
class Draft:
    """The nodes of a file, and the paths of what is broken in it."""

    source: Source
    broken: frozenset[Path]

    @cached_property
    def _around(self) -> frozenset[Path]:
        """Every path that something broken lies inside of."""
        return frozenset(path[:length] for path in self.broken for length in range(len(path)))

    def get(self, *path: Step) -> Node | None:
        """The node at a path if it is there, not left empty, and nothing in or around it is broken."""
        node: Node | None = self.source.root
        for step in path:
            if isinstance(node, Mapping) and isinstance(step, str):
                entry = node.entry(step)
                node = entry[1] if entry else None
            elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
                node = node.items[step]
            else:
                node = None
        if node is None or (isinstance(node, Scalar) and node.is_null):
            return None
        return None if path in self._around or self._is_broken(path) else node

    def missing(self, *path: Step) -> bool:
        """Whether a key is not there at all, or left empty."""
        node, key = walk(self.source.root, path)
        return key is None or key.text != path[-1] or (isinstance(node, Scalar) and node.is_null)

    def text(self, *path: Step, default: str | None = None) -> str | None:
        """The text at a path; `default` where it is left out, None where it is broken."""
        if self.missing(*path):
            return None if self._is_broken(path) else default
        node = self.get(*path)
        return node.text if isinstance(node, Scalar) else None

    def _is_broken(self, path: Path) -> bool:
        return any(path[:length] in self.broken for length in range(len(path) + 1))

    def items(self, *path: Step) -> tuple[Node, ...]:
        """The items of a list, empty where there is none."""
        node = self.get(*path)
        return node.items if isinstance(node, Sequence) else ()

    def keys(self, *path: Step) -> tuple[Scalar, ...]:
        """The keys of a mapping, whatever is wrong with their values."""
        node, key = walk(self.source.root, path)
        if key is None or key.text != path[-1] or not isinstance(node, Mapping):
            return ()
        return tuple(entry for entry, _ in node.entries)

    def layers(self) -> int | None:
        """The number of layers, None where even that is broken."""
        node, _ = walk(self.source.root, ("layers",))
        whole = ("layers",) not in self.broken and node is not self.source.root
        return len(node.items) if whole and isinstance(node, Sequence) else None

    def shape(self, *path: Step) -> tuple[int, int] | None:
        """Rows and columns of a matrix, one row where it is a plain list."""
        rows = self.items(*path)
        if not rows:
            return None
        if isinstance(rows[0], Sequence):
            return len(rows), len(rows[0].items)
        return 1, len(rows)

    def numbers(self, *path: Step) -> Iterator[tuple[Scalar, Fraction]]:
        """Every number in a list or a matrix, with its node."""
        for item in self.items(*path):
            for scalar in item.items if isinstance(item, Sequence) else (item,):
                if isinstance(scalar, Scalar):
                    yield scalar, literals.parse(scalar.text)
