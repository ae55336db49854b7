"""The installed TeX: compiles the story in both languages, reproducibly, and sees nothing but its folder."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from derive.render import Page, RenderError, render
from derive.render.tex_engine import compile_tex

needs_tex = pytest.mark.skipif(shutil.which("lualatex") is None, reason="LuaLaTeX is not installed")
needs_pdftex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdfLaTeX is not installed")


def document(body: str) -> bytes:
    return rf"\documentclass{{article}}\begin{{document}}seen {body}\end{{document}}".encode()


@needs_tex
@pytest.mark.parametrize(("language", "audience"), [("en", "handout"), ("ko", "key")])
def test_compiles_the_sample_story(
    language: str,
    audience: str,
    page: Callable[..., Page],
    story: Callable[[str], str],
    pdf_text: Callable[[bytes], str],
) -> None:
    shown = page(language, audience)
    pdf = compile_tex(render(story(language), shown, ["tex"])["tex"])
    pages = pdf_text(pdf).removesuffix("\f").split("\f")
    assert all(
        re.search(rf"two-layer\s+{number}\s*/\s*{len(pages)}", text) for number, text in enumerate(pages, 1)
    )
    assert shown.title in pages[0]
    assert ("36.000" in "".join(pages)) == (audience == "key")


@needs_tex
def test_the_same_source_gives_the_same_bytes(page: Callable[..., Page]) -> None:
    tex = render("words and $x$", page(), ["tex"])["tex"]
    assert compile_tex(tex) == compile_tex(tex)


@needs_pdftex
def test_english_compiles_with_pdflatex(
    page: Callable[..., Page], story: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("derive.render.tex_engine.ENGINES", ("pdflatex",))
    assert compile_tex(render(story("en"), page(), ["tex"])["tex"]).startswith(b"%PDF")


@needs_tex
@pytest.mark.parametrize("outside", ["/etc/passwd", "../outside.txt"])
def test_reads_no_file_outside_its_folder(outside: str) -> None:
    with pytest.raises(RenderError, match="stopped"):
        compile_tex(document(rf"\input{{{outside}}}"))


@needs_tex
def test_runs_no_shell_and_writes_no_file_outside(tmp_path: Path) -> None:
    target = tmp_path / "owned"
    compile_tex(document(rf"\immediate\write18{{touch {target}}}"))
    with pytest.raises(RenderError, match="stopped"):
        compile_tex(document(rf"\immediate\openout3={target} \immediate\write3{{x}}\immediate\closeout3 "))
    assert not target.exists()


@needs_tex
def test_an_error_is_said(page: Callable[..., Page]) -> None:
    with pytest.raises(RenderError, match="Undefined control sequence"):
        compile_tex(document(r"\nonsense"))


def test_no_tex_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(RenderError, match="needs an installed TeX"):
        compile_tex(b"")
