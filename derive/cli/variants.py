"""`derive variants`: new numbers for one exam question, or for every student of a class."""

import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from derive.cli.options import Digits, Quiet, Verbose, chosen
from derive.cli.say import Voice, show_path

if TYPE_CHECKING:
    from derive.classroom.frozen import Frozen
    from derive.classroom.manifest import Head, Manifest
    from derive.cli.making import Seat
    from derive.cli.press import Order
    from derive.cli.sets import Journal, SetFolder
    from derive.exercise.model import Exercise

INTERRUPTED = 130
LONGEST_NAME = 64


@dataclass(frozen=True)
class Wish:
    """What the command line asks for.

    Attributes:
        order: What is made of each variant; its folder, file and text are those of the set.
        name, seed: Of the set.
        seats: Who gets a variant.
        roster: Whether there is a class list.
        bundle: Whether all keys and all handouts are made one file each.
        force: Whether what stands in the way is removed.
        jobs: Processes.
    """

    order: "Order"
    name: str
    seed: int
    seats: Sequence["Seat"]
    roster: bool
    bundle: bool
    force: bool
    jobs: int


def variants(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Exercise file; it says what varies.")
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, max=100_000, help="How many variants.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed gives another set.")] = 1,
    name: Annotated[str, typer.Option(help="Of the set; names its folder.")] = "variants",
    roster: Annotated[
        Path | None, typer.Option(help="Class list: CSV with a column id; every student gets a variant.")
    ] = None,
    again: Annotated[
        Path | None, typer.Option("--from", help="A manifest whose set is made again, from its own numbers.")
    ] = None,
    lang: Annotated[str, typer.Option(help="ko, en, or both.")] = "ko",
    formats: Annotated[str, typer.Option("--format", help="Of handouts and keys; any, with commas.")] = "pdf",
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("reports"),
    paper: Annotated[Literal["a4", "letter"], typer.Option(help="Size of the page.")] = "a4",
    bundle: Annotated[
        bool, typer.Option("--bundle", help="Also one PDF of all keys, and one of all handouts.")
    ] = False,
    yaml: Annotated[bool, typer.Option("--yaml", help="Also an exercise file for each variant.")] = False,
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0 for one for each core.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace a set of other content.")] = False,
    digits: Digits = 40,
    templates: Annotated[
        Path | None, typer.Option(help="A folder of your own templates, which go first.")
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Draw good variants of an exercise, and write a verified key and a handout for each.

    An interrupted call is finished by the same call. With a longer class list, newcomers get variants and
    nobody else's change.
    """
    from derive.cli.press import Order
    from derive.render import FORMATS
    from derive.render.page import LANGUAGES

    voice = Voice(quiet, verbose)
    order = Order(
        file="",
        text="",
        folder=out,
        languages=chosen(lang, LANGUAGES, "--lang"),
        formats=chosen(formats, FORMATS, "--format"),
        paper=paper,
        digits=digits,
        templates=templates,
        exercises=yaml,
    )
    if (file is None) == (again is None):
        raise typer.BadParameter("name an exercise file, or a manifest with --from", param_hint="FILE")
    if roster is not None and count is not None:
        raise typer.BadParameter("the class list says how many there are", param_hint="--count")
    jobs = jobs or os.cpu_count() or 1
    try:
        if again is not None:
            _again(again, order, bundle, force, jobs, voice)
        else:
            assert file is not None
            seats = _seats(roster, count or 1)
            wish = Wish(order, _checked(name), seed, seats, roster is not None, bundle, force, jobs)
            _draw(file, wish, voice)
    except KeyboardInterrupt:
        voice.tell("interrupted; the same command goes on from here")
        raise typer.Exit(INTERRUPTED) from None


def _checked(name: str) -> str:
    """The name of a set, which names a folder: letters of any script, digits, _ and -."""
    name = unicodedata.normalize("NFC", name)
    if not re.fullmatch(rf"\w[\w-]{{0,{LONGEST_NAME - 1}}}", name):
        what = f"letters, digits, _ and -, at most {LONGEST_NAME} of them; it names the folder of the set"
        raise typer.BadParameter(what, param_hint="--name")
    return name


def _seats(roster: Path | None, count: int) -> list["Seat"]:
    from derive import files
    from derive.classroom import roster as lists
    from derive.cli.making import Seat

    if roster is None:
        return [Seat(str(number)) for number in range(1, count + 1)]
    students = lists.parse(files.read_text(roster), str(roster))
    return [Seat(student.id, student.fields) for student in students]


def _draw(file: Path, wish: Wish, voice: Voice) -> None:
    """Draw a set, or go on with one that stands already."""
    from derive import files
    from derive.cli import making
    from derive.cli.sets import SetFolder
    from derive.exercise import schema

    text = files.read_text(file)
    exercise = schema.load(text, str(file))
    folder = SetFolder(wish.order.folder / exercise.id / wish.name)
    order = replace(wish.order, file=file.name, text=text, folder=folder.path)
    head = _head(exercise, order, wish)
    standing = _standing(folder, head, wish.force, voice)
    kept = [] if standing is None else standing.variants
    known = {variant.student for variant in kept}
    newcomers = [seat for seat in wish.seats if seat.student not in known]
    outlook = making.look_ahead(exercise, str(file), len(kept) + len(newcomers)) if newcomers else None
    if standing is not None:
        head = standing.head.model_copy(update={"pages": head.pages})
    elif outlook is not None and (found := outlook.plan.diagnosis) is not None:
        diagnosed = [mistake.row.name for mistake in found.mistakes]
        head = head.model_copy(update={"diagnosed": diagnosed, "silent": list(found.silent)})
    journal = folder.journal
    journal.open(head, kept)
    ids = [variant.id for variant in kept]
    todo: Iterator[Frozen] = iter(kept)
    if outlook is not None:
        drawn = making.draw(outlook, head, kept, newcomers, voice)
        ids += drawn.ids
        todo = chain(kept, drawn.variants())
    making.make_pages(order, folder, journal, todo, len(ids), wish.jobs, voice)
    _finish(folder, order, head, journal, ids, wish.bundle, voice)


def _head(exercise: "Exercise", order: "Order", wish: Wish) -> "Head":
    from derive import __version__
    from derive.classroom.manifest import Head, Pages, Source
    from derive.classroom.misconceptions import asked
    from derive.cli.sets import fingerprint
    from derive.network import build

    return Head(
        program=__version__,
        exercise=Source(file=order.file, text=order.text),
        name=wish.name,
        seed=wish.seed,
        students=wish.roster,
        digits=order.digits,
        pages=Pages(
            languages=list(order.languages),
            formats=list(order.formats),
            paper=order.paper,
            templates=fingerprint(order.templates),
            exercises=order.exercises,
        ),
        quantities=list(asked(build(exercise), exercise.points)),
        diagnosed=[],
        silent=[],
    )


def _standing(folder: "SetFolder", head: "Head", force: bool, voice: Voice) -> "Manifest | None":
    """The set that stands in the folder, if it is the same; what is in its way is removed or refused."""
    from derive.classroom.manifest import differences
    from derive.errors import Problem, ProblemError

    if force:
        folder.clear()
        return None
    standing = folder.standing()
    begun = standing.head if standing is not None else folder.journal.head()
    if begun is None:
        return None
    if different := differences(begun, head):
        what = f"{folder.path} holds another set: it has {', '.join(different)}"
        fix = "choose another --name, or replace it with --force"
        raise ProblemError([Problem(str(folder.path), None, None, what, "", fix)])
    folder.sweep()
    if begun.pages != head.pages:
        voice.tell("the pages are made anew: other languages, formats, paper or templates are asked for")
        folder.clear_pages()
    return standing


def _finish(
    folder: "SetFolder",
    order: "Order",
    head: "Head",
    journal: "Journal",
    ids: Sequence[str],
    bundle: bool,
    voice: Voice,
) -> None:
    """Everything that is made of all variants together; the manifest last, then the journal goes."""
    from derive.cli import together
    from derive.cli.making import contact_sheet

    def all_variants() -> "Iterator[Frozen]":
        return journal.variants(ids)

    paths = [together.write_answers(folder, all_variants)]
    sheet = contact_sheet(head)
    with voice.phase("contact sheet", len(order.languages)) as advance:
        for path in together.write_contact_sheets(folder, order, sheet, all_variants):
            paths.append(path)
        advance(len(order.languages))
    if bundle:
        paths += together.write_bundles(folder, order, head, ids)
    folder.write_checksums(folder.checksums() | journal.digests)
    paths.append(folder.write_manifest(head, all_variants()))
    journal.close()
    journal.path.unlink()
    for path in paths:
        show_path(path)
    voice.tell(f"{len(ids):,} variants of {order.file} in {folder.path}, all of them verified")


def _again(manifest: Path, order: "Order", bundle: bool, force: bool, jobs: int, voice: Voice) -> None:
    """Make the pages of a frozen set again, and say what comes out otherwise."""
    from derive.cli import making
    from derive.cli.sets import SetFolder, differing, read_manifest
    from derive.errors import Problem, ProblemError

    frozen = read_manifest(manifest)
    exercise = frozen.read_exercise()
    before = SetFolder(manifest.parent)
    folder = SetFolder(order.folder / exercise.id / frozen.name)
    order = replace(
        order,
        file=frozen.exercise.file,
        text=frozen.exercise.text,
        folder=folder.path,
        languages=tuple(frozen.pages.languages),
        formats=tuple(frozen.pages.formats),
        paper=frozen.pages.paper,
        digits=frozen.digits,
        exercises=frozen.pages.exercises,
    )
    in_place = folder.path.exists() and folder.path.samefile(before.path)
    if not in_place and _standing(folder, frozen.head, force, voice) is not None:
        what = f"{folder.path} holds this set already"
        raise ProblemError(
            [Problem(str(folder.path), None, None, what, "", "name another folder with --out")]
        )
    old = before.checksums()
    if in_place:
        folder.clear_pages()
    journal = folder.journal
    journal.open(frozen.head, frozen.variants)
    count = len(frozen.variants)
    making.make_pages(order, folder, journal, iter(frozen.variants), count, jobs, voice)
    ids = [variant.id for variant in frozen.variants]
    _finish(folder, order, frozen.head, journal, ids, bundle, voice)
    changed = differing(old, folder.checksums())
    if changed:
        voice.tell(
            f"{len(changed):,} pages have other bytes than before, such as {changed[0]}; numbers are equal"
        )
    elif old:
        voice.tell("every page is the same as before, byte for byte")
