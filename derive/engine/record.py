"""The outcome of the cross-check as one JSON object, in the shape that other programs read."""

from math import inf, isfinite, isnan
from typing import Any

import numpy as np
import numpy.typing as npt

from derive.engine.forms import closed_forms
from derive.engine.sources import Source
from derive.engine.verify import Verification

Array = npt.NDArray[Any]


def record(verification: Verification) -> dict[str, Any]:
    """The object of `derive check --json`."""
    solution, network = verification.solution, verification.network
    depth, errors = range(len(network.layers)), _largest_errors(verification)

    def quantity(name: str) -> dict[str, Any]:
        return _quantity(verification, name, errors.get(name))

    kinds = ("pre_activation", "output", "pre_activation_gradient", "output_gradient")
    found: dict[str, Any] = {
        "exercise": network.name,
        "verified": verification.verified,
        "sources": {"exact": "reference"}
        | {source.name: _verdict(source, verification.unchecked) for source in verification.sources},
        "loss": quantity("loss"),
        "layers": [{kind: quantity(f"{kind}_{k}") for kind in kinds} for k in depth],
        "gradients": {name: quantity(name) for name in (*network.parameters(), "input")},
        "closed_forms": closed_forms(solution.derivation),
    }
    if network.step is not None:
        found["step"] = {
            "parameters": {name: quantity(f"step.{name}") for name in network.parameters()},
            "loss": quantity("step.loss"),
            "layers": [{kind: quantity(f"step.{kind}_{k}") for kind in kinds[:2]} for k in depth],
        }
    return found


def _verdict(source: Source, unchecked: str) -> str:
    return f"{source.verdict}; {unchecked}" if source.missing else source.verdict


def _largest_errors(verification: Verification) -> dict[str, float]:
    """The largest finite relative error of each quantity, over the sources that agree."""
    largest: dict[str, float] = {}
    for source in verification.sources:
        if source.verdict == "agrees":
            for comparison in source.comparisons:
                error = comparison.relative_error
                if error is not None and isfinite(error):
                    largest[comparison.quantity] = max(error, largest.get(comparison.quantity, 0.0))
    return largest


def _quantity(verification: Verification, name: str, largest_error: float | None) -> dict[str, Any]:
    """One quantity: closed forms, digits, what each source says, and the worst relative error."""
    values = verification.solution.values[name]
    return {
        "shape": list(values.shape),
        "exact": nested(values, lambda value: value.exact()),
        "decimal": nested(values, lambda value: str(value.rounded(verification.solution.digits))),
        **{source.name: _floats(source, name) for source in verification.sources},
        "max_relative_error": largest_error,
    }


def _floats(source: Source, name: str) -> Any:
    return None if source.values is None else nested(source.values[name], _json_float)


def _json_float(number: float) -> float | str:
    if isnan(number):
        return "nan"
    if number in (inf, -inf):
        return "inf" if number > 0 else "-inf"
    return float(number)


def nested(array: Array, spell: Any) -> Any:
    """An array as nested lists, each entry spelled; a scalar is not nested."""
    if array.ndim == 0:
        return spell(array[()])
    return [nested(np.asarray(part, dtype=array.dtype), spell) for part in array]
