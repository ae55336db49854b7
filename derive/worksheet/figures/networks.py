"""The picture of a network: units in columns, weights on the edges, values in the units, gradients back."""

from collections.abc import Sequence
from math import hypot
from pathlib import Path as FilePath

from derive.worksheet.figures import layout as plan
from derive.worksheet.figures import model, wording
from derive.worksheet.figures.canvas import FAINT, INK, LINE, PALE, Drawing, Point, Sheet
from derive.worksheet.figures.layout import Layout, Place
from derive.worksheet.figures.model import Column, Edges, Unit
from derive.worksheet.figures.outlines import font_file, mathematics, words
from derive.worksheet.figures.svg import CLOSE, CUBIC, LINE_TO, MOVE

_GROUND = "#f3f7fb"
_GROUND_OFF = "#f0f0f0"
_BACKWARD = "#a94400"  # vermilion, dark enough for text: 6:1 against white
_EDGE = "#7a7a7a"
_EDGE_OFF = "#b4b4b4"
_ARC = 0.5522847498  # control points of a quarter circle
_STADIUM = bytes([MOVE, LINE_TO, *[CUBIC] * 6, LINE_TO, *[CUBIC] * 6, CLOSE])


def network(
    columns: Sequence[Column],
    edges: Sequence[Edges],
    *,
    language: str,
    title: str = "",
    backward: bool = False,
    fonts: Sequence[FilePath] | None = None,
) -> Drawing:
    """Draw a network, from left to right.

    Ids in the SVG name what is written: `weight-k-i-j` (from unit i of column k to unit j of the next),
    `bias-k-i`, `symbol-k-i-p`, `value-k-i-p` and `gradient-k-i-p` (p: which part), `note-k-i`, `caption-k`,
    `function-k`, `matrix-k`.

    Args:
        columns: The input, the layers, and whatever else has units, such as the loss.
        edges: Between each column and the next.
        language: "en" or "ko", for the alternative text and the legend.
        title: What the picture is, in words; the alternative text begins with it.
        backward: Turn the arrows round, for the way back.
        fonts: Folders with the font for words; by default those of the font packages.

    Returns:
        The picture. Weights that can't be written legibly (more than 16 between two columns) are left out,
        as are the inner units of columns of more than 8; the alternative text says so.

    Raises:
        ValueError: The parts don't fit together, or a text is no LaTeX that matplotlib can set.
    """
    columns, edges = tuple(columns), tuple(edges)
    model.check(columns, edges)
    font = font_file(fonts)
    laid = plan.lay_out(columns, edges, font)
    sheet = Sheet()
    for n in range(len(laid.places) - 1):
        _edges(sheet, laid, n, columns, edges, backward)
    for place in laid.places:
        _column(sheet, laid, place, columns[place.index], backward)
        _headings(sheet, laid, place, columns[place.index], font)
    for n in range(len(laid.places) - 1):
        _weights(sheet, laid, n, columns, edges)
    _legend(sheet, laid, columns, language, font)
    return Drawing(sheet.svg(), wording.network(columns, edges, laid, language, title, backward))


def _edges(
    sheet: Sheet, laid: Layout, n: int, columns: tuple[Column, ...], edges: tuple[Edges, ...], backward: bool
) -> None:
    place, following = laid.places[n], laid.places[n + 1]
    start, end = place.x + place.half - laid.radius, following.x - following.half + laid.radius
    if following.index != place.index + 1:
        _dots(sheet, (place.x + place.half + following.x - following.half) / 2, 0.0, upright=False)
        return
    sources, targets = columns[place.index].units, columns[following.index].units
    for row in place.rows:
        for target in following.rows:
            if edges[place.index].labels[row.index][target.index] is None:
                continue
            off = not (targets[target.index] if backward else sources[row.index]).active
            left, right = (start, row.y), (end, target.y)
            tail, tip = (right, left) if backward else (left, right)
            _arrow(sheet, tail, tip, laid.radius, backward, off)


