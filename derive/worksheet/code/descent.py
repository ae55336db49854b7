"""Gradient descent as a student writes it: one step by hand, several with torch."""

from collections.abc import Iterator

from derive.worksheet.code import autograd
from derive.worksheet.code.names import Names, number
from derive.worksheet.sheet import Sheet


def descent(sheet: Sheet, names: Names) -> str:
    """What an exercise asks for; empty where it asks for none, or nothing moves."""
    step = sheet.network.step
    if step is None:
        return ""
    moving = [name for name in names.parameters() if name not in step.frozen]
    if not moving:
        return ""
    by_hand = step.count == 1 and (step.order == "batch" or sheet.single)
    lines = _step(names, moving, number(step.learning_rate)) if by_hand else _steps(sheet, names, moving)
    return "\n".join([*lines, *(f"print({names[name]}_new)" for name in moving)])


def _step(names: Names, moving: list[str], rate: str) -> Iterator[str]:
    for name in moving:
        yield f"{names[name]}_new = {names[name]} - {rate} * grad_{names[name]}"


def _steps(sheet: Sheet, names: Names, moving: list[str]) -> Iterator[str]:
    step = sheet.network.step
    assert step is not None
    yield from ["import torch", ""]
    yield from autograd.parameters(names)
    rows, indent = "", "    "
    yield f"for step in range({step.count}):"
    if step.order == "row":
        rows, indent = "[row : row + 1]", "        "
        yield f"    for row in range(len({names['input']})):"
    tensors = ", ".join(f"{names[name]}_t" for name in names.parameters())
    body = [*autograd.data(sheet, names, rows), *autograd.forward(sheet, names), *autograd.loss(sheet, names)]
    body.append(f"gradients = torch.autograd.grad({names['loss']}_t, [{tensors}])")
    for place, name in enumerate(names.parameters()):
        if name in moving:
            moved = f"{names[name]}_t - {number(step.learning_rate)} * gradients[{place}]"
            body.append(f"{names[name]}_t = ({moved}).detach().requires_grad_()")
    yield from (indent + line for line in body)
    yield from (f"{names[name]}_new = {names[name]}_t.detach().numpy()" for name in moving)
