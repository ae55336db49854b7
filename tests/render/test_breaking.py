"""Wide formulas: broken where a person would break them, and nothing lost on the way."""

import re
from collections.abc import Callable

import pytest

from derive.render import Page, render
from derive.render.breaking import LINE, break_formula
from derive.render.mathematics import spell


def matrix(rows: int, columns: int, entry: str = "-s_0 s_1") -> str:
    row = " & ".join([entry] * columns)
    return r"\begin{pmatrix} " + r" \\ ".join([row] * rows) + r" \end{pmatrix}"


CHAIN = (
    rf"\frac{{\partial \ell}}{{\partial W}} = {matrix(1, 3)} "
    rf"\underbrace{{{matrix(3, 3)}}}_{{3 \times 3}} {matrix(3, 4)}"
)
WIDE = [
    CHAIN,
    rf"{CHAIN} = {matrix(1, 4, '24')} \frac{{1}}{{1 + e^{{-36}}}}",
    rf"\begin{{aligned}} a &= {matrix(2, 6)} {matrix(6, 2)} {matrix(2, 2)} \\ &= 3 \end{{aligned}}",
    r"y = " + " + ".join(rf"\frac{{x_{{{i}}}}}{{2}}" for i in range(40)),
    r", \qquad ".join([rf"W_{i} = {matrix(2, 3)}" for i in range(4)]),
    rf"f({matrix(2, 3)}) \cdot {matrix(2, 3)}^\top \odot {matrix(2, 3)} - {matrix(2, 3)}",
]


def measured(latex: str) -> float:
    return spell(latex, display=True).width


def symbols(latex: str) -> str:
    return re.sub(r"\\(?:begin|end)\{aligned\}|\\q?quad|\\\\|&|\s", "", latex)


@pytest.mark.parametrize("latex", WIDE)
def test_breaks_until_it_fits_and_loses_nothing(latex: str) -> None:
    assert measured(latex) > LINE
    broken = break_formula(latex)
    assert all(measured(formula) <= LINE + 0.1 for formula in broken)
    assert "".join(map(symbols, broken)) == symbols(latex)


def test_breaks_at_relations_first() -> None:
    (formula,) = break_formula(rf"a = {matrix(2, 7)} = {matrix(2, 7)}")
    lines = formula.splitlines()
    assert lines[1].startswith("a &= ")
    assert lines[2].startswith("&= ")


def test_statements_part_before_anything_else() -> None:
    assert len(break_formula(WIDE[4])) == 2


def test_what_fits_stays_as_it_is() -> None:
    assert break_formula(r"a = b \quad c") == (r"a = b \quad c",)


@pytest.mark.parametrize(("rows", "columns"), [(2, 4), (3, 9), (4, 16), (6, 36)])
@pytest.mark.parametrize("name", ["pdf", "html", "tex"])
def test_jacobians_of_widths_up_to_six_fit(
    rows: int, columns: int, name: str, page: Callable[..., Page]
) -> None:
    product = f"{matrix(1, rows)} {matrix(rows, rows)} {matrix(rows, columns, '-12')}"
    chain = rf"$$ \frac{{\partial \ell}}{{\partial W}} = {product} $$"
    assert render(f"::: solution nothing\n{chain}\n:::", page(), [name])
