"""`derive report`: the worked solution and the handout, in every format and language."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from derive.cli.options import Digits, Files, Nbgrader, Paper, Quiet, Require, Templates, Verbose, chosen
from derive.cli.say import Advance, Voice, show_error, show_path, warn

if TYPE_CHECKING:
    from derive.engine.verify import Verification
    from derive.exercise.model import Exercise
    from derive.render import Page
    from derive.worksheet.story import Story

CHECK_FILE = "check.json"
OUTDATED = ".outdated"
MADE_OF = ".made-of"  # a hash of the exercise that the files beside it are of


@dataclass(frozen=True)
class Order:
    """What a report is to be made of.

    Attributes:
        out: The folder that the exercises' own folders stand in.
        formats: Names from `FORMATS`.
        platforms: Names from `QUIZ_FORMATS`.
        json: Whether the record of the cross-check is written.
        nbgrader: Whether the source of an nbgrader assignment is written.
        audiences: `key`, `handout`, or both.
        languages: `ko`, `en`, or both.
        paper: `a4` or `letter`.
        pdf_engine: `typst` or `latex`.
        digits: Significant digits of exact values.
        templates: The user's own folder of templates.
        require: `all` or `one`; see `pipeline.accepted`.
    """

    out: Path
    formats: tuple[str, ...]
    platforms: tuple[str, ...]
    json: bool
    nbgrader: bool
    audiences: tuple[str, ...]
    languages: tuple[str, ...]
    paper: str
    pdf_engine: str
    digits: int
    templates: Path | None
    require: str

    @property
    def pieces(self) -> int:
        """How many pieces of work an exercise is, for the progress bar."""
        return 1 + len(self.languages) * len(self.audiences)


def report(
    files: Files,
    out: Annotated[Path, typer.Option(help="Folder to write to; each exercise gets its own in it.")] = Path(
        "reports"
    ),
    formats: Annotated[
        str, typer.Option("--format", help="Any of them, with commas.")
    ] = "html,tex,pdf,ipynb,md,json",
    audience: Annotated[str, typer.Option(help="key, handout, or both.")] = "key,handout",
    lang: Annotated[str, typer.Option(help="ko, en, or both.")] = "ko,en",
    paper: Paper = "a4",
    pdf_engine: Annotated[
        Literal["typst", "latex"], typer.Option(help="What makes the PDF; latex needs an installed TeX.")
    ] = "typst",
    digits: Digits = 40,
    templates: Templates = None,
    nbgrader: Nbgrader = False,
    require: Require = "all",
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write the verified key and the handout of exercises.

    Exits with 1, and writes nothing that looks like a verified key, where a file has problems or the
    cross-check fails.
    """
    from derive.cli import pipeline
    from derive.render import FORMATS
    from derive.render.page import AUDIENCES, LANGUAGES
    from derive.render.quiz import QUIZ_FORMATS

    wanted = chosen(formats, [*FORMATS, *QUIZ_FORMATS, "json"], "--format")
    order = Order(
        out=out,
        formats=tuple(name for name in wanted if name in FORMATS),
        platforms=tuple(name for name in wanted if name in QUIZ_FORMATS),
        json="json" in wanted,
        nbgrader=nbgrader,
        audiences=chosen(audience, AUDIENCES, "--audience"),
        languages=chosen(lang, LANGUAGES, "--lang"),
        paper=paper,
        pdf_engine=pdf_engine,
        digits=digits,
        templates=templates,
        require=require,
    )
    voice = Voice(quiet, verbose)
    exercises = pipeline.load_all(files)
    with voice.progress(order.pieces * len(exercises)) as advance:
        outcomes = [_report(exercise, order, voice, advance) for _, exercise in exercises]
    if not all(outcomes):
        raise typer.Exit(1)


def _report(exercise: "Exercise", order: Order, voice: Voice, advance: Advance) -> bool:
    """Verify one exercise and write its files; whether that succeeded."""
    from derive import files
    from derive.cli import pipeline
    from derive.engine.proofs import ProofError
    from derive.errors import DeriveError

    folder = order.out / exercise.id
    advance(f"{exercise.id}: verifying")
    verification = _verified(exercise, order)
    if verification is None:
        _mark_outdated(folder, voice)
        return False
    try:
        pages = dict(_pages(exercise, verification, order, advance))
    except DeriveError as error:
        show_error(error)
        return False
    except ProofError:
        _mark_outdated(folder, voice)
        raise
    made_of = _hash(exercise)
    with files.alone_in(folder, voice.waiting(folder)):
        files.sweep({(folder / name).parent for name in pages})
        if not _is_made_of(folder, made_of):
            _mark_outdated(folder, voice, but=pages)
        for name, content in pages.items():
            files.write(folder / name, content)
            (folder / (name + OUTDATED)).unlink(missing_ok=True)
            show_path(folder / name)
        files.write(folder / MADE_OF, made_of.encode())
    voice.tell(pipeline.summary(verification))
    return True


