"""`derive variants`: new numbers for one exam question, or for every student of a class."""

import os
import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from derive.cli.options import Digits, Jobs, Nbgrader, Paper, Quiet, Templates, Verbose, chosen
from derive.cli.say import Voice

if TYPE_CHECKING:
    from derive.cli.making import Seat
    from derive.cli.press import Order
    from derive.cli.set_making import Manner

INTERRUPTED = 130
_FROZEN = ("count", "seed", "name", "roster", "lang", "formats", "paper", "yaml", "digits")
LONGEST_NAME = 64


def variants(
    context: typer.Context,
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
    formats: Annotated[
        str, typer.Option("--format", help="Of handouts and keys, and moodle or canvas; any, with commas.")
    ] = "pdf",
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("reports"),
    paper: Paper = "a4",
    nbgrader: Nbgrader = False,
    bundle: Annotated[
        bool, typer.Option("--bundle", help="Also one PDF of all keys, and one of all handouts.")
    ] = False,
    yaml: Annotated[bool, typer.Option("--yaml", help="Also an exercise file for each variant.")] = False,
    jobs: Jobs = 0,
    dask: Annotated[
        str, typer.Option(metavar="SCHEDULER", help="A Dask cluster that makes the pages: tcp://host:8786.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace a set of other content.")] = False,
    digits: Digits = 40,
    templates: Templates = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Draw good variants of an exercise, and write a verified key and a handout for each.

    An interrupted call is finished by the same call. With a longer class list, newcomers get variants and
    nobody else's change.
    """
    from derive.cli.set_making import Manner

    _refuse_clashes(context)
    if dask:  # workers have folders of their own to stand in
        out, again = out.resolve(), again and again.resolve()
        templates = templates and templates.resolve()
    order = _order(out, lang, formats, paper, digits, templates, yaml)
    if bundle and "pdf" not in order.formats:
        raise typer.BadParameter("a bundle is made of PDF pages: add pdf to --format", param_hint="--bundle")
    manner = Manner(bundle, nbgrader, force, jobs or os.cpu_count() or 1, dask)
    voice = Voice(quiet, verbose)
    try:
        _make(file, again, order, manner, _checked(name), seed, roster, count or 1, voice)
    except KeyboardInterrupt:
        voice.tell("interrupted; the same command goes on from here")
        raise typer.Exit(INTERRUPTED) from None


def _refuse_clashes(context: typer.Context) -> None:
    """Refuse options that say the same thing twice."""
    given = context.params
    if (given["file"] is None) == (given["again"] is None):
        raise typer.BadParameter("name an exercise file, or a manifest with --from", param_hint="FILE")
    if given["roster"] is not None and given["count"] is not None:
        raise typer.BadParameter("the class list says how many there are", param_hint="--count")
    if given["again"] is None:
        return
    for one in context.command.params:
        source = context.get_parameter_source(one.name or "")
        if one.name in _FROZEN and source is not None and source.name != "DEFAULT":
            raise typer.BadParameter("the manifest says it; leave it out with --from", param_hint=one.opts[0])


def _order(
    out: Path, lang: str, formats: str, paper: str, digits: int, templates: Path | None, yaml: bool
) -> "Order":
    from derive.cli.press import Order
    from derive.render import FORMATS
    from derive.render.page import LANGUAGES
    from derive.render.quiz import QUIZ_FORMATS

    return Order(
        file="",
        text="",
        folder=out,
        languages=chosen(lang, LANGUAGES, "--lang"),
        formats=chosen(formats, [*FORMATS, *QUIZ_FORMATS], "--format"),
        paper=paper,
        digits=digits,
        templates=templates,
        exercises=yaml,
    )


def _make(
    file: Path | None,
    again: Path | None,
    order: "Order",
    manner: "Manner",
    name: str,
    seed: int,
    roster: Path | None,
    count: int,
    voice: Voice,
) -> None:
    from derive.cli import set_making

    if again is not None:
        set_making.make_again(again, order, manner, voice)
    elif file is not None:
        wish = set_making.Wish(order, manner, name, seed, _seats(roster, count), roster is not None)
        set_making.make(file, wish, voice)


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
