"""Drawn variants: every rule recomputed from the written YAML, by code that the sampler doesn't share."""

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, pairwise, permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from derive.classroom import variants
from derive.classroom.exercise_file import variant_file
from derive.classroom.frozen import numbers
from derive.classroom.variants import Plan, Tally
from derive.classroom.variants.canonical import canonical
from derive.classroom.variants.digits import digits
from derive.engine import exact, symbolic
from derive.engine.bulk import Scaled
from derive.engine.bulk.model import network_of, of_networks
from derive.errors import ProblemError
from derive.exercise import schema
from derive.exercise.model import Exercise
from derive.network import Network, build
from tests.classroom import by_hand

ROOT = Path(__file__).parents[2]
HOMEWORK = (ROOT / "exercises" / "two-layer.yaml").read_text("utf-8")
# What a mask can do on two units, one of them active: the four ways that can't all differ.
ALIKE = {"mask_forgotten", "mask_inverted", "mask_of_wrong_layer", "relu_of_gradient"}


def drawn(text: str, count: int, seed: int = 1, name: str = "set", taken: Any = None) -> list[Network]:
    """Networks that a set of an exercise consists of."""
    outlook = variants.look_ahead(variants.prepare(schema.load(text, "x.yaml")), "x.yaml")
    keys = [variants.key(name, seed, str(number)) for number in range(1, count + 1)]
    forms = {outlook.plan.own_form, *(taken or ())}
    blocks = variants.draw(outlook.plan, keys, forms, Tally(), "x.yaml")
    return [
        network_of(block.batch, index, outlook.plan.space.network)
        for block in blocks
        for index in range(len(block.difficulty))
    ]


def written(network: Network, text: str = HOMEWORK) -> dict[str, Any]:
    """The YAML of a variant, read by a YAML library alone; numbers as Fractions."""
    loaded = YAML(typ="safe").load(variant_file(text, "XQ4-7FHC", numbers(network)))

    def fractions(part: Any) -> Any:
        return [fractions(one) for one in part] if isinstance(part, list) else Fraction(str(part))

    return {
        "x": fractions(loaded["input"]),
        "y": fractions(loaded["target"]),
        "w0": fractions(loaded["layers"][0]["weights"]),
        "w1": fractions(loaded["layers"][1]["weights"]),
    }


def difficulty(x: list[Any], w0: list[Any], w1: list[Any], h: list[Any], hidden: list[Any]) -> int:
    """The score as its module describes it, for whole numbers."""

    def digits(number: Any) -> int:
        return len(str(abs(int(number))))

    score = 0
    for read, matrix, active in ((x, w0, [one > 0 for one in h]), (hidden, w1, [True, True])):
        for i, a in enumerate(read):
            for j, weight in enumerate(matrix[i]):
                if a and weight:
                    score += digits(a) * digits(weight) + (a < 0) + (weight < 0)
                if a and active[j]:
                    score += digits(a) * 3
    for i in range(2):
        score += sum(digits(weight) * 3 for weight in w1[i] if h[i] > 0 and weight)
    return score


def assert_good(exercise: dict[str, Any]) -> None:
    """All rules of the homework, one after the other."""
    x, y, w0, w1 = (exercise[name] for name in ("x", "y", "w0", "w1"))
    assert all(number in range(1, 6) for number in x)
    assert all(number in range(-5, 6) and number for row in (*w0, *w1) for number in row)
    assert sorted(y) == [0, 1]
    right = by_hand.answers(x, y, w0, w1)
    h, hidden, o = (right[name] for name in ("pre_activation_0", "output_0", "pre_activation_1"))
    assert all(h), "a pre-activation at the kink"
    assert any(one > 0 for one in h)
    assert any(one < 0 for one in h)
    assert 1 <= max(o) - min(o) <= 6
    assert all(abs(one) < 10_000 for one in (*h, *hidden, *o))
    for name in ("W_0", "W_1"):
        assert any(abs(entry) > 1e-30 for entry in right[name]), "a gradient that is zero"
    own = difficulty([4, 1], [[1, -2], [2, 5]], [[3, -3], [-1, 1]], [6, -3], [6, 0])
    assert abs(difficulty(x, w0, w1, h, hidden) - own) <= own / 4
    wrong = {name: by_hand.answers(x, y, w0, w1, name) for name in by_hand.WRONG}
    for name, answers in wrong.items():
        assert by_hand.visibly_different(right, answers), name
    for one, other in combinations(wrong, 2):
        if not {one, other} <= ALIKE or {one, other} == {"mask_forgotten", "mask_inverted"}:
            assert by_hand.visibly_different(wrong[one], wrong[other]), (one, other)


