"""Sums of c exp(r) with rational c and r, in normal form: what closed forms are quotients of."""

from collections.abc import Iterable
from functools import lru_cache
from operator import itemgetter

from flint import arb, ctx, fmpq, fmpz

Terms = tuple[tuple[fmpq, fmpq], ...]  # (exponent, coefficient), exponents falling, no zero coefficient

ONE: Terms = ((fmpq(0), fmpq(1)),)


def terms(pairs: Iterable[tuple[fmpq, fmpq]]) -> Terms:
    """Merge equal exponents, drop zeros, sort."""
    merged: list[tuple[fmpq, fmpq]] = []
    for exponent, coefficient in sorted(pairs, key=itemgetter(0), reverse=True):  # hashing is slow here
        if merged and merged[-1][0] == exponent:
            merged[-1] = (exponent, merged[-1][1] + coefficient)
        else:
            merged.append((exponent, coefficient))
    return tuple(pair for pair in merged if pair[1] != 0)


def product(left: Terms, right: Terms) -> Terms:
    """The product of two sums."""
    return terms((e + f, c * d) for e, c in left for f, d in right)


def scaled(sum_: Terms, factor: fmpq, shift: fmpq) -> Terms:
    """The sum times factor exp(shift)."""
    return tuple((e + shift, c * factor) for e, c in sum_)


@lru_cache(maxsize=4096)
def _power(numerator: int, denominator: int, precision: int) -> arb:
    return arb(fmpq(numerator, denominator)).exp()


def ball_of(sum_: Terms) -> arb:
    """The sum as a ball at flint's current precision."""
    precision = ctx.prec
    return sum((c * _power(int(e.p), int(e.q), precision) for e, c in sum_), arb(0))


def content(sum_: Terms) -> fmpq:
    """The rational whose removal leaves coprime integers, the first of them positive."""
    top, bottom = fmpz(0), fmpz(1)
    for _, coefficient in sum_:
        top = top.gcd(coefficient.p)
        bottom = bottom.lcm(coefficient.q)
    common = fmpq(top, bottom)
    return common if sum_[0][1] > 0 else -common


def square_root(sum_: Terms) -> Terms | None:
    """The sum of exponentials whose square this is, its first coefficient positive; None where there is none.

    The terms are found from the largest exponent on, as in long division.
    """
    if len(sum_) < 2 or not (_is_square(sum_[0][1].p) and _is_square(sum_[0][1].q)):
        return None
    exponent, coefficient = sum_[0]
    root: Terms = ((exponent / 2, fmpq(coefficient.p.isqrt(), coefficient.q.isqrt())),)
    while rest := terms((*sum_, *((e, -c) for e, c in product(root, root)))):
        following = (rest[0][0] - root[0][0], rest[0][1] / (2 * root[0][1]))
        if len(root) > len(sum_) or following[0] >= root[-1][0]:
            return None
        root = (*root, following)
    return root


def _is_square(number: fmpz) -> bool:
    return number > 0 and number.isqrt() ** 2 == number
