"""Nothing runs off the page: wide networks in every format, each formula at a size that is read easily."""

import json
import random
import re
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from derive.errors import ProblemError
from derive.render import FORMATS, render
from derive.rules.activations import ACTIVATIONS
from derive.rules.losses import LOSSES
from derive.worksheet import story
from derive.worksheet.code.wrapping import WIDTH, wrapped
from derive.worksheet.story import Material
from tests.worksheet import stories

SMALLEST = 0.7  # of its size, at which a formula may be printed
NUMBERS = {
    "integers": lambda rng: rng.randint(-5, 5),
    "decimals": lambda rng: str(round(rng.uniform(-1, 1), 2)),
    "fractions": lambda rng: str(Fraction(rng.randint(-12, 12), rng.choice((1, 2, 3, 7)))),
}
CASES = [
    # depth, width, activation, loss, convention, rows, numbers
    (4, 6, "silu", "squared_error", "row", 2, "decimals"),
    (2, 6, "tanh", "cross_entropy", "row", 1, "integers"),
    (1, 5, "softplus", "binary_cross_entropy", "column", 5, "integers"),
    (2, 6, "gelu", "mean_squared_error", "column", 4, "decimals"),
    (3, 4, "elu", "half_squared_error", "row", 1, "fractions"),
    (3, 3, "softmax", "cross_entropy", "row", 5, "integers"),
    (4, 6, "leaky_relu", "sum", "column", 1, "decimals"),
]


def wide(case: tuple[Any, ...]) -> Material:
    """A network of one width throughout."""
    depth, width, activation, loss, convention, rows, kind = case
    rng = random.Random(str(case))

    def matrix(height: int) -> list[list[Any]]:
        return [[NUMBERS[kind](rng) for _ in range(width)] for _ in range(height)]

    last = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}.get(loss, activation)
    layers = [
        {
            "weights": matrix(width),
            "bias": matrix(1)[0],
            "activation": last if k == depth - 1 else activation,
        }
        for k in range(depth)
    ]
    file = {"id": "wide", "title": "Wide", "convention": convention, "loss": loss, "layers": layers}
    file |= {"input": matrix(rows), "step": {"learning_rate": "1/2"}}
    if LOSSES[loss].target:
        file["target"] = [[int(unit == row % width) for unit in range(width)] for row in range(rows)]
    return story.gather(*stories.verified(stories.exercise_of(json.dumps(file))))


@pytest.fixture(scope="session")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Templates whose PDF refuses a formula that it would have to make very small."""
    folder = tmp_path_factory.mktemp("templates")
    page = (stories.ROOT / "templates" / "page.typ.j2").read_text("utf-8")
    assert "ratio >= 0.5" in page
    (folder / "page.typ.j2").write_text(page.replace("ratio >= 0.5", f"ratio >= {SMALLEST}"), "utf-8")
    return folder


def fits(gathered: Material, templates: Path, languages: tuple[str, ...]) -> None:
    for language in languages:
        written = story.write(gathered, language)
        for audience in ("key", "handout"):
            page = stories.page(gathered, written, language, audience, templates=templates)
            assert set(render(written.markdown, page, list(FORMATS))) == set(FORMATS)
    listings = gathered.facts["code"]
    code = [listings.data, listings.forward, *listings.gradients, listings.torch, listings.compare]
    assert not [line for line in "\n".join(code).splitlines() if len(line) > WIDTH + 4]


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_a_wide_network_fits(case: tuple[Any, ...], strict: Path) -> None:
    fits(wide(case), strict, ("en",))


@pytest.mark.slow
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_networks_of_every_kind_fit(activation: str, loss: str, strict: Path) -> None:
    rng = random.Random(f"{activation} {loss}")
    depth, width, convention = rng.randint(1, 4), rng.randint(2, 6), rng.choice(("row", "column"))
    kind, rows = rng.choice(list(NUMBERS)), rng.choice((1, 1, 2, 4, 5))
    try:
        gathered = wide((depth, width, activation, loss, convention, rows, kind))
    except ProblemError:
        pytest.skip("its numbers are out of reach")
    fits(gathered, strict, (rng.choice(stories.LANGUAGES),))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("lualatex") is None, reason="LuaLaTeX is not installed")
@pytest.mark.parametrize(
    ("case", "language", "engine"),
    [*((case, "en", "pdflatex") for case in CASES), (CASES[0], "ko", "lualatex")],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, tuple) else value,
)
def test_latex_has_no_overfull_line(
    case: tuple[Any, ...], language: str, engine: str, tmp_path: Path
) -> None:
    gathered = wide(case)
    for audience in ("key", "handout"):
        (tmp_path / "page.tex").write_bytes(stories.rendered(gathered, language, audience, ["tex"])["tex"])
        command = [engine, "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
        subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
        log = (tmp_path / "page.log").read_text("utf-8", "replace")
        too_wide = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]
        assert not [points for points in too_wide if points > 10]
        assert "Missing character" not in log


@pytest.mark.parametrize("name", stories.SHIPPED)
def test_listings_of_shipped_exercises_fit(name: str) -> None:
    listings = stories.material(name).facts["code"]
    code = [listings.data, listings.forward, *listings.gradients, listings.torch, listings.descent]
    assert not [line for line in "\n".join(code).splitlines() if len(line) > WIDTH + 4]


def test_wrapped_code_is_the_same_code() -> None:
    rows = ", ".join(f"[{', '.join(str(10 * i + j) for j in range(12))}]" for i in range(5))
    chain = " @ ".join(f"dz{k}_da{k}" for k in range(20))
    called = f"f({', '.join(f'argument_{k}' for k in range(20))}).mean()"
    code = f"W = np.array([{rows}], dtype=float)\ng = {chain}\nif g:\n    return {chain}, {called}"
    broken = wrapped(code)
    assert max(map(len, broken.splitlines())) <= WIDTH
    assert re.sub(r"[\s()]", "", broken) == re.sub(r"[\s()]", "", code)
    compile(f"def outer():\n{broken}".replace("\n", "\n    "), "code", "exec")
    assert broken.splitlines()[1].startswith(" " * len("W = np.array([") + "[10, 11")
