"""One exercise with everything that is made of it: in a new process, and stage by stage.

Cold is what a user waits for: `derive report` with all formats and both languages. Beside it stands what
a new process needs to import the libraries alone.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench import child
from bench.measure import Timing, in_turns

EXERCISE = child.ROOT / "exercises" / "two-layer.yaml"
IMPORTS = "import sympy, numpy, torch, matplotlib.pyplot"
FORMATS = ("html", "tex", "pdf", "ipynb", "md")
LANGUAGES, AUDIENCES = ("ko", "en"), ("key", "handout")
ROUNDS = 5
WARM = 5


@dataclass(frozen=True)
class Stage:
    """One stage on the way to the files.

    Attributes:
        name: Of the stage.
        first, again: Seconds the first time in a process, imports included, and later in the same process.
    """

    name: str
    first: float
    again: float


@dataclass(frozen=True)
class Key:
    """What one answer key costs.

    Attributes:
        cold: The command in a new process.
        imports: The libraries alone in a new process.
        stages: In their order.
    """

    cold: Timing
    imports: Timing
    stages: tuple[Stage, ...]

    @property
    def ratio(self) -> float:
        """Cold, as a multiple of the imports."""
        return self.cold.seconds / self.imports.seconds


def measured(tell: Callable[[str], None], rounds: int = ROUNDS) -> Key:
    """Everything about the answer key of the homework."""
    tell("an answer key in a new process")
    with tempfile.TemporaryDirectory() as folder:
        timings = in_turns({"cold": lambda: report(Path(folder)), "imports": imports}, rounds)
    tell("an answer key by stages")
    first, *again = child.run("answer_key", "stages", [1 + WARM])
    stages = tuple(Stage(name, first[name], median(run[name] for run in again)) for name in first)
    return Key(timings["cold"], timings["imports"], stages)


def report(folder: Path) -> None:
    """The command, all formats and both languages."""
    formats = ",".join((*FORMATS, "json"))
    command = ["-m", "derive", "report", str(EXERCISE), "--out", str(folder), "--format", formats]
    _run([*command, "--lang", ",".join(LANGUAGES), "--audience", ",".join(AUDIENCES), "--quiet"])


def imports() -> None:
    """The libraries alone."""
    _run(["-c", IMPORTS])


def _run(arguments: list[str]) -> None:
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True, cwd=child.ROOT)


def stages(times: int) -> list[dict[str, float]]:
    """Seconds of each stage, several times over in one process; in a child."""
    return [_stages() for _ in range(times)]


def _stages() -> dict[str, float]:
    clock = _Clock()
    with_stage = clock.stage
    pipeline = with_stage("start", _pipeline)
    exercise = with_stage("load", lambda: pipeline.load(EXERCISE))
    derivation = with_stage("derive", lambda: _derive(exercise))
    solution = with_stage("solve", lambda: _solve(derivation))
    verification = with_stage("verify", lambda: _verify(solution))
    material = with_stage("prove and gather", lambda: pipeline.gather(exercise, verification))
    for language in LANGUAGES:
        story = with_stage("story", lambda: pipeline.write_story(material, language, None))  # noqa: B023
        for audience in AUDIENCES:
            page = _page(exercise, story, language, audience)
            for name in FORMATS:
                with_stage(f"render {name}", lambda: _render(story, page, name))  # noqa: B023
    with_stage("record", lambda: _record(verification))
    return clock.seconds


class _Clock:
    """Adds up what each stage took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def stage(self, name: str, work: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        found = work()
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
        return found


def _pipeline() -> Any:
    from derive.cli import pipeline

    return pipeline


def _derive(exercise: Any) -> Any:
    from derive import network
    from derive.engine import symbolic

    return symbolic.derive(network.build(exercise))


def _solve(derivation: Any) -> Any:
    from derive.engine import exact

    return exact.solve(derivation)


def _verify(solution: Any) -> Any:
    from derive.engine import verify

    return verify.verify(solution)


def _page(exercise: Any, story: Any, language: str, audience: str) -> Any:
    from derive.render import Page

    return Page(
        title=exercise.title[language],
        language=language,
        audience=audience,
        identifier=exercise.id,
        paper="a4",
        pictures=story.pictures,
        templates=None,
    )


def _render(story: Any, page: Any, name: str) -> Any:
    from derive.render import render

    return render(story.markdown, page, [name])


def _record(verification: Any) -> Any:
    from derive.engine.record import record

    return record(verification)
