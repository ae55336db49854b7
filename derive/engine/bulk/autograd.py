"""torch over many networks: batched weights, one call of autograd for all of them.

Of the derivation, the exact integers and the NumPy chain nothing is imported. Losses of different
networks depend on different leaves, so the gradient of their sum is the gradient of each.
"""

from typing import Any

from derive.engine.autograd import library
from derive.engine.bulk.model import Batch, Floats, read


def compute(batch: Batch) -> dict[str, Floats]:
    """Every quantity of every network, derivatives by torch; names and shapes as in `chain.compute`.

    Raises:
        TorchMissingError: torch is not installed, does not load or fails.
    """
    with library() as torch:
        return _computed(batch, torch)


def _computed(batch: Batch, torch: Any) -> dict[str, Floats]:
    over = batch.denominators

    def leaf(integers: Any, denominator: int) -> Any:
        return torch.from_numpy(read(integers, denominator)).requires_grad_()

    a = leaf(batch.inputs, over.inputs)
    leaves = {"input": a}
    squares, found = 0, {}
    for k, (integers, bias) in enumerate(zip(batch.weights, batch.biases, strict=True)):
        weights = leaves[f"W_{k}"] = leaf(integers, over.weights)
        z = (a[:, :, None] * weights).sum(dim=1)
        if bias is not None:
            leaves[f"b_{k}"] = leaf(bias, over.biases)
            z = z + leaves[f"b_{k}"]
        number = batch.parameter(k)
        # torch's rows have the units last.
        rows = batch.rules[k].torch(z.movedim(1, -1), torch, None if number is None else float(number))
        a = rows.movedim(-1, 1)
        found[f"pre_activation_{k}"], found[f"output_{k}"] = z, a
        squares = squares + (weights**2).sum() if batch.l2 else squares
    y = None
    if batch.targets is not None:
        y = torch.from_numpy(read(batch.targets, over.targets)).movedim(1, -1)
    stable = batch.loss_rule.torch_stable.get(batch.activations[-1])
    if stable is None:
        losses = batch.loss_rule.torch(a.movedim(1, -1), y, torch)
    else:
        losses = stable.torch(z.movedim(1, -1), y, torch)
    share, factor = float(batch.row_weight), float(batch.l2)
    found["loss"] = losses.sum(dim=0) * share
    total = found["loss"].sum() + factor * squares
    if factor:
        parts = [(leaves[f"W_{k}"] ** 2).sum(dim=(0, 1)) for k in range(len(batch.weights))]
        found["loss"] = found["loss"] + factor * sum(parts)
    moved = leaves | {
        f"pre_activation_gradient_{k}": found[f"pre_activation_{k}"] for k in range(len(batch.weights))
    }
    gradients = torch.autograd.grad(total, list(moved.values()))
    found |= dict(zip(moved, gradients, strict=True))
    return {name: tensor.detach().numpy() for name, tensor in found.items()}