def _arrow(
    sheet: Sheet,
    tail: tuple[float, float],
    tip: tuple[float, float],
    radius: float,
    backward: bool,
    off: bool,
) -> None:
    """A line between two round ends with a head at the second."""
    length = hypot(tip[0] - tail[0], tip[1] - tail[1])
    x, y = (tip[0] - tail[0]) / length, (tip[1] - tail[1]) / length
    start = (tail[0] + radius * x, tail[1] + radius * y)
    end = (tip[0] - (radius + 0.8) * x, tip[1] - (radius + 0.8) * y)
    colour = _EDGE_OFF if off else _BACKWARD if backward else _EDGE
    sheet.polygon([start, (end[0] - 3 * x, end[1] - 3 * y)], line=colour, width=0.9, dashed=off)
    back = (end[0] - 5.5 * x, end[1] - 5.5 * y)
    sides = [(back[0] - 2.1 * y, back[1] + 2.1 * x), (back[0] + 2.1 * y, back[1] - 2.1 * x)]
    sheet.polygon([end, *sides], fill=colour)


def _weights(
    sheet: Sheet, laid: Layout, n: int, columns: tuple[Column, ...], edges: tuple[Edges, ...]
) -> None:
    place, following = laid.places[n], laid.places[n + 1]
    if following.index != place.index + 1:
        return
    between, fraction = edges[place.index], laid.fractions[n]
    if between.symbol:
        middle = (place.x + place.half + following.x - following.half) / 2
        symbol = mathematics(between.symbol, plan.HEADING + 2)
        sheet.text(middle, laid.top, symbol, name=f"matrix-{place.index}")
    if fraction is None:
        return
    start, end = place.x + place.half - laid.radius, following.x - following.half + laid.radius
    for row in place.rows:
        for target in following.rows:
            label = between.labels[row.index][target.index]
            if label:
                x, y = start + fraction * (end - start), row.y + fraction * (target.y - row.y)
                colour = INK if columns[place.index].units[row.index].active else PALE
                name = f"weight-{place.index}-{row.index}-{target.index}"
                text = mathematics(label, plan.WEIGHT)
                sheet.centred(x, y, text, colour=colour, halo=0.7, name=name)


def _column(sheet: Sheet, laid: Layout, place: Place, column: Column, backward: bool) -> None:
    for row in place.rows:
        unit, name = column.units[row.index], f"{place.index}-{row.index}"
        if unit.bias:
            _bias(sheet, place.x - place.half + laid.radius, row.y + laid.radius, unit.bias, name)
        _outline(sheet, place, row.y, laid.radius, unit.active)
        if len(unit.parts) == 2:
            _divide(sheet, laid, place, row.y, unit, backward)
        _inside(sheet, laid, place, row.y, unit, name)
        if unit.note:
            note = mathematics(unit.note, plan.NOTE)
            sheet.text(place.x, row.y - laid.radius - 11, note, name=f"note-{name}")
    if place.ellipsis is not None:
        _dots(sheet, place.x, place.ellipsis, upright=True)


def _outline(sheet: Sheet, place: Place, y: float, radius: float, active: bool) -> None:
    style = {"line": LINE if active else FAINT, "width": 1.2, "dashed": not active}
    ground = _GROUND if active else _GROUND_OFF
    sheet.path(_stadium(place.x, y, place.half, radius), _STADIUM, fill=ground, **style)  # type: ignore[arg-type]


def _divide(sheet: Sheet, laid: Layout, place: Place, y: float, unit: Unit, backward: bool) -> None:
    """The line between two halves, with a small head: the function leads from the left half to the right."""
    x = place.x + (place.cells[0] - place.cells[1]) / 2
    colour, ends = LINE if unit.active else FAINT, [(x, y - laid.radius), (x, y + laid.radius)]
    sheet.polygon(ends, line=colour, width=0.8, dashed=not unit.active)
    if any(part.value or part.gradient for part in unit.parts):
        y += (
            plan.BASELINES[3 if laid.radius == plan.RADII[3] else 2][0] + 4
        )  # beside the symbols, where there is room
    step = -1 if backward else 1
    tip, back = (x + 3.6 * step, y), x - 1.4 * step
    sheet.polygon([tip, (back, y + 3.2), (back, y - 3.2)], fill=_BACKWARD if backward else colour)


