"""What one reader may see of a document: the only place where a key becomes a handout.

Every format renders what is left here, so a solution can't leak through one of them by a forgotten
condition: the handout's tree doesn't hold it.
"""

from dataclasses import replace

from derive.render import document as d


def for_reader(document: d.Document, audience: str, medium: str, *, alone: bool = True) -> d.Document:
    """The document as this reader gets it.

    Args:
        document: As parsed, with everything in it.
        audience: "key" or "handout".
        medium: "paper", "notebook", "quiz", or "nbgrader": a notebook that is graded, whose solutions stay.
        alone: Whether the exercise stands alone; False leaves out what is for a report only.

    Returns:
        A document without `Solution`, `Only` and, for a handout, without `Blank`; in a key a solution is
        a `Box` of that kind.
    """
    readers = frozenset({audience, medium, "report"} if alone else {audience, medium})
    if medium == "nbgrader":
        readers |= {"notebook"}
    return _blocks(document, audience, readers)


def _blocks(document: d.Document, audience: str, readers: frozenset[str]) -> d.Document:
    return tuple(kept for block in document for kept in _block(block, audience, readers))


def _block(block: d.Block, audience: str, readers: frozenset[str]) -> d.Document:
    match block:
        case d.Solution(blocks, spaces) if "nbgrader" in readers:
            # The source of an assignment: nbgrader itself takes the solutions out.
            cells = _on_screen(spaces)
            return (d.Solution(_blocks(blocks, "key", readers), cells),) if cells else ()
        case d.Tests():
            return (block,) if "nbgrader" in readers else ()
        case d.Solution(blocks, spaces):
            if audience == "handout":
                return _on_screen(spaces) if "notebook" in readers else spaces
            return (d.Box("solution", _blocks(blocks, audience, readers)),)
        case d.Only(reader, blocks):
            return _blocks(blocks, audience, readers) if reader in readers else ()
        case d.Box(_, blocks):
            return (replace(block, blocks=_blocks(blocks, audience, readers)),)
        case d.Items(items):
            return (replace(block, items=tuple(_blocks(item, audience, readers) for item in items)),)
        case d.Fields():
            # A quiz and a graded notebook know who answers.
            is_anonymous = not readers & {"quiz", "nbgrader"}
            return (block,) if audience == "handout" and is_anonymous else ()
        case d.Heading(_, children) | d.Paragraph(children):
            return (replace(block, children=_line(children, audience)),)
        case d.Table(header, rows):
            return (
                replace(
                    block,
                    header=tuple(_line(cell, audience) for cell in header),
                    rows=tuple(tuple(_line(cell, audience) for cell in row) for row in rows),
                ),
            )
        case _:
            return (block,)


def _on_screen(spaces: d.Document) -> d.Document:
    """What of the working space on paper a notebook has: cells for code and for words."""
    return tuple(block for block in spaces if isinstance(block, d.Space) and block.kind in ("code", "lines"))


def _line(children: tuple[d.Inline, ...], audience: str) -> tuple[d.Inline, ...]:
    return tuple(_inline(child, audience) for child in children)


def _inline(child: d.Inline, audience: str) -> d.Inline:
    match child:
        case d.Blank(children, width):
            if audience == "handout":
                return d.Gap(width)
            return replace(child, children=_line(children, audience))
        case d.Emphasis(children):
            return replace(child, children=_line(children, audience))
        case _:
            return child
