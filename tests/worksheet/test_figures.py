"""Pictures are measured: texts are boxes in the SVG, found by their ids, and must not lie on each other."""

import os
import re
import subprocess
import sys
from itertools import combinations, pairwise
from math import inf, nan
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import pytest

from derive.render.page import Picture
from derive.render.pgf import picture_as_pgf
from derive.render.vector import checked_svg
from derive.worksheet.figures import (
    Column,
    Curve,
    Drawing,
    Edges,
    Errors,
    Part,
    Unit,
    bench,
    errors,
    network,
)
from derive.worksheet.figures.outlines import font_file
from derive.worksheet.figures.wording import _PHRASES, spoken

SVG = "{http://www.w3.org/2000/svg}"
Box = tuple[float, float, float, float]
SHORT = ("-2", "3", "0.15", "1/3", "-1", "5", "0", "-3/16")
LONG = ("0.59326999", "-0.12345678", "0.4", "-17/16384")
_TEXTS = ("weight", "bias", "symbol", "value", "gradient", "note", "caption", "function", "matrix", "legend")


def boxes(drawing: Drawing, kinds: tuple[str, ...] = _TEXTS) -> dict[str, Box]:
    """Left, top, right and bottom of every text whose id begins with one of the kinds."""
    found: dict[str, Box] = {}
    for group in ElementTree.fromstring(drawing.svg).iter(f"{SVG}g"):
        name = group.get("id", "")
        if name.split("-")[0] in kinds:
            assert name not in found, f"{name} is drawn twice"
            found[name] = box(group)
    return found


def box(group: ElementTree.Element) -> Box:
    """Left, top, right and bottom of a group's paths, where its transform puts them."""
    data = " ".join(path.get("d", "") for path in group.iter(f"{SVG}path"))
    x, y, *scale = numbers(group.get("transform", "0 0"))
    points = [number * (scale or [1])[0] for number in numbers(data)]
    across, down = points[::2], points[1::2]
    return min(across) + x, min(down) + y, max(across) + x, max(down) + y


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", text)]


def overlapping(found: dict[str, Box]) -> list[tuple[str, str]]:
    return [
        (first, second)
        for (first, a), (second, b) in combinations(found.items(), 2)
        if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
    ]


def homework(language: str = "en", *, values: bool = True, backward: bool = False) -> Drawing:
    def part(symbol: str, value: str, gradient: str = "") -> Part:
        return Part(symbol, value if values else "", gradient if backward else "")

    columns = [
        Column((Unit((Part("I_{0}", "4"),)), Unit((Part("I_{1}", "1"),))), "input"),
        Column(
            (
                Unit((part("h_{0}", "6", "6"), part("L_{0}", "6", "6"))),
                Unit((part("h_{1}", "-3", "0"), part("L_{1}", "0", "-2")), active=not values),
            ),
            "hidden layer",
            "ReLU",
        ),
        Column(
            (
                Unit((part("O_{0}", "18", "1"), part("s_{0}", "1", "0"))),
                Unit((part("O_{1}", "-18", "-1"), part("s_{1}", r"2.32 \times 10^{-16}", "-4.31"))),
            ),
            "output layer",
            "softmax",
        ),
        Column((Unit((part("l", "36", "1"),), note="y = (0, 1)"),), "loss", "cross-entropy"),
    ]
    edges = [
        Edges((("1", "-2"), ("2", "5")), "W_{0}"),
        Edges((("3", "-3"), ("-1", "1")), "W_{1}"),
        Edges((("",), ("",))),
    ]
    return network(columns, edges, language=language, title="The homework", backward=backward)


