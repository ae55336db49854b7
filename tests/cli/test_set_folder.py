"""What stands in the folder of a set already grows, is replaced, or is left alone; nothing goes stale."""

import json
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from derive.classroom import manifest
from derive.cli.sets import SetFolder

Run = Callable[..., Any]
HOMEWORK = Path(__file__).parents[2] / "exercises" / "two-layer.yaml"
QUICK = ("--format", "md", "--lang", "en", "--jobs", 1, "--name", "a", "--seed", 7)


def folder_of(tmp_path: Path) -> Path:
    return tmp_path / "two-layer" / "a"


def class_list(path: Path, *students: str) -> Path:
    path.write_text("\n".join(["id,name", *students]) + "\n", encoding="utf-8")
    return path


def homework(folder: Path, varying: str, weight: str = "1") -> Path:
    """The homework, with another first weight, other things that vary, and no rules."""
    text = HOMEWORK.read_text("utf-8").replace("weights: [[1,", f"weights: [[{weight},")
    path = folder / HOMEWORK.name
    before, after = text.index("\nvary:"), text.index("\npoints:")
    path.write_text(f"{text[:before]}\nvary: {varying}\n{text[after:]}", encoding="utf-8")
    return path


def journal_of(folder: Path, **pages: list[str]) -> None:
    """Turn a finished set into one whose making was interrupted at the very end."""
    text = (folder / "manifest.json").read_text("utf-8")
    head = manifest.read(text, "m").head
    head = head.model_copy(update={"pages": head.pages.model_copy(update=pages)})
    lines = [json.dumps(head.model_dump())]
    lines += [json.dumps({"variant": one, "digests": {}}) for one in json.loads(text)["variants"]]
    (folder / ".journal").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_bundles_grow_with_the_class(derive: Run, tmp_path: Path) -> None:
    pdf = ("--format", "pdf", *QUICK[2:])
    first, longer = class_list(tmp_path / "1.csv", "1,A"), class_list(tmp_path / "2.csv", "1,A", "2,B")
    assert derive("variants", HOMEWORK, "--roster", first, "--out", tmp_path, "--bundle", *pdf).code == 0
    before = len(pikepdf.open(folder_of(tmp_path) / "handouts.pdf").pages)
    assert derive("variants", HOMEWORK, "--roster", longer, "--out", tmp_path, *pdf).code == 0
    assert len(pikepdf.open(folder_of(tmp_path) / "handouts.pdf").pages) == 2 * before


def test_check_looks_at_what_is_made_of_all(derive: Run, tmp_path: Path) -> None:
    pdf = ("--format", "pdf", *QUICK[2:], "--count", 2)
    assert derive("variants", HOMEWORK, "--out", tmp_path, "--bundle", *pdf).code == 0
    folder = folder_of(tmp_path)
    standing, keys = folder / "manifest.json", folder / "keys.pdf"
    assert derive("check", standing).code == 0
    keys.write_bytes(keys.read_bytes() + b"\n")
    (folder / "contact-sheet.html").unlink()
    found = derive("check", standing)
    assert found.code == 1
    assert "keys.pdf was changed after it was written" in found.err
    assert "contact-sheet.html is missing" in found.err
    page = next((folder / "keys").iterdir())
    page.write_bytes(b"")
    broken = derive("variants", HOMEWORK, "--out", tmp_path, *pdf)
    assert broken.code == 1
    assert f"keys/{page.name} is no PDF any more" in broken.err
    page.unlink()
    assert derive("variants", HOMEWORK, "--out", tmp_path, *pdf).code == 0
    assert derive("check", standing).code == 0


def test_letters_that_no_font_has_stop_no_set(derive: Run, tmp_path: Path) -> None:
    roster = class_list(tmp_path / "class.csv", "1,刘洋", "\U0001f600,김민수")
    made = derive(
        "variants", HOMEWORK, "--roster", roster, "--out", tmp_path, *QUICK[2:], "--format", "pdf,md"
    )
    assert made.code == 0, made.err
    assert "no font of the pages has 刘 \U0001f600: 〓 is printed" in made.err
    sheet = (folder_of(tmp_path) / "contact-sheet.html").read_text("utf-8")
    assert "1 〓洋" in sheet
    assert "〓 김민수" in sheet


def test_another_format_is_added_to_those_that_stand(derive: Run, tmp_path: Path) -> None:
    def made(*more: Any) -> dict[str, int]:
        outcome = derive("variants", HOMEWORK, "--out", tmp_path, "--count", 2, *QUICK[2:], *more)
        assert outcome.code == 0, outcome.err
        assert "made anew" not in outcome.err
        pages = [path for name in ("keys", "exercises") for path in (folder_of(tmp_path) / name).glob("*")]
        return {path.name: path.stat().st_mtime_ns for path in pages}

    first = made("--format", "md", "--yaml")
    both = made("--format", "tex")
    assert sorted(name.partition(".")[2] for name in both) == ["md", "md", "tex", "tex", "yaml", "yaml"]
    assert first.items() <= both.items()
    assert made("--format", "md") == both
    assert derive("check", folder_of(tmp_path) / "manifest.json").code == 0


