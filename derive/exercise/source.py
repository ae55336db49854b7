"""YAML text -> a tree of nodes that know their place; scalars stay the text they were written as.

The events of ruamel.yaml's YAML 1.2 parser are read directly, so that no float, date or object is ever
built. Everything that a hostile file could use to take time or memory has a limit here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from ruamel.yaml.reader import ReaderError

from derive.errors import Problem, ProblemError
from derive.exercise.literals import shortened
from derive.exercise.nodes import Mapping, Node, Place, Scalar, Sequence

LONGEST_TEXT = 1_000_000
LONGEST_LINE = 100_000
DEEPEST = 16
MOST_NODES = 50_000
_HALF = re.compile("[\ud800-\udfff]")
_BEYOND = re.compile(r"\\U(?!000|0010)[0-9a-fA-F]{8}")
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what YAML's reader counts as one


@dataclass(frozen=True)
class Source:
    """A file that was read.

    Attributes:
        file: Its name, for messages.
        lines: Its lines.
        root: The mapping at the top.
        problems: What is wrong already with the YAML, though it could be read on: keys given twice, tags.
    """

    file: str
    lines: tuple[str, ...]
    root: Mapping
    problems: tuple[Problem, ...] = ()

    def problem(self, place: Place, what: str, why: str = "", fix: str = "") -> Problem:
        """A problem at a place of this file."""
        excerpt = self.lines[place.line - 1] if place.line <= len(self.lines) else ""
        return Problem(self.file, place.line, place.column, what, why, fix, excerpt, place.width)


def load(text: str, file: str) -> Source:
    """Read the text of a YAML file.

    Args:
        text: The text; a byte order mark and any kind of line ends are accepted.
        file: The file's name, for messages.

    Raises:
        ProblemError: It is no YAML, no single mapping, or beyond the limits of size, depth and repetition.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > LONGEST_TEXT:
        what = f"the text has {len(text):,} characters"
        why, fix = f"at most {LONGEST_TEXT:,} are read", "keep one exercise to a file"
        raise ProblemError([Problem(file, None, None, what, why, fix)])
    return _Reader(text, file).read()


