"""Vector pictures: checked as harmless SVG, and with ids of their own for a page that holds several."""

import re
from functools import lru_cache
from xml.etree import ElementTree

from derive.render.document import RenderError
from derive.render.page import Picture

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
_SHAPES = ("svg", "g", "defs", "path", "use", "clipPath", "rect", "style", "title", "desc", "metadata")
_SHAPES_MORE = (
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "linearGradient",
    "radialGradient",
    "stop",
)
# A document of paths and nothing else, as `worksheet.figures` writes it.
_PATH = r'<path d="[MLQCz\d. -]*"(?: style="[a-z\d#:;,. -]*"| fill="#\d{6}")?/>'
_PLACED = r' transform="translate\([\d. -]+\)(?: scale\([\d.]+\))?"'
_PATHS_ALONE = re.compile(
    r'(?:<\?xml version="1\.0" encoding="utf-8" standalone="no"\?>\n)?'
    r'<svg width="[\d.]+(?:pt)?" height="[\d.]+(?:pt)?" viewBox="[\d. ]+"'
    r' xmlns="http://www\.w3\.org/2000/svg"(?: version="1\.1")?(?: style="[a-z:; -]*")?>\s*'
    rf'(?:(?:<g id="[\w.-]+"(?:{_PLACED})?>{_PATH}</g>|{_PATH})\s*)*</svg>\s*',
    re.ASCII,
)
ElementTree.register_namespace("", SVG)
ElementTree.register_namespace("xlink", XLINK)


def checked_svg(picture: Picture) -> str:
    """The picture's SVG, cleaned of metadata.

    Raises:
        RenderError: It isn't SVG, or it could run or fetch something.
    """
    return _checked(picture.svg)


@lru_cache(maxsize=256)
def _checked(svg: str) -> str:
    if _PATHS_ALONE.fullmatch(svg):  # harmless as it is, and there may be thousands of them
        return svg[svg.index("<svg") :]
    return ElementTree.tostring(parse_svg(svg), encoding="unicode")


def parse_svg(svg: str) -> ElementTree.Element:
    """The root element of a harmless SVG, without metadata.

    Raises:
        RenderError: It isn't SVG, or it could run or fetch something.
    """
    if "<!ENTITY" in svg:
        raise RenderError("a picture must not define entities")
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError as error:
        raise RenderError(f"a picture is no SVG: {error}") from None
    for element in root.iter():
        _check(element)
        for child in [
            child for child in element if local_name(child) in ("metadata", "title", "desc", "style")
        ]:
            if local_name(child) == "style":
                _inherit(root, child.text or "")
            element.remove(child)
    return root


def _inherit(root: ElementTree.Element, style: str) -> None:
    """Put what a style sheet says of everything on the root: in a page it would reach beyond its picture."""
    match = re.fullmatch(r"\s*\*\s*\{([^{}]*)\}\s*", style)
    if match is None:
        raise RenderError("a picture's style sheet may only set inherited properties of everything: *{...}")
    root.set("style", match[1].strip())


def local_name(element: ElementTree.Element) -> str:
    """The element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def _check(element: ElementTree.Element) -> None:
    name = local_name(element)
    in_metadata = not element.tag.startswith(f"{{{SVG}}}")
    if in_metadata:
        return
    if name not in _SHAPES + _SHAPES_MORE:
        raise RenderError(f"a picture must not hold <{name}>; text is drawn as paths")
    for key, value in element.attrib.items():
        attribute = key.rpartition("}")[2]
        outside = attribute == "href" and not value.startswith("#")
        if outside or attribute.startswith("on") or re.search(r"url\((?!#)|@import|javascript:", value):
            raise RenderError(f"a picture must not fetch or run anything: {attribute}={value[:40]!r}")


def inline_svg(picture: Picture, prefix: str) -> str:
    """SVG to stand inside an HTML page: ids prefixed, so that several pictures don't share them.

    Args:
        picture: The picture.
        prefix: What each id begins with; different for each picture of the page.
    """
    return _inline(picture.svg, picture.alt, prefix)


@lru_cache(maxsize=256)
def _inline(svg: str, alt: str, prefix: str) -> str:
    root = parse_svg(svg)
    for element in root.iter():
        for key, value in list(element.attrib.items()):
            element.set(key, _prefixed(key, value, prefix))
    root.set("role", "img")
    root.set("aria-label", alt)
    return ElementTree.tostring(root, encoding="unicode")


def _prefixed(key: str, value: str, prefix: str) -> str:
    attribute = key.rpartition("}")[2]
    if attribute == "id":
        return prefix + value
    if attribute == "href":
        return f"#{prefix}{value.removeprefix('#')}"
    return re.sub(r"url\(#", f"url(#{prefix}", value)