def forms(exercise: dict[str, Any]) -> set[str]:
    """Every way to write an exercise by renaming hidden units."""
    x, y, w0, w1 = (exercise[name] for name in ("x", "y", "w0", "w1"))
    return {
        repr((x, y, [[row[unit] for unit in order] for row in w0], [w1[unit] for unit in order]))
        for order in permutations(range(2))
    }


def assert_all_good_and_distinct(networks: list[Network]) -> None:
    seen: set[str] = set()
    for network in networks:
        exercise = written(network)
        assert_good(exercise)
        mine = forms(exercise)
        assert not mine & seen
        seen |= mine


def test_every_rule_holds_in_what_is_written() -> None:
    assert_all_good_and_distinct(drawn(HOMEWORK, 60))


@pytest.mark.slow
def test_every_rule_holds_in_a_thousand() -> None:
    assert_all_good_and_distinct(drawn(HOMEWORK, 1000))


def test_the_same_seed_gives_the_same_and_another_others() -> None:
    first, again = drawn(HOMEWORK, 20), drawn(HOMEWORK, 20)
    assert first == again
    assert not set(map(repr, first)) & set(map(repr, drawn(HOMEWORK, 20, seed=2)))
    assert not set(map(repr, first)) & set(map(repr, drawn(HOMEWORK, 20, name="other")))


def test_a_longer_set_begins_as_a_shorter_one() -> None:
    assert drawn(HOMEWORK, 40)[:25] == drawn(HOMEWORK, 25)


def test_the_numbers_are_the_same_under_every_version() -> None:
    """Frozen: these three must never change, whatever becomes of NumPy."""
    found = [
        [network.inputs, network.targets, *(layer.weights for layer in network.layers)]
        for network in drawn(HOMEWORK, 3, seed=7, name="midterm")
    ]
    as_numbers = [[[[int(n) for n in row] for row in part] for part in parts] for parts in found]
    assert as_numbers == FROZEN


FROZEN = [
    [[[3, 2]], [[0, 1]], [[1, 1], [-1, -4]], [[-4, -1], [-2, -4]]],
    [[[4, 5]], [[1, 0]], [[4, -1], [-2, -3]], [[-5, -4], [-3, 4]]],
    [[[1, 5]], [[0, 1]], [[-4, -2], [2, -4]], [[1, 2], [-5, -4]]],
]


@pytest.mark.parametrize(
    "name",
    ["batch", "deep-relu", "kink", "logistic-regression", "mazur", "saturated", "tanh-regression", "xor"],
)
def test_every_shipped_exercise_has_variants(name: str) -> None:
    """Two rules that hold for all of them, recomputed by the engine that takes networks one by one."""
    text = (ROOT / "exercises" / f"{name}.yaml").read_text("utf-8")
    exercise = schema.load(text, name)
    networks = drawn(text, 5)
    assert len(set(map(repr, networks))) == 5
    for network in networks:
        solution = exact.solve(symbolic.derive(network))
        assert not exercise.rules.off_kinks or not solution.kinks
        for parameter in network.parameters():
            assert any(not value.is_zero for value in solution.values[parameter].flat), parameter
        if exercise.rules.logit_gap and not network.layers[-1].rule.elementwise:
            low, high = exercise.rules.logit_gap
            for row in solution.values[f"pre_activation_{len(network.layers) - 1}"]:
                logits = [value.fraction for value in row]
                assert low <= max(logits) - min(logits) <= high


def space_text(vary: str, rules: str = "{}", layers: str = "") -> str:
    layers = layers or (
        "  - {weights: [[1, -2], [2, 5]], activation: relu}\n"
        "  - {weights: [[3, -3], [-1, 1]], activation: softmax}\n"
    )
    body = f"id: x\ninput: [4, 1]\ntarget: [0, 1]\nlayers:\n{layers}loss: cross_entropy\n"
    return f"{body}vary: {vary}\nrules: {rules}\n"


LOOSE = "{logit_gap: false, difficulty: false, diagnostic: false, digits: false}"


def test_a_small_space_is_counted() -> None:
    """Only the target varies: two exercises, of which one is the exercise itself."""
    outlook = variants.look_ahead(
        variants.prepare(schema.load(space_text("{target: class}", LOOSE), "x.yaml")), "x.yaml"
    )
    assert outlook.counted
    assert outlook.distinct == 1


