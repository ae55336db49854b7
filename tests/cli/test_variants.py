"""`derive variants`: sets on the disk, from the first call to the last student who joins."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from derive.cli import sets

Run = Callable[..., Any]
ROOT = Path(__file__).parents[2]
HOMEWORK = ROOT / "exercises" / "two-layer.yaml"
QUICK = ("--format", "md", "--jobs", "1")


def content(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder, hidden ones included."""
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def manifest(folder: Path) -> Any:
    return json.loads((folder / "manifest.json").read_text("utf-8"))


def roster(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(["id,name", *lines]) + "\n", "utf-8")
    return path


def test_a_set(derive: Run, tmp_path: Path) -> None:
    outcome = derive(
        "variants", HOMEWORK, "--count", 3, "--seed", 7, "--name", "midterm", "--out", tmp_path,
        "--format", "pdf,md", "--lang", "en", "--yaml", "--bundle", "--jobs", 1,
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "two-layer" / "midterm"
    found = manifest(folder)
    ids = [variant["id"] for variant in found["variants"]]
    assert len(set(ids)) == 3
    pages = {
        f"{kind}/{one}.{extension}"
        for kind in ("handouts", "keys")
        for one in ids
        for extension in ("pdf", "md")
    }
    whole = {
        "manifest.json", "answers.csv", "SHA256SUMS", "contact-sheet.pdf", "contact-sheet.html",
        "keys.pdf", "handouts.pdf",
    }  # fmt: skip
    assert set(content(folder)) == pages | whole | {f"exercises/{one}.yaml" for one in ids}
    assert set(outcome.out.splitlines()) == {str(folder / name) for name in whole - {"SHA256SUMS"}}
    assert "drawn: 3; logit_gap rejected" in outcome.err
    for variant in found["variants"]:
        key = (folder / "keys" / f"{variant['id']}.md").read_text("utf-8")
        handout = (folder / "handouts" / f"{variant['id']}.md").read_text("utf-8")
        assert variant["id"] in key
        assert variant["id"] in handout
        assert "If you got this, you forgot the mask" in key
        assert "If you got this" not in handout


def test_the_answers_are_those_of_the_exercise_files(derive: Run, tmp_path: Path) -> None:
    """Each exercise file, checked by itself, gives what the table of answers says."""
    derive("variants", HOMEWORK, "--count", 2, "--out", tmp_path, "--yaml", *QUICK)
    folder = tmp_path / "two-layer" / "variants"
    with (folder / "answers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for path in sorted((folder / "exercises").glob("*.yaml")):
        checked = json.loads(derive("check", path, "--json").out)
        assert checked["verified"] is True
        mine = {
            (row["quantity"], row["index"]): row["decimal"] for row in rows if row["variant"] == path.stem
        }
        assert mine["loss", "[]"] == checked["loss"]["decimal"]
        for name in ("W_0", "W_1"):
            for i in range(2):
                for j in range(2):
                    assert mine[name, f"[{i},{j}]"] == checked["gradients"][name]["decimal"][i][j]
    assert len({row["variant"] for row in rows}) == 2


def test_the_same_again_and_another_seed(derive: Run, tmp_path: Path) -> None:
    for out, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert (
            derive("variants", HOMEWORK, "--count", 3, "--seed", seed, "--out", tmp_path / out, *QUICK).code
            == 0
        )
    first = content(tmp_path / "a")
    assert content(tmp_path / "b") == first
    assert derive("variants", HOMEWORK, "--count", 3, "--seed", 1, "--out", tmp_path / "a", *QUICK).code == 0
    assert content(tmp_path / "a") == first
    ids = [
        {variant["id"] for variant in manifest(tmp_path / out / "two-layer" / "variants")["variants"]}
        for out in "ac"
    ]
    assert not ids[0] & ids[1]


def test_students_come_and_nobody_elses_files_change(derive: Run, tmp_path: Path) -> None:
    names = ["20261001,홍길동", "20261002,Ada", "20261003,Gauss"]
    command = ("variants", HOMEWORK, "--seed", 7, "--name", "중간고사", "--out", tmp_path, *QUICK, "--roster")
    assert derive(*command, roster(tmp_path / "class.csv", *names)).code == 0
    folder = tmp_path / "two-layer" / "중간고사"
    before, standing = content(folder), manifest(folder)
    assert [variant["student"] for variant in standing["variants"]] == ["20261001", "20261002", "20261003"]
    assert standing["variants"][0]["fields"] == {"name": "홍길동"}
    names.insert(1, "20261099,Noether")
    assert derive(*command, roster(tmp_path / "class.csv", *names)).code == 0
    after, grown = content(folder), manifest(folder)
    pages = {name for name in before if name.startswith(("handouts/", "keys/"))}
    assert {name: after[name] for name in pages} == {name: before[name] for name in pages}
    assert grown["variants"][:3] == standing["variants"]
    assert grown["variants"][3]["student"] == "20261099"
    assert len(after) == len(before) + 2
    for name in ("answers.csv", "contact-sheet.html", "manifest.json"):
        assert after[name] != before[name]
    assert "20261099" in (folder / "answers.csv").read_text("utf-8")
    # Whoever leaves the list keeps a place in the set.
    assert derive(*command, roster(tmp_path / "class.csv", *names[2:])).code == 0
    assert content(folder) == after


def test_a_student_has_the_same_variant_in_any_company(derive: Run, tmp_path: Path) -> None:
    numbers = []
    for out, names in (("a", ["x,1", "y,2"]), ("b", ["z,3", "y,2"])):
        (tmp_path / out).mkdir()
        path = roster(tmp_path / out / "class.csv", *names)
        assert derive("variants", HOMEWORK, "--roster", path, "--out", tmp_path / out, *QUICK).code == 0
        variants = manifest(tmp_path / out / "two-layer" / "variants")["variants"]
        numbers.append(next(variant for variant in variants if variant["student"] == "y"))
    assert numbers[0] == numbers[1]


def test_nothing_is_overwritten_silently(derive: Run, tmp_path: Path) -> None:
    command = ("variants", HOMEWORK, "--out", tmp_path, *QUICK)
    assert derive(*command, "--seed", 1).code == 0
    before = content(tmp_path)
    refused = derive(*command, "--seed", 2)
    assert refused.code == 1
    assert "holds another set: it has the seed 1 instead of 2" in refused.err
    assert "--force" in refused.err
    other = tmp_path / "other.yaml"
    other.write_text(HOMEWORK.read_text("utf-8").replace("logit_gap: 1..6", "logit_gap: 1..5"), "utf-8")
    refused = derive("variants", other, "--out", tmp_path, *QUICK, "--seed", 1)
    assert refused.code == 1
    assert "another exercise (rules)" in refused.err
    other.unlink()
    assert content(tmp_path) == before
    assert derive(*command, "--seed", 2, "--force").code == 0
    after = content(tmp_path)
    assert len(after) == len(before)
    assert not {name for name in before if name.startswith("two-layer/variants/keys")} & set(after)


def test_pages_without_a_manifest_are_not_touched(derive: Run, tmp_path: Path) -> None:
    keys = tmp_path / "two-layer" / "variants" / "keys"
    keys.mkdir(parents=True)
    (keys / "mine.pdf").write_bytes(b"mine")
    refused = derive("variants", HOMEWORK, "--out", tmp_path, *QUICK)
    assert refused.code == 1
    assert "has keys, but no manifest" in refused.err
    assert content(tmp_path) == {"two-layer/variants/keys/mine.pdf": sha256(b"mine").hexdigest()}


def test_from_a_manifest(derive: Run, tmp_path: Path) -> None:
    derive("variants", HOMEWORK, "--count", 2, "--out", tmp_path / "a", "--yaml", *QUICK)
    first = tmp_path / "a" / "two-layer" / "variants"
    again = derive("variants", "--from", first / "manifest.json", "--out", tmp_path / "b", "--jobs", 1)
    assert again.code == 0, again.err
    assert "the same as before, byte for byte" in again.err
    assert content(tmp_path / "b") == content(tmp_path / "a")
    there = derive("variants", "--from", first / "manifest.json", "--out", tmp_path / "a", "--jobs", 1)
    assert there.code == 0, there.err
    assert content(tmp_path / "a") == content(tmp_path / "b")
    refused = derive("variants", "--from", first / "manifest.json", "--out", tmp_path / "b", "--jobs", 1)
    assert refused.code == 1
    assert "holds this set already" in refused.err


def forged(folder: Path, change: Callable[[Any], None]) -> None:
    """A manifest that was changed, with a hash that fits."""
    from derive.classroom.frozen import Frozen
    from derive.classroom.manifest import Head, write

    found = manifest(folder)
    change(found)
    del found["hash"]
    variants = [Frozen.model_validate(variant) for variant in found.pop("variants")]
    text = "".join(write(Head.model_validate(found), variants))
    (folder / "manifest.json").write_text(text, "utf-8")


def test_other_answers_are_said_exactly(derive: Run, tmp_path: Path) -> None:
    derive("variants", HOMEWORK, "--count", 2, "--out", tmp_path, *QUICK)
    folder = tmp_path / "two-layer" / "variants"

    def change(found: Any) -> None:
        found["variants"][1]["answers"]["W_1"]["decimal"][0][0] = "1.5"

    forged(folder, change)
    form_id = manifest(folder)["variants"][1]["id"]
    for command in (
        ("variants", "--from", folder / "manifest.json", "--out", tmp_path / "b", "--jobs", 1),
        ("check", folder / "manifest.json"),
    ):
        outcome = derive(*command)
        assert outcome.code == 1
        assert f"variant {form_id} has other answers now: W_1" in outcome.err
        assert "1.5" in outcome.err
    assert not (tmp_path / "b" / "two-layer" / "variants" / "manifest.json").exists()


def test_a_set_is_checked_anew(derive: Run, tmp_path: Path) -> None:
    derive("variants", HOMEWORK, "--count", 3, "--out", tmp_path, *QUICK)
    folder = tmp_path / "two-layer" / "variants"
    good = derive("check", folder / "manifest.json", "--json")
    assert good.code == 0
    assert json.loads(good.out) == {
        "manifest": str(folder / "manifest.json"), "variants": 3, "verified": True, "problems": [],
    }  # fmt: skip
    ids = [variant["id"] for variant in manifest(folder)["variants"]]

    def change(found: Any) -> None:
        first, second, third = found["variants"]
        turned = [[row[1], row[0]] for row in first["numbers"]["W_0"]]
        second |= {"numbers": first["numbers"] | {"W_0": turned, "W_1": first["numbers"]["W_1"][::-1]}}
        second |= {"difficulty": first["difficulty"], "answers": {}}
        third |= {"numbers": third["numbers"] | {"input": [["7", "1"]]}, "answers": {}}

    forged(folder, change)
    page = folder / "keys" / f"{ids[0]}.md"
    page.write_text("changed", "utf-8")
    (folder / "handouts" / f"{ids[1]}.md").unlink()
    bad = derive("check", folder / "manifest.json", "--json")
    assert bad.code == 1
    said = [problem["what"] for problem in json.loads(bad.out)["problems"]]
    assert f"variants {ids[0]} and {ids[1]} are the same up to the order of hidden units" in said
    assert f"variant {ids[2]} breaks the rule vary" in said
    assert f"keys/{ids[0]}.md was changed after it was written" in said
    assert f"handouts/{ids[1]}.md is missing" in said
    (folder / "manifest.json").write_text(
        (folder / "manifest.json").read_text("utf-8").replace('"seed": 1', '"seed": 2'), "utf-8"
    )
    assert "was changed after it was written" in derive("check", folder / "manifest.json").err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda variants: variants[1].update(id=variants[0]["id"]), "the form id {0} is there 2 times"),
        (lambda variants: variants[1].update(student="1"), "the student 1 is there 2 times"),
        (lambda variants: variants[0].update(difficulty=1), "variant {0} has the difficulty "),
        (lambda variants: variants[0]["numbers"].update(W_0=[["1"]]), "W_0"),
    ],
    ids=["two of one form", "two of one student", "another difficulty", "another shape"],
)
def test_a_forged_set_is_found_out(
    derive: Run, tmp_path: Path, change: Callable[[Any], None], said: str
) -> None:
    derive("variants", HOMEWORK, "--count", 2, "--out", tmp_path, *QUICK)
    folder = tmp_path / "two-layer" / "variants"
    first = manifest(folder)["variants"][0]["id"]
    forged(folder, lambda found: change(found["variants"]))
    outcome = derive("check", folder / "manifest.json")
    assert outcome.code == 1
    assert said.format(first) in outcome.err


