"""What the picture of a network is given: plain text, laid out in columns from left to right."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One quantity of a unit.

    Attributes:
        symbol: LaTeX without dollar signs, such as `h_{0}`.
        value: LaTeX of its number, such as `-3`, `0.15` or `-3/16`; empty where it isn't shown.
        gradient: The gradient of the loss for it, likewise; shown below the value in a second colour.
    """

    symbol: str
    value: str = ""
    gradient: str = ""


@dataclass(frozen=True)
class Unit:
    """One unit.

    Attributes:
        parts: One quantity, or two: the pre-activation and the output.
        bias: LaTeX of the bias that enters it; empty for none.
        note: LaTeX of a remark below it, such as `y_{0} = 1`.
        active: False draws it grey and dashed, with what comes out of it.
    """

    parts: tuple[Part, ...]
    bias: str = ""
    note: str = ""
    active: bool = True


@dataclass(frozen=True)
class Column:
    """One column of units.

    Attributes:
        units: From top to bottom.
        caption: Words above it, in the language of the page.
        function: Name of the function that leads from the first to the second part, or that the column
            computes; plain text, such as ReLU.
    """

    units: tuple[Unit, ...]
    caption: str = ""
    function: str = ""


@dataclass(frozen=True)
class Edges:
    """What joins a column to the next.

    Attributes:
        labels: `labels[i][j]` is the LaTeX of the weight from unit i to unit j of the next column; empty
            for an edge without a weight, None for no edge.
        symbol: LaTeX of the whole, such as `W_{0}`.
    """

    labels: tuple[tuple[str | None, ...], ...]
    symbol: str = ""


def check(columns: tuple[Column, ...], edges: tuple[Edges, ...]) -> None:
    """Hold the parts against each other.

    Raises:
        ValueError: They don't fit together; a mistake of the calling code.
    """
    if not columns or not all(column.units for column in columns):
        raise ValueError("a network needs columns, and each column units")
    if not all(1 <= len(unit.parts) <= 2 for column in columns for unit in column.units):
        raise ValueError("a unit has one part or two")
    if len(edges) != len(columns) - 1:
        raise ValueError(f"{len(columns)} columns need {len(columns) - 1} sets of edges, not {len(edges)}")
    for k, between in enumerate(edges):
        sources, targets = len(columns[k].units), len(columns[k + 1].units)
        if len(between.labels) != sources or any(len(row) != targets for row in between.labels):
            raise ValueError(f"edges {k} must have {sources} rows of {targets}")
