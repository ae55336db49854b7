"""From text to a checked exercise."""

import contextlib
import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from derive import network
from derive.errors import ProblemError, describe
from derive.exercise import schema
from derive.exercise.model import Activation, Exercise

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "exercises").glob("*.yaml"))
BAD = sorted((ROOT / "tests" / "bad").glob("*.yaml"))
SMALL = """
id: small
input: [4, 1]
target: [0, 1]
layers:
  - weights: [[1, -2], [2, 5]]
    activation: relu
  - weights: [[3, -3], [-1, 1]]
    activation: softmax
loss: cross_entropy
"""


def load(text: str) -> Exercise:
    return schema.load(text, "small.yaml")


def problems(text: str) -> str:
    with pytest.raises(ProblemError) as error:
        load(text)
    return "\n".join(map(describe, error.value.problems))


def test_the_homework() -> None:
    exercise = schema.load((ROOT / "exercises" / "two-layer.yaml").read_text("utf-8"), "two-layer.yaml")
    assert exercise.id == "two-layer"
    assert exercise.title["ko"] != exercise.title["en"]
    assert exercise.input == ((4, 1),)
    assert exercise.target == ((0, 1),)
    assert [layer.weights for layer in exercise.layers] == [((1, -2), (2, 5)), ((3, -3), (-1, 1))]
    assert [layer.activation for layer in exercise.layers] == [Activation("relu"), Activation("softmax")]
    assert exercise.notation.pre_activation == ("h", "O")
    assert exercise.notation.output == ("L", "s")
    assert exercise.points is not None
    assert sum(exercise.points.values()) == 12


def test_numbers_are_exact_fractions() -> None:
    exercise = load(SMALL.replace("[4, 1]", "[0.1, 1/3]"))
    assert exercise.input == ((Fraction(1, 10), Fraction(1, 3)),)
    assert all(type(number) is Fraction for row in exercise.input for number in row)
    assert type(exercise.l2) is Fraction


def test_what_may_be_left_out() -> None:
    exercise = load(SMALL)
    assert exercise.title == {"ko": "small", "en": "small"}
    assert exercise.about is None
    assert (exercise.reduction, exercise.l2, exercise.convention) == ("mean", 0, "row")
    assert (exercise.step, exercise.vary, exercise.points, exercise.rounding) == (None, None, None, None)
    assert exercise.layers[0].bias is None
    assert exercise.rules.mixed_relu is True
    assert exercise.rules.logit_gap == (1, 6)


def test_a_plain_title_serves_both_languages() -> None:
    assert load(SMALL + "title: T\n").title == {"ko": "T", "en": "T"}
    assert load(SMALL + "title: {en: T}\n").title == {"ko": "T", "en": "T"}
    assert load(SMALL + "about: {en: T, ko: 제목}\n").about == {"ko": "제목", "en": "T"}


def test_activations_with_parameters() -> None:
    exercise = load(SMALL.replace("relu", "{leaky_relu: 0.1}"))
    assert exercise.layers[0].activation == Activation("leaky_relu", Fraction(1, 10))
    assert load(SMALL.replace("relu", "elu")).layers[0].activation == Activation("elu", None)


def test_biases() -> None:
    shared = load(SMALL.replace("activation: relu", "activation: relu\n    bias: -1/2"))
    each = load(SMALL.replace("activation: relu", "activation: relu\n    bias: [1, 2]"))
    assert shared.layers[0].bias == Fraction(-1, 2)
    assert each.layers[0].bias == (1, 2)


def test_class_targets_become_one_hot_rows() -> None:
    text = SMALL.replace("[4, 1]", "[[4, 1], [1, 1], [0, 2]]").replace("[0, 1]", "{class: [1, 0, 1]}", 1)
    assert load(text).target == ((0, 1), (1, 0), (0, 1))
    assert load(SMALL.replace("[0, 1]", "{class: 1}", 1)).target == ((0, 1),)


def test_the_column_convention_takes_weights_by_output() -> None:
    text = SMALL.replace("[[1, -2], [2, 5]]", "[[1, -2], [2, 5], [0, 1]]").replace(
        "[[3, -3], [-1, 1]]", "[[3, -3, 0], [-1, 1, 2]]"
    )
    assert "W_0 has 3 rows" in problems(text)
    exercise = load(text + "convention: column\n")
    assert network.build(exercise).layers[0].n_out == 3
    assert "W_1 has 2 columns, but needs 3" in problems(
        (text + "convention: column\n").replace("[[3, -3, 0], [-1, 1, 2]]", "[[3, -3], [-1, 1]]")
    )


def test_steps() -> None:
    step = load(SMALL + "step: {learning_rate: 0.5}\n").step
    assert step is not None
    assert (step.learning_rate, step.count, step.order, step.frozen) == (Fraction(1, 2), 1, "batch", ())
    step = load(SMALL + "step: {learning_rate: 1e-2, count: 3, order: row, frozen: [W_1]}\n").step
    assert step is not None
    assert (step.learning_rate, step.count, step.order, step.frozen) == (Fraction(1, 100), 3, "row", ("W_1",))


def test_what_varies() -> None:
    vary = load(
        SMALL + "vary: {weights: -2..2, input: {from: 1, to: 2, step: 1/2, nonzero: true}, target: class}\n"
    ).vary
    assert vary is not None
    assert vary.weights == (-2, -1, 0, 1, 2)
    assert vary.input == (1, Fraction(3, 2), 2)
    assert (vary.bias, vary.target) == (None, "class")
    listed = load(SMALL + "vary: {weights: [3, 1/2, 3], input: {values: [0, 1], nonzero: true}}\n").vary
    assert listed is not None
    assert (listed.weights, listed.input) == ((Fraction(1, 2), 3), (1,))