def made(
    widths: tuple[int, ...],
    texts: tuple[str, ...] = SHORT,
    *,
    values: bool = True,
    biases: bool = False,
    notes: bool = False,
) -> tuple[list[Column], list[Edges]]:
    """A network of any shape, its numbers taken from `texts` in turn."""
    turn = iter(range(10**6))

    def text() -> str:
        return texts[next(turn) % len(texts)]

    def unit(k: int, i: int) -> Unit:
        names = (f"z^{{({k})}}_{{{i}}}", f"a^{{({k})}}_{{{i}}}") if k else (f"I_{{{i}}}",)
        parts = tuple(Part(name, text() if values else "") for name in names)
        note = f"y_{{{i}}} = {text()}" if notes and k == len(widths) - 1 else ""
        return Unit(parts, text() if biases and k else "", note, active=(i + k) % 3 != 2)

    columns = [
        Column(tuple(unit(k, i) for i in range(width)), "은닉층" if k else "입력", "leaky ReLU" if k else "")
        for k, width in enumerate(widths)
    ]
    edges = [
        Edges(tuple(tuple(text() for _ in range(m)) for _ in range(n)), f"W_{{{k}}}")
        for k, (n, m) in enumerate(pairwise(widths))
    ]
    return columns, edges


def some_errors(count: int = 9, language: str = "ko") -> Drawing:
    entries = [f"W_{{{i % 2}}}[{i // 2},{i % 2}]" for i in range(count)]
    first = tuple(0.0 if i % 3 else 1.1e-16 * (i + 1) for i in range(count))
    second = tuple(nan if i % 5 == 4 else 1e-8 * (i + 1) for i in range(count))
    return errors(entries, [Errors("야코비 행렬", first), Errors("float32", second)], language=language)


def some_times() -> Drawing:
    curves = [Curve("NumPy", (1, 10, 100), (0.1, 0.2, 1)), Curve("torch", (1, 10), (0.3, 0.3))]
    return bench({"2-2-2": curves, "한글": curves[:1]}, sizes="variants", language="en")


DRAWN = {
    "given": lambda: homework(values=False),
    "values": lambda: homework("ko"),
    "backward": lambda: homework(backward=True),
    "errors": some_errors,
    "bench": some_times,
}


@pytest.mark.parametrize("name", DRAWN)
def test_drawn_twice_it_is_the_same(name: str) -> None:
    assert DRAWN[name]() == DRAWN[name]()


