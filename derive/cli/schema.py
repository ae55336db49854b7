"""`derive schema`: the JSON Schema of the exercise file."""

import typer


def schema() -> None:
    """Print the JSON Schema of the exercise file, by which editors complete and check it."""
    typer.echo(schema_text(), nl=False)


def schema_text() -> str:
    """The JSON Schema as the file that stands beside exercises."""
    import json

    from derive.exercise.schema import json_schema

    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
