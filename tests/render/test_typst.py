"""The PDF: tagged, reproducible, and laid out so that nothing runs off or is torn apart."""

import hashlib
import io
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from derive import files
from derive.render import Page, RenderError, render


def pdf_of(markdown: str, page: Page) -> bytes:
    return render(markdown, page, ["pdf"])["pdf"]


def structure(pdf: pikepdf.Pdf) -> Iterator[Any]:
    """All elements of the structure tree."""
    todo: list[Any] = [pdf.Root.StructTreeRoot]
    while todo:
        element = todo.pop()
        yield element
        children: Any = element.get("/K", [])
        for child in children if isinstance(children, pikepdf.Array) else [children]:
            if isinstance(child, pikepdf.Dictionary) and "/S" in child:
                todo.append(child)


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("audience", ["key", "handout"])
def test_is_accessible(
    language: str, audience: str, page: Callable[..., Page], story: Callable[[str], str]
) -> None:
    with pikepdf.open(io.BytesIO(pdf_of(story(language), page(language, audience)))) as pdf:
        assert pdf.Root.Lang == language
        assert pdf.Root.MarkInfo.Marked
        assert (
            "pdfuaid:part" in str(pdf.open_metadata()) or "pdfuaid" in pdf.Root.Metadata.read_bytes().decode()
        )
        elements = list(structure(pdf))
        formulas = [element for element in elements if element.get("/S") == "/Formula"]
        assert len(formulas) > 20
        assert all(str(element.get("/Alt", "")) for element in formulas)
        figures = [element for element in elements if element.get("/S") == "/Figure"]
        assert "a line that rises & falls" in [str(element.get("/Alt", "")) for element in figures]
        assert all(str(element.get("/Alt", "")) for element in figures)
        assert [element for element in elements if element.get("/S") == "/TH"]


def test_alternative_text_is_in_the_page_language(page: Callable[..., Page]) -> None:
    for language, expected in (
        ("en", "gradient of l with respect to W 0"),
        ("ko", "l의 W 0에 대한 기울기"),
    ):
        with pikepdf.open(io.BytesIO(pdf_of(r"$$ \nabla_{W_0} l $$", page(language)))) as pdf:
            alts = [str(element.Alt) for element in structure(pdf) if element.get("/S") == "/Formula"]
            assert alts == [expected]


SCRIPT = """
import hashlib, sys
from pathlib import Path
from typing import Any
from derive.render import Page, render
story = Path(sys.argv[1]).read_text("utf-8").replace("![The network](picture:network)", "")
print(hashlib.sha256(render(story, Page("t", "en", "key", "id"), ["pdf"])["pdf"]).hexdigest())
"""


def test_two_processes_write_the_same_bytes(page: Callable[..., Page], story: Callable[[str], str]) -> None:
    path = Path(__file__).parent / "story.en.md"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path)], capture_output=True, check=True, text=True
    )
    here = pdf_of(story("en").replace("![The network](picture:network)", ""), Page("t", "en", "key", "id"))
    assert done.stdout.strip() == hashlib.sha256(here).hexdigest()
    assert pdf_of(story("ko"), page("ko")) == pdf_of(story("ko"), page("ko"))


@pytest.mark.parametrize(("paper", "size"), [("a4", (595, 842)), ("letter", (612, 792))])
def test_paper(paper: str, size: tuple[int, int], page: Callable[..., Page]) -> None:
    with pikepdf.open(io.BytesIO(pdf_of("words", page(paper=paper)))) as pdf:
        box = [float(number) for number in pdf.pages[0].mediabox]
    assert (round(box[2]), round(box[3])) == size


def test_every_page_has_its_number_and_the_identifier(
    page: Callable[..., Page], story: Callable[[str], str], pdf_text: Callable[[bytes], str]
) -> None:
    pages = pdf_text(pdf_of(story("en"), page("en"))).removesuffix("\f").split("\f")
    assert len(pages) >= 2
    for number, text in enumerate(pages, 1):
        assert re.search(rf"two-layer\s+{number}\s*/\s*{len(pages)}", text)
        assert number == 1 or "Back-propagation by hand" in text.splitlines()[0]


