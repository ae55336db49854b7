"""A sheet in points on which shapes and text are put, and which becomes an SVG document."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from derive.worksheet.figures.outlines import GRAIN, Text
from derive.worksheet.figures.svg import CLOSE, LINE_TO, MOVE, Shape, document, spelled, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Point = tuple[float, float]

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
    _corners: list[Point] = field(default_factory=list)

    def path(
        self,
        points: Sequence[Point],
        codes: bytes,
        *,
        fill: str | None = None,
        line: str | None = None,
        width: float = 1.0,
        dashed: bool = False,
    ) -> None:
        """Lines and curves, filled, drawn or both; `codes` says what each point is, as in matplotlib."""
        across, heights = zip(*points, strict=True)
        self._corners += [(min(across), min(heights)), (max(across), max(heights))]
        look = style(fill, line, width, dashed)
        self._shapes.append(Shape(spelled(points, codes), look, self._name()))

    def _name(self) -> str:
        return f"shape-{len(self._shapes)}"

    def polygon(self, points: Sequence[Point], *, fill: str | None = None, **look: Any) -> None:
        """Straight lines from point to point; closed where it is filled."""
        codes = bytes([MOVE] + [LINE_TO] * (len(points) - 1) + [CLOSE] * bool(fill))
        self.path([*points, points[0]] if fill else points, codes, fill=fill, **look)

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
        left = x - anchor * text.width
        if halo is not None:
            right, low, high = left + text.width + halo, y + text.bottom - halo, y + text.top + halo
            self.polygon(
                [(left - halo, low), (right, low), (right, high), (left - halo, high)], fill="#ffffff"
            )
        if text.data:
            self._corners += [(left, y + text.bottom), (left + text.width, y + text.top)]
            shape = Shape(text.data, style(colour), name or self._name(), (left, y), GRAIN)
            self._shapes.append(shape)

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