def test_what_was_made_in_another_language_goes(derive: Run, tmp_path: Path) -> None:
    assert derive("variants", HOMEWORK, "--out", tmp_path, *QUICK, "--lang", "ko,en").code == 0
    keys = folder_of(tmp_path) / "keys"
    (keys / "my-notes.txt").write_text("mine")
    (keys / ".ipynb_checkpoints").mkdir()
    assert derive("variants", HOMEWORK, "--out", tmp_path, *QUICK).code == 0
    names = {path.name for path in folder_of(tmp_path).iterdir()}
    assert {name for name in names if name.startswith("contact")} == {
        "contact-sheet.pdf",
        "contact-sheet.html",
    }
    assert sorted(path.name.partition(".")[2] for path in keys.iterdir()) == [
        "ipynb_checkpoints",
        "md",
        "txt",
    ]


def test_force_removes_nothing_before_there_is_something_better(derive: Run, tmp_path: Path) -> None:
    assert derive("variants", HOMEWORK, "--out", tmp_path, *QUICK).code == 0
    before = {path: path.read_bytes() for path in folder_of(tmp_path).rglob("*") if path.is_file()}
    impossible = homework(tmp_path, "{input: 1..1}")
    refused = derive("variants", impossible, "--count", 9, "--out", tmp_path, *QUICK, "--force")
    assert refused.code == 1
    assert {path: path.read_bytes() for path in folder_of(tmp_path).rglob("*") if path.is_file()} == before


def test_the_numbers_of_a_graded_notebook_are_those_of_the_set(derive: Run, tmp_path: Path) -> None:
    first, longer = class_list(tmp_path / "1.csv", "1,A"), class_list(tmp_path / "2.csv", "1,A", "2,B")
    made = derive("variants", HOMEWORK, "--roster", first, "--out", tmp_path, *QUICK, "--nbgrader")
    assert made.code == 0, made.err
    source = folder_of(tmp_path) / "nbgrader" / "source" / "a"
    few = (source / "numbers.json").read_bytes()
    (source / "a.ipynb").write_text("worked on")
    assert derive("variants", HOMEWORK, "--roster", longer, "--out", tmp_path, *QUICK).code == 0
    assert (source / "numbers.json").read_bytes() != few
    assert (source / "a.ipynb").read_text() == "worked on"
    other = (*QUICK[:-1], 8)
    assert derive("variants", HOMEWORK, "--roster", longer, "--out", tmp_path, *other, "--force").code == 0
    assert not list(source.iterdir())


def test_an_interrupted_change_of_language_leaves_no_page_of_it(derive: Run, tmp_path: Path) -> None:
    assert derive("variants", HOMEWORK, "--out", tmp_path, *QUICK).code == 0
    key = next((folder_of(tmp_path) / "keys").iterdir())
    before = key.read_bytes()
    journal_of(folder_of(tmp_path), languages=["ko"])
    key.write_text("한국어")
    assert derive("variants", HOMEWORK, "--out", tmp_path, *QUICK).code == 0
    assert key.read_bytes() == before


def test_a_page_that_a_killed_change_of_language_wrote_has_its_own_checksum(
    derive: Run, tmp_path: Path
) -> None:
    korean = (*QUICK, "--lang", "ko")
    assert derive("variants", HOMEWORK, "--out", tmp_path / "ko", *korean).code == 0
    assert derive("variants", HOMEWORK, "--out", tmp_path, *QUICK).code == 0
    folder = folder_of(tmp_path)
    key = next((folder / "keys").iterdir())
    journal_of(folder, languages=["ko"])
    SetFolder(folder).clear_pages()
    key.write_bytes((folder_of(tmp_path / "ko") / "keys" / key.name).read_bytes())
    before = key.stat().st_mtime_ns
    assert derive("variants", HOMEWORK, "--out", tmp_path, *korean).code == 0
    assert key.stat().st_mtime_ns == before  # what is done is not done again
    assert derive("check", folder / "manifest.json").code == 0


def test_what_an_interrupted_run_made_of_other_numbers_is_made_anew(derive: Run, tmp_path: Path) -> None:
    one, other = class_list(tmp_path / "1.csv", "1,A", "2,B"), class_list(tmp_path / "2.csv", "1,New", "2,B")
    assert derive("variants", HOMEWORK, "--roster", other, "--out", tmp_path / "whole", *QUICK).code == 0
    assert derive("variants", HOMEWORK, "--roster", one, "--out", tmp_path, *QUICK).code == 0
    folder = folder_of(tmp_path)
    journal_of(folder)
    (folder / "manifest.json").unlink()
    again = derive("variants", HOMEWORK, "--roster", other, "--out", tmp_path, *QUICK)
    assert again.code == 0, again.err
    whole = folder_of(tmp_path / "whole")
    for path in whole.rglob("*"):
        if path.is_file():
            assert (folder / path.relative_to(whole)).read_bytes() == path.read_bytes(), path.name


