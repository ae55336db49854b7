"""Break one rule on purpose, and verification fails: each way in which a derivation usually goes wrong.

Each mistake is made in one place of one side: in the derivation, the exact run, the NumPy chain, torch's
forward pass, or a row of the tables. No mistake may hide behind a bound: the exercises are well
conditioned, so that every entry is trusted as long as nothing is broken.
"""

from collections.abc import Iterator

import pytest

from derive.engine import autograd, program
from derive.network import Network
from tests.engine import mistakes_in_forms, mistakes_in_sources
from tests.engine.mistakes import EVERYTHING, HOMEWORK, SMOOTH, SQUARES, Mistake
from tests.engine.networks import shipped, verified

MISTAKES = mistakes_in_forms.MISTAKES + mistakes_in_sources.MISTAKES


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    """Compiled rules are kept between runs; none of a broken one may stay."""
    program._compiled.cache_clear()
    yield
    program._compiled.cache_clear()


@pytest.mark.parametrize(
    "target", [HOMEWORK, EVERYTHING, SQUARES, SMOOTH], ids=lambda target: target.loss_name
)
def test_unbroken_everything_agrees_and_is_trusted(target: Network) -> None:
    outcome = verified(target)
    assert outcome.verified
    assert [source.verdict for source in outcome.sources] == ["agrees", "agrees"]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.what)
def test_a_broken_rule_fails(mistake: Mistake, monkeypatch: pytest.MonkeyPatch) -> None:
    mistake.make(monkeypatch)
    outcome = verified(mistake.target)
    assert not outcome.verified
    assert any(source.contradicted for source in outcome.sources)
    assert "worst:" in outcome.describe()


@pytest.mark.parametrize("name", ["W_0", "loss", "output_1"])
def test_a_wrong_shape_fails(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = autograd.compute
    monkeypatch.setattr(autograd, "compute", lambda target: right(target) | {name: right(target)[name][None]})
    outcome = verified(shipped("mazur"))
    assert not outcome.verified
    assert outcome.source("autograd").verdict.startswith(f"disagrees: {name}")


def test_a_quantity_that_is_left_out_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    right = autograd.compute
    monkeypatch.setattr(
        autograd, "compute", lambda target: {k: v for k, v in right(target).items() if k != "b_1"}
    )
    assert verified(shipped("mazur")).source("autograd").verdict == "disagrees: b_1"


def test_mistakes_are_many_and_each_is_another() -> None:
    assert len({mistake.what for mistake in MISTAKES}) == len(MISTAKES) >= 40


def test_the_homework_alone_would_not_show_every_mistake() -> None:
    """Its target sums to one, where s - y is right; and units alone cannot tell a transpose."""
    assert HOMEWORK.targets is not None
    assert EVERYTHING.targets is not None
    assert sum(HOMEWORK.targets[0]) == 1
    assert any(sum(row) != 1 for row in EVERYTHING.targets)
    assert any(dense.n_in == dense.n_out > 1 for dense in EVERYTHING.layers)
