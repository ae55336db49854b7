"""Every limit of the documentation, on both sides: what meets it is taken, the next larger is refused.

The rows of `docs/limits.md` and of the table below are the same, so that no limit is documented and not
tested, or the reverse; the numbers are those of the page.
"""

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from derive.classroom import roster
from derive.errors import ProblemError
from derive.exercise import schema, source

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "limits.md").read_text("utf-8")
LIMITS = {
    what: int(most.replace(",", "")) for what, most in re.findall(r"^\| (.+?) \| ([\d,]+) \|$", PAGE, re.M)
}


def matrix(rows: int, columns: int, number: str = "1") -> str:
    """A matrix of equal rows; all but the first are aliases, which are read faster."""
    first = f"&r{rows}x{columns} [{', '.join([number] * columns)}]"
    return f"[{', '.join([first, *[f'*r{rows}x{columns}'] * (rows - 1)])}]"


def exercise(widths: tuple[int, ...] = (1, 1), rows: int = 1, more: str = "", **parts: str) -> str:
    """An exercise file with layers of these widths, the input first."""
    layers = "".join(
        f"  - weights: {matrix(taken, given)}\n    activation: relu\n" for taken, given in pairwise(widths)
    )
    lines = {"id": "x", "title": "{en: x}", "input": matrix(rows, widths[0]), "loss": "sum"} | parts
    return "".join(f"{key}: {value}\n" for key, value in lines.items()) + f"layers:\n{layers}{more}"


def step(count: int) -> str:
    return f"step: {{learning_rate: 1, count: {count}}}\n"


def students(ids: list[str]) -> str:
    return "\n".join(["id", *ids])


def nested(levels: int) -> str:
    """A key whose value is nested so deeply; the file itself is a level too."""
    return "x: " + "[" * (levels - 1) + "1" + "]" * (levels - 1)


def aliases(values: int) -> str:
    """A mapping, a key, a list of a list of 97 numbers and aliases of it, and single numbers for the rest."""
    whole, rest = divmod(values - 3 - 98, 98)
    return f"x: [&a [{', '.join(['1'] * 97)}]{', *a' * whole}{', 1' * rest}]"


read = lambda text: schema.load(text, "x.yaml")  # noqa: E731
parse = lambda text: source.load(text, "x.yaml")  # noqa: E731
enrol = lambda text: roster.parse(text, "x.yaml")  # noqa: E731

# By the row of the page: what reads it, a text of a size, the size after the limit where it isn't one more,
# and what the refusal says.
TESTED: dict[str, tuple[Callable[[str], Any], Callable[[int], str], int | None, str]] = {
    "layers": (read, lambda n: exercise((1,) * (n + 1)), None, "33 layers are too many"),
    "inputs, or units of a layer": (read, lambda n: exercise((1, n)), None, "1 x 129 numbers are too many"),
    "rows of input": (read, lambda n: exercise(rows=n), None, "257 x 1 numbers are too many"),
    "weights": (
        read, lambda n: exercise((100, 100, 100) if n == 20_000 else (100, 113, 77)), None,
        "20,001 weights are too many",
    ),
    "weights times rows times updates + 1": (
        read, lambda n: exercise((20, 25), more=step(n // 500 - 1)), 500_500,
        "500 weights, 1 row of input and 1,000 updates are too many together",
    ),
    "updates (`step: {count: ...}`)": (read, lambda n: exercise(more=step(n)), None, "1,001 is too large"),
    "characters of a number": (
        read, lambda n: exercise(input=f"[{'1' * n}]"), None, "a number of 201 characters is too long",
    ),
    "exponent of a number, up or down": (
        read, lambda n: exercise(input=f"[1e-{n}]"), None, "the exponent of 1e-401 is too large",
    ),
    "characters of a text": (
        read, lambda n: exercise(title=f"{{en: {'x' * n}}}"), None, "a text of 501 characters is too long",
    ),
    "characters of `id`": (read, lambda n: exercise(id="x" * n), None, "is no id"),
    "numbers that one range draws from": (
        read, lambda n: exercise(more=f"vary: {{weights: 1..{n}}}\n"), None, "the range has 10,001 numbers",
    ),
    "levels of nesting": (parse, nested, None, "nested too deeply"),
    "values of a file, those of aliases included": (parse, aliases, None, "too many values"),
    "characters of a line": (parse, lambda n: f"x: {'1' * (n - 3)}", None, "a line of 100,001 characters"),
    "characters of a file": (
        parse, lambda n: ("#" * 99 + "\n") * (n // 100 - 1) + "x: " + "1" * (97 + n % 100), None,
        "the text has 1,000,001 characters",
    ),
    "students of a class list": (
        enrol, lambda n: students([str(k) for k in range(n)]), None, "100,001 students are too many",
    ),
    "characters of a student's id": (
        enrol, lambda n: students(["1" * n]), None, "an id of 201 characters is too long",
    ),
}  # fmt: skip
OPTIONS = {
    "variants (`--count`)": ("--count", str),
    "significant digits (`--digits`)": ("--digits", str),
    "characters of a set's name (`--name`)": ("--name", lambda n: "x" * n),
}


def test_the_page_and_the_tests_have_the_same_limits() -> None:
    assert list(LIMITS) == [*TESTED, *OPTIONS]


@pytest.mark.parametrize("what", TESTED)
def test_a_limit_of_a_file(what: str) -> None:
    take, text, beyond, said = TESTED[what]
    take(text(LIMITS[what]))
    with pytest.raises(ProblemError) as refused:
        take(text(beyond or LIMITS[what] + 1))
    (problem,) = refused.value.problems
    assert said in problem.what
    assert problem.why
    assert problem.fix
    assert problem.file == "x.yaml"
    whole = what == "characters of a file"  # nothing of it is read
    assert (problem.line is None) == whole
    if take is not enrol and not whole:
        assert problem.column is not None


@pytest.mark.parametrize("what", OPTIONS)
def test_a_limit_of_an_option(derive: Callable[..., Any], what: str, tmp_path: Path) -> None:
    option, spelled = OPTIONS[what]
    command = ("variants", tmp_path / "none.yaml", "--out", tmp_path / "out", option)
    taken = derive(*command, spelled(LIMITS[what]))
    assert (taken.code, "none.yaml does not exist" in taken.err) == (1, True)
    refused = derive(*command, spelled(LIMITS[what] + 1))
    assert refused.code == 2
    assert option in refused.err
    assert str(LIMITS[what]) in refused.err
    assert not (tmp_path / "out").exists()