@pytest.mark.parametrize(
    ("first", "second", "vary", "orders"),
    [
        ("{weights: [[1, 2], [3, 4]]", "{weights: [[1, 2], [3, 4]]", "{weights: -3..3}", 2),
        ("{weights: [[1, 2], [3, 4]]", "{weights: [[1, 2], [3, 4]]", "{input: 1..3}", 1),
        ("{weights: [[1, 1], [3, 3]]", "{weights: [[1, 2], [1, 2]]", "{input: 1..3}", 2),
        ("{weights: [[1, 2], [3, 4]], bias: [1, 2]", "{weights: [[1, 2], [3, 4]]", "{weights: -3..3}", 1),
        ("{weights: [[1, 2], [3, 4]], bias: [2, 2]", "{weights: [[1, 2], [3, 4]]", "{weights: -3..3}", 2),
    ],
)
def test_hidden_units_change_places_where_their_fixed_numbers_are_equal(
    first: str, second: str, vary: str, orders: int
) -> None:
    text = (
        "id: x\ninput: [4, 1]\ntarget: [0, 1]\nlayers:\n"
        f"  - {first}, activation: relu}}\n  - {second}, activation: softmax}}\n"
        f"loss: cross_entropy\nvary: {vary}\n"
    )
    assert variants.prepare(schema.load(text, "x.yaml")).space.orders == orders


def test_renamed_hidden_units_are_counted_once() -> None:
    """Nine inputs, each good; the weights stay, so none is a renaming of another."""
    text = space_text("{input: [1, 2, 3]}", LOOSE.replace("{", "{mixed_relu: false, off_kinks: false, "))
    outlook = variants.look_ahead(variants.prepare(schema.load(text, "x.yaml")), "x.yaml")
    assert outlook.counted
    # [1, 3] -> h = [7, 13], and so on; every gradient is nonzero unless a layer is off as a whole.
    assert outlook.distinct == 9


def test_all_of_a_small_space_are_had() -> None:
    """Nine students and nine exercises: whoever draws one that is taken draws again."""
    text = space_text("{input: [1, 2, 3]}", LOOSE.replace("{", "{mixed_relu: false, off_kinks: false, "))
    inputs = {tuple(network.inputs[0]) for network in drawn(text, 9)}
    assert inputs == {(Fraction(one), Fraction(other)) for one in (1, 2, 3) for other in (1, 2, 3)}


def test_a_stream_that_is_used_up_says_so() -> None:
    plan = variants.look_ahead(
        variants.prepare(schema.load(space_text("{target: class}", LOOSE), "x.yaml")), "x.yaml"
    ).plan
    keys = [variants.key("x", 1, str(number)) for number in range(2)]
    with pytest.raises(ProblemError) as error:
        list(variants.draw(plan, keys, {plan.own_form}, Tally(), "x.yaml"))
    assert "not taken yet" in str(error.value)
    assert "distinct rejected" in error.value.problems[0].why


def test_rules_that_can_not_be_met_are_named() -> None:
    """A gap of at least 500 out of numbers up to five: the rule that says so is the one to loosen."""
    text = space_text("{weights: -5..5, input: 1..5}", "{logit_gap: 900..1000}")
    with pytest.raises(ProblemError) as error:
        variants.look_ahead(variants.prepare(schema.load(text, "x.yaml")), "x.yaml")
    (problem,) = error.value.problems
    assert problem.what.startswith("no variant meets the rules")
    assert "logit_gap rejected" in problem.why
    assert "loosen logit_gap" in problem.fix


@pytest.mark.parametrize(
    ("rule", "off"),
    [
        ("off_kinks", "false"),
        ("mixed_relu", "false"),
        ("logit_gap", "false"),
        ("difficulty", "false"),
        ("diagnostic", "false"),
        ("digits", "false"),
        ("nonzero_gradients", "false"),
    ],
)
def test_each_rule_can_be_switched_off(rule: str, off: str) -> None:
    """Then its counter stays at zero; every other rule goes on counting."""
    plan = variants.prepare(
        schema.load(space_text("{weights: -5..5, input: 1..5}", f"{{{rule}: {off}}}"), "x")
    )
    outlook = variants.look_ahead(plan, "x")
    assert rule not in outlook.tally.seen
    assert len(outlook.tally.seen) >= 4


