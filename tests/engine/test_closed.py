"""Closed forms: their arithmetic is that of the numbers they stand for, and equal ones are alike."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from operator import itemgetter
from typing import Any

import mpmath as mp
import pytest
from flint import arb, ctx, fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from derive.engine import closed
from derive.engine.closed import Closed, Logarithm
from derive.engine.exponentials import ONE, ball_of, content, product, square_root, terms

SMALL = st.builds(fmpq, st.integers(-6, 6), st.integers(1, 4))
SUMS = st.lists(st.tuples(SMALL, SMALL), max_size=4).map(terms)
# Without what would be thrown away: positive coefficients, and exponents that are not merged into one.
POSITIVE = st.lists(
    st.tuples(SMALL, st.builds(fmpq, st.integers(1, 6), st.integers(1, 4))), min_size=1, max_size=4
).map(terms)
LONG = st.lists(st.tuples(SMALL, SMALL.filter(bool)), min_size=2, max_size=4, unique_by=itemgetter(0)).map(
    terms
)
POINTS = st.lists(SMALL, min_size=2, max_size=4)


@pytest.fixture(autouse=True)
def precision() -> Iterator[None]:
    with mp.workdps(80), ctx.workprec(300):
        yield


def fraction(number: Any) -> Fraction:
    return Fraction(int(number.p), int(number.q))


def real(number: fmpq) -> Any:
    return mp.mpf(int(number.p)) / int(number.q)


def total(sum_: Any) -> Any:
    """A sum of exponentials in mpmath."""
    return mp.fsum(real(c) * mp.exp(real(e)) for e, c in sum_)


def truth(number: Any) -> Any:
    """Any number in mpmath, from its parts."""
    if isinstance(number, Closed):
        return total(number.numerator) / total(number.denominator)
    if isinstance(number, Logarithm):
        return real(number.rational) + mp.fsum(real(c) * mp.log(total(u)) for u, c in number.logarithms)
    if isinstance(number, arb):
        assert number.rel_accuracy_bits() > 150
        return mp.mpf(number.str(75, radius=False))
    return real(number)


def same(ours: Any, theirs: Any) -> bool:
    return bool(abs(truth(ours) - theirs) <= mp.mpf(10) ** -60 * (1 + abs(theirs)))


def reciprocal(number: Any) -> Any:
    return number.inverse() if isinstance(number, Closed) else 1 / number


@st.composite
def forms(draw: st.DrawFn) -> Any:
    """Rationals, softmax outputs, and what sums and products make of them."""
    kind = draw(st.sampled_from(("rational", "power", "share", "logistic", "quotient")))
    if kind == "rational":
        return draw(SMALL)
    if kind == "power":
        return closed.exponential(draw(SMALL))
    if kind == "logistic":
        return reciprocal(closed.exponential(-draw(SMALL)) + fmpq(1))
    if kind == "share":
        powers = [closed.exponential(z) for z in draw(POINTS)]
        whole = sum(powers[1:], powers[0])
        return powers[0] * reciprocal(whole) * draw(SMALL) + draw(SMALL)
    top, bottom = draw(SUMS), draw(SUMS)
    assume(bottom)
    return closed.quotient(top, bottom)


def is_normal(number: Any) -> bool:
    """A quotient with a denominator of coprime integers and 0 as its largest exponent, or no quotient."""
    if not isinstance(number, Closed):
        return isinstance(number, fmpq | arb)
    lower = number.denominator
    leading = lower[0]
    integers = all(c.q == 1 for _, c in lower)
    ordered = all(a[0] > b[0] for sum_ in (number.numerator, lower) for a, b in pairwise(sum_))
    return bool(leading[0] == 0 and leading[1] > 0 and integers and content(lower) == 1 and ordered)


@settings(max_examples=40, deadline=None)
@given(SUMS, SUMS)
def test_sums_of_exponentials(left: Any, right: Any) -> None:
    assert abs(total(product(left, right)) - total(left) * total(right)) < mp.mpf(10) ** -55
    assert all(c != 0 for _, c in left)
    ball = ball_of(left)
    assert ball.overlaps(arb(mp.nstr(total(left), 60)) + arb(0, 1e-50))


@settings(max_examples=40, deadline=None)
@given(forms(), forms())
def test_arithmetic(left: Any, right: Any) -> None:
    x, y = truth(left), truth(right)
    for ours, theirs in ((left + right, x + y), (left - right, x - y), (left * right, x * y), (-left, -x)):
        assert same(ours, theirs)
        assert is_normal(ours)


@settings(max_examples=40, deadline=None)
@given(forms())
def test_one_over(form: Any) -> None:
    assume(isinstance(form, Closed))
    assert same(form.inverse(), 1 / truth(form))
    assert form * form.inverse() == 1


@settings(max_examples=40, deadline=None)
@given(forms(), forms(), forms())
def test_zero_is_decided(left: Any, middle: Any, right: Any) -> None:
    """Equal numbers leave the rational zero, however they were computed."""
    difference = (left + middle) * right - (middle * right + left * right)
    if not isinstance(difference, arb):
        assert isinstance(difference, fmpq)
        assert difference == 0


@settings(max_examples=40, deadline=None)
@given(forms())
def test_a_form_is_never_a_rational_in_disguise(form: Any) -> None:
    if isinstance(form, Closed):
        value = truth(form)
        assert value != 0
        back = form - form * fmpq(1, 3) - form * fmpq(2, 3)
        assert isinstance(back, fmpq)
        assert back == 0


def test_softmax_outputs_sum_to_one() -> None:
    powers = [closed.exponential(fmpq(z)) for z in (18, -18, 3)]
    whole = powers[0] + powers[1] + powers[2]
    assert sum((power * whole.inverse() for power in powers), fmpq(0)) == 1


def test_opposite_logistics_sum_to_one() -> None:
    def logistic(z: fmpq) -> Any:
        return (closed.exponential(-z) + fmpq(1)).inverse()

    assert logistic(fmpq(1, 3)) + logistic(fmpq(-1, 3)) == 1
    assert isinstance(logistic(fmpq(1, 3)) + logistic(fmpq(-1, 4)), Closed)


@settings(max_examples=40, deadline=None)
@given(SMALL)
def test_exponential_and_logarithm_undo_each_other(exponent: fmpq) -> None:
    back = closed.natural_log(closed.exponential(exponent))
    assert isinstance(back, fmpq)
    assert back == exponent


@settings(max_examples=40, deadline=None)
@given(st.lists(POSITIVE, min_size=1, max_size=3), SMALL)
def test_logarithms(sums: list[Any], factor: fmpq) -> None:
    logs = [closed.natural_log(closed.quotient(u, ONE)) for u in sums]
    expected = mp.fsum(mp.log(total(u)) for u in sums)
    ours = sum(logs[1:], logs[0])
    assert same(ours, expected)
    assert same(ours * factor - fmpq(1, 7), expected * real(factor) - mp.mpf(1) / 7)
    gone = ours - ours
    assert gone == 0
    if isinstance(ours, Logarithm):
        assert all(u[0][0] == 0 for u, _ in ours.logarithms)
        assert same(ours.inverse(), 1 / expected) or abs(expected) < mp.mpf(10) ** -5


def test_the_loss_of_the_homework() -> None:
    powers = [closed.exponential(fmpq(z)) for z in (18, -18)]
    loss = -closed.natural_log(powers[1] * (powers[0] + powers[1]).inverse())
    assert isinstance(loss, Logarithm)
    assert loss.rational == 36
    assert loss.logarithms == ((((fmpq(0), fmpq(1)), (fmpq(-36), fmpq(1))), fmpq(1)),)


@pytest.mark.parametrize(
    "make", [lambda x: x + arb(1), lambda x: arb(1) + x, lambda x: x * arb(2), lambda x: arb(2) - x]
)
def test_a_ball_makes_a_ball(make: Callable[[Any], Any]) -> None:
    for number in (closed.exponential(fmpq(1)), closed.natural_log(fmpq(2))):
        assert isinstance(make(number), arb)
        assert make(number).overlaps(make(closed.as_ball(number)))


def test_what_grows_too_large_becomes_a_ball() -> None:
    long = closed.quotient(terms((fmpq(k), fmpq(k * k + 1)) for k in range(closed.LARGEST)), ONE)
    assert isinstance(long, Closed)
    longer = long * (long + fmpq(1, 3))
    assert isinstance(longer, arb)
    assert same(longer, truth(long) * (truth(long) + mp.mpf(1) / 3))


def test_nothing_divides_by_zero() -> None:
    with pytest.raises(ZeroDivisionError):
        closed.quotient(ONE, ())
    assert not closed.natural_log(fmpq(0)).is_finite()


@settings(max_examples=40, deadline=None)
@given(LONG)
def test_square_roots(root: Any) -> None:
    found = square_root(product(root, root))
    assert found is not None
    assert found in (root, tuple((e, -c) for e, c in root))
    assert found[0][1] > 0


def test_what_is_no_square() -> None:
    assert square_root(terms([(fmpq(0), fmpq(1)), (fmpq(-1), fmpq(1))])) is None
    assert square_root(terms([(fmpq(0), fmpq(2)), (fmpq(-1), fmpq(4)), (fmpq(-2), fmpq(2))])) is None
    assert square_root(ONE) is None


def test_a_common_factor_is_found() -> None:
    c = (closed.exponential(fmpq(-36)) + fmpq(1)).inverse()
    found = closed.proportion([c * fmpq(24), fmpq(0), c * fmpq(6)])
    assert found is not None
    factor, multiples = found
    assert [factor * multiples[k] for k in range(3)] == [c * fmpq(24), fmpq(0), c * fmpq(6)]
    assert closed.proportion([fmpq(1), fmpq(2)]) is None
    assert closed.proportion([c, c * c]) is None
    assert closed.proportion([c, fmpq(1)]) is None


def test_the_length_of_the_numbers_in_a_form() -> None:
    assert closed.height(fmpq(2**70, 3)) == 71
    assert closed.height(closed.exponential(fmpq(5)) * fmpq(2**70)) == 71
    assert closed.height(closed.natural_log(fmpq(2**70 + 1))) == 71
    assert closed.height(arb(2) ** 70) == 0
