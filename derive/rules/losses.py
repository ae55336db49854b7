"""The losses: one table, one row each; a new loss is a new row and nothing else.

As in `activations`, a row says the same thing three times: as an exact rule over lists (`value`,
`gradient`; `m` is SymPy or an exact number system), over NumPy arrays (`array`, `array_gradient`)
and in torch (`torch` from the output; `torch_stable` from the pre-activation, where torch has a
function that neither overflows nor cancels). All are for one row of the batch in NumPy and the exact
rules, for all rows (a vector of losses comes back) in torch.

`a` is the output of the last layer, `y` the target, `z` the pre-activation of the last layer.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from derive.rules import notation

# A mean as the table writes it; the brackets of a frame go with it.
_MEAN = re.compile(r"\\t?frac\{+1\}+\{+<n>\}+ (?:\((\{\})\))?")

Rule = Callable[..., Any]


@dataclass(frozen=True)
class Stable:
    """A loss that torch computes from the pre-activation of the last layer.

    Attributes:
        torch: (z, y, torch) -> losses of the rows.
        delta: (a, y) -> the closed form that loss gradient times activation Jacobian collapse to.
        formula: LaTeX of that closed form, for `<a>`, `<y>` and the product sign `<o>`.
        sensitivity: (y) -> how much of the slope of the activation stays in the derivative of delta.
        terms: (a, y) -> size of the largest term of each delta.
        listing: The losses of the rows as PyTorch code, for `<z>` and `<y>`.
        code: The closed form as NumPy code of one example, for `<a>` and `<y>`.
    """

    torch: Rule
    delta: Rule
    formula: str
    sensitivity: Rule
    terms: Rule
    listing: str
    code: str


@dataclass(frozen=True)
class Listing:
    """The loss as a student writes it, with `<a>` and `<y>` for the names of a listing.

    Attributes:
        value: NumPy expression of the loss of one example; gradient: of its derivative for the output.
        torch: PyTorch expression of the losses of all examples.
    """

    value: str
    gradient: str
    torch: str


@dataclass(frozen=True)
class Loss:
    """One loss.

    Attributes:
        latex: LaTeX of the definition, for `<a>`, `<y>` and the number of outputs `<n>`.
        entry: LaTeX of what one output adds; `frame`: what stands around the sum of these.
        gradient_entry: LaTeX of the derivative for one output.
        value: (a, y, m) -> loss of one row.
        gradient: (a, y, m) -> derivative for each entry of `a`.
        array: (a, y, xp) -> loss; a, y: (n,).
        array_gradient: (a, y, xp) -> (n,).
        torch: (a, y, torch) -> losses of the rows (rows,).
        torch_stable: Activation of the last layer -> how torch computes the two together.
        value_error: (a, y, e, u, xp) -> rounding error of `array` for errors `e` of `a`; `u` is the
            relative error of one operation.
        gradient_error: (a, y, e, u) -> the same for `array_gradient`.
        listing: The same loss in the code that a student writes.
        probability: Whether the output must be a probability.
        target: Whether there is a target at all.
    """

    latex: str
    entry: str
    frame: str
    gradient_entry: str
    value: Rule
    gradient: Rule
    array: Rule
    array_gradient: Rule
    torch: Rule
    value_error: Rule
    gradient_error: Rule
    listing: Listing
    torch_stable: Mapping[str, Stable] = field(default_factory=dict, hash=False)
    probability: bool = False
    target: bool = True


def fill(template: str, a: str = "", y: str = "", n: int = 1, product: str = r"\,") -> str:
    """A formula of the table with spellings for `<a>`, `<y>`, `<n>` and the product sign `<o>`.

    Where there is one output, nothing is divided by its number: 2 stands for 2/1, and 1/1 is left out.
    """
    if n == 1:
        template = _MEAN.sub(r"\1", template).replace(r"\tfrac{2}{<n>}", "2")
    return notation.fill(template, {"a": a, "y": y, "n": str(n), "o": product})


def _relative(e: Any, a: Any) -> Any:
    """Relative error of a / (a + e): none is left to bound once e is half of a."""
    share = e / abs(a)
    return share / (1 - 2 * share.clip(max=0.5))


def _squares(a: Any, y: Any) -> Any:
    return sum((output - target) ** 2 for output, target in zip(a, y, strict=True))


def _differences(a: Any, y: Any, factor: Any) -> list[Any]:
    return [factor * (output - target) for output, target in zip(a, y, strict=True)]


def _error_of_differences(a: Any, y: Any, e: Any, u: Any) -> Any:
    return e + u * (abs(y) + 3 * abs(a - y))


def _error_of_squares(a: Any, y: Any, e: Any, u: Any) -> Any:
    error = _error_of_differences(a, y, e, u)
    return ((2 * abs(a - y) + error) * error + u * (len(a) + 3) * (a - y) ** 2).sum()


def _entropy_with_logits(z: Any, y: Any, torch: Any) -> Any:
    return -(y * torch.nn.functional.logsigmoid(z)).sum(dim=-1)


def _binary_with_logits(z: Any, y: Any, torch: Any) -> Any:
    both = torch.nn.functional.binary_cross_entropy_with_logits(z, y, reduction="none")
    return both.sum(dim=-1)


LOSSES: Mapping[str, Loss] = {
    "cross_entropy": Loss(
        latex=r"-\sum_k <y>_k \log <a>_k",
        entry=r"<y> \log <a>",
        frame="-({})",
        gradient_entry=r"-\frac{<y>}{<a>}",
        value=lambda a, y, m: -sum(y_k * m.log(a_k) for a_k, y_k in zip(a, y, strict=True)),
        gradient=lambda a, y, m: [-y_k / a_k for a_k, y_k in zip(a, y, strict=True)],
        array=lambda a, y, xp: -sum(y * xp.log(a)),
        array_gradient=lambda a, y, xp: -y / a,
        torch=lambda a, y, torch: -(y * torch.log(a)).sum(dim=-1),
        value_error=lambda a, y, e, u, xp: (
            abs(y) * (_relative(e, a) + u * (len(a) + 1) * abs(xp.log(a)))
        ).sum(),
        gradient_error=lambda a, y, e, u: abs(y / a) * (_relative(e, a) + u),
        listing=Listing("-np.sum(<y> * np.log(<a>))", "-<y> / <a>", "-(<y> * torch.log(<a>)).sum(dim=-1)"),
        torch_stable={
            "softmax": Stable(
                torch=lambda z, y, torch: -(y * torch.log_softmax(z, dim=-1)).sum(dim=-1),
                delta=lambda a, y: [sum(y) * a_k - y_k for a_k, y_k in zip(a, y, strict=True)],
                formula=r"\Bigl(\sum_k <y>_k\Bigr) <a> - <y>",
                sensitivity=lambda y: abs(y).sum(),
                terms=lambda a, y: abs(y).sum() * a + abs(y),
                listing="-(<y> * torch.log_softmax(<z>, dim=-1)).sum(dim=-1)",
                code="<y>.sum() * <a> - <y>",
            ),
            "sigmoid": Stable(
                torch=_entropy_with_logits,
                delta=lambda a, y: [y_k * (a_k - 1) for a_k, y_k in zip(a, y, strict=True)],
                formula="<y><o>(<a> - 1)",
                sensitivity=lambda y: abs(y),
                terms=lambda a, y: abs(y) * (1 + a),
                listing="-(<y> * torch.nn.functional.logsigmoid(<z>)).sum(dim=-1)",
                code="<y> * (<a> - 1)",
            ),
        },
        probability=True,
    ),
    "binary_cross_entropy": Loss(
        latex=r"-\sum_k \bigl(<y>_k \log <a>_k + (1 - <y>_k) \log(1 - <a>_k)\bigr)",
        entry=r"<y> \log <a> + (1 - <y>) \log(1 - <a>)",
        frame="-({})",
        gradient_entry=r"\frac{1 - <y>}{1 - <a>} - \frac{<y>}{<a>}",
        value=lambda a, y, m: (
            -sum(y_k * m.log(a_k) + (1 - y_k) * m.log(1 - a_k) for a_k, y_k in zip(a, y, strict=True))
        ),
        gradient=lambda a, y, m: [(1 - y_k) / (1 - a_k) - y_k / a_k for a_k, y_k in zip(a, y, strict=True)],
        array=lambda a, y, xp: -sum(y * xp.log(a) + (1 - y) * xp.log(1 - a)),
        array_gradient=lambda a, y, xp: -y / a + (1 - y) / (1 - a),
        torch=lambda a, y, torch: -(y * torch.log(a) + (1 - y) * torch.log1p(-a)).sum(dim=-1),
        value_error=lambda a, y, e, u, xp: (
            abs(y) * (_relative(e, a) + u * (len(a) + 2) * abs(xp.log(a)))
            + abs(1 - y) * (_relative(e + u, 1 - a) + u * (len(a) + 2) * abs(xp.log(1 - a)))
        ).sum(),
        gradient_error=lambda a, y, e, u: (
            abs(y / a) * (_relative(e, a) + u) + abs((1 - y) / (1 - a)) * (_relative(e + u, 1 - a) + u)
        ),
        listing=Listing(
            "-np.sum(<y> * np.log(<a>) + (1 - <y>) * np.log(1 - <a>))",
            "(1 - <y>) / (1 - <a>) - <y> / <a>",
            "-(<y> * torch.log(<a>) + (1 - <y>) * torch.log1p(-<a>)).sum(dim=-1)",
        ),
        torch_stable={
            "sigmoid": Stable(
                torch=_binary_with_logits,
                delta=lambda a, y: [a_k - y_k for a_k, y_k in zip(a, y, strict=True)],
                formula="<a> - <y>",
                sensitivity=lambda y: 1,
                terms=lambda a, y: a + abs(y),
                listing=(
                    "torch.nn.functional.binary_cross_entropy_with_logits(<z>, <y>, reduction='none')"
                    ".sum(dim=-1)"
                ),
                code="<a> - <y>",
            )
        },
        probability=True,
    ),
    "squared_error": Loss(
        latex=r"\sum_k (<a>_k - <y>_k)^2",
        entry="(<a> - <y>)^2",
        frame="{}",
        gradient_entry=r"2\,(<a> - <y>)",
        value=lambda a, y, m: _squares(a, y),
        gradient=lambda a, y, m: _differences(a, y, 2),
        array=lambda a, y, xp: sum((a - y) ** 2),
        array_gradient=lambda a, y, xp: 2 * (a - y),
        torch=lambda a, y, torch: ((a - y) ** 2).sum(dim=-1),
        value_error=lambda a, y, e, u, xp: _error_of_squares(a, y, e, u),
        gradient_error=lambda a, y, e, u: 2 * _error_of_differences(a, y, e, u),
        listing=Listing("np.sum((<a> - <y>) ** 2)", "2 * (<a> - <y>)", "((<a> - <y>) ** 2).sum(dim=-1)"),
    ),
    "half_squared_error": Loss(
        latex=r"\frac{1}{2} \sum_k (<a>_k - <y>_k)^2",
        entry="(<a> - <y>)^2",
        frame=r"\tfrac{{1}}{{2}} ({})",
        gradient_entry="<a> - <y>",
        value=lambda a, y, m: _squares(a, y) / 2,
        gradient=lambda a, y, m: _differences(a, y, 1),
        array=lambda a, y, xp: sum((a - y) ** 2) / 2,
        array_gradient=lambda a, y, xp: a - y,
        torch=lambda a, y, torch: 0.5 * ((a - y) ** 2).sum(dim=-1),
        value_error=lambda a, y, e, u, xp: _error_of_squares(a, y, e, u) / 2,
        gradient_error=lambda a, y, e, u: 2 * _error_of_differences(a, y, e, u) / 2,
        listing=Listing("np.sum((<a> - <y>) ** 2) / 2", "<a> - <y>", "((<a> - <y>) ** 2).sum(dim=-1) / 2"),
    ),
    "mean_squared_error": Loss(
        latex=r"\frac{1}{<n>} \sum_k (<a>_k - <y>_k)^2",
        entry="(<a> - <y>)^2",
        frame=r"\tfrac{{1}}{{<n>}} ({})",
        gradient_entry=r"\tfrac{2}{<n>}(<a> - <y>)",
        value=lambda a, y, m: _squares(a, y) / len(a),
        gradient=lambda a, y, m: _differences(a, y, m.one * 2 / len(a)),
        array=lambda a, y, xp: sum((a - y) ** 2) / len(a),
        array_gradient=lambda a, y, xp: 2 * (a - y) / len(a),
        torch=lambda a, y, torch: torch.nn.functional.mse_loss(a, y, reduction="none").mean(dim=-1),
        value_error=lambda a, y, e, u, xp: _error_of_squares(a, y, e, u) / len(a),
        gradient_error=lambda a, y, e, u: 2 * _error_of_differences(a, y, e, u) / len(a),
        listing=Listing(
            "np.mean((<a> - <y>) ** 2)", "2 * (<a> - <y>) / <a>.size", "((<a> - <y>) ** 2).mean(dim=-1)"
        ),
    ),
    "sum": Loss(
        latex=r"\sum_k <a>_k",
        entry="<a>",
        frame="{}",
        gradient_entry="1",
        value=lambda a, y, m: sum(a),
        gradient=lambda a, y, m: [m.one for _ in a],
        array=lambda a, y, xp: sum(a),
        array_gradient=lambda a, y, xp: a * 0 + 1,
        torch=lambda a, y, torch: a.sum(dim=-1),
        target=False,
        value_error=lambda a, y, e, u, xp: (e + u * len(a) * abs(a)).sum(),
        gradient_error=lambda a, y, e, u: 0 * e,
        listing=Listing("np.sum(<a>)", "np.ones_like(<a>)", "<a>.sum(dim=-1)"),
    ),
}
