"""Making the pages of one variant: solved, cross-checked, told, rendered and written.

A press is set up once in each process; what goes in and out of it is small and can be sent anywhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from derive.classroom.frozen import Answer, Frozen, answers, thawed
from derive.errors import DeriveError, Problem, ProblemError

if TYPE_CHECKING:
    from derive.classroom.manifest import Manifest
    from derive.engine.proofs import Proof
    from derive.engine.symbolic import Derivation
    from derive.engine.verify import Verification
    from derive.exercise.model import Exercise
    from derive.render import Page
    from derive.worksheet.story import Story

FOLDERS = {"handout": "handouts", "key": "keys"}
QUIZZES = "quizzes"
EXERCISES = "exercises"


@dataclass(frozen=True)
class Order:
    """What is to be made of each variant.

    Attributes:
        file: The name of the exercise file, for messages.
        text: The exercise file.
        folder: Of the set.
        languages: `ko`, `en`, or both.
        formats: Of the pages, and the platforms of quizzes.
        paper: `a4` or `letter`.
        digits: Significant digits of the answers.
        templates: The user's own folder of templates.
        exercises: Whether an exercise file is written for each variant.
    """

    file: str
    text: str
    folder: Path
    languages: tuple[str, ...]
    formats: tuple[str, ...]
    paper: str
    digits: int
    templates: Path | None
    exercises: bool

    @classmethod
    def frozen(cls, manifest: "Manifest", folder: Path, templates: Path | None = None) -> "Order":
        """What a set with this manifest was made of."""
        return cls(
            file=manifest.exercise.file,
            text=manifest.exercise.text,
            folder=folder,
            languages=tuple(manifest.pages.languages),
            formats=tuple(manifest.pages.formats),
            paper=manifest.pages.paper,
            digits=manifest.digits,
            templates=templates,
            exercises=manifest.pages.exercises,
        )

    @cached_property
    def page_formats(self) -> tuple[str, ...]:
        """The formats of handouts and keys."""
        from derive.render import FORMATS

        return tuple(name for name in self.formats if name in FORMATS)

    @cached_property
    def platforms(self) -> Mapping[str, str]:
        """The platforms of quizzes, each with the extension of its files."""
        from derive.render.quiz import QUIZ_FORMATS

        return {name: QUIZ_FORMATS[name].extension for name in self.formats if name in QUIZ_FORMATS}

    @property
    def suffixes(self) -> dict[str, str]:
        """What the names of files in a language end with, before their extension."""
        several = len(self.languages) > 1
        return {language: f".{language}" if several else "" for language in self.languages}

    def pages(self, form_id: str) -> list[Path]:
        """The files of a variant, relative to the folder of the set."""
        made = dict.fromkeys(FOLDERS.values(), self.page_formats)
        made[QUIZZES] = tuple(self.platforms.values())
        found = [
            Path(folder) / f"{form_id}{suffix}.{extension}"
            for folder, extensions in made.items()
            for suffix in self.suffixes.values()
            for extension in extensions
        ]
        return [*found, Path(EXERCISES) / f"{form_id}.yaml"] if self.exercises else found


@dataclass(frozen=True)
class Made:
    """A variant whose pages are there.

    Attributes:
        variant: With its answers.
        digests: SHA-256 of the files that were written, by their paths in the folder of the set.
        problems: Why it could not be made; empty where it was.
    """

    variant: Frozen
    digests: Mapping[str, str]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Press:
    """Makes the pages of variants of one exercise."""

    order: Order

    @cached_property
    def _exercise(self) -> "Exercise":
        from derive.exercise import schema

        return schema.load(self.order.text, self.order.file)

    @cached_property
    def _derivation(self) -> "Derivation":
        """Derived once: a variant has the same closed forms."""
        from derive.engine import symbolic
        from derive.network import build

        return symbolic.derive(build(self._exercise))

    @cached_property
    def _proof(self) -> "Proof":
        """Proven once, for every input."""
        from derive.engine import proofs

        return proofs.prove(self._derivation)

    def make(self, variant: Frozen, missing: tuple[str, ...]) -> Made:
        """Solve and cross-check a variant, and write what is missing of its pages.

        Args:
            variant: With its numbers; answers that it has already are held against what comes out.
            missing: Paths in the folder of the set.
        """
        try:
            exercise = thawed(self._exercise, variant.numbers)
            verification = self._verified(exercise, variant)
            found = answers(verification.solution)
            if changed := _changed(variant, found):
                raise ProblemError([_other_answers(variant, changed, found, self.order.file)])
            digests = self._written(self._pages(exercise, verification, variant, missing))
        except DeriveError as error:
            if isinstance(error, ProblemError):
                return Made(variant, {}, error.problems)
            return Made(variant, {}, (Problem(self.order.file, None, None, str(error)),))
        return Made(variant if variant.answers else variant.model_copy(update={"answers": found}), digests)

    def _written(self, pages: Iterator[tuple[str, bytes]]) -> dict[str, str]:
        """Write pages while the next are made: the disk takes its time, and no core. SHA-256 by path."""
        from derive import files

        digests, waiting = {}, []
        with ThreadPoolExecutor(max_workers=2) as disk:
            for path, content in pages:
                waiting.append(disk.submit(files.write, self.order.folder / path, content))
                digests[path] = sha256(content).hexdigest()
            for write in waiting:
                write.result()
        return digests

    def _verified(self, exercise: "Exercise", variant: Frozen) -> "Verification":
        from derive.cli import pipeline
        from derive.engine import exact
        from derive.engine import verify as sources
        from derive.network import build

        derivation = replace(self._derivation, network=build(exercise))
        verification = sources.verify(exact.solve(derivation, digits=self.order.digits))
        if not pipeline.accepted(verification, "all"):
            problem = pipeline.refusal(verification, self.order.file, f"variant {variant.id}")
            numbers = "" if verification.verified else f"; its numbers: {variant.numbers}"
            raise ProblemError([replace(problem, why=problem.why + numbers)])
        return verification

    def _pages(
        self, exercise: "Exercise", verification: "Verification", variant: Frozen, missing: tuple[str, ...]
    ) -> Iterator[tuple[str, bytes]]:
        from derive.classroom.exercise_file import variant_file
        from derive.cli import pipeline
        from derive.render import render

        order = self.order
        path = f"{EXERCISES}/{variant.id}.yaml"
        if path in missing:
            yield path, variant_file(order.text, variant.id, variant.numbers).encode()
        material = None
        for language, suffix in order.suffixes.items():
            wanted = {
                audience: [
                    extension
                    for extension in order.page_formats
                    if f"{folder}/{variant.id}{suffix}.{extension}" in missing
                ]
                for audience, folder in FOLDERS.items()
            }
            platforms = {
                name: f"{QUIZZES}/{variant.id}{suffix}.{extension}"
                for name, extension in order.platforms.items()
            }
            platforms = {name: path for name, path in platforms.items() if path in missing}
            if not (platforms or any(wanted.values())):
                continue
            material = material or pipeline.gather(exercise, verification, self._proof)
            story = pipeline.write_story(material, language, order.templates, alone=False)
            for audience, formats in wanted.items():
                page = self._page(exercise, story, variant, language, audience)
                for extension, content in render(story.markdown, page, formats).items():
                    yield f"{FOLDERS[audience]}/{variant.id}{suffix}.{extension}", content
            page = replace(self._page(exercise, story, variant, language, "key"), identifier=variant.id)
            title = f"{page.title} · {order.folder.name}"
            for name, content in pipeline.quizzes(material, story, page, title, list(platforms)).items():
                yield platforms[name], content

    def _page(
        self, exercise: "Exercise", story: "Story", variant: Frozen, language: str, audience: str
    ) -> "Page":
        from derive.classroom.codes import svg
        from derive.render import Page, Picture

        return Page(
            title=exercise.title[language],
            language=language,
            audience=audience,
            identifier=f"{variant.id} · {variant.who}" if variant.who else variant.id,
            paper=self.order.paper,
            pictures=story.pictures,
            templates=self.order.templates,
            code=Picture(svg(variant.id), variant.id),
            alone=False,
        )


def _changed(variant: Frozen, found: Mapping[str, Answer]) -> list[str]:
    """Quantities whose digits are not those that the variant keeps; closed forms may be spelled anew."""
    return [
        name
        for name, answer in variant.answers.items()
        if name not in found or found[name].decimal != answer.decimal
    ]


def _other_answers(
    variant: Frozen, changed: Sequence[str], found: Mapping[str, Answer], file: str
) -> Problem:
    name = changed[0]
    now = found[name].decimal if name in found else "missing"
    what = f"variant {variant.id} has other answers now: {', '.join(changed)}"
    why = f"{name} was {variant.answers[name].decimal} and is {now}"
    return Problem(file, None, None, what, why, "the manifest keeps what was handed out: see which is right")