HOSTILE = [
    '"../../escape"', "a/b", "..", '"=HYPERLINK(""http://x"",""y"")"', '"two\nlines"', "홍길동", "'x",
    '"say ""hi"""',
]  # fmt: skip


def test_hostile_ids_neither_leave_the_folder_nor_run(derive: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    path = roster(tmp_path / "class.csv", *(f"{one},$x$ **<b>{place}" for place, one in enumerate(HOSTILE)))
    outcome = derive("variants", HOMEWORK, "--roster", path, "--out", out, "--format", "md,html", "--jobs", 1)
    assert outcome.code == 0, outcome.err
    folder = out / "two-layer" / "variants"
    assert {entry.name for entry in tmp_path.iterdir()} == {"out", "class.csv"}
    assert [entry.name for entry in out.iterdir()] == ["two-layer"]
    ids = [variant["id"] for variant in manifest(folder)["variants"]]
    assert {entry.name for entry in (folder / "keys").iterdir()} == {
        f"{one}.{e}" for one in ids for e in ("md", "html")
    }
    with (folder / "answers.csv").open(encoding="utf-8", newline="") as file:
        students = {row["student"] for row in csv.DictReader(file)}
    assert not [one for one in students if one.startswith(("=", "+", "-", "@"))]
    assert '\'=HYPERLINK("http://x","y")' in students
    page = (folder / "handouts" / f"{ids[0]}.html").read_text("utf-8")
    assert "&lt;b&gt;0" in page
    assert "<b>0" not in page


@pytest.mark.parametrize(
    ("content_", "said"),
    [
        ("학번,이름\n1,홍길동\n".encode("cp949"), "CP949"),
        (b"", "the class list is empty"),
        (b"id,name\n1,a\n1,b\n", 'the id "1" stands on line 2 already'),
        (b"name\nx\n", 'there is no column "id"'),
    ],
)
def test_class_lists_that_are_refused(derive: Run, tmp_path: Path, content_: bytes, said: str) -> None:
    path = tmp_path / "class.csv"
    path.write_bytes(content_)
    outcome = derive("variants", HOMEWORK, "--roster", path, "--out", tmp_path / "out")
    assert outcome.code == 1
    assert said in outcome.err
    assert not (tmp_path / "out").exists()


def test_a_byte_order_mark_is_no_part_of_the_first_head(derive: Run, tmp_path: Path) -> None:
    path = tmp_path / "class.csv"
    path.write_bytes("id;name\n1;홍길동\n".encode("utf-8-sig"))
    assert derive("variants", HOMEWORK, "--roster", path, "--out", tmp_path, *QUICK).code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name an exercise file"),
        ((HOMEWORK, "--from", "manifest.json"), "name an exercise file"),
        ((HOMEWORK, "--count", "2", "--roster", "x.csv"), "the class list says how many"),
        ((HOMEWORK, "--name", "../x"), "letters, digits"),
        ((HOMEWORK, "--name", ""), "letters, digits"),
        ((HOMEWORK, "--bundle", "--format", "md"), "add pdf"),
        ((HOMEWORK, "--lang", "fr"), "unknown"),
        ((HOMEWORK, "--count", "0"), "--count"),
    ],
)
def test_wrong_usage(derive: Run, tmp_path: Path, arguments: tuple[Any, ...], said: str) -> None:
    outcome = derive("variants", *arguments, "--out", tmp_path)
    assert outcome.code == 2
    assert said in " ".join(outcome.err.replace("│", " ").split())
    assert not list(tmp_path.iterdir())


