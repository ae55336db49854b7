"""Text as Typst string literals: the only way in which text reaches a Typst document."""

from derive.render.long_words import pieces


def quote(text: str) -> str:
    """`text` as a Typst string literal, which means nothing but itself."""
    return (
        '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r") + '"'
    )


def breakable(text: str) -> str:
    """`text` with places where a line may end inside words that are longer than any real one."""
    return "\N{ZERO WIDTH SPACE}".join(pieces(text))
