"""The source of an nbgrader assignment: its cells are of the schema, and no text is taken for a mark."""

import json
import re
from collections.abc import Callable
from typing import Any

import nbformat
import pytest

from derive.render import Page, RenderError
from derive.render.audience import for_reader
from derive.render.markdown import escape, parse
from derive.render.nbgrader import render_assignment
from derive.render.page import one_line
from tests.hostile import HOSTILE

STORY = """# Task

{text}

```python
given = 1
```

```python free
student = ""
```

::: solution code
```python
answer = given + 1
```
:::

:::: tests W_0 4/3
```python
# marked here
```

```python
secret_check(answer)
```
::::

Why?

::: solution lines 3
Because of {text}.
:::

::: solution 2x2
Only on paper.
:::

::: key
For the key alone.
:::

::: paper
For paper alone.
:::
"""
KEYS = {"schema_version", "grade_id", "grade", "solution", "locked", "task", "points"}
# What nbgrader takes a cell for, from its flags: grade, solution, locked.
KINDS = {
    (False, True, False): "answer",
    (True, False, True): "tests",
    (True, True, False): "manual",
    (False, False, True): "read-only",
}
MARKERS = (
    "### BEGIN SOLUTION",
    "END SOLUTION ### BEGIN HIDDEN TESTS",
    "### BEGIN MARK SCHEME",
)


def cells(page: Page, text: str = "words", story: str = STORY) -> list[dict[str, Any]]:
    document = for_reader(parse(story.format(text=escape(text))), "handout", "nbgrader")
    content = json.loads(render_assignment(document, page))
    nbformat.validate(content)
    return content["cells"]  # type: ignore[no-any-return]


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def kind(cell: dict[str, Any]) -> str:
    found = cell["metadata"].get("nbgrader")
    if found is None:
        return "free"
    assert set(found) <= KEYS
    assert found["schema_version"] == 3
    assert found["task"] is False
    assert re.fullmatch(r"[a-zA-Z0-9_\-]+", found["grade_id"])
    assert ("points" in found) == found["grade"]
    return KINDS[found["grade"], found["solution"], found["locked"]]


def test_every_cell_is_of_a_kind_that_nbgrader_knows(page: Callable[..., Page]) -> None:
    found = cells(page(audience="handout"))
    kinds = [(cell["cell_type"], kind(cell)) for cell in found]
    assert kinds == [
        ("markdown", "free"),  # the title
        ("markdown", "free"),
        ("code", "read-only"),
        ("code", "free"),  # the student's own
        ("code", "answer"),
        ("code", "tests"),
        ("markdown", "free"),
        ("markdown", "manual"),
    ]
    ids = [cell["metadata"]["nbgrader"]["grade_id"] for cell in found if cell["metadata"]]
    assert ids == ["given-1", "answer-1", "test-W_0", "words-1"]
    assert [cell["metadata"]["nbgrader"].get("points") for cell in found if cell["metadata"]] == [
        None, None, 4 / 3, 0,
    ]  # fmt: skip


def test_solutions_and_hidden_tests_stand_between_marks(page: Callable[..., Page]) -> None:
    texts = [source(cell) for cell in cells(page(audience="handout"))]
    assert texts[4] == "### BEGIN SOLUTION\nanswer = given + 1\n### END SOLUTION"
    assert texts[5] == ("# marked here\n### BEGIN HIDDEN TESTS\nsecret_check(answer)\n### END HIDDEN TESTS")
    assert texts[7] == "Because of words."
    together = "\n".join(texts)
    for absent in ("Only on paper", "For the key alone", "For paper alone", "phantom"):
        assert absent not in together


def test_no_other_format_has_the_tests(page: Callable[..., Page]) -> None:
    from derive.render import FORMATS, render

    for audience in ("key", "handout"):
        formats = [name for name in FORMATS if name != "pdf"]
        for name, content in render(STORY.format(text="words"), page(audience=audience), formats).items():
            assert b"secret" not in content, name
            assert b"marked here" not in content, name


@pytest.mark.parametrize("text", [*MARKERS, *HOSTILE])
def test_text_is_text(text: str, page: Callable[..., Page]) -> None:
    marks = re.compile("(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)")
    found = cells(page(audience="handout", title=text), text)
    assert len(found) == 8
    for cell in found:
        lines = [line for line in source(cell).split("\n") if marks.search(line)]
        own = {"answer": 2, "tests": 2}.get(kind(cell), 0)
        assert len(lines) == own, source(cell)
    if marks.search(text):
        shown = source(found[0]).replace("&#32;", " ").replace("\\", "")
        assert one_line(text) in shown


def test_a_mark_in_code_is_refused(page: Callable[..., Page]) -> None:
    story = "# x\n\n```python\ns = '### END SOLUTION'\n```\n"
    with pytest.raises(RenderError, match="'END SOLUTION' must not stand in code"):
        cells(page(audience="handout"), story=story)


@pytest.mark.parametrize(
    "story",
    [
        "::: tests\n```python\na\n```\n```python\nb\n```\n:::",
        "::: tests W_0 1\n```python\na\n```\n:::",
        "::: tests W_0 1\nwords\n:::",
        "::: tests W_0 1\n```python\na\n```\n```text\nb\n```\n:::",
    ],
)
def test_tests_that_are_not_whole_are_refused(story: str) -> None:
    with pytest.raises(RenderError, match="'tests' has a name and points"):
        parse(story)
