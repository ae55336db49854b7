"""The JSON record has the shape that other programs read, for every exercise that comes along."""

import json
from decimal import Decimal
from math import inf, nan
from typing import Any

import jsonschema
import mpmath as mp
import numpy as np
import pytest
import sympy as sp

from derive.engine import autograd
from derive.engine.forms import closed_forms
from derive.engine.record import nested, record
from derive.engine.verify import verify
from derive.network import Network
from tests.engine.networks import EXERCISES, shipped, small, softmax_at, solved, verified, written

TEXT = {"type": "string"}
FLOAT = {"anyOf": [{"type": "number"}, {"enum": ["nan", "inf", "-inf"]}]}


def arrays(entry: dict[str, Any]) -> dict[str, Any]:
    """A scalar, a vector or a matrix of entries."""
    vector = {"type": "array", "items": entry}
    return {"anyOf": [entry, vector, {"type": "array", "items": vector}]}


def exactly(**properties: Any) -> dict[str, Any]:
    """An object with these keys and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


QUANTITY = exactly(
    shape={"type": "array", "items": {"type": "integer", "minimum": 1}, "maxItems": 2},
    exact=arrays(or_null(TEXT)),
    decimal=arrays(TEXT | {"pattern": r"^-?\d+(\.\d+)?(E[+-]\d+)?$"}),
    jacobians=or_null(arrays(FLOAT)),
    autograd=or_null(arrays(FLOAT)),
    max_relative_error=or_null({"type": "number", "minimum": 0}),
)
VERDICT = TEXT | {"pattern": "^(agrees|(disagrees|unreliable|not run): .+)$"}


def schema_of(network: Network) -> dict[str, Any]:
    """What the record of a network must look like."""
    kinds = ("pre_activation", "output", "pre_activation_gradient", "output_gradient")
    depth = len(network.layers)

    def layers(*names: str) -> dict[str, Any]:
        one = exactly(**dict.fromkeys(names, QUANTITY))
        return {"type": "array", "items": one, "minItems": depth, "maxItems": depth}

    parts: dict[str, Any] = {
        "exercise": {"const": network.name},
        "verified": {"type": "boolean"},
        "sources": exactly(exact={"const": "reference"}, jacobians=VERDICT, autograd=VERDICT),
        "loss": QUANTITY,
        "layers": layers(*kinds),
        "gradients": exactly(**dict.fromkeys((*network.parameters(), "input"), QUANTITY)),
        "closed_forms": exactly(**dict.fromkeys((*network.parameters(), "input"), TEXT)),
    }
    if network.step is not None:
        parameters = exactly(**dict.fromkeys(network.parameters(), QUANTITY))
        parts["step"] = exactly(parameters=parameters, loss=QUANTITY, layers=layers(*kinds[:2]))
    return exactly(**parts)


def shape(numbers: Any) -> list[int]:
    found = []
    while isinstance(numbers, list):
        found.append(len(numbers))
        numbers = numbers[0]
    return found


def quantities(found: dict[str, Any]) -> dict[str, Any]:
    """Every quantity of a record with the shape it must have."""
    rows = found["gradients"]["input"]["shape"][0]
    named = {"loss": (found["loss"], [])}
    for k, one in enumerate(found["layers"]):
        width = len(one["output"]["decimal"][0])
        named |= {f"{kind}_{k}": (quantity, [rows, width]) for kind, quantity in one.items()}
    named |= {name: (quantity, None) for name, quantity in found["gradients"].items()}
    step = found.get("step", {"parameters": {}, "layers": []})
    named |= {f"step {name}": (quantity, None) for name, quantity in step["parameters"].items()}
    for k, one in enumerate(step["layers"]):
        named |= {f"step {kind}_{k}": (quantity, None) for kind, quantity in one.items()}
    return named


def check(network: Network) -> dict[str, Any]:
    """Valid, and every array of it as large as it says; what comes out of JSON again is the same."""
    made = record(verified(network))
    found: dict[str, Any] = json.loads(json.dumps(made, allow_nan=False))
    assert found == made
    jsonschema.validate(found, schema_of(network))
    for name, (quantity, expected) in quantities(found).items():
        assert expected is None or quantity["shape"] == expected
        for key in ("exact", "decimal", "jacobians", "autograd"):
            assert quantity[key] is None or shape(quantity[key]) == quantity["shape"], (name, key)
    for name, numbers in network.parameters().items():
        laid_out = list(np.shape(np.array(numbers, dtype=object)))
        assert found["gradients"][name]["shape"] == laid_out
        if "step" in found:
            assert found["step"]["parameters"][name]["shape"] == laid_out
    assert found["gradients"]["input"]["shape"] == [network.rows, network.layers[0].n_in]
    return found


@pytest.mark.parametrize("path", EXERCISES, ids=lambda path: path.stem)
def test_every_shipped_exercise(path: Any) -> None:
    found = check(shipped(path.stem))
    assert found["verified"] is True
    for name, (quantity, _) in quantities(found).items():
        flat = zip(np.ravel(quantity["exact"]), np.ravel(quantity["decimal"]), strict=True)
        for exact, decimal in flat:
            if decimal == "0":
                assert exact == "0", name
            if exact is not None:
                with mp.workdps(60):
                    number = mp.mpf(str(sp.N(sp.sympify(str(exact)), 55)))
                    assert abs(number - mp.mpf(str(decimal))) <= abs(number) * mp.mpf(10) ** -39


def test_the_homework() -> None:
    found = check(shipped("two-layer"))
    assert found["sources"] == {"exact": "reference", "jacobians": "agrees", "autograd": "agrees"}
    assert found["loss"]["decimal"] == "36.00000000000000023195228302435691193030"
    assert found["loss"]["exact"] == "36 + log(1 + exp(-36))"
    assert (found["loss"]["shape"], found["loss"]["jacobians"], found["loss"]["autograd"]) == ([], 36.0, 36.0)
    assert 0 < found["loss"]["max_relative_error"] < 1e-16
    first = found["gradients"]["W_0"]
    assert first["decimal"][0][0].startswith("23.9999999999999944331452074154")
    assert (first["decimal"][0][1], first["exact"][0][1]) == ("0", "0")
    assert first["exact"][0][0] == "24/(1 + exp(-36))"
    assert "step" not in found


def test_shapes_of_biases_and_rows() -> None:
    found = check(small("tanh", "squared_error", "sigmoid"))
    assert found["gradients"]["b_0"]["shape"] == [3]
    assert found["gradients"]["b_1"]["shape"] == []
    assert isinstance(found["gradients"]["b_1"]["decimal"], str)
    assert found["gradients"]["W_0"]["shape"] == [2, 3]
    assert check(small("tanh", "squared_error", "sigmoid", row=False))["gradients"]["W_0"]["shape"] == [3, 2]


def test_the_state_after_the_last_step() -> None:
    found = check(shipped("mazur"))
    assert found["step"]["parameters"]["W_1"]["decimal"][0][0].startswith("0.3589164797")
    assert found["step"]["parameters"]["b_0"]["decimal"] == "0.35"
    assert Decimal(found["step"]["loss"]["decimal"]) < Decimal(found["loss"]["decimal"])


def test_exact_is_null_entry_by_entry() -> None:
    found = check(
        written("""