class _Reader:
    """Builds the tree of one text; lives only as long as `load`."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.source = Source(file, tuple(_LINE_BREAK.split(text)), Mapping((), Place(1, 1)))
        self.found: list[Problem] = []
        self.anchors: dict[str, tuple[Node, int] | None] = {}  # None while it is still open
        self.nodes = 0

    def read(self) -> Source:
        for number, line in enumerate(self.source.lines, 1):
            if len(line) > LONGEST_LINE:
                self.stop(
                    Place(number, 1),
                    f"a line of {len(line):,} characters",
                    f"at most {LONGEST_LINE:,} are read",
                    "break it into several",
                )
        try:
            root = self.document()
        except ReaderError as error:
            character = f"U+{ord(self.text[error.position]):04X}"
            self.stop(
                self.place_of(error.position),
                f"the character {character} is not allowed in YAML",
                "",
                "remove it",
            )
        except MarkedYAMLError as error:
            self.stop(*self.syntax(error))
        except YAMLError as error:
            raise ProblemError(
                [Problem(self.source.file, None, None, "this is not YAML", str(error))]
            ) from None
        except ValueError:  # the parser takes any number for a character
            beyond = _BEYOND.search(self.text)
            if beyond is None:
                raise
            self.stop(self.place_of(beyond.start()), f"there is no character {beyond[0]}", "", "remove it")
        return replace(self.source, root=root, problems=tuple(self.found))

    def stop(self, place: Place, what: str, why: str = "", fix: str = "") -> NoReturn:
        """Give up: nothing sensible can be said about the rest."""
        raise ProblemError([*self.found, self.source.problem(place, what, why, fix)]) from None

    def document(self) -> Mapping:
        events = YAML(typ="safe", pure=True).parse(self.text)
        next(events)  # the start of the stream
        first = next(events)
        if isinstance(first, StreamEndEvent):
            self.stop(
                Place(1, 1), "the file is empty", "", "`derive new NAME` writes an exercise to start from"
            )
        root = self.node(next(events), events, 0)
        if not isinstance(root, Mapping):
            self.stop(root.place, "an exercise consists of keys with values", 'for example "id: my-exercise"')
        next(events)  # the end of the document
        if isinstance(following := next(events), DocumentStartEvent):
            self.stop(
                _start(following),
                "a second document begins here",
                "a file holds one exercise",
                "give it a file of its own",
            )
        return root

    def node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        place = _start(event)
        if depth > DEEPEST:
            self.stop(
                place,
                "nested too deeply",
                f"at most {DEEPEST} levels are read",
                "take brackets or indentation out",
            )
        if isinstance(event, AliasEvent):
            return self.alias(event, place)
        self.count(1, place)
        before = self.nodes
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        if getattr(event, "tag", None) is not None:
            self.found.append(self.source.problem(place, "tags are not read", "", "remove the tag"))
        node: Node
        if isinstance(event, SequenceStartEvent):
            node = self.sequence(event, events, depth)
        elif isinstance(event, MappingStartEvent):
            node = self.mapping(event, events, depth)
        else:
            node = self.scalar(event)
        if event.anchor is not None:
            self.anchors[event.anchor] = node, self.nodes - before + 1
        return node

    def count(self, nodes: int, place: Place) -> None:
        self.nodes += nodes
        if self.nodes > MOST_NODES:
            self.stop(
                place,
                "too many values",
                f"at most {MOST_NODES:,} are read, repetitions by aliases included",
                "give a smaller network, or fewer rows",
            )

    def alias(self, event: Any, place: Place) -> Node:
        """The node of its anchor again; what it holds is counted again, which ends bombs early."""
        place = replace(place, width=len(event.anchor) + 1)
        if event.anchor not in self.anchors:
            self.stop(place, f"the alias *{shortened(event.anchor)} has no anchor")
        known = self.anchors[event.anchor]
        if known is None:
            self.stop(place, f"the alias *{shortened(event.anchor)} contains itself")
        node, size = known
        self.count(size, place)
        return replace(node, place=place)

    def scalar(self, event: ScalarEvent) -> Scalar:
        raw = self.text[event.start_mark.index : event.end_mark.index]
        place = self.span(event, event)
        text, halves = _HALF.subn("\N{REPLACEMENT CHARACTER}", event.value)
        if halves:
            self.found.append(
                self.source.problem(place, "half of a surrogate pair is no character", "", "remove it")
            )
        return Scalar(text, not event.style, raw, place)

    def sequence(self, start: Any, events: Iterator[Any], depth: int) -> Sequence:
        items = []
        while isinstance(
            event := next(events), ScalarEvent | SequenceStartEvent | MappingStartEvent | AliasEvent
        ):
            items.append(self.node(event, events, depth + 1))
        return Sequence(tuple(items), self.span(start, event))

    def mapping(self, start: Any, events: Iterator[Any], depth: int) -> Mapping:
        entries: dict[str, tuple[Scalar, Node]] = {}
        while isinstance(
            event := next(events), ScalarEvent | SequenceStartEvent | MappingStartEvent | AliasEvent
        ):
            key = self.node(event, events, depth + 1)
            node = self.node(next(events), events, depth + 1)
            if not isinstance(key, Scalar):
                self.found.append(self.source.problem(key.place, "a key must be a single word"))
            elif key.text in entries:
                first = entries[key.text][0].place.line
                what = f'"{shortened(key.text)}" is given twice'
                self.found.append(
                    self.source.problem(key.place, what, f"first on line {first}", "keep one of the two")
                )
            else:
                if isinstance(node, Scalar) and not node.raw:
                    node = replace(node, place=key.place)  # nothing stands there: point at the key instead
                entries[key.text] = key, node
        return Mapping(tuple(entries.values()), self.span(start, event))

    def span(self, start: Any, end: Any) -> Place:
        """From the start of one event to the end of another, but not beyond the line."""
        place = _start(start)
        block = getattr(start, "flow_style", None) is False
        if block or end.end_mark.line != start.start_mark.line:
            rest = self.source.lines[place.line - 1].rstrip() if place.line <= len(self.source.lines) else ""
            return replace(place, width=1 if block else max(1, len(rest) - place.column + 1))
        return replace(place, width=max(1, end.end_mark.column - start.start_mark.column))

    def place_of(self, index: int) -> Place:
        before = _LINE_BREAK.split(self.text[:index])
        return Place(len(before), len(before[-1]) + 1)

    def syntax(self, error: MarkedYAMLError) -> tuple[Place, str, str, str]:
        """Where the parser stopped; a tab is the usual cause that its own words hide."""
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1)
        line = self.source.lines[mark.line] if mark.line < len(self.source.lines) else ""
        if "\t" in line[: mark.column + 1] and not line[: mark.column].strip():
            tab = replace(place, column=line.index("\t") + 1)
            return tab, "a tab indents this line", "YAML indents with spaces", "replace it by spaces"
        if not line.strip() and mark.line > 0 and error.context_mark is not None:
            # The end of the text says little; where the construct began says what is unfinished.
            place = Place(error.context_mark.line + 1, error.context_mark.column + 1)
        why = ", ".join(part for part in (error.context, error.problem) if part)
        return place, "this is not YAML", why, _LIKELY_FIX.get(line[mark.column : mark.column + 1], "")


_LIKELY_FIX = {
    ":": "put text that holds a colon in quotes",
    "%": "put text that starts with % in quotes",
    "@": "put text that starts with @ in quotes",
    "`": "put text that starts with ` in quotes",
    "]": "check the brackets",
    "}": "check the brackets",
}


def _start(event: Any) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)
