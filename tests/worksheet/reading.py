r"""Formulas read back: LaTeX of numbers, vectors and matrices -> balls (arb).

It shares nothing with what writes them. Products of matrices are multiplied out, so that a displayed
`c \begin{pmatrix} 6 & -2 \end{pmatrix}\,\begin{pmatrix} ... \end{pmatrix}` becomes the row that it is.
A decimal behind an approximate sign is every number that is rounded to it, and what is computed from
several of them is a ball that holds every possible result.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq

PRECISION = 4000  # bits
Value = Any  # a ball, or an array of them

_NAME = r"\\(?:begin|end)\{pmatrix\}|\\operatorname\{\w+\}|\\mathbb\{1\}|\\(?:[a-zA-Z]+|.)"
_TOKEN = re.compile(rf"@\d+@|{_NAME}|\d+(?:\.\d+)?|\S", re.DOTALL)
_GROUPS = re.compile(r"(?<=\d)\\,(?=\d)")  # thin spaces in a long number
_SPACE = re.compile(r"\\[,;:!]|\\quad|\\qquad")
_ENDS = ("", "+", "-", ")", "]", "}", "&", ",", ">", "/", r"\\", r"\end{pmatrix}", r"\le", r"\right")
_E = object()


class NotReadError(Exception):
    """The formula has something in it that is no number, such as a symbol that isn't known."""


def sides(formula: str) -> list[tuple[str, str]]:
    r"""The parts of an equation or of an aligned derivation, each with its relation: "", "=" or `\approx`.

    A line that begins anew with the left hand side has a part with the relation `\\`, which is left out.
    """
    inner = re.sub(r"\\(?:begin|end)\{aligned\}", "", formula)
    parts, depth = [("", "")], 0
    for token in re.findall(r"\\(?:begin|end)\{\w+\}|\\[a-zA-Z]+|\\.|.", inner, re.DOTALL):
        if token in ("{", "(", "[") or token.startswith(r"\begin"):
            depth += 1
        if token in ("}", ")", "]") or token.startswith(r"\end"):
            depth -= 1
        if depth == 0 and token in ("=", r"\approx", r"\\"):
            parts.append((token, ""))
        elif depth > 0 or token != "&":
            parts[-1] = (parts[-1][0], parts[-1][1] + token)
    return [(relation, text.strip()) for relation, text in parts if relation != r"\\"]


def read(latex: str, symbols: Mapping[str, Value] | None = None, rounded: int | None = None) -> Value:
    """The number, or the matrix, that a formula is.

    Args:
        latex: The formula.
        symbols: What stands for its symbols, by their LaTeX.
        rounded: Significant digits of rounded decimals; fewer digits make an exact one. None: all are exact.

    Raises:
        NotReadError: It can't be read as a number.
    """
    spellings = sorted(symbols or {}, key=len, reverse=True)
    for n, symbol in enumerate(spellings):
        latex = re.sub(rf"(?<![A-Za-z\\@]){re.escape(symbol)}(?![A-Za-z_^])", f"@{n}@", latex)
    named = {f"@{n}@": (symbols or {})[symbol] for n, symbol in enumerate(spellings)}
    reader = _Reader(latex, named, rounded)
    found = reader.sum()
    reader.expect("")
    return found


def entries(found: Value) -> list[Value]:
    """All entries of a matrix, row by row; of a number itself."""
    return list(found.flat) if isinstance(found, np.ndarray) else [found]


