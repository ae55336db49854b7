"""Numbers as students write them, read leniently and exactly; nothing is ever evaluated.

Beside what exercise files may hold: a decimal comma, full-width and other digits, any minus sign, stray
spaces, `3.2 x 10^-4`. What can't be read is said by a reason and costs its sender alone.
"""

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

from derive.classroom.cells import original
from derive.exercise import literals
from derive.exercise.literals import NumberError, shortened

LONGEST_SHOWN = 24
_BLANK = frozenset({"", "-", "?", "n/a", "na", "none", "null", "blank", "없음"})
_NOT_FINITE = re.compile(r"[-+]?(?:inf|infinity|nan|∞)")
_FORMULA = re.compile(r"[=@]|[-+][A-Za-z(]|cmd\|", re.IGNORECASE)
_WRITTEN_POWER = re.compile(r"(?:(?<=[\d.])\s*[x*]\s*)10\s*(?:\^|\*\*)\s*[({]?\s*([-+]?\d{1,6})\s*[)}]?$")
_POWER_ALONE = re.compile(r"([-+]?)10\s*(?:\^|\*\*)\s*[({]?\s*([-+]?\d{1,6})\s*[)}]?")
_SPACED_SIGN = re.compile(r"(?:(?<=^)|(?<=[eE/]))([-+])\s+")
_SPACES = re.compile(r"\s*([eE/])\s*")
_GROUPED = r"[-+]?\d{{1,3}}(?:{0}\d{{3}})+(?:{1}\d+)?"
_MANTISSA = re.compile(r"[-+]?(?P<whole>\d*)(?P<point>\.?)(?P<places>\d*)(?:[eE](?P<power>[-+]?\d+))?")
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
_SPELLED: dict[int, str | None] = {
    **_INVISIBLE,
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    **dict.fromkeys(map(ord, "\u2212\u2010\u2011\u2012\u2013\u2014\ufe63\u30fc"), "-"),
    **dict.fromkeys(map(ord, "\u2044\u2215\u00f7"), "/"),
    **dict.fromkeys(map(ord, "\u00d7\u00b7\u22c5\u2217"), "*"),
    **dict.fromkeys(map(ord, "\u3001\u066b"), ","),
}


@dataclass(frozen=True)
class Written:
    """What stands in one cell.

    Attributes:
        text: As the student wrote it, cut to what a page can show.
        number: What it says; None where it says no number.
        unit: What one of its last digit is worth; None for whole numbers and fractions, which are exact.
        digits: How many significant digits it has.
        trouble: Why there is no number: `blank`, `too_long`, `not_finite`, `out_of_range`, `formula`,
            `not_a_number`, `shape`; empty where there is one.
    """

    text: str
    number: Fraction | None = None
    unit: Fraction | None = None
    digits: int = 0
    trouble: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether the student left it out."""
        return self.trouble == "blank"


BLANK = Written("", trouble="blank")


def refused(text: str, trouble: str) -> Written:
    """A cell that says no number."""
    return Written(shortened(text[: 4 * LONGEST_SHOWN], LONGEST_SHOWN), trouble=trouble)


def read(text: str) -> Written:
    """What a cell says."""
    if len(text) > 4 * literals.LONGEST:
        return refused(text, "too_long")
    plain = _plain(text)
    if plain.lower() in _BLANK:
        return BLANK
    if _NOT_FINITE.fullmatch(plain.lower()):
        return refused(text, "not_finite")
    spelled = _with_point(_with_exponent(plain))
    try:
        number = literals.parse(spelled)
    except NumberError:
        return refused(text, _why_not(plain, spelled))
    unit, digits = _resolution(spelled, number)
    return Written(shortened(text.strip(), LONGEST_SHOWN), number, unit, digits)


def _why_not(plain: str, spelled: str) -> str:
    if _FORMULA.match(plain):
        return "formula"
    if len(spelled) > literals.LONGEST:
        return "too_long"
    return "out_of_range" if _MANTISSA.fullmatch(spelled) and "e" in spelled.lower() else "not_a_number"


def _plain(text: str) -> str:
    """The same in ASCII, as far as it is a number, without spaces that mean nothing."""
    translated = original(text.translate(_SPELLED).strip()).strip()
    digits = (str(unicodedata.decimal(letter, letter)) for letter in translated)
    return _SPACES.sub(r"\1", _SPACED_SIGN.sub(r"\1", "".join(digits)))


def _with_exponent(text: str) -> str:
    """`3.2*10^-4` as `3.2e-4`."""
    if alone := _POWER_ALONE.fullmatch(text):
        return f"{alone[1]}1e{alone[2]}"
    return _WRITTEN_POWER.sub(r"e\1", text)


def _with_point(text: str) -> str:
    """Decimals with a point, and nothing between thousands.

    A single comma is a decimal one; next to a point, or where there are several, commas part thousands.
    """
    if "," not in text:
        return text
    if re.fullmatch(_GROUPED.format(",", r"\."), text) and ("." in text or text.count(",") > 1):
        return text.replace(",", "")
    if re.fullmatch(_GROUPED.format(r"\.", ","), text):
        return text.replace(".", "").replace(",", ".")
    return text.replace(",", ".") if text.count(",") == 1 and "." not in text else text


def _resolution(spelled: str, number: Fraction) -> tuple[Fraction | None, int]:
    """What the last digit is worth, and how many significant digits there are."""
    match = _MANTISSA.fullmatch(spelled.strip())
    if match is None:  # a fraction
        return None, 0
    digits = len((match["whole"] + match["places"]).lstrip("0"))
    if not match["point"] and match["power"] is None:
        return None, digits
    return Fraction(10) ** (int(match["power"] or 0) - len(match["places"])), digits
