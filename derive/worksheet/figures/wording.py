"""The words of the pictures in both languages: alternative texts, legends and axes."""

import re
from collections.abc import Iterator

from derive.worksheet.figures.layout import Layout
from derive.worksheet.figures.model import Column, Edges, Part, Unit

_PHRASES = {
    "en": {
        "drawn": "{count} columns, from left to right.",
        "column": "Column {n}",
        "inactive": "{text} (inactive)",
        "bias": "{text}, bias {bias}",
        "note": "{text}, with {note}",
        "gradient": "{text} (gradient {gradient})",
        "weights": "Weights {symbol}",
        "from": "from {source} {pairs}",
        "to": "to {target} {weight}",
        "joined": "Every unit leads to every unit of the next column.",
        "not written": "Weights {symbol} ({count} in all) are not written on the edges.",
        "units left out": "({shown} of {count} units drawn)",
        "columns left out": "{count} columns between are not drawn.",
        "backward": "The arrows point back, from right to left.",
        "gradients": "lowest number: gradient of the loss",
        "relative error": "relative error",
        "exact": "exact",
        "not finite": "not finite",
        "worst of": "{shown} of {count} entries, those with the largest errors",
        "errors": "Relative error of each entry ({entries} in all), on a logarithmic scale, against the "
        "machine epsilons 2 to the power of minus 52 (double precision) and of minus 23 (single precision).",
        "source": "{name}: {exact} exact, {finite}{others}.",
        "between": "{count} between {least} and {most}",
        "none between": "none other",
        "others": ", {count} not finite",
        "double": "double precision",
        "single": "single precision",
        "seconds": "time (s)",
        "curves": "{title}: {curves}.",
        "curve": "{name} from {first} s at {small} to {last} s at {large}",
        "bench": "Time against size, on logarithmic scales.",
    },
    "ko": {
        "drawn": "왼쪽에서 오른쪽으로 {count}개의 열.",
        "column": "{n}열",
        "inactive": "{text} (비활성)",
        "bias": "{text}, 편향 {bias}",
        "note": "{text}, {note}",
        "gradient": "{text} (기울기 {gradient})",
        "weights": "가중치 {symbol}",
        "from": "{source}에서 {pairs}",
        "to": "{target}까지 {weight}",
        "joined": "모든 유닛이 다음 열의 모든 유닛으로 이어집니다.",
        "not written": "가중치 {symbol}(모두 {count}개): 그림에 적지 않았습니다.",
        "units left out": "(유닛 {count}개 중 {shown}개만 그림)",
        "columns left out": "그 사이의 열 {count}개는 그리지 않았습니다.",
        "backward": "화살표는 오른쪽에서 왼쪽으로 되돌아갑니다.",
        "gradients": "맨 아래 수: 손실의 기울기",
        "relative error": "상대 오차",
        "exact": "일치",
        "not finite": "유한하지 않음",
        "worst of": "성분 {count}개 중 오차가 큰 {shown}개",
        "errors": "성분 {entries}개의 상대 오차를 로그 눈금에 나타내고 기계 엡실론, 곧 2의 마이너스 52제곱"
        "(배정밀도) 및 마이너스 23제곱(단정밀도)과 비교한 그림.",
        "source": "{name}: 일치 {exact}개, {finite}{others}.",
        "between": "{least} 이상 {most} 이하 {count}개",
        "none between": "그 밖에는 없음",
        "others": ", 유한하지 않음 {count}개",
        "double": "배정밀도",
        "single": "단정밀도",
        "seconds": "시간(초)",
        "curves": "{title}: {curves}.",
        "curve": "{name}: 크기 {small}에서 {first}초, 크기 {large}에서 {last}초",
        "bench": "크기에 따른 시간을 로그 눈금에 나타낸 그림.",
    },
}
_DECORATED = re.compile(r"\\(hat|tilde|bar|mathbf|boldsymbol|mathrm|text)\{([^{}]*)\}")
_SPOKEN_AFTER = {"hat": " hat", "tilde": " tilde", "bar": " bar"}