def test_templates_of_a_frozen_set(derive: Run, tmp_path: Path) -> None:
    templates = tmp_path / "mine"
    templates.mkdir()
    (templates / "style.css").write_text("body { color: black }")
    html = ("--format", "html", *QUICK[2:])
    assert derive("variants", HOMEWORK, "--out", tmp_path, *html, "--templates", templates).code == 0
    standing = folder_of(tmp_path) / "manifest.json"
    refused = derive("variants", "--from", standing, "--out", tmp_path / "again")
    assert refused.code == 1
    assert "name their folder with --templates" in refused.err
    first = manifest.read(standing.read_text("utf-8"), "m").pages.templates
    (templates / "style.css").write_text("body { color: navy }")
    changed = derive("variants", HOMEWORK, "--out", tmp_path, *html, "--templates", templates)
    assert "made anew" in changed.err
    second = manifest.read(standing.read_text("utf-8"), "m").pages.templates
    assert second != first
    (templates / "style.css").write_text("body { color: black }")
    assert derive("variants", "--from", standing, "--out", tmp_path, "--templates", templates).code == 0
    assert manifest.read(standing.read_text("utf-8"), "m").pages.templates == first


def test_students_who_left_or_have_another_name_are_told_of(derive: Run, tmp_path: Path) -> None:
    one = class_list(tmp_path / "1.csv", "1,A", "2,B")
    assert derive("variants", HOMEWORK, "--roster", one, "--out", tmp_path, *QUICK).code == 0
    other = class_list(tmp_path / "2.csv", "2,Other")
    told = derive("variants", HOMEWORK, "--roster", other, "--out", tmp_path, *QUICK)
    assert "no longer in the class list, but kept in the set as before: '1'" in told.err
    assert "other columns in the class list, but kept in the set as before: '2'" in told.err


@pytest.mark.parametrize("weight", ["0.82345678901234567", "0.82345678901234567890", "1e300"])
def test_numbers_that_are_too_long_are_said(derive: Run, tmp_path: Path, weight: str) -> None:
    file = homework(tmp_path, "{input: 1..9}", weight)
    refused = derive("variants", file, "--out", tmp_path, *QUICK)
    assert refused.code == 1
    assert "fewer decimals" in refused.err, refused.err


def test_what_a_manifest_says_is_refused_beside_it(derive: Run, tmp_path: Path) -> None:
    assert derive("variants", HOMEWORK, "--out", tmp_path, *QUICK).code == 0
    standing = folder_of(tmp_path) / "manifest.json"
    refused = derive("variants", "--from", standing, "--out", tmp_path / "again", "--lang", "ko")
    assert refused.code == 2
    assert "--lang" in refused.err
    assert not (tmp_path / "again").exists()


def test_check_looks_at_every_page_and_at_the_answers(derive: Run, tmp_path: Path) -> None:
    assert derive("variants", HOMEWORK, "--out", tmp_path, *QUICK).code == 0
    folder = folder_of(tmp_path)
    standing, sums, answers = folder / "manifest.json", folder / "SHA256SUMS", folder / "answers.csv"
    table = answers.read_text("utf-8")
    answers.write_text(table[: table.rindex("\n", 0, -1) + 1], encoding="utf-8")
    assert "answers.csv was changed after it was written" in derive("check", standing).err
    before = sums.read_text("utf-8")
    found = sha256(answers.read_bytes()).hexdigest()
    sums.write_text(re.sub(r"\w+(?=  answers)", found, before), "utf-8")
    assert "answers.csv has other answers than the manifest" in derive("check", standing).err
    answers.unlink()
    assert "answers.csv is missing" in derive("check", standing).err
    assert derive("variants", HOMEWORK, "--out", tmp_path, *QUICK).code == 0
    assert derive("check", standing).code == 0
    key = next((folder / "keys").iterdir())
    key.write_text("garbage")
    assert f"keys/{key.name} was changed after it was written" in derive("check", standing).err
    again = derive("variants", HOMEWORK, "--out", tmp_path, *QUICK)
    assert f"a page was changed after being written: keys/{key.name}" in again.err
    (folder / "keys/AAA-BBBB.md").touch()
    assert "keys/AAA-BBBB.md is no page of the set" in derive("check", standing).err
    (folder / "keys/AAA-BBBB.md").unlink()
    sums.unlink()
    unknown = derive("check", standing)
    assert unknown.code == 1
    assert f"keys/{key.name} is not in SHA256SUMS" in unknown.err
    alone = tmp_path / "alone" / "manifest.json"
    alone.parent.mkdir()
    alone.write_bytes(standing.read_bytes())
    assert "there are no pages beside it" in derive("check", alone).err
