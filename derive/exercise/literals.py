"""Exact numbers from text: `4`, `-0.25`, `1/3`, `1e-3`. Nothing is ever evaluated.

The minus sign U+2212, which copying from a typeset page leaves behind, is read as a minus.
"""

import re
from collections.abc import Iterable
from decimal import Context, Decimal
from fractions import Fraction

LONGEST = 200  # characters; far below the length at which Python refuses to turn text into an int
LARGEST_EXPONENT = 400
_LARGEST_FRACTION = 8  # denominators up to which an exercise is one of fractions: 1/2 rather than 0.5

FORMS = "4, -0.25, 1/3 or 1e-3"
PATTERN = r"^\s*[-+\u2212]?(?:\d+\s*/\s*\d+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+\u2212]?\d+)?)\s*$"
_NUMBER = re.compile(PATTERN, re.ASCII)
_NOT_FINITE = re.compile(r"[-+\u2212]?\.?(?:inf|infinity|nan)", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"[-+\u2212]?\d+,\d+")
_EXPONENT = re.compile(r"[eE](?P<exponent>[-+]?\d+)")


class NumberError(ValueError):
    """A text that is no exact number.

    Attributes:
        what: What is wrong, in one line.
        why: What is allowed; may be empty.
        fix: What to do about it; may be empty.
    """

    def __init__(self, what: str, why: str = "", fix: str = "") -> None:
        """Keep the three parts."""
        super().__init__(what)
        self.what, self.why, self.fix = what, why, fix


def parse(text: str) -> Fraction:
    """The number that a text spells, exactly.

    Args:
        text: An integer, a decimal, a fraction of integers, or a decimal with an exponent.

    Raises:
        NumberError: It spells no finite number, or one beyond the limits of length and exponent.
    """
    if len(text) > LONGEST:
        raise NumberError(
            f"a number of {len(text)} characters is too long",
            f"at most {LONGEST} characters are read",
            "round it, or write it as a fraction (1/3) or with an exponent (1e-3)",
        )
    if not _NUMBER.match(text):
        raise _no_number(text.strip())
    spelled = "".join(text.split()).replace("\u2212", "-")
    exponent = _EXPONENT.search(spelled)
    if exponent and abs(int(exponent["exponent"])) > LARGEST_EXPONENT:
        raise NumberError(
            f"the exponent of {spelled} is too large",
            f"exponents reach from -{LARGEST_EXPONENT} to {LARGEST_EXPONENT}",
            "give a number nearer to 1",
        )
    try:
        return Fraction(spelled)
    except ZeroDivisionError:
        raise NumberError(f"{spelled} divides by zero", fix="give a denominator other than 0") from None


def parse_integer(text: str) -> int:
    """The integer that a text spells.

    Raises:
        NumberError: It spells no number, or one that is not whole.
    """
    number = parse(text)
    if number.denominator != 1:
        raise NumberError(f"{text.strip()} is not a whole number", fix="give a whole number")
    return int(number)


def _no_number(text: str) -> NumberError:
    if not text:
        return NumberError("a number is missing", fix=f"write one, such as {FORMS}")
    if _NOT_FINITE.fullmatch(text):
        return NumberError(f"{text} is not a finite number", f"numbers are written {FORMS}")
    if _DECIMAL_COMMA.fullmatch(text):
        return NumberError(
            f'"{text}" is not a number',
            "decimals are written with a point",
            f"write {text.replace(',', '.')}",
        )
    return NumberError(f'"{shortened(text)}" is not a number', f"numbers are written {FORMS}")


def shortened(text: str, length: int = 40) -> str:
    """At most `length` characters of a text, for messages."""
    return text if len(text) <= length else text[: length - 3] + "..."


def terminating(number: Fraction) -> Decimal | None:
    """A number as a decimal, exactly; None where its digits never end."""
    rest = number.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest != 1:
        return None
    # As many digits as it can have, so that none is rounded away.
    context = Context(prec=len(str(number.numerator)) + number.denominator.bit_length())
    return context.divide(Decimal(number.numerator), Decimal(number.denominator)).normalize(context)


def prefers_decimals(numbers: Iterable[Fraction]) -> bool:
    """Whether an exercise with these given numbers is one of decimals: 0.15 rather than 1/2."""
    return any(
        number.denominator > _LARGEST_FRACTION
        and number.denominator % 5 == 0
        and terminating(number) is not None
        for number in numbers
    )
