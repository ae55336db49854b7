"""Text as outlines that are kept from one picture to the next, and matplotlib as it has to be for that.

So the size of a text is known before anything is drawn, no reader needs a font, and a second picture costs
little.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from derive import files
from derive.worksheet.figures.svg import spelled

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

MATHEMATICS = "stix"
_WORDS_FONT = "NanumGothic.ttf"
_UNIT = 100.0  # the size in which outlines are kept
GRAIN = 0.01  # of a point: whole numbers of these spell outlines, which are most of a picture
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "path",
    "svg.hashsalt": "derive",
    "mathtext.fontset": MATHEMATICS,
    "font.family": "STIXGeneral",
    "figure.dpi": 72,
}
# Choosing a backend is the business of whoever runs the program; it can't be put back without a warning.
_UNTOUCHED = ("backend", "backend_fallback", "interactive", "toolbar")
_NUMBER = re.compile(r"\$-?\d+(?:\.\d+)?\$")
_OF_TEXT = ("font.", "mathtext.", "text.")
_inside: ContextVar[bool] = ContextVar("inside settings", default=False)


@contextmanager
def settings() -> Iterator[None]:
    """Have matplotlib as it is shipped, whatever the user has set, with our settings; put back after."""
    with _settings(lambda key: key not in _UNTOUCHED):
        yield


@contextmanager
def _settings(concerned: Callable[[str], bool]) -> Iterator[None]:
    if _inside.get():
        yield
        return
    import matplotlib

    shipped: dict[Any, Any] = {
        key: value for key, value in matplotlib.rcParamsDefault.items() if concerned(key)
    }
    with matplotlib.rc_context({**shipped, **_SETTINGS}):
        token = _inside.set(True)
        try:
            yield
        finally:
            _inside.reset(token)


def font_file(folders: Sequence[FilePath] | None) -> FilePath:
    """The font for words, which has Hangul and Latin.

    Args:
        folders: Where to look, first place first; by default the folders of the font packages.

    Raises:
        FileNotFoundError: None of the folders has it.
    """
    searched = files.font_folders() if folders is None else folders
    for folder in searched:
        if (folder / _WORDS_FONT).is_file():
            return folder / _WORDS_FONT
    raise FileNotFoundError(f"{_WORDS_FONT} is in none of {', '.join(map(str, searched))}")


@dataclass(frozen=True)
class Text:
    """A text whose size is known; the baseline is at height 0.

    Attributes:
        vertices: (points, 2); the outline, starting at the origin.
        codes: What each vertex is, as in matplotlib's paths.
        width: From the left edge of the first glyph to the right edge of the last.
        top: Height of the highest point.
        bottom: Height of the lowest point; below zero for letters that hang down.
    """

    vertices: Array
    codes: Array
    width: float
    top: float
    bottom: float

    @cached_property
    def data(self) -> str:
        """The outline as SVG spells it, in grains; the same text is in many pictures."""
        return spelled((self.vertices / GRAIN).round().tolist(), bytes(self.codes))

    @property
    def height(self) -> float:
        """From the lowest point to the highest."""
        return self.top - self.bottom


@lru_cache(maxsize=4096)
def mathematics(latex: str, size: float) -> Text:
    """A formula.

    Args:
        latex: LaTeX without dollar signs, as far as matplotlib sets it. Numbers are set so as well.
        size: In points.

    Raises:
        ValueError: matplotlib can't set it.
    """
    if "$" in latex:
        raise ValueError(f"a formula in a picture must not hold a dollar sign: {latex!r}")
    return _scaled(_outline(f"${latex}$", None), size)


@lru_cache(maxsize=1024)
def words(text: str, size: float, font: FilePath) -> Text:
    """Plain words, Korean or English; nothing in them is markup."""
    return _scaled(_outline(text, str(font)), size)


def _outline(text: str, font: str | None) -> tuple[Array, Array]:
    """The vertices of a text at its kept size, and what each of them is."""
    if font is None and _NUMBER.fullmatch(text):
        return _number_outline(text[1:-1])
    return _set(text, font)


@lru_cache(maxsize=4096)
def _set(text: str, font: str | None) -> tuple[Array, Array]:
    import numpy as np
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    with _settings(lambda key: key.startswith(_OF_TEXT)):
        properties = (
            FontProperties(math_fontfamily=MATHEMATICS) if font is None else FontProperties(fname=font)
        )
        vertices, codes = text_to_path.get_text_path(properties, text, ismath=font is None)
    return np.reshape(vertices, (-1, 2)), np.array(codes, dtype=np.uint8)


def _number_outline(number: str) -> tuple[Array, Array]:
    """The outline of a number, put together from its digits: every student's picture has new numbers."""
    import numpy as np

    x, vertices, codes = 0.0, [], []
    for letter in number:
        outline = _set(f"${letter}$", None)
        vertices.append(outline[0] + np.array((x, 0.0)))
        codes.append(outline[1])
        x += _advance(letter if letter in ".-" else "0")
    return np.concatenate(vertices), np.concatenate(codes)


@lru_cache(maxsize=3)
def _advance(letter: str) -> float:
    """How far a minus, a digit or the point between two digits moves the digit that follows."""
    before = {"0": "0", "-": "-", ".": "0."}[letter]
    digit, start = _set("$0$", None)[0], sum(len(_set(f"${one}$", None)[0]) for one in before)
    moved = _set(f"${before}0$", None)[0][start, 0] - digit[0, 0]
    return float(moved) - (_advance("0") if letter == "." else 0.0)


def _scaled(outline: tuple[Array, Array], size: float) -> Text:
    vertices, codes = outline[0] * (size / _UNIT), outline[1]
    if not len(vertices):
        return Text(vertices, codes, 0.0, 0.0, 0.0)
    (left, low), (right, high) = vertices.min(axis=0), vertices.max(axis=0)
    return Text(vertices - (left, 0), codes, float(right - left), float(high), float(low))
