"""HTML by axe-core in Chromium: every kind of page, both languages, on screen in light and dark, on paper."""

import html
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.accessibility.browser import Browser, browser
from tests.accessibility.checkers import AXE, CHROMIUM, with_axe

# All of axe's rules but one. What is too wide for a phone scrolls, and axe asks for a tab stop of its own
# there; browsers make one where something does scroll, which a page without scripts can't know. A test sees
# to it.
RUN = """
axe.run(document, {rules: {'scrollable-region-focusable': {enabled: false}}}).then(found =>
    found.violations.flatMap(rule =>
        rule.nodes.map(node => `${rule.id}: ${node.target} ${node.failureSummary}`)))
"""
FRAME = '<!doctype html><html lang="{}"><head><title>{}</title></head><body><main>{}</main></body></html>'


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(str(CHROMIUM), tmp_path_factory.mktemp("profile")) as started:
        yield started


def violations(shown: Browser, path: Path, **looks: object) -> list[str]:
    """What axe finds on a page."""
    shown.open(path, **looks)  # type: ignore[arg-type]
    shown.evaluate(AXE.read_text("utf-8") + "; 1")
    return list(shown.evaluate(RUN))


def questions(written: dict[str, bytes]) -> dict[str, str]:
    """The HTML inside quizzes, as a platform would show it in a page of its own."""
    found = {}
    for name, content in written.items():
        if name.endswith(".xml"):
            texts = ElementTree.fromstring(content).iterfind(".//question/questiontext/text")
            body = "<h1>Quiz</h1>" + "".join(text.text or "" for text in texts)
            found[name] = re.sub(r"\{\d*:[^}]*\}", "__", body)
        elif name.endswith(".zip") and "canvas" in name:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                items = [archive.read(member) for member in archive.namelist() if member.endswith(".xml")]
            texts = [
                node.text or ""
                for item in items
                for node in ElementTree.fromstring(item).iter()
                if node.tag.endswith("}mattext") and node.get("texttype") == "text/html"
            ]
            found[name] = "<h1>Quiz</h1>" + "".join(texts)
    return found


@pytest.mark.slow
@with_axe
def test_every_page(written: dict[str, bytes], shown: Browser, tmp_path: Path) -> None:
    kinds: dict[str, bytes] = {}
    for name, content in written.items():
        if name.endswith(".html"):
            kinds.setdefault(re.sub(r"[0-9A-Z]{3}-[0-9A-Z]{4}", "ID", name), content)
    assert {"report/two-layer/key.ko.html", "two-layer/midterm/contact-sheet.en.html"} <= set(kinds)
    assert {"grades.ko/feedback/ID.html", "grades.en/report.html"} <= {
        re.sub(r"\.(ko|en)(?=\.html)", "", name) for name in kinds
    }
    found = {}
    for number, (name, content) in enumerate(kinds.items()):
        path = tmp_path / f"{number}.html"
        path.write_bytes(content)
        for looks in ({}, {"dark": True}, {"width": 360}, {"medium": "print"}):
            if said := violations(shown, path, **looks):
                found[f"{name} {looks}"] = said
    assert found == {}


@pytest.mark.slow
@with_axe
def test_what_scrolls_can_be_reached_by_keyboard(
    written: dict[str, bytes], shown: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "key.html"
    path.write_bytes(written["report/two-layer/key.en.html"])
    shown.open(path, width=360)
    all_ = "[...document.querySelectorAll('.formula, .table, pre')]"
    wide = f"{all_}.filter(one => one.scrollWidth > one.clientWidth)"
    count = shown.evaluate(f"{wide}.length")
    assert count > 0
    reached = set()
    for _ in range(200):
        for kind in ("rawKeyDown", "keyUp"):
            shown.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        reached.add(shown.evaluate(f"{wide}.indexOf(document.activeElement)"))
    assert reached >= set(range(count))


@pytest.mark.slow
@with_axe
def test_every_quiz(written: dict[str, bytes], shown: Browser, tmp_path: Path) -> None:
    quizzes = questions(written)
    assert any("moodle" in name or name.endswith(".xml") for name in quizzes)
    assert any(name.endswith(".zip") for name in quizzes)
    found = {}
    for number, (name, body) in enumerate(quizzes.items()):
        path = tmp_path / f"{number}.html"
        language = "ko" if ".ko" in name else "en"
        path.write_text(FRAME.format(language, html.escape(name), body), "utf-8")
        if said := violations(shown, path):
            found[name] = said
    assert found == {}


@with_axe
def test_axe_finds_faults(shown: Browser, tmp_path: Path) -> None:
    broken = {
        "image-alt": '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=">',
        "color-contrast": '<p style="color: #bbb; background: #fff">pale</p>',
        "heading-order": "<h1>one</h1><h3>three</h3>",
        "empty-heading": "<h1></h1>",
        "html-has-lang": "",
    }
    for rule, body in broken.items():
        path = tmp_path / f"{rule}.html"
        page = FRAME.format("en", "title", body)
        path.write_text(page.replace(' lang="en"', "") if rule == "html-has-lang" else page, "utf-8")
        assert any(said.startswith(f"{rule}:") for said in violations(shown, path)), rule