def _stadium(x: float, y: float, half: float, radius: float) -> list[Point]:
    """A circle, drawn out sideways to be `2 half` wide."""
    inner, bend = half - radius, _ARC * radius
    right, left = x + inner, x - inner
    return [
        (left, y - radius), (right, y - radius),
        (right + bend, y - radius), (right + radius, y - bend), (right + radius, y),
        (right + radius, y + bend), (right + bend, y + radius), (right, y + radius),
        (left, y + radius),
        (left - bend, y + radius), (left - radius, y + bend), (left - radius, y),
        (left - radius, y - bend), (left - bend, y - radius), (left, y - radius),
        (left, y - radius),
    ]  # fmt: skip


def _inside(sheet: Sheet, laid: Layout, place: Place, y: float, unit: Unit, name: str) -> None:
    colour = INK if unit.active else PALE
    left = place.x - sum(place.cells) / 2
    for p, part in enumerate(unit.parts):
        width = place.cells[p] if len(unit.parts) == len(place.cells) else sum(place.cells)
        # The round end takes room from the outer side of a half.
        shift = plan.INWARD * laid.radius * (1 - 2 * p) if len(unit.parts) == 2 else 0.0
        x, left = left + width / 2 + shift, left + width
        lines = [("symbol", part.symbol, colour), ("value", part.value, colour)]
        lines.append(("gradient", part.gradient, _BACKWARD))
        shown = [line for line in lines if line[1]]
        if len(shown) == 1:
            symbol = mathematics(part.symbol, plan.SYMBOL_ALONE)
            sheet.centred(x, y, symbol, colour=colour, name=f"symbol-{name}-{p}")
            continue
        for (kind, text, ink), baseline in zip(shown, plan.BASELINES[len(shown)], strict=True):
            size = plan.SYMBOL if kind == "symbol" else plan.VALUE
            sheet.text(x, y + baseline, mathematics(text, size), colour=ink, name=f"{kind}-{name}-{p}")


def _bias(sheet: Sheet, x: float, y: float, bias: str, name: str) -> None:
    """A short arrow into the top of a unit."""
    sheet.polygon([(x, y + 14), (x, y + 4)], line=_EDGE, width=0.9)
    sheet.polygon([(x, y + 0.8), (x - 2.1, y + 6.3), (x + 2.1, y + 6.3)], fill=_EDGE)
    sheet.text(x + 4.5, y + 6, mathematics(bias, plan.WEIGHT), anchor=0.0, name=f"bias-{name}")


def _headings(sheet: Sheet, laid: Layout, place: Place, column: Column, font: FilePath) -> None:
    """Caption and function; the caption comes down where no column has a function."""
    if column.function:
        function = words(column.function, plan.HEADING, font)
        sheet.text(place.x, laid.top, function, colour=PALE, name=f"function-{place.index}")
    if column.caption:
        caption = words(column.caption, plan.HEADING, font)
        sheet.text(place.x, laid.top + 13, caption, name=f"caption-{place.index}")


def _dots(sheet: Sheet, x: float, y: float, upright: bool) -> None:
    for step in (-6.0, 0.0, 6.0):
        middle = (x, y + step) if upright else (x + step, y)
        sheet.path(_stadium(*middle, 1.3, 1.3), _STADIUM, fill=LINE)


def _legend(sheet: Sheet, laid: Layout, columns: tuple[Column, ...], language: str, font: FilePath) -> None:
    """What the coloured numbers are; by their place too, for those who see no colour."""
    units = [unit for column in columns for unit in column.units]
    if not any(part.gradient for unit in units for part in unit.parts):
        return
    middle = (laid.places[0].x - laid.places[0].half + laid.places[-1].x + laid.places[-1].half) / 2
    text = words(wording.say(language, "gradients"), plan.HEADING, font)
    sheet.text(middle, sheet.lowest - 18, text, colour=_BACKWARD, name="legend")
