"""The cross-check as the key tells it: every entry by every source, the errors, the verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import inf, isfinite, isnan
from typing import Any

import numpy as np

from derive.engine.demonstration import Demonstration, takes_logits
from derive.engine.sources import Comparison, Doubt, Source
from derive.rules.notation import with_index
from derive.worksheet.sheet import Sheet
from derive.worksheet.spelling import decimal, error, grouped

EXACT_DIGITS = 30
MOST_ROWS = 40  # entries that a table lists; more are left to check.json


@dataclass(frozen=True)
class Entry:
    r"""One entry of the result.

    Attributes:
        latex: Its name, such as `\partial l / \partial W_{1,01}`.
        exact: 30 digits.
        chain, torch, single: What the NumPy chain, autograd and the recipe in float32 give.
        chain_error, chain_ulps, torch_error, torch_ulps, single_error: How far off they are.
    """

    latex: str
    exact: str
    chain: str
    torch: str
    single: str
    chain_error: str
    chain_ulps: str
    torch_error: str
    torch_ulps: str
    single_error: str


@dataclass(frozen=True)
class CrossCheck:
    """What the sources say.

    Attributes:
        entries: The loss and every entry of the parameters' gradients, at most 40.
        left_out: How many more there are.
        count: Entries that were compared, of all quantities.
        torch: Whether torch has run; nothing was checked against it otherwise.
        agree: Whether all sources agree in float64.
        worst: The largest relative error among the sources that agree, in LaTeX.
        unreliable: Why a source can't be trusted here, and which sources: what the prose needs to say it.
        arithmetic: What confirmed those entries instead.
        gap: Largest logit gap, in LaTeX; empty without a softmax at the end.
        single: What the recipe in float32 does: `integers`, `broken` or `close`; `missing` without torch.
        printed: The loss and gradient entries that it prints as whole numbers, though none is one.
        broken: Entries that it gets as 0, inf or nan, with what it prints.
        softmax, logarithm: What is in the recipe: softmax in some layer, and the logarithm of an output.
        avoidable: Whether a loss that takes the logits leaves nothing infinite.
        kinks: Units that stand exactly at their kink: symbol and subgradient interval.
    """

    entries: tuple[Entry, ...]
    left_out: int
    count: int
    torch: bool
    agree: bool
    worst: str
    unreliable: tuple[Mapping[str, Any], ...]
    arithmetic: str
    gap: str
    single: str
    printed: tuple[str, ...]
    broken: tuple[str, ...]
    softmax: bool
    logarithm: bool
    avoidable: bool
    kinks: tuple[Mapping[str, str], ...]


def cross_check(sheet: Sheet) -> CrossCheck:
    """Every entry of loss and gradients, held against each source."""
    demonstration = sheet.demonstration
    shown = list(names(sheet))
    entries = [_entry(sheet, demonstration, name, place) for name, place in shown[:MOST_ROWS]]
    verification = sheet.verification
    sources = verification.sources
    agreeing = [source for source in sources if source.verdict == "agrees"]
    errors = [
        c.relative_error for source in agreeing for c in source.comparisons if c.relative_error is not None
    ]
    kind, printed, broken = _single_precision(sheet, demonstration.single, shown)
    gaps = demonstration.logit_gap
    return CrossCheck(
        entries=tuple(entries),
        left_out=max(0, len(shown) - MOST_ROWS),
        count=len(sheet.solution.entries()),
        torch=verification.complete,
        agree=len(agreeing) == len(sources),
        worst=error(max(errors, default=0.0)),
        unreliable=tuple(_doubts(sheet, sources)),
        arithmetic=next((source.arithmetic for source in sources if source.precise), ""),
        gap=sheet.speller.rational(max(Fraction(gap) for gap in gaps)).latex if gaps else "",
        single=kind,
        printed=tuple(printed),
        broken=tuple(broken),
        softmax=any(layer.activation == "softmax" for layer in sheet.network.layers),
        logarithm=sheet.network.loss.probability,
        avoidable=demonstration.avoidable,
        kinks=tuple(_kinks(sheet)),
    )


def names(sheet: Sheet) -> Sequence[tuple[str, tuple[int, ...]]]:
    """The loss, then every entry of each parameter's gradient."""
    return [
        (name, place)
        for name in ("loss", *sheet.network.parameters())
        for place in np.ndindex(sheet.solution.values[name].shape)
    ]


