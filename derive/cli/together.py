"""What is made of all variants of a set together: manifest, answers, checksums, contact sheet, bundles."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from derive import files
from derive.classroom import answer_table, cells
from derive.classroom.frozen import Frozen
from derive.classroom.manifest import Head
from derive.cli.press import FOLDERS, QUIZZES, Order
from derive.cli.sets import ANSWERS, ASSIGNMENT, CONTACT, SetFolder
from derive.errors import Problem, ProblemError

if TYPE_CHECKING:
    from derive.worksheet.contact import ContactSheet

CONTACT_FORMATS = ("pdf", "html")

Variants = Callable[[], Iterator[Frozen]]  # all of them, in their order, each time it is called


def names(order: Order, bundle: bool) -> list[str]:
    """The files that are made, but for the manifest."""
    found = [ANSWERS]
    for suffix in order.suffixes.values():
        found += [f"{CONTACT}{suffix}.{extension}" for extension in CONTACT_FORMATS]
        found += [f"{folder}{suffix}.pdf" for folder in FOLDERS.values()] if bundle else []
        found += [f"{name}{suffix}.{extension}" for name, extension in order.platforms.items()]
    return found


def write_answers(folder: SetFolder, variants: Variants) -> Path:
    """The table of all answers."""
    path = folder.path / ANSWERS
    files.write_pieces(path, (piece.encode() for piece in cells.pieces(answer_table.rows(variants()))))
    return path


def write_contact_sheets(
    folder: SetFolder, order: Order, sheet: "ContactSheet", variants: Variants
) -> Iterator[Path]:
    """The contact sheet, in each language."""
    from derive.render import Page, render

    for language, suffix in order.suffixes.items():
        story = sheet.story(variants(), language, order.templates)
        page = Page(
            title=f"{sheet.exercise.title[language]} · {sheet.name}",
            language=language,
            audience="key",
            identifier=f"{sheet.exercise.id} · {sheet.name}",
            paper=order.paper,
            pictures=story.pictures,
            templates=order.templates,
        )
        for extension, content in render(story.markdown, page, CONTACT_FORMATS).items():
            path = folder.path / f"{CONTACT}{suffix}.{extension}"
            files.write(path, content)
            yield path


def write_bundles(folder: SetFolder, order: Order, head: Head, ids: Sequence[str]) -> Iterator[Path]:
    """All keys in one document, and all handouts.

    Raises:
        ProblemError: A page is no PDF any more.
    """
    from derive.render.bundle import BrokenPdfError, bundle
    from derive.render.wording import WORDINGS

    exercise = head.read_exercise()
    for language, suffix in order.suffixes.items():
        for audience, name in FOLDERS.items():
            documents = ((one, (folder.path / name / f"{one}{suffix}.pdf").read_bytes()) for one in ids)
            what = WORDINGS[language].audience[audience]
            title = f"{exercise.title[language]} · {head.name}: {what}"
            path = folder.path / f"{name}{suffix}.pdf"
            try:
                whole = bundle(documents, title, language)
            except BrokenPdfError as error:
                broken, why = f"{name}/{error}{suffix}.pdf", "it was changed after it was written"
                fix = "remove it and repeat the command: it is made anew"
                what = f"{broken} is no PDF any more"
                raise ProblemError([Problem(str(folder.path / broken), None, None, what, why, fix)]) from None
            files.write(path, whole)
            yield path


def write_quizzes(folder: SetFolder, order: Order, ids: Sequence[str]) -> Iterator[Path]:
    """The quizzes of all variants in one file for each platform and language."""
    from derive.render.quiz import QUIZ_FORMATS

    for suffix in order.suffixes.values():
        for name, extension in order.platforms.items():
            documents = ((folder.path / QUIZZES / f"{one}{suffix}.{extension}").read_bytes() for one in ids)
            path = folder.path / f"{name}{suffix}.{extension}"
            files.write_pieces(path, QUIZ_FORMATS[name].join(documents))
            yield path


def write_assignments(
    folder: SetFolder, order: Order, head: Head, variants: Variants, anew: bool
) -> Iterator[Path]:
    """The source of an nbgrader assignment in each language, and everybody's numbers beside it.

    Args:
        folder: Of the set.
        order: What the set is made of.
        head: Of the set.
        variants: With their numbers.
        anew: Whether a notebook that stands is written again; the instructor may have worked on it. Numbers
            always are.
    """
    from derive.classroom.frozen import thawed
    from derive.cli import pipeline
    from derive.render import Page
    from derive.worksheet.assignment import NUMBERS, Owner

    # The notebook is the same for all, so it can be told from any variant.
    exercise = thawed(head.read_exercise(), next(variants()).numbers)
    material = pipeline.gather(exercise, pipeline.verify(exercise, order.digits))
    owners = [Owner((variant.student, variant.id), variant.numbers) for variant in variants()]
    for language, suffix in order.suffixes.items():
        title = exercise.title[language]
        identifier = f"{exercise.id} · {head.name}"
        page = Page(title, language, "handout", identifier, templates=order.templates, alone=False)
        made = pipeline.assignment(material, page, head.name, owners)
        for name, content in made.items():
            path = folder.path / f"{ASSIGNMENT}{suffix}" / name
            if anew or path.name == NUMBERS or not path.exists():
                files.write(path, content)
            yield path