input: [1, 0]
target: [0.5, 1]
layers:
  - {weights: [["1/3", 0], [1, 0]], activation: tanh}
  - {weights: [[1, 0], [2, 1]], activation: tanh}
loss: squared_error
""")
    )
    outer = found["layers"][1]["output"]
    assert outer["exact"] == [[None, "0"]]
    assert outer["decimal"][0][1] == "0"
    assert found["layers"][0]["pre_activation"]["exact"] == [["1/3", "0"]]
    assert found["layers"][0]["pre_activation"]["decimal"] == [["0." + "3" * 40, "0"]]


def test_floats_that_are_no_numbers_are_words() -> None:
    found = check(softmax_at(800, 1))
    delta = found["layers"][0]
    assert delta["output_gradient"]["jacobians"][0][1] == "-inf"
    assert "nan" in delta["pre_activation_gradient"]["jacobians"][0]
    assert found["verified"] is True
    assert found["sources"]["jacobians"].startswith("unreliable: at a logit gap of 800 ")
    assert found["loss"]["max_relative_error"] is None


def test_nesting() -> None:
    assert nested(np.array([[1.5, -0.0], [nan, inf]]), str) == [["1.5", "-0.0"], ["nan", "inf"]]
    assert nested(np.array(2.5), str) == "2.5"


def test_the_error_is_over_the_sources_that_agree() -> None:
    kink = check(shipped("kink"))
    assert kink["gradients"]["W_0"]["max_relative_error"] is None
    assert kink["gradients"]["W_0"]["jacobians"][0][0] != 0


def test_a_source_that_did_not_run_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(network: Network) -> Any:
        raise autograd.TorchMissingError("torch does not load (No module named 'torch')")

    monkeypatch.setattr(autograd, "compute", missing)
    found = check(shipped("two-layer"))
    assert found["sources"]["autograd"] == (
        "not run: torch does not load (No module named 'torch'); not checked against torch"
    )
    assert found["gradients"]["W_0"]["autograd"] is None
    assert found["gradients"]["W_0"]["max_relative_error"] is not None


def test_digits_change_the_decimals_alone() -> None:
    few, many = (record(verify(solved(shipped("two-layer"), digits))) for digits in (5, 100))
    assert few["loss"]["decimal"] == "36.000"
    assert len(many["loss"]["decimal"]) == 101
    assert few["loss"]["exact"] == many["loss"]["exact"]
    assert few["gradients"]["W_0"]["decimal"][0] == ["24.000", "0"]


def test_closed_forms_are_those_of_the_derivation() -> None:
    outcome = verified(shipped("mazur"))
    assert record(outcome)["closed_forms"] == closed_forms(outcome.solution.derivation)