def entry_latex(sheet: Sheet, name: str, place: tuple[int, ...]) -> str:
    """How tables and pictures name an entry."""
    symbols = sheet.network.symbols
    if name == "loss":
        return symbols.loss
    indexed = with_index(symbols.parameter(name), *place) if place else symbols.parameter(name)
    return rf"\partial {symbols.loss} / \partial {indexed}"


def _entry(sheet: Sheet, demonstration: Demonstration, name: str, place: tuple[int, ...]) -> Entry:
    value = sheet.solution.values[name][place]
    chain, torch = (_comparison(sheet.verification.source(s), name, place) for s in ("jacobians", "autograd"))
    single = _comparison(demonstration.single, name, place)
    return Entry(
        latex=entry_latex(sheet, name, place),
        exact="0" if value.is_zero else grouped(value.decimal, EXACT_DIGITS),
        chain=_float(chain),
        torch=_float(torch),
        single=_float(single, np.float32),
        chain_error=_error(chain),
        chain_ulps=_ulps(chain),
        torch_error=_error(torch),
        torch_ulps=_ulps(torch),
        single_error=_error(single),
    )


def _comparison(source: Source, name: str, place: tuple[int, ...]) -> Comparison | None:
    return next((c for c in source.comparisons if (c.quantity, c.place) == (name, place)), None)


def _float(comparison: Comparison | None, kind: type = float) -> str:
    """A float as Python or NumPy would print it, as LaTeX."""
    if comparison is None:
        return r"\text{-}"
    value = float(comparison.value)
    if isnan(value):
        return r"\mathrm{nan}"
    if not isfinite(value):
        return r"\infty" if value > 0 else r"-\infty"
    return "0" if value == 0 else decimal(Decimal(str(kind(value))), 17, padded=False)


def _error(comparison: Comparison | None) -> str:
    """The relative error; for a proven zero whether the source has it too."""
    if comparison is None:
        return r"\text{-}"
    if comparison.exact.is_zero:
        return "0" if comparison.value == 0 else r"\text{-}"
    return error(comparison.relative_error) if comparison.finite else r"\infty"


def _ulps(comparison: Comparison | None) -> str:
    if comparison is None or comparison.ulps is None:
        return r"\text{-}"
    if comparison.exact.is_zero:
        return "0" if comparison.value == 0 else r"\text{-}"
    return f"{comparison.ulps:.2f}" if comparison.ulps < 1000 else decimal(Decimal(comparison.ulps), 2)


def _doubts(sheet: Sheet, sources: Sequence[Source]) -> list[Mapping[str, Any]]:
    """Why sources can't be trusted here; those with the same reason are named together."""
    found: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for source in sources:
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


def _single_precision(
    sheet: Sheet, recipe: Source, shown: Sequence[tuple[str, tuple[int, ...]]]
) -> tuple[str, list[str], list[str]]:
    """What the recipe prints in float32: whole numbers that are none, or what is no answer at all."""
    if recipe.missing:
        return "missing", [], []
    compared = [_comparison(recipe, name, place) for name, place in shown]
    printed, broken = [], []
    for (name, place), comparison in zip(shown, compared, strict=True):
        if comparison is None or comparison.exact.is_zero:
            continue
        value = float(comparison.value)
        if not isfinite(value) or value == 0:
            broken.append(f"{entry_latex(sheet, name, place)} \\to {_float(comparison, np.float32)}")
        elif value == round(value) and comparison.exact.fraction.denominator != 1:
            printed.append(_float(comparison, np.float32))
    if broken:
        return "broken", printed, broken
    whole = list(dict.fromkeys(number.lstrip("-") for number in printed))
    return ("integers" if whole else "close"), whole, []


def _kinks(sheet: Sheet) -> list[Mapping[str, str]]:
    found: list[Mapping[str, str]] = []
    for kink in sheet.solution.kinks:
        layer = sheet.network.layers[kink.layer]
        assert layer.rule.kink is not None
        low, high = layer.rule.kink(layer.parameter)
        if low == high:
            continue
        interval = rf"[{sheet.speller.fraction(Fraction(low))},\, {sheet.speller.fraction(Fraction(high))}]"
        symbol = with_index(sheet.symbol(f"pre_activation_{kink.layer}"), kink.unit)
        found.append(
            {
                "symbol": symbol,
                "interval": interval,
                "row": str(kink.row),
                "taken": sheet.speller.fraction(Fraction(low)),
            }
        )
    return found
