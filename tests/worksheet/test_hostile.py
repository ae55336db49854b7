"""What an author typed comes out as itself, in every format, and does nothing else."""

import io
import json
import re
import shutil
import unicodedata
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
from tests.hostile import HOSTILE
from tests.worksheet import stories

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


def plain(text: str) -> str:
    """Composed, and without what has no width: a PDF has glyphs, not letters."""
    return re.sub("[\u200b\u2060\ufeff]", "", unicodedata.normalize("NFC", text))


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
    assert plain(squeeze(pdf_text(pdf))).count(plain(squeeze(shown))) >= 2


@pytest.mark.parametrize("language", stories.LANGUAGES)
@pytest.mark.skipif(shutil.which("lualatex") is None, reason="LuaLaTeX is not installed")
def test_in_latex(language: str, pdf_text: Callable[[bytes], str], squeeze: Callable[[str], str]) -> None:
    """All at once: TeX takes seconds to start."""
    tex = handout(" ".join(HOSTILE), ["tex"], language)["tex"]
    pdf = compile_tex(tex)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert plain(str(opened.docinfo["/Title"])) == plain(" ".join(SHOWN))
    text = plain(squeeze(pdf_text(pdf)))
    # What can't be printed is a question mark in a frame there.
    assert not [shown for shown in SHOWN if text.count(plain(squeeze(shown.replace("\ufffd", "?")))) < 2]


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
