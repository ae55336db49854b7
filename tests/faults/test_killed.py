"""kill -9 at any moment: nothing stands half written under a final name, and the next run completes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="runs are forked")
ROOT = Path(__file__).parents[2]
FEW, SOME, MANY = 2, 8, 50
HOMEWORK = "exercises/two-layer.yaml"
REPORT = (
    "report", HOMEWORK, "--out", "{out}", "--lang", "ko", "--format", "html,tex,ipynb,md,json,moodle",
    "--quiet",
)  # fmt: skip
VARIANTS = (
    "variants", HOMEWORK, "--out", "{out}", "--count", "4", "--format", "md,tex", "--yaml", "--jobs", "1",
    "--quiet",
)  # fmt: skip


def killed(folder: Path, count: int, command: tuple[str, ...]) -> dict[str, Any]:
    """What `tests.faults.warm` found; every run of it was made."""
    call = [sys.executable, "-m", "tests.faults.warm", str(folder), str(count), "1", *command]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert len(found["runs"]) == count
    return found


def assert_whole(found: dict[str, Any], under_way: tuple[str, ...] = ()) -> None:
    """Of what stands after a kill every file is as an undisturbed run writes it; the next adds the rest."""
    assert found["whole"]
    for run in found["runs"]:
        for name, digest in run["after"].items():
            if name in found["whole"]:
                assert digest == found["whole"][name], name
            else:
                assert Path(name).name.startswith(".")
                assert name.endswith((".part", *under_way)), name
        assert run["code"] == 0
        assert run["end"] == found["whole"]
    torn = [run for run in found["runs"][1::2] if run["after"] and run["after"] != run["end"]]
    assert 4 * len(torn) >= len(found["runs"])  # half of those that were killed while writing


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A set of four, and right answers of all of them."""
    folder = tmp_path_factory.mktemp("set")
    command = [part.replace("{out}", str(folder)) for part in VARIANTS]
    subprocess.run([sys.executable, "-m", "derive", *command], cwd=ROOT, check=True, capture_output=True)
    made = folder / "two-layer" / "variants"
    rows = (made / "answers.csv").read_text("utf-8").splitlines()
    named = [line.split(",") for line in rows]
    columns = [named[0].index(name) for name in ("variant", "quantity", "index", "decimal")]
    table = folder / "handed-in.csv"
    lines = [",".join(line[column] for column in columns) for line in named[1:]]
    table.write_text("\n".join(["student,quantity,index,value", *lines]) + "\n", "utf-8")
    return made, table


COUNTS = pytest.mark.parametrize(
    "count", [pytest.param(SOME, marks=pytest.mark.slow), pytest.param(MANY, marks=pytest.mark.campaign)]
)


def test_a_few(tmp_path: Path) -> None:
    assert_whole(killed(tmp_path, FEW, REPORT))


@COUNTS
def test_report(tmp_path: Path, count: int) -> None:
    assert_whole(killed(tmp_path, count, REPORT))


@COUNTS
def test_variants(tmp_path: Path, count: int) -> None:
    assert_whole(killed(tmp_path, count, VARIANTS), under_way=(".journal",))


@COUNTS
def test_grade(tmp_path: Path, answers: tuple[Path, Path], count: int) -> None:
    options = ("--out", "{out}", "--format", "csv,html,md", "--jobs", "1", "--quiet")
    assert_whole(killed(tmp_path, count, ("grade", *map(str, answers), *options)))
