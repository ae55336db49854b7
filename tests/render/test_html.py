"""The HTML file: self-contained, well-formed, accessible, and as wide as its reader's screen."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from derive.render import Page, render

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
VOID = {"meta", "br", "hr", "img", "link", "input"}


class Reader(HTMLParser):
    """Elements, attributes and text of a page; complains about elements that don't nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append((self.open[-1] if self.open else "", data))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def inside(self, tag: str) -> str:
        return "".join(data for where, data in self.text if where == tag)


def read(html: bytes) -> Reader:
    reader = Reader()
    reader.feed(html.decode())
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture(params=[(language, audience) for language in ("en", "ko") for audience in ("key", "handout")])
def html(request: pytest.FixtureRequest, page: Callable[..., Page], story: Callable[[str], str]) -> bytes:
    language, audience = request.param
    return render(story(language), page(language, audience), ["html"])["html"]


def test_elements_nest_and_ids_are_unique(html: bytes) -> None:
    ids = [attributes["id"] for _, attributes in read(html).elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_nothing_runs_and_nothing_is_fetched(html: bytes) -> None:
    reader = read(html)
    assert not reader.all("script") + reader.all("link") + reader.all("iframe") + reader.all("img")
    for _, attributes in reader.elements:
        for key, value in attributes.items():
            assert not key.startswith("on")
            if key in ("src", "href", "xlink:href"):
                assert (value or "").startswith("#")
    assert not re.search(rb"@import|url\((?!#)", html)


def test_landmarks_language_and_headings(html: bytes) -> None:
    reader = read(html)
    (root,) = reader.all("html")
    assert root["lang"] in ("en", "ko")
    assert [len(reader.all(tag)) for tag in ("main", "header", "footer", "h1", "title")] == [1, 1, 1, 1, 1]
    levels = [int(tag[1]) for tag, _ in reader.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(attributes.get("scope") == "col" for attributes in reader.all("th"))


def test_pictures_have_words_and_ids_of_their_own(page: Callable[..., Page]) -> None:
    html = render("![x](picture:network)\n\n![x](picture:network)", page(), ["html"])["html"]
    reader = read(html)
    assert [attributes["aria-label"] for attributes in reader.all("svg")] == ["a line that rises & falls"] * 2
    ids = {attributes["id"] for _, attributes in reader.elements if "id" in attributes}
    for attributes in reader.all("use"):
        assert (attributes.get("xlink:href") or "").removeprefix("#") in ids
    for clip in re.findall(r"url\(#([^)]+)\)", html.decode()):
        assert clip in ids
    test_elements_nest_and_ids_are_unique(html)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_has_contrast_in_light_dark_and_print(html: bytes) -> None:
    themes = re.findall(r":root \{(.*?)\}", html.decode(), re.DOTALL)
    assert len(themes) == 3
    for theme in themes:
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", theme))
        for text in ("ink", "quiet", "accent"):
            for ground in ("paper", "given", "note", "verdict", "code"):
                both = (_luminance(colours[name]) for name in (text, ground))
                light, dark = sorted(both, reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


def test_the_identifier_is_in_the_margin_of_every_printed_page(picture: object) -> None:
    page = Page("t", "en", "key", 'a"b</style>\\')
    html = render("x", page, ["html"])["html"].decode()
    assert html.count("</style>") == 1
    assert r'@bottom-left { content: "a\22 b\3c \2f style\3e \5c "' in html


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_in_chromium_nothing_but_formulas_is_wider_than_the_screen(html: bytes, tmp_path: Path) -> None:
    probe = """<script>addEventListener('load', () => {
      const kinds = 'p, h1, h2, .spaces, .matrix, figure, .fields, .table, .space';
      const wide = [...document.querySelectorAll(kinds)]
        .filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.className || e.tagName);
      const body = document.documentElement.scrollWidth > innerWidth + 1 ? ['page'] : [];
      document.title = 'WIDE:' + [...wide, ...body].join(',') + ';';
    });</script></head>"""
    loose = re.sub(rb"<meta http-equiv[^>]*>", b"", html).replace(b"</head>", probe.encode())
    file = tmp_path / "page.html"
    file.write_bytes(loose)
    for width in (1200, 520):
        command = [str(CHROMIUM), *QUIET, f"--user-data-dir={tmp_path}/profile", f"--window-size={width},900"]
        done = subprocess.run(
            [*command, "--dump-dom", file.as_uri()],
            capture_output=True,
            timeout=120,
            check=True,
            env=dict(os.environ),
        )
        assert b"WIDE:;" in done.stdout, re.findall(rb"WIDE:[^;]*", done.stdout)
