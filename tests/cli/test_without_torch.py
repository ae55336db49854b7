"""Without torch, or with a broken one: what is missing is said, and no key looks more checked than it is.

Each command runs in a process of its own, with a folder before all others on its path in which torch (or
NumPy) is what breaks.
"""

import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
HOMEWORK = ROOT / "exercises" / "two-layer.yaml"

Run = Callable[..., Any]

REFUSES = """
import sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {package!r}:
            raise {error}

sys.meta_path.insert(0, Finder())
"""

# What breaks, the files that break it, and what is said of it.
BROKEN = {
    "missing": (
        {
            "sitecustomize.py": REFUSES.format(
                package="torch", error="ImportError(\"No module named 'torch'\")"
            )
        },
        "torch does not load (No module named 'torch')",
    ),
    "shared library": (
        {
            "sitecustomize.py": REFUSES.format(
                package="torch", error="OSError('libtorch_cpu.so: cannot open\\n  shared object file')"
            )
        },
        "torch does not load (libtorch_cpu.so: cannot open shared object file)",
    ),
    "raises": ({"torch.py": "raise RuntimeError"}, "torch does not load (RuntimeError)"),
    "left-over folder": (
        {"sitecustomize.py": "import sys, types\nsys.modules['torch'] = types.ModuleType('torch')\n"},
        "torch fails (AttributeError: module 'torch' has no attribute 'float64')",
    ),
    "other NumPy": (
        {
            "torch.py": "float32 = float64 = None\n"
            "def tensor(*numbers, **how):\n    raise RuntimeError('Numpy is not available')\n"
            "ones = tensor\n"
        },
        "torch fails (RuntimeError: Numpy is not available)",
    ),
}
MEND = 'fix: install or mend torch (pip install torch), until python -c "import torch" runs'


def broken(kind: str, folder: Path) -> Path:
    """A folder in which torch breaks in one of these ways."""
    folder.mkdir(exist_ok=True)
    for name, text in BROKEN[kind][0].items():
        (folder / name).write_text(text, "utf-8")
    return folder


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("kind", BROKEN)
def test_a_key_is_refused_and_the_message_mends(process: Run, tmp_path: Path, kind: str) -> None:
    outcome = process("report", HOMEWORK, "--out", tmp_path / "out", first=broken(kind, tmp_path / "hook"))
    assert (outcome.code, outcome.out) == (1, "")
    verdict, source, needed, fix = outcome.err.splitlines()
    assert verdict.startswith("two-layer: verified, but not checked against torch (28 entries; largest ")
    assert source == f"  autograd: not run: {BROKEN[kind][1]}"
    assert needed == "  a key needs every source to have run"
    assert fix == f"  {MEND}; or do without: --require one"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["missing", "other NumPy"])
def test_the_check_says_it_on_the_terminal_and_in_json(process: Run, tmp_path: Path, kind: str) -> None:
    hook = broken(kind, tmp_path)
    outcome = process("check", HOMEWORK, "--json", first=hook)
    found = json.loads(outcome.out)
    assert (outcome.code, found["verified"]) == (0, True)
    assert found["sources"]["autograd"] == f"not run: {BROKEN[kind][1]}; not checked against torch"
    assert found["gradients"]["W_1"]["autograd"] is None
    assert "verified, but not checked against torch" in process("check", HOMEWORK, first=hook).err
    strict = process("check", HOMEWORK, "--require", "all", first=hook)
    assert strict.code == 1
    assert MEND in strict.err


