"""The dialect: what is parsed into what, and what is refused."""

import pytest

from derive.render import RenderError, escape, fence
from derive.render import document as d
from derive.render.markdown import parse


def words(markdown: str) -> str:
    """The text of a one-paragraph document."""
    (paragraph,) = parse(markdown)
    assert isinstance(paragraph, d.Paragraph)
    return d.plain(paragraph.children)


def test_parses_inline_and_display_mathematics() -> None:
    assert parse("a $x_0$ b\n\n$$\ny\n$$") == (
        d.Paragraph((d.Text("a "), d.Mathematics("x_0"), d.Text(" b")), tied=True),
        d.Formula("y"),
    )


def test_parses_spans() -> None:
    assert parse("[18]{.blank w=4} and [2]{.points}") == (
        d.Paragraph((d.Blank((d.Text("18"),), 4.0), d.Text(" and "), d.Points("2"))),
    )


def test_a_blank_may_hold_a_formula() -> None:
    (paragraph,) = parse("[$x$]{.blank}")
    assert paragraph == d.Paragraph((d.Blank((d.Mathematics("x"),), 3.0),))


@pytest.mark.parametrize(
    ("spec", "spaces"),
    [
        ("2x4", (d.MatrixSpaces((d.MatrixSpace(2, 4),)),)),
        ("lines 3", (d.Space("lines", 3),)),
        ("space 5", (d.Space("box", 5),)),
        ("code", (d.Space("code", 8),)),
        ("nothing", ()),
        (
            r"W_0^\top:2x2 ; product:1x4",
            (d.MatrixSpaces((d.MatrixSpace(2, 2, r"W_0^\top"), d.MatrixSpace(1, 4, r"\text{product}"))),),
        ),
        ("곱:1x4", (d.MatrixSpaces((d.MatrixSpace(1, 4, r"\text{곱}"),)),)),
        ("h:1x2 ; lines 2", (d.MatrixSpaces((d.MatrixSpace(1, 2, "h"),)), d.Space("lines", 2))),
    ],
)
def test_solution_says_what_the_handout_has(spec: str, spaces: tuple[d.Block, ...]) -> None:
    (solution,) = parse(f"::: solution {spec}\nanswer\n:::")
    assert solution == d.Solution((d.Paragraph((d.Text("answer"),)),), spaces)


def test_links_keep_their_words_and_html_is_text() -> None:
    assert words("a [link](http://example.org) and <b>bold</b>") == "a link and <b>bold</b>"
    assert words("a [link](javascript:alert(1))") == "a [link](javascript:alert(1))"


def test_reference_definitions_are_text() -> None:
    # One inside a solution would otherwise turn words outside it into a link.
    assert words("[x]: http://example.org") == "[x]: http://example.org"


@pytest.mark.parametrize(
    ("markdown", "message"),
    [
        ("a $x b", "unmatched \\$"),
        ("a $$x$$ $ b", "unmatched \\$"),
        (":::", "stray ':::'"),
        ("text\n:::\nmore", "stray ':::'"),
        ("::: note\ntext", "never closed"),
        ("::: key\n::: note\na\n:::\n:::", "never closed"),
        ("- ::: note\n  a\n\nb\n:::", "never closed"),
        ("::: nonsense\na\n:::", "unknown container 'nonsense'"),
        ("::: note 3\na\n:::", "takes no arguments"),
        ("::: solution\na\n:::", "in its place"),
        ("::: solution 2x\na\n:::", "in its place"),
        ("::: solution lines 99\na\n:::", "higher than"),
        ("::: solution 2x99\na\n:::", "more than"),
        ("::: fields\na\n:::", "stands alone"),
        ("![x](http://example.org/x.png)", "picture:NAME"),
        ("![x](data:image/png;base64,AAAA)", "picture:NAME"),
        ("![x](picture:../network)", "letters, digits"),
        ("words ![x](picture:network)", "paragraph of its own"),
        ("[a]{.secret}", "blank"),
        ("[a]{.blank w=900}", "width of a blank"),
        ("[a]{.blank w=wide}", "width of a blank"),
    ],
)
def test_refuses(markdown: str, message: str) -> None:
    with pytest.raises(RenderError, match=message):
        parse(markdown)


def test_errors_name_the_line() -> None:
    with pytest.raises(RenderError, match="line 5 of the story"):
        parse("a\n\nb\n\nthe $ sign")


def test_fence_outgrows_what_it_holds() -> None:
    inner = fence("answer", "verdict")
    outer = fence(inner, "key")
    assert outer.startswith(":::: key\n")
    assert parse(outer) == (d.Only("key", (d.Box("verdict", (d.Paragraph((d.Text("answer"),)),)),)),)
    assert parse(fence(outer, "note"))


def test_fence_counts_fences_inside_lists_and_quotes() -> None:
    for content in ("- ::: note\n  a\n  :::", "> ::: note\n> a\n> :::", "```text\n:::::\n```"):
        (box,) = parse(fence(content, "given"))
        assert isinstance(box, d.Box)


@pytest.mark.parametrize(
    "text",
    ["a_b^c", "*x*", "1. a", "- a", "# a", "::: key", "$x", "&amp;", "a | b", "<b>", "`x`", "\\", "![x](y)"],
)
def test_escaped_text_is_itself_in_a_paragraph_heading_and_cell(text: str) -> None:
    assert words(escape(text)) == text
    heading, table = parse(f"# {escape(text)}\n\n| a |\n|:--|\n| {escape(text)} |")
    assert isinstance(heading, d.Heading)
    assert isinstance(table, d.Table)
    assert d.plain(heading.children) == d.plain(table.rows[0][0]) == text


def test_escape_makes_one_printable_line() -> None:
    assert words(escape("  a\n\tb\x00c\u202ed ")) == "a b\ufffdc\ufffdd"
