"""The notebook: valid, reproducible, and its cells are the story's Python listings."""

import json
from collections.abc import Callable

import nbformat
import pytest

from derive.render import Page, render


def notebook(markdown: str, page: Page) -> dict[str, list[dict[str, object]]]:
    content = render(markdown, page, ["ipynb"])["ipynb"]
    nbformat.validate(json.loads(content))
    return json.loads(content)  # type: ignore[no-any-return]


def sources(cells: list[dict[str, object]], kind: str) -> list[str]:
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == kind]  # type: ignore[arg-type]


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("audience", ["key", "handout"])
def test_is_valid(
    language: str, audience: str, page: Callable[..., Page], story: Callable[[str], str]
) -> None:
    book = notebook(story(language), page(language, audience))
    ids = [cell["id"] for cell in book["cells"]]
    assert len(ids) == len(set(ids))
    assert all(cell["outputs"] == [] for cell in book["cells"] if cell["cell_type"] == "code")


def test_python_runs_and_output_does_not(page: Callable[..., Page]) -> None:
    book = notebook("before\n\n```python\nx = 1\n```\n\n```text\n1\n```\n\nafter", page())
    assert sources(book["cells"], "code") == ["x = 1"]
    assert "```text\n1\n```\n\nafter" in sources(book["cells"], "markdown")[-1]


def test_listings_inside_boxes_become_cells(page: Callable[..., Page]) -> None:
    story = "::: note\nwords\n\n```python\nx = 1\n```\n:::\n\n::: solution code\n```python\ny = 2\n```\n:::"
    assert sources(notebook(story, page())["cells"], "code") == ["x = 1", "y = 2"]
    handout = sources(notebook(story, page(audience="handout"))["cells"], "code")
    assert handout[0] == "x = 1"
    assert handout[1].startswith("# write your code here\n")


@pytest.mark.parametrize(
    ("language", "comment", "message"),
    [
        ("en", "# write your code here", "waits for your code"),
        ("ko", "# 여기에 코드를 쓰시오", "코드를 쓰지 않은"),
    ],
)
def test_a_cell_that_is_still_blank_says_so(
    language: str, comment: str, message: str, page: Callable[..., Page]
) -> None:
    book = notebook("::: solution code\n```python\ny = 2\n```\n:::", page(language, "handout"))
    (code,) = sources(book["cells"], "code")
    assert code.startswith(comment + "\n")
    with pytest.raises(NotImplementedError, match=message):
        exec(compile(code, "cell", "exec"), {})


def test_pictures_are_inside_the_cell(page: Callable[..., Page]) -> None:
    book = notebook("![x](picture:network)", page())
    text = sources(book["cells"], "markdown")[-1]
    assert text.startswith('<img src="data:image/svg+xml;base64,')
    assert text.endswith('alt="a line that rises &amp; falls">')


def test_literal_dollars_are_not_typeset(page: Callable[..., Page]) -> None:
    book = notebook(r"costs \$5 or \$6", page())
    assert "\\$" not in sources(book["cells"], "markdown")[-1]
    assert sources(book["cells"], "markdown")[-1].count('class="mathjax_ignore') == 2


def test_quoted_formulas_stand_on_one_line(page: Callable[..., Page]) -> None:
    book = notebook("::: given\n$$\nx\n= 1\n$$\n:::", page())
    assert sources(book["cells"], "markdown")[-1] == "> $$ x = 1 $$"
