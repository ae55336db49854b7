"""The rules of the tables proven for every input, one lemma a rule.

A rule is run over symbols, differentiated by SymPy, and held against the derivative that the table
gives: `cancel` must bring the difference to exactly zero. exp, log and erf are opaque functions here
that know nothing but their derivatives, because SymPy's own exp merges exponents (exp(z)^2 becomes
exp(2z)), after which `cancel` no longer sees what belongs together. The one law that the proofs need,
exp(x + y) = exp(x) exp(y), is applied at the end: every exponential becomes a product of integer powers
of symbols.

A step function is a constant on each side of its kink, so each side is an identity of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy as sp

from derive.rules import activations, losses
from derive.rules.activations import Activation
from derive.rules.losses import Loss

WIDEST = 4  # units of a softmax that are spelled out; the others are one more term of the same sum


class Exponential(sp.Function):  # type: ignore[misc]  # SymPy has no types
    """The exponential function, of which only the derivative is known."""

    nargs = (1,)

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Itself."""
        return self


class Logarithm(sp.Function):  # type: ignore[misc]  # SymPy has no types
    """The natural logarithm, of which only the derivative is known."""

    nargs = (1,)

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """One over the argument."""
        return 1 / self.args[0]


class ErrorFunction(sp.Function):  # type: ignore[misc]  # SymPy has no types
    """The error function, of which only the derivative is known."""

    nargs = (1,)

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """The bell curve that it is the area under."""
        return 2 / sp.sqrt(sp.pi) * Exponential(-(self.args[0] ** 2))


@dataclass(frozen=True)
class OpaqueMathematics:
    """The namespace that rows of the tables are handed here; `side` is the value of the step."""

    side: int = 1
    exp = Exponential
    log = Logarithm
    erf = ErrorFunction
    sqrt = staticmethod(sp.sqrt)
    pi = sp.pi
    one = sp.Integer(1)

    def step(self, z: sp.Expr) -> sp.Expr:
        """Constant on either side of the kink."""
        return sp.Integer(self.side)


@dataclass(frozen=True)
class Identity:
    """Two expressions that must be the same function.

    Attributes:
        what: Which part of a lemma it is, in words.
        left, right: Over opaque functions.
    """

    what: str
    left: Any
    right: Any

    @cached_property
    def remainder(self) -> sp.Expr:
        """What is left of left - right in lowest terms: zero, if the identity holds."""
        return sp.cancel(_as_powers(sp.sympify(self.left) - sp.sympify(self.right)))

    @property
    def holds(self) -> bool:
        """Whether the two sides cancel to exactly zero."""
        return bool(self.remainder == 0)


@dataclass(frozen=True)
class Lemma:
    """One rule, proven for every input.

    Attributes:
        name: Its key: a row of the tables (`relu`, `cross_entropy`), two of them together
            (`softmax_cross_entropy`), or a part of the layer rule (`weights`, `bias`, ...).
        left, right: LaTeX of the two sides of the statement.
        identities: What SymPy has to bring to zero for it.
        where: LaTeX of what the letters are, or of where it holds; empty where nothing needs saying.
    """

    name: str
    left: str
    right: str
    identities: tuple[Identity, ...]
    where: str = ""

    @property
    def latex(self) -> str:
        """The statement."""
        statement = f"{self.left} = {self.right}"
        return rf"{statement} \quad ({self.where})" if self.where else statement

    @cached_property
    def failures(self) -> tuple[Identity, ...]:
        """The identities that do not hold."""
        return tuple(identity for identity in self.identities if not identity.holds)

    @property
    def holds(self) -> bool:
        """Whether SymPy has proven all of it; a lemma without identities proves nothing."""
        return bool(self.identities) and not self.failures

    def describe(self) -> str:
        """What is left over where it fails, for a person."""
        if not self.identities:
            return f"{self.name}: there is nothing that proves it"
        return "\n".join(f"{self.name}, {bad.what}: {bad.remainder} is left over" for bad in self.failures)


