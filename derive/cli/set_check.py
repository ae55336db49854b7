"""`derive check manifest.json`: everything that a set claims, checked anew."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from derive import __version__
from derive.classroom import answer_table, cells
from derive.classroom.frozen import Frozen, thawed
from derive.classroom.manifest import Manifest
from derive.cli import making, pool
from derive.cli.press import Order
from derive.cli.say import Voice
from derive.cli.sets import ANSWERS, CHECKSUMS, SetFolder, read_manifest
from derive.errors import Problem, ProblemError
from derive.exercise.model import Exercise
from derive.network import Network, build


def check_set(path: Path, voice: Voice, jobs: int = 0) -> tuple[int, list[Problem]]:
    """Check a set: its hash, ids, numbers, rules, answers and pages.

    Args:
        path: Of the manifest.
        voice: Where progress is told.
        jobs: Processes; 0 for one for each core.

    Returns:
        How many variants there are, and everything that is wrong.

    Raises:
        ProblemError: It is no manifest, or it was changed after it was written.
    """
    manifest = read_manifest(path)
    exercise = manifest.read_exercise()
    file = str(path)
    found = list(_doubles(manifest, file))
    try:
        networks = [build(thawed(exercise, variant.numbers)) for variant in manifest.variants]
    except ValueError as error:
        return len(manifest.variants), [*found, Problem(file, None, None, str(error))]
    found += _broken_rules(manifest, exercise, networks, file)
    order = Order.frozen(manifest, path.parent)
    found += _changed_pages(manifest, order, file)
    try:
        making.need_torch(file)
    except ProblemError as error:  # said once, not for each variant
        return len(manifest.variants), [*found, *error.problems]
    without_pages = replace(order, languages=(), formats=(), exercises=False)
    found += _wrong_answers(manifest, without_pages, jobs or os.cpu_count() or 1, voice)
    return len(manifest.variants), found


def _doubles(manifest: Manifest, file: str) -> Iterator[Problem]:
    for what, values in (
        ("the form id", [variant.id for variant in manifest.variants]),
        ("the student", [variant.student for variant in manifest.variants]),
    ):
        for value, count in Counter(values).items():
            if count > 1:
                yield Problem(file, None, None, f"{what} {value} is there {count} times")


def _broken_rules(
    manifest: Manifest, exercise: Exercise, networks: list[Network], file: str
) -> Iterator[Problem]:
    """Variants that break a rule of the exercise, or that are the same as another."""
    from derive.classroom.variants import broken_rules, look_ahead, own_difficulty, prepare, twins

    if not networks or exercise.vary is None:
        return
    ids = [variant.id for variant in manifest.variants]
    plan = look_ahead(prepare(exercise), file).plan
    for place, rule in broken_rules(plan, networks):
        yield Problem(file, None, None, f"variant {ids[place]} breaks the rule {rule}")
    if exercise.rules.distinct:
        for first, second in twins(networks):
            what = f"variants {ids[first]} and {ids[second]} are the same up to the order of hidden units"
            yield Problem(file, None, None, what)
    if manifest.program == __version__:
        for variant, network in zip(manifest.variants, networks, strict=True):
            score = own_difficulty(network)
            if score != variant.difficulty:
                what = f"variant {variant.id} has the difficulty {score}, not {variant.difficulty}"
                yield Problem(file, None, None, what)


def _wrong_answers(manifest: Manifest, order: Order, jobs: int, voice: Voice) -> Iterator[Problem]:
    """Variants that aren't verified, or whose answers come out otherwise."""
    nothing: list[tuple[Frozen, tuple[str, ...]]] = [(variant, ()) for variant in manifest.variants]
    with voice.phase("checking", len(nothing)) as advance:
        for made in pool.mapped(making.maker(order), nothing, pool.worthwhile(jobs, len(nothing))):
            yield from made.problems
            advance(1)


def _changed_pages(manifest: Manifest, order: Order, file: str) -> Iterator[Problem]:
    """Pages that are gone, or not as they were written; none where the manifest stands alone."""
    folder, anew = SetFolder(order.folder), "the command that made the set makes it anew"
    known = folder.checksums()
    pages = [page.as_posix() for variant in manifest.variants for page in order.pages(variant.id)]
    for name in pages:
        if name not in known and (known or (folder.path / name).exists()):
            yield Problem(file, None, None, f"{name} is not in {CHECKSUMS}", "", f"remove it; {anew}")
    for name in folder.foreign(set(pages)):
        yield Problem(file, None, None, f"{name} is no page of the set", "", "remove it")
    for name in known:
        if not (folder.path / name).is_file():
            yield Problem(file, None, None, f"{name} is missing", "", anew)
    for name in folder.changed(known):
        what = f"{name} was changed after it was written"
        yield Problem(file, None, None, what, "", f"remove it; {anew}")
    answers = folder.path / ANSWERS
    if ANSWERS in folder.changed([ANSWERS]) or not answers.is_file():
        return
    if known and manifest.program == __version__ and not _answers_stand(manifest, answers):
        yield Problem(file, None, None, f"{ANSWERS} has other answers than the manifest", "", anew)


def _answers_stand(manifest: Manifest, path: Path) -> bool:
    """Whether the table of answers is that of the manifest."""
    pieces = "".join(cells.pieces(answer_table.rows(iter(manifest.variants))))
    return path.read_bytes() == pieces.encode()
