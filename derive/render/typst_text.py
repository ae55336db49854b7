"""Text as Typst string literals: the only way in which text reaches a Typst document."""


def quote(text: str) -> str:
    """`text` as a Typst string literal, which means nothing but itself."""
    return (
        '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r") + '"'
    )
