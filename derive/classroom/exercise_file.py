"""The exercise file of one variant: the file that the set was drawn from, with other numbers in it.

Comments, names and rules stay as their author wrote them, so that a variant can be edited and reported by
itself, and its rules can be looked up.
"""

import io
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq

from derive.classroom.frozen import flat
from derive.exercise import literals
from derive.exercise.model import LONGEST_ID


class _Number(str):
    """A number as it is written in YAML, without quotes."""


def variant_file(text: str, form_id: str, numbers: Mapping[str, Any]) -> str:
    """The exercise file of a variant.

    Args:
        text: Of the file that the set was drawn from.
        form_id: Of the variant; becomes part of the exercise's id.
        numbers: As `frozen.numbers` spells them.
    """
    yaml = YAML()
    yaml.width = 110
    yaml.preserve_quotes = True
    yaml.representer.add_representer(_Number, _represented)
    file = yaml.load(text)
    suffix = f"-{form_id.lower()}"
    file["id"] = file["id"][: LONGEST_ID - len(suffix)] + suffix
    decimals = literals.prefers_decimals(map(literals.parse, flat(numbers.values())))
    for name in ("input", "target"):
        if name in numbers:
            rows = _laid(numbers[name], decimals)
            single = isinstance(file[name], list) and not isinstance(file[name][0], list)
            file[name] = rows[0] if single else rows
    for k, layer in enumerate(file["layers"]):
        layer["weights"] = _laid(numbers[f"W_{k}"], decimals)
        if f"b_{k}" in numbers:
            layer["bias"] = _laid(numbers[f"b_{k}"], decimals)
    written = io.StringIO()
    yaml.dump(file, written)
    return written.getvalue()


def _laid(numbers: Any, decimals: bool) -> Any:
    """Numbers in brackets, row by row."""
    if isinstance(numbers, str):
        return _Number(_spelled(literals.parse(numbers), decimals))
    rows = CommentedSeq(_laid(part, decimals) for part in numbers)
    rows.fa.set_flow_style()
    return rows


def _spelled(number: Fraction, decimals: bool) -> str:
    decimal = literals.terminating(number) if decimals and number.denominator > 1 else None
    return str(number) if decimal is None else f"{decimal:f}"


def _represented(representer: Any, number: _Number) -> Any:
    kind = "str" if "/" in number else "float" if "." in number else "int"
    return representer.represent_scalar(f"tag:yaml.org,2002:{kind}", str(number))