def test_a_key_that_does_without_says_so(
    process: Run, tmp_path: Path, pdf_text: Callable[[bytes], str]
) -> None:
    out = tmp_path / "out"
    outcome = process(
        "report", HOMEWORK, "--out", out, "--require", "one", "--format", "md,html,pdf,ipynb,json",
        first=broken("missing", tmp_path / "hook"),
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    said = {
        "en": ("Verified, but not checked against torch.", "Two computations that share no code"),
        "ko": ("확인되었습니다. 다만 torch로는 검산하지 못했습니다.", "두 가지 계산으로"),
    }
    for language, sentences in said.items():
        pages = [(out / "two-layer" / f"key.{language}.{name}").read_text("utf-8") for name in ("md", "html")]
        pages.append(pdf_text((out / "two-layer" / f"key.{language}.pdf").read_bytes()))
        for page in pages:
            flat = re.sub(r"\s+", " ", page)
            assert all(sentence in flat for sentence in sentences)
            assert "Three computations" not in flat
            assert "세 가지 계산" not in flat
            assert "They agree up to rounding" not in flat
            assert "두 결과는 매개변수의 꼴로" not in flat
        notebook = (out / "two-layer" / f"key.{language}.ipynb").read_text("utf-8")
        assert sentences[0] in notebook
        # Nothing stands in the tables for what wasn't computed: no column of dashes.
        assert "| float32" not in pages[0]
        assert "torch: " not in pages[0]
    record = json.loads((out / "two-layer" / "check.json").read_text("utf-8"))
    assert record["sources"]["autograd"].endswith("; not checked against torch")


def test_with_torch_the_page_says_nothing_of_it(process: Run, tmp_path: Path) -> None:
    outcome = process("report", HOMEWORK, "--out", tmp_path, "--format", "md", "--audience", "key")
    assert outcome.code == 0
    english, korean = (
        (tmp_path / "two-layer" / f"key.{language}.md").read_text("utf-8") for language in ("en", "ko")
    )
    assert "not checked" not in english
    assert "못했습니다" not in korean
    assert "| float32" in english
    assert "They agree up to rounding" in english
    assert "두 결과는 매개변수의 꼴로" in korean


def test_a_set_is_refused_before_anything_is_written(process: Run, tmp_path: Path) -> None:
    outcome = process(
        "variants", ROOT / "exercises" / "xor.yaml", "--count", 3, "--out", tmp_path / "out",
        first=broken("shared library", tmp_path / "hook"),
    )  # fmt: skip
    assert (outcome.code, outcome.out) == (1, "")
    what, why, fix = outcome.err.splitlines()
    assert what.endswith("xor.yaml: error: the variants can't be checked against torch")
    assert why == f"  {BROKEN['shared library'][1]}; a key needs every source to have run"
    assert fix == f"  {MEND}"
    assert not (tmp_path / "out").exists()


def test_a_set_that_stands_is_kept_and_graded(process: Run, tmp_path: Path) -> None:
    """Making it again and checking it need torch; marking answers against its frozen key does not."""
    hook = broken("missing", tmp_path / "hook")
    made = process("variants", HOMEWORK, "--count", 3, "--out", tmp_path, "--format", "md", "--lang", "en")
    assert made.code == 0, made.err
    folder = tmp_path / "two-layer" / "variants"
    manifest = folder / "manifest.json"
    before = {name: (folder / name).read_bytes() for name in files_in(folder)}

    again = process("variants", "--from", manifest, "--out", tmp_path, first=hook)
    assert again.code == 1
    assert MEND in again.err
    assert {name: (folder / name).read_bytes() for name in files_in(folder)} == before

    checked = process("check", manifest, first=hook)
    assert checked.code == 1
    assert checked.err.count("the variants can't be checked against torch") == 1
    assert "is not verified" not in checked.err

    form = json.loads(manifest.read_text("utf-8"))["variants"][0]
    answers = tmp_path / "answers.csv"
    with answers.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["form", "loss"], [form["id"], form["answers"]["loss"]["decimal"]]])
    graded = process("grade", manifest, answers, "--out", tmp_path / "grades", first=hook)
    assert graded.code == 0, graded.err
    assert form["id"] in (tmp_path / "grades" / "grades.csv").read_text("utf-8")


def test_an_exercise_grades_nothing_without_torch(process: Run, tmp_path: Path) -> None:
    shutil.copy(HOMEWORK, tmp_path / "x.yaml")
    (tmp_path / "answers.csv").write_text("id,loss\n1,36\n", "utf-8")
    hook = broken("missing", tmp_path / "hook")
    outcome = process("grade", "x.yaml", "answers.csv", first=hook, cwd=tmp_path)
    assert outcome.code == 1
    assert "nothing is graded against a key that is not verified" in outcome.err
    assert MEND in outcome.err
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize("package", ["numpy", "typer", "sympy"])
def test_a_package_that_everything_needs(process: Run, tmp_path: Path, package: str) -> None:
    error = f"ModuleNotFoundError(\"No module named '{package}'\", name='{package}')"
    (tmp_path / "sitecustomize.py").write_text(REFUSES.format(package=package, error=error), "utf-8")
    outcome = process("check", HOMEWORK, first=tmp_path)
    assert (outcome.code, outcome.out) == (70, "")
    what, fix = outcome.err.splitlines()
    assert what == f"derive: a package that it needs does not load: No module named '{package}'"
    assert fix.startswith("  fix: install it again with all that it needs")
