"""A rich story in both languages, a picture, and readers for what the formats wrote."""

import io
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from derive.render import Page, Picture

FOLDER = Path(__file__).parent
TITLES = {"en": "Back-propagation by hand", "ko": "인공신경망의 역전파"}


@pytest.fixture(scope="session")
def picture() -> Picture:
    """A picture as matplotlib writes it: text as paths, a clip path, dashes, curves."""
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "derive"}):
        figure = Figure(figsize=(3, 1.5))
        axes = figure.add_subplot()
        axes.plot([0, 1, 2], [1, 3, 2], "--o", color="#b5562b", label="error")
        axes.set_xlabel("$W_0$")
        axes.legend()
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return Picture(buffer.getvalue(), "a line that rises & falls")


@pytest.fixture(scope="session")
def story() -> Callable[[str], str]:
    """The sample story of a language."""
    return lambda language: (FOLDER / f"story.{language}.md").read_text("utf-8")


@pytest.fixture
def page(picture: Picture) -> Callable[..., Page]:
    """A page; keywords change what is not the default."""

    def make(
        language: str = "en", audience: str = "key", title: str | None = None, paper: str = "a4"
    ) -> Page:
        shown = TITLES[language] if title is None else title
        return Page(shown, language, audience, "two-layer", paper, {"network": picture})

    return make


@pytest.fixture(scope="session")
def pdf_text(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes], str]:
    """The text of a PDF as pdftotext reads it; form feeds part the pages."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")

    def read(pdf: bytes) -> str:
        path = tmp_path_factory.mktemp("pdf") / "page.pdf"
        path.write_bytes(pdf)
        return subprocess.run(
            ["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True
        ).stdout.decode()

    return read


@pytest.fixture(scope="session")
def squeeze() -> Callable[[str], str]:
    """Text without white space, and with ligatures and quotation marks as they were typed."""

    def without_space(text: str) -> str:
        return re.sub(r"[\s\u200b\u00ad]+", "", text)

    return without_space
