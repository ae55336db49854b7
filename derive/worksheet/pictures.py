"""The pictures of a story: the network as given, with its values, with its gradients; the errors."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from math import inf

from derive.engine.values import Value
from derive.engine.verify import Source
from derive.network import Dense
from derive.render.page import Picture
from derive.rules.notation import with_index
from derive.worksheet import figures
from derive.worksheet.crosscheck import entry_latex, names
from derive.worksheet.figures import Column, Edges, Part, Unit
from derive.worksheet.sheet import Sheet, exact
from derive.worksheet.spelling import Speller

FIGURE_DIGITS = 4
_GIVEN = ("structure", "network")  # pictures of what is given


class Pictures(Mapping[str, Picture]):
    """Every picture that a story can show, by its name; each is drawn when it is first asked for."""

    def __init__(self, sheet: Sheet, language: str, words: Mapping[str, str]) -> None:
        """Remember what they show.

        Args:
            sheet: The exercise.
            language: "ko" or "en".
            words: What the pictures call things: `structure`, `network`, `forward`, `backward` (titles),
                `input`, `hidden`, `output` (captions), `jacobians`, `autograd`, `recipe32` (sources).
        """
        self._drawn: dict[str, Picture] = {}
        draw = partial(_network, sheet, language, words)
        # A batch has other numbers in every example, so its network is drawn without any.
        stages = ("structure", "network", *(("forward", "backward") if sheet.single else ()))
        self._draw: dict[str, Callable[[], Picture]] = {stage: partial(draw, stage) for stage in stages}
        self._draw["errors"] = partial(_errors, sheet, language, words)

    def __getitem__(self, name: str) -> Picture:
        """The picture of a name."""
        if name not in self._drawn:
            self._drawn[name] = self._draw[name]()
        return self._drawn[name]

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self._draw)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._draw)


def _network(sheet: Sheet, language: str, words: Mapping[str, str], stage: str) -> Picture:
    columns = [_input_column(sheet, words, stage)]
    columns += [_column(sheet, layer, words, stage) for layer in sheet.network.layers]
    edges = [_edges(sheet, layer, stage) for layer in sheet.network.layers]
    drawing = figures.network(
        columns, edges, language=language, title=words[stage], backward=stage == "backward"
    )
    return Picture(drawing.svg, drawing.alt)


def _input_column(sheet: Sheet, words: Mapping[str, str], stage: str) -> Column:
    symbol = sheet.network.symbols.input
    units = []
    for index in range(sheet.network.layers[0].n_in):
        given = sheet.single and stage != "structure"
        value = _short(sheet, exact(sheet.network.inputs[0][index])) if given else ""
        gradient = _short(sheet, sheet.values("input")[0][index]) if stage == "backward" else ""
        units.append(Unit((Part(with_index(symbol, index), value, gradient),)))
    return Column(tuple(units), words["input"])


def _column(sheet: Sheet, layer: Dense, words: Mapping[str, str], stage: str) -> Column:
    k = layer.index
    last = k == sheet.depth - 1
    units = tuple(_unit(sheet, layer, index, stage, last) for index in range(layer.n_out))
    caption = words["output"] if last else words["hidden"]
    function = "" if layer.activation == "identity" else _plain(layer)
    return Column(units, caption, function)


def _plain(layer: Dense) -> str:
    """The name of a function as plain words."""
    latex = layer.rule.latex
    return latex.removeprefix(r"\operatorname{").rstrip("}") if "{" in latex else layer.activation


def _unit(sheet: Sheet, layer: Dense, index: int, stage: str, last: bool) -> Unit:
    k, network = layer.index, sheet.network
    parts = []
    for kind in ("pre_activation", "output"):
        name = f"{kind}_{k}"
        value = gradient = ""
        if stage not in _GIVEN:
            value = _short(sheet, sheet.values(name)[0][index])
        if stage == "backward":
            gradient = _short(sheet, sheet.values(f"{kind}_gradient_{k}")[0][index])
        parts.append(Part(with_index(sheet.symbol(name), index), value, gradient))
    bias = ""
    if layer.bias is not None:
        numbers = layer.bias if isinstance(layer.bias, tuple) else (layer.bias,) * layer.n_out
        bias = _short(sheet, exact(numbers[index]))
        if stage == "structure":
            bias = with_index(network.symbols.bias[k], *(() if layer.shared_bias else (index,)))
    note = ""
    if last and sheet.single and network.targets is not None and stage != "structure":
        target = _short(sheet, exact(network.targets[0][index]))
        note = f"{with_index(network.symbols.target, index)} = {target}"
    active = True
    if stage not in _GIVEN and layer.rule.piecewise_linear and layer.rule.kink is not None:
        active = sheet.values(f"output_{k}")[0][index].fraction > 0
    return Unit(tuple(parts), bias, note, active)


def _edges(sheet: Sheet, layer: Dense, stage: str) -> Edges:
    labels = [[""] * layer.n_out for _ in range(layer.n_in)]
    for (first, second), i, j in layer.places() if stage != "structure" else ():
        labels[i][j] = _short(sheet, exact(layer.weights[first][second]))
    return Edges(tuple(map(tuple, labels)), sheet.symbol(layer.weights_name))


def _short(sheet: Sheet, value: Value) -> str:
    """A number as short as a picture needs it."""
    speller = Speller(sheet.speller.decimals, FIGURE_DIGITS)
    return speller.rounded(value).latex.replace(r"\tfrac", r"\frac")


def _errors(sheet: Sheet, language: str, words: Mapping[str, str]) -> Picture:
    shown = names(sheet)
    sources = [*sheet.verification.sources, sheet.demonstration.single]
    drawn = [
        figures.Errors(words[source.name], tuple(_error(source, name, place) for name, place in shown))
        for source in sources
        if not source.missing
    ]
    entries = [entry_latex(sheet, name, place) for name, place in shown]
    drawing = figures.errors(entries, drawn, language=language)
    return Picture(drawing.svg, drawing.alt)


def _error(source: Source, name: str, place: tuple[int, ...]) -> float | None:
    comparison = next(c for c in source.comparisons if (c.quantity, c.place) == (name, place))
    if comparison.exact.is_zero:
        return 0.0 if comparison.value == 0 else None
    return comparison.relative_error if comparison.finite else inf
