"""What a reader may see; the leak test, in every format."""

import re
from collections.abc import Callable

import pytest

from derive.render import FORMATS, Page, render
from derive.render import document as d
from derive.render.audience import for_reader
from derive.render.markdown import parse

STORY = """
# Question [3]{.points}

The loss is [36]{.blank w=5}, and in the table:

| a | b |
|---|---|
| 1 | [**36**]{.blank} |

- in a list [36]{.blank}
- ::: solution 2x2 ; lines 2
  $$ 36 $$
  :::

::: solution h:1x2
The answer is $36$.

```python
answer = 36
```
:::

::: solution code
```python
answer = 36
```
:::

::: key
Only the key says 36.
:::

::: note
> [36]{.blank}
:::

::: solution nothing
![the answer](picture:network)
:::
"""


def reader(markdown: str, audience: str, medium: str = "paper") -> d.Document:
    return for_reader(parse(markdown), audience, medium)


def test_the_handout_has_spaces_in_place_of_solutions() -> None:
    story = "::: solution 1x2\n36\n:::"
    assert reader(story, "handout") == (d.MatrixSpaces((d.MatrixSpace(1, 2),)),)
    assert reader(story, "key") == (d.Box("solution", (d.Paragraph((d.Text("36"),)),)),)


def test_blanks_become_gaps_of_the_same_width() -> None:
    assert reader("[36]{.blank w=5}", "handout") == (d.Paragraph((d.Gap(5.0),)),)


@pytest.mark.parametrize(
    ("container", "shown_to"),
    [
        ("key", {("key", "paper"), ("key", "notebook")}),
        ("handout", {("handout", "paper"), ("handout", "notebook")}),
        ("notebook", {("key", "notebook"), ("handout", "notebook")}),
        ("paper", {("key", "paper"), ("handout", "paper")}),
    ],
)
def test_containers_for_some_readers(container: str, shown_to: set[tuple[str, str]]) -> None:
    story = f"::: {container}\nwords\n:::"
    shown = {
        (audience, medium)
        for audience in ("key", "handout")
        for medium in ("paper", "notebook")
        if reader(story, audience, medium)
    }
    assert shown == shown_to


def test_fields_are_for_handouts() -> None:
    assert reader("::: fields\n:::", "handout") == (d.Fields(),)
    assert reader("::: fields\n:::", "key") == ()


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_handout_does_not_depend_on_the_answers(
    name: str, language: str, page: Callable[..., Page]
) -> None:
    other = STORY.replace("36", "SENTINEL" * 9)
    handout = page(language, "handout")
    first, second = (render(story, handout, [name])[name] for story in (STORY, other))
    assert first == second
    assert b"SENTINEL" in render(other, page(language, "key"), ["md"])["md"]


@pytest.mark.parametrize("name", FORMATS)
def test_the_sample_handouts_do_not_depend_on_their_solutions(
    name: str, page: Callable[..., Page], story: Callable[[str], str]
) -> None:
    sample = story("en")
    other = re.sub(
        r"(^::: solution[^\n]*\n).*?(^:::$)",
        r"\1**another** answer, $x_7$\n\2",
        sample,
        flags=re.DOTALL | re.MULTILINE,
    )
    other = re.sub(r"\[[^\]]*\]\{\.blank", "[7777777]{.blank", other)
    assert other != sample
    assert render(other, page("en", "handout"), [name]) == render(sample, page("en", "handout"), [name])


@pytest.mark.parametrize("name", FORMATS)
def test_pictures_of_a_solution_stay_out_of_the_handout(name: str, page: Callable[..., Page]) -> None:
    story = "::: solution nothing\n![x](picture:network)\n:::\n\nwords"
    assert render(story, page(audience="handout"), [name]) == render(
        "words", page(audience="handout"), [name]
    )
