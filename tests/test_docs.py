"""The pages of docs and the Korean README are true: each is followed to the letter, on a copy."""

import difflib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
WRITTEN = [*sorted(DOCS.glob("*.md")), ROOT / "README.ko.md"]
PAGES = [path for path in WRITTEN if "```console" in path.read_text("utf-8")]
TREE = ("derive", "templates", "exercises")
BLOCK = re.compile(
    r"^```(?:\{code-block\} )?(\w+)\n(?::caption: ([^\n]*)\n\n?)?(.*?)^```$", re.DOTALL | re.MULTILINE
)
NEW = ("a new file", "새 파일")
PLACE = re.compile(
    rf"(?P<path>[\w./-]+), (?P<how>{'|'.join(NEW)}|above|below|instead of)(?: `(?P<anchor>.*)`)?"
)


@dataclass(frozen=True)
class Step:
    """A block of a page: text that goes somewhere, or commands with what they print."""

    language: str
    caption: str
    text: str


def steps(page: Path) -> Iterator[Step]:
    for block in BLOCK.finditer(page.read_text("utf-8")):
        language, caption, text = block.groups()
        yield Step(language, caption or "", text)


def put(tree: Path, step: Step) -> None:
    """Write a new file, or put lines above, below or in place of the line that a caption quotes."""
    place = PLACE.fullmatch(step.caption)
    assert place, f"where does this go: {step.caption}"
    path = tree / place["path"]
    if place["how"] in NEW:
        assert not path.exists()
        path.write_text(step.text, "utf-8")
        return
    lines = path.read_text("utf-8").splitlines(keepends=True)
    found = [number for number, line in enumerate(lines) if place["anchor"] in line]
    assert found, f"{place['path']} has no line with {place['anchor']}"
    start = found[0] + (place["how"] == "below")
    lines[start : start + (place["how"] == "instead of")] = [step.text]
    path.write_text("".join(lines), "utf-8")


def run(tree: Path, commands: str) -> None:
    """Run each `$ command`, and hold what it prints against the lines below it; ... stands for anything."""
    environment = os.environ | {"PYTHONPATH": str(tree), "PATH": f"{tree / 'bin'}:{os.environ['PATH']}"}
    for command in re.split(r"^\$ ", commands, flags=re.MULTILINE)[1:]:
        line, _, wanted = command.partition("\n")
        line, _, remark = line.partition("    # exits with ")
        shell = ["sh", "-c", line]
        done = subprocess.run(
            shell, cwd=tree, env=environment, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        printed = done.stdout
        assert done.returncode == int(remark or 0), f"$ {line}\n{printed}"
        pattern = re.escape(wanted.strip()).replace(re.escape("\n..."), "(\n.*)?")
        pattern = pattern.replace(re.escape("..."), ".*")
        assert re.search(pattern, printed, re.DOTALL), f"$ {line}\n" + "\n".join(
            difflib.ndiff(wanted.splitlines(), printed.splitlines())
        )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the program, which `derive` in a shell runs."""
    for name in TREE:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "derive"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m derive "$@"\n', "utf-8")
    script.chmod(0o755)
    return tmp_path


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the pages are written for a shell")
@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_what_a_page_says_works(page: Path, tree: Path) -> None:
    followed = 0
    for step in steps(page):
        if step.language == "console":
            run(tree, step.text)
            followed += 1
        elif step.caption:
            put(tree, step)
            followed += 1
    assert followed


@pytest.mark.slow
def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("sphinx")
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--builder", "html"]
    done = subprocess.run(
        [*command, str(DOCS), str(tmp_path)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    for page in DOCS.glob("*.md"):
        assert (tmp_path / f"{page.stem}.html").exists()
    for page in tmp_path.glob("*.html"):
        for link in re.findall(r'href="([^"#:]+\.html)', page.read_text("utf-8")):
            assert (tmp_path / link).exists(), f"{page.name} links to {link}"


def test_every_page_is_in_the_table_of_contents() -> None:
    index = (DOCS / "index.md").read_text("utf-8")
    listed = set(re.findall(r"^[a-z-]+$", index, re.MULTILINE))
    assert {page.stem for page in DOCS.glob("*.md")} - {"index"} <= listed
