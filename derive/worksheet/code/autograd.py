"""The torch side of the listings, and the comparisons that would fail."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from derive.rules import activations, losses
from derive.worksheet.code.names import Names, fill
from derive.worksheet.sheet import Sheet

_RTOL, _ATOL = "1e-9", "1e-12"  # what the listings ask of each other
_CLOSE = f"rtol={_RTOL}, atol={_ATOL}"


def torch(sheet: Sheet, names: Names) -> str:
    """The same network with automatic differentiation."""
    lines = ["import torch", "", *data(sheet, names), *parameters(names), ""]
    lines += [*forward(sheet, names), *loss(sheet, names), f"{names['loss']}_t.backward()"]
    lines += [f"print({names[name]}_t.grad)" for name in names.parameters()]
    return "\n".join(lines)


def data(sheet: Sheet, names: Names, rows: str = "") -> Iterator[str]:
    """Input and target as tensors, or some rows of them."""
    given = ["input"] if sheet.network.targets is None else ["input", "target"]
    yield from (f"{names[name]}_t = torch.tensor({names[name]}{rows})" for name in given)


def parameters(names: Names) -> Iterator[str]:
    """The parameters as tensors that gradients are wanted for."""
    for name in names.parameters():
        yield f"{names[name]}_t = torch.tensor({names[name]}, requires_grad=True)"


def forward(sheet: Sheet, names: Names) -> Iterator[str]:
    """Through the layers."""
    read = f"{names['input']}_t"
    for layer in sheet.network.layers:
        k = layer.index
        product = _torch_product(sheet, read, f"{names[layer.weights_name]}_t")
        bias = "" if layer.bias is None else f" + {names[layer.bias_name]}_t"
        yield f"{names[f'pre_activation_{k}']}_t = {product}{bias}"
        read = f"{names[f'output_{k}']}_t"
        yield f"{read} = {fill(layer.rule.listing.torch, sheet, names, layer, '_t')}"


def loss(sheet: Sheet, names: Names) -> Iterator[str]:
    """The loss of all rows."""
    network = sheet.network
    stable = network.loss.torch_stable.get(sheet.last.activation)
    y = f"{names['target']}_t"
    if stable is not None:
        logits = f"{names[f'pre_activation_{sheet.depth - 1}']}_t"
        found = activations.fill(stable.listing, z=logits).replace("<y>", y)
    else:
        found = losses.fill(network.loss.listing.torch, a=f"{names[f'output_{sheet.depth - 1}']}_t", y=y)
    python = f"{names['loss']}_t"
    reduced = "" if sheet.single else ".mean()" if network.reduction == "mean" else ".sum()"
    yield f"{python} = {found if not reduced else f'({found})' + reduced}"
    if network.l2 != 0:
        squares = " + ".join(f"({names[layer.weights_name]}_t ** 2).sum()" for layer in network.layers)
        yield f"{python} = {python} + lam * ({squares})"


def _torch_product(sheet: Sheet, read: str, weights: str) -> str:
    if sheet.network.row_convention:
        return f"{read} @ {weights}"
    return f"{weights} @ {read}" if sheet.single else f"{read} @ {weights}.T"


def compare(sheet: Sheet, names: Names) -> str:
    """The NumPy chain held against torch; where double precision drives them apart, both are printed."""
    found = {"loss": (names["loss"], f"{names['loss']}_t.item()")}
    for name in names.parameters():
        found[name] = (f"grad_{names[name]}", f"{names[name]}_t.grad.numpy()")
    return "\n".join(
        f"np.testing.assert_allclose({chain}, {torch}, {_CLOSE})"
        if _is_close(sheet, name)
        else f"print({chain}, {torch}, sep='\\n')"
        for name, (chain, torch) in found.items()
    )


def _is_close(sheet: Sheet, name: str) -> bool:
    chain, torch = (sheet.verification.source(source).values for source in ("jacobians", "autograd"))
    if chain is None or torch is None:
        return True
    return bool(np.allclose(chain[name], torch[name], rtol=float(_RTOL), atol=float(_ATOL)))


def exact(sheet: Sheet, names: Names) -> str:
    """The NumPy chain held against the exact values; empty where float64 can't come close to them."""
    if sheet.verification.source("jacobians").verdict != "agrees":
        return ""
    values = sheet.solution.values
    shown = {"loss": names["loss"]} | {name: f"grad_{names[name]}" for name in names.parameters()}
    lines = []
    for name, python in shown.items():
        nested = _floats(values[name])
        lines.append(f"np.testing.assert_allclose({python}, {nested}, {_CLOSE})")
    return "\n".join(lines)


def _floats(array: Any) -> str:
    if array.ndim == 0:
        return repr(float(array[()].fraction))
    if array.ndim == 1:
        return "[" + ", ".join(repr(float(value.fraction)) for value in array) + "]"
    return "[" + ", ".join(_floats(row) for row in array) + "]"
