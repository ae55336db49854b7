"""How often each whole number occurs, with one of them marked and a band around it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from derive.worksheet.figures import plot
from derive.worksheet.figures.canvas import FAINT, INK, Drawing, save
from derive.worksheet.figures.outlines import font_file, settings

_BAR, _BAND, _OWN = "#0072b2", "#eef3f7", "#d55e00"
_MOST_BARS = 30


@dataclass(frozen=True)
class Labels:
    """What the histogram says, in words of the page's language.

    Attributes:
        across: What the numbers are.
        up: What is counted.
        own: What the marked number is.
        alt: What the picture shows, for readers who can't see it.
    """

    across: str
    up: str
    own: str
    alt: str


def histogram(
    counts: Mapping[int, int],
    labels: Labels,
    *,
    own: int,
    band: tuple[float, float] | None = None,
    fonts: Sequence[Path] | None = None,
) -> Drawing:
    """Draw how often each number occurs; neighbours share a bar where there are many of them.

    Args:
        counts: How often each number occurs, at least one.
        labels: Words.
        own: The number that is marked.
        band: From where to where numbers are allowed.
        fonts: Folders with the font for words; by default those of the font packages.
    """
    from matplotlib.ticker import MaxNLocator

    low, high = min(*counts, own), max(*counts, own)
    width = -(-(high - low + 1) // _MOST_BARS)
    bars: dict[int, int] = {}
    for number, count in counts.items():
        start = low + (number - low) // width * width
        bars[start] = bars.get(start, 0) + count
    with settings():
        style = plot.words_style(font_file(fonts))
        figure = plot.sheet(430, 150)
        axes = figure.add_axes((0.09, 0.26, 0.88, 0.6))
        plot.plain(axes)
        if band is not None:
            axes.axvspan(*band, color=_BAND, linewidth=0, zorder=0)
        places = [start + (width - 1) / 2 for start in bars]
        axes.bar(places, list(bars.values()), width=0.86 * width, color=_BAR, zorder=2)
        axes.axvline(own, color=_OWN, linewidth=1.4, dashes=(4, 2), zorder=3)
        axes.set_xlim(low - width, high + width)
        axes.margins(y=0.08)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator("auto", integer=True))
        axes.yaxis.grid(True, color=FAINT, linewidth=0.3, zorder=1)
        axes.set_xlabel(labels.across, color=INK, **style)
        axes.set_ylabel(labels.up, color=INK, **style)
        axes.annotate(
            labels.own, (own, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 3),
            textcoords="offset points", ha="center", color=_OWN, **style,
        )  # fmt: skip
        return Drawing(save(figure), labels.alt)
