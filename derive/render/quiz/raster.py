"""Vector pictures as PNG, for platforms that refuse SVG."""

import io
from dataclasses import dataclass
from functools import cache, lru_cache

import typst
from PIL import Image

from derive.render.document import RenderError
from derive.render.page import Picture
from derive.render.vector import checked_svg

_SCALE = 2.0  # pixels of the file for one of the screen
_COLOURS = 32  # a file with few of them is a third as large, and lines and letters need no more
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


@cache
def _compiler() -> typst.Compiler:
    """One for all pictures. They draw their text as paths, so it needs no fonts."""
    return typst.Compiler(b"", font_paths=typst.Fonts(include_system_fonts=False))


@lru_cache(maxsize=256)
def _rasterize(svg: str) -> Raster:
    try:
        png = _compiler().compile(
            input={"main.typ": _SOURCE, "picture.svg": svg.encode()},  # type: ignore[type-var]  # as for PDFs
            format="png",
            ppi=_SCALE * 96,
        )
    except typst.TypstError as error:
        raise RenderError(f"a picture can't be drawn: {error.message}") from None
    if not isinstance(png, bytes):
        raise RenderError("Typst wrote no picture")
    image = Image.open(io.BytesIO(png)).convert("RGB")
    small = io.BytesIO()
    method = Image.Quantize.MAXCOVERAGE
    image.quantize(_COLOURS, method=method, dither=Image.Dither.NONE).save(small, "PNG")
    return Raster(small.getvalue(), round(image.width / _SCALE))