def exercise(tmp_path: Path, vary: str) -> Path:
    lines = [
        line for line in HOMEWORK.read_text("utf-8").splitlines() if not line.startswith("  weights: {from")
    ]
    text = "\n".join(lines)
    start, end = text.index("vary:"), text.index("rules:")
    path = tmp_path / "x.yaml"
    path.write_text(text[:start] + vary + text[end:], "utf-8")
    return path


def test_an_exercise_that_does_not_vary(derive: Run, tmp_path: Path) -> None:
    outcome = derive("variants", exercise(tmp_path, ""), "--out", tmp_path / "out")
    assert outcome.code == 1
    assert "doesn't say what varies" in outcome.err
    assert not (tmp_path / "out").exists()


def test_a_space_that_is_too_small_is_said_at_once(derive: Run, tmp_path: Path) -> None:
    path = exercise(tmp_path, "vary: {input: [1, 2, 3, 4]}\n")
    path.write_text(path.read_text("utf-8").replace("{logit_gap: 1..6", "{logit_gap: 1..60"), "utf-8")
    outcome = derive("variants", path, "--count", 1000, "--out", tmp_path / "out")
    assert outcome.code == 1
    assert "1,000 variants are asked for, but there are " in outcome.err
    assert " good ones" in outcome.err
    assert "rejected" in outcome.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("count", [24, pytest.param(200, marks=pytest.mark.slow)])