def test_digits_are_kept_to() -> None:
    text = space_text(
        "{weights: {values: [1.25, -1.25, 0.5, -3]}, input: {values: [0.25, 1.5, 2]}}",
        "{digits: 2, diagnostic: false, difficulty: false, logit_gap: false}",
    )
    for network in drawn(text, 10):
        (first, second), x = network.layers, network.inputs[0]
        h = [sum(x[i] * first.weights[i][j] for i in range(2)) for j in range(2)]
        o = [sum(max(h[i], 0) * second.weights[i][j] for i in range(2)) for j in range(2)]
        for number in (*h, *o):
            shown = format(abs(float(number)), "f").rstrip("0").rstrip(".").replace(".", "").lstrip("0")
            assert len(shown) <= 2, (number, shown)


def written_digits(number: Fraction) -> int:
    """Digits that a person writes: 12.5 has three, 0.05 one, 1/3 two."""
    number = abs(number)
    shortest = next((m for m in range(40) if (number * 10**m).denominator == 1), None)
    if shortest is None:
        return len(str(number.numerator)) + len(str(number.denominator))
    return len(str((number * 10**shortest).numerator).lstrip("0")) or 1


@pytest.mark.parametrize("denominator", [1, 2, 8, 6, 7, 36, 300, 10**6, 3 * 10**9])
def test_digits_are_counted_as_they_are_written(denominator: int) -> None:
    draw = np.random.Generator(np.random.PCG64(denominator))
    sizes = 10.0 ** draw.uniform(0, 15, 500)
    numerators = np.array([0, 1, -1, denominator, *(sizes * draw.choice([-1, 1], 500))], np.int64)
    counted = digits(Scaled(numerators, denominator, 10**15))
    for numerator, count in zip(numerators.tolist(), counted.tolist(), strict=True):
        truth = written_digits(Fraction(numerator, denominator))
        assert count == truth or min(count, truth) > 9, (numerator, denominator)


@pytest.mark.parametrize(("output", "rows"), [("identity", "[[2, 1], [1, 3]]"), ("relu", "[[2, 1]]")])
def test_digits_are_kept_to_on_the_way_back(output: str, rows: str) -> None:
    """Where all numbers are rational, deltas and gradients are held to the same rule."""
    count = rows.count("[") - 1
    text = (
        f"id: x\ninput: {rows}\ntarget: {[[1]] * count}\nlayers:\n"
        "  - {weights: [[1, 2], [2, -1]], bias: [1, 0], activation: relu}\n"
        f"  - {{weights: [[1], [2]], activation: {output}}}\nloss: half_squared_error\n"
        "vary: {weights: {values: [1/3, 0.5, 1, -1, 2, -3]}, input: 1..3}\n"
        "rules: {digits: 3, diagnostic: false, difficulty: false, mixed_relu: false}\n"
    )
    longest = 0
    for network in drawn(text, 40):
        (first, second), x, y = network.layers, network.inputs, network.targets
        v, w, b = first.weights, second.weights, first.bias
        h = [[sum(row[i] * v[i][j] for i in range(2)) + b[j] for j in range(2)] for row in x]
        out = [[max(one, 0) for one in row] for row in h]
        o = [row[0] * w[0][0] + row[1] * w[1][0] for row in out]
        if output == "relu":
            assert all(o)
        slope = [Fraction(output == "identity" or one > 0, count) for one in o]
        delta = [(one - target[0]) * way for one, target, way in zip(o, y, slope, strict=True)]
        back = [[d * w[j][0] * (row[j] > 0) for j in range(2)] for d, row in zip(delta, h, strict=True)]
        everything = [*delta, *(one for row in (*h, *back) for one in row), *o]
        for j in range(2):
            everything.append(sum(d * row[j] for d, row in zip(delta, out, strict=True)))
            everything.append(sum(row[j] for row in back))
            everything += [sum(one[j] * row[i] for one, row in zip(back, x, strict=True)) for i in range(2)]
        longest = max(longest, *map(written_digits, map(Fraction, everything)))
    assert longest == 3


def wide(seed: int, widths: tuple[int, ...], tied: bool) -> Network:
    """A network with small weights, so that equal units are frequent."""
    draw = np.random.Generator(np.random.PCG64(seed))
    sizes = (1, 2) if tied else (1, 9)
    layers = "".join(
        f"  - {{weights: {draw.integers(*sizes, (n, m), endpoint=True).tolist()}, "
        f"bias: {draw.integers(0, 1, m, endpoint=True).tolist()}, activation: relu}}\n"
        for n, m in pairwise(widths)
    )
    text = (
        f"id: x\ninput: {[1] * widths[0]}\ntarget: {[0] * widths[-1]}\nlayers:\n{layers}loss: squared_error\n"
    )
    return build(schema.load(text, "x"))


