"""Markdown -> document: the dialect of the stories, parsed strictly.

CommonMark with tables, `$...$` and `$$...$$`, `:::` containers and attributed spans. Raw HTML is text,
links keep their words alone, and what looks like markup but is none (a stray `:::`, an unmatched `$`)
raises: in a worksheet it would show an answer or hide a question.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.attrs import attrs_plugin
from mdit_py_plugins.container import container_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin

from derive.render import document as d
from derive.render.page import one_line
from derive.render.spaces import parse_spaces

BOXES = ("given", "note", "verdict")
READERS = ("key", "handout", "notebook", "paper", "quiz", "report")
DEFAULT_BLANK_WIDTH = 3.0
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_PICTURE_AMONG_WORDS = "a picture stands in a paragraph of its own"
_CLOSING_FENCE = re.compile(r"^[\s>]*:{3,}\s*$")


def escape(text: str) -> str:
    """Markdown that prints `text` as it is: for titles, names, whatever a user typed.

    White space becomes single spaces, so the text can stand in headings and table cells.
    """
    return _PUNCTUATION.sub(r"\\\1", one_line(text))


def fence(content: str, info: str) -> str:
    """`content` inside a `:::` container with more colons than any fence in it has.

    Args:
        content: Markdown of the inside.
        info: The container's name and arguments, such as `solution 2x4`.
    """
    longest = max((len(run) for run in re.findall(r"^[\s>]*(:{3,})", content, re.MULTILINE)), default=2)
    colons = ":" * (longest + 1)
    return f"{colons} {info}\n{content.strip(chr(10))}\n{colons}\n"


@lru_cache(maxsize=4)
def parse(markdown: str) -> d.Document:
    """The document that a story's Markdown spells; kept, since a key and its handout are the same story.

    Raises:
        RenderError: Something in it is not of the dialect; the message gives the line.
    """
    source = markdown.replace("\r\n", "\n").replace("\r", "\n")
    tokens = _parser().parse(source)
    _check_fences(tokens, source.split("\n"))
    return _tie(_blocks(SyntaxTreeNode(tokens).children))


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    # Reference definitions act at a distance: one inside a solution would change text outside it.
    # What a line holds is parsed apart from the blocks, so that it can be kept.
    parser.disable(["reference", "html_block", "html_inline", "inline", "text_join", "autolink"])
    parser.use(dollarmath_plugin, allow_labels=False, allow_blank_lines=False)
    parser.use(container_plugin, "box", validate=lambda info, _markup: bool(info.strip()))
    parser.use(attrs_plugin, spans=True, after=["span_close"], allowed=("class", "w"))
    return parser


def _check_fences(tokens: list[Token], lines: list[str]) -> None:
    closing_lines: set[int] = set()
    for token in tokens:
        if token.type != "container_box_open" or token.map is None:
            continue
        start, end = token.map
        if end in closing_lines or end >= len(lines) or not _CLOSING_FENCE.match(lines[end]):
            raise d.RenderError(
                f"line {start + 1} of the story: '{lines[start].strip()}' is never closed; a container "
                "around another one needs more colons than the one inside"
            )
        closing_lines.add(end)


def _where(node: SyntaxTreeNode) -> str:
    here: SyntaxTreeNode | None = node
    while here is not None and not here.is_root:
        if here.map is not None:
            return f"line {here.map[0] + 1} of the story: "
        here = here.parent
    return "the story: "


@contextmanager
def _place(node: SyntaxTreeNode) -> Iterator[None]:
    """Put the line where a block begins in front of what is wrong inside."""
    try:
        yield
    except d.RenderError as error:
        raise d.RenderError(f"{_where(node)}{error}") from None


def _blocks(nodes: list[SyntaxTreeNode]) -> d.Document:
    return tuple(_block(node) for node in nodes)


def _block(node: SyntaxTreeNode) -> d.Block:
    match node.type:
        case "heading":
            return d.Heading(int(node.tag[1:]), _line(node))
        case "paragraph":
            content = _content(node)
            return content if isinstance(content, d.Figure) else d.Paragraph(content)
        case "math_block":
            with _place(node):
                return d.Formula(_formula(node))
        case "fence":
            language, *more = node.info.split(" ")
            return d.Listing(node.content, language, more == ["free"])
        case "code_block":
            return d.Listing(node.content, "text")
        case "bullet_list" | "ordered_list":
            start = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
            return d.Items(tuple(_tie(_blocks(item.children)) for item in node.children), start)
        case "table":
            return _table(node)
        case "blockquote":
            return d.Box("quote", _tie(_blocks(node.children)))
        case "hr":
            return d.Rule()
        case "container_box":
            return _container(node)
    raise d.RenderError(f"{_where(node)}{node.type} is not part of the dialect")


def _container(node: SyntaxTreeNode) -> d.Block:
    name, _, arguments = node.info.strip().partition(" ")
    blocks = _tie(_blocks(node.children))
    if name == "solution":
        with _place(node):
            return d.Solution(blocks, parse_spaces(arguments))
    if name == "tests":
        return _tests(node, arguments.split(), blocks)
    if arguments.strip():
        raise d.RenderError(f"{_where(node)}'{name}' takes no arguments, but has '{arguments.strip()}'")
    if name in BOXES:
        return d.Box(name, blocks)
    if name in READERS:
        return d.Only(name, blocks)
    if name == "fields":
        if blocks:
            raise d.RenderError(f"{_where(node)}'fields' stands alone; close it on the next line")
        return d.Fields()
    known = ", ".join(("solution", "fields", "tests", *BOXES, *READERS))
    raise d.RenderError(f"{_where(node)}unknown container '{name}'; known: {known}")


def _tests(node: SyntaxTreeNode, arguments: list[str], blocks: d.Document) -> d.Tests:
    match arguments, blocks:
        case (name, points), (d.Listing(visible, "python"), d.Listing(hidden, "python")):
            return d.Tests(name, points, visible, hidden)
    raise d.RenderError(
        f"{_where(node)}'tests' has a name and points, and two Python listings: what the student sees, and "
        "what marks"
    )


def _table(node: SyntaxTreeNode) -> d.Table:
    rows = [row for part in node.children for row in part.children]
    header, *body = (tuple(_line(cell) for cell in row.children) for row in rows)
    styles = [str(cell.attrs.get("style", "")) for cell in rows[0].children]
    alignments = tuple(style.removeprefix("text-align:") or "left" for style in styles)
    return d.Table(header, tuple(body), alignments)


def _line(node: SyntaxTreeNode) -> tuple[d.Inline, ...]:
    content = _content(node)
    if isinstance(content, d.Figure):
        raise d.RenderError(f"{_where(node)}{_PICTURE_AMONG_WORDS}")
    return content


def _content(node: SyntaxTreeNode) -> tuple[d.Inline, ...] | d.Figure:
    with _place(node):
        return _parse_inline(node.children[0].content) if node.children else ()


# Most sentences of a variant are those of its neighbours.
@lru_cache(maxsize=20_000)
def _parse_inline(content: str) -> tuple[d.Inline, ...] | d.Figure:
    """What a line holds; a picture, where it holds nothing else."""
    tokens: list[Token] = []
    _parser().inline.parse(content, _parser(), {}, tokens)
    nodes = SyntaxTreeNode(tokens).children
    return _figure(nodes[0]) if [node.type for node in nodes] == ["image"] else _inlines(nodes)


def _figure(node: SyntaxTreeNode) -> d.Figure:
    source = str(node.attrs.get("src", ""))
    if not source.startswith("picture:"):
        raise d.RenderError(f"a picture is named 'picture:NAME', not '{source}'")
    name = source.removeprefix("picture:")
    if not _NAME.fullmatch(name):
        raise d.RenderError(f"a picture's name has letters, digits, - and _ alone, not '{name}'")
    return d.Figure(name, d.plain(_inlines(node.children)))


def _inlines(nodes: list[SyntaxTreeNode]) -> tuple[d.Inline, ...]:
    merged: list[d.Inline] = []
    for node in nodes:
        for inline in _inline(node):
            if isinstance(inline, d.Text) and merged and isinstance(merged[-1], d.Text):
                merged[-1] = d.Text(merged[-1].text + inline.text)
            elif inline != d.Text(""):
                merged.append(inline)
    return tuple(merged)


def _inline(node: SyntaxTreeNode) -> tuple[d.Inline, ...]:
    match node.type:
        case "text":
            return (d.Text(_checked_text(node)),)
        case "text_special":
            return (d.Text(node.content),)
        case "softbreak":
            return (d.Text(" "),)
        case "hardbreak":
            return (d.LineBreak(),)
        case "em" | "strong":
            return (d.Emphasis(_inlines(node.children), strong=node.type == "strong"),)
        case "code_inline":
            return (d.Code(node.content),)
        case "math_inline":
            return (d.Mathematics(_formula(node)),)
        case "link":
            return _inlines(node.children)
        case "span":
            return (_span(node),)
        case "image":
            raise d.RenderError(_PICTURE_AMONG_WORDS)
    raise d.RenderError(f"{node.type} is not part of the dialect")


def _checked_text(node: SyntaxTreeNode) -> str:
    text = node.content
    if "$" in text:
        near = text.strip()[:40]
        raise d.RenderError(f"unmatched $ near '{near}'; write \\$ for a dollar sign")
    if re.match(r"\s*:::", text):
        raise d.RenderError(f"stray ':::' near '{text.strip()[:40]}': it opens or closes no container")
    return text


def _span(node: SyntaxTreeNode) -> d.Inline:
    children = _inlines(node.children)
    match node.attrs.get("class"):
        case "blank":
            return d.Blank(children, _width(node))
        case "points":
            return d.Points(d.plain(children))
    name = node.attrs.get("class")
    raise d.RenderError(f"a span is {{.blank}} or {{.points}}, not {{.{name}}}")


def _width(node: SyntaxTreeNode) -> float:
    width = node.attrs.get("w", DEFAULT_BLANK_WIDTH)
    try:
        number = float(width)
    except ValueError:
        number = -1.0
    if not 0.5 <= number <= 40:
        raise d.RenderError(f"the width of a blank is between 0.5 and 40 em, not '{width}'")
    return number


def _formula(node: SyntaxTreeNode) -> str:
    latex = node.content.strip()
    if not latex:
        raise d.RenderError("an empty formula")
    return latex


def _tie(blocks: d.Document) -> d.Document:
    """`blocks` with each paragraph that introduces a display tied to it."""
    displays = (d.Formula, d.Figure, d.Table, d.Listing, d.Solution, d.Items)
    return tuple(
        d.Paragraph(block.children, tied=True)
        if isinstance(block, d.Paragraph) and isinstance(follower, displays)
        else block
        for block, follower in pairwise((*blocks, None))
        if block is not None
    )
