"""The form id as a QR code, for whoever scans the papers."""

from functools import lru_cache
from itertools import groupby

import segno

_QUIET = 2  # modules of white around it; on white paper readers need no more


@lru_cache(maxsize=64)
def svg(form_id: str) -> str:
    """A QR code as SVG, one unit a module.

    Args:
        form_id: What it says.
    """
    matrix = segno.make_qr(form_id, error="m").matrix
    size = len(matrix) + 2 * _QUIET
    runs = []
    for y, row in enumerate(matrix, _QUIET):
        x = _QUIET
        for dark, modules in groupby(row):
            length = len(list(modules))
            if dark:
                runs.append(f"M {x} {y} L {x + length} {y} L {x + length} {y + 1} L {x} {y + 1} z")
            x += length
    box = f'width="{size}" height="{size}" viewBox="0 0 {size} {size}"'
    return f'<svg {box} xmlns="http://www.w3.org/2000/svg"><path d="{" ".join(runs)}" fill="#000000"/></svg>'
