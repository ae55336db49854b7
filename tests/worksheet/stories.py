"""Exercises to tell stories of: those that come with the program, from text, and of any network."""

import base64
import json
import re
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from derive.engine import exact, symbolic
from derive.engine.verify import Verification, verify
from derive.exercise import schema
from derive.exercise.model import Exercise
from derive.network import Dense, Network, build
from derive.render import Page, render
from derive.worksheet import story
from derive.worksheet.story import Material, Story

ROOT = Path(__file__).parents[2]
SHIPPED = {path.stem: path for path in sorted((ROOT / "exercises").glob("*.yaml"))}
LANGUAGES = ("en", "ko")
# A softmax, a step of gradient descent, a unit on its kink, a batch: the others take their turn with -m slow.
_QUICK = ("two-layer", "mazur", "kink", "xor")
FEW = [name if name in _QUICK else pytest.param(name, marks=pytest.mark.slow) for name in SHIPPED]


def exercise_of(text: str) -> Exercise:
    """The exercise of a file's text."""
    return schema.load(text, "test.yaml")


@cache
def shipped(name: str) -> tuple[Exercise, Verification]:
    """An exercise that comes with the program, solved and verified."""
    return verified(exercise_of(SHIPPED[name].read_text("utf-8")))


def verified(exercise: Exercise) -> tuple[Exercise, Verification]:
    """An exercise and the outcome of its cross-check."""
    return exercise, verify(exact.solve(symbolic.derive(build(exercise))))


@cache
def material(name: str) -> Material:
    """What the stories of a shipped exercise are told from."""
    return story.gather(*shipped(name))


@cache
def told(name: str, language: str) -> Story:
    """The story of a shipped exercise."""
    return story.write(material(name), language)


def page(gathered: Material, written: Story, language: str, audience: str, **options: Any) -> Page:
    """The page around a story, as the report makes it."""
    exercise = gathered.sheet.exercise
    return Page(
        exercise.title[language], language, audience, exercise.id, pictures=written.pictures, **options
    )


def rendered(gathered: Material, language: str, audience: str, formats: list[str]) -> Mapping[str, bytes]:
    """Key or handout in some formats."""
    written = story.write(gathered, language)
    return render(written.markdown, page(gathered, written, language, audience), formats)


def text_of(network: Network, **options: Any) -> str:
    """The exercise file of a network."""
    file: dict[str, Any] = {
        "id": "drawn",
        "title": {"en": "A drawn network", "ko": "뽑은 신경망"},
        "convention": "row" if network.row_convention else "column",
        "input": _numbers(network.inputs),
        "layers": [_layer(layer) for layer in network.layers],
        "loss": network.loss_name,
        "reduction": network.reduction,
        "l2": str(network.l2),
    }
    if network.targets is not None:
        file["target"] = _numbers(network.targets)
    if network.step is not None:
        step = network.step
        file["step"] = {
            "learning_rate": str(step.learning_rate),
            "count": step.count,
            "order": step.order,
            "frozen": list(step.frozen),
        }
    return json.dumps(file | options, ensure_ascii=False)  # JSON is YAML


def _layer(layer: Dense) -> dict[str, Any]:
    activation: Any = layer.activation
    if layer.parameter is not None:
        activation = {layer.activation: str(layer.parameter)}
    written = {"weights": _numbers(layer.weights), "activation": activation}
    return written if layer.bias is None else written | {"bias": _numbers(layer.bias)}


def _numbers(laid: Any) -> Any:
    return str(laid) if isinstance(laid, Fraction) else [_numbers(part) for part in laid]


def without_pictures(text: str) -> str:
    """Markdown, LaTeX or HTML without the drawings, whose coordinates hold any digits."""
    text = re.sub(r"data:image/svg\+xml;base64,[A-Za-z0-9+/=]+", "", text)
    text = re.sub(r"\\begin\{pgfpicture\}.*?\\end\{pgfpicture\}", "", text, flags=re.DOTALL)
    return re.sub(r'<svg[^>]*(aria-label="[^"]*")[^>]*>.*?</svg>', r"\1", text, flags=re.DOTALL)


def pictures_in(text: str) -> list[str]:
    """The SVG of every picture in Markdown."""
    found = re.findall(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)", text)
    return [base64.b64decode(data).decode() for data in found]
