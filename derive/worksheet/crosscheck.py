"""The cross-check as the key tells it: every entry by every source, the errors, the verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from math import isfinite, isnan
from typing import Any

import numpy as np

from derive.engine.sources import Comparison, Source
from derive.rules.notation import with_index
from derive.worksheet.doubts import doubts
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
        single: What the recipe in float32 gives.
        chain_error, chain_ulps, torch_error, torch_ulps, single_error: How far off the NumPy chain, autograd
            and the recipe are.
    """

    latex: str
    exact: str
    single: str
    chain_error: str
    chain_ulps: str
    torch_error: str
    torch_ulps: str
    single_error: str


@dataclass(frozen=True)
class CrossCheck:
    """What the sources say. Each figure is worked out when a page asks for it; those of a set ask for few."""

    _sheet: Sheet

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The loss and every entry of the parameters' gradients, at most 40."""
        sheet, shown = self._sheet, names(self._sheet)[:MOST_ROWS]
        verification = sheet.verification
        sources = (verification.source("jacobians"), verification.source("autograd"), self._recipe)
        found = [_by_place(source) for source in sources]
        return tuple(
            _entry(sheet, name, place, *(known.get((name, place)) for known in found))
            for name, place in shown
        )

    @property
    def left_out(self) -> int:
        """How many more there are."""
        return max(0, len(names(self._sheet)) - MOST_ROWS)

    @property
    def count(self) -> int:
        """Entries that were compared, of all quantities."""
        return len(self._sheet.solution.entries())

    @property
    def torch(self) -> bool:
        """Whether torch has run; nothing was checked against it otherwise."""
        return self._sheet.verification.complete

    @property
    def agree(self) -> bool:
        """Whether all sources agree in float64."""
        return len(self._agreeing) == len(self._sheet.verification.sources)

    @property
    def worst(self) -> str:
        """The largest relative error among the sources that agree, in LaTeX."""
        errors = [c.relative_error for source in self._agreeing for c in source.comparisons]
        return error(max((one for one in errors if one is not None), default=0.0))

    @property
    def unreliable(self) -> Sequence[Mapping[str, Any]]:
        """Why a source can't be trusted here, and which sources: what the prose needs to say it."""
        return doubts(self._sheet)

    @property
    def arithmetic(self) -> str:
        """What confirmed those entries instead."""
        return next((source.arithmetic for source in self._sheet.verification.sources if source.precise), "")

    @property
    def gap(self) -> str:
        """Largest logit gap, in LaTeX; empty without a softmax at the end."""
        gaps = self._sheet.demonstration.logit_gap
        return self._sheet.speller.rational(max(Fraction(gap) for gap in gaps)).latex if gaps else ""

    @property
    def single(self) -> str:
        """What the recipe in float32 does: `integers`, `broken` or `close`; `missing` without torch."""
        return self._single_precision[0]

    @property
    def printed(self) -> Sequence[str]:
        """The loss and gradient entries that it prints as whole numbers, though none is one."""
        return self._single_precision[1]

    @property
    def broken(self) -> Sequence[str]:
        """Entries that it gets as 0, inf or nan, with what it prints."""
        return self._single_precision[2]

    @property
    def softmax(self) -> bool:
        """Whether there is a softmax in the recipe, in some layer."""
        return any(layer.activation == "softmax" for layer in self._sheet.network.layers)

    @property
    def logarithm(self) -> bool:
        """Whether the logarithm of an output is in the recipe."""
        return self._sheet.network.loss.probability

    @property
    def avoidable(self) -> bool:
        """Whether a loss that takes the logits leaves nothing infinite."""
        return self._sheet.demonstration.avoidable

    @property
    def kinks(self) -> Sequence[Mapping[str, str]]:
        """Units that stand exactly at their kink: symbol and subgradient interval."""
        return _kinks(self._sheet)

    @property
    def _agreeing(self) -> Sequence[Source]:
        return [source for source in self._sheet.verification.sources if source.verdict == "agrees"]

    @property
    def _recipe(self) -> Source:
        return self._sheet.demonstration.single

    @cached_property
    def _single_precision(self) -> tuple[str, list[str], list[str]]:
        return _single_precision(self._sheet, self._recipe)


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


def _entry(
    sheet: Sheet,
    name: str,
    place: tuple[int, ...],
    chain: Comparison | None,
    torch: Comparison | None,
    single: Comparison | None,
) -> Entry:
    value = sheet.solution.values[name][place]
    return Entry(
        latex=entry_latex(sheet, name, place),
        exact="0" if value.is_zero else grouped(value.decimal, EXACT_DIGITS),
        single=_float(single),
        chain_error=_error(chain),
        chain_ulps=_ulps(chain),
        torch_error=_error(torch),
        torch_ulps=_ulps(torch),
        single_error=_error(single),
    )


def _by_place(source: Source) -> Mapping[tuple[str, tuple[int, ...]], Comparison]:
    return {(one.quantity, one.place): one for one in source.comparisons}


def _float(comparison: Comparison | None) -> str:
    """A float as NumPy prints it in single precision, as LaTeX."""
    if comparison is None:
        return r"\text{-}"
    value = float(comparison.value)
    if isnan(value):
        return r"\mathrm{nan}"
    if not isfinite(value):
        return r"\infty" if value > 0 else r"-\infty"
    return "0" if value == 0 else decimal(Decimal(str(np.float32(value))), 17, padded=False)


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


def _single_precision(sheet: Sheet, recipe: Source) -> tuple[str, list[str], list[str]]:
    """What the recipe prints in float32: whole numbers that are none, or what is no answer at all."""
    if recipe.missing:
        return "missing", [], []
    known = _by_place(recipe)
    printed, broken = [], []
    for name, place in names(sheet):
        comparison = known.get((name, place))
        if comparison is None or comparison.exact.is_zero:
            continue
        value = float(comparison.value)
        if not isfinite(value) or value == 0:
            broken.append(f"{entry_latex(sheet, name, place)} \\to {_float(comparison)}")
        elif value == round(value) and comparison.exact.fraction.denominator != 1:
            printed.append(_float(comparison))
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
