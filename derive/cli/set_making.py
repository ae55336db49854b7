"""Making a set in its folder: new, longer than before, after an interruption, or again from a manifest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path

from derive import __version__, files
from derive.classroom.frozen import Frozen
from derive.classroom.manifest import Head, Manifest, Pages, Source, differences
from derive.classroom.misconceptions import asked
from derive.cli import cluster, making, pool, together
from derive.cli.journal import Journal
from derive.cli.making import Seat
from derive.cli.press import FOLDERS, Order
from derive.cli.say import Voice, show_path
from derive.cli.sets import ASSIGNMENT, SetFolder, differing, fingerprint, read_manifest
from derive.errors import Problem, ProblemError
from derive.exercise import schema
from derive.exercise.model import Exercise
from derive.network import build


@dataclass(frozen=True)
class Manner:
    """How a set is made.

    Attributes:
        bundle: Whether all keys and all handouts are made one file each.
        nbgrader: Whether the source of an nbgrader assignment is made.
        force: Whether what stands in the way is removed.
        jobs: Processes.
        scheduler: Of a Dask cluster that does the work instead; empty for this machine.
    """

    bundle: bool
    nbgrader: bool
    force: bool
    jobs: int
    scheduler: str = ""

    def mapped(self, count: int) -> making.Mapped:
        """What maps a function over so many variants; a few are made before a second process has started."""
        if self.scheduler:
            return partial(cluster.mapped, scheduler=self.scheduler)
        return partial(pool.mapped, jobs=pool.worthwhile(self.jobs, count))


@dataclass(frozen=True)
class Wish:
    """A set that is asked for.

    Attributes:
        order: What is made of each variant; its folder is that of all sets, its file and text are filled in.
        manner: How.
        name: Of the set.
        seed: Of the set.
        seats: Who gets a variant.
        roster: Whether there is a class list.
    """

    order: Order
    manner: Manner
    name: str
    seed: int
    seats: Sequence[Seat]
    roster: bool


def make(file: Path, wish: Wish, voice: Voice) -> None:
    """Draw a set, or go on with one that stands already."""
    text = files.read_text(file)
    exercise = schema.load(text, str(file))
    making.need_torch(str(file))
    folder = SetFolder(wish.order.folder / exercise.id / wish.name)
    order = replace(wish.order, file=file.name, text=text, folder=folder.path)
    with folder.alone(voice):
        _make(exercise, str(file), folder, replace(wish, order=order), voice)


def _make(exercise: Exercise, file: str, folder: SetFolder, wish: Wish, voice: Voice) -> None:
    head = _head(exercise, wish.order, wish)
    standing = None if wish.manner.force else _standing(folder, head)
    order = wish.order if wish.manner.force else _with_what_stands(wish.order, _begun(folder, standing), head)
    head = _head(exercise, order, wish)
    kept = [] if standing is None else standing.variants
    known = {variant.student for variant in kept}
    newcomers = [seat for seat in wish.seats if seat.student not in known]
    outlook = making.look_ahead(exercise, file, len(kept) + len(newcomers)) if newcomers else None
    if standing is not None:
        head = standing.head.model_copy(update={"pages": head.pages})
    elif outlook is not None and (found := outlook.plan.diagnosis) is not None:
        diagnosed = [mistake.row.name for mistake in found.mistakes]
        head = head.model_copy(update={"diagnosed": diagnosed, "silent": list(found.silent)})
    if wish.roster:
        _tell_of_changes(kept, wish.seats, voice)
        _tell_of_letters(newcomers, voice)
    ids = [variant.id for variant in kept]
    todo: Iterator[Frozen] = iter(kept)
    if outlook is not None:
        drawn = making.draw(outlook, head, kept, newcomers, voice)
        ids += drawn.ids
        todo = chain(kept, drawn.variants())
    _make_room(folder, head, standing, wish.manner.force, voice)
    _tell_of_changed_pages(folder, order, ids, voice)
    with folder.journal.opened(head, kept) as journal:
        making.make_pages(order, folder, journal, todo, len(ids), wish.manner.mapped(len(ids)), voice)
        _finish(folder, order, head, journal, ids, wish.manner, voice)


def _head(exercise: Exercise, order: Order, wish: Wish) -> Head:
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


def _standing(folder: SetFolder, head: Head) -> Manifest | None:
    """The set that stands in the folder, if it is the same.

    Raises:
        ProblemError: It is another.
    """
    standing = folder.standing()
    begun = standing.head if standing is not None else folder.journal.head()
    if begun is not None and (different := differences(begun, head)):
        what = f"{folder.path} holds another set: it has {', '.join(different)}"
        fix = "choose another --name, or replace it with --force"
        raise ProblemError([Problem(str(folder.path), None, None, what, "", fix)])
    return standing


def _begun(folder: SetFolder, standing: Manifest | None) -> Head | None:
    """Of what stands in the folder: of the run that was interrupted, if one was."""
    return folder.journal.head() or (standing and standing.head)


def _is_extended(begun: Head, head: Head) -> bool:
    """Whether pages that stand are of use still: only formats may differ."""
    formats = {"formats": head.pages.formats, "exercises": head.pages.exercises}
    return begun.pages.model_copy(update=formats) == head.pages


def _with_what_stands(order: Order, begun: Head | None, head: Head) -> Order:
    """Make all formats that there are already, and those that are asked for."""
    if begun is None or not _is_extended(begun, head):
        return order
    formats = tuple(dict.fromkeys((*begun.pages.formats, *order.formats)))
    return replace(order, formats=formats, exercises=order.exercises or begun.pages.exercises)


def _make_room(folder: SetFolder, head: Head, standing: Manifest | None, force: bool, voice: Voice) -> None:
    """Remove what is in the way, once it is certain that there is something to put in its place."""
    if force:
        folder.clear()
        return
    folder.sweep()
    begun = _begun(folder, standing)
    if begun is not None and not _is_extended(begun, head):
        voice.tell("the pages are made anew: other languages, paper or templates are asked for")
        folder.clear_pages()


def _tell_of_changes(kept: Sequence[Frozen], seats: Sequence[Seat], voice: Voice) -> None:
    """Say whom a set keeps although the class list has changed."""
    listed = {seat.student: seat.fields for seat in seats}
    gone = [variant.student for variant in kept if variant.student not in listed]
    other = [one.student for one in kept if one.student in listed and one.fields != listed[one.student]]
    for students, what in ((gone, "no longer in the class list"), (other, "other columns in the class list")):
        if students:
            more = f" and {len(students) - 3:,} more" if len(students) > 3 else ""
            shown = ", ".join(map(repr, students[:3]))
            voice.tell(f"{what}, but kept in the set as before: {shown}{more}")


def _tell_of_changed_pages(folder: SetFolder, order: Order, ids: Sequence[str], voice: Voice) -> None:
    """Say which pages somebody has changed since they were written; they may have meant to."""
    if changed := folder.changed(page.as_posix() for one in ids for page in order.pages(one)):
        what = "a page was" if len(changed) == 1 else f"{len(changed):,} pages were"
        voice.tell(f"{what} changed after being written: {changed[0]}; what is removed is made anew")


def _tell_of_letters(seats: Sequence[Seat], voice: Voice) -> None:
    """Say which letters of names and ids can't be printed."""
    from derive.classroom.roster import name_of
    from derive.render import printable

    letters = dict.fromkeys("".join(seat.student + name_of(seat.fields or {}) for seat in seats))
    if missing := [letter for letter in letters if printable(letter) != letter]:
        more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
        voice.tell(
            f"no font of the pages has {' '.join(missing[:10])}{more}: {printable(missing[0])} is printed"
        )


