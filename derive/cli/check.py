"""`derive check`: the cross-check alone."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from derive.cli.options import Digits, Files, Quiet, Require, Verbose
from derive.cli.say import Voice, show_error, warn

LARGEST_QUIZ = 1_000_000_000


def check(
    files: Files,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    digits: Digits = 40,
    require: Require = "one",
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Cross-check exercises: exact values against NumPy and PyTorch, entry by entry.

    Of a manifest (manifest.json) every variant is checked, with its rules, answers and pages; of a quiz
    (.xml for Moodle, .zip for Canvas) whether its platform reads it as it is meant.

    Exits with 1 if any file has problems or any entry fails.
    """
    voice = Voice(quiet or as_json, verbose and not as_json)
    outcomes = []
    for path in files:
        if path.suffix == ".json":
            outcomes.append(_check_set(path, as_json, voice))
        elif path.suffix in (".xml", ".zip"):
            outcomes.append(_check_quiz(path, as_json, voice))
        else:
            outcomes.append(_check(path, as_json, digits, require, voice))
    if not all(outcomes):
        raise typer.Exit(1)


def _check(path: Path, as_json: bool, digits: int, require: str, voice: Voice) -> bool:
    from derive.cli import pipeline
    from derive.errors import ProblemError

    try:
        verification = pipeline.verify(pipeline.load(path), digits)
    except ProblemError as error:
        if as_json:
            _print({"problems": [_problem(problem) for problem in error.problems]})
        else:
            show_error(error)
        return False
    if as_json:
        from derive.engine.record import record

        _print(record(verification))
    voice.tell(pipeline.summary(verification))
    succeeded = pipeline.accepted(verification, require)
    if not succeeded:
        warn(pipeline.missed(verification))
    return succeeded


def _check_set(path: Path, as_json: bool, voice: Voice) -> bool:
    from derive.cli.set_check import check_set
    from derive.cli.sets import CHECKSUMS
    from derive.errors import Problem, ProblemError

    count: int = 0
    problems: list[Problem] = []
    try:
        count, problems = check_set(path, voice)
    except ProblemError as error:
        problems = list(error.problems)
    if as_json:
        listed = [_problem(problem) for problem in problems]
        _print({"manifest": str(path), "variants": count, "verified": not problems, "problems": listed})
    elif problems:
        show_error(ProblemError(problems))
    else:
        right = "rules, answers and pages are right"
        if not (path.parent / CHECKSUMS).exists():
            right = "rules and answers are right; there are no pages beside it"
        voice.tell(f"{path}: {count:,} of {count:,} variants verified; {right}")
    return not problems


def _check_quiz(path: Path, as_json: bool, voice: Voice) -> bool:
    from derive import files
    from derive.errors import Problem, ProblemError
    from derive.render.quiz import QUIZ_FORMATS

    platform = next(name for name, row in QUIZ_FORMATS.items() if f".{row.extension}" == path.suffix)
    try:
        faults = QUIZ_FORMATS[platform].lint(files.read_bytes(path, LARGEST_QUIZ))
        problems = [Problem(str(path), None, None, fault) for fault in faults]
    except ProblemError as error:
        problems = list(error.problems)
    if as_json:
        _print({"quiz": str(path), "platform": platform, "problems": [_problem(one) for one in problems]})
    elif problems:
        show_error(ProblemError(problems))
    else:
        voice.tell(f"{path}: {platform} reads it as it is meant")
    return not problems


def _problem(problem: Any) -> dict[str, Any]:
    kept = ("file", "line", "column", "what", "why", "fix")
    return {key: value for key, value in asdict(problem).items() if key in kept}


def _print(found: dict[str, Any]) -> None:
    typer.echo(json.dumps(found))
