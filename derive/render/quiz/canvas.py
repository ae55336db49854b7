"""Quiz -> QTI 1.2 in a zip, as Canvas imports it: a quiz for each question, an item for each gap.

Canvas reads one number per item, keeps four decimals of what is typed, and gives no part of the points for
a wrong number; so the usual wrong answers stand in what it shows beside a wrong one. What it makes of an
item is said in its `qti_exporter`, `lib/qti/numeric_interaction.rb`.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

from derive import filling
from derive.render.mathematics import spell
from derive.render.page import Page, one_line
from derive.render.quiz.html import QuizWriter
from derive.render.quiz.model import Fixed, Gap, Grid, Question, Quiz, number
from derive.render.quiz.raster import rasterize
from derive.render.spoken import words

MATHML = "http://www.w3.org/1998/Math/MathML"
_MANIFEST = "imsmanifest.xml"
_PICTURES = "images/"
_ADDRESS = "%24IMS-CC-FILEBASE%24/"
_TYPED = Decimal("1e-4")  # what rounding an answer to four decimals may change, and cutting them off
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same bytes every time
_BRACES = {"under": ("munder", "⏟"), "over": ("mover", "⏞")}


@dataclass(frozen=True)
class Item:
    """One item of a quiz, as its template writes it.

    Attributes:
        identifier: Unique in the file.
        title: Text.
        html: The question.
        points: What it is worth; "0" for an item that asks nothing.
        answer: The number, and between which numbers an answer may be; empty where nothing is asked.
        wrong: HTML that is shown beside a wrong answer; may be empty.
        solution: HTML that is shown beside any answer; may be empty.
    """

    identifier: str
    title: str
    html: str
    points: str = "0"
    answer: tuple[str, str, str] | tuple[()] = ()
    wrong: str = ""
    solution: str = ""


def render_canvas(quiz: Quiz) -> bytes:
    """The zip that Canvas imports.

    Raises:
        RenderError: A formula or picture can't be rendered.
    """
    pictures: dict[str, bytes] = {}
    content: dict[str, bytes] = {}
    for question in quiz.questions:
        name = _identifier(question.page)
        several = len(quiz.questions) > 1
        title = one_line(f"{quiz.title} {question.page.identifier}" if several else quiz.title)
        items = tuple(_items(question, pictures))
        facts = {"identifier": name, "title": title, "items": items}
        content[f"{name}/{name}.xml"] = _filled("quiz.qti.j2", question.page.templates, **facts)
    return _zipped(content | pictures, quiz.questions[0].page.templates)


def join_canvas(documents: Iterable[bytes], templates: Path | None = None) -> Iterator[bytes]:
    """Several files of `render_canvas` as one, with a quiz for each.

    Args:
        documents: The files.
        templates: The user's own folder of templates, which goes first.
    """
    content: dict[str, bytes] = {}
    for document in documents:
        with zipfile.ZipFile(io.BytesIO(document)) as archive:
            content |= {name: archive.read(name) for name in archive.namelist() if name != _MANIFEST}
    yield _zipped(content, templates)


def _filled(template: str, templates: Path | None, **facts: object) -> bytes:
    return filling.fill(template, facts, templates, html=True).encode()


def _identifier(page: Page) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "-", f"{page.identifier}-{page.language}")


def _items(question: Question, pictures: dict[str, bytes]) -> Iterator[Item]:
    """The task, then each gap; the last of them carries the worked solution."""
    page = question.page
    name = _identifier(page)
    writer = _CanvasWriter(page, f"{_ADDRESS}{_PICTURES}{name}-")
    yield Item(f"{name}-task", page.title, writer.blocks(question.task))
    asked = [(grid, i, j, gap) for grid in question.grids for i, j, gap in grid.gaps()]
    for count, (grid, i, j, gap) in enumerate(asked, 1):
        span = gap.tolerance + _TYPED
        yield Item(
            identifier=f"{name}-{gap.name}",
            title=f"{page.identifier} {gap.name}",
            html=writer.formula(rf"{grid.label} = {_place(grid, i, j)}"),
            points=f"{float(gap.points):.6g}",
            answer=(number(gap.answer), number(gap.answer - span), number(gap.answer + span)),
            wrong=_wrong(gap, writer),
            solution=writer.blocks(question.solution) if count == len(asked) else "",
        )
    for picture in writer.pictures:
        pictures[f"{_PICTURES}{name}-{picture}.png"] = rasterize(page.pictures[picture]).png


def _place(grid: Grid, row: int, column: int) -> str:
    """The matrix with a question mark where the answer belongs."""
    rows = [
        [_mark(cell, asked=(i, j) == (row, column)) for j, cell in enumerate(cells)]
        for i, cells in enumerate(grid.rows)
    ]
    if len(rows) == 1 == len(rows[0]):
        return rows[0][0]
    inner = r" \\ ".join(" & ".join(cells) for cells in rows)
    return rf"\begin{{pmatrix}} {inner} \end{{pmatrix}}"


def _mark(cell: Gap | Fixed, *, asked: bool) -> str:
    if isinstance(cell, Fixed):
        return cell.latex
    return r"\boxed{?}" if asked else r"\cdot"


def _wrong(gap: Gap, writer: "_CanvasWriter") -> str:
    lines = [f"<li>{number(wrong.value)}: {writer.text(one_line(wrong.comment))}</li>" for wrong in gap.wrong]
    return f"<ul>{''.join(lines)}</ul>" if lines else ""


class _CanvasWriter(QuizWriter):
    """Formulas as MathML, which Canvas keeps as it is."""

    def spelled(self, latex: str, *, display: bool) -> str:
        """A formula as MathML, with the braces that our own pages leave to their style sheet."""
        spelled = spell(latex, display=display)
        root = ElementTree.fromstring(f"<math>{spelled.mathml}</math>")
        for element in root.iter("mrow"):
            if element.get("class") in _BRACES:
                _embrace(element)
        root.set("xmlns", MATHML)
        root.set("display", "block" if display else "inline")
        root.set("alttext", words(spelled.tree, self.page.language))
        return ElementTree.tostring(root, encoding="unicode")


def _embrace(element: ElementTree.Element) -> None:
    tag, brace = _BRACES[element.attrib.pop("class")]
    inner = ElementTree.Element("mrow")
    inner.extend(list(element))
    for child in list(element):
        element.remove(child)
    mark = ElementTree.Element("mo", {"stretchy": "true"})
    mark.text = brace
    element.tag = tag
    element.extend((inner, mark))


def _zipped(content: dict[str, bytes], templates: Path | None) -> bytes:
    """The files and a manifest that lists them."""
    quizzes = [name for name in content if name.endswith(".xml")]
    pictures = [name for name in content if name not in quizzes]
    manifest = _filled("quiz.manifest.j2", templates, quizzes=quizzes, files=pictures)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in (_MANIFEST, *quizzes, *pictures):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, manifest if name == _MANIFEST else content[name])
    return stream.getvalue()