def renamed(network: Network, layer: int, order: tuple[int, ...]) -> Network:
    first, second = network.layers[layer], network.layers[layer + 1]
    assert isinstance(first.bias, tuple)
    layers = list(network.layers)
    layers[layer] = replace(
        first,
        weights=tuple(tuple(row[unit] for unit in order) for row in first.weights),
        bias=tuple(first.bias[unit] for unit in order),
    )
    layers[layer + 1] = replace(second, weights=tuple(second.weights[unit] for unit in order))
    return replace(network, layers=tuple(layers))


@pytest.mark.parametrize("tied", [False, True])
def test_one_form_for_all_renamings(tied: bool) -> None:
    """All orders of two hidden layers, also where units have the same incoming weights."""
    for seed in range(12):
        network = wide(seed, (2, 3, 3, 2), tied)
        same = [
            renamed(renamed(network, 0, first), 1, second)
            for first in permutations(range(3))
            for second in permutations(range(3))
        ]
        assert len(set(canonical(of_networks(same)))) == 1
        changed = replace(network, inputs=((Fraction(2), *network.inputs[0][1:]),))
        assert canonical(of_networks([network])) != canonical(of_networks([changed]))


def test_different_networks_have_different_forms() -> None:
    """By brute force: two networks have one form exactly when some renaming joins them."""
    networks = [wide(seed, (1, 3, 1), tied=True) for seed in range(60)]
    found = canonical(of_networks(networks))
    brute = [
        min(repr(renamed(network, 0, order).layers) for order in permutations(range(3)))
        for network in networks
    ]
    for one, other in combinations(range(len(networks)), 2):
        assert (found[one] == found[other]) == (brute[one] == brute[other])
    assert len(set(brute)) < len(brute), "there are no twins in this sample to find"


def prepared(change: Callable[[Exercise], Exercise] = lambda exercise: exercise) -> Plan:
    return variants.look_ahead(variants.prepare(change(schema.load(HOMEWORK, "x"))), "x").plan


def test_an_audit_finds_what_is_wrong() -> None:
    plan = prepared()
    good = drawn(HOMEWORK, 3)
    assert list(variants.broken_rules(plan, good)) == []
    one = good[0]
    large = replace(one, inputs=((Fraction(9), Fraction(1)),))
    kink = replace(one, inputs=((Fraction(1), Fraction(1)),))
    weights = ((Fraction(1), Fraction(2)), (Fraction(-1), Fraction(2)))
    kink = replace(kink, layers=(replace(kink.layers[0], weights=weights), kink.layers[1]))
    own = plan.space.network
    assert list(variants.broken_rules(plan, [large, kink, own])) == [
        (0, "vary"), (1, "off_kinks"), (2, "logit_gap"),
    ]  # fmt: skip
    order = (1, 0)
    first, second = one.layers
    turned = replace(
        one,
        layers=(
            replace(first, weights=tuple(tuple(row[unit] for unit in order) for row in first.weights)),
            replace(second, weights=tuple(second.weights[unit] for unit in order)),
        ),
    )
    assert list(variants.twins([*good, turned])) == [(0, 3)]


def test_streams_are_independent_of_each_other_and_of_their_pieces() -> None:
    from derive.classroom.variants.streams import below, key, words

    keys = [key("a", 1, "x"), key("a", 1, "y"), key("a", 2, "x"), key("b", 1, "x"), key("a1", 1, "x")]
    assert len(set(keys)) == len(keys)
    whole = words(keys, 1, 0, 50, 6)
    np.testing.assert_array_equal(words(keys[2:3], 1, 30, 20, 6), whole[2:3, 30:])
    assert not np.array_equal(whole, words(keys, 2, 0, 50, 6))
    assert whole[0, 0, 0] == 3988890558905920963, "frozen"
    drawn_numbers = below(words(keys[:1], 0, 0, 20_000, 1)[0, :, 0], 7)
    assert set(drawn_numbers.tolist()) == set(range(7))
    counts = np.bincount(drawn_numbers)
    assert abs(counts - 20_000 / 7).max() < 4 * math.sqrt(20_000 / 7)
