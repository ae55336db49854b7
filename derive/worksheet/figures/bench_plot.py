"""The plot of times against sizes, one panel for each group of methods."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from derive.worksheet.figures import plot, wording
from derive.worksheet.figures.canvas import INK, Drawing, save
from derive.worksheet.figures.outlines import font_file, settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STYLES = ("solid", (0, (5, 2)), (0, (1.5, 1.5)), (0, (5, 2, 1.5, 2)), (0, (8, 3)), (0, (3, 1.5)))


@dataclass(frozen=True)
class Curve:
    """What one method took.

    Attributes:
        name: The method, in words.
        sizes: Of what it worked on, rising.
        seconds: How long each took.
    """

    name: str
    sizes: tuple[float, ...]
    seconds: tuple[float, ...]


def bench(
    panels: Mapping[str, Sequence[Curve]],
    *,
    sizes: str,
    language: str,
    fonts: Sequence[Path] | None = None,
) -> Drawing:
    """Draw times against sizes on logarithmic scales, one panel for each group of methods.

    Args:
        panels: Title of each panel, in words, and its methods (at most six); a method has the same look in
            every panel.
        sizes: What the sizes are, in words.
        language: "en" or "ko".
        fonts: Folders with the font for words; by default those of the font packages.

    Raises:
        ValueError: Nothing to draw, too many methods, or a size or time that a logarithmic scale can't show.
    """
    names = list(dict.fromkeys(curve.name for curves in panels.values() for curve in curves))
    points = [p for curves in panels.values() for c in curves for p in (*c.sizes, *c.seconds)]
    if not points or len(names) > len(plot.MARKERS):
        raise ValueError(f"between one and {len(plot.MARKERS)} methods are drawn, not {len(names)}")
    if not all(isfinite(point) and point > 0 for point in points):
        raise ValueError("sizes and times must be positive and finite")
    with settings():
        font = font_file(fonts)
        style, width = plot.words_style(font), 60 + 230.0 * len(panels)
        columns = plot.legend_columns(names, font, width)
        above = 30 + plot.LEGEND_LINE * ceil(len(names) / columns)
        height = above + 155 + 44
        figure = plot.sheet(width, height)
        all_axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
        figure.subplots_adjust(52 / width, 44 / height, 1 - 12 / width, 1 - above / height, wspace=0.08)
        for axes, (title, curves) in zip(all_axes, panels.items(), strict=True):
            _curves(axes, names, curves)
            axes.set_title(title, color=INK, **style)
            axes.set_xlabel(sizes, color=INK, **style)
        all_axes[0].set_ylabel(wording.say(language, "seconds"), color=INK, **style)
        lines = {line.get_label(): line for axes in all_axes for line in axes.get_lines()}
        plot.legend(figure, [lines[name] for name in names], columns, style)
        svg = save(figure)
    alt = [wording.say(language, "bench"), *(_said(t, c, language) for t, c in panels.items())]
    return Drawing(svg, " ".join(alt))


def _curves(axes: "Axes", names: list[str], curves: Sequence[Curve]) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    for curve in curves:
        n = names.index(curve.name)
        look = {"color": plot.MARKERS[n]["markeredgecolor"], "linewidth": 1.4, "linestyle": _STYLES[n]}
        axes.plot(curve.sizes, curve.seconds, label=curve.name, **look, **plot.MARKERS[n])
    axes.grid(which="major", color="#dcdcdc", linewidth=0.6)
    axes.set_axisbelow(True)
    plot.plain(axes)


def _said(title: str, curves: Sequence[Curve], language: str) -> str:
    said = [
        wording.say(
            language,
            "curve",
            name=curve.name,
            first=f"{curve.seconds[0]:.2g}",
            last=f"{curve.seconds[-1]:.2g}",
            small=f"{curve.sizes[0]:g}",
            large=f"{curve.sizes[-1]:g}",
        )
        for curve in curves
    ]
    return wording.say(language, "curves", title=title, curves="; ".join(said))
