"""Hypothesis strategies for files that are nearly right: every key, with something wrong now and then."""

import csv
import io
import json
from collections.abc import Mapping
from hashlib import sha256
from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import strategies as st

from derive.exercise.model import ExerciseFile
from derive.rules.activations import ACTIVATIONS
from derive.rules.losses import LOSSES
from fuzz.corpus import NUMBERS, TEXTS, manifest_of

_KEYS = sorted({field.alias or name for name, field in ExerciseFile.model_fields.items()})
_ODDS = 40  # of a number that asks for trouble


def _number(choice: int) -> str:
    """A number from one choice, which is all that drawing it costs."""
    odds, rest = choice % _ODDS, choice // _ODDS
    if odds == 0:
        return NUMBERS[rest % len(NUMBERS)]
    sign, rest = "-" * (rest % 2), rest // 2
    whole, rest = rest % 10, rest // 10
    return f"{sign}{whole}{('', '', f'/{1 + rest // 3 % 9}', f'.{rest // 3 % 100}')[rest % 4]}"


numbers = st.integers(0, 1 << 24).map(_number)
_any_text = st.text(max_size=20) | st.sampled_from(TEXTS)
_names = st.sampled_from(
    ["relu", "softmax", "sigmoid", "h", "W_0", "b_1", "loss", "class", "-5..5", "1..0", "true"]
)
_scalars = numbers | _any_text | _names
_nodes: st.SearchStrategy[Any] = st.recursive(
    _scalars | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_scalars, inner, max_size=3),
    max_leaves=12,
)


def _matrix(rows: int, columns: int) -> st.SearchStrategy[list[list[str]]]:
    row = st.lists(numbers, min_size=columns, max_size=columns)
    return st.lists(row, min_size=rows, max_size=rows)


def _rights(rows: int, columns: int) -> st.SearchStrategy[list[list[str]]]:
    row = st.lists(st.sampled_from(["0", "1", "1/2", "0.25"]), min_size=columns, max_size=columns)
    return st.lists(row, min_size=rows, max_size=rows)


@st.composite
def _layer(draw: st.DrawFn, taken: int, given: int, row_convention: bool) -> dict[str, Any]:
    rows, columns = (taken, given) if row_convention else (given, taken)
    name = draw(st.sampled_from(sorted(ACTIVATIONS)))
    parameter = draw(st.none() | numbers)
    layer = {
        "weights": draw(_matrix(rows, columns)),
        "activation": name if parameter is None or ACTIVATIONS[name].parameter is None else {name: parameter},
    }
    bias = draw(st.none() | numbers | st.lists(numbers, min_size=given, max_size=given))
    return layer if bias is None else layer | {"bias": bias}


@st.composite
def _right_exercise(draw: st.DrawFn, *, plain: bool = False) -> dict[str, Any]:
    """An exercise in which everything fits, but perhaps for its numbers and what may be left out."""
    row_convention = draw(st.booleans())
    widths = draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    rows = draw(st.integers(1, 3))
    loss = draw(st.sampled_from(sorted(LOSSES)))
    layers = [draw(_layer(a, b, row_convention)) for a, b in pairwise(widths)]
    if LOSSES[loss].probability:
        layers[-1]["activation"] = draw(st.sampled_from(["softmax", "sigmoid"]))
    found: dict[str, Any] = {
        "id": "drawn",
        "input": draw(_matrix(rows, widths[0])),
        "layers": layers,
        "loss": loss,
        "convention": "row" if row_convention else "column",
    }
    if LOSSES[loss].target:
        classes = st.lists(st.integers(0, widths[-1] - 1).map(str), min_size=rows, max_size=rows)
        rows_of = _rights(rows, widths[-1]) if LOSSES[loss].probability else _matrix(rows, widths[-1])
        of_classes = st.fixed_dictionaries({"class": classes})
        found["target"] = draw(rows_of if widths[-1] == 1 else rows_of | of_classes)
    return found if plain else found | draw(_optional)


