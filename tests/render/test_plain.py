"""Markdown out: readable, and the same story when it is read again."""

from collections.abc import Callable

import pytest

from derive.render import Page, render
from derive.render.audience import for_reader
from derive.render.markdown import parse


@pytest.mark.parametrize("language", ["en", "ko"])
def test_written_markdown_reads_back_as_the_same_blocks(
    language: str, page: Callable[..., Page], story: Callable[[str], str]
) -> None:
    # Without what has no spelling of its own in plain Markdown: boxes, and where lines are broken.
    sample = "\n\n".join(
        part
        for part in story(language).split("\n\n")
        if not part.startswith((":::", "!", "$$", ">")) and ":::" not in part and "{." not in part
    )
    written = render(sample, page(language), ["md"])["md"].decode()
    _, _, *blocks = parse(written.replace("\n## ", "\n# ").replace("\n### ", "\n## "))
    assert tuple(blocks) == for_reader(parse(sample), "key", "paper")


def test_solution_and_blanks(page: Callable[..., Page]) -> None:
    story = "It is [36]{.blank w=4}.\n\n::: solution 1x2\nwords\n:::"
    key = render(story, page(), ["md"])["md"].decode()
    assert key.endswith("It is 36.\n\nwords\n")
    handout = render(story, page(audience="handout"), ["md"])["md"].decode()
    assert r"It is \_\_\_\_\_\_\_\_." in handout
    assert r"\begin{bmatrix}" in handout
    assert "words" not in handout


def test_numbers_are_escaped_only_where_they_begin_a_line(page: Callable[..., Page]) -> None:
    assert render("is 36. and", page(), ["md"])["md"].endswith(b"is 36. and\n")
    assert render("36\\. and", page(), ["md"])["md"].endswith(b"36\\. and\n")


def test_no_letter_touches_a_formula(page: Callable[..., Page]) -> None:
    """GitHub shows the dollars otherwise."""
    written = render("출력 $a$는 값$b$의 $c$, $d$입니다.", page("ko"), ["md"])["md"].decode()
    assert written.endswith("출력 $a$ 는 값 $b$ 의 $c$, $d$ 입니다.\n")
    assert render("a x$y$z", page(), ["md"])["md"].decode().endswith("a x $y$ z\n")
