"""What fits a line, measured as the renderers do: formulas that don't are told in fewer words."""

from collections.abc import Sequence

from derive.render.mathematics import spell

CDOTS = r"\cdots"
WIDEST = 46.0  # em: a formula as wide as this is printed a little smaller, but easily read


def fits(latex: str) -> bool:
    """Whether a formula, or what can't be broken in one, fits a line."""
    return spell(latex, display=True).width <= WIDEST


def first_and_last(entries: Sequence[str], dots: str) -> list[str]:
    """The first and the last of many entries, with dots for those between."""
    return [entries[0], dots, entries[-1]]
