"""A rich story in both languages, and a picture."""

import io
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