def test_another_process_writes_the_same_bytes(tmp_path: Path) -> None:
    here = Path(__file__)
    (tmp_path / "matplotlibrc").write_text("font.size: 30\nmathtext.fontset: cm\nlines.linewidth: 9\n")
    script = (
        "import importlib.util as u, sys\n"
        f"spec = u.spec_from_file_location('drawn', {str(here)!r})\n"
        "module = u.module_from_spec(spec); spec.loader.exec_module(module)\n"
        "sys.stdout.buffer.write(''.join(make().svg for make in module.DRAWN.values()).encode())\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "MATPLOTLIBRC": str(tmp_path)}
    run = [sys.executable, "-c", script]
    done = subprocess.run(run, cwd=here.parents[2], env=environment, capture_output=True, check=True)
    assert done.stdout.decode() == "".join(make().svg for make in DRAWN.values())


@pytest.mark.parametrize("name", DRAWN)
def test_the_formats_take_it(name: str) -> None:
    drawing = DRAWN[name]()
    picture = Picture(drawing.svg, drawing.alt)
    assert checked_svg(picture).startswith("<svg")
    assert picture_as_pgf(picture).startswith(r"\begin{pgfpicture}")
    assert "<text" not in drawing.svg
    assert "<dc:date" not in drawing.svg


def test_settings_are_put_back_and_pyplot_stays_out() -> None:
    before = dict(matplotlib.rcParams)
    homework()
    some_errors()
    assert dict(matplotlib.rcParams) == before
    script = (
        "import sys; import derive.worksheet.figures as f\n"
        "assert 'matplotlib' not in sys.modules\n"
        "f.network([f.Column((f.Unit((f.Part('x'),)),))], [], language='en')\n"
        "f.errors(['x'], [f.Errors('a', (0.0,))], language='en')\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[2], check=True)


WIDTHS = [(2, 2, 2), (3, 4, 3), (4, 4, 4), (1, 1, 1), (1, 6, 1), (4, 2, 3), (2, 3, 3, 3, 2), (2,) * 7]


@pytest.mark.parametrize("widths", WIDTHS)
@pytest.mark.parametrize("texts", [SHORT, LONG], ids=["short", "long"])
@pytest.mark.parametrize(("values", "extras"), [(True, True), (True, False), (False, False)])
def test_no_text_lies_on_another(
    widths: tuple[int, ...], texts: tuple[str, ...], values: bool, extras: bool
) -> None:
    columns, edges = made(widths, texts, values=values, biases=extras, notes=extras)
    found = boxes(network(columns, edges, language="ko"))
    assert overlapping(found) == []
    wanted = {
        f"weight-{k}-{i}-{j}" for k, (n, m) in enumerate(pairwise(widths)) for i in range(n) for j in range(m)
    }
    assert {name for name in found if name.startswith("weight")} == wanted


@pytest.mark.parametrize("widths", [(6, 6, 6), (8, 8, 8), (5, 5, 5), (12, 20, 3), (2,) * 14])
def test_large_networks_are_drawn_without_what_cannot_be_read(widths: tuple[int, ...]) -> None:
    columns, edges = made(widths, biases=True)
    drawing = network(columns, edges, language="en")
    found = boxes(drawing)
    assert overlapping(found) == []
    if max(widths) > 4:
        assert not any(name.startswith("weight-0-") for name in found)
        count = widths[0] * widths[1]
        assert f"Weights W 0 ({count} in all) are not written" in drawing.alt
    assert ("of 20 units drawn" in drawing.alt) == (20 in widths)
    assert ("4 columns between are not drawn" in drawing.alt) == (len(widths) > 10)


def units(drawing: Drawing) -> list[Box]:
    grounds = []
    for group in ElementTree.fromstring(drawing.svg).iter(f"{SVG}g"):
        if any(re.search("#f3f7fb|#f0f0f0", path.get("style", "")) for path in group):
            grounds.append(box(group))
    return grounds


@pytest.mark.parametrize("texts", [SHORT, LONG], ids=["short", "long"])
def test_what_belongs_to_a_unit_is_inside_and_the_rest_outside(texts: tuple[str, ...]) -> None:
    columns, edges = made((2, 4, 3), texts, biases=True, notes=True)
    drawing = network(columns, edges, language="en")
    grounds = dict(enumerate(units(drawing)))
    assert len(grounds) == 9
    for left, top, right, bottom in boxes(drawing, ("symbol", "value")).values():
        assert any(a < left and b < top and right < c and bottom < d for a, b, c, d in grounds.values())
    for name, box in boxes(drawing, ("weight", "bias", "note", "caption", "function", "matrix")).items():
        assert overlapping({name: box} | {str(n): ground for n, ground in grounds.items()}) == []


def test_everything_stays_on_the_sheet() -> None:
    for make in DRAWN.values():
        drawing = make()
        view = ElementTree.fromstring(drawing.svg).get("viewBox", "")
        width, height = numbers(view)[2:]
        for left, top, right, bottom in boxes(drawing).values():
            assert left >= 0
            assert top >= 0
            assert right <= width
            assert bottom <= height


def test_every_weight_is_told_once() -> None:
    weights = (("1", "-2", "0.15"), ("2/7", "5", "-3/16"))
    columns, _ = made((2, 3), values=False)
    drawing = network(columns, [Edges(weights, "W_{0}")], language="en")
    told = re.findall(r"to z \(1\) \d ([^,;. ]+(?:\.\d+)?)", drawing.alt)
    assert told == [spoken(text) for row in weights for text in row]
    assert "Weights W 0: from I 0 to z (1) 0 1, to z (1) 1" in drawing.alt


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (
            "en",
            [
                "I 0 = 4",
                "h 1 = \N{MINUS SIGN}3, L 1 = 0 (inactive)",
                "ReLU",
                "l = 36, with y = (0, 1)",
                "from I 1 to h 0 2",
            ],
        ),
        (
            "ko",
            ["I 0 = 4", "h 1 = \N{MINUS SIGN}3, L 1 = 0 (비활성)", "가중치 W 1: L 0에서 O 0까지 3", "l = 36"],
        ),
    ],
)
def test_the_alternative_text_tells_layers_and_values(language: str, told: list[str]) -> None:
    alt = homework(language).alt
    assert alt.startswith("The homework. ")
    assert [part for part in told if part not in alt] == []
    assert not re.search(r"[\\{}$_^]", alt)


