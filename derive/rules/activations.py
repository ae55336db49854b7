"""The activations: one table, one row each; a new activation is a new row and nothing else.

A row holds the same function three times, written separately, because the three are held against
each other: as an exact rule (`value`, `slope`; handed SymPy or one of the exact number systems as
`m`), as a NumPy function (`array`, `array_slope`; handed NumPy or a namespace for object arrays as
`xp`) and as torch knows it (`torch`; handed the torch module). Nothing heavy is imported here.

`z` is the pre-activation, `a` the output, `p` the row's parameter (None where it has none).
`m.step(z)` is 1 for z > 0, else 0: at a kink the derivative is the left one, as in torch.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from derive.rules.activation import Activation, Listing, Rule, fill

__all__ = ["ACTIVATIONS", "Activation", "Listing", "Rule", "fill"]


def _logistic(z: Any, m: Any) -> Any:
    return 1 / (1 + m.exp(-z))


def _normal(z: Any, m: Any) -> Any:
    """The standard normal distribution function, which GELU weighs its argument with."""
    return (1 + m.erf(z / m.sqrt(2))) / 2


def _bell(z: Any, m: Any) -> Any:
    return m.exp(-z * z / 2) / m.sqrt(2 * m.pi)


def _softmax(z: Any, m: Any) -> list[Any]:
    powers = [m.exp(entry) for entry in z]
    total = sum(powers)
    return [power / total for power in powers]


def _softmax_jacobian(a: Any) -> list[list[Any]]:
    n = len(a)
    mixed = {(i, j): -a[i] * a[j] for j in range(n) for i in range(j)}
    entries = mixed | {(i, i): a[i] * (1 - a[i]) for i in range(n)}
    return [[entries[min(i, j), max(i, j)] for j in range(n)] for i in range(n)]


def _array_softmax(z: Any, xp: Any) -> Any:
    powers = xp.exp(z - max(z))
    return powers / sum(powers)


def _textbook_softmax(z: Any, torch: Any, p: Any) -> Any:
    numerator = torch.exp(z - torch.max(z, dim=-1, keepdim=True)[0])
    return numerator / torch.sum(numerator, dim=-1, keepdim=True)


def _size_of_output(z: Any, a: Any, xp: Any, p: Any) -> Any:
    return abs(a)


_LOGISTIC = r"\frac{1}{1 + e^{-<z>}}"
_SIGMA = rf"\sigma(z) = {fill(_LOGISTIC, z='z')}"

ACTIVATIONS: Mapping[str, Activation] = {
    "identity": Activation(
        latex=r"\operatorname{id}",
        formula="<z>",
        slope_formula="1",
        value=lambda z, m, p: z,
        slope=lambda z, a, m, p: m.one,
        array=lambda z, xp, p: z,
        array_slope=lambda z, a, xp, p: z * 0 + 1,
        torch=lambda z, torch, p: z,
        curvature=lambda z, m, p: 0 * z,
        slope_terms=lambda z, a, xp, p: z * 0,
        value_terms=lambda z, a, xp, p: z * 0,
        listing=Listing("<z>", "np.ones_like(<z>)", "<z>"),
        piecewise_linear=True,
    ),
    "relu": Activation(
        latex=r"\operatorname{ReLU}",
        formula=r"\max(0, <z>)",
        slope_formula=r"\mathbb{1}[<z> > 0]",
        value=lambda z, m, p: m.step(z) * z,
        slope=lambda z, a, m, p: m.step(z),
        array=lambda z, xp, p: xp.maximum(z, 0),
        array_slope=lambda z, a, xp, p: xp.where(z > 0, 1, 0),
        torch=lambda z, torch, p: torch.relu(z),
        curvature=lambda z, m, p: 0 * z,
        slope_terms=lambda z, a, xp, p: z * 0,
        value_terms=lambda z, a, xp, p: z * 0,
        listing=Listing("np.maximum(<z>, 0)", "np.where(<z> > 0, 1.0, 0.0)", "torch.relu(<z>)"),
        piecewise_linear=True,
        kink=lambda p: (0, 1),
    ),
    "leaky_relu": Activation(
        latex=r"\operatorname{LeakyReLU}",
        formula=r"\max(<z>, 0) + <p> \min(<z>, 0)",
        slope_formula=r"(\mathbb{1}[<z> > 0] + <p>\,\mathbb{1}[<z> \le 0])",
        value=lambda z, m, p: (m.step(z) + p * (1 - m.step(z))) * z,
        slope=lambda z, a, m, p: m.step(z) + p * (1 - m.step(z)),
        array=lambda z, xp, p: xp.where(z > 0, z, p * z),
        array_slope=lambda z, a, xp, p: xp.where(z > 0, 1, p),
        torch=lambda z, torch, p: torch.nn.functional.leaky_relu(z, p),
        curvature=lambda z, m, p: 0 * z,
        slope_terms=lambda z, a, xp, p: xp.where(z > 0, 0, abs(p)),
        value_terms=_size_of_output,
        listing=Listing(
            "np.where(<z> > 0, <z>, <p> * <z>)",
            "np.where(<z> > 0, 1.0, <p>)",
            "torch.nn.functional.leaky_relu(<z>, <p>)",
        ),
        parameter=Fraction(1, 100),
        piecewise_linear=True,
        kink=lambda p: (min(p, 1), max(p, 1)),
    ),
    "elu": Activation(
        latex=r"\operatorname{ELU}",
        formula=r"\max(<z>, 0) + <p>\,(e^{\min(<z>, 0)} - 1)",
        slope_formula=r"(\mathbb{1}[<z> > 0] + <p>\,e^{<z>}<o>\mathbb{1}[<z> \le 0])",
        value=lambda z, m, p: m.step(z) * z + (1 - m.step(z)) * p * (m.exp(z) - 1),
        slope=lambda z, a, m, p: m.step(z) + (1 - m.step(z)) * p * m.exp(z),
        array=lambda z, xp, p: xp.where(z > 0, z, p * xp.expm1(xp.minimum(z, 0))),
        array_slope=lambda z, a, xp, p: xp.where(z > 0, 1, p * xp.exp(xp.minimum(z, 0))),
        torch=lambda z, torch, p: torch.nn.functional.elu(z, p),
        curvature=lambda z, m, p: (1 - m.step(z)) * p * m.exp(z),
        slope_terms=lambda z, a, xp, p: xp.where(z > 0, 0, abs(p) * xp.exp(xp.minimum(z, 0))),
        value_terms=_size_of_output,
        listing=Listing(
            "np.where(<z> > 0, <z>, <p> * np.expm1(np.minimum(<z>, 0)))",
            "np.where(<z> > 0, 1.0, <p> * np.exp(np.minimum(<z>, 0)))",
            "torch.nn.functional.elu(<z>, <p>)",
        ),
        parameter=Fraction(1),
        kink=lambda p: (min(p, 1), max(p, 1)) if p != 1 else (1, 1),
    ),
    "sigmoid": Activation(
        latex=r"\sigma",
        formula=_LOGISTIC,
        slope_formula="<a><o>(1 - <a>)",
        value=lambda z, m, p: _logistic(z, m),
        slope=lambda z, a, m, p: a * (1 - a),
        array=lambda z, xp, p: 1 / (1 + xp.exp(-z)),
        array_slope=lambda z, a, xp, p: a * (1 - a),
        torch=lambda z, torch, p: torch.sigmoid(z),
        curvature=lambda z, m, p: _logistic(z, m) * _logistic(-z, m) * (_logistic(-z, m) - _logistic(z, m)),
        slope_terms=_size_of_output,
        value_terms=_size_of_output,
        listing=Listing("1 / (1 + np.exp(-<z>))", "<a> * (1 - <a>)", "torch.sigmoid(<z>)"),
        probability=True,
    ),
    "tanh": Activation(
        latex=r"\tanh",
        formula=r"\tanh(<z>)",
        definition=r"\frac{e^{<z>} - e^{-<z>}}{e^{<z>} + e^{-<z>}}",
        slope_formula="(1 - <a><o><a>)",
        value=lambda z, m, p: (1 - m.exp(-2 * z)) / (1 + m.exp(-2 * z)),
        slope=lambda z, a, m, p: 1 - a**2,
        array=lambda z, xp, p: xp.tanh(z),
        array_slope=lambda z, a, xp, p: 1 - a * a,
        torch=lambda z, torch, p: torch.tanh(z),
        curvature=lambda z, m, p: -8 * (1 - m.exp(-2 * z)) * m.exp(-2 * z) / (1 + m.exp(-2 * z)) ** 3,
        slope_terms=lambda z, a, xp, p: 1 + 0 * z,
        value_terms=_size_of_output,
        listing=Listing("np.tanh(<z>)", "1 - <a> ** 2", "torch.tanh(<z>)"),
    ),
    "softplus": Activation(
        latex=r"\operatorname{softplus}",
        formula=r"\log(1 + e^{<z>})",
        slope_formula=r"\sigma(<z>)",
        slope_functions=(_SIGMA,),
        value=lambda z, m, p: m.log(1 + m.exp(z)),
        slope=lambda z, a, m, p: _logistic(z, m),
        array=lambda z, xp, p: xp.maximum(z, 0) + xp.log1p(xp.exp(-abs(z))),
        array_slope=lambda z, a, xp, p: 1 / (1 + xp.exp(-z)),
        # torch switches to z above a threshold, 20 by default: 2e-9 too small there, so it is moved.
        torch=lambda z, torch, p: torch.nn.functional.softplus(z, threshold=40),
        curvature=lambda z, m, p: _logistic(z, m) * _logistic(-z, m),
        slope_terms=lambda z, a, xp, p: 1 / (1 + xp.exp(-z)),
        value_terms=_size_of_output,
        listing=Listing(
            "np.logaddexp(0, <z>)",
            "1 / (1 + np.exp(-<z>))",
            "torch.nn.functional.softplus(<z>, threshold=40)",
        ),
    ),
    "silu": Activation(
        latex=r"\operatorname{SiLU}",
        formula=r"\frac{<z>}{1 + e^{-<z>}}",
        slope_formula=r"\sigma(<z>)<o>(1 + <z><o>\sigma(-<z>))",
        slope_functions=(_SIGMA,),
        value=lambda z, m, p: z * _logistic(z, m),
        slope=lambda z, a, m, p: _logistic(z, m) + z * _logistic(z, m) * _logistic(-z, m),
        array=lambda z, xp, p: z / (1 + xp.exp(-z)),
        array_slope=lambda z, a, xp, p: (1 + z / (1 + xp.exp(z))) / (1 + xp.exp(-z)),
        torch=lambda z, torch, p: torch.nn.functional.silu(z),
        curvature=lambda z, m, p: (
            _logistic(z, m) * _logistic(-z, m) * (2 + z * (_logistic(-z, m) - _logistic(z, m)))
        ),
        slope_terms=lambda z, a, xp, p: (1 + abs(z)) / (1 + xp.exp(-z)),
        value_terms=_size_of_output,
        listing=Listing(
            "<z> * sigmoid(<z>)",
            "sigmoid(<z>) * (1 + <z> * sigmoid(-<z>))",
            "torch.nn.functional.silu(<z>)",
            helper="def sigmoid(z):\n    return 1 / (1 + np.exp(-z))",
        ),
    ),
    "gelu": Activation(
        latex=r"\operatorname{GELU}",
        formula=r"\frac{<z>}{2} \left(1 + \operatorname{erf}\frac{<z>}{\sqrt{2}}\right)",
        slope_formula=r"(\Phi(<z>) + <z><o>\varphi(<z>))",
        slope_functions=(
            r"\Phi(z) = \frac{1}{2} \left(1 + \operatorname{erf}\frac{z}{\sqrt{2}}\right)",
            r"\varphi(z) = \frac{e^{-z^2 / 2}}{\sqrt{2 \pi}}",
        ),
        value=lambda z, m, p: z * _normal(z, m),
        slope=lambda z, a, m, p: _normal(z, m) + z * _bell(z, m),
        array=lambda z, xp, p: z * (1 + xp.erf(z / xp.sqrt(2))) / 2,
        array_slope=lambda z, a, xp, p: (
            (1 + xp.erf(z / xp.sqrt(2))) / 2 + z * xp.exp(-z * z / 2) / xp.sqrt(2 * xp.pi)
        ),
        torch=lambda z, torch, p: torch.nn.functional.gelu(z),
        curvature=lambda z, m, p: (2 - z * z) * _bell(z, m),
        # erf(z / sqrt 2) + 1 cancels for negative z: the terms are 1, whatever is left of them.
        slope_terms=lambda z, a, xp, p: 1 + abs(z) * (1 + abs(z)) * xp.exp(-z * z / 2),
        value_terms=lambda z, a, xp, p: abs(z),
        listing=Listing(
            "<z> * Phi(<z>)",
            "Phi(<z>) + <z> * np.exp(-(<z> ** 2) / 2) / np.sqrt(2 * np.pi)",
            "torch.nn.functional.gelu(<z>)",
            helper=(
                "from math import erf\n\n\ndef Phi(z):\n"
                "    return np.array([(1 + erf(t / np.sqrt(2))) / 2 for t in z])"
            ),
        ),
    ),
    "softmax": Activation(
        latex=r"\operatorname{softmax}",
        formula=r"\frac{e^{<z>_k}}{\sum_j e^{<z>_j}}",
        slope_formula=r"<a>_i\,([i = j] - <a>_j)",
        value=lambda z, m, p: _softmax(z, m),
        slope=lambda z, a, m, p: _softmax_jacobian(a),
        array=lambda z, xp, p: _array_softmax(z, xp),
        array_slope=lambda z, a, xp, p: xp.diag(a) - xp.outer(a, a),
        torch=lambda z, torch, p: torch.softmax(z, dim=-1),
        curvature=lambda z, m, p: 0 * z,
        slope_terms=_size_of_output,
        value_terms=_size_of_output,
        listing=Listing(
            "softmax(<z>)",
            "np.diag(<a>) - np.outer(<a>, <a>)",
            "torch.softmax(<z>, dim=-1)",
            helper=(
                "def softmax(z):\n    powers = np.exp(z - z.max())  # no power is above 1\n"
                "    return powers / powers.sum()"
            ),
        ),
        elementwise=False,
        probability=True,
        textbook=_textbook_softmax,
    ),
}
