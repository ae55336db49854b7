"""How Sphinx builds the documentation: `make docs`."""

import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS / "extensions"), str(DOCS.parent)]

import derive  # noqa: E402  (the paths come first)

project = "derive"
author = "the authors of derive"
release = version = derive.__version__
extensions = ["myst_parser", "exercise_keys", "drawing", "formulas"]
exclude_patterns = ["build"]
source_suffix = {".md": "markdown"}
nitpicky = True

html_math_renderer = "mathml"
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
myst_links_external_new_tab = False

html_theme = "furo"
html_title = "derive"
html_static_path = ["static"]
html_css_files = ["derive.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False


def setup(app: Sphinx) -> None:
    """Let a page say what language it is in, at its top: `lang: ko`."""
    app.connect("html-page-context", _say_language)


def _say_language(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    context["language"] = (context.get("meta") or {}).get("lang", "en")