def test_rules_are_set_and_switched_off() -> None:
    rules = load(SMALL + "rules: {logit_gap: false, mixed_relu: false, digits: 3, difficulty: true}\n").rules
    assert (rules.logit_gap, rules.mixed_relu, rules.digits, rules.difficulty) == (
        None,
        False,
        3,
        Fraction(1, 4),
    )


def test_exercises_are_frozen() -> None:
    exercise = load(SMALL)
    with pytest.raises(AttributeError):
        exercise.loss = "sum"  # type: ignore[misc]
    with pytest.raises(ValueError, match="frozen"):
        exercise.layers[0].bias = None  # type: ignore[misc]


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_files_have_their_messages(path: Path) -> None:
    with pytest.raises(ProblemError) as error:
        schema.load(path.read_bytes().decode("utf-8"), path.name)
    found = error.value.problems
    assert "\n\n".join(map(describe, found)) + "\n" == path.with_suffix(".txt").read_text("utf-8")
    assert [(p.line, p.column) for p in found] == sorted((p.line, p.column) for p in found)


def test_every_bad_file_has_messages_and_the_reverse() -> None:
    texts = {path.stem for path in (ROOT / "tests" / "bad").glob("*.txt")}
    assert len(BAD) > 50
    assert {path.stem for path in BAD} == texts


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_exercises(path: Path) -> None:
    text = path.read_text("utf-8")
    exercise = schema.load(text, path.name)
    assert exercise.id == path.stem
    assert exercise.about is not None
    for texts in (exercise.title, exercise.about):
        assert texts["ko"] != texts["en"]
        assert any("가" <= character <= "힣" for character in texts["ko"])
    assert text.startswith(f"# yaml-language-server: $schema={schema.SCHEMA_FILE}\n")
    assert network.build(exercise).rows == len(exercise.input)


def test_all_exercises_are_there() -> None:
    assert [path.stem for path in SHIPPED] == [
        "batch", "deep-relu", "kink", "logistic-regression", "mazur", "saturated", "tanh-regression",
        "two-layer", "xor",
    ]  # fmt: skip


def test_the_shipped_json_schema_is_current() -> None:
    shipped = (ROOT / "exercises" / schema.SCHEMA_FILE).read_text("utf-8")
    assert json.loads(shipped) == schema.json_schema(), "run `make schema`"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_exercises_satisfy_the_json_schema(path: Path) -> None:
    Draft202012Validator(schema.json_schema()).validate(YAML(typ="safe").load(path.read_text("utf-8")))


@pytest.mark.parametrize(
    "name",
    [
        "misspelt-key",
        "unknown-activation",
        "unknown-loss",
        "wrong-kinds",
        "identifier",
        "missing-keys",
        "numbers",
    ],
)
def test_bad_exercises_dont_satisfy_the_json_schema(name: str) -> None:
    data = YAML(typ="safe").load((ROOT / "tests" / "bad" / f"{name}.yaml").read_text("utf-8"))
    assert not Draft202012Validator(schema.json_schema()).is_valid(json.loads(json.dumps(data, default=str)))


def test_every_key_of_the_json_schema_is_described() -> None:
    described = schema.json_schema()
    Draft202012Validator.check_schema(described)
    tables = [described, *described["$defs"].values()]
    for table in tables:
        for key, field in table.get("properties", {}).items():
            assert field.get("description"), key


def test_thousands_of_problems_take_no_time() -> None:
    text = SMALL + "vary: [" + "x, " * 3000 + "]\n" + "about:\n" + "  - nan\n" * 10_000
    assert "keys with values" in problems(text)
    assert "layers" in problems("layers: [" + "1, " * 20_000 + "1]")


PIECES = st.recursive(
    st.sampled_from(
        [
            "1",
            "-2",
            "1/0",
            "nan",
            "relu",
            "softmax",
            "[",
            "~",
            "class",
            "1..3",
            "true",
            "'",
            "{a: 1}",
            "[]",
            "{}",
            "W_0",
        ]
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]"),
        st.dictionaries(
            st.sampled_from(["class", "from", "to", "ko", "weights", "relu"]), inner, max_size=2
        ).map(lambda table: "{" + ", ".join(f"{key}: {value}" for key, value in table.items()) + "}"),
    ),
    max_leaves=6,
)
KEYS = st.sampled_from([*SMALL.replace(":", " ").split()[::2], *schema.json_schema()["properties"]])


@given(st.dictionaries(KEYS, PIECES, max_size=4), st.booleans())
@settings(max_examples=400, deadline=None)
def test_any_keys_with_any_values_are_read_or_refused(table: dict[str, str], on_top: bool) -> None:
    lines = [line for line in SMALL.splitlines() if not on_top or line.split(":")[0] not in table]
    text = "\n".join(lines + [f"{key}: {value}" for key, value in table.items()]) + "\n"
    try:
        load(text)
    except ProblemError as error:
        for problem in error.problems:
            assert describe(problem)
            assert problem.line is not None


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_changed_place_in_a_good_file_never_breaks_the_program(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([path.read_text("utf-8") for path in SHIPPED]))
    start = data.draw(st.integers(0, len(text) - 1))
    stop = data.draw(st.integers(start, min(len(text), start + 12)))
    with contextlib.suppress(ProblemError):
        load(text[:start] + data.draw(PIECES) + text[stop:])
