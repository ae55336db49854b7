"""A sheet in points on which shapes and text are put, and which becomes an SVG document.

Text is set as outlines that are kept from one picture to the next, so that its size is known before
anything is drawn, no reader needs a font, and a second picture costs little.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from derive import files
from derive.worksheet.figures.svg import CLOSE, LINE_TO, MOVE, Shape, document, style

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from matplotlib.path import Path

    Array = np.ndarray[Any, np.dtype[Any]]

INK = "#1a1a1a"
LINE = "#4d4d4d"
FAINT = "#8c8c8c"
PALE = "#5f5f5f"  # text that stands back, still 6:1 against white
MATHEMATICS = "stix"
_WORDS_FONT = "NanumGothic.ttf"
_UNIT = 100.0  # the size in which outlines are kept
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "path",
    "svg.hashsalt": "derive",
    "mathtext.fontset": MATHEMATICS,
    "font.family": "STIXGeneral",
    "figure.dpi": 72,
}
# Choosing a backend is the business of whoever runs the program; it can't be put back without a warning.
_UNTOUCHED = ("backend", "backend_fallback", "interactive", "toolbar")
_OF_TEXT = ("font.", "mathtext.", "text.")
_inside: ContextVar[bool] = ContextVar("inside settings", default=False)


@dataclass(frozen=True)
class Drawing:
    """A picture.

    Attributes:
        svg: A whole SVG document; text is drawn as paths.
        alt: What a reader who can't see it needs to know, in the language asked for.
    """

    svg: str
    alt: str


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


def save(figure: Figure) -> str:
    """The SVG of a matplotlib figure; the same bytes whenever and wherever it is written."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.StringIO()
    FigureCanvasSVG(figure)
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


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


@lru_cache(maxsize=4096)
def _outline(text: str, font: str | None) -> tuple[Array, Array]:
    import numpy as np
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    with _settings(lambda key: key.startswith(_OF_TEXT)):
        properties = (
            FontProperties(math_fontfamily=MATHEMATICS) if font is None else FontProperties(fname=font)
        )
        vertices, codes = text_to_path.get_text_path(properties, text, ismath=font is None)
    return np.reshape(vertices, (-1, 2)), np.array(codes, dtype=np.uint8)


def _scaled(outline: tuple[Array, Array], size: float) -> Text:
    vertices, codes = outline[0] * (size / _UNIT), outline[1]
    if not len(vertices):
        return Text(vertices, codes, 0.0, 0.0, 0.0)
    (left, low), (right, high) = vertices.min(axis=0), vertices.max(axis=0)
    return Text(vertices - (left, 0), codes, float(right - left), float(high), float(low))


@dataclass
class Sheet:
    """What is drawn so far; later things lie on earlier ones. Heights grow upwards."""

    _shapes: list[Shape] = field(default_factory=list)
    _corners: list[tuple[float, float]] = field(default_factory=list)

    def shape(
        self,
        path: Path,
        *,
        fill: str | None = None,
        line: str | None = None,
        width: float = 1.0,
        dashed: bool = False,
        name: str | None = None,
    ) -> None:
        """A path, filled, drawn or both; `name` becomes the id of its SVG element."""
        import numpy as np

        codes = np.asarray(path.codes, dtype=np.uint8).tobytes()
        self._put(np.asarray(path.vertices), codes, style(fill, line, width, dashed), name)

    def _put(self, vertices: Array, codes: bytes, style: str, name: str | None) -> None:
        # A hundredth of a point is finer than any printer, and halves the file.
        rounded = vertices.round(2)
        self._shapes.append(Shape(rounded, codes, style, name or f"shape-{len(self._shapes)}"))
        low, high = rounded.min(axis=0), rounded.max(axis=0)
        self._corners += [(float(low[0]), float(low[1])), (float(high[0]), float(high[1]))]

    def polygon(
        self,
        points: Sequence[tuple[float, float]],
        *,
        fill: str | None = None,
        line: str | None = None,
        width: float = 1.0,
        dashed: bool = False,
        name: str | None = None,
    ) -> None:
        """Straight lines from point to point; closed where it is filled."""
        import numpy as np

        codes = bytes([MOVE] + [LINE_TO] * (len(points) - 1) + [CLOSE] * bool(fill))
        ends = [points[0]] if fill else []
        self._put(np.array([*points, *ends], dtype=float), codes, style(fill, line, width, dashed), name)

    def text(
        self,
        x: float,
        y: float,
        text: Text,
        *,
        anchor: float = 0.5,
        colour: str = INK,
        name: str | None = None,
        halo: float | None = None,
    ) -> None:
        """Text with its baseline at `y`.

        Args:
            x: Where its anchor is.
            y: Height of the baseline.
            text: What to put.
            anchor: 0: `x` is the left edge; 0.5: the middle; 1: the right edge.
            colour: Of the glyphs.
            name: The id of its SVG element.
            halo: How far a white ground reaches around it; None for no ground.
        """
        import numpy as np

        left = x - anchor * text.width
        if halo is not None:
            right, low, high = left + text.width + halo, y + text.bottom - halo, y + text.top + halo
            self.polygon(
                [(left - halo, low), (right, low), (right, high), (left - halo, high)], fill="#ffffff"
            )
        if len(text.vertices):
            self._put(text.vertices + np.array((left, y)), bytes(text.codes), style(colour), name)

    def centred(self, x: float, y: float, text: Text, **look: Any) -> None:
        """Text whose middle, in both directions, is at a point."""
        self.text(x, y - (text.top + text.bottom) / 2, text, **look)

    @property
    def lowest(self) -> float:
        """The height of the lowest thing so far."""
        return min(height for _, height in self._corners)

    def svg(self, margin: float = 5.0) -> str:
        """All of it as one SVG document, as large as what is on the sheet."""
        columns, heights = zip(*self._corners, strict=True)
        left, high = min(columns) - margin, max(heights) + margin
        return document(self._shapes, left, high, max(columns) + margin - left, high - min(heights) + margin)
