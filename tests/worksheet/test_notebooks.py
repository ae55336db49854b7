"""The notebooks run: keys from top to bottom, handouts up to the student's first cell."""

import json
import re
from typing import Any

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from derive.worksheet import story
from tests.worksheet import stories


def notebook(name: str, language: str, audience: str) -> Any:
    content = stories.rendered(stories.material(name), language, audience, ["ipynb"])["ipynb"]
    nbformat.validate(json.loads(content))
    return nbformat.reads(content.decode(), as_version=4)


def code(book: Any) -> list[str]:
    return [cell.source for cell in book.cells if cell.cell_type == "code"]


def run(cells: list[str]) -> dict[str, Any]:
    """Cells run in one namespace, as a kernel would."""
    names: dict[str, Any] = {}
    for cell in cells:
        exec(compile(cell, "cell", "exec"), names)
    return names


@pytest.mark.parametrize("language", stories.LANGUAGES)
@pytest.mark.parametrize("name", stories.SHIPPED)
def test_a_key_runs_from_top_to_bottom(name: str, language: str, capsys: pytest.CaptureFixture[str]) -> None:
    book = notebook(name, language, "key")
    assert not [cell for cell in book.cells if cell.get("outputs") or cell.get("execution_count")]
    cells = code(book)
    run(cells)
    printed = capsys.readouterr()
    assert printed.err == ""
    assert len(printed.out.splitlines()) >= 1 + 2 * len(stories.material(name).sheet.network.parameters())
    assert "assert_allclose" in cells[-1]


@pytest.mark.parametrize("language", stories.LANGUAGES)
@pytest.mark.parametrize("name", stories.SHIPPED)
def test_a_handout_runs_up_to_the_first_cell_of_the_student(name: str, language: str) -> None:
    cells = code(notebook(name, language, "handout"))
    blank = next(number for number, cell in enumerate(cells) if "raise NotImplementedError" in cell)
    run(cells[:blank])
    with pytest.raises(NotImplementedError):
        run(cells[: blank + 1])
    # What stays given is the data and the comparison with torch; nothing of the way between them.
    given = [cell for cell in cells if "raise NotImplementedError" not in cell]
    assert len(given) == 2
    assert "assert_allclose" in given[1]
    assert "@" not in "".join(given)


MISTAKES = (
    ("np.array([4, 1]", "np.array([5, 1]"),
    ("np.array([0, 1]", "np.array([1, 0]"),
    ("[[1, -2], [2, 5]]", "[[1, -2], [3, 5]]"),
    ("[[3, -3], [-1, 1]]", "[[2, -3], [-1, 1]]"),
    ("np.maximum(h, 0)", "np.maximum(h, 1)"),
    ("h = I @ W_0\n", "h = I @ W_0.T\n"),
    ("-np.sum(y * np.log(s))", "np.sum(y * np.log(s))"),
    ("powers.sum()", "powers.prod()"),
    ("np.atleast_2d(-y / s)", "np.atleast_2d(y / s)"),
    ("np.diag(s) - np.outer(s, s)", "np.diag(s) + np.outer(s, s)"),
    ("np.kron(L.reshape(1, -1), np.eye(2))", "np.kron(np.eye(2), L.reshape(1, -1))"),
    ("np.kron(I.reshape(1, -1), np.eye(2))", "np.kron(I.reshape(1, -1), 2 * np.eye(2))"),
    ("dO_dL = W_1.T", "dO_dL = W_1"),
    ("np.where(h > 0, 1.0, 0.0)", "np.where(h > 0, 0.0, 1.0)"),
    ("np.where(h > 0, 1.0, 0.0)", "np.where(h > 0, 1.0, 1.0)"),
    (".reshape(W_0.shape)", ".reshape(W_0.shape).T"),
    ("torch.relu(h_t)", "h_t"),
    ("torch.log_softmax(O_t, dim=-1)", "torch.softmax(O_t, dim=-1)"),
    ("l_t.backward()", "(2 * l_t).backward()"),
)


@pytest.mark.parametrize(("right", "wrong"), MISTAKES)
def test_a_key_with_a_mistake_in_it_fails(right: str, wrong: str) -> None:
    cells = code(notebook("two-layer", "en", "key"))
    assert sum(right in cell for cell in cells) == 1
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        run([cell.replace(right, wrong) for cell in cells])


@pytest.mark.parametrize("name", stories.SHIPPED)
def test_every_given_array_matters(name: str) -> None:
    """Each of the given arrays, changed throughout, makes the comparison with the exact values fail."""
    cells = code(notebook(name, "en", "key"))
    if not stories.material(name).facts["code"].exact:
        pytest.skip("float64 can't be held against the exact values of this exercise")
    given = re.findall(r"^(\w+) = np.array\((.*), dtype=float\)$", cells[0], re.MULTILINE)
    assert len(given) >= 2
    for variable, _ in given:
        changed = f"{cells[0]}\n{variable} = {variable} * 0.75 + 0.125"
        with pytest.raises(AssertionError, match="Not equal to tolerance"):
            run([changed, *cells[1:]])


def execute(book: Any) -> None:
    NotebookClient(book, timeout=300, kernel_name="python3").execute()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_key_in_a_kernel() -> None:
    book = notebook("two-layer", "ko", "key")
    execute(book)
    printed = [output.text for cell in book.cells for output in cell.get("outputs", ())]
    assert printed[0] == "36.0\n"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("language", stories.LANGUAGES)
@pytest.mark.parametrize("name", stories.SHIPPED)
def test_every_key_in_a_kernel(name: str, language: str) -> None:
    book = notebook(name, language, "key")
    execute(book)
    with pytest.raises(CellExecutionError, match="NotImplementedError"):
        execute(notebook(name, language, "handout"))
    assert not [
        output for cell in book.cells for output in cell.get("outputs", ()) if output.get("name") != "stdout"
    ]


SATURATED = """
id: x
input: [30, 1]
target: [0, 1]
layers:
  - {weights: [[2, -2], [1, -3]], activation: sigmoid}
loss: binary_cross_entropy
"""


def test_what_double_precision_drives_apart_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """NumPy takes the logarithm of 0 there, torch the logits."""
    material = story.gather(*stories.verified(stories.exercise_of(SATURATED)))
    book = json.loads(stories.rendered(material, "en", "key", ["ipynb"])["ipynb"])
    cells = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"]
    with np.errstate(all="ignore"):
        names = run(cells)
    (printed,) = re.findall(r"print\((\w+), \w+_t\.item\(\), sep=", cells[-1])
    assert not np.isfinite(names[printed])
    assert capsys.readouterr().out.endswith("]]\n")
