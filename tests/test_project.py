"""The files around the program: what is pinned, what the Makefile offers, what the wheel holds."""

import os
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib.metadata import version
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import derive

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PINS = [
    Requirement(line)
    for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


def canonical(name: str) -> str:
    return name.lower().replace("_", "-")


def test_every_pin_is_one_version() -> None:
    assert all(str(pin.specifier).startswith("==") and "*" not in str(pin.specifier) for pin in PINS)
    assert len({canonical(pin.name) for pin in PINS}) == len(PINS)


def test_pins_meet_the_ranges() -> None:
    pinned = {canonical(pin.name): str(pin.specifier).removeprefix("==") for pin in PINS}
    ranges = [*PROJECT["dependencies"], *chain.from_iterable(PROJECT["optional-dependencies"].values())]
    for wanted in map(Requirement, ranges):
        assert wanted.specifier.contains(pinned[canonical(wanted.name)]), wanted


def test_the_tests_run_with_what_is_pinned() -> None:
    installed = {canonical(pin.name): version(pin.name).split("+")[0] for pin in PINS}
    assert installed == {canonical(pin.name): str(pin.specifier).removeprefix("==") for pin in PINS}


def test_one_version_everywhere() -> None:
    assert f"version: {derive.__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_lists_its_targets() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("  make ")}
    assert {"help", "setup", "report", "check", "test", "lint", "bench", "schema", "docs", "clean"} <= listed


@pytest.mark.slow
def test_the_wheel_works_from_any_folder(tmp_path: Path) -> None:
    """Built, put into an empty environment, and used from a folder that knows nothing of this checkout."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    build = [*pip, "wheel", "--no-deps", "--wheel-dir", str(tmp_path / "dist"), str(ROOT)]
    subprocess.run(build, check=True)
    (wheel,) = (tmp_path / "dist").glob("derive_worksheets-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"derive/templates/style.css", "derive/exercises/two-layer.yaml"} <= set(names)
    assert not [name for name in names if name.startswith(("tests/", "reports/"))]
    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    subprocess.run([*pip, "--python", str(python), "install", "--no-deps", str(wheel)], check=True)
    # The packages that it needs are those of this environment; downloading them again would prove no more.
    (site,) = (tmp_path / "env").glob("**/site-packages")
    (site / "needed.pth").write_text(
        next(path for path in sys.path if path.endswith("site-packages")), "utf-8"
    )
    work = tmp_path / "work"
    work.mkdir()
    command = python.with_name("derive")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    for arguments in (
        ["new", "x", "--like", "mazur"],
        ["report", "x.yaml", "--lang", "ko", "--format", "html,pdf"],
    ):
        subprocess.run([str(command), *arguments], cwd=work, env=environment, check=True)
    assert (work / "reports" / "x" / "key.ko.pdf").read_bytes().startswith(b"%PDF")
    found = subprocess.run(
        [str(python), "-c", "import derive; print(derive.__file__)"],
        cwd=work, env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert Path(found.stdout.strip()).is_relative_to(tmp_path)
