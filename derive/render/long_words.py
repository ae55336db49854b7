"""Words that are longer than any real one, which would run off the page."""

import re

_PIECE = re.compile(r"\S{40}(?=\S)")


def pieces(text: str) -> list[str]:
    """`text` cut where a line may end although there is no space: in long words, every 40 letters."""
    ends = [match.end() for match in _PIECE.finditer(text)]
    return [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]
