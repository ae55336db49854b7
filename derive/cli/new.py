"""`derive new`: an exercise file to start from."""

import re
from pathlib import Path
from typing import Annotated

import typer

from derive.cli.options import Quiet
from derive.cli.say import Voice, show_path

_FIRST_LINE = "# yaml-language-server: $schema={schema}\n\n"


def new(
    name: Annotated[str, typer.Argument(help="Id of the exercise: a-z, 0-9 and -.")],
    like: Annotated[str, typer.Option(help="The shipped exercise to start from.")] = "two-layer",
    out: Annotated[Path, typer.Option(help="Folder for the file.")] = Path(),
    quiet: Quiet = False,
) -> None:
    """Write an exercise file to start from, and beside it the JSON Schema for editors."""
    from derive import files
    from derive.cli.schema import schema_text
    from derive.errors import Problem, ProblemError
    from derive.exercise.schema import SCHEMA_FILE, load

    identifier = name.removesuffix(".yaml")
    path = out / f"{identifier}.yaml"
    text = _start(identifier, files.read_text(_example(like)), SCHEMA_FILE)
    load(text, str(path))  # says what is wrong with the name before anything is written
    if path.exists():
        raise ProblemError(
            [
                Problem(
                    str(path), None, None, f"{path} is there already", "", "choose another name, or remove it"
                )
            ]
        )
    files.write(path, text.encode())
    files.write(out / SCHEMA_FILE, schema_text().encode())
    show_path(path)
    show_path(out / SCHEMA_FILE)
    Voice(quiet).tell(f"next: edit {path}, then derive report {path}")


def _example(like: str) -> Path:
    from derive import files
    from derive.cli.options import chosen

    examples = {path.stem: path for path in files.example_exercises()}
    return examples[chosen(like, examples, "--like")[0]]


def _start(identifier: str, example: str, schema: str) -> str:
    """The example under its new id, without the comments at its top, which are about the example."""
    body = re.sub(r"\A(?:#.*\n|\n)*", "", example)
    body = re.sub(r"^id: .*$", lambda _: f"id: {identifier}", body, count=1, flags=re.MULTILINE)
    return _FIRST_LINE.format(schema=schema) + body
