"""SVG -> pgf: a picture drawn inside the .tex file itself, so that it needs no file beside it.

matplotlib's SVG with text as paths uses few elements: paths of M, L, Q, C and z, groups with transforms,
`use` of glyphs, rectangles and clipping. All coordinates are worked out here, so TeX only draws lines.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from math import cos, radians, sin
from xml.etree import ElementTree

from derive.render.document import RenderError
from derive.render.page import Picture
from derive.render.vector import XLINK, local_name, parse_svg

# x' = a x + c y + e, y' = b x + d y + f, as in SVG.
Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: Matrix = (1, 0, 0, 1, 0, 0)
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_NUMBERS = re.compile(_NUMBER)
_COMMANDS = re.compile(r"([A-Za-z])([^A-Za-z]*(?:[eE][-+]?\d[^A-Za-z]*)*)")
# The pieces of paths, for which the page defines short macros: they are most of a picture.
_PIECES = {
    "M": r"\pmove{%.2f}{%.2f}",
    "L": r"\pline{%.2f}{%.2f}",
    "Q": r"\parch{%.2f}{%.2f}{%.2f}{%.2f}",
    "C": r"\pcurve{%.2f}{%.2f}{%.2f}{%.2f}{%.2f}{%.2f}",
}
_CAPS = {"butt": r"\pgfsetbuttcap", "round": r"\pgfsetroundcap", "square": r"\pgfsetrectcap"}
_JOINS = {"miter": r"\pgfsetmiterjoin", "round": r"\pgfsetroundjoin", "bevel": r"\pgfsetbeveljoin"}
_COLOURS = {"black": "#000000", "white": "#ffffff", "currentColor": "#000000"}


def picture_as_pgf(picture: Picture) -> str:
    """The pgfpicture that draws a picture.

    Raises:
        RenderError: The SVG uses something that is not translated; nothing is left out silently.
    """
    return _picture(picture.svg)


@lru_cache(maxsize=64)
def _picture(svg: str) -> str:
    root = parse_svg(svg)
    box = [float(number) for number in re.findall(_NUMBER, root.get("viewBox", ""))]
    if len(box) != 4:
        raise RenderError("a picture needs a viewBox")
    drawing = _Drawing(root, (1, 0, 0, -1, -box[0], box[1] + box[3]))
    size = rf"\pgfqpoint{{{_number(box[2])}bp}}{{{_number(box[3])}bp}}"
    return "\n".join(
        [
            r"\begin{pgfpicture}",
            rf"\pgfpathrectangle{{\pgfpointorigin}}{{{size}}}\pgfusepath{{use as bounding box}}",
            *drawing.lines(),
            r"\end{pgfpicture}",
        ]
    )


class _Drawing:
    def __init__(self, root: ElementTree.Element, matrix: Matrix) -> None:
        self._root = root
        self._matrix = matrix
        self._named = {element.get("id"): element for element in root.iter() if element.get("id")}

    def lines(self) -> Iterator[str]:
        """TeX for the whole picture, line by line."""
        yield from self._element(self._root, self._matrix, {}, top=True)

    def _element(
        self, element: ElementTree.Element, matrix: Matrix, inherited: Mapping[str, str], top: bool = False
    ) -> Iterator[str]:
        name = local_name(element)
        if name in ("defs", "clipPath"):
            return
        style = dict(inherited) | _style(element)
        matrix = matrix if top else _times(matrix, _transform(element.get("transform", "")))
        clip = self._clip(element, matrix)
        if clip:
            yield rf"\begin{{pgfscope}}{clip}"
        match name:
            case "svg" | "g":
                for child in element:
                    yield from self._element(child, matrix, style)
            case "use":
                x, y = float(element.get("x", 0)), float(element.get("y", 0))
                target = self._target(element.get(f"{{{XLINK}}}href") or element.get("href") or "")
                yield from self._element(target, _times(matrix, (1, 0, 0, 1, x, y)), style)
            case _:
                yield _painted(_outline(element, matrix), style, matrix)
        if clip:
            yield r"\end{pgfscope}"

    def _target(self, reference: str) -> ElementTree.Element:
        if reference.removeprefix("#") not in self._named:
            raise RenderError(f"a picture uses '{reference}', which it doesn't have")
        return self._named[reference.removeprefix("#")]

    def _clip(self, element: ElementTree.Element, matrix: Matrix) -> str:
        match = re.fullmatch(r"url\((#[^)]+)\)", element.get("clip-path", ""))
        if match is None:
            return ""
        shapes = "".join(_outline(child, matrix) for child in self._target(match[1]))
        return shapes + r"\pgfusepath{clip}"


def _style(element: ElementTree.Element) -> dict[str, str]:
    """Presentation attributes, over which the style attribute goes."""
    attributes = {key: value for key, value in element.attrib.items() if not key.startswith("{")}
    pairs = (part.split(":", 1) for part in element.get("style", "").split(";") if ":" in part)
    return attributes | {key.strip(): value.strip() for key, value in pairs}


def _times(first: Matrix, second: Matrix) -> Matrix:
    a, b, c, d, e, f = first
    g, h, i, j, k, m = second
    return (a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j, a * k + c * m + e, b * k + d * m + f)


def _transform(text: str) -> Matrix:
    matrix = _IDENTITY
    for name, arguments in re.findall(r"(\w+)\s*\(([^)]*)\)", text):
        matrix = _times(matrix, _one_transform(name, [float(x) for x in re.findall(_NUMBER, arguments)]))
    return matrix


def _one_transform(name: str, numbers: list[float]) -> Matrix:
    match name, numbers:
        case "translate", [x, *y]:
            return (1, 0, 0, 1, x, y[0] if y else 0)
        case "scale", [x, *y]:
            return (x, 0, 0, y[0] if y else x, 0, 0)
        case "matrix", [a, b, c, d, e, f]:
            return (a, b, c, d, e, f)
        case "rotate", [angle, *centre]:
            return _rotation(angle, centre)
    raise RenderError(f"the transform '{name}' in a picture is not supported")


def _rotation(angle: float, centre: list[float]) -> Matrix:
    turn: Matrix = (cos(radians(angle)), sin(radians(angle)), -sin(radians(angle)), cos(radians(angle)), 0, 0)
    if not centre:
        return turn
    x, y = centre
    return _times(_times((1, 0, 0, 1, x, y), turn), (1, 0, 0, 1, -x, -y))


def _outline(element: ElementTree.Element, matrix: Matrix) -> str:
    """The element's path in pgf, in points from the picture's lower left corner."""
    match local_name(element):
        case "path":
            return _path(element.get("d", ""), matrix)
        case "rect":
            x, y, width, height = (float(element.get(key, 0)) for key in ("x", "y", "width", "height"))
            right, bottom = x + width, y + height
            return _path(f"M {x} {y} L {right} {y} {right} {bottom} {x} {bottom} Z", matrix)
    raise RenderError(f"<{local_name(element)}> in a picture can't be drawn in LaTeX yet; use paths")


def _path(data: str, matrix: Matrix) -> str:
    """The macros that draw a path: first its pieces with gaps for the numbers, then all numbers at once."""
    pieces: list[str] = []
    points: list[float] = []
    for command, arguments in _COMMANDS.findall(data):
        if command in "zZ":
            pieces.append(r"\pgfpathclose")
            continue
        numbers = _NUMBERS.findall(arguments)
        if command not in _PIECES or not numbers or len(numbers) % _PIECES[command].count("%"):
            raise RenderError(f"'{command}{arguments}' in a picture's path is not supported: M L Q C Z are")
        repeated = len(numbers) // _PIECES[command].count("%") - 1
        # What follows the first point of an M are lines.
        pieces.append(_PIECES[command] + _PIECES["L" if command == "M" else command] * repeated)
        points += map(float, numbers)
    a, b, c, d, e, f = matrix
    pairs = zip(points[::2], points[1::2], strict=True)
    placed = [number for x, y in pairs for number in (a * x + c * y + e, b * x + d * y + f)]
    return "".join(pieces) % tuple(placed)


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") or "0"


def _painted(outline: str, style: Mapping[str, str], matrix: Matrix) -> str:
    fill, stroke = style.get("fill", "#000000"), style.get("stroke", "none")
    settings, use = "", []
    if fill != "none":
        settings += _colour("fill", fill) + _opacity("fill", style)
        use.append("fill")
    if stroke != "none":
        settings += _colour("stroke", stroke) + _opacity("stroke", style) + _pen(style, matrix)
        use.append("stroke")
    if not use or not outline:
        return ""
    return rf"\begin{{pgfscope}}{settings}{outline}\pgfusepath{{{','.join(use)}}}\end{{pgfscope}}"


def _colour(kind: str, colour: str) -> str:
    spelled = _COLOURS.get(colour, colour)
    if re.fullmatch("#[0-9a-fA-F]{3}", spelled):
        spelled = "#" + "".join(2 * digit for digit in spelled[1:])
    if not re.fullmatch("#[0-9a-fA-F]{6}", spelled):
        raise RenderError(f"the colour '{colour}' in a picture is not supported; use #rrggbb")
    parts = ",".join(str(int(spelled[i : i + 2], 16)) for i in (1, 3, 5))
    return rf"\definecolor{{c}}{{RGB}}{{{parts}}}\pgfset{kind}color{{c}}"


def _opacity(kind: str, style: Mapping[str, str]) -> str:
    opacity = float(style.get("opacity", 1)) * float(style.get(f"{kind}-opacity", 1))
    return "" if opacity == 1 else rf"\pgfset{kind}opacity{{{_number(opacity)}}}"


def _pen(style: Mapping[str, str], matrix: Matrix) -> str:
    # Lines are scaled as their coordinates are: by the root of the area's factor.
    scale = abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]) ** 0.5
    width = float(re.match(_NUMBER, style.get("stroke-width", "1"))[0]) * scale  # type: ignore[index]
    pen = rf"\pgfsetlinewidth{{{_number(width)}bp}}"
    pen += _CAPS[style.get("stroke-linecap", "butt")] + _JOINS[style.get("stroke-linejoin", "miter")]
    dashes = [float(x) * scale for x in re.findall(_NUMBER, style.get("stroke-dasharray", ""))]
    if dashes:
        offset = float(style.get("stroke-dashoffset", "0")) * scale
        lengths = "".join(f"{{{_number(length)}bp}}" for length in dashes)
        pen += rf"\pgfsetdash{{{lengths}}}{{{_number(offset)}bp}}"
    return pen