_texts = _any_text | st.fixed_dictionaries({}, optional={"ko": _any_text, "en": _any_text})
_choices = (
    st.sampled_from(["-5..5", "1..9", "0..1", "class", "5..1", "1..1e9"])
    | st.lists(numbers, max_size=4)
    | st.fixed_dictionaries(
        {},
        optional={"from": numbers, "to": numbers, "step": numbers, "nonzero": st.sampled_from(["true", "x"])},
    )
)
_quantity = st.sampled_from(["W_0", "b_0", "W_7", "loss", "input", "output_0", "pre_activation_1"])
_symbols = st.sampled_from(
    ["x", "z", "W_0", r"\hat{y}", "bold W", "delta_1", "z^{(2)}", "\\input{x}", "ab", "W^2^3"]
)
_symbol_lists = st.lists(_symbols, max_size=3)
_OPTIONAL: Mapping[str, st.SearchStrategy[Any]] = {
    "title": _texts,
    "about": _texts,
    "reduction": st.sampled_from(["mean", "sum", "median"]),
    "l2": numbers,
    "notation": st.fixed_dictionaries(
        {},
        optional={
            "input": _symbols,
            "weights": _symbols,
            "loss": _symbols,
            "pre_activation": _symbol_lists,
            "output": _symbol_lists,
        },
    ),
    "step": st.fixed_dictionaries(
        {"learning_rate": numbers},
        optional={
            "count": numbers, "order": st.sampled_from(["batch", "row", "x"]), "frozen": st.lists(_quantity)
        },
    ),
    "vary": st.dictionaries(
        st.sampled_from(["weights", "bias", "input", "target", "loss"]), _choices, max_size=3
    ),
    "rules": st.dictionaries(
        st.sampled_from(["logit_gap", "mixed_relu", "diagnostic", "distinct", "difficulty", "x"]),
        _choices | st.sampled_from(["true", "false", "maybe"]),
        max_size=3,
    ),
    "points": st.dictionaries(_quantity, numbers, max_size=3),
    "rounding": numbers,
    "grading": st.dictionaries(
        st.sampled_from(["carry", "coarse", "named", "tolerance", "x"]), numbers, max_size=3
    ),
}  # fmt: skip


_optional = st.dictionaries(st.sampled_from(sorted(_OPTIONAL)), st.none(), max_size=3).flatmap(
    lambda names: st.fixed_dictionaries({name: _OPTIONAL[name] for name in names})
)


@st.composite
def _changed(draw: st.DrawFn, right: Any) -> Any:
    """The same with something in it left out, put in, or replaced by anything at all."""
    for _ in range(draw(st.integers(0, 2))):
        right = draw(_with_another(right))
    return right


@st.composite
def _with_another(draw: st.DrawFn, node: Any) -> Any:
    deeper = draw(st.booleans())
    if isinstance(node, dict) and node:
        key = draw(st.sampled_from(sorted(node, key=str)))
        if deeper:
            return node | {key: draw(_with_another(node[key]))}
        rest = {name: value for name, value in node.items() if name != key}
        extra = draw(st.sampled_from(_KEYS) | _any_text)
        return draw(st.sampled_from([rest, node | {extra: draw(_nodes)}, rest | {extra: node[key]}]))
    if isinstance(node, list) and node:
        place = draw(st.integers(0, len(node) - 1))
        if deeper:
            return [*node[:place], draw(_with_another(node[place])), *node[place + 1 :]]
        return draw(st.sampled_from([node[:place], node + node[place:], [node, *node[1:]]]))
    return draw(_nodes)


@st.composite
def _yaml(draw: st.DrawFn, node: dict[str, Any], *, plain: bool = False) -> str:
    """A mapping as YAML, each part of it in one of the ways in which it can be written."""
    chance = Random(draw(st.integers(0, 1 << 32)))
    pairs = [
        f"{_spelled(key, chance, plain)}: {_spelled(value, chance, plain)}" for key, value in node.items()
    ]
    return chance.choice(["\n", "\n", "\r\n", "\n\n"]).join(pairs) + "\n"


def _spelled(node: Any, chance: Random, plain: bool) -> str:
    mark = "" if plain or chance.randrange(60) else chance.choice(["&a ", "!!str ", "!x "])
    if isinstance(node, dict):
        pairs = [
            f"{_spelled(key, chance, plain)}: {_spelled(one, chance, plain)}" for key, one in node.items()
        ]
        return mark + "{" + ", ".join(pairs) + "}"
    if isinstance(node, list):
        return mark + "[" + ", ".join(_spelled(one, chance, plain) for one in node) + "]"
    if node is None:
        return chance.choice(["", "~", "null", "*a"])
    text = str(node)
    if text and all(letter.isalnum() or letter in "-./_^" for letter in text) and chance.randrange(10):
        return mark + text
    return mark + json.dumps(text, ensure_ascii=chance.random() < 0.5)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


exercises = _right_exercise().flatmap(_changed).flatmap(_yaml).map(_encoded)
right_exercises = _right_exercise(plain=True).flatmap(lambda found: _yaml(found, plain=True)).map(_encoded)