def _finish(
    folder: SetFolder,
    order: Order,
    head: Head,
    journal: Journal,
    ids: Sequence[str],
    manner: Manner,
    voice: Voice,
) -> None:
    """Everything that is made of all variants together; the manifest last, then the journal goes."""

    def all_variants() -> Iterator[Frozen]:
        return journal.variants(ids)

    paths = [together.write_answers(folder, all_variants)]
    sheet = making.contact_sheet(head)
    with voice.phase("contact sheet", len(order.languages)) as advance:
        for path in together.write_contact_sheets(folder, order, sheet, all_variants):
            paths.append(path)
        advance(len(order.languages))
    paths += together.write_quizzes(folder, order, ids)
    # What was asked for once grows with the set.
    if manner.nbgrader or folder.has_together(ASSIGNMENT):
        paths += together.write_assignments(folder, order, head, all_variants, anew=manner.nbgrader)
    if manner.bundle or ("pdf" in order.formats and any(map(folder.has_together, FOLDERS.values()))):
        paths += together.write_bundles(folder, order, head, ids)
    folder.clear_together(paths)
    folder.clear_pages_but(set(ids))
    pages = (page.as_posix() for one in ids for page in order.pages(one))
    folder.write_checksums(pages, paths, folder.checksums() | journal.digests)
    paths.append(folder.write_manifest(head, all_variants()))
    journal.remove()
    for path in paths:
        show_path(path)
    count = "one variant" if len(ids) == 1 else f"{len(ids):,} variants"
    voice.tell(f"{folder.path}: {count} of {order.file}, verified")