def test_the_given_picture_holds_no_value() -> None:
    drawing = homework(values=False)
    assert sorted(boxes(drawing, ("value",))) == ["value-0-0-0", "value-0-1-0"]
    assert "36" not in drawing.alt
    assert "inactive" not in drawing.alt
    assert "stroke-dasharray" not in drawing.svg


def test_the_inactive_unit_and_what_leaves_it_are_dashed() -> None:
    dashed = homework().svg.count("stroke-dasharray")
    assert dashed == 4  # its outline, the line through it, two edges


def test_the_way_back_has_gradients_in_another_colour_and_says_so() -> None:
    there, back = homework(), homework(backward=True)
    assert boxes(there, ("gradient", "legend")) == {}
    assert len(boxes(back, ("gradient",))) == 9
    assert overlapping(boxes(back)) == []
    assert "legend" in boxes(back)
    assert "#a94400" in back.svg
    assert "#a94400" not in there.svg
    assert "(gradient \N{MINUS SIGN}4.31)" in back.alt
    assert "from right to left" in back.alt


def test_edges_that_are_not_there_are_not_drawn() -> None:
    column = Column(tuple(Unit((Part(f"x_{{{i}}}"),)) for i in range(3)))
    every, straight = (
        network([column, column], [edges], language="en")
        for edges in (
            Edges((("", "", ""),) * 3),
            Edges((("", None, None), (None, "", None), (None, None, ""))),
        )
    )
    assert (every.svg.count("stroke: #7a7a7a"), straight.svg.count("stroke: #7a7a7a")) == (9, 3)
    assert "Every unit leads to every unit" in every.alt
    assert "Every unit leads to every unit" not in straight.alt


@pytest.mark.parametrize(
    ("columns", "edges", "message"),
    [
        ([], [], "needs columns"),
        ([Column(())], [], "needs columns"),
        ([Column((Unit(()),))], [], "one part or two"),
        (made((2, 2))[0], [], "need 1 sets"),
        (made((2, 2))[0], [Edges((("1", "2"),))], "2 rows of 2"),
        (made((2, 2))[0], [Edges((("1",), ("2",)))], "2 rows of 2"),
        ([Column((Unit((Part("$x$"),)),))], [], "dollar"),
        ([Column((Unit((Part(r"\unknown"),)),))], [], "nknown"),
    ],
)
def test_what_does_not_fit_is_refused(columns: list[Column], edges: list[Edges], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        network(columns, edges, language="en")


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="'fr'"):
        homework("fr")


def test_both_languages_have_the_same_phrases() -> None:
    fields = {
        language: {key: sorted(re.findall(r"\{\w+\}", text)) for key, text in phrases.items()}
        for language, phrases in _PHRASES.items()
    }
    assert fields["en"] == fields["ko"]


def test_the_font_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="NanumGothic"):
        font_file([tmp_path])
    assert font_file(None).is_file()


def test_words_are_no_markup() -> None:
    column = Column((Unit((Part("x"),)),), caption="$x^2$ & <b>", function="a_b")
    assert "caption-0" in boxes(network([column], [], language="en"))
    errors(["x"], [Errors("$x", (0.0,))], language="en")
    bench({"$a": [Curve("b$", (1,), (1,))]}, sizes="$", language="ko")


@pytest.mark.parametrize(
    "symbol", [r"\hat{y}_{0}", r"\mathbf{\beta}_{1}", r"\varepsilon^{(2)}_{0}", r"\bar{x}"]
)
def test_symbols_of_the_notation_can_be_set(symbol: str) -> None:
    assert network([Column((Unit((Part(symbol, "1"),)),))], [], language="en").svg


