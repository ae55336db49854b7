"""Networks to test with: from the text of an exercise file, and drawn at random."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from derive.engine import exact, symbolic
from derive.engine.exact import Solution
from derive.engine.verify import Verification, verify
from derive.exercise import schema
from derive.exercise.model import Step
from derive.network import Dense, Network, Symbols, build
from derive.rules.activations import ACTIVATIONS
from derive.rules.losses import LOSSES

EXERCISES = sorted((Path(__file__).parents[2] / "exercises").glob("*.yaml"))


def laid(matrix: Sequence[Sequence[Any]], row: bool) -> list[list[Any]]:
    """A matrix with a row per input, laid as the convention wants it."""
    return [list(line) for line in (matrix if row else zip(*matrix, strict=True))]


def small(hidden: str, loss: str, last: str, row: bool = True, **options: Any) -> Network:
    """Two rows, two layers, a bias per unit and a shared one."""
    first = laid([["0.3", "-0.7", "1.1"], ["0.9", "0.4", "-0.6"]], row)
    second = laid([["0.5", "-1"], ["2/3", "0.25"], ["-0.8", "1/7"]], row)
    layers = [
        layer(0, first, hidden, ["0.1", "-0.2", "0.3"], row=row),
        layer(1, second, last, "0.15", row=row),
    ]
    targets = None if loss == "sum" else [["0", "1"], ["1/4", "1/2"]]
    return network([["1", "-2"], ["0.5", "3"]], targets, layers, loss, **options)


def softmax_at(gap: Any, label: int) -> Network:
    """Two logits a gap apart, the first one higher."""
    target = [[int(label == k) for k in range(2)]]
    return network([[1]], target, [layer(0, [[gap, 0]], "softmax")], "cross_entropy")


DEPTHS, WIDTHS = st.integers(1, 5), st.integers(1, 6)
ANY_ACTIVATION, ANY_LOSS = st.sampled_from(tuple(ACTIVATIONS)), st.sampled_from(tuple(LOSSES))
PROBABILITIES = tuple(name for name, rule in ACTIVATIONS.items() if rule.probability)


def shipped(name: str) -> Network:
    """The network of an exercise that comes with the program."""
    path = next(path for path in EXERCISES if path.stem == name)
    return build(schema.load(path.read_text(encoding="utf-8"), path.name))


def written(text: str) -> Network:
    """The network of an exercise file, of which id and title are left out."""
    return build(schema.load(f"id: test\ntitle: test\n{text}", "test.yaml"))


def solved(network: Network, digits: int = 40) -> Solution:
    """Its exact values."""
    return exact.solve(symbolic.derive(network), digits)


def verified(network: Network) -> Verification:
    """The outcome of its cross-check."""
    return verify(solved(network))


def layer(
    index: int,
    weights: Sequence[Sequence[Any]],
    activation: str,
    bias: Any = None,
    parameter: Any = None,
    row: bool = True,
) -> Dense:
    """A layer from plain numbers or text."""
    rows = tuple(tuple(Fraction(entry) for entry in line) for line in weights)
    height, width = len(rows), len(rows[0])
    if isinstance(bias, Sequence) and not isinstance(bias, str):
        bias = tuple(Fraction(entry) for entry in bias)
    elif bias is not None:
        bias = Fraction(bias)
    rule = ACTIVATIONS[activation]
    return Dense(
        index=index,
        n_in=height if row else width,
        n_out=width if row else height,
        weights=rows,
        bias=bias,
        activation=activation,
        parameter=rule.parameter if parameter is None else Fraction(parameter),
        row_convention=row,
    )


def network(
    inputs: Sequence[Sequence[Any]],
    targets: Sequence[Sequence[Any]] | None,
    layers: Sequence[Dense],
    loss: str,
    **options: Any,
) -> Network:
    """A network from plain numbers or text."""
    depth = range(len(layers))

    def exactly(rows: Sequence[Sequence[Any]]) -> tuple[tuple[Fraction, ...], ...]:
        return tuple(tuple(Fraction(entry) for entry in row) for row in rows)

    return Network(
        name="drawn",
        inputs=exactly(inputs),
        targets=None if targets is None else exactly(targets),
        layers=tuple(layers),
        loss_name=loss,
        reduction=options.pop("reduction", "mean"),
        l2=Fraction(options.pop("l2", 0)),
        row_convention=layers[0].row_convention,
        symbols=Symbols(
            input="I",
            weights=tuple(f"W_{{{k}}}" for k in depth),
            bias=tuple(f"b_{{{k}}}" for k in depth),
            pre_activation=tuple(f"z^{{({k})}}" for k in depth),
            output=tuple(f"a^{{({k})}}" for k in depth),
            loss="l",
            target="y",
        ),
        **options,
    )


NUMBERS = st.builds(Fraction, st.integers(-5, 5), st.sampled_from((1, 2, 3, 4, 5, 7, 10)))
STEEP = st.builds(Fraction, st.integers(-40, 40), st.sampled_from((1, 3)))
RATES = st.sampled_from((Fraction(1, 2), Fraction(1, 10), Fraction(1, 30), Fraction(1, 100)))


def vectors(size: int, numbers: st.SearchStrategy[Fraction]) -> st.SearchStrategy[Any]:
    """Tuples of numbers."""
    return st.lists(numbers, min_size=size, max_size=size).map(tuple)


def matrices(height: int, width: int, numbers: st.SearchStrategy[Fraction]) -> st.SearchStrategy[Any]:
    """Tuples of rows."""
    return st.lists(vectors(width, numbers), min_size=height, max_size=height).map(tuple)


@st.composite
def dense(
    draw: st.DrawFn, index: int, n_in: int, n_out: int, activation: str, row: bool, numbers: Any = NUMBERS
) -> Dense:
    """A layer of the widths and the activation given; without bias, with one a unit, or a shared one."""
    rule = ACTIVATIONS[activation]
    bias = draw(st.one_of(st.none(), vectors(n_out, numbers), numbers))
    parameter = rule.parameter
    if parameter is not None and draw(st.booleans()):
        parameter = draw(st.sampled_from((Fraction(1, 4), Fraction(3, 10), Fraction(2), Fraction(-1, 2))))
    weights = draw(matrices(*((n_in, n_out) if row else (n_out, n_in)), numbers))
    return Dense(index, n_in, n_out, weights, bias, activation, parameter, row)


def target_of(loss: str, activation: str, width: int) -> st.SearchStrategy[Any]:
    """One row of targets that the loss can take."""
    if loss == "binary_cross_entropy":
        return vectors(width, st.sampled_from((Fraction(0), Fraction(1), Fraction(1, 3), Fraction(4, 5))))
    if loss == "cross_entropy":
        one_hot = st.integers(0, width - 1).map(lambda k: tuple(Fraction(int(j == k)) for j in range(width)))
        return one_hot | vectors(width, st.builds(abs, NUMBERS))
    return vectors(width, NUMBERS)


@st.composite
def networks(
    draw: st.DrawFn,
    depth: st.SearchStrategy[int] = DEPTHS,
    width: st.SearchStrategy[int] = WIDTHS,
    hidden: st.SearchStrategy[str] = ANY_ACTIVATION,
    loss: st.SearchStrategy[str] = ANY_LOSS,
    numbers: st.SearchStrategy[Fraction] = NUMBERS,
    steps: bool = True,
) -> Network:
    """Any network that an exercise file can hold, small enough to be quick."""
    row, name = draw(st.booleans()), draw(loss)
    count = draw(depth)
    widths = [draw(width) for _ in range(count + 1)]
    last = draw(st.sampled_from(PROBABILITIES) if LOSSES[name].probability else hidden)
    if name == "binary_cross_entropy" and last == "softmax" and widths[-1] == 1:
        widths[-1] = 2  # a softmax over one output is 1, and log(1 - 1) is no number
    layers = [
        draw(dense(k, widths[k], widths[k + 1], last if k == count - 1 else draw(hidden), row, numbers))
        for k in range(count)
    ]
    rows = draw(st.integers(1, 3))
    targets = None
    if LOSSES[name].target:
        targets = [draw(target_of(name, last, widths[-1])) for _ in range(rows)]
    return network(
        draw(matrices(rows, widths[0], numbers)),
        targets,
        layers,
        name,
        reduction=draw(st.sampled_from(("mean", "sum"))),
        l2=draw(st.sampled_from((0, 0, Fraction(1, 100), Fraction(1, 3)))),
        step=draw(descents(layers)) if steps else None,
    )


@st.composite
def descents(draw: st.DrawFn, layers: Sequence[Dense]) -> Step | None:
    """No gradient descent, or a short one."""
    if draw(st.booleans()):
        return None
    names = [name for one in layers for name in (one.weights_name, one.bias_name)]
    known = [name for name in names if name.startswith("W") or layers[int(name[2:])].bias is not None]
    return Step.model_construct(
        learning_rate=draw(RATES),
        count=draw(st.integers(1, 2)),
        order=draw(st.sampled_from(("batch", "row"))),
        frozen=tuple(draw(st.lists(st.sampled_from(known), unique=True, max_size=2))),
    )
