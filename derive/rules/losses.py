"""The losses: one table, one row each; a new loss is a new row and nothing else.

As in `activations`, a row says the same thing three times: as an exact rule over lists (`value`,
`gradient`; `m` is SymPy or an exact number system), over NumPy arrays (`array`, `array_gradient`)
and in torch (`torch` from the output; `torch_stable` from the pre-activation, where torch has a
function that neither overflows nor cancels). All are for one row of the batch in NumPy and the exact
rules, for all rows (a vector of losses comes back) in torch.

`a` is the output of the last layer, `y` the target, `z` the pre-activation of the last layer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Rule = Callable[..., Any]


@dataclass(frozen=True)
class Loss:
    """One loss.

    Attributes:
        latex: LaTeX of the definition in output entries `a_k` and target entries `y_k`.
        value: (a, y, m) -> loss of one row.
        gradient: (a, y, m) -> derivative for each entry of `a`.
        array: (a, y, xp) -> loss; a, y: (n,).
        array_gradient: (a, y, xp) -> (n,).
        torch: (a, y, torch) -> losses of the rows (rows,).
        torch_stable: activation of the last layer -> (z, y, torch) -> losses of the rows.
        probability: Whether the output must be a probability.
        target: Whether there is a target at all.
    """

    latex: str
    value: Rule
    gradient: Rule
    array: Rule
    array_gradient: Rule
    torch: Rule
    torch_stable: Mapping[str, Rule] = field(default_factory=dict)
    probability: bool = False
    target: bool = True


def _squares(a: Any, y: Any) -> Any:
    return sum((output - target) ** 2 for output, target in zip(a, y, strict=True))


def _differences(a: Any, y: Any, factor: Any) -> list[Any]:
    return [factor * (output - target) for output, target in zip(a, y, strict=True)]


def _entropy_with_logits(z: Any, y: Any, torch: Any) -> Any:
    return -(y * torch.nn.functional.logsigmoid(z)).sum(dim=-1)


def _binary_with_logits(z: Any, y: Any, torch: Any) -> Any:
    both = torch.nn.functional.binary_cross_entropy_with_logits(z, y, reduction="none")
    return both.sum(dim=-1)


LOSSES: Mapping[str, Loss] = {
    "cross_entropy": Loss(
        latex=r"-\sum_k y_k \log a_k",
        value=lambda a, y, m: -sum(y_k * m.log(a_k) for a_k, y_k in zip(a, y, strict=True)),
        gradient=lambda a, y, m: [-y_k / a_k for a_k, y_k in zip(a, y, strict=True)],
        array=lambda a, y, xp: -sum(y * xp.log(a)),
        array_gradient=lambda a, y, xp: -y / a,
        torch=lambda a, y, torch: -(y * torch.log(a)).sum(dim=-1),
        torch_stable={
            "softmax": lambda z, y, torch: -(y * torch.log_softmax(z, dim=-1)).sum(dim=-1),
            "sigmoid": _entropy_with_logits,
        },
        probability=True,
    ),
    "binary_cross_entropy": Loss(
        latex=r"-\sum_k \bigl(y_k \log a_k + (1 - y_k) \log(1 - a_k)\bigr)",
        value=lambda a, y, m: -sum(
            y_k * m.log(a_k) + (1 - y_k) * m.log(1 - a_k) for a_k, y_k in zip(a, y, strict=True)
        ),
        gradient=lambda a, y, m: [
            (1 - y_k) / (1 - a_k) - y_k / a_k for a_k, y_k in zip(a, y, strict=True)
        ],
        array=lambda a, y, xp: -sum(y * xp.log(a) + (1 - y) * xp.log(1 - a)),
        array_gradient=lambda a, y, xp: -y / a + (1 - y) / (1 - a),
        torch=lambda a, y, torch: -(y * torch.log(a) + (1 - y) * torch.log1p(-a)).sum(dim=-1),
        torch_stable={"sigmoid": _binary_with_logits},
        probability=True,
    ),
    "squared_error": Loss(
        latex=r"\sum_k (a_k - y_k)^2",
        value=lambda a, y, m: _squares(a, y),
        gradient=lambda a, y, m: _differences(a, y, 2),
        array=lambda a, y, xp: sum((a - y) ** 2),
        array_gradient=lambda a, y, xp: 2 * (a - y),
        torch=lambda a, y, torch: ((a - y) ** 2).sum(dim=-1),
    ),
    "half_squared_error": Loss(
        latex=r"\frac{1}{2} \sum_k (a_k - y_k)^2",
        value=lambda a, y, m: _squares(a, y) / 2,
        gradient=lambda a, y, m: _differences(a, y, 1),
        array=lambda a, y, xp: sum((a - y) ** 2) / 2,
        array_gradient=lambda a, y, xp: a - y,
        torch=lambda a, y, torch: 0.5 * ((a - y) ** 2).sum(dim=-1),
    ),
    "mean_squared_error": Loss(
        latex=r"\frac{1}{n} \sum_k (a_k - y_k)^2",
        value=lambda a, y, m: _squares(a, y) / len(a),
        gradient=lambda a, y, m: _differences(a, y, m.one * 2 / len(a)),
        array=lambda a, y, xp: sum((a - y) ** 2) / len(a),
        array_gradient=lambda a, y, xp: 2 * (a - y) / len(a),
        torch=lambda a, y, torch: torch.nn.functional.mse_loss(a, y, reduction="none").mean(dim=-1),
    ),
    "sum": Loss(
        latex=r"\sum_k a_k",
        value=lambda a, y, m: sum(a),
        gradient=lambda a, y, m: [m.one for _ in a],
        array=lambda a, y, xp: sum(a),
        array_gradient=lambda a, y, xp: a * 0 + 1,
        torch=lambda a, y, torch: a.sum(dim=-1),
        target=False,
    ),
}
