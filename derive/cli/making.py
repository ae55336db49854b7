"""Making a set: who gets a variant, drawing, and writing the pages of each."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from derive.classroom.form_ids import form_id
from derive.classroom.frozen import Frozen, numbers
from derive.classroom.manifest import Head
from derive.cli import pipeline
from derive.cli.journal import Journal
from derive.cli.press import Made, Order, Press
from derive.cli.say import Voice
from derive.cli.sets import SetFolder
from derive.errors import Problem, ProblemError

if TYPE_CHECKING:
    from derive.classroom.variants import Block, Outlook, Plan
    from derive.exercise.model import Exercise
    from derive.worksheet.contact import ContactSheet

Unfinished = tuple[Frozen, tuple[str, ...]]  # a variant, and those of its pages that are missing
Mapped = Callable[[Callable[[Unfinished], Made], Iterable[Unfinished]], Iterator[Made]]


@dataclass(frozen=True)
class Seat:
    """Somebody who gets a variant: a student of the class list, or just a number."""

    student: str
    fields: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Drawn:
    """Variants that were drawn, still as integers."""

    plan: "Plan"
    seats: Sequence[Seat]
    ids: Sequence[str]
    blocks: Sequence["Block"]

    def variants(self) -> Iterator[Frozen]:
        """One by one, without answers."""
        from derive.engine.bulk.model import network_of

        place = 0
        for block in self.blocks:
            for index, difficulty in enumerate(block.difficulty):
                seat = self.seats[place]
                yield Frozen(
                    id=self.ids[place],
                    student=seat.student,
                    fields=None if seat.fields is None else dict(seat.fields),
                    difficulty=difficulty,
                    numbers=numbers(network_of(block.batch, index, self.plan.space.network)),
                )
                place += 1


def need_torch(file: str) -> None:
    """Refuse before anything is drawn, removed or written: no key of a set goes without a source.

    Args:
        file: That the set is of, for the message.

    Raises:
        ProblemError: torch does not load here, or fails.
    """
    from derive.engine import autograd

    try:
        autograd.probe()
    except autograd.TorchMissingError as error:
        what = "the variants can't be checked against torch"
        raise ProblemError([pipeline.incomplete(file, what, str(error))]) from None


def look_ahead(exercise: "Exercise", file: str, count: int) -> "Outlook":
    """What is known before anything is drawn.

    Args:
        exercise: Says what varies.
        file: Its file, for messages.
        count: How many variants there will be.

    Raises:
        ProblemError: No variant meets the rules, or too few do.
    """
    from derive.classroom import variants
    from derive.engine.bulk.integers import NotExactError

    vary = exercise.vary
    if vary is None or vary.model_dump(exclude_none=True) == {}:
        what = "the exercise doesn't say what varies"
        fix = "add, for example: vary: {weights: -5..5, input: 1..5}"
        raise ProblemError([Problem(file, None, None, what, "the key vary is missing or empty", fix)])
    try:
        outlook = variants.look_ahead(variants.prepare(exercise), file)
    except (NotExactError, OverflowError):
        what = "the numbers are too long to draw variants of them"
        why = "a product of theirs has more than 53 bits over the common denominator"
        fix = "give weights, input and vary fewer decimals"
        raise ProblemError([Problem(file, None, None, what, why, fix)]) from None
    if exercise.rules.distinct and count > outlook.distinct:
        about = "" if outlook.counted else "about "
        there = f"{about}{outlook.distinct:,} good ones besides the exercise itself"
        what = f"{count:,} variants are asked for, but there are {there}"
        fix = "let more numbers vary (vary), loosen a rule, or allow repetitions (rules: {distinct: false})"
        raise ProblemError([Problem(file, None, None, what, outlook.tally.said(), fix)])
    return outlook


def draw(
    outlook: "Outlook", head: Head, kept: Sequence[Frozen], newcomers: Sequence[Seat], voice: Voice
) -> Drawn:
    """Draw a variant for each newcomer, and check all of them by three sources in bulk.

    Args:
        outlook: Of the exercise.
        head: Of the set.
        kept: Variants that stand already; nobody gets one of these again.
        newcomers: In the order of the class list.
        voice: Where progress is told.

    Raises:
        ProblemError: There are too few variants.
    """
    from derive.classroom import variants

    plan, file = outlook.plan, head.exercise.file
    keys = [variants.key(head.name, head.seed, seat.student) for seat in newcomers]
    taken_ids = {variant.id for variant in kept}
    ids = []
    for key in keys:
        ids.append(form_id(key, taken_ids))
        taken_ids.add(ids[-1])
    taken = {plan.own_form, *_forms(plan, head, kept)}
    tally = variants.Tally()
    blocks = []
    with voice.phase("drawing", len(keys)) as advance:
        for block in variants.draw(plan, keys, taken, tally, file):
            _check(block, file)
            blocks.append(block)
            advance(len(block.difficulty))
    voice.tell(f"drawn: {len(keys):,}; {tally.said()}")
    return Drawn(plan, newcomers, ids, blocks)


def _forms(plan: "Plan", head: Head, kept: Sequence[Frozen]) -> list[bytes]:
    """Canonical forms of variants that stand already."""
    from derive.classroom.frozen import thawed
    from derive.classroom.variants.canonical import canonical
    from derive.network import build

    exercise = head.read_exercise()
    networks = [build(thawed(exercise, variant.numbers)) for variant in kept]
    return canonical(plan.space.batch(plan.space.draws_of(networks), len(networks))) if networks else []


def _check(block: "Block", file: str) -> None:
    from derive.engine import bulk

    verdict = bulk.check(block.batch)
    if verdict.contradicted.any():
        place = int(verdict.contradicted.argmax())
        what = f"the sources contradict each other in {int(verdict.contradicted.sum())} drawn networks"
        raise ProblemError([Problem(file, None, None, what, f"the first is number {place} of its block")])


def make_pages(
    order: Order,
    folder: SetFolder,
    journal: Journal,
    variants: Iterator[Frozen],
    count: int,
    mapped: Mapped,
    voice: Voice,
) -> None:
    """Make what is missing of the pages of each variant, and note in the journal what is done.

    Args:
        order: What is made of each.
        folder: Of the set.
        journal: Of the set, open.
        variants: With or without answers.
        count: How many there are.
        mapped: What maps a function over them, here or elsewhere.
        voice: Where progress is told.

    Raises:
        ProblemError: A variant can't be made; what is done stays.
    """
    with voice.phase("writing", count) as advance:

        def unfinished() -> Iterator[Unfinished]:
            for variant in variants:
                # Pages that no journal knows may be of other numbers: a run was killed, and the list changed.
                pages = order.pages(variant.id)
                done = journal.has(variant)
                missing = folder.missing(pages) if done else tuple(page.as_posix() for page in pages)
                if not missing and done:
                    advance(1)
                    continue
                yield variant, missing

        for made in mapped(maker(order), unfinished()):
            if made.problems:
                raise ProblemError(made.problems)
            if lost := folder.missing(map(Path, made.digests)):
                what, why = f"{lost[0]} is not there", "whoever made it has another disk"
                fix = "all workers must share the folder of the set"
                raise ProblemError([Problem(str(folder.path), None, None, what, why, fix)])
            journal.add(made)
            advance(1)


def maker(order: Order) -> Callable[[Unfinished], Made]:
    """What makes a variant and those of its pages that are missing; it can be sent to another process."""
    return partial(_make, order)


def _make(order: Order, item: Unfinished) -> Made:
    return _press(order).make(*item)


@lru_cache(maxsize=1)
def _press(order: Order) -> Press:
    """Set up once in each process."""
    return Press(order)


def contact_sheet(head: Head) -> "ContactSheet":
    """The contact sheet of a set."""
    from derive.classroom.variants import own_difficulty
    from derive.network import build
    from derive.worksheet.contact import ContactSheet

    exercise = head.read_exercise()
    own = own_difficulty(build(exercise))
    return ContactSheet(exercise, head.name, head.seed, own, head.quantities)
