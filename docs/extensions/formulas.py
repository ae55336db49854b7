"""Formulas of the documentation as MathML, made as those of a worksheet are; no script, nothing fetched."""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from derive.render.mathematics import spell


def setup(app: Sphinx) -> dict[str, Any]:
    """Have Sphinx write mathematics so."""
    app.add_html_math_renderer("mathml", (_inline, None), (_display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(f"<math>{spell(node.astext(), display=False).mathml}</math>")
    raise nodes.SkipNode


def _display(translator: Any, node: nodes.math_block) -> None:
    formula = spell(node.astext(), display=True).mathml
    translator.body.append(f'<div class="formula"><math display="block">{formula}</math></div>')
    raise nodes.SkipNode
