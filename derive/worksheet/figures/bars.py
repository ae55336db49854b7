"""Bars: how many of something there are, or how large shares are, one line for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from derive.worksheet.figures import plot
from derive.worksheet.figures.canvas import INK, Drawing, save
from derive.worksheet.figures.outlines import font_file, mathematics, settings, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FILLED, _OUTLINED, _GRID = "#0072b2", "#b9d3e6", "#dcdcdc"
_WIDTH, _ROW, _LABEL = 460.0, 19.0, 9.5
_GROUND = {"boxstyle": "square,pad=0.1", "facecolor": "white", "linewidth": 0}
_AROUND = (14.0, 34.0)  # above the bars and below them
_RIGHT, _GAP, _TEXT = 40.0, 10.0, 4.0


@dataclass(frozen=True)
class Bar:
    """One line.

    Attributes:
        label: What it is about: words, or LaTeX where `is_formula`.
        values: How long the bar is; with two values the second lies behind the first.
        text: What is written at its end.
        is_formula: Whether the label is LaTeX.
    """

    label: str
    values: tuple[float, ...]
    text: str
    is_formula: bool = False


def bars(
    lines: Sequence[Bar],
    *,
    along: str,
    most: float,
    alt: str,
    names: Sequence[str] = (),
    fonts: Sequence[Path] | None = None,
) -> Drawing:
    """Draw bars, from top to bottom.

    Args:
        lines: At least one.
        along: What the lengths are, in words.
        most: How far the scale reaches.
        alt: What the picture shows, for readers who can't see it.
        names: Of the values, in words, where there are two of them.
        fonts: Folders with the font for words; by default those of the font packages.

    Raises:
        ValueError: Nothing to draw.
    """
    if not lines:
        raise ValueError("there are no bars to draw")
    with settings():
        font = font_file(fonts)
        style = plot.words_style(font)
        above = _AROUND[0] + (plot.LEGEND_LINE if names else 0)
        height = above + _ROW * len(lines) + _AROUND[1]
        left = max(_width(line, font) for line in lines) + _GAP + _TEXT
        right = max(_RIGHT, *(_beyond(line, most, _WIDTH - left, font) for line in lines))
        figure = plot.sheet(_WIDTH, height)
        axes = figure.add_axes(
            (
                left / _WIDTH,
                _AROUND[1] / height,
                1 - (left + right) / _WIDTH,
                _ROW * len(lines) / height,
            )
        )
        drawn = _draw(axes, lines, most, style)
        axes.set_xlabel(along, color=INK, **style)
        if names:
            for handle, name in zip(drawn, names, strict=True):
                handle.set_label(name)
            plot.legend(figure, drawn, len(names), style)
        return Drawing(save(figure), alt)


def _width(line: Bar, font: Path) -> float:
    text = mathematics(line.label, _LABEL) if line.is_formula else words(line.label, _LABEL, font)
    return text.width


def _beyond(line: Bar, most: float, room: float, font: Path) -> float:
    """What has to stay free right of the scale, of the room for both, so that a line's text fits."""
    needed = words(line.text, _LABEL, font).width + 2 * _TEXT
    length = max(line.values) / most
    return room - (room - needed) / length if length > 0 else 0.0


def _draw(axes: "Axes", lines: Sequence[Bar], most: float, style: dict[str, Any]) -> list[Any]:
    """The bars with their labels; the containers of each value."""
    from matplotlib.ticker import MaxNLocator

    plot.plain(axes)
    rows = range(len(lines))
    drawn: list[Any] = []
    for n in reversed(range(len(lines[0].values))):
        lengths = [line.values[n] for line in lines]
        colour = _FILLED if n == 0 else _OUTLINED
        drawn.insert(0, axes.barh(rows, lengths, height=0.64, color=colour, zorder=2 + (n == 0)))
    axes.set(xlim=(0, most), ylim=(len(lines) - 0.4, -0.6))
    axes.set_yticks(rows, [])
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=most > 1))
    axes.xaxis.grid(True, color=_GRID, linewidth=0.6, zorder=1)
    side = axes.get_yaxis_transform()
    for row, line in enumerate(lines):
        if line.is_formula:
            plot.formula(axes, line.label, _LABEL, (0, row), side, (-_TEXT - 2, -3), anchor=1)
        else:
            axes.annotate(
                line.label, (0, row), xycoords=side, xytext=(-_TEXT - 2, 0), textcoords="offset points",
                ha="right", va="center", color=INK, **style,
            )  # fmt: skip
        axes.annotate(
            line.text, (max(line.values), row), xytext=(_TEXT, 0), textcoords="offset points",
            va="center", color=INK, annotation_clip=False, bbox=_GROUND, zorder=3, **style,
        )  # fmt: skip
    return drawn


def scale(most: float) -> float:
    """A round end of a scale of whole numbers that reaches so far."""
    if most <= 1:
        return 2.0
    step = 10 ** max(0, len(str(ceil(most))) - 2)
    return float(ceil(most / step) * step)
