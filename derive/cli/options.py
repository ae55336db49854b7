"""Options that several commands share."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal

import typer

from derive.exercise.suggest import did_you_mean

Files = Annotated[list[Path], typer.Argument(metavar="FILE", help="Exercise files.")]
Digits = Annotated[
    int, typer.Option(min=5, max=1000, help="Significant digits that every exact value is certified to.")
]
Require = Annotated[
    Literal["all", "one"],
    typer.Option(help="Sources that must have run: all of them, or one for each entry."),
]
Nbgrader = Annotated[
    bool, typer.Option("--nbgrader", help="Also the source of an nbgrader assignment, with hidden tests.")
]
Paper = Annotated[Literal["a4", "letter"], typer.Option(help="Size of the page.")]
Jobs = Annotated[int, typer.Option(min=0, help="Processes; 0 for one for each core.")]
Templates = Annotated[Path | None, typer.Option(help="A folder of your own templates, which go first.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but problems.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say each step.")]


def chosen(text: str, known: Collection[str], option: str) -> tuple[str, ...]:
    """The names of a list with commas, in the order of those that are known.

    Raises:
        typer.BadParameter: One is not known, or there is none.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known)
            raise typer.BadParameter(
                f'unknown "{name}"; known: {", ".join(known)}{"; " + hint if hint else ""}', param_hint=option
            )
    if not names:
        raise typer.BadParameter(f"known: {', '.join(known)}", param_hint=option)
    return tuple(name for name in known if name in names)
