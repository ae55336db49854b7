"""YAML as nodes that know their place, and every way in which it can be no YAML."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.errors import ProblemError
from derive.exercise import nodes, source
from derive.exercise.nodes import Mapping, Node, Scalar, Sequence


def at(text: str, *path: str | int) -> Node:
    node: Node = source.load(text, "x.yaml").root
    for step in path:
        if isinstance(node, Mapping):
            entry = node.entry(str(step))
            assert entry is not None
            node = entry[1]
        else:
            assert isinstance(node, Sequence)
            node = node.items[int(step)]
    return node


def test_scalars_stay_text() -> None:
    text = "a: [0.1, 1e3, 0x1F, yes, 2026-01-02, .inf, 1_000, 'q', \"w\\u0021\"]\n"
    node = at(text, "a")
    assert nodes.value(node) == ("0.1", "1e3", "0x1F", "yes", "2026-01-02", ".inf", "1_000", "q", "w!")
    raws = [item.raw for item in node.items if isinstance(item, Scalar)] if isinstance(node, Sequence) else []
    assert raws[0] == "0.1"
    assert raws[-2:] == ["'q'", '"w\\u0021"']


def test_nothing_is_nothing_only_without_quotes() -> None:
    text = "a: {b: , c: ~, d: null, e: '', f: 'null'}"
    assert nodes.value(at(text, "a")) == {"b": None, "c": None, "d": None, "e": "", "f": "null"}


@pytest.mark.parametrize("opening", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_places_with_any_line_end_and_byte_order_mark(opening: str, end: str) -> None:
    text = opening + end.join(["# 제목", "제목: x", "a:", "  - 1", "  - [2, '33']", ""])
    place = at(text, "a", 1, 1).place
    assert (place.line, place.column, place.width) == (5, 9, 4)
    assert (at(text, "제목").place.line, at(text, "제목").place.column) == (2, 5)


def test_a_value_that_is_missing_stands_at_its_key() -> None:
    place = at("a: 1\nbc:\nd: 2", "bc").place
    assert (place.line, place.column, place.width) == (2, 1, 2)


def test_a_span_ends_with_its_line() -> None:
    place = at("a: [1,\n  2]  # c\n", "a").place
    assert (place.line, place.column, place.width) == (1, 4, 3)


def test_aliases_are_read_again_at_their_own_place() -> None:
    node = at("a: &x [1, 2]\nb: *x\n", "b")
    assert nodes.value(node) == ("1", "2")
    assert (node.place.line, node.place.column, node.place.width) == (2, 4, 2)


def bomb() -> str:
    lines = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    for last, name in zip("abcdefghijk", "bcdefghijkl", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{last}'] * 10)}]")
    return "\n".join(lines)


HOSTILE = {
    "bomb": bomb(),
    "deep": "a: " + "[" * 300_000,
    "deep mappings": "a: " + "{a: " * 100_000,
    "deep blocks": "- " * 300_000,
    "many": "a: [" + "1, \n" * 200_000 + "]",
    "long": "a: 1\n" * 250_000,
    "long line": "a: " + "x" * 900_000,
    "tags": "\n".join("!" * 90_000 for _ in range(10)),
    "anchors": "&" + "a" * 99_000 + " b: 1",
    "directives": "%A\n" * 300_000,
    "documents": "a: 1\n" + "---\n" * 200_000,
    "line ends": "\n" * 999_999,
    "keys": "".join(f"k{number}: 1\n" for number in range(60_000)),
    "quotes": 'a: "' + "\\" * 99_001,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name: str) -> None:
    with pytest.raises(ProblemError):
        source.load(HOSTILE[name], "x.yaml")


@pytest.mark.parametrize("text", ["a: b\x00", "\x01", "a: \ud800", "a: \x9b"])
def test_characters_that_yaml_forbids(text: str) -> None:
    with pytest.raises(ProblemError, match="not allowed"):
        source.load(text, "x.yaml")


@given(st.text(alphabet=st.sampled_from("ab:-[]{},&*!|>'\"%@`#?~ \n\t\r\\é한\ufeff\x85\u2028"), max_size=60))
@settings(max_examples=400)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read = source.load(text, "x.yaml")
    except ProblemError as error:
        problems = error.problems
    else:
        problems = read.problems
    for problem in problems:
        assert problem.what
        assert problem.line is not None
        assert problem.column is not None
        assert problem.column >= 1
