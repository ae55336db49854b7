"""No answer reaches a handout: its bytes are the same whatever the answers are."""

import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from flint import fmpq
from lxml import html

from derive.engine.demonstration import Demonstration, demonstrate
from derive.engine.exact import Kink, Solution
from derive.engine.passes import Pass
from derive.engine.sources import Source
from derive.engine.symbolic import Derivation
from derive.engine.values import Value
from derive.engine.verify import Verification
from derive.render import FORMATS, render
from derive.worksheet import sheet, story
from derive.worksheet.story import Material
from tests.worksheet import stories

SENTINEL = "4.7313"
NUMBER = fmpq(47313, 10000)
VALUE = Value(NUMBER, Decimal(SENTINEL))


def filled(array: Any, content: Any) -> Any:
    full = np.empty(np.shape(array), dtype=object)
    full.fill(content)
    return full


def given_symbols(derivation: Derivation) -> set[Any]:
    found = {*derivation.input_symbols, *derivation.target_symbols}
    for layer in derivation.layers:
        found |= {weight for row in layer.weights for weight in row} | set(layer.bias)
    return found


def false_pass(count: int, one: Pass, given: set[Any]) -> Pass:
    """A pass in which all is the sentinel but what the exercise gives; after an update, that too."""
    kept = given if count < 2 else set()
    return replace(
        one,
        parameters={name: array if kept else filled(array, NUMBER) for name, array in one.parameters.items()},
        environments=tuple(
            {symbol: number if symbol in kept else NUMBER for symbol, number in values.items()}
            for values in one.environments
        ),
        found={name: filled(array, NUMBER) for name, array in one.found.items()},
    )


def false_solution(solution: Solution) -> Solution:
    """The solution with the sentinel for every number, and another answer to whether there are kinks."""
    given = given_symbols(solution.derivation)
    has_kink = solution.derivation.layers[0].dense.rule.kink is not None
    return replace(
        solution,
        values={name: filled(array, VALUE) for name, array in solution.values.items()},
        kinks=(Kink(0, 0, 0),) if has_kink and not solution.kinks else (),
        passes=tuple(false_pass(count, one, given) for count, one in enumerate(solution.passes)),
    )


def false_source(source: Source) -> Source:
    assert source.values is not None
    return replace(
        source,
        values={name: np.full(np.shape(array), float(SENTINEL)) for name, array in source.values.items()},
        comparisons=tuple(replace(c, exact=VALUE, value=float(SENTINEL)) for c in source.comparisons),
        precise=None,
        arithmetic="",
        doubt=None,
    )


def false_demonstration(solution: Solution) -> Demonstration:
    true = demonstrate(solution)
    gaps = None if true.logit_gap is None else tuple(Fraction(SENTINEL) for _ in true.logit_gap)
    return Demonstration(false_source(true.single), false_source(true.double), gaps, not true.avoidable)


