"""Frozen sets: written, read, changed; and the exercise file of each variant."""

import json
import xml.etree.ElementTree as ET
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from derive.classroom import answer_table, codes, manifest
from derive.classroom.exercise_file import variant_file
from derive.classroom.frozen import Frozen, answers, numbers, thawed
from derive.classroom.grading.case import Case
from derive.classroom.manifest import Head, Pages, Source
from derive.engine import exact, symbolic
from derive.errors import ProblemError
from derive.exercise import schema
from derive.network import build

EXERCISES = sorted((Path(__file__).parents[2] / "exercises").glob("*.yaml"))
TEXT = next(path for path in EXERCISES if path.stem == "two-layer").read_text("utf-8")


def head(**changed: Any) -> Head:
    facts: dict[str, Any] = {
        "program": "0.1.0",
        "exercise": Source(file="two-layer.yaml", text=TEXT),
        "name": "midterm",
        "seed": 7,
        "students": True,
        "digits": 40,
        "pages": Pages(languages=["ko"], formats=["pdf"], paper="a4"),
        "quantities": ["W_0"],
        "diagnosed": ["sign_flipped"],
        "silent": [],
    }
    return Head(**facts | changed)


def frozen(form_id: str = "XQ4-7FHC", student: str = "홍길동 =1") -> Frozen:
    network = build(schema.load(TEXT, "x"))
    solution = exact.solve(symbolic.derive(network))
    return Frozen(
        id=form_id,
        student=student,
        fields={"name": "홍길동"},
        difficulty=26,
        numbers=numbers(network),
        answers=answers(solution),
    )


@pytest.mark.parametrize(
    "decimal", [{"a": "1"}, [[["1"]]], "12 apples", "1e9999999999", [1.5], None, ["NaN"]]
)
def test_answers_of_another_shape_are_refused(decimal: Any) -> None:
    text = json.loads("".join(manifest.write(head(), [frozen()])))
    text["variants"][0]["answers"]["loss"]["decimal"] = decimal
    with pytest.raises(ProblemError):
        manifest.read(json.dumps(text), "manifest.json")


@pytest.mark.parametrize(
    ("name", "decimal"), [("W_0", ["1", "2"]), ("W_7", "1"), ("x" * 3000, []), ("loss", "7")]
)
def test_answers_that_arent_of_these_numbers(name: str, decimal: Any) -> None:
    exercise = schema.load(TEXT, "x")
    answer = frozen().answers["loss"].model_copy(update={"decimal": decimal})
    case = Case.of(exercise)
    with pytest.raises(ProblemError, match="don't follow from its numbers"):
        case.check({name: answer}, "manifest.json")


def test_what_is_written_is_read() -> None:
    variants = [frozen(), frozen("CCC-2222", "x\u2028y")]
    text = "".join(manifest.write(head(), variants))
    found = manifest.read(text, "manifest.json")
    assert found.variants == variants
    assert found.head == head()
    assert json.loads(text)["hash"] == found.hash
    assert text.count('"id":') == 2
    assert [line for line in text.splitlines() if line.startswith('{"id"')]


def test_values_are_frozen_exactly() -> None:
    answer = frozen().answers["W_0"]
    assert answer.exact[0][0] == "24/(1 + exp(-36))"
    assert answer.decimal[0][0].startswith("23.9999999999999944331452074154")
    assert answer.decimal[0][1] == "0"


@pytest.mark.parametrize(
    ("before", "after"),
    [('"seed": 7', '"seed": 8'), ('["4", "1"]', '["4", "2"]'), ('"difficulty": 26', '"difficulty": 25')],
)
def test_a_change_is_noticed(before: str, after: str) -> None:
    text = "".join(manifest.write(head(), [frozen()]))
    assert before in text
    with pytest.raises(ProblemError) as error:
        manifest.read(text.replace(before, after, 1), "m.json")
    assert "was changed after it was written" in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "no manifest"),
        ("{}", "no manifest"),
        ('{"format": "other"}', "no manifest"),
    ],
)
def test_what_is_no_manifest(text: str, said: str) -> None:
    with pytest.raises(ProblemError) as error:
        manifest.read(text, "m.json")
    assert said in str(error.value)
    assert all(problem.file == "m.json" for problem in error.value.problems)


