"""A sheet in points on which shapes and text are put, and which becomes an SVG document."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from derive.worksheet.figures.outlines import Text
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


@dataclass(frozen=True)
class Drawing:
    """A picture.

    Attributes:
        svg: A whole SVG document; text is drawn as paths.
        alt: What a reader who can't see it needs to know, in the language asked for.
    """

    svg: str
    alt: str


def save(figure: Figure) -> str:
    """The SVG of a matplotlib figure; the same bytes whenever and wherever it is written."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.StringIO()
    FigureCanvasSVG(figure)
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


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
