"""What an author typed comes out as itself, in every format, and does nothing else."""

import io
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import nbformat
import pikepdf
import pytest
from lxml import html
from markdown_it import MarkdownIt

from derive.errors import ProblemError
from derive.render import FORMATS, render
from derive.render.page import one_line
from derive.render.tex_engine import compile_tex
from derive.worksheet import story
from derive.worksheet.story import Material, Story
from tests.worksheet import stories

HOSTILE = [
    "<script>alert(1)</script>",
    "</title></h1><img src=x onerror=alert(1)>",
    "<!-- comment --> <![CDATA[x]]>",
    r"\input{/etc/passwd}",
    r"\write18{touch owned} \end{document}",
    r"^^5cinput{x} \catcode`\%=12",
    '#read("/etc/passwd")',
    '#import "@preview/x:1.0.0" #{1 + 1}',
    "{{ 7*7 }} {% raw %} {# x #}",
    "<< 7*7 >> <% x %>",
    "{{ factor.name.__class__.__mro__ }}",
    "$x",
    "costs $5 or $6, $$both$$",
    "a_b^c and ~ and &",
    "100% of 50 %",
    "]]>",
    "=HYPERLINK(1)",
    "= heading",
    "# heading",
    "- item",
    "1. item",
    ":::",
    "::: solution nothing",
    ":::: key",
    "`code` ``more`` ```python",
    "![x](http://example.org/x.png)",
    "![x](picture:forward)",
    "[link](javascript:alert(1))",
    "[18]{.points} [18]{.blank}",
    "| a | b |",
    "> quote",
    r"back\slash \\ \n \_",
    "tab\tand\nnewline\r\nand\u2028more",
    "nul\0bell\x07escape\x1b[31m",
    "right\u202eto\u202cleft\u2066over\u2069ride",
    "한글 제목 <b>굵게</b>",
    "Grüße, naïve façade, 10 Å",
    "'single' \"double\" -- ---",
    "&amp; &lt; &#x41;",
]
SHOWN = [one_line(text) for text in HOSTILE]
CASES = list(zip(HOSTILE, SHOWN, strict=True))


def retold(text: str, language: str = "en") -> tuple[Material, Story]:
    """The smallest exercise with other words in title and subject; the numbers stay."""
    gathered = stories.material("logistic-regression")
    words = {"en": text, "ko": text}
    exercise = replace(gathered.sheet.exercise, title=words, about=words)
    changed = replace(gathered, sheet=replace(gathered.sheet, exercise=exercise))
    return changed, story.write(changed, language)


def handout(text: str, formats: list[str], language: str = "en") -> Any:
    gathered, written = retold(text, language)
    return render(written.markdown, stories.page(gathered, written, language, "handout"), formats)


@pytest.mark.parametrize(("text", "shown"), CASES)
def test_in_the_story(text: str, shown: str) -> None:
    """The Markdown says the words twice as often as it would with others, and nothing else has changed."""
    _, plain = retold("words")
    _, hostile = retold(text)
    other = [line for line in hostile.markdown.splitlines() if line not in plain.markdown.splitlines()]
    assert len(other) == 1, "the words stand in one line of their own"
    assert len(hostile.markdown.splitlines()) == len(plain.markdown.splitlines())


@pytest.mark.parametrize(("text", "shown"), CASES)
def test_in_html(text: str, shown: str) -> None:
    page = html.fromstring(handout(text, ["html"])["html"])
    plain = html.fromstring(handout("words", ["html"])["html"])
    assert page.findtext(".//title") == shown
    assert page.findtext(".//h1") == shown
    assert shown in [paragraph.text_content() for paragraph in page.iter("p")]
    # Not one element more than with harmless words.
    assert [element.tag for element in page.iter()] == [element.tag for element in plain.iter()]


@pytest.mark.parametrize(("text", "shown"), CASES)
def test_in_markdown_and_notebook(text: str, shown: str) -> None:
    made = handout(text, ["md", "ipynb"])
    parser = MarkdownIt("commonmark").enable("table")
    book = json.loads(made["ipynb"])
    nbformat.validate(book)
    assert book["metadata"]["title"] == shown
    first = "\n\n".join("".join(cell["source"]) for cell in book["cells"][:2])
    for markdown in (made["md"].decode(), first):
        page = html.fromstring(f"<main>{parser.render(markdown)}</main>")
        assert page.find(".//h1").text_content() == shown
        assert shown in [paragraph.text_content() for paragraph in page.iter("p")]
    assert [cell["cell_type"] for cell in book["cells"]] == [
        cell["cell_type"] for cell in json.loads(handout("words", ["ipynb"])["ipynb"])["cells"]
    ]


@pytest.mark.parametrize(("text", "shown"), CASES)
def test_in_pdf(
    text: str, shown: str, pdf_text: Callable[[bytes], str], squeeze: Callable[[str], str]
) -> None:
    pdf = handout(text, ["pdf"])["pdf"]
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert str(opened.docinfo["/Title"]) == shown
    assert squeeze(pdf_text(pdf)).count(squeeze(shown)) >= 2


@pytest.mark.parametrize("language", stories.LANGUAGES)
@pytest.mark.skipif(shutil.which("lualatex") is None, reason="LuaLaTeX is not installed")
def test_in_latex(
    language: str, pdf_text: Callable[[bytes], str], squeeze: Callable[[str], str]
) -> None:
    """All at once: TeX takes seconds to start."""
    tex = handout(" ".join(HOSTILE), ["tex"], language)["tex"]
    pdf = compile_tex(tex)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert str(opened.docinfo["/Title"]) == " ".join(SHOWN)
    text = squeeze(pdf_text(pdf))
    # What can't be printed is a question mark in a frame there.
    assert not [shown for shown in SHOWN if text.count(squeeze(shown.replace("\ufffd", "?"))) < 2]


def test_through_the_exercise_file() -> None:
    """What a file may hold at all comes out of it unchanged; control characters are refused there."""
    refused = []
    for text, shown in CASES:
        source = stories.SHIPPED["logistic-regression"].read_text("utf-8")
        title = f"title: {json.dumps(text)}"
        source = re.sub(r"(?m)^title:.*$", lambda _, title=title: title, source)
        try:
            exercise = stories.exercise_of(source)
        except ProblemError:
            refused.append(text)
            continue
        assert one_line(exercise.title["ko"]) == shown
    assert all("\x07" in text or "\u202e" in text for text in refused), refused


def test_a_character_that_no_font_has_is_named() -> None:
    made = handout("\U0001f642 smile", [name for name in FORMATS if name != "pdf"])
    assert all("\U0001f642".encode() in content for name, content in made.items() if name != "ipynb")
    assert json.loads(made["ipynb"])["metadata"]["title"] == "\U0001f642 smile"
