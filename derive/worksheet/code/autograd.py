"""The torch side of the listings, and the comparisons that would fail."""

from typing import Any

from derive.rules import activations, losses
from derive.worksheet.code.names import Names, fill
from derive.worksheet.sheet import Sheet


def torch(sheet: Sheet, names: Names) -> str:
    """The same network with automatic differentiation."""
    network = sheet.network
    lines = ["import torch", ""]
    lines.append(f"{names['input']}_t = torch.tensor({names['input']})")
    if network.targets is not None:
        lines.append(f"{names['target']}_t = torch.tensor({names['target']})")
    lines += [
        f"{names[name]}_t = torch.tensor({names[name]}, requires_grad=True)" for name in names.parameters()
    ]
    lines.append("")
    read = f"{names['input']}_t"
    for layer in network.layers:
        k = layer.index
        weights = f"{names[layer.weights_name]}_t"
        product = _torch_product(sheet, read, weights)
        bias = "" if layer.bias is None else f" + {names[layer.bias_name]}_t"
        lines.append(f"{names[f'pre_activation_{k}']}_t = {product}{bias}")
        read = f"{names[f'output_{k}']}_t"
        lines.append(f"{read} = {fill(layer.rule.listing.torch, sheet, names, layer, '_t')}")
    stable = network.loss.torch_stable.get(sheet.last.activation)
    y = f"{names['target']}_t"
    if stable is not None:
        logits = f"{names[f'pre_activation_{sheet.depth - 1}']}_t"
        found = activations.fill(stable.listing, z=logits).replace("<y>", y)
    else:
        found = losses.fill(network.loss.listing.torch, a=read, y=y)
    loss = f"{names['loss']}_t"
    reduced = "" if sheet.single else ".mean()" if network.reduction == "mean" else ".sum()"
    lines.append(f"{loss} = {found if not reduced else f'({found})' + reduced}")
    if network.l2 != 0:
        squares = " + ".join(f"({names[layer.weights_name]}_t ** 2).sum()" for layer in network.layers)
        lines.append(f"{loss} = {loss} + lam * ({squares})")
    lines.append(f"{loss}.backward()")
    lines += [f"print({names[name]}_t.grad)" for name in names.parameters()]
    return "\n".join(lines)


def _torch_product(sheet: Sheet, read: str, weights: str) -> str:
    if sheet.network.row_convention:
        return f"{read} @ {weights}"
    return f"{weights} @ {read}" if sheet.single else f"{read} @ {weights}.T"


def compare(names: Names) -> str:
    """The NumPy chain held against torch."""
    lines = [f"np.testing.assert_allclose({names['loss']}, {names['loss']}_t.item(), rtol=1e-9, atol=1e-12)"]
    lines += [
        f"np.testing.assert_allclose(grad_{names[name]}, {names[name]}_t.grad.numpy(), rtol=1e-9, atol=1e-12)"
        for name in names.parameters()
    ]
    return "\n".join(lines)


def exact(sheet: Sheet, names: Names) -> str:
    """The NumPy chain held against the exact values; empty where float64 can't come close to them."""
    if sheet.verification.source("jacobians").verdict != "agrees":
        return ""
    values = sheet.solution.values
    shown = {"loss": names["loss"]} | {name: f"grad_{names[name]}" for name in names.parameters()}
    lines = []
    for name, python in shown.items():
        nested = _floats(values[name])
        lines.append(f"np.testing.assert_allclose({python}, {nested}, rtol=1e-9, atol=1e-12)")
    return "\n".join(lines)


def _floats(array: Any) -> str:
    if array.ndim == 0:
        return repr(float(array[()].fraction))
    if array.ndim == 1:
        return "[" + ", ".join(repr(float(value.fraction)) for value in array) + "]"
    return "[" + ", ".join(_floats(row) for row in array) + "]"