@pytest.fixture
def false(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a story would be told from if every derived number were the sentinel."""

    def gather(name: str) -> Material:
        monkeypatch.setattr(sheet, "demonstrate", false_demonstration)
        exercise, verification = stories.shipped(name)
        solution = false_solution(verification.solution)
        return story.gather(exercise, Verification(solution, tuple(map(false_source, verification.sources))))

    return gather


@pytest.mark.parametrize("name", stories.FEW)
def test_a_handout_is_the_same_whatever_the_answers_are(name: str, false: Any) -> None:
    wrong = false(name)
    for language in stories.LANGUAGES:
        true_pages = stories.rendered(stories.material(name), language, "handout", list(FORMATS))
        false_pages = stories.rendered(wrong, language, "handout", list(FORMATS))
        for extension in FORMATS:
            assert true_pages[extension] == false_pages[extension], f"handout.{language}.{extension}"
        key = stories.rendered(wrong, language, "key", ["md", "ipynb"])
        for extension, content in key.items():
            assert stories.without_pictures(content.decode()).count(SENTINEL) > 20, extension
        assert key["md"] != stories.rendered(stories.material(name), language, "key", ["md"])["md"]


@pytest.mark.parametrize(
    "leak",
    [
        "$$ {{ steps[0].formula }} $$",
        "{{ check.entries[0].exact }}",
        "![The network with values](picture:forward)",
        "::: solution {{ steps[0].formula | length % 50 }}x1\nx\n:::",
        "{% if check.kinks %}a kink{% endif %}",
    ],
)
def test_a_leak_would_be_seen(leak: str, false: Any, tmp_path: Path) -> None:
    """The same comparison with a story that tells something outside of its solutions."""
    whole = (stories.ROOT / "templates" / "worksheet.en.md.j2").read_text("utf-8")
    (tmp_path / "worksheet.en.md.j2").write_text(f"{whole}\n\n{leak}\n", "utf-8")
    pages = []
    for gathered in (stories.material("two-layer"), false("two-layer")):
        written = story.write(gathered, "en", tmp_path)
        page = stories.page(gathered, written, "en", "handout")
        pages.append(render(written.markdown, page, ["html"])["html"])
    assert pages[0] != pages[1]


def results(gathered: Material) -> Iterator[str]:
    """Every result with digits enough to be told from other numbers, as far as it is spelled anywhere."""
    for _, _, value in gathered.sheet.solution.entries():
        for digits in (17, 6, 4):
            text = f"{value.rounded(digits):f}".lstrip("-").strip("0").rstrip(".")
            if len(text.replace(".", "").lstrip("0")) >= 4:
                yield text
        if value.rational is None and (exact := value.latex()) is not None:
            yield exact


def given_numbers(gathered: Material) -> str:
    spelled = " ".join(str(part.numbers) for part in gathered.facts["given"])
    return spelled + " ".join(f"{float(number)!r}" for number in gathered.sheet.given)


def texts(pages: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Everything that a handout says in letters, format by format; drawings are told by their words."""
    yield "html", stories.without_pictures(pages["html"].decode().partition("</style>")[2])
    yield "html", html.fromstring(pages["html"]).text_content()
    yield "tex", stories.without_pictures(pages["tex"].decode().partition(r"\begin{document}")[2])
    yield "md", stories.without_pictures(pages["md"].decode())
    book = json.loads(pages["ipynb"])
    assert not [cell for cell in book["cells"] if cell.get("outputs")]
    yield "ipynb", stories.without_pictures(pages["ipynb"].decode())
    with pikepdf.open(io.BytesIO(pages["pdf"])) as pdf:
        yield "pdf", str(pdf.docinfo) + pdf.Root.Metadata.read_bytes().decode()
        yield "pdf", " ".join(str(alt) for alt in alternatives(pdf))


def alternatives(pdf: pikepdf.Pdf) -> Iterator[Any]:
    todo: list[Any] = [pdf.Root.StructTreeRoot]
    while todo:
        element = todo.pop()
        yield element.get("/Alt", "")
        children: Any = element.get("/K", [])
        todo += [
            child
            for child in (children if isinstance(children, pikepdf.Array) else [children])
            if isinstance(child, pikepdf.Dictionary)
        ]


@pytest.mark.parametrize("name", stories.FEW)
def test_no_digits_of_a_result_stand_in_a_handout(name: str) -> None:
    gathered = stories.material(name)
    known = given_numbers(gathered)
    secret = {text for text in results(gathered) if text not in known}
    assert len(secret) > 5
    for language in stories.LANGUAGES:
        pages = stories.rendered(gathered, language, "handout", list(FORMATS))
        for extension, text in texts(pages):
            found = [answer for answer in secret if answer in text]
            assert not found, f"handout.{language}.{extension} has {found[:3]}"


def test_pdf_text_of_a_handout_has_no_answer(pdf_text: Any) -> None:
    pages = stories.rendered(stories.material("two-layer"), "en", "handout", ["pdf"])
    text = pdf_text(pages["pdf"])
    assert "Back-propagation by hand" in text
    assert not re.search(r"\b(18|24|36)\b", text)
