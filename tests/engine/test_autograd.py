"""PyTorch: the same numbers by its own derivatives, stable where the textbook recipe is not."""

import math
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from derive.engine import autograd
from derive.network import Network
from derive.rules.activations import ACTIVATIONS
from derive.rules.losses import LOSSES
from tests.engine import reference
from tests.engine.networks import layer, network, shipped, small
from tests.engine.test_jacobians import SMOOTH, by_hand


@pytest.fixture(autouse=True)
def precision() -> Iterator[None]:
    with mp.workdps(reference.DIGITS):
        yield


def against_the_reference(target: Network, digits: int = 13, **how: bool) -> None:
    values = reference.parameters(target)
    rows = [reference.forward(target, values, row) for row in range(target.rows)]
    expected = reference.gradient(target) | {"loss": reference.loss(target, values)}
    for k in range(len(target.layers)):
        expected[f"pre_activation_{k}"] = [row[0][k] for row in rows]
        expected[f"output_{k}"] = [row[1][k] for row in rows]
    if target.step is not None:
        after = reference.descend(target)
        expected |= {f"step.{name}": numbers for name, numbers in after.items() if name != "input"}
        expected["step.loss"] = reference.loss(target, after)
    found = autograd.compute(target, **how)
    for name, numbers in expected.items():
        assert [*np.ndindex(found[name].shape)] == reference.places(numbers)
        for place in np.ndindex(found[name].shape):
            truth = reference.at(numbers, place)
            assert abs(mp.mpf(float(found[name][place])) - truth) <= mp.mpf(10) ** -digits * (1 + abs(truth))


@pytest.mark.parametrize("hidden", ACTIVATIONS)
def test_every_activation(hidden: str) -> None:
    against_the_reference(small(hidden, "squared_error", hidden))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("last", ["sigmoid", "softmax"])
def test_every_loss(loss: str, last: str) -> None:
    against_the_reference(small("tanh", loss, last))


@pytest.mark.parametrize("row", [True, False])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_conventions_reductions_and_l2(row: bool, reduction: str) -> None:
    against_the_reference(small("elu", "mean_squared_error", "identity", row, reduction=reduction, l2="0.01"))


@pytest.mark.parametrize("name", SMOOTH)
def test_shipped_exercises(name: str) -> None:
    against_the_reference(shipped(name))


@pytest.mark.parametrize("loss", LOSSES)
def test_the_textbook_recipe_is_the_same_function(loss: str) -> None:
    against_the_reference(small("tanh", loss, "softmax"), textbook=True)
    against_the_reference(small("tanh", loss, "softmax"), digits=5, textbook=True, single=True)


@pytest.mark.parametrize("row", [True, False])
def test_a_network_worked_out_by_hand(row: bool) -> None:
    found = autograd.compute(by_hand(row))
    expected = [[-52, 312], [26, -156]]
    assert np.array_equal(found["W_0"], expected if row else np.transpose(expected))
    assert (found["loss"], found["b_1"]) == (676, -52)
    assert np.array_equal(found["output_gradient_0"], [[-26, 156]])
    assert np.array_equal(found["input"], [[286, -702]])


def test_every_quantity_has_a_gradient_of_its_own() -> None:
    """Under identity, pre-activation and output are one number with two gradients."""
    layers = [layer(0, [[1, 2], [3, 4]], "identity")]
    target = network([[1, 2]], [[1, 0]], layers, "half_squared_error", l2="1")
    found = autograd.compute(target)
    assert np.array_equal(found["output_gradient_0"], found["pre_activation_gradient_0"])
    assert found["output_gradient_0"] is not found["pre_activation_gradient_0"]
    assert np.array_equal(found["pre_activation_gradient_0"], [[6, 10]])


# Where the homework's recipe fails, and the stable functions do not


def gap(size: Any, label: int) -> Network:
    target = [[int(label == k) for k in range(2)]]
    return network([[1]], target, [layer(0, [[size, 0]], "softmax")], "cross_entropy")


@pytest.mark.parametrize("size", [36, 80, 400, 700])
def test_log_softmax_never_fails_with_the_label_on_the_low_logit(size: int) -> None:
    found = autograd.compute(gap(size, 1))
    assert found["loss"] == pytest.approx(size, rel=1e-15)
    assert np.allclose(found["pre_activation_gradient_0"], [[1, -1]], rtol=1e-15, atol=1e-15)


@pytest.mark.parametrize(
    ("single", "right", "lost", "infinite"), [(True, 85, 92, 105), (False, 700, 715, 746)]
)
def test_how_the_recipe_fails(single: bool, right: int, lost: int, infinite: int) -> None:
    """First the gradient is no number, then the loss is infinite."""
    still = autograd.compute(gap(right, 1), single=single, textbook=True)
    assert np.allclose(still["pre_activation_gradient_0"], [[1, -1]], rtol=1e-4)
    broken = autograd.compute(gap(lost, 1), single=single, textbook=True)
    assert broken["loss"] == pytest.approx(lost, rel=1e-5)
    assert np.isnan(broken["pre_activation_gradient_0"]).all()
    worst = autograd.compute(gap(infinite, 1), single=single, textbook=True)
    assert math.isinf(worst["loss"])


@pytest.mark.parametrize(("single", "size"), [(True, 18), (False, 38)])
def test_what_is_silently_zero_with_the_label_on_the_high_logit(single: bool, size: int) -> None:
    """The recipe loses the loss, log_softmax the gradient: both are e^-size."""
    assert autograd.compute(gap(size, 0), single=single, textbook=True)["loss"] == 0
    assert autograd.compute(gap(size, 0), single=single)["pre_activation_gradient_0"][0, 0] == 0


def test_dtypes() -> None:
    for single, dtype in ((True, np.float32), (False, np.float64)):
        found = autograd.compute(shipped("mazur"), single=single)
        assert {array.dtype for array in found.values()} == {np.dtype(dtype)}


@pytest.mark.parametrize("failure", ["None", "_broken"])
def test_without_torch_the_reason_is_said(failure: str) -> None:
    """Not installed, or installed and not loading."""
    asked = """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            raise OSError("libtorch.so: cannot open") if BROKEN else ImportError("No module named 'torch'")
sys.meta_path.insert(0, Finder())
from derive.engine import autograd
from tests.engine.networks import shipped, verified
try:
    autograd.compute(shipped("two-layer"))
except autograd.TorchMissingError as error:
    print(error)
outcome = verified(shipped("two-layer"))
print(outcome.source("autograd").verdict, outcome.verified, outcome.complete)
""".replace("BROKEN", str(failure == "_broken"))
    run = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    said, verdict = run.stdout.splitlines()
    reason = "libtorch.so: cannot open" if failure == "_broken" else "No module named 'torch'"
    assert said == f"torch does not load ({reason})"
    assert verdict == f"not run: {said} True False"