def say(language: str, phrase: str, **values: object) -> str:
    """A phrase in a language.

    Raises:
        ValueError: The language isn't known.
    """
    if language not in _PHRASES:
        raise ValueError(f"pictures speak {', '.join(_PHRASES)}, not {language!r}")
    return _PHRASES[language][phrase].format(**values)


def spoken(latex: str) -> str:
    r"""A symbol or number as it is read out: `W_{0,1}` -> `W 0,1`, `\hat{y}` -> `y hat`.

    A hyphen becomes a minus sign, which screen readers don't skip.
    """
    text = _DECORATED.sub(lambda match: match[2] + _SPOKEN_AFTER.get(match[1], ""), latex)
    text = re.sub(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}", r"\1/\2", text)
    text = re.sub(r"\s*\\times\s*10\^\{?(-?\d+)\}?", r"e\1", text)
    text = re.sub(r"\\([A-Za-z]+)", r" \1 ", text)
    text = re.sub(r"[_^{}\\]", " ", text)
    return re.sub(r"\s+", " ", text).replace("-", "\N{MINUS SIGN}").strip()


def network(
    columns: tuple[Column, ...],
    edges: tuple[Edges, ...],
    laid: Layout,
    language: str,
    title: str,
    backward: bool,
) -> str:
    """The alternative text of a network: columns, units with their values, weights and biases."""
    sentences = [title.rstrip(".") + "."] if title else []
    sentences.append(say(language, "drawn", count=len(columns)))
    sentences += [say(language, "backward")] if backward else []
    for n, place in enumerate(laid.places):
        shown = [row.index for row in place.rows]
        sentences.append(_column(columns[place.index], place.index, shown, language))
        if n == len(laid.places) - 1:
            break
        following = laid.places[n + 1]
        if following.index > place.index + 1:
            left_out = following.index - place.index - 1
            sentences.append(say(language, "columns left out", count=left_out))
            continue
        sources, targets = columns[place.index].units, columns[following.index].units
        sentences.append(
            _edges(sources, targets, edges[place.index], laid.fractions[n] is not None, language)
        )
    return " ".join(sentence for sentence in sentences if sentence)


def _column(column: Column, index: int, shown: list[int], language: str) -> str:
    heading = ", ".join(
        part for part in (say(language, "column", n=index + 1), column.caption, column.function) if part
    )
    if len(shown) < len(column.units):
        count = len(column.units)
        heading += " " + say(language, "units left out", shown=len(shown), count=count)
    return f"{heading}: " + "; ".join(_unit(column.units[i], language) for i in shown) + "."


def _unit(unit: Unit, language: str) -> str:
    text = ", ".join(_part(part, language) for part in unit.parts)
    if unit.bias:
        text = say(language, "bias", text=text, bias=spoken(unit.bias))
    if unit.note:
        text = say(language, "note", text=text, note=spoken(unit.note))
    return text if unit.active else say(language, "inactive", text=text)


def _part(part: Part, language: str) -> str:
    text = spoken(part.symbol) + (f" = {spoken(part.value)}" if part.value else "")
    if part.gradient:
        text = say(language, "gradient", text=text, gradient=spoken(part.gradient))
    return text


def _edges(
    sources: tuple[Unit, ...], targets: tuple[Unit, ...], edges: Edges, written: bool, language: str
) -> str:
    symbol = spoken(edges.symbol)
    count = sum(bool(label) for row in edges.labels for label in row)
    if count and not written:
        return say(language, "not written", count=count, symbol=symbol).replace("  ", " ")
    if not count:
        complete = all(label is not None for row in edges.labels for label in row)
        return say(language, "joined") if complete else ""
    rows = "; ".join(_rows(sources, targets, edges, language))
    return f"{say(language, 'weights', symbol=symbol).strip()}: {rows}."


def _rows(sources: tuple[Unit, ...], targets: tuple[Unit, ...], edges: Edges, language: str) -> Iterator[str]:
    for source, labels in zip(sources, edges.labels, strict=True):
        pairs = [
            say(language, "to", target=spoken(target.parts[0].symbol), weight=spoken(label))
            for target, label in zip(targets, labels, strict=True)
            if label
        ]
        if pairs:
            name = spoken(source.parts[-1].symbol)
            yield say(language, "from", source=name, pairs=", ".join(pairs))
