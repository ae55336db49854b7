"""The files around the program: what is pinned, what the Makefile offers, what the wheel holds."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
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
    assert f"\n## [{derive.__version__}] - 2" in (ROOT / "CHANGELOG.md").read_text("utf-8")


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_lists_its_targets() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("  make ")}
    assert {"help", "setup", "report", "check", "test", "lint", "bench", "schema", "docs", "clean"} <= listed


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel and the sdist, built from a clean clone; from the files themselves where there is no git."""
    source = ROOT
    if (ROOT / ".git").exists() and shutil.which("git"):
        source = tmp_path_factory.mktemp("clone") / "derive"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(source)], check=True)
    dist = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "--directory", str(dist)]
    subprocess.run(build, cwd=source, check=True, capture_output=True)
    (wheel,), (sdist,) = dist.glob("derive_worksheets-*.whl"), dist.glob("derive_worksheets-*.tar.gz")
    return wheel, sdist


@pytest.fixture(scope="module")
def installed(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of an empty environment that the wheel was put into."""
    folder = tmp_path_factory.mktemp("env")
    venv.create(folder, with_pip=False)
    commands = folder / ("Scripts" if os.name == "nt" else "bin")
    python = commands / ("python.exe" if os.name == "nt" else "python")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--python", str(python)]
    subprocess.run([*pip, "install", "--no-index", "--no-deps", str(built[0])], check=True)
    # The packages that it needs are those of this environment; downloading them again would prove no more.
    (site,) = folder.glob("**/site-packages")
    (site / "needed.pth").write_text(next(one for one in sys.path if one.endswith("site-packages")), "utf-8")
    return commands


def ran(command: list[str], cwd: Path) -> str:
    """What a command prints that knows nothing of this checkout."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
def test_the_wheel_holds_the_program_alone(built: tuple[Path, Path]) -> None:
    names = zipfile.ZipFile(built[0]).namelist()
    assert {"derive/templates/style.css", "derive/exercises/two-layer.yaml", "derive/py.typed"} <= set(names)
    assert not [name for name in names if name.startswith(("tests/", "reports/", "docs/"))]


@pytest.mark.slow
def test_the_wheel_works_from_any_folder(installed: Path, tmp_path: Path) -> None:
    """Every command, in an empty environment and a folder that knows nothing of this checkout."""
    found = ran([str(installed / "python"), "-c", "import derive; print(derive.__file__)"], tmp_path)
    assert Path(found.strip()).is_relative_to(installed.parent)
    derive_ = str(installed / "derive")
    assert ran([derive_, "--version"], tmp_path) == f"derive {derive.__version__}\n"
    ran([derive_, "new", "x"], tmp_path)
    pages = ran([derive_, "report", "x.yaml"], tmp_path).split()
    kinds = {Path(page).suffix for page in pages}
    assert kinds == {".html", ".tex", ".pdf", ".ipynb", ".md", ".json"}
    assert all((tmp_path / page).stat().st_size for page in pages)
    assert (tmp_path / "reports" / "x" / "key.ko.pdf").read_bytes().startswith(b"%PDF")
    ran([derive_, "variants", "x.yaml", "--count", "2"], tmp_path)
    folder = Path("reports", "x", "variants")
    variant = json.loads((tmp_path / folder / "manifest.json").read_text("utf-8"))["variants"][0]
    loss = variant["answers"]["loss"]["decimal"]
    (tmp_path / "answers.csv").write_text(f"form,loss\n{variant['id']},{loss}\n", "utf-8")
    ran([derive_, "grade", str(folder / "manifest.json"), "answers.csv"], tmp_path)
    assert variant["id"] in (tmp_path / folder / "grades" / "grades.csv").read_text("utf-8")


@pytest.mark.slow
def test_the_sdist_can_be_tested(built: tuple[Path, Path], tmp_path: Path) -> None:
    """All tests are collected from what was unpacked; those of the project itself pass there."""
    with tarfile.open(built[1]) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    pytest_ = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    here, there = (
        ran([*pytest_, "--collect-only", "-m", ""], folder).count("::") for folder in (ROOT, source)
    )
    assert here == there > 1000
    passed = ran([*pytest_, "tests/test_project.py", "tests/test_architecture.py", "-rA"], source)
    assert "test_one_version_everywhere" in passed
    which = "import derive; print(derive.__file__)"
    assert Path(ran([sys.executable, "-c", which], source).strip()).is_relative_to(source)