def test_no_page_ends_in_a_heading(page: Callable[..., Page], pdf_text: Callable[[bytes], str]) -> None:
    for lines in range(28, 52):
        story = (
            "\n\n".join(["word"] * lines) + "\n\n# Heading\n\n## Lower\n\nIntroduced:\n\n$$ x = 1 $$\n\nend"
        )
        pages = pdf_text(pdf_of(story, page())).split("\f")
        for text in pages:
            body = [line.strip() for line in text.splitlines() if line.strip() and "two-layer" not in line]
            assert not body or body[-1] not in ("Heading", "Lower", "Introduced:")


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (2, 4), (6, 36), (1, 64), (12, 12)])
def test_blanks_fit_the_page(rows: int, columns: int, page: Callable[..., Page]) -> None:
    pdf = pdf_of(
        f"::: solution \\frac{{\\partial O}}{{\\partial W_1}}:{rows}x{columns}\nx\n:::",
        page(audience="handout"),
    )
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert len(opened.pages) == 1
        xs = [x for x, _ in drawn_points(opened.pages[0])]
    assert min(xs) >= 60
    assert max(xs) <= 595 - 60


def drawn_points(page: pikepdf.Page) -> list[tuple[float, float]]:
    """Where lines begin and end, in points."""
    stack, points = [(1.0, 0.0, 0.0, 1.0, 0.0, 0.0)], []
    instructions: Any = pikepdf.parse_content_stream(page)
    for operands, operator in instructions:
        numbers = [float(value) for value in operands if not isinstance(value, pikepdf.Object | str | bytes)]
        match str(operator):
            case "q":
                stack.append(stack[-1])
            case "Q":
                stack.pop()
            case "cm":
                a, b, c, d, e, f = stack[-1]
                g, h, i, j, k, m = numbers
                stack[-1] = (
                    a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j,
                    a * k + c * m + e, b * k + d * m + f,
                )  # fmt: skip
            case "m" | "l":
                a, b, c, d, e, f = stack[-1]
                x, y = numbers
                points.append((a * x + c * y + e, b * x + d * y + f))
    return points


def test_wide_formulas_shrink_to_a_floor(page: Callable[..., Page], pdf_text: Callable[[bytes], str]) -> None:
    def row(count: int) -> str:
        entries = " & ".join(f"x_{{{i}}}" for i in range(count))
        return rf"$$ \begin{{pmatrix}} {entries} \end{{pmatrix}} $$"

    assert "24" in pdf_text(pdf_of(row(25), page()))
    with pytest.raises(RenderError, match="too wide for the page"):
        pdf_of(row(60), page())


def test_a_missing_picture_and_a_missing_glyph_are_said(page: Callable[..., Page]) -> None:
    with pytest.raises(RenderError, match="no picture named 'other'"):
        pdf_of("![x](picture:other)", page())
    with pytest.raises(RenderError, match="could not be displayed"):
        pdf_of("\U0001f642", page())


@pytest.mark.parametrize("name", ["secret.txt", "/secret.txt", "../secret.txt", "/etc/passwd", "story.en.md"])
def test_a_template_reads_no_file_of_the_disk(
    name: str, page: Callable[..., Page], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even those in the folder that the program was started in."""
    (tmp_path / "secret.txt").write_text("secret", "utf-8")
    (tmp_path / "inside").mkdir()
    original = files.template_folders()[0] / "page.typ.j2"
    opened = original.read_text("utf-8") + f'\n#read("{name}")\n'
    (tmp_path / "inside" / "page.typ.j2").write_text(opened, "utf-8")
    for folder in (tmp_path, tmp_path / "inside", original.parent):
        monkeypatch.chdir(folder)
        with pytest.raises(RenderError, match=r"Not a directory|escape the project root|not found"):
            pdf_of("words", replace(page(), templates=tmp_path / "inside"))
