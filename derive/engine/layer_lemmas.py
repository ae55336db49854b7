"""The layer rule proven for every input and every loss: gradients of weights, biases and what is read.

The loss is an opaque function of the pre-activations of which only the partial derivatives have names:
the deltas. So whatever comes after the layer, batch and reduction included, is covered. The rules are
those of a derivation; the matrix forms are those that a key prints. An entry involves one input, one
weight and one delta, the same way in every entry and at every size, so a small layer that is not square
stands for all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from derive.engine.lemmas import Identity, Lemma
from derive.engine.symbolic import LayerDerivation, derive
from derive.network import Dense, Network, Symbols

N_IN, N_OUT, ROWS = 2, 3, 2
DELTA = r"\frac{\partial l}{\partial z}"


class Downstream(sp.Function):  # type: ignore[misc]  # SymPy has no types
    """The loss as a function of the pre-activations of a layer, all rows."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """The delta of that pre-activation."""
        return sp.Symbol(f"delta_{argindex - 1}", real=True)


def layer(row_convention: bool, bias: str, several_rows: bool) -> tuple[Lemma, ...]:
    """The lemmas of a dense layer.

    Args:
        row_convention: Whether the layer computes x W; else W x, with examples as columns.
        bias: `none`, `unit` (one a unit) or `shared`.
        several_rows: Whether there is a batch, over which the parameters' gradients are sums.
    """
    sample = _Sample(_derived(row_convention, bias), ROWS if several_rows else 1)
    lemmas = [sample.weights(), sample.read()]
    return tuple([*lemmas, sample.bias()] if sample.layer.bias else lemmas)


def penalty() -> Lemma:
    """What the l2 term adds to the gradient of the weights."""
    factor = sp.Symbol("lambda", real=True)
    weights = sp.Matrix(N_IN, N_OUT, sp.symbols(f"W:{N_IN * N_OUT}", real=True))
    added = factor * sum(weight**2 for weight in weights)
    identities = [Identity(f"{weight}", sp.diff(added, weight), 2 * factor * weight) for weight in weights]
    return Lemma(
        "l2",
        r"\frac{\partial}{\partial W_{ij}} \Bigl(\lambda \sum_{ij} W_{ij}^2\Bigr)",
        r"2 \lambda W_{ij}",
        tuple(identities),
    )


def _derived(row_convention: bool, bias: str) -> LayerDerivation:
    """The derivation of one small layer; its numbers play no part."""
    zero = Fraction(0)
    height, width = (N_IN, N_OUT) if row_convention else (N_OUT, N_IN)
    dense = Dense(
        index=0,
        n_in=N_IN,
        n_out=N_OUT,
        weights=((zero,) * width,) * height,
        bias={"none": None, "unit": (zero,) * N_OUT, "shared": zero}[bias],
        activation="identity",
        parameter=None,
        row_convention=row_convention,
    )
    network = Network(
        name="layer",
        inputs=((zero,) * N_IN,),
        targets=None,
        layers=(dense,),
        loss_name="sum",
        reduction="sum",
        l2=zero,
        row_convention=row_convention,
        symbols=Symbols("x", ("W",), ("b",), ("z",), ("a",), "l", "y"),
    )
    return derive(network).layers[0]


@dataclass(frozen=True)
class _Sample:
    """A layer with rows of symbols to read; in the column convention examples are columns."""

    layer: LayerDerivation
    rows: int

    @property
    def x(self) -> sp.Matrix:
        """(rows, n_in)."""
        return sp.Matrix(self.rows, N_IN, lambda r, i: sp.Symbol(f"x_{r}_{i}", real=True))

    @property
    def deltas(self) -> sp.Matrix:
        """(rows, n_out)."""
        return sp.Matrix(self.rows, N_OUT, lambda r, j: sp.Symbol(f"delta_{r * N_OUT + j}", real=True))

    @property
    def by_row(self) -> bool:
        return self.layer.dense.row_convention

    def in_row(self, rule: sp.Expr, row: int) -> sp.Expr:
        """A rule of the derivation, at the symbols of one row."""
        read = dict(zip(self.layer.read, self.x.row(row), strict=True))
        return rule.xreplace(read | dict(zip(self.layer.delta_symbols, self.deltas.row(row), strict=True)))

    def over_rows(self, rule: sp.Expr) -> sp.Expr:
        return sum(self.in_row(rule, row) for row in range(self.rows))

    def loss(self) -> sp.Expr:
        """Of the pre-activations that the derivation's forward rules give."""
        rules = self.layer.pre_activation
        return Downstream(*(self.in_row(rule, row) for row in range(self.rows) for rule in rules))

    def laid(self, matrix: sp.Matrix) -> sp.Matrix:
        """One row an example, or one column."""
        return matrix if self.by_row else matrix.T

    def weights(self) -> Lemma:
        x, deltas = self.laid(self.x), self.laid(self.deltas)
        in_matrices = x.T * deltas if self.by_row else deltas * x.T
        loss, identities = self.loss(), []
        for place, i, j in self.layer.dense.places():
            gradient = sp.diff(loss, self.layer.weights[i][j])
            rule = self.over_rows(self.layer.weights_gradient[i][j])
            identities.append(Identity(f"weight {place}", gradient, rule))
            identities.append(Identity(f"weight {place} in matrix form", gradient, in_matrices[place]))
        product = rf"x^{{\top}} {DELTA}" if self.by_row else rf"{DELTA} x^{{\top}}"
        return Lemma("weights", r"\frac{\partial l}{\partial W}", product, tuple(identities), self.where())

    def read(self) -> Lemma:
        deltas, weights = self.laid(self.deltas), sp.Matrix(self.layer.weights)
        matrix = weights if self.by_row else weights.T  # as it is multiplied
        in_matrices = self.laid(deltas * matrix.T if self.by_row else matrix.T * deltas)
        loss, identities = self.loss(), []
        for row in range(self.rows):
            for i in range(N_IN):
                gradient = sp.diff(loss, self.x[row, i])
                rule = self.in_row(self.layer.read_gradient[i], row)
                what = f"input {i} of row {row}"
                identities.append(Identity(what, gradient, rule))
                identities.append(Identity(f"{what} in matrix form", gradient, in_matrices[row, i]))
        product = rf"{DELTA} W^{{\top}}" if self.by_row else rf"W^{{\top}} {DELTA}"
        return Lemma("input", r"\frac{\partial l}{\partial x}", product, tuple(identities), self.where())

    def bias(self) -> Lemma:
        shared = self.layer.dense.shared_bias
        symbols: Sequence[sp.Symbol] = self.layer.bias[:1] if shared else self.layer.bias
        columns = [list(self.deltas)] if shared else [list(self.deltas.col(j)) for j in range(N_OUT)]
        loss, identities = self.loss(), []
        for symbol, rule, column in zip(symbols, self.layer.bias_gradient, columns, strict=True):
            gradient = sp.diff(loss, symbol)
            identities.append(Identity(f"{symbol}", gradient, self.over_rows(rule)))
            identities.append(Identity(f"{symbol} as a sum of deltas", gradient, sum(column)))
        indices = ("r" if self.rows > 1 else "") + ("j" if shared else "")
        sign = rf"\sum_{{{indices}}} " if indices else ""
        subscript = f"_{{{indices}}}" if indices else ""
        right = rf"{sign}\frac{{\partial l}}{{\partial z{subscript}}}"
        name = "shared_bias" if shared else "bias"
        return Lemma(name, r"\frac{\partial l}{\partial b}", right, tuple(identities), self.where())

    def where(self) -> str:
        """What the layer computes, as a remark."""
        weighted = "x W" if self.by_row else "W x"
        return f"z = {weighted}{' + b' if self.layer.bias else ''}"