def _verified(exercise: "Exercise", order: Order) -> "Verification | None":
    """The outcome if a key may be written from it; what is wrong is said otherwise."""
    from derive.cli import pipeline
    from derive.errors import ProblemError

    try:
        verification = pipeline.verify(exercise, order.digits)
    except ProblemError as error:
        show_error(error)
        return None
    if pipeline.accepted(verification, order.require):
        return verification
    warn(pipeline.summary(verification))
    warn(pipeline.missed(verification))
    return None


def _pages(
    exercise: "Exercise", verification: "Verification", order: Order, advance: Advance
) -> Iterator[tuple[str, bytes]]:
    """Every file of the report by its name; nothing is written before all are there."""
    from derive.engine.record import record

    if order.formats or order.platforms or order.nbgrader:
        yield from _told(exercise, verification, order, advance)
    if order.json and "key" in order.audiences:
        import json

        yield CHECK_FILE, (json.dumps(record(verification), indent=1) + "\n").encode()


def _told(
    exercise: "Exercise", verification: "Verification", order: Order, advance: Advance
) -> Iterator[tuple[str, bytes]]:
    """Key, handout and quizzes, of which each language's story is written once; and graded notebooks."""
    from derive.cli import pipeline
    from derive.render.quiz import QUIZ_FORMATS

    # A quiz holds the answers, and a graded notebook the solutions.
    platforms = order.platforms if "key" in order.audiences else ()
    material = pipeline.gather(exercise, verification)
    for language in order.languages:
        story = pipeline.write_story(material, language, order.templates)
        for audience in order.audiences:
            advance(f"{exercise.id}: {audience}.{language}")
            for extension, content in _rendered(exercise, story, order, language, audience).items():
                yield f"{audience}.{language}.{extension}", content
        page = _page(exercise, story, order, language, "key")
        for name, content in pipeline.quizzes(material, story, page, page.title, platforms).items():
            yield f"{name}.{language}.{QUIZ_FORMATS[name].extension}", content
        if order.nbgrader and "key" in order.audiences:
            for name, content in pipeline.assignment(material, page, exercise.id).items():
                yield f"nbgrader.{language}/{name}", content


def _rendered(
    exercise: "Exercise", story: "Story", order: Order, language: str, audience: str
) -> Mapping[str, bytes]:
    """Key or handout in one language, by format."""
    from derive.render import render
    from derive.render.tex_engine import compile_tex

    page = _page(exercise, story, order, language, audience)
    by_latex = order.pdf_engine == "latex" and "pdf" in order.formats
    wanted = [name for name in order.formats if not (by_latex and name == "pdf")]
    rendered = render(story.markdown, page, [*wanted, "tex"] if by_latex and "tex" not in wanted else wanted)
    if by_latex:
        rendered["pdf"] = compile_tex(rendered["tex"])
    return {name: rendered[name] for name in order.formats}


def _page(exercise: "Exercise", story: "Story", order: Order, language: str, audience: str) -> "Page":
    from derive.render import Page

    return Page(
        title=exercise.title[language],
        language=language,
        audience=audience,
        identifier=exercise.id,
        paper=order.paper,
        pictures=story.pictures,
        templates=order.templates,
    )


def _hash(exercise: "Exercise") -> str:
    """A hash of all that a report shows."""
    from derive.exercise.draw import Rules

    return sha256(repr(replace(exercise, vary=None, rules=Rules())).encode()).hexdigest()


def _is_made_of(folder: Path, made_of: str) -> bool:
    """Whether what stands in a folder is of the same exercise; formats may differ from run to run."""
    try:
        return (folder / MADE_OF).read_text("utf-8") == made_of
    except (OSError, UnicodeDecodeError):
        return False


def _mark_outdated(folder: Path, voice: Voice, but: Collection[str] = ()) -> None:
    """Rename what an earlier run left, so that nothing there looks like the answer to these numbers.

    Args:
        folder: Of the exercise.
        voice: Where it is told.
        but: Files that are made anew, by their paths in the folder.
    """
    names = (CHECK_FILE, "key.*", "handout.*", "moodle.*", "canvas.*", "nbgrader.*/source/*/*.ipynb")
    for path in [path for name in names for path in folder.glob(name)]:
        again = path.relative_to(folder).as_posix() in but
        if path.is_file() and path.suffix != OUTDATED and not again:
            path.replace(path.with_name(path.name + OUTDATED))
            voice.tell(f"out of date: {path} is now {path.name}{OUTDATED}")
