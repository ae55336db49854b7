"""Deriving every gradient of a network: this program, and differentiating the composed loss.

The networks have ReLU hidden layers, a softmax and cross-entropy, and symbols for all their numbers. Each
contender runs once in a process of its own, a new one for each repetition: what SymPy remembers of an earlier
run doesn't count, nor does other work on the machine, since times are those of the process.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from itertools import pairwise
from statistics import median
from time import process_time
from typing import Any

from bench import child
from bench.measure import measure
from derive.network import Dense, Network, Symbols

WIDTHS = (2, 3, 4, 6, 8)
DEPTHS = (2, 3, 4, 5, 6)
DEEP_WIDTH = 2
PROGRAM, SYMPY, SYMENGINE = "this program", "SymPy, diff of the loss", "symengine, diff of the loss"
CONTENDERS = (PROGRAM, SYMPY, SYMENGINE)
TURNS = 5
ENOUGH = 5.0  # seconds after which a contender has no more turns, and its operations are not counted
CAP = 60.0  # seconds for one contender at one size, once
STARTING = 15.0  # seconds that a new process may need before it begins


@dataclass(frozen=True)
class Derived:
    """What one contender needed at one size.

    Attributes:
        sizes: Units of each layer, the input first.
        seconds: None where it hit the cap, or would have: it did at a smaller size.
        operations: How many the gradients of all weights are made of, as they come out; None: not counted.
    """

    sizes: tuple[int, ...]
    seconds: float | None
    operations: int | None

    @property
    def name(self) -> str:
        """The size as one writes it: 2-2-2."""
        return "-".join(map(str, self.sizes))

    @property
    def parameters(self) -> int:
        """How many weights."""
        return sum(n * m for n, m in pairwise(self.sizes))


def wide() -> list[tuple[int, ...]]:
    """2-2-2 to 8-8-8."""
    return [(width,) * 3 for width in WIDTHS]


def deep() -> list[tuple[int, ...]]:
    """One layer more each time."""
    return [(DEEP_WIDTH,) * (depth + 1) for depth in DEPTHS]


def compared(
    sizes: Sequence[tuple[int, ...]], cap: float, tell: Callable[[str], None], turns: int = TURNS
) -> dict[str, list[Derived]]:
    """Every contender at every size, in turns; after a first cap larger sizes are not tried."""
    contenders = [name for name in CONTENDERS if name != SYMENGINE or find_spec("symengine") is not None]
    found: dict[str, list[Derived]] = {name: [] for name in contenders}
    for size in sizes:
        tell(f"deriving {'-'.join(map(str, size))}")
        capped = [name for name in contenders if found[name] and found[name][-1].seconds is None]
        samples = _in_turns(size, [name for name in contenders if name not in capped], cap, turns)
        for name in contenders:
            seconds, operations = samples.get(name, (None, None))
            found[name].append(Derived(size, seconds, operations))
    return found


def _in_turns(
    size: tuple[int, ...], contenders: Sequence[str], cap: float, turns: int
) -> dict[str, tuple[float | None, int | None]]:
    """Median seconds and the operations of each contender; the slow ones have fewer turns."""
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    operations: dict[str, int | None] = dict.fromkeys(contenders)
    going = list(contenders)
    for turn in range(turns):
        for name in list(going):
            result = child.run("deriving", "once", [name, size, turn == 0], 2 * cap + STARTING)
            if result is None or result[0] > cap:
                going.remove(name)
                continue
            samples[name].append(result[0])
            operations[name] = operations[name] if result[1] is None else result[1]
            if sum(samples[name]) > ENOUGH:
                going.remove(name)
    return {name: (median(taken) if taken else None, operations[name]) for name, taken in samples.items()}


def exponent(points: Sequence[Derived], what: str = "seconds") -> float:
    """Of the power of the number of weights that something grows like, by least squares in logarithms.

    Args:
        points: All of them measured.
        what: `seconds` or `operations`.
    """
    xs = [math.log(point.parameters) for point in points]
    ys = [math.log(getattr(point, what)) for point in points]
    middle_x, middle_y = sum(xs) / len(xs), sum(ys) / len(ys)
    slope = sum((x - middle_x) * (y - middle_y) for x, y in zip(xs, ys, strict=True))
    return slope / sum((x - middle_x) ** 2 for x in xs)


def network(sizes: Sequence[int]) -> Network:
    """A network of the sizes; its numbers play no part in deriving."""
    zero = Fraction(0)
    depth = range(len(sizes) - 1)
    layers = tuple(
        Dense(
            index=k,
            n_in=sizes[k],
            n_out=sizes[k + 1],
            weights=((zero,) * sizes[k + 1],) * sizes[k],
            bias=None,
            activation="softmax" if k == depth[-1] else "relu",
            parameter=None,
            row_convention=True,
        )
        for k in depth
    )
    symbols = Symbols(
        "I",
        tuple(f"W_{{{k}}}" for k in depth),
        tuple(f"b_{{{k}}}" for k in depth),
        tuple(f"z^{{({k})}}" for k in depth),
        tuple(f"a^{{({k})}}" for k in depth),
        "l",
        "y",
    )
    return Network(
        name="-".join(map(str, sizes)),
        inputs=((zero,) * sizes[0],),
        targets=((zero,) * sizes[-1],),
        layers=layers,
        loss_name="cross_entropy",
        reduction="mean",
        l2=zero,
        row_convention=True,
        symbols=symbols,
    )


def program(sizes: Sequence[int]) -> tuple[Any, list[Any]]:
    """What the program does: derive, every entry of every gradient, and the closed forms as printed."""
    from derive.engine import forms, symbolic

    derivation = symbolic.derive(network(sizes))
    entries = [entry for layer in derivation.layers for row in layer.weights_gradient for entry in row]
    _ = [layer.read_gradient for layer in derivation.layers], forms.closed_forms(derivation)
    return derivation, entries


def composed(sizes: Sequence[int], library: Any, **assumptions: bool) -> list[Any]:
    """What a user would write: compose the loss, and differentiate it for each weight.

    Args:
        sizes: Units of each layer.
        library: SymPy, or symengine, which is called alike.
        assumptions: Of the symbols.
    """

    def symbol(name: str) -> Any:
        return library.Symbol(name, **assumptions)

    weights = [
        [[symbol(f"W{k}_{i}_{j}") for j in range(m)] for i in range(n)]
        for k, (n, m) in enumerate(pairwise(sizes))
    ]
    a = [symbol(f"x_{i}") for i in range(sizes[0])]
    targets = [symbol(f"y_{j}") for j in range(sizes[-1])]
    for k, matrix in enumerate(weights):
        z = [sum(a[i] * row[j] for i, row in enumerate(matrix)) for j in range(len(matrix[0]))]
        a = z if k == len(weights) - 1 else [_relu(library, unit) for unit in z]
    powers = [library.exp(unit) for unit in a]
    outputs = [power / sum(powers) for power in powers]
    loss = -sum(y * library.log(s) for y, s in zip(targets, outputs, strict=True))
    return [library.diff(loss, weight) for matrix in weights for row in matrix for weight in row]


def _relu(library: Any, z: Any) -> Any:
    """ReLU as one would write it; symengine leaves the derivative of a maximum undone."""
    if library.__name__ == "symengine":
        return library.Piecewise((z, z > 0), (0, True))
    return library.Max(0, z)


def once(name: str, sizes: Sequence[int], counted: bool) -> tuple[float, int | None]:
    """Seconds of the first derivation in a process, and the operations of the result; in a child."""
    contender, operations = _contender(name)
    contender((1, 1, 1))  # what is imported late is there now
    results: list[Any] = []
    seconds = measure(lambda: results.append(contender(sizes)), repetitions=1, clock=process_time).seconds
    return seconds, operations(results[0]) if counted and seconds < ENOUGH else None


def _contender(name: str) -> tuple[Callable[[Sequence[int]], Any], Callable[[Any], int]]:
    """How it derives, and how the operations of what it derived are counted."""
    if name == PROGRAM:
        return program, _operations_of_program
    if name == SYMPY:
        import sympy

        import derive  # noqa: F401 - the same ground types as the program's

        return (
            lambda sizes: composed(sizes, sympy, real=True),
            lambda entries: sum(int(entry.count_ops()) for entry in entries),
        )
    import symengine

    return (
        lambda sizes: composed(sizes, symengine),
        lambda entries: sum(int(symengine.count_ops(entry)) for entry in entries),
    )


def _operations_of_program(derived: tuple[Any, list[Any]]) -> int:
    """Of the entries and of the rules for the deltas that stand in them."""
    derivation, entries = derived
    rules = [rule for layer in derivation.layers for rule in (*layer.delta, *layer.output_gradient)]
    return sum(int(expression.count_ops()) for expression in (*entries, *rules))
