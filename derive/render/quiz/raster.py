"""Vector pictures as PNG, for platforms that refuse SVG."""

from dataclasses import dataclass
from functools import lru_cache

import typst

from derive.render.document import RenderError
from derive.render.page import Picture
from derive.render.vector import checked_svg

_SCALE = 2.0  # pixels of the file for one of the screen
_PIXEL = 72 / 96  # points of one pixel of the screen
_SOURCE = b'#set page(width: auto, height: auto, margin: 0pt, fill: white)\n#image("picture.svg")'


@dataclass(frozen=True)
class Raster:
    """A picture of pixels.

    Attributes:
        png: The file.
        width: How wide it is shown, in pixels of the screen.
    """

    png: bytes
    width: int


def rasterize(picture: Picture) -> Raster:
    """The picture as PNG, sharp on screens of double density; the same bytes every time.

    Raises:
        RenderError: It isn't harmless SVG, or Typst can't draw it.
    """
    return _rasterize(checked_svg(picture))


@lru_cache(maxsize=256)
def _rasterize(svg: str) -> Raster:
    try:
        png = typst.Compiler(b"").compile(
            input={"main.typ": _SOURCE, "picture.svg": svg.encode()},  # type: ignore[type-var]  # as for PDFs
            format="png",
            ppi=_SCALE * 96,
        )
    except typst.TypstError as error:
        raise RenderError(f"a picture can't be drawn: {error.message}") from None
    if not isinstance(png, bytes):
        raise RenderError("Typst wrote no picture")
    pixels = int.from_bytes(png[16:20], "big")  # the width in the header of a PNG
    return Raster(png, round(pixels / _SCALE))