class _Reader:
    def __init__(self, latex: str, named: Mapping[str, Value], rounded: int | None) -> None:
        self.tokens = _TOKEN.findall(_SPACE.sub(" ", _GROUPS.sub("", latex)))
        self.latex, self.named, self.rounded, self.place = latex, named, rounded, 0

    @property
    def next(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self) -> str:
        token = self.next
        self.place += 1
        return token

    def expect(self, token: str) -> None:
        found = self.take()
        if found != token:
            raise NotReadError(f"{found!r} instead of {token!r} in {self.latex}")

    def sum(self) -> Value:
        total = self.product()
        while self.next in ("+", "-"):
            sign = self.take()
            other = self.product()
            total = total + other if sign == "+" else total - other
        return total

    def product(self) -> Value:
        sign = 1
        while self.next in ("-", "+"):
            sign *= -1 if self.take() == "-" else 1
        total = self.power()
        while self.next not in _ENDS:
            if self.next == r"\otimes":
                self.take()
                total = np.kron(total, self.power())
            else:
                if self.next in (r"\cdot", r"\times"):
                    self.take()
                total = _times(total, self.power())
        if self.next == "/":
            self.take()
            total = total / self.power()
        return sign * total

    def power(self) -> Value:
        base = self.atom()
        if self.next == "^":
            self.take()
            exponent = self.group()
            return exponent.exp() if base is _E else base**exponent
        return arb(1).exp() if base is _E else base

    def group(self) -> Value:
        if self.next != "{":
            return self.atom()
        self.take()
        inner = self.sum()
        self.expect("}")
        return inner

    def arguments(self) -> list[Value]:
        r"""What stands in round brackets, plain ones or `\left( ... \right)`, with commas between."""
        high = self.next == r"\left"
        if high:
            self.take()
        self.expect("(")
        found = [self.sum()]
        while self.next == ",":
            self.take()
            found.append(self.sum())
        if high:
            self.expect(r"\right")
        self.expect(")")
        return found

    def atom(self) -> Value:
        token = self.take()
        if token in self.named:
            return self.named[token]
        if token[:1].isdigit():
            return self.decimal(token)
        if token in _ATOMS:
            return _ATOMS[token](self)
        if token in _FUNCTIONS:
            bare = token in (r"\log", r"\operatorname{erf}")
            return _FUNCTIONS[token](self.power() if bare else self.alone())
        raise NotReadError(f"{token!r} in {self.latex}")

    def alone(self) -> Value:
        (argument,) = self.arguments()
        return argument

    def decimal(self, text: str) -> Value:
        places = len(text.partition(".")[2])
        digits = text.replace(".", "").lstrip("0")
        exact = arb(fmpq(int(digits or "0"), 10**places))
        if self.rounded is None or len(digits) < self.rounded:
            return exact
        unit = fmpq(1, 10**places) if places else fmpq(10 ** (len(digits) - self.rounded))
        return exact + arb(0, arb(unit / 2))

    def bracketed(self) -> Value:
        self.place -= 1
        return self.alone()

    def fraction(self) -> Value:
        top = self.group()
        return top / self.group()

    def unit(self) -> Value:
        self.expect("_")
        return np.eye(int(str(self.group().unique_fmpz())), dtype=int).astype(object)

    def indicator(self) -> Value:
        self.expect("[")
        left, relation, right = self.sum(), self.take(), self.sum()
        self.expect("]")
        return arb(int(left > right if relation == ">" else left <= right))

    def matrix(self) -> Value:
        rows: list[list[Value]] = [[]]
        separator = ""
        while separator != r"\end{pmatrix}":
            rows[-1].append(self.sum())
            separator = self.take()
            if separator == r"\\":
                rows.append([])
            elif separator not in ("&", r"\end{pmatrix}"):
                raise NotReadError(f"{separator!r} inside a matrix in {self.latex}")
        if isinstance(rows[0][0], np.ndarray):
            return np.block(rows)
        return np.array(rows, dtype=object)


def _times(left: Value, right: Value) -> Value:
    both = isinstance(left, np.ndarray) and isinstance(right, np.ndarray)
    return left @ right if both else left * right


_ATOMS: Mapping[str, Callable[[_Reader], Value]] = {
    r"\frac": _Reader.fraction,
    r"\tfrac": _Reader.fraction,
    "(": _Reader.bracketed,
    r"\left": _Reader.bracketed,
    r"\begin{pmatrix}": _Reader.matrix,
    r"\mathbb{1}": _Reader.indicator,
    r"\operatorname{diag}": lambda reader: np.diag(np.array(reader.arguments(), dtype=object)),
    r"\max": lambda reader: _extreme(reader.arguments(), max),
    r"\min": lambda reader: _extreme(reader.arguments(), min),
    r"\sqrt": lambda reader: reader.group().sqrt(),
    "E": _Reader.unit,
    "e": lambda reader: _E,
}


def _extreme(two: list[Value], which: Callable[..., Value]) -> Value:
    left, right = (arb(number) for number in two)
    return left.max(right) if which is max else left.min(right)


def _bell(z: Value) -> Value:
    return (-z * z / 2).exp() / (2 * arb.pi()).sqrt()


_FUNCTIONS: Mapping[str, Callable[[Value], Value]] = {
    r"\log": lambda x: x.log(),
    r"\tanh": lambda x: x.tanh(),
    r"\operatorname{erf}": lambda x: x.erf(),
    r"\sigma": lambda z: 1 / (1 + (-z).exp()),
    r"\Phi": lambda z: (1 + (z / arb(2).sqrt()).erf()) / 2,
    r"\varphi": _bell,
}


def with_precision() -> Any:
    """The precision that formulas are read with, for a `with` statement."""
    return ctx.workprec(PRECISION)
