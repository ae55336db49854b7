"""Text from a user is text in every format: written, read back with that format's reader, and compared."""

import io
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import nbformat
import pikepdf
import pytest
from markdown_it import MarkdownIt

from derive.render import FORMATS, Page, RenderError, escape, render
from derive.render.tex_engine import compile_tex

HOSTILE = [
    "<script>alert(1)</script>",
    "</title><b>x",
    "<img src=x onerror=alert(1)>",
    r"\input{/etc/passwd}",
    r"\write18{touch owned}",
    r"\end{document}",
    r"\directlua{os.exit()}",
    "^^5cinput{x}",
    '#read("/etc/passwd")',
    '#import "@preview/x:1.0.0"',
    "#{ 1 + 1 }",
    "@label <label> // comment /* x */",
    "{{ 7*7 }}",
    "{% raw %} {# x #}",
    "<< 7*7 >> <% x %>",
    "$x",
    "$x$ and $$y$$",
    "a_b^c",
    "_emphasis_ and *strong* __x__",
    "100% of 50 %",
    "]]>",
    "=HYPERLINK(1)",
    "= heading",
    "# heading",
    "* item",
    "- item -- and --- dashes",
    "+ item",
    "1. item",
    "1) item",
    "::: key",
    ":::",
    "`code` ``more``",
    "```python",
    "![x](http://example.org/x.png)",
    "![x](picture:network)",
    "[link](javascript:alert(1))",
    "[18]{.blank}",
    "> quote",
    "a | b | c",
    "&amp; &lt; & < >",
    r"\ \\ \n \_ \$",
    "~ ~~x~~ ' \" ''",
    "tab\tand\nnewline",
    "?` !` fi ff << >>",
    "한글 <제목> & 'x'",
    "{unbalanced",
    "}{",
    "---",
    "...",
    "http://example.org/?a=1&b=2",
    "\\",
]
SHOWN = [" ".join(text.split()) for text in HOSTILE]
CASES = list(zip(HOSTILE, SHOWN, strict=True))


class Text(HTMLParser):
    """The text of HTML, the style sheet left out; and its elements."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.tags: list[str] = []
        self.title = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] == ["title"] and not self.title:
            self.title = data
        elif self.tags[-1:] != ["style"]:
            self.parts.append(data)


def parsed(html: str) -> Text:
    reader = Text()
    reader.feed(html)
    reader.close()
    return reader


def story_of(text: str) -> str:
    """A story with a text in each place where one can stand."""
    shown = escape(text)
    return (
        f"# {shown}\n\n{shown}\n\nafter {shown} *{shown}* **{shown}**\n\n- {shown}\n\n"
        f"| {shown} | b |\n|:--|---|\n| {shown} | {shown} |\n\n::: note\n{shown}\n:::\n\n> {shown}\n"
    )


PLACES = 10


@pytest.mark.parametrize(("text", "shown"), CASES)
def test_in_html(text: str, shown: str, page: Callable[..., Page]) -> None:
    reader = parsed(render(story_of(text), page(title=text), ["html"])["html"].decode())
    assert reader.title == shown
    assert "".join(reader.parts).count(shown) >= PLACES + 1
    assert not {"script", "img", "iframe", "a", "code", "svg"} & set(reader.tags)


@pytest.mark.parametrize(("text", "shown"), CASES)
def test_in_pdf(
    text: str,
    shown: str,
    page: Callable[..., Page],
    pdf_text: Callable[[bytes], str],
    squeeze: Callable[[str], str],
) -> None:
    pdf = render(story_of(text), page(title=text), ["pdf"])["pdf"]
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert str(opened.docinfo["/Title"]) == shown
    assert squeeze(pdf_text(pdf)).count(squeeze(shown)) >= PLACES + 1


@pytest.mark.parametrize(("text", "shown"), CASES)
def test_in_markdown_and_notebook(text: str, shown: str, page: Callable[..., Page]) -> None:
    parser = MarkdownIt("commonmark").enable("table")
    made = render(story_of(text), page(title=text), ["md", "ipynb"])
    book = json.loads(made["ipynb"])
    nbformat.validate(book)
    assert book["metadata"]["title"] == shown
    assert {cell["cell_type"] for cell in book["cells"]} == {"markdown"}
    notebook = "\n\n".join("".join(cell["source"]) for cell in book["cells"])
    for markdown in (made["md"].decode(), notebook):
        reader = parsed(parser.render(markdown))
        assert "".join(reader.parts).count(shown) >= PLACES + 1
        assert not {"script", "img", "code", "a"} & set(reader.tags)


@pytest.mark.parametrize(("text", "shown"), CASES)
def test_in_tex_no_character_is_left_active(text: str, shown: str, page: Callable[..., Page]) -> None:
    tex = render(escape(text), page(title="T"), ["tex"])["tex"].decode()
    body = tex.partition("\\begin{document}")[2]
    line = next(line for line in reversed(body.splitlines()) if line and line != r"\end{document}")
    known = r"\\text\w+\{\}|\\[{}$&#_%]|\{\[\}|\\apart\{\}"
    assert not re.search(r"[\\{}$&#_%^~`'\"<>|\[]|--", re.sub(known, " ", line))


@pytest.mark.skipif(shutil.which("lualatex") is None, reason="LuaLaTeX is not installed")
def test_in_latex(
    page: Callable[..., Page], pdf_text: Callable[[bytes], str], squeeze: Callable[[str], str]
) -> None:
    tex = render("\n\n".join(map(story_of, HOSTILE)), page("ko", title=" ".join(HOSTILE)), ["tex"])["tex"]
    pdf = compile_tex(tex)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert str(opened.docinfo["/Title"]) == " ".join(SHOWN)
    text = squeeze(pdf_text(pdf))
    lost = [shown for shown in SHOWN if text.count(squeeze(shown)) < PLACES]
    assert not lost


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_sample_story_renders_the_same_twice(
    name: str, language: str, page: Callable[..., Page], story: Callable[[str], str]
) -> None:
    for audience in ("key", "handout"):
        first, second = (render(story(language), page(language, audience), [name]) for _ in range(2))
        assert first == second
        assert list(first) == [name]


def test_identifier_and_title_are_in_every_format(
    page: Callable[..., Page], pdf_text: Callable[[bytes], str]
) -> None:
    made = render("words", page(), list(FORMATS))
    for name, content in made.items():
        text = pdf_text(content) if name == "pdf" else content.decode()
        assert "two-layer" in text
        assert "Back-propagation by hand" in text


def test_an_unknown_format_is_refused(page: Callable[..., Page]) -> None:
    with pytest.raises(RenderError, match="known: html, tex, pdf, ipynb, md"):
        render("words", page(), ["docx"])


@pytest.mark.parametrize("change", [{"language": "fr"}, {"audience": "all"}, {"paper": "a5"}])
def test_a_page_checks_its_choices(change: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="is none of"):
        replace(Page("t", "en", "key", "i"), **change)  # type: ignore[arg-type]  # the fields are text
