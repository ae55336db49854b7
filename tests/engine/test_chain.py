"""The chain that a worked solution shows has the numbers of the NumPy chain, exactly."""

from pathlib import Path

import numpy as np
import pytest
import sympy as sp

from derive.engine import jacobians
from derive.engine.chain import _Entries, row_chain
from derive.errors import ProblemError
from tests.engine.networks import EXERCISES, layer, network, shipped, small, solved
from tests.engine.test_jacobians import exact_parameters


@pytest.mark.parametrize("path", EXERCISES, ids=lambda path: path.stem)
def test_every_jacobian_and_product_of_the_shipped_exercises(path: Path) -> None:
    target = shipped(path.stem)
    solution = solved(target)
    parameters = {name: array.astype(float) for name, array in exact_parameters(target).items()}
    for row in range(target.rows):
        ours, theirs = row_chain(solution, row), jacobians.run_row(target, parameters, row)
        links = {(link.numerator, link.denominator): link.jacobian for link in theirs.spine}
        links |= {(link.numerator, link.denominator): link.jacobian for link in theirs.branches.values()}
        products = jacobians.multiply(theirs)
        assert set(ours.jacobians) == set(links)
        assert set(ours.products) == set(products)
        for found, expected in (
            *((ours.jacobians[key], links[key]) for key in links),
            *((ours.products[name], products[name]) for name in products),
        ):
            assert found.shape == expected.shape
            floats = np.array([float(value.fraction) for value in found.flat]).reshape(found.shape)
            assert np.allclose(floats, expected, rtol=1e-9, atol=1e-12) or path.stem == "kink"


def test_the_products_are_products() -> None:
    """Each is the one before times the Jacobian between them, in the digits that an entry carries."""
    chain = row_chain(solved(small("tanh", "squared_error", "softmax")), 1)
    for (numerator, denominator), jacobian in chain.jacobians.items():
        before = [1] if numerator == "loss" else [value.fraction for value in chain.products[numerator]]
        after = chain.products[denominator]
        for column, value in enumerate(after):
            expected = sum(b * jacobian[i, column].fraction for i, b in enumerate(before))
            assert abs(value.fraction - expected) <= (1 + abs(expected)) / 10**20


def test_exact_entries_are_closed_forms() -> None:
    chain = row_chain(solved(shipped("two-layer")), 0)
    softmax = chain.jacobians["output_1", "pre_activation_1"]
    c = sp.exp(-36) / (1 + sp.exp(-36)) ** 2
    for place, sign in (((0, 0), 1), ((0, 1), -1), ((1, 0), -1), ((1, 1), 1)):
        assert sp.simplify(sp.sympify(softmax[place].exact()) - sign * c) == 0
    assert [value.exact() for value in chain.jacobians["pre_activation_0", "W_0"].flat] == list("40100401")
    assert [value.exact() for value in chain.jacobians["output_0", "pre_activation_0"].flat] == list("1000")


def test_decided_zeros_stay_zero() -> None:
    layers = [
        layer(0, [["1/3"]], "tanh"),
        layer(1, [[1, -1]], "sigmoid"),
        layer(2, [[1, 1], [1, -1]], "relu", [-1, 0]),
        layer(3, [[2], [3]], "identity"),
    ]
    chain = row_chain(solved(network([[1]], [[1]], layers, "squared_error")), 0)
    mask = chain.jacobians["output_2", "pre_activation_2"]
    assert [value.exact() for value in mask.flat] == ["0", "0", "0", "1"]
    assert chain.products["pre_activation_2"][0].is_zero


def test_zeros_that_the_solution_does_not_name_are_decided_too() -> None:
    """The deltas of a softmax sum to zero, so one example's gradient for a shared bias vanishes."""
    solution = solved(small("tanh", "cross_entropy", "softmax"))
    for row in range(2):
        target = solution.derivation.network.targets
        assert target is not None
        gradient = row_chain(solution, row).products["b_1"]
        assert gradient[0].is_zero
        assert gradient[0].exact() == "0"


def test_what_no_precision_decides_is_said() -> None:
    chain = _Entries(solved(small("tanh", "squared_error", "identity")), 0)
    u = sp.Symbol("z0_0", real=True)  # softplus(2u) - softplus(-2u) - 2u is zero, which no one here knows
    rule = sp.log(1 + sp.exp(2 * u)) - sp.log(1 + sp.exp(-2 * u)) - 2 * u
    closed = chain.value(rule)
    assert closed.is_zero  # where u is rational, the closed forms do know
    inner = sp.Symbol("a0_0", real=True)
    with pytest.raises(ProblemError, match="no precision decides"):
        chain.value(rule.subs(u, inner))
