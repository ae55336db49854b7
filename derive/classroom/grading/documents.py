"""Answers as JSON: `{"20260001": {"h": [6, -3], "W_0": [[24, 0], [6, 0]]}, ...}`, or a list of records."""

import json
import re
from collections.abc import Iterator
from typing import Any

from derive.classroom.grading.handin import Cell, HandIn
from derive.classroom.grading.tables import (
    FORM_COLUMNS,
    INDEX_COLUMNS,
    QUANTITY_COLUMNS,
    STUDENT_COLUMNS,
    VALUE_COLUMNS,
    Collected,
)
from derive.classroom.grading.troubles import Trouble
from derive.errors import Problem, ProblemError

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]', re.DOTALL)
_DEEPEST = 100


def collect(text: str, file: str) -> Collected:
    """The answers of a JSON text.

    What one student handed in is parsed by itself, so that whatever is wrong with it costs nobody else
    anything. Numbers are kept as their text.

    Raises:
        ProblemError: The text is no JSON object or list.
    """
    text = text.strip()
    if text[:1] not in ("{", "["):
        fix = 'write {"student id": {"quantity": value, ...}, ...}'
        raise ProblemError([Problem(file, 1, 1, "this is no JSON object or list", "", fix)])
    found = Collected()
    by_sender: dict[tuple[str, str], HandIn] = {}
    for key, value in _members(text, file):
        parsed = _parsed(value)
        student, form = _sender(key, parsed)
        if not student and not form:
            found.strays.append(Trouble("unknown_student"))
            continue
        hand_in = by_sender.setdefault((student, form), HandIn(student, form))
        cells = _cells(parsed, key is None)
        if cells is None:
            hand_in.troubles.append(Trouble("not_an_answer"))
        else:
            hand_in.cells += cells
    found.hand_ins = list(by_sender.values())
    return found


def _members(text: str, file: str) -> Iterator[tuple[str | None, str]]:
    """The members of the outermost object or list, each as its own text; keys are None in a list."""
    closing = "}" if text[0] == "{" else "]"
    depth, start, key = 1, 1, None
    for token in _TOKEN.finditer(text, 1):
        mark = token[0][0]
        if mark in "{[":
            depth += 1
        elif mark in "}]":
            depth -= 1
        if (depth == 1 and mark == ",") or depth == 0:
            if text[start : token.start()].strip():
                yield key, text[start : token.start()]
            start, key = token.end(), None
        elif depth == 1 and mark == ":" and closing == "}" and key is None:
            name = _parsed(text[start : token.start()])
            key, start = name if isinstance(name, str) else "", token.end()
        if depth == 0:
            return
    line = text.count("\n") + 1
    what = f'the text ends before its "{closing}"'
    raise ProblemError([Problem(file, line, None, what, "", "is the file complete?")])


def _parsed(text: str) -> Any:
    """A value with its numbers as text; None where it is none."""
    if _is_deep(text):
        return None
    try:
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except ValueError:
        return None


def _is_deep(text: str) -> bool:
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += (token[0] in "{[") - (token[0] in "}]")
        if depth > _DEEPEST:
            return True
    return False


def _sender(key: str | None, parsed: Any) -> tuple[str, str]:
    fields = {name.lower(): value for name, value in parsed.items()} if isinstance(parsed, dict) else {}

    def named(names: tuple[str, ...]) -> str:
        value = next((fields[name] for name in names if name in fields), "")
        return value.strip() if isinstance(value, str) else ""

    return (key if key is not None else named(STUDENT_COLUMNS)).strip(), named(FORM_COLUMNS).upper()


def _cells(parsed: Any, is_record: bool) -> list[Cell] | None:
    """The answers of one member: quantities by name, or one entry as a record."""
    if not isinstance(parsed, dict):
        return None
    lowered = {name.lower(): name for name in parsed}
    columns = [next((lowered[n] for n in names if n in lowered), None) for names in _OF_A_RECORD]
    quantity, index, value = columns
    if is_record and quantity is not None and value is not None:
        place = "" if index is None else json.dumps(parsed[index]).replace('"', "")
        return [Cell(str(parsed[quantity]), place, _value(parsed[value]))]
    answers = parsed.get("answers", parsed)
    if not isinstance(answers, dict):
        return None
    about = {*STUDENT_COLUMNS, *FORM_COLUMNS, "name", "answers"}
    return [Cell(name, "", _value(one)) for name, one in answers.items() if name.lower() not in about]


_OF_A_RECORD = (QUANTITY_COLUMNS, INDEX_COLUMNS, VALUE_COLUMNS)


def _value(parsed: Any) -> Any:
    """A value as cells have it: text, or lists of texts; what is neither can't be read as a number."""
    if isinstance(parsed, list):
        return [_value(part) for part in parsed]
    if parsed is None:
        return ""
    return parsed if isinstance(parsed, str) else json.dumps(parsed)
