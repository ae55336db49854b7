"""What plots have in common: markers, a panel measured in points, the legend along the top."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from derive.worksheet.figures.canvas import FAINT, INK
from derive.worksheet.figures.outlines import mathematics, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIZE = 9.5  # of words
_KEY = 38.0  # the room of a marker in the legend, with what is around it
LEGEND_LINE = 14.0
# Okabe and Ito's colours, told apart with any colour vision; shape and filling tell them apart in grey.
MARKERS: tuple[dict[str, Any], ...] = (
    {"marker": "o", "markerfacecolor": "#0072b2", "markeredgecolor": "#0072b2", "markersize": 5.5},
    {"marker": "s", "markerfacecolor": "none", "markeredgecolor": "#d55e00", "markersize": 6.0},
    {"marker": "^", "markerfacecolor": "#1a1a1a", "markeredgecolor": "#1a1a1a", "markersize": 5.5},
    {"marker": "D", "markerfacecolor": "none", "markeredgecolor": "#007a5e", "markersize": 5.0},
    {"marker": "v", "markerfacecolor": "#b85c93", "markeredgecolor": "#b85c93", "markersize": 5.5},
    {"marker": "x", "markerfacecolor": "none", "markeredgecolor": "#56707a", "markersize": 5.5},
)


def sheet(width: float, height: float) -> "Figure":
    """An empty figure; all measures in points."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width / 72, height / 72), dpi=72, facecolor="white")


def plain(axes: "Axes") -> None:
    """Two thin axes instead of a box."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(which="both", color=FAINT, labelcolor=INK)


def formula(
    axes: "Axes",
    latex: str,
    size: float,
    at: tuple[float, float],
    along: Any,
    shift: tuple[float, float],
    anchor: float = 0.5,
) -> None:
    """A formula beside a plot, in outlines that are kept: matplotlib sets its own text anew in every figure.

    Args:
        axes: The plot.
        latex: The formula, without dollar signs.
        size: In points.
        at: What it stands at, in the coordinates of `along`.
        along: The axes' transform for one of its sides, such as `axes.get_xaxis_transform()`.
        shift: From there to the formula's baseline, in points.
        anchor: 0: its left edge stands there; 0.5: its middle; 1: its right edge.
    """
    import numpy as np
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path
    from matplotlib.transforms import ScaledTranslation

    outline = mathematics(latex, size)
    corner = np.array((shift[0] - anchor * outline.width, shift[1]))
    path = Path(outline.vertices + corner, outline.codes)
    place = ScaledTranslation(*at, along)
    axes.add_artist(PathPatch(path, facecolor=INK, linewidth=0, transform=place, clip_on=False))


def words_style(font: Path) -> dict[str, Any]:
    """How plain words are set: in their font, and nothing in them is markup."""
    from matplotlib.font_manager import FontProperties

    return {"fontproperties": FontProperties(fname=font, size=_SIZE), "parse_math": False}


def legend_columns(names: Sequence[str], font: Path, width: float) -> int:
    """How many markers of a legend fit beside each other."""
    widths = [words(name, _SIZE, font).width + _KEY for name in names]
    return len(names) if sum(widths) <= width else max(1, int(width // max(widths)))


def legend(figure: "Figure", handles: Sequence[Any], columns: int, style: dict[str, Any]) -> None:
    """What the markers mean, along the top; each line of it is `LEGEND_LINE` high."""
    drawn = figure.legend(
        handles=handles,
        loc="upper center",
        ncols=columns,
        prop=style["fontproperties"],
        frameon=False,
        borderaxespad=0.2,
        handletextpad=0.3,
        columnspacing=1.6,
    )
    for text in drawn.get_texts():
        text.set_parse_math(False)
