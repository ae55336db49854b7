"""Where things stand in the picture of a network: rows, columns, and room for the weights on the edges.

Weights are written where their edge passes one common fraction t of the way. Between n and m evenly spaced
units t = 1 / (m + 1) spreads them evenly, so they overlap neither each other nor another edge; a search
over t finds that place and its kin for labels of any size.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import inf, sqrt
from pathlib import Path

import numpy as np

from derive.worksheet.figures.model import Column, Edges, Part, Unit
from derive.worksheet.figures.outlines import Text, mathematics, words

MOST_UNITS = 8  # of a column are drawn; of a longer one the first four and the last three
MOST_COLUMNS = 10
MOST_LABELS = 16  # weights between two columns; more can't be read

RADII = {1: 16.0, 2: 19.0, 3: 25.0}  # by the number of lines in a unit
SYMBOL_ALONE, SYMBOL, VALUE, WEIGHT, NOTE, HEADING = 13.0, 10.5, 11.5, 9.5, 9.5, 9.5
# Baselines inside a unit, from its middle, by the number of lines.
BASELINES = {1: (0.0,), 2: (5.6, -12.0), 3: (10.5, -4.0, -18.5)}
INWARD = 0.1  # of the radius: how far the two halves of a unit keep away from its round ends
_PADDING = 7.0  # beside a text, at least
_AIR = 2.5  # between a text and the outline
_GAPS = tuple(range(64, 261, 4))
_FRACTIONS = tuple(step / 100 for step in range(8, 41))
_CLEARANCE = 1.4  # between two labels, at least
_COMFORT = 5.0  # more clearance than this is no better
_PRICE = 0.02  # how much clearance a point of width must bring
_MARGIN = 9.0  # between a label and a unit, where arrow heads are


@dataclass(frozen=True)
class Row:
    """A unit that is drawn: its index in the column and the height of its middle."""

    index: int
    y: float


@dataclass(frozen=True)
class Place:
    """A column that is drawn.

    Attributes:
        index: Which column it is.
        x: The middle.
        half: Half the width of its units.
        cells: The widths of the parts of its units.
        rows: The units that are drawn.
        ellipsis: Height of the dots that stand for units left out, or None.
    """

    index: int
    x: float
    half: float
    cells: tuple[float, ...]
    rows: tuple[Row, ...]
    ellipsis: float | None


@dataclass(frozen=True)
class Layout:
    """The picture's skeleton.

    Attributes:
        radius: Half the height of a unit.
        places: The columns that are drawn.
        fractions: For each place but the last, how far along the edges to the next the weights stand; None
            where they are not written.
        top: Height of the lower line of the headings.
    """

    radius: float
    places: tuple[Place, ...]
    fractions: tuple[float | None, ...]
    top: float


def lay_out(columns: tuple[Column, ...], edges: tuple[Edges, ...], font: Path) -> Layout:
    """Place every column, unit and weight.

    Args:
        columns: From left to right.
        edges: Between each column and the next.
        font: The font of the headings.
    """
    radius = RADII[max(_lines(unit) for column in columns for unit in column.units)]
    kept = _kept_columns(len(columns))
    pitch, gaps = _best_pitch(columns, edges, kept, radius)
    cells = [_cells(columns[k], radius) for k in kept]
    halves = [_half(columns[k], cells[n], radius) for n, k in enumerate(kept)]
    places: list[Place] = []
    x = 0.0
    for n, k in enumerate(kept):
        if n:
            room = _heading_room(columns, edges, kept[n - 1], k, halves[n - 1 : n + 1], font)
            x += halves[n - 1] + max(gaps[n - 1][0], room) + halves[n]
        rows, ellipsis = _rows(len(columns[k].units), pitch)
        places.append(Place(k, x, halves[n], cells[n], rows, ellipsis))
    stub = 17.0 if any(unit.bias for column in columns for unit in column.units) else 2.0
    top = max(row.y for place in places for row in place.rows) + radius + stub + 8
    return Layout(radius, tuple(places), tuple(fraction for _, fraction in gaps), top)


def labels_fit(edges: Edges) -> bool:
    """Whether there are few enough weights to write on the edges."""
    count = sum(bool(label) for row in edges.labels for label in row)
    return 0 < count <= MOST_LABELS and len(edges.labels) <= MOST_UNITS and len(edges.labels[0]) <= MOST_UNITS


def _lines(unit: Unit) -> int:
    return max(1 + bool(part.value) + bool(part.gradient) for part in unit.parts)


def _kept_columns(count: int) -> list[int]:
    if count <= MOST_COLUMNS:
        return list(range(count))
    return [*range(MOST_COLUMNS // 2), *range(count - MOST_COLUMNS // 2, count)]


def _rows(count: int, pitch: float) -> tuple[tuple[Row, ...], float | None]:
    """The rows of a column, centred at height 0; those of a long one with a place for dots."""
    slots: list[int | None] = list(range(count))
    if count > MOST_UNITS:
        slots = [0, 1, 2, 3, None, count - 3, count - 2, count - 1]
    heights = [(len(slots) - 1) * pitch / 2 - n * pitch for n in range(len(slots))]
    rows = tuple(Row(i, y) for i, y in zip(slots, heights, strict=True) if i is not None)
    return rows, heights[slots.index(None)] if None in slots else None


def _cells(column: Column, radius: float) -> tuple[float, ...]:
    """How wide each part of the units is: all units of a column are alike."""
    count = max(len(unit.parts) for unit in column.units)
    shift = INWARD * radius if count == 2 else 0.0
    return tuple(
        max(
            (1.75 if count == 2 else 2) * radius,
            *(
                text.width + 2 * max(_PADDING, _bend(text, baseline, radius) - shift)
                for unit in column.units
                if p < len(unit.parts)
                for text, baseline in _texts(unit.parts[p])
            ),
        )
        for p in range(count)
    )


def _texts(part: Part) -> Iterator[tuple[Text, float]]:
    """What stands in a part, each with the height of its baseline."""
    lines = [text for text in (part.symbol, part.value, part.gradient) if text]
    sizes = (SYMBOL if len(lines) > 1 else SYMBOL_ALONE, VALUE, VALUE)
    for text, size, baseline in zip(lines, sizes, BASELINES[len(lines)], strict=False):
        yield mathematics(text, size), baseline


def _bend(text: Text, baseline: float, radius: float) -> float:
    """How far the round end of a unit comes in at the height of a text, with some air."""
    reach = min(radius, max(abs(baseline + text.top), abs(baseline + text.bottom)))
    return _AIR + radius - sqrt(radius**2 - reach**2)


def _half(column: Column, cells: tuple[float, ...], radius: float) -> float:
    biases = [mathematics(unit.bias, WEIGHT).width for unit in column.units if unit.bias]
    return max(sum(cells), radius + max(biases, default=0.0)) / 2


def _best_pitch(
    columns: tuple[Column, ...], edges: tuple[Edges, ...], kept: list[int], radius: float
) -> tuple[float, list[tuple[float, float | None]]]:
    """The closest rows that leave room for as many sets of weights as any, and the gaps then."""
    several = [unit for column in columns if len(column.units) > 1 for unit in column.units]
    between = 16.0 + (8 if any(unit.bias for unit in several) else 0)
    between += 10 if any(unit.note for unit in several) else 0
    labelled = sum(following == k + 1 and labels_fit(edges[k]) for k, following in pairwise(kept))
    tried = []
    for extra in (0.0, 8.0, 16.0):
        pitch = 2 * radius + between + extra
        gaps = [_gap(columns, edges, k, following, pitch, radius) for k, following in pairwise(kept)]
        tried.append((sum(fraction is not None for _, fraction in gaps), pitch, gaps))
        if tried[-1][0] == labelled:
            break
    _, pitch, gaps = max(tried, key=lambda found: found[0])
    return pitch, gaps


def _gap(
    columns: tuple[Column, ...], edges: tuple[Edges, ...], k: int, following: int, pitch: float, radius: float
) -> tuple[float, float | None]:
    """The width between two columns, and the fraction at which the weights stand, if they do."""
    starts, _ = _rows(len(columns[k].units), pitch)
    ends, _ = _rows(len(columns[following].units), pitch)
    steepest = max(abs(starts[0].y - ends[-1].y), abs(starts[-1].y - ends[0].y))
    least = min(150.0, max(58.0, 0.4 * steepest))
    if following != k + 1 or not labels_fit(edges[k]):
        return (least if following == k + 1 else 44.0), None
    labels = [
        (starts[i].y, ends[j].y, mathematics(label, WEIGHT))
        for i, row in enumerate(edges[k].labels)
        for j, label in enumerate(row)
        if label
    ]
    half = max(label.width for _, _, label in labels) / 2 + _MARGIN
    clearances = np.array([min(_clearance(labels, fraction), _COMFORT) for fraction in _FRACTIONS])
    gaps = np.array([gap for gap in _GAPS if gap >= least])[:, None]
    along = np.array(_FRACTIONS) * (gaps + 2 * radius) - radius  # from the unit on the left
    fits = (clearances >= _CLEARANCE) & (half <= along) & (along <= gaps - half)
    if not fits.any():
        return least, None
    worth = np.where(fits, clearances - _PRICE * gaps, -inf)
    gap, fraction = divmod(int(worth.argmax()), len(_FRACTIONS))
    return float(gaps[gap, 0]), _FRACTIONS[fraction]


def _clearance(labels: list[tuple[float, float, Text]], fraction: float) -> float:
    """The least distance, up and down, between two neighbours."""
    placed = sorted((start + fraction * (end - start), label.height) for start, end, label in labels)
    spaces = (high[0] - low[0] - (low[1] + high[1]) / 2 for low, high in pairwise(placed))
    return min(spaces, default=_COMFORT)


def _heading_room(
    columns: tuple[Column, ...],
    edges: tuple[Edges, ...],
    k: int,
    following: int,
    halves: list[float],
    font: Path,
) -> float:
    """How wide the gap must be for the headings of both columns and the symbol between them."""
    overhang = max(
        _heading_width(columns[index], font) / 2 - half
        for index, half in zip((k, following), halves, strict=True)
    )
    symbol = mathematics(edges[k].symbol, HEADING + 2).width if edges[k].symbol else 0.0
    return 2 * max(overhang, 0.0) + symbol + 14


def _heading_width(column: Column, font: Path) -> float:
    return max(words(text, HEADING, font).width for text in (column.caption, column.function))
