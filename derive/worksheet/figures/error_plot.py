"""The plot of the errors of each source, entry by entry, against the machine epsilons."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, inf, isfinite, log10
from pathlib import Path
from typing import TYPE_CHECKING, Any

from derive.worksheet.figures import plot, wording
from derive.worksheet.figures.canvas import INK, LINE, PALE, Drawing, save
from derive.worksheet.figures.outlines import font_file, mathematics, settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

MOST_ENTRIES = 40
_LOWEST, _HIGHEST = -20, 4  # powers of ten that are drawn at most; multiples of the largest step, 4
_WIDTH, _RIGHT, _BELOW = 460.0, 22.0, 36.0
_LABEL = 10.0
_FEW = 24
_ROW = (17.0, 14.0)  # the height of one row, where there are few and where there are many
_EPSILONS = ((2.0**-52, "2^{-52}", "double", "solid"), (2.0**-23, "2^{-23}", "single", (0, (4, 2.5))))


@dataclass(frozen=True)
class Errors:
    """What one source got.

    Attributes:
        name: The source, in words.
        values: The relative error of each entry: 0 for exact agreement, inf or nan where the value isn't
            finite, None where there is none.
    """

    name: str
    values: tuple[float | None, ...]


def errors(
    entries: Sequence[str],
    sources: Sequence[Errors],
    *,
    language: str,
    fonts: Sequence[Path] | None = None,
) -> Drawing:
    """Draw the relative error of each entry and source; exact agreement and what isn't finite have lanes.

    Args:
        entries: LaTeX of each entry, such as `W_{0}[0,0]`, from top to bottom.
        sources: At most six.
        language: "en" or "ko".
        fonts: Folders with the font for words; by default those of the font packages.

    Returns:
        The picture. Of more than 40 entries, the 40 with the largest errors, which it says.

    Raises:
        ValueError: Nothing to draw, too many sources, an error below zero, or not one value per entry.
    """
    _check(entries, sources)
    shown = _worst(entries, sources)
    drawn = [Errors(source.name, tuple(source.values[i] for i in shown)) for source in sources]
    note = ""
    if len(shown) < len(entries):
        note = wording.say(language, "worst of", shown=len(shown), count=len(entries))
    with settings():
        font = font_file(fonts)
        figure, axes, columns = _frame([entries[i] for i in shown], [source.name for source in sources], font)
        style = plot.words_style(font)
        scale = _Scale(drawn)
        scale.ground(axes, language, style)
        lines = [scale.put(axes, n) for n in range(len(drawn))]
        label = wording.say(language, "relative error") + (f" ({note})" if note else "")
        axes.set_xlabel(label, color=INK, labelpad=17, **style)
        plot.legend(figure, lines, columns, style)
        svg = save(figure)
    sentences = [wording.say(language, "errors", entries=len(entries))]
    sentences += [_described(source, language) for source in sources]
    return Drawing(svg, " ".join([*sentences, *([note + "."] if note else [])]))


def _frame(entries: list[str], names: list[str], font: Path) -> tuple["Figure", "Axes", int]:
    """A figure with room for rows, their labels and the legend, of as many columns as fit."""
    columns = plot.legend_columns(names, font, _WIDTH)
    above = 36 + plot.LEGEND_LINE * ceil(len(names) / columns)
    rows = _ROW[len(entries) > _FEW] * len(entries)
    height = above + rows + _BELOW
    left = max(60.0, max(mathematics(entry, _LABEL).width for entry in entries) + 16)
    figure = plot.sheet(_WIDTH, height)
    inside = (left / _WIDTH, _BELOW / height, 1 - (left + _RIGHT) / _WIDTH, rows / height)
    axes = figure.add_axes(inside)
    plot.plain(axes)
    axes.set_yticks(range(len(entries)), [])
    for row, entry in enumerate(entries):
        plot.formula(axes, entry, _LABEL, (0, row), axes.get_yaxis_transform(), (-7, -3), anchor=1)
    return figure, axes, columns


def _check(entries: Sequence[str], sources: Sequence[Errors]) -> None:
    if not entries or not 1 <= len(sources) <= len(plot.MARKERS):
        raise ValueError(f"at least one entry and between one and {len(plot.MARKERS)} sources are drawn")
    if any(len(source.values) != len(entries) for source in sources):
        raise ValueError("each source needs one value for each entry")
    if any(value is not None and value < 0 for source in sources for value in source.values):
        raise ValueError("a relative error is not negative")


def _worst(entries: Sequence[str], sources: Sequence[Errors]) -> list[int]:
    """The entries that are drawn, in their own order: all, or those with the largest errors."""

    def largest(i: int) -> float:
        values = [source.values[i] for source in sources]
        return max((value if isfinite(value) else inf for value in values if value is not None), default=-1)

    return sorted(sorted(range(len(entries)), key=largest, reverse=True)[:MOST_ENTRIES])


class _Scale:
    """The scale of an error plot: powers of ten between two lanes; what lies beyond stands at the ends."""

    def __init__(self, sources: Sequence[Errors]) -> None:
        self.sources = sources
        given = [value for source in sources for value in source.values if value is not None]
        powers = [log10(value) for value in given if value and isfinite(value)]
        self.infinite = any(not isfinite(value) for value in given)
        # A lane for what isn't finite needs to be as far from the epsilons as its heading is wide.
        self.low = max(_LOWEST, min([-18, *map(floor, powers)]))
        self.high = min(_HIGHEST, max([-3 if self.infinite else -6, *map(ceil, powers)]))
        self.cut = (min(powers, default=0) < self.low, max(powers, default=self.low) > self.high)
        lane = (self.high - self.low) / 10
        self.zero, self.beyond, self.half = self.low - lane, self.high + lane, lane / 2

    def place(self, value: float, share: float) -> float:
        """Where a value is on the scale; in a lane, where sources often meet, side by side."""
        if value and isfinite(value):
            return min(max(log10(value), self.low), self.high)
        return (self.beyond if value else self.zero) + 1.6 * share * self.half

    def put(self, axes: "Axes", n: int) -> "Line2D":
        """The markers of one source, each a little below those of the source before."""
        share = (n - (len(self.sources) - 1) / 2) / len(self.sources)
        given = [(row, value) for row, value in enumerate(self.sources[n].values) if value is not None]
        across = [self.place(value, share) for _, value in given]
        in_lane = [value == 0 or not isfinite(value) for _, value in given]
        down = [row + (0 if lane else 0.75 * share) for (row, _), lane in zip(given, in_lane, strict=True)]
        (line,) = axes.plot(across, down, linestyle="none", **plot.MARKERS[n])
        line.set(label=self.sources[n].name, markeredgewidth=1.2, clip_on=False, zorder=3)
        line.set_gid(f"source-{n}")
        return line

    def ground(self, axes: "Axes", language: str, style: dict[str, Any]) -> None:
        """Scale, lanes and the lines of the machine epsilons."""
        lanes = {self.zero: "exact"} | ({self.beyond: "not finite"} if self.infinite else {})
        for lane, heading in lanes.items():
            axes.axvspan(lane - self.half, lane + self.half, color="#eeeeee", linewidth=0, zorder=0)
            _above(axes, lane, wording.say(language, heading), style)
        right = self.beyond + self.half if self.infinite else self.high + 0.3
        axes.set(xlim=(self.zero - self.half, right), ylim=(len(self.sources[0].values) - 0.4, -0.6))
        ticks = dict(zip(lanes, ("0", r"\infty"), strict=False)) | {p: self.tick(p) for p in self.powers()}
        axes.set_xticks(list(ticks), [])
        for x, latex in ticks.items():
            plot.formula(axes, latex, _LABEL, (x, 0), axes.get_xaxis_transform(), (0, -16))
        axes.set_axisbelow(True)
        axes.grid(axis="y", color="#dcdcdc", linewidth=0.6)
        for epsilon, latex, kind, dashes in _EPSILONS:
            axes.axvline(log10(epsilon), color=LINE, linewidth=1.1, linestyle=dashes, zorder=1)
            _above(axes, log10(epsilon), wording.say(language, kind), style, latex)

    def powers(self) -> list[int]:
        """The powers of ten that are marked; the ends always are where values lie beyond them."""
        step = max(2, 2 * ceil((self.high - self.low) / 16))
        return [power for power in range(self.low, self.high + 1) if power % step == 0]

    def tick(self, power: int) -> str:
        """A power of ten, with the sign that tells that what lies beyond stands here too."""
        sign = r"\leq" if power == self.low and self.cut[0] else ""
        sign = r"\geq" if power == self.high and self.cut[1] else sign
        return f"{sign}10^{{{power}}}"


def _above(axes: "Axes", x: float, text: str, style: dict[str, Any], latex: str = "") -> None:
    """A heading over the plot: words, and a formula above them."""
    place: dict[str, Any] = {"xycoords": axes.get_xaxis_transform(), "textcoords": "offset points"}
    place |= {"annotation_clip": False, "ha": "center", "va": "baseline"}
    axes.annotate(text, (x, 1), (0, 4), color=PALE, **style, **place)
    if latex:
        plot.formula(axes, latex, _LABEL, (x, 1), axes.get_xaxis_transform(), (0, 15))


def _described(source: Errors, language: str) -> str:
    given = [value for value in source.values if value is not None]
    finite = [value for value in given if value and isfinite(value)]
    others = sum(not isfinite(value) for value in given)
    between = wording.say(language, "none between")
    if finite:
        least, most = f"{min(finite):.1e}", f"{max(finite):.1e}"
        between = wording.say(language, "between", count=len(finite), least=least, most=most)
    return wording.say(
        language,
        "source",
        name=source.name,
        exact=sum(value == 0 for value in given),
        finite=between,
        others=wording.say(language, "others", count=others) if others else "",
    )