def test_kill_and_run_again(tmp_path: Path, count: int) -> None:
    """Kill -9 in the middle, twice; then the set is as one that nobody disturbed, made by one process."""
    command = [sys.executable, "-m", "derive", "variants", str(HOMEWORK), "--format", "md"]
    command += ["--count", str(count)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    folder = tmp_path / "cut" / "two-layer" / "variants"
    for jobs, least in (("2", count // 8), ("1", count // 2)):
        running = subprocess.Popen(
            [*command, "--out", str(tmp_path / "cut"), "--jobs", jobs], env=environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 240
        while len(list(folder.glob("keys/*.md"))) < least:
            assert running.poll() is None, "it was done before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
        assert not (folder / "manifest.json").exists()
        for page in folder.glob("*/[!.]*"):
            assert page.read_text("utf-8").endswith("\n")
    for out in ("cut", "whole"):
        finished = [*command, "--out", str(tmp_path / out), "--jobs", "1", "--quiet"]
        subprocess.run(finished, env=environment, check=True)
    assert content(tmp_path / "cut") == content(tmp_path / "whole")


def test_another_set_does_not_go_on_with_a_journal(
    derive: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted before its manifest was there, a set is still a set."""

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sets.SetFolder, "write_manifest", stop)
        stopped = derive("variants", HOMEWORK, "--out", tmp_path, *QUICK)
    assert stopped.code == 130
    assert "the same command goes on from here" in stopped.err
    refused = derive("variants", HOMEWORK, "--seed", 2, "--out", tmp_path, *QUICK)
    assert refused.code == 1
    assert "holds another set" in refused.err
    assert derive("variants", HOMEWORK, "--out", tmp_path, *QUICK).code == 0
    assert not list(tmp_path.rglob(".journal"))


def test_other_pages_of_the_same_set(derive: Run, tmp_path: Path) -> None:
    """Another language is no other set: numbers stay, pages are made anew, and it is said."""
    command = ("variants", HOMEWORK, "--out", tmp_path, *QUICK, "--lang")
    derive(*command, "ko")
    folder = tmp_path / "two-layer" / "variants"
    (before,) = manifest(folder)["variants"]
    outcome = derive(*command, "ko,en")
    assert outcome.code == 0
    assert "the pages are made anew" in outcome.err
    (after,) = manifest(folder)["variants"]
    assert after == before
    pages = {path.name for path in (folder / "keys").iterdir()}
    assert pages == {f"{before['id']}.{language}.md" for language in ("ko", "en")}


def test_a_full_disk_leaves_what_is_done(
    derive: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from derive import files
    from derive.errors import Problem, ProblemError

    whole = files.write
    count = 0

    def full(path: Path, data: bytes) -> None:
        nonlocal count
        count += 1
        if count == 4:
            raise ProblemError(
                [Problem(str(path), None, None, f"{path} can't be written", "No space left on device")]
            )
        whole(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(files, "write", full)
        stopped = derive("variants", HOMEWORK, "--count", 3, "--out", tmp_path, *QUICK)
    assert stopped.code == 1
    assert "No space left on device" in stopped.err
    folder = tmp_path / "two-layer" / "variants"
    assert len(list(folder.glob("*/[!.]*.md"))) == 3
    assert not (folder / "manifest.json").exists()
    assert derive("variants", HOMEWORK, "--count", 3, "--out", tmp_path, *QUICK).code == 0
    derive("variants", HOMEWORK, "--count", 3, "--out", tmp_path / "whole", *QUICK)
    assert content(folder) == content(tmp_path / "whole" / "two-layer" / "variants")


def test_progress_in_plain_lines(derive: Run, tmp_path: Path) -> None:
    outcome = derive("variants", HOMEWORK, "--count", 2, "--out", tmp_path, *QUICK)
    assert "drawing: 2 of 2 (" in outcome.err
    assert "writing: 2 of 2 (" in outcome.err
    quiet = derive("variants", HOMEWORK, "--count", 2, "--out", tmp_path / "q", *QUICK, "--quiet")
    assert quiet.err == ""