@st.composite
def rosters(draw: st.DrawFn) -> bytes:
    """A class list."""
    head = st.sampled_from(["name", "학번", "이름", "ID ", "email"]) | _any_text
    heads = [*draw(st.lists(head, max_size=3)), *draw(st.sampled_from([["id"]] * 9 + [[]]))]
    row = st.lists(_any_text | numbers, min_size=len(heads), max_size=len(heads)) | st.lists(
        _any_text, max_size=5
    )
    return _table([heads, *draw(st.lists(row, max_size=5))], draw)


def _table(rows: list[list[str]], draw: st.DrawFn) -> bytes:
    text = io.StringIO()
    dialect, delimiter = draw(st.sampled_from(["excel", "unix"])), draw(st.sampled_from(",;\t"))
    writer = csv.writer(text, dialect, delimiter=delimiter)
    writer.writerows(rows)
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16"]))
    return text.getvalue().encode(encoding, "surrogatepass")


@st.composite
def manifests(draw: st.DrawFn) -> bytes:
    """A manifest with something changed, whose hash mostly fits all the same."""
    right = json.loads(manifest_of(draw(st.sampled_from(["two-layer", "logistic-regression"])), 2))
    if draw(st.booleans()):
        right["exercise"]["text"] = draw(_right_exercise().flatmap(_changed).flatmap(_yaml))
    for variant in right["variants"]:
        if draw(st.booleans()):
            variant["numbers"] = draw(_changed(variant["numbers"]))
        if draw(st.booleans()):
            variant["answers"] = draw(_answers_of_a_key)
    found = draw(_changed(right))
    if isinstance(found, dict) and draw(st.integers(0, 4)):
        found["hash"] = _hash(found)
    return _encoded(json.dumps(found, ensure_ascii=draw(st.booleans())))


_answers_of_a_key = st.dictionaries(
    st.sampled_from(["W_0", "loss", "h", "output_1", "x"]),
    st.fixed_dictionaries({"exact": _nodes, "decimal": st.lists(numbers, max_size=2) | numbers | _nodes}),
    max_size=2,
)


def _hash(found: Mapping[str, Any]) -> str:
    """As the program reckons it, where the structure is as it should be."""
    head = {key: value for key, value in found.items() if key not in ("variants", "hash")}
    variants = found.get("variants")
    hashed = sha256()
    for part in (head, *(variants if isinstance(variants, list) else ())):
        hashed.update(_encoded(json.dumps(part, sort_keys=True, separators=(",", ":"))) + b"\n")
    return hashed.hexdigest()


_entry = st.sampled_from(
    ["h", "h[0]", "h[0,1]", "W_0", "W_0[0][1]", "dl/dW_0", "loss", "L", "step.W_0", "O[9]", "y"]
)
_index = st.sampled_from(["", "0", "0,1", "(1; 0)", "[0][1]", "-1", "9" * 30, "0 0 0"])
_value = numbers | _any_text | st.lists(numbers, max_size=4).map(lambda row: "[" + ", ".join(row) + "]")
_who = st.sampled_from(["1", "2", "3", "01", "4", "", "x", "김"])
_record = st.fixed_dictionaries(
    {}, optional={"student": _who, "quantity": _entry, "index": _nodes, "value": _nodes}
)


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """Answers, one row for each entry, one for each student, or as JSON."""
    form = draw(st.sampled_from(["long", "wide", "json", "records"]))
    if form == "long":
        heads = draw(st.just(["student", "quantity", "index", "value"]) | st.lists(_any_text, max_size=4))
        rows = st.lists(st.tuples(_who, _entry | _any_text, _index, _value).map(list), max_size=6)
        return _table([heads, *draw(rows)], draw)
    if form == "wide":
        heads = ["id", *draw(st.lists(_entry | _any_text, max_size=4))]
        rows = st.lists(st.lists(_who | _value, max_size=6), max_size=4)
        return _table([heads, *draw(rows)], draw)
    given = st.dictionaries(_entry | _any_text, _value | _nodes | st.floats() | st.integers(), max_size=4)
    table = st.dictionaries(_who | _any_text, given | _nodes, max_size=4)
    found = draw(table if form == "json" else st.lists(_record | given | _nodes, max_size=4))
    return _encoded(json.dumps(found, ensure_ascii=draw(st.booleans())))


GRAMMARS: Mapping[str, st.SearchStrategy[bytes]] = {
    "exercise": exercises,
    "roster": rosters(),
    "manifest": manifests(),
    "answers": answers(),
    "whole": right_exercises,
}