def activation(name: str, rule: Activation, width: int = 2) -> Lemma:
    """The slope of an activation is the derivative of its value, and the curvature that of the slope.

    Args:
        name: The row's key.
        rule: The row.
        width: Units that a softmax runs over.
    """
    if not rule.elementwise:
        return _jacobian(name, rule, min(width, WIDEST))
    z = sp.Symbol("z", real=True)
    p = None if rule.parameter is None else sp.Symbol("p", real=True)
    identities = []
    at_zero = []
    for side, where in ((1, "z > 0"), (0, "z < 0")) if rule.kink else ((1, "any z"),):
        m = OpaqueMathematics(side)
        value = sp.sympify(rule.value(z, m, p))
        slope = sp.sympify(rule.slope(z, value, m, p))
        identities.append(Identity(f"slope for {where}", sp.diff(value, z), slope))
        identities.append(Identity(f"curvature for {where}", sp.diff(slope, z), rule.curvature(z, m, p)))
        at_zero.append(value.subs(z, 0))
    if rule.kink:
        identities.append(Identity("both sides meet at z = 0", *at_zero))
    spelled = {"z": "z", "a": f"{rule.latex}(z)", "p": "p"}
    return Lemma(
        name,
        rf"\frac{{d}}{{d z}} {rule.latex}(z)",
        activations.fill(rule.slope_formula, **spelled),
        tuple(identities),
        r"z \ne 0" if rule.kink else "",
    )


def _jacobian(name: str, rule: Activation, width: int) -> Lemma:
    """An activation of a whole row: every entry of its Jacobian.

    What the further units of a wider layer add to the sum is constant for the two units of an entry, as
    the exponential of any third unit is.
    """
    z = sp.symbols(f"z:{max(width, 3)}", real=True)
    m = OpaqueMathematics()
    outputs = rule.value(z, m, None)
    slope = rule.slope(z, outputs, m, None)
    identities = tuple(
        Identity(f"entry ({i}, {j})", sp.diff(outputs[i], z[j]), slope[i][j])
        for i in range(len(z))
        for j in range(len(z))
    )
    return Lemma(
        name,
        r"\frac{\partial a_i}{\partial z_j}",
        activations.fill(rule.slope_formula, z="z", a="a"),
        identities,
        f"a = {rule.latex}(z)",
    )


def loss(name: str, rule: Loss, width: int) -> Lemma:
    """The gradient of a loss is its derivative for each output, whatever the target."""
    a, y = _outputs_and_targets(width)
    m = OpaqueMathematics()
    value = sp.sympify(rule.value(a, y, m))
    identities = tuple(
        Identity(f"output {k}", sp.diff(value, a[k]), entry) for k, entry in enumerate(rule.gradient(a, y, m))
    )
    value_formula = losses.fill(rule.latex, a="a", y="y", n=width)
    return Lemma(
        name,
        rf"\frac{{\partial}}{{\partial a_j}} \left({value_formula}\right)",
        losses.fill(rule.gradient_entry, a="a_j", y="y_j", n=width),
        identities,
    )


def fused(loss_name: str, loss_rule: Loss, activation_name: str, rule: Activation, width: int) -> Lemma:
    """Gradient of the loss times Jacobian of the activation collapse to the closed form of the delta.

    The target is any: for softmax and cross-entropy it need not sum to one.
    """
    a, y = _outputs_and_targets(width)
    z = sp.symbols(f"z:{width}", real=True)
    m = OpaqueMathematics()
    stable = loss_rule.torch_stable[activation_name]
    gradient = loss_rule.gradient(a, y, m)
    if rule.elementwise:
        products = [g * rule.slope(z_k, a_k, m, None) for g, z_k, a_k in zip(gradient, z, a, strict=True)]
    else:
        jacobian = rule.slope(z, a, m, None)
        products = [sum(gradient[i] * jacobian[i][j] for i in range(width)) for j in range(width)]
    identities = tuple(
        Identity(f"unit {k}", product, delta)
        for k, (product, delta) in enumerate(zip(products, stable.delta(a, y), strict=True))
    )
    return Lemma(
        f"{activation_name}_{loss_name}",
        r"\frac{\partial l}{\partial a}\,\frac{\partial a}{\partial z}",
        losses.fill(stable.formula, a="a", y="y", n=width, product=r" \odot "),
        identities,
    )


def _outputs_and_targets(width: int) -> tuple[Sequence[sp.Symbol], Sequence[sp.Symbol]]:
    return sp.symbols(f"a:{width}", real=True), sp.symbols(f"y:{width}", real=True)


def _as_powers(expression: sp.Expr) -> sp.Expr:
    """Each exponential as a product of integer powers of symbols: exp(x + y) = exp(x) exp(y)."""
    found: dict[sp.Expr, sp.Expr] = {}
    for exponential in expression.atoms(Exponential):
        product: sp.Expr = sp.Integer(1)
        for term in sp.Add.make_args(sp.expand(exponential.args[0])):
            coefficient, rest = term.as_coeff_Mul()
            base = sp.Symbol(f"exp({rest / coefficient.q})", positive=True)
            product = product * base**coefficient.p
        found[exponential] = product
    return expression.xreplace(found)
