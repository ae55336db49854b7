"""Quiz -> Moodle XML: each question one cloze, its gaps laid out as the matrices that they belong to.

The format is Moodle's own: `qformat_xml` for the file, and for the gaps the expressions at the end of
`question/type/multianswer/questiontype.php`.
"""

import base64
import re
from collections.abc import Iterable, Iterator
from math import gcd, lcm

from markupsafe import escape

from derive.render import document as d
from derive.render.page import one_line
from derive.render.quiz.html import TexWriter
from derive.render.quiz.model import Fixed, Gap, Grid, Question, Quiz, number
from derive.render.quiz.raster import rasterize

_FILES = "@@PLUGINFILE@@/"
_LIKE_A_GAP = re.compile(r"\{(?=[0-9]*:|#)")
_LONGEST_NAME = 255
_CLOZE, _END = '<question type="cloze">', "</quiz>\n"
_CELL = "padding: 0.2em 0.4em;"
_BRACKET = "border-{}: 2px solid;"


def render_moodle(quiz: Quiz) -> bytes:
    """The file that Moodle's question bank imports: one category with all questions.

    Raises:
        RenderError: A formula or picture can't be rendered.
    """
    # A slash separates categories; two of them are one that belongs to a name.
    name = re.sub(r"/+", " // ", _plain(quiz.title))
    category = f'<question type="category"><category>{_text(f"$course$/top/{name}")}</category></question>'
    questions = [category, *map(_question, quiz.questions)]
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<quiz>", *questions, _END]
    return "\n".join(lines).encode()


def join_moodle(documents: Iterable[bytes]) -> Iterator[bytes]:
    """Several files of `render_moodle` as one, in the category of the first, piece by piece."""
    for count, document in enumerate(documents):
        yield document[document.index(_CLOZE.encode()) if count else 0 : -len(_END)]
    yield _END.encode()


def _question(question: Question) -> str:
    page = question.page
    task, solution = TexWriter(page, _FILES), TexWriter(page, _FILES)
    weights = _weights(question)
    gaps = "\n".join(_grid(grid, task, weights) for grid in question.grids)
    name = _plain(f"{page.identifier}: {page.title}"[:_LONGEST_NAME])
    return "\n".join(
        [
            _CLOZE,
            f"<name>{_text(name)}</name>",
            _part("questiontext", f"{_harmless(task.blocks(question.task))}\n{gaps}", task),
            _part("generalfeedback", solution.blocks(question.solution), solution),
            "<penalty>0</penalty>",
            "<hidden>0</hidden>",
            f"<idnumber>{escape(f'{page.identifier}-{page.language}')}</idnumber>",
            "</question>",
        ]
    )


def _weights(question: Question) -> dict[str, int]:
    """Points as the smallest whole numbers of the same proportions; a gap's weight can't be a fraction."""
    points = {gap.name: gap.points for gap in question.gaps()}
    scale = lcm(*(worth.denominator for worth in points.values()))
    whole = {name: int(worth * scale) for name, worth in points.items()}
    common = gcd(*whole.values())
    return {name: weight // common for name, weight in whole.items()}


def _grid(grid: Grid, writer: TexWriter, weights: dict[str, int]) -> str:
    """A table with the matrix's name before its rows."""
    rows = []
    for i, row in enumerate(grid.rows):
        label = ""
        if i == 0:
            badge = escape(writer.wording.badge(grid.points))
            inner = _harmless(f"{writer.mathematics(grid.label)} <small>{badge}</small>")
            label = f'<th scope="rowgroup" rowspan="{len(grid.rows)}" style="{_CELL}">{inner}</th>'
        cells = [
            f'<td style="{_cell_style(j, len(row))}">{_cell(cell, writer, weights)}</td>'
            for j, cell in enumerate(row)
        ]
        rows.append(f"<tr>{label}{''.join(cells)}</tr>")
    return f"<table><tbody>\n{chr(10).join(rows)}\n</tbody></table>"


def _cell_style(column: int, columns: int) -> str:
    style = _CELL
    if column == 0:
        style += _BRACKET.format("left")
    if column == columns - 1:
        style += _BRACKET.format("right")
    return style


def _cell(cell: Gap | Fixed, writer: TexWriter, weights: dict[str, int]) -> str:
    if isinstance(cell, Fixed):
        return _harmless(writer.mathematics(cell.latex))
    alternatives = [f"={number(cell.answer)}:{number(cell.tolerance)}"]
    alternatives += [
        f"%{wrong.share}%{number(wrong.value)}:{number(wrong.tolerance)}#{_comment(wrong.comment, writer)}"
        for wrong in cell.wrong
    ]
    return f"{{{weights[cell.name]}:NUMERICAL:{'~'.join(alternatives)}}}"


def _comment(comment: str, writer: TexWriter) -> str:
    r"""A comment inside a gap.

    Moodle decodes character references in it, then takes the backslash from `\}` and `\#`, and only then
    reads it as HTML. So HTML's own references are written twice over, and what could end the comment, or
    begin another gap, is a reference.
    """
    html = re.sub(r"\\(?=[}#])", r"\\\\", writer.line((d.Text(one_line(comment)),)))
    html = html.replace("&", "&amp;")
    for character in "{}~\\":
        html = html.replace(character, f"&#{ord(character)};")
    return html


def _harmless(html: str) -> str:
    """HTML in which nothing looks like a gap or the place of one."""
    return _LIKE_A_GAP.sub("&#123;", html)


def _part(tag: str, html: str, writer: TexWriter) -> str:
    """A part of a question, and the files of the pictures in it."""
    found = [f'<{tag} format="html">{_text(html)}']
    for name in writer.pictures:
        encoded = base64.b64encode(rasterize(writer.page.pictures[name]).png).decode()
        found.append(f'<file name="{name}.png" path="/" encoding="base64">{encoded}</file>')
    return "\n".join([*found, f"</{tag}>"])


def _text(text: str) -> str:
    return f"<text><![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]></text>"


def _plain(text: str) -> str:
    """A name as Moodle keeps it: HTML without elements."""
    return str(escape(one_line(text)))
