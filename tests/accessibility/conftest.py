"""Every kind of page that the program writes, made once by the program itself."""

import csv
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOMEWORK = ROOT / "exercises/two-layer.yaml"
ASKED = ("pre_activation_0", "output_0", "pre_activation_1", "output_1", "loss", "W_1", "W_0")


def derive(*arguments: object) -> None:
    subprocess.run([sys.executable, "-m", "derive", *map(str, arguments), "--quiet"], cwd=ROOT, check=True)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """All files by their paths: a report, a set for two students with all that belongs to it, grades."""
    folder = tmp_path_factory.mktemp("written")
    roster = folder / "class.csv"
    roster.write_text("id,name\n2024-001,김하나\n2024-002,Lee & Sons\n", "utf-8")
    derive("report", HOMEWORK, "--out", folder / "report", "--format", "html,pdf", "--lang", "ko,en")
    derive(
        "variants", HOMEWORK, "--roster", roster, "--name", "midterm", "--out", folder, "--lang", "ko,en",
        "--format", "pdf,html,moodle,canvas", "--bundle", "--jobs", 1,
    )  # fmt: skip
    made = folder / "two-layer/midterm"
    answers = folder / "answers.csv"
    answers.write_text("".join(_answers(made / "answers.csv")), "utf-8")
    for language in ("ko", "en"):
        out = folder / f"grades.{language}"
        derive("grade", made, answers, "--lang", language, "--format", "html,pdf", "--out", out)
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".pdf", ".html", ".xml", ".zip")
    }


def _answers(table: Path) -> Iterator[str]:
    """What two students hand in: the first has a usual mistake, a wrong number and one that can't be read."""
    yield "student,quantity,index,value\n"
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["quantity"] in ASKED:
                own = {"[0,0]": "7", "[0,1]": "x"} if row["student"] == "2024-001" else {}
                value = own.get(row["index"], "") if row["quantity"] == "W_0" else ""
                yield f'{row["student"]},{row["quantity"]},"{row["index"]}",{value or row["decimal"][:9]}\n'
