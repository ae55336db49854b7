"""Document -> Jupyter notebook: Python listings are cells to run, all else is Markdown."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from markupsafe import escape

from derive.render import document as d
from derive.render.page import Page, Picture
from derive.render.plain import MarkdownWriter, data_uri, escape_markdown
from derive.render.wording import WORDINGS

Cell = dict[str, Any]
# Jupyter typesets whatever stands between two dollar signs, escaped ones too, but skips this class.
_DOLLAR = '<span class="mathjax_ignore tex2jax_ignore">$</span>'


def render_notebook(document: d.Document, page: Page) -> bytes:
    """The notebook of a document: format 4.5, no outputs, the same bytes every time.

    Raises:
        RenderError: A formula or picture can't be rendered.
    """
    cells = [markdown_cell(title(page)), *(_cell(run, page) for run in _runs(opened(document, _is_cell)))]
    return notebook(cells, page)


def title(page: Page) -> str:
    """The Markdown of a page's title."""
    return f"# {escape_markdown(page.title, _DOLLAR)}\n\n{escape_markdown(page.identifier, _DOLLAR)}"


def notebook(cells: Sequence[Cell], page: Page) -> bytes:
    """A notebook of these cells."""
    content = {
        "cells": [cell | {"id": f"cell-{number:03}"} for number, cell in enumerate(cells, 1)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "title": page.title,
            "lang": page.language,
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def written(blocks: d.Document, page: Page) -> str:
    """The Markdown of blocks as Jupyter shows it."""
    return _NotebookWriter(page, _DOLLAR).blocks(blocks)


def opened(document: d.Document, is_cell: Callable[[d.Block], bool]) -> d.Document:
    """The document with each box that holds a cell opened, since a cell can't stand inside Markdown."""
    blocks: list[d.Block] = []
    for block in document:
        inner = opened(block.blocks, is_cell) if isinstance(block, d.Box) else ()
        opens = isinstance(block, d.Box) and (block.kind == "solution" or any(map(is_cell, inner)))
        blocks.extend(inner if opens else (block,))
    return tuple(blocks)


def _is_cell(block: d.Block) -> bool:
    match block:
        case d.Listing(_, "python") | d.Space():
            return True
    return False


def _runs(document: d.Document) -> list[d.Document]:
    """The blocks of each cell: one listing alone, or Markdown from a heading to the next."""
    runs: list[list[d.Block]] = []
    for block in document:
        begins = not runs or isinstance(block, d.Heading) or _is_cell(block) or _is_cell(runs[-1][-1])
        if begins:
            runs.append([])
        runs[-1].append(block)
    return [tuple(run) for run in runs]


def _cell(run: d.Document, page: Page) -> Cell:
    match run[0]:
        case d.Listing(code, "python"):
            return code_cell(code.rstrip("\n"))
        case d.Space("code", _):
            return code_cell(_blank_code(page.language))
        case d.Space():
            return markdown_cell(f"*{WORDINGS[page.language].write_words}*")
    return markdown_cell(written(run, page))


def _blank_code(language: str) -> str:
    """A cell for the student, at which a run of the notebook stops until something is written there."""
    wording = WORDINGS[language]
    return f'# {wording.write_code}\nraise NotImplementedError("{wording.no_code_yet}")\n'


class _NotebookWriter(MarkdownWriter):
    """Markdown as Jupyter shows it.

    Pictures are HTML with the SVG in a data URI: JupyterLab refuses SVG as an attachment, nbconvert as
    the address of a Markdown image, and both take this.
    """

    def picture(self, picture: Picture) -> str:
        """The picture as an HTML image."""
        return f'<img src="{data_uri(picture)}" alt="{escape(picture.alt)}">'


def markdown_cell(text: str) -> Cell:
    """A cell of Markdown."""
    return {"cell_type": "markdown", "metadata": {}, "source": text.splitlines(keepends=True)}


def code_cell(code: str) -> Cell:
    """A cell of code that has not run."""
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": code.splitlines(keepends=True),
    }
