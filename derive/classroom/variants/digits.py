"""How many digits a person writes for a number, in bulk."""

import numpy as np
import numpy.typing as npt

from derive.engine.bulk import Scaled

Counts = npt.NDArray[np.int64]


def digits(numbers: Scaled) -> Counts:
    """How many digits each number is written with, zeros in front aside; for a fraction those of both parts.

    0 has one digit, 12.5 has three, 0.05 has one, 1/3 has two.
    """
    places = _decimal_places(numbers.denominator)
    if places is None:
        return _fraction_digits(numbers)
    remaining, factor = abs(numbers.numerators), 10**places // numbers.denominator
    if int(remaining.max(initial=0)) * factor >= 2**63:
        return _fraction_digits(numbers)  # counts more digits, but there are too many in any case
    remaining = remaining * factor
    found = _length(remaining)
    stripped = remaining
    for _ in range(places):  # zeros at the end behind the point are not written
        ends = (stripped % 10 == 0) & (stripped != 0)
        found -= ends
        stripped = np.where(ends, stripped // 10, 1)
    return np.maximum(found, 1)


def _length(numbers: Counts) -> Counts:
    """Digits of whole numbers; 0 has none."""
    found, power, largest = np.zeros(numbers.shape, np.int64), 1, int(numbers.max(initial=0))
    while power <= largest:
        found += numbers >= power
        power *= 10
    return found


def _decimal_places(denominator: int) -> int | None:
    """The least m for which the denominator divides 10^m; None where there is none, or it is above 9."""
    return next((places for places in range(10) if 10**places % denominator == 0), None)


def _fraction_digits(numbers: Scaled) -> Counts:
    common = np.gcd(numbers.numerators, numbers.denominator)
    above, below = abs(numbers.numerators) // common, numbers.denominator // common
    return np.maximum(_length(above), 1) + np.where(below == 1, 0, _length(below))
