"""How many digits a person writes for a number, in bulk."""

import numpy as np
import numpy.typing as npt

from derive.engine.bulk import Scaled

Counts = npt.NDArray[np.int64]
_MOST_PLACES = 9  # of a decimal; one with more is written as a fraction


def digits(numbers: Scaled) -> Counts:
    """How many digits each number is written with, zeros in front aside; for a fraction those of both parts.

    0 has one digit, 12.5 has three, 0.05 has one, 1/3 has two.
    """
    places = _decimal_places(numbers.denominator)
    if places is not None:
        factor = 10**places // numbers.denominator
        if int(abs(numbers.numerators).max(initial=0)) * factor < 2**63:
            return _decimal_digits(abs(numbers.numerators) * factor, places)
    common = np.gcd(numbers.numerators, numbers.denominator)
    above, below = abs(numbers.numerators) // common, numbers.denominator // common
    found = np.maximum(_length(above), 1) + np.where(below == 1, 0, _length(below))
    ends = (below > 1) & (10**_MOST_PLACES % below == 0)
    # What is cut here has too many digits in any case; uncut, its product could overflow.
    above = np.minimum(above[ends], 10 ** (_MOST_PLACES + 1) - 1)
    found[ends] = _decimal_digits(above * (10**_MOST_PLACES // below[ends]), _MOST_PLACES)
    return found


def _decimal_digits(numbers: Counts, places: int) -> Counts:
    """Digits of decimals that are given as whole numbers of the last of so many places."""
    found = _length(numbers)
    stripped = numbers
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
    return next((places for places in range(_MOST_PLACES + 1) if 10**places % denominator == 0), None)
