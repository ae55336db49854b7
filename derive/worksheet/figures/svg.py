"""Paths -> an SVG document.

Where a thousand students each have a picture, writing what consists of paths already takes a tenth of the
time that matplotlib needs to draw it once more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from xml.sax.saxutils import escape

# What matplotlib calls the vertices of a path, and how SVG spells them.
MOVE, LINE_TO, QUADRATIC, CUBIC, CLOSE = 1, 2, 3, 4, 79
_SPELLED = {MOVE: ("M", 1), LINE_TO: ("L", 1), QUADRATIC: ("Q", 2), CUBIC: ("C", 3)}


@dataclass(frozen=True)
class Shape:
    """One path.

    Attributes:
        data: Its points, as `spelled` has them.
        style: How it looks, as SVG's `style` attribute.
        name: The id of its element.
        place: Where its origin lies: across, and how high.
        scale: What one of its units is, in points.
    """

    data: str
    style: str
    name: str
    place: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0


def document(shapes: Sequence[Shape], left: float, high: float, width: float, height: float) -> str:
    """A document with shapes, the later ones on the earlier ones, on a white ground.

    Args:
        shapes: In points.
        left: Where the left edge of the document lies.
        high: The height of its upper edge.
        width: Of the document.
        height: Of the document.
    """
    size = (_number(width), _number(height))
    corners = "M 0 0 L {0} 0 L {0} {1} L 0 {1} z".format(*size)
    drawn = "\n".join(
        f'<g id="{escape(shape.name)}" transform="translate({_number(shape.place[0] - left)} '
        f'{_number(high - shape.place[1])}){_scaled(shape.scale)}">'
        f'<path d="{shape.data}" style="{shape.style}"/></g>'
        for shape in shapes
    )
    return (
        '<?xml version="1.0" encoding="utf-8" standalone="no"?>\n'
        '<svg width="{0}pt" height="{1}pt" viewBox="0 0 {0} {1}"'.format(*size)
        + ' xmlns="http://www.w3.org/2000/svg" version="1.1"'
        ' style="stroke-linejoin: round; stroke-linecap: round">\n'
        f'<g id="ground"><path d="{corners}" style="fill: #ffffff"/></g>\n{drawn}\n</svg>\n'
    )


def _scaled(scale: float) -> str:
    return "" if scale == 1 else f" scale({_number(scale)})"


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def style(fill: str | None = None, line: str | None = None, width: float = 1.0, dashed: bool = False) -> str:
    """How a path looks, as the attribute `style` of SVG has it."""
    parts = [f"fill: {fill or 'none'}"]
    if line:
        parts += [f"stroke: {line}", f"stroke-width: {_number(width)}"]
        if dashed:
            parts.append(f"stroke-dasharray: {_number(3.2 * width)},{_number(2.2 * width)}")
    return "; ".join(parts)


def spelled(vertices: Sequence[tuple[float, float]], codes: bytes) -> str:
    """A path as SVG's attribute `d` has it, to a hundredth: finer than any printer.

    Args:
        vertices: Heights growing upwards; those of SVG grow downwards.
        codes: What each vertex is, as in matplotlib's paths.
    """
    template, kept = _template(codes)
    numbers = [number for place in kept for number in (vertices[place][0], -vertices[place][1])]
    return template % tuple([round(number, 2) + 0.0 for number in numbers])  # and no zero has a sign


@lru_cache(maxsize=4096)
def _template(codes: bytes) -> tuple[str, list[int]]:
    """How a path with these vertices is spelled, and which of them have a point of their own."""
    pieces: list[str] = []
    kept: list[int] = []
    place = 0
    while place < len(codes):
        if codes[place] == CLOSE:
            pieces.append("z")
            place += 1
            continue
        letter, count = _SPELLED[codes[place]]
        pieces.append(letter + " %g %g" * count)
        kept += range(place, place + count)
        place += count
    return " ".join(pieces), kept
