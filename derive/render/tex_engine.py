"""LaTeX -> PDF through an installed TeX: for those who edit the .tex file or want its typography."""

import os
import shutil
import subprocess
from pathlib import Path

from derive import files
from derive.render.document import RenderError
from derive.render.latex import first_error

ENGINES = ("lualatex", "xelatex")
_SECONDS = 120
_PASSES = 2  # the second knows the number of pages


def compile_tex(tex: bytes) -> bytes:
    """The PDF of a LaTeX source, compiled in a private folder, without shell and without other files.

    Raises:
        RenderError: No TeX is installed, it runs too long, or it stops at an error.
    """
    engine = next((path for name in ENGINES if (path := shutil.which(name))), None)
    if engine is None:
        raise RenderError(
            f"PDF_ENGINE=latex needs an installed TeX with {' or '.join(ENGINES)}; none was found"
        )
    with files.private_folder() as folder:
        (folder / "page.tex").write_bytes(tex)
        for _ in range(_PASSES):
            _run(engine, folder)
        return (folder / "page.pdf").read_bytes()


def _run(engine: str, folder: Path) -> None:
    command = [engine, "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    try:
        done = subprocess.run(
            command, cwd=folder, env=_environment(folder), stdin=subprocess.DEVNULL, capture_output=True,
            timeout=_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise RenderError(f"{Path(engine).name} took more than {_SECONDS} seconds") from None
    if done.returncode != 0:
        log = (folder / "page.log").read_text("utf-8", "replace") if (folder / "page.log").exists() else ""
        raise RenderError(f"{Path(engine).name} stopped: {first_error(log)}")


def _environment(folder: Path) -> dict[str, str]:
    """Paranoid file access, and a clock that stands still, so that the same source gives the same bytes."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("TEX", "BIBINPUTS"))}
    return kept | {
        "openin_any": "p",
        "openout_any": "p",
        "shell_escape": "f",
        "TEXMFOUTPUT": str(folder),
        "SOURCE_DATE_EPOCH": "0",
        "FORCE_SOURCE_DATE": "1",
    }
