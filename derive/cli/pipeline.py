"""The way through the house, as the commands walk it; everything heavy is imported inside."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from derive import files
from derive.errors import Problem, ProblemError
from derive.exercise import schema
from derive.exercise.model import Exercise

if TYPE_CHECKING:
    from derive.engine.proofs import Proof
    from derive.engine.verify import Verification
    from derive.render import Page
    from derive.worksheet.assignment import Owner
    from derive.worksheet.story import Material, Story

_NEEDED = "a key needs every source to have run"
_MEND = 'install or mend torch (pip install torch), until python -c "import torch" runs'


def load(path: Path) -> Exercise:
    """The exercise of a file.

    Raises:
        ProblemError: With every problem of the file.
    """
    return schema.load(files.read_text(path), str(path))


def load_all(paths: Sequence[Path]) -> list[tuple[Path, Exercise]]:
    """The exercises of several files, each with an id of its own.

    Raises:
        ProblemError: With every problem of every file.
    """
    loaded: list[tuple[Path, Exercise]] = []
    problems: list[Problem] = []
    for path in dict.fromkeys(paths):
        try:
            loaded.append((path, load(path)))
        except ProblemError as error:
            problems += error.problems
    first: dict[str, Path] = {}
    for path, exercise in loaded:
        if other := first.get(exercise.id):
            what, why = (
                f'the id "{exercise.id}" is taken',
                f"{other} has it too, and it names the output folder",
            )
            problems.append(Problem(str(path), None, None, what, why, "give one of them another id"))
        first.setdefault(exercise.id, path)
    if problems:
        raise ProblemError(problems)
    return loaded


def verify(exercise: Exercise, digits: int) -> "Verification":
    """Derive, solve and cross-check an exercise.

    Raises:
        ProblemError: A sign or a zero that can't be decided.
    """
    from derive import network
    from derive.engine import exact, symbolic
    from derive.engine import verify as sources

    derivation = symbolic.derive(network.build(exercise))
    return sources.verify(exact.solve(derivation, digits=digits))


def gather(exercise: Exercise, verification: "Verification", proof: "Proof | None" = None) -> "Material":
    """What the stories of an exercise are told from, in whatever language.

    Args:
        exercise: The exercise.
        verification: Its exact values and what each source says.
        proof: Of its closed forms, where one with other numbers has been proven already.

    Raises:
        ProblemError: A number that can't be decided.
    """
    from derive.worksheet import story

    return story.gather(exercise, verification, proof)


def write_story(
    material: "Material", language: str, templates: Path | None, *, alone: bool = True
) -> "Story":
    """The story of an exercise in one language, for key and handout alike; see `worksheet.story.write`.

    Raises:
        ProblemError: A template of the user's own doesn't work.
    """
    from derive.worksheet import story

    return story.write(material, language, templates, alone=alone)


def quizzes(
    material: "Material", story: "Story", page: "Page", title: str, platforms: Sequence[str]
) -> dict[str, bytes]:
    """An exercise as a quiz.

    Args:
        material: What there is to tell.
        story: The story of it, in the page's language.
        page: Title, language, identifier and pictures of the question.
        title: Of the category that the question belongs to.
        platforms: Names from `QUIZ_FORMATS`.

    Returns:
        The bytes of each file, by the name of its platform.

    Raises:
        RenderError: A platform can't take it.
    """
    from derive.render.quiz import Quiz, render_quiz
    from derive.worksheet.quiz import question

    if not platforms:
        return {}
    quiz = Quiz(title, (question(material.sheet, story, page),))
    return {platform: render_quiz(quiz, platform) for platform in platforms}


def assignment(
    material: "Material", page: "Page", name: str, owners: Sequence["Owner"] = ()
) -> dict[str, bytes]:
    """The files of an nbgrader course with an exercise, by their paths in it.

    Args:
        material: The exercise.
        page: Title, language, identifier, and the user's own templates.
        name: Of the assignment.
        owners: Who has numbers of their own.

    Raises:
        ProblemError: Points are given for what a notebook doesn't compute, or a template doesn't work.
        RenderError: The notebook can't be rendered.
    """
    from derive.worksheet import assignment as graded

    prepared = graded.prepared(material, personal=bool(owners))
    told = write_story(prepared, page.language, page.templates, alone=page.alone)
    return graded.course(told, page, name, owners)


def accepted(verification: "Verification", require: str) -> bool:
    """Whether the outcome is good enough: verified, and with `all` every source has run."""
    return verification.verified and (require == "one" or verification.complete)


def refusal(verification: "Verification", file: str, what: str) -> Problem:
    """What is said where an outcome is not accepted.

    Args:
        verification: The outcome.
        file: That the key would be of.
        what: Has no key, for example `two-layer`.
    """
    why = " ".join(verification.describe().split())
    if not verification.verified:
        return Problem(file, None, None, f"{what} is not verified", why)
    return incomplete(file, f"{what} is {verification.unchecked}", why)


def missed(verification: "Verification") -> str:
    """The same below a summary, for commands that can do without a source."""
    if not verification.verified:
        return verification.describe()
    return f"  {_NEEDED}\n  fix: {_MEND}; or do without: --require one"


def incomplete(file: str, what: str, why: str) -> Problem:
    """What is said where torch did not run, and a key needs it."""
    return Problem(file, None, None, what, f"{why}; {_NEEDED}", _MEND)


def summary(verification: "Verification") -> str:
    """The verdict in one line, and another for each source that doesn't simply agree."""
    agreeing = [source for source in verification.sources if source.verdict == "agrees"]
    errors = [c.relative_error or 0.0 for source in agreeing for c in source.comparisons]
    entries = sum(1 for _ in verification.solution.entries())
    worst = f"; largest relative error {max(errors):.1e}" if errors else ""
    if len(agreeing) == len(verification.sources):
        verdict = "all sources agree: exact, " + ", ".join(source.name for source in agreeing)
    else:
        verdict = "verified" if verification.verified else "NOT VERIFIED"
        verdict += f", but {verification.unchecked}" if verification.unchecked else ""
    lines = [f"{verification.network.name}: {verdict} ({entries} entries{worst})"]
    lines += [
        f"  {source.name}: {source.verdict}" for source in verification.sources if source not in agreeing
    ]
    return "\n".join(lines)
