"""torch: the second of the two computations that keys are checked against.

Only the forward pass is written here; the derivatives are torch's. The symbolic side and the NumPy
chain are never imported. float64 with torch's stable functions (log_softmax, logits) is the source of
the cross-check; the recipe of a student's first notebook, in float32 or float64, is a demonstration
beside it that decides nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from derive.exercise.literals import shortened
from derive.network import Network, nearest_float, updates

Array = npt.NDArray[Any]

LONGEST_REASON = 160  # characters of what torch says of itself


class TorchMissingError(Exception):
    """torch does not load here, or fails at its work; the message says which, and why."""


@contextmanager
def library() -> Iterator[Any]:
    """torch, for what is computed with it.

    A package that is half installed, was built for another NumPy or lost a shared library may raise
    anything, when it loads or later. Whatever it is, nothing was computed by torch then.

    Raises:
        TorchMissingError: torch is not installed, does not load or fails.
    """
    try:
        import torch
    except Exception as error:
        raise TorchMissingError(f"torch does not load ({_said(error)})") from error
    try:
        yield torch
    except Exception as error:
        raise TorchMissingError(f"torch fails ({type(error).__name__}: {_said(error)})") from error


def _said(error: Exception) -> str:
    """The message in one line: some packages tell their whole story."""
    return shortened(" ".join(str(error).split()) or type(error).__name__, LONGEST_REASON)


def probe() -> None:
    """Let torch differentiate one product: cheap, and all that keys need of it must work.

    Raises:
        TorchMissingError: torch is not installed, does not load or fails.
    """
    with library() as torch:
        x = torch.ones(1, dtype=torch.float64, requires_grad=True)
        torch.autograd.grad((x * x).sum(), x)[0].numpy()


def compute(network: Network, single: bool = False, textbook: bool = False) -> dict[str, Array]:
    """Every quantity of the network (the names are those of `passes`), derivatives by torch.

    Args:
        network: With its numbers.
        single: float32 instead of float64.
        textbook: Softmax as exp / sum and the loss from its output, as a student writes it, instead
            of torch's stable functions.

    Raises:
        TorchMissingError: torch is not installed, does not load or fails.
    """
    with library() as torch:
        return _computed(network, torch, torch.float32 if single else torch.float64, textbook)


def _computed(network: Network, torch: Any, dtype: Any, textbook: bool) -> dict[str, Array]:
    parameters = {name: _tensor(numbers, torch, dtype) for name, numbers in network.parameters().items()}
    everyone = range(network.rows)
    found = _whole(network, parameters, everyone, network.row_weight, torch, textbook)
    if network.step is not None:
        for rows, weight in updates(network):
            gradients = _whole(network, parameters, rows, weight, torch, textbook)
            for name, tensor in parameters.items():
                if name not in network.step.frozen:
                    parameters[name] = tensor - nearest_float(network.step.learning_rate) * gradients[name]
        after = _whole(network, parameters, everyone, network.row_weight, torch, textbook)
        found |= {f"step.{name}": tensor for name, tensor in parameters.items()}
        kept = ["loss"]
        kept += [f"{kind}_{k}" for k in range(len(network.layers)) for kind in ("pre_activation", "output")]
        found |= {f"step.{name}": after[name] for name in kept}
    return {name: tensor.detach().numpy() for name, tensor in found.items()}


def _tensor(numbers: Any, torch: Any, dtype: Any) -> Any:
    exact = np.array(numbers, dtype=object)
    floats = np.array([nearest_float(number) for number in exact.flat], dtype=float)
    return torch.tensor(floats.reshape(exact.shape), dtype=dtype)


def _whole(
    network: Network,
    parameters: Mapping[str, Any],
    rows: Sequence[int],
    weight: Fraction,
    torch: Any,
    textbook: bool,
) -> dict[str, Any]:
    """One forward pass over the rows, then one call of torch.autograd.grad for everything."""
    leaves = {name: tensor.detach().clone().requires_grad_() for name, tensor in parameters.items()}
    dtype = leaves["W_0"].dtype
    inputs = _tensor([network.inputs[row] for row in rows], torch, dtype).requires_grad_()
    targets = None
    if network.targets is not None:
        targets = _tensor([network.targets[row] for row in rows], torch, dtype)
    a, pre_activations, outputs = inputs, [], []
    for layer in network.layers:
        weights = leaves[layer.weights_name]
        z = a @ weights if layer.row_convention else a @ weights.T
        if layer.bias is not None:
            z = z + leaves[layer.bias_name]
        p = None if layer.parameter is None else nearest_float(layer.parameter)
        function = layer.rule.textbook if textbook and layer.rule.textbook else layer.rule.torch
        # A copy even for identity, so that each quantity has a gradient of its own.
        a = function(z, torch, p).clone()
        pre_activations.append(z)
        outputs.append(a)
    stable = None if textbook else network.loss.torch_stable.get(network.layers[-1].activation)
    if stable is None:
        losses = network.loss.torch(a, targets, torch)
    else:
        losses = stable.torch(pre_activations[-1], targets, torch)
    share = float(weight)
    total = losses.sum() * share
    if network.l2 != 0:
        squares = sum((leaves[layer.weights_name] ** 2).sum() for layer in network.layers)
        total = total + nearest_float(network.l2) * squares
    sources = {**leaves, "input": inputs}
    for k in range(len(network.layers)):
        sources[f"pre_activation_gradient_{k}"] = pre_activations[k]
        sources[f"output_gradient_{k}"] = outputs[k]
    last = f"output_gradient_{len(network.layers) - 1}"
    if stable is not None:  # the loss was not computed from the output: its gradient needs a graph of its own
        del sources[last]
    gradients = torch.autograd.grad(total, list(sources.values()))
    found = dict(zip(sources, gradients, strict=True)) | {"row_losses": losses, "loss": total}
    if stable is not None:
        leaf = outputs[-1].detach().clone().requires_grad_()
        again = network.loss.torch(leaf, targets, torch).sum() * share
        found[last] = torch.autograd.grad(again, leaf)[0]
    for k in range(len(network.layers)):
        found[f"pre_activation_{k}"] = pre_activations[k]
        found[f"output_{k}"] = outputs[k]
    return found
