"""PDF/UA-1, by veraPDF and by a reader of our own: every kind of page, both languages."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from derive.render import Page, Picture, render
from tests.accessibility.checkers import verapdf, with_verapdf
from tests.accessibility.tagged import alternatives, faults

STORIES = Path(__file__).parents[1] / "render"
SQUARE = (
    '<svg width="9" height="9" viewBox="0 0 9 9" xmlns="http://www.w3.org/2000/svg">'
    '<path d="M0 0L9 9"/></svg>'
)


@pytest.fixture(scope="session")
def pages() -> dict[str, bytes]:
    """The sample story as key and handout in both languages; the file's name begins with the language."""
    made = {}
    for language in ("ko", "en"):
        story = (STORIES / f"story.{language}.md").read_text("utf-8")
        pictures = {"network": Picture(SQUARE, "그림" if language == "ko" else "picture")}
        for audience in ("key", "handout"):
            page = Page("제목" if language == "ko" else "Title", language, audience, "x", pictures=pictures)
            made[f"{language} {audience}"] = render(story, page, ["pdf"])["pdf"]
    return made


def test_by_our_own_reader(pages: dict[str, bytes]) -> None:
    assert _with_faults({name: faults(content, name[:2]) for name, content in pages.items()}) == {}


@with_verapdf
def test_by_verapdf(pages: dict[str, bytes], tmp_path: Path) -> None:
    assert _with_faults(verapdf(pages, tmp_path)) == {}


def _with_faults(found: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: said for name, said in found.items() if said}


def test_what_a_handout_leaves_open_is_said(pages: dict[str, bytes]) -> None:
    for language, words in (
        ("en", {"empty 2 by 4 matrix to fill in", "blank to fill in", "room to write"}),
        ("ko", {"채워 넣을 2행 4열 빈 행렬", "채워 넣을 빈칸", "답을 쓸 자리"}),
    ):
        assert words <= set(alternatives(pages[f"{language} handout"], "Figure"))
        assert not words & set(alternatives(pages[f"{language} key"], "Figure"))


BREAK: dict[str, Callable[[Any], object]] = {
    "the language is": lambda pdf: pdf.Root.__delitem__("/Lang"),
    "the tags are not vouched for": lambda pdf: pdf.Root.__delitem__("/MarkInfo"),
    "a viewer shows the file's name": lambda pdf: pdf.Root.__delitem__("/ViewerPreferences"),
    "it has no title": lambda pdf: pdf.Root.__delitem__("/Metadata"),
    "the file has no tags": lambda pdf: pdf.Root.__delitem__("/StructTreeRoot"),
    "a Formula without alternative text": lambda pdf: _first(pdf, "/Formula").__delitem__("/Alt"),
    "a Figure without alternative text": lambda pdf: _first(pdf, "/Figure").__delitem__("/Alt"),
    "a table without header cells": lambda pdf: [
        _set(cell, "/S", pikepdf.Name.TD) for cell in _all(pdf, "/TH")
    ],
    "a heading of level 3": lambda pdf: _set(_first(pdf, "/H1"), "/S", pikepdf.Name.H3),
    "the order of tabs": lambda pdf: pdf.pages[0].obj.__delitem__("/Tabs"),
    "neither tagged nor an artifact": lambda pdf: _unmark(pdf),
    "is held by 0 elements": lambda pdf: _set(_first(pdf, "/H1"), "/K", pikepdf.Array([])),
    "is not embedded": lambda pdf: [_bare(font) for font in pdf.objects],
    "which characters its glyphs are": lambda pdf: [_mute(font) for font in pdf.objects],
}
UNSEEN_BY_VERAPDF = {"the order of tabs", "is held by 0 elements", "a table without header cells"}


def _all(pdf: Any, kind: str) -> list[Any]:
    dictionaries = (thing for thing in pdf.objects if isinstance(thing, pikepdf.Dictionary))
    return [thing for thing in dictionaries if thing.get("/S") == kind]


def _first(pdf: Any, kind: str) -> Any:
    return _all(pdf, kind)[0]


def _set(thing: Any, key: str, value: Any) -> None:
    thing[key] = value


def _unmark(pdf: Any) -> None:
    page = pdf.pages[0]
    page.contents_coalesce()
    content = page.obj.Contents.read_bytes()
    changed = re.sub(rb"/Span\s*<<\s*/MCID 0\s*>>\s*BDC", b"/Span BMC", content)
    assert changed != content
    page.obj.Contents = pdf.make_stream(changed)


def _bare(font: Any) -> None:
    if isinstance(font, pikepdf.Dictionary) and font.get("/Type") == "/FontDescriptor":
        for key in ("/FontFile2", "/FontFile3"):
            if key in font:
                del font[key]


def _mute(font: Any) -> None:
    if isinstance(font, pikepdf.Dictionary) and font.get("/Subtype") == "/Type0":
        del font["/ToUnicode"]


@pytest.fixture(scope="session")
def broken() -> dict[str, bytes]:
    """A page with one fault each."""
    story = "# One\n\n$$ x $$\n\n![x](picture:x)\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    page = Page("Title", "en", "key", "x", pictures={"x": Picture(SQUARE, "picture")})
    sound = render(story, page, ["pdf"])["pdf"]
    assert faults(sound, "en") == []
    made = {}
    for fault, break_it in BREAK.items():
        with pikepdf.open(io.BytesIO(sound)) as pdf:
            break_it(pdf)
            written = io.BytesIO()
            pdf.save(written)
        made[fault] = written.getvalue()
    return made


@pytest.mark.parametrize("fault", BREAK)
def test_our_own_reader_finds_faults(fault: str, broken: dict[str, bytes]) -> None:
    assert fault in "\n".join(faults(broken[fault], "en"))


@with_verapdf
def test_verapdf_finds_faults(broken: dict[str, bytes], tmp_path: Path) -> None:
    """As it is run here: its profile is read by our own few lines."""
    found = verapdf(broken, tmp_path)
    assert {fault for fault, said in found.items() if not said} == UNSEEN_BY_VERAPDF


@pytest.mark.slow
def test_everything_that_is_written(written: dict[str, bytes]) -> None:
    pdfs = {name: content for name, content in written.items() if name.endswith(".pdf")}
    assert _with_faults({name: faults(content, _language(name)) for name, content in pdfs.items()}) == {}


@pytest.mark.slow
@with_verapdf
def test_everything_that_is_written_by_verapdf(written: dict[str, bytes], tmp_path: Path) -> None:
    pdfs = {name: content for name, content in written.items() if name.endswith(".pdf")}
    kinds = {re.sub(r"[0-9A-Z]{3}-[0-9A-Z]{4}", "ID", name) for name in pdfs}
    assert {
        f"{kind}.{language}.pdf"
        for kind in ("report/two-layer/key", "report/two-layer/handout", "two-layer/midterm/keys/ID")
        for language in ("ko", "en")
    } <= kinds
    assert {
        "grades.ko/report.pdf",
        "grades.en/feedback/ID.pdf",
        "two-layer/midterm/contact-sheet.ko.pdf",
    } <= kinds
    assert {"two-layer/midterm/keys.en.pdf", "two-layer/midterm/handouts.ko.pdf"} <= kinds
    assert _with_faults(verapdf(pdfs, tmp_path)) == {}


def _language(name: str) -> str:
    (language,) = set(re.findall(r"\.(ko|en)\b", name))
    return str(language)