def test_what_tells_two_sets_apart() -> None:
    assert manifest.differences(head(), head()) == []
    commented = head(exercise=Source(file="other.yaml", text="# a remark\n" + TEXT))
    assert manifest.differences(head(), commented) == []
    other = TEXT.replace("weights: [[1, -2]", "weights: [[1, -3]").replace("1..6", "1..5")
    found = manifest.differences(
        head(), head(seed=8, students=False, exercise=Source(file="x.yaml", text=other))
    )
    assert found == ["the seed 7 instead of 8", "a class list", "another exercise (layers, rules)"]


@pytest.mark.parametrize("path", EXERCISES, ids=lambda path: path.stem)
def test_numbers_come_back(path: Path) -> None:
    exercise = schema.load(path.read_text("utf-8"), path.name)
    kept = numbers(build(exercise))
    assert thawed(exercise, kept) == exercise
    assert json.loads(json.dumps(kept)) == kept


@pytest.mark.parametrize("path", EXERCISES, ids=lambda path: path.stem)
def test_the_exercise_file_of_a_variant(path: Path) -> None:
    """Other numbers, everything else as it was, comments included; and a file that can be reported."""
    text = path.read_text("utf-8")
    exercise = schema.load(text, path.name)

    def doubled(part: Any) -> Any:
        return str(Fraction(part) * 2) if isinstance(part, str) else [doubled(one) for one in part]

    kept = numbers(build(exercise))
    changed = {name: part if name == "target" else doubled(part) for name, part in kept.items()}
    written = variant_file(text, "XQ4-7FHC", changed)
    found = schema.load(written, "variant.yaml")
    assert found.id == f"{exercise.id}-xq4-7fhc"
    assert found.input == tuple(tuple(2 * number for number in row) for row in exercise.input)
    assert numbers(build(found)) == changed
    kept_as_it_was = (
        "title",
        "about",
        "loss",
        "reduction",
        "l2",
        "convention",
        "notation",
        "step",
        "vary",
        "rules",
    )
    assert all(
        getattr(found, name) == getattr(exercise, name) for name in (*kept_as_it_was, "points", "rounding")
    )
    assert [line for line in written.splitlines() if line.startswith("#")] == [
        line for line in text.splitlines() if line.startswith("#")
    ]


def test_numbers_of_another_shape_are_refused() -> None:
    exercise = schema.load(TEXT, "x")
    kept = numbers(build(exercise))
    for wrong in ({"input": [["4"]]}, {"W_0": "4"}, {"W_0": [["1", "2"], ["3"]]}, {"W_9": "1"}):
        with pytest.raises(ValueError, match=r"shape|the exercise has"):
            thawed(exercise, kept | wrong)


def test_the_table_of_answers() -> None:
    rows = list(answer_table.rows([frozen()]))
    assert rows[0] == ("variant", "student", "quantity", "index", "exact", "decimal")
    found = {(row[2], row[3]): row[4:] for row in rows[1:]}
    assert all(row[:2] == ("XQ4-7FHC", "홍길동 =1") for row in rows[1:])
    assert found["pre_activation_0", "[0,1]"] == ("-3", "-3")
    assert found["loss", "[]"][0] == "36 + log(1 + exp(-36))"
    assert found["W_0", "[1,0]"][0] == "6/(1 + exp(-36))"


def test_the_code_says_the_form_id() -> None:
    """Read back from the picture: each module where the library that made it has it."""
    import segno

    root = ET.fromstring(codes.svg("XQ4-7FHC"))
    size = int(root.attrib["width"])
    matrix = segno.make_qr("XQ4-7FHC", error="m").matrix
    assert size == len(matrix) + 4
    dark: set[tuple[int, int]] = set()
    words = root[0].attrib["d"].split()
    for start in range(0, len(words), 13):
        _, x, y, _, right, _, _, _, bottom, *_ = words[start : start + 13]
        assert int(bottom) == int(y) + 1
        dark |= {(column, int(y)) for column in range(int(x), int(right))}
    assert dark == {(x + 2, y + 2) for y, row in enumerate(matrix) for x, module in enumerate(row) if module}
