"""Why a source can't be trusted for an exercise, as the prose of a key needs to say it."""

from collections.abc import Mapping
from fractions import Fraction
from math import inf
from typing import Any

from derive.engine.demonstration import takes_logits
from derive.engine.sources import Comparison, Doubt, Source
from derive.rules.notation import with_index
from derive.worksheet.sheet import Sheet
from derive.worksheet.spelling import error


def doubts(sheet: Sheet) -> list[Mapping[str, Any]]:
    """Why sources can't be trusted; those with the same reason are named together."""
    found: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for source in sheet.verification.sources:
        if source.doubt is not None:
            reason = _unreliable(sheet, source, source.doubt)
            found.setdefault(tuple(reason.items()), []).append(source.name)
    return [{**dict(reason), "sources": names_} for reason, names_ in found.items()]


def _unreliable(sheet: Sheet, source: Source, doubt: Doubt) -> Mapping[str, str]:
    """Why a source can't be trusted here: what the prose needs to say it."""
    worst = doubt.worst
    symbol = gap = activation = ""
    if doubt.layer is not None:
        activation = sheet.network.layers[doubt.layer].activation
        kind = "pre_activation" if doubt.kind == "kink" else "output"
        symbol = with_index(sheet.symbol(f"{kind}_{doubt.layer}"), doubt.unit or 0)
    if doubt.gap is not None and doubt.kind != "kink":
        gap = sheet.speller.rational(Fraction(doubt.gap)).latex
    return {
        "kind": doubt.kind,
        "unit": symbol,
        "gap": gap,
        "activation": activation,
        "limit": str(doubt.limit),
        "logits": "yes" if doubt.layer == sheet.last.index and takes_logits(sheet.network) else "",
        "entry": _quantity_latex(sheet, worst),
        "share": "" if worst.looseness == inf else error(worst.looseness),
        "count": str(len(source.untrusted)),
    }


def _quantity_latex(sheet: Sheet, comparison: Comparison) -> str:
    """The entry of any quantity, as the prose names it."""
    name, place = comparison.quantity.removeprefix("step."), comparison.place
    if name in ("loss", "row_losses"):
        return sheet.network.symbols.loss
    plain = name.replace("_gradient", "")
    index = place[1:] if "output" in name or "activation" in name or name == "input" else place
    indexed = with_index(sheet.symbol(plain), *index) if index else sheet.symbol(plain)
    derivative = "gradient" in name or (plain == name and name in ("input", *sheet.network.parameters()))
    return rf"\partial {sheet.network.symbols.loss} / \partial {indexed}" if derivative else indexed