def make_again(manifest: Path, order: Order, manner: Manner, voice: Voice) -> None:
    """Make the pages of a frozen set again, and say what comes out otherwise."""
    frozen = read_manifest(manifest)
    exercise = frozen.read_exercise()
    making.need_torch(str(manifest))
    before = SetFolder(manifest.parent)
    folder = SetFolder(order.folder / exercise.id / frozen.name)
    order = Order.frozen(frozen, folder.path, order.templates)
    with folder.alone(voice):
        _make_again(frozen, before, folder, order, manner, voice)


def _make_again(
    frozen: Manifest, before: SetFolder, folder: SetFolder, order: Order, manner: Manner, voice: Voice
) -> None:
    in_place = folder.path.samefile(before.path)
    head = frozen.head.model_copy(update={"pages": _same_pages(frozen, order, str(before.path))})
    if not in_place:
        if not manner.force and _standing(folder, head) is not None:
            what = f"{folder.path} holds this set already"
            fix = "name another folder with --out"
            raise ProblemError([Problem(str(folder.path), None, None, what, "", fix)])
        _make_room(folder, head, None, manner.force, voice)
    old = before.checksums()
    if in_place:
        folder.clear_pages()
    ids = [variant.id for variant in frozen.variants]
    with folder.journal.opened(head, frozen.variants) as journal:
        pages = iter(frozen.variants)
        making.make_pages(order, folder, journal, pages, len(ids), manner.mapped(len(ids)), voice)
        _finish(folder, order, head, journal, ids, manner, voice)
    changed = differing(old, folder.checksums())
    if changed:
        voice.tell(
            f"{len(changed):,} pages have other bytes than before, such as {changed[0]}; numbers are equal"
        )
    elif old:
        voice.tell("every page is the same as before, byte for byte")


def _same_pages(frozen: Manifest, order: Order, folder: str) -> Pages:
    """What the pages of a frozen set are made of now; templates that are named stand in for its own.

    Raises:
        ProblemError: The set has templates of its own, and none are named.
    """
    if frozen.pages.templates and order.templates is None:
        what = "the set was made with templates of its own"
        why = "without them its pages would look otherwise"
        fix = "name their folder with --templates"
        raise ProblemError([Problem(folder, None, None, what, why, fix)])
    return frozen.pages.model_copy(update={"templates": fingerprint(order.templates)})