def test_symbols_are_read_out() -> None:
    assert spoken(r"\hat{y}_{0}") == "y hat 0"
    assert spoken("W_{0,1}") == "W 0,1"
    assert spoken(r"\frac{-3}{16}") == "\N{MINUS SIGN}3/16"
    assert spoken(r"\delta^{(2)}_{0}") == "delta (2) 0"
    assert spoken(r"2.32 \times 10^{-16}") == "2.32e\N{MINUS SIGN}16"


def points(drawing: Drawing, source: int) -> list[tuple[float, float]]:
    groups = ElementTree.fromstring(drawing.svg).iter(f"{SVG}g")
    group = next(group for group in groups if group.get("id") == f"source-{source}")
    return [(float(use.get("x", "")), float(use.get("y", ""))) for use in group.iter(f"{SVG}use")]


def test_errors_stand_where_they_belong() -> None:
    values = (0.0, 1e-300, 2.0**-52, 1e-12, 2.0**-23, 1.0, 1e9, inf)
    drawing = errors([f"x_{{{i}}}" for i in range(8)], [Errors("a", values)], language="en")
    across = [x for x, _ in points(drawing, 0)]
    assert across == sorted(across)
    assert len(set(across)) == len(across)
    assert "a: 1 exact, 6 between 1.0e-300 and 1.0e+09, 1 not finite." in drawing.alt


def test_missing_values_have_no_marker() -> None:
    drawing = errors(["x", "y"], [Errors("a", (None, 0.0)), Errors("b", (1e-8, nan))], language="ko")
    assert [len(points(drawing, source)) for source in (0, 1)] == [1, 2]


def test_of_many_entries_the_worst_are_drawn() -> None:
    values = tuple(1e-16 * (i + 1) for i in range(100))
    drawing = errors([f"x_{{{i}}}" for i in range(100)], [Errors("a", values)], language="en")
    assert len(points(drawing, 0)) == 40
    assert "40 of 100 entries, those with the largest errors." in drawing.alt


@pytest.mark.parametrize(
    ("entries", "sources"),
    [
        ([], []),
        (["x"], []),
        (["x"], [Errors("a", ())]),
        (["x"], [Errors("a", (-1.0,))]),
        (["x"], [Errors("a", (0.0,))] * 7),
    ],
)
def test_errors_that_do_not_fit_are_refused(entries: list[str], sources: list[Errors]) -> None:
    with pytest.raises(ValueError, match=r"entry|value|negative"):
        errors(entries, sources, language="en")


@pytest.mark.parametrize("curve", [Curve("a", (0,), (1,)), Curve("a", (1,), (inf,)), Curve("a", (), ())])
def test_times_that_a_logarithm_has_not_are_refused(curve: Curve) -> None:
    with pytest.raises(ValueError, match=r"positive|between"):
        bench({"": [curve]}, sizes="n", language="en")


def test_a_small_picture_is_small() -> None:
    assert len(homework().svg) < 100_000


def test_numbers_are_set_as_matplotlib_sets_them() -> None:
    """Put together from single glyphs, they have the outline that the whole number has."""
    import numpy as np
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    from derive.worksheet.figures import outlines

    for number in ("0", "-3", "12.5", "0.04743", "-0.001234", "1024", "-7.1", "9876543210", "11.11"):
        with outlines.settings():
            properties = FontProperties(math_fontfamily=outlines.MATHEMATICS)
            wanted, codes = text_to_path.get_text_path(properties, f"${number}$", ismath=True)
        wanted = np.reshape(wanted, (-1, 2)) * 11.5 / 100
        found = outlines.mathematics(number, 11.5)
        # A whole number sits up to a tenth of a point higher or lower, by the deepest of its digits.
        np.testing.assert_allclose(found.vertices, wanted - (wanted[:, 0].min(), 0), atol=0.1)
        np.testing.assert_allclose(found.vertices[:, 0], wanted[:, 0] - wanted[:, 0].min(), atol=1e-3)
        assert found.codes.tolist() == list(codes)
