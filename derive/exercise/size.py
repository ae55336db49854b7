"""How large the network of an exercise may be: what a check finishes in a minute and a gigabyte or less."""

from collections.abc import Iterator
from math import prod

from derive.exercise import literals
from derive.exercise.draft import Draft, Finding
from derive.exercise.nodes import Node, Scalar
from derive.exercise.suggest import counted

MOST_LAYERS = 32
WIDEST = 128  # inputs, and units of a layer
MOST_ROWS = 256
MOST_WEIGHTS = 20_000
MOST_PRODUCTS = 500_000  # weights times rows of input times passes; an update is a pass


def findings(draft: Draft) -> Iterator[Finding]:
    """Every way in which the network is too large."""
    layers, depth = draft.get("layers"), draft.layers()
    if depth == 0 and layers is not None:
        yield Finding(layers.place, "there is no layer", "a network has at least one")
    if depth is not None and depth > MOST_LAYERS:
        place = draft.items("layers")[MOST_LAYERS].place if layers is not None else draft.source.root.place
        why, fix = f"at most {MOST_LAYERS} are read", f"take out {depth - MOST_LAYERS} of them"
        yield Finding(place, f"{depth} layers are too many", why, fix)
    matrices = [("layers", k, "weights") for k in range(depth or 0)]
    for path, most in [(("input",), MOST_ROWS), *((path, WIDEST) for path in matrices)]:
        node, shape = draft.get(*path), draft.shape(*path)
        if node is not None and shape is not None and (shape[0] > most or shape[1] > WIDEST):
            what = f"{shape[0]} x {shape[1]} numbers are too many"
            fix = "give fewer rows, or shorter ones" if path == ("input",) else "make the layer narrower"
            yield Finding(node.place, what, f"at most {most} rows of {WIDEST} are read", fix)
    if layers is not None:
        yield from _altogether(draft, layers, sum(prod(draft.shape(*path) or (0,)) for path in matrices))


def _altogether(draft: Draft, layers: Node, weights: int) -> Iterator[Finding]:
    """Layers, rows and updates that are each small enough, but not together."""
    if weights > MOST_WEIGHTS:
        what, why = f"{weights:,} weights are too many", f"at most {MOST_WEIGHTS:,} are read"
        yield Finding(layers.place, what, why, "make the layers narrower, or take some out")
        return
    shape, count = draft.shape("input"), draft.get("step", "count")
    rows, updates = shape[0] if shape else 1, 0
    if draft.get("step") is not None:
        updates = literals.parse_integer(count.text) if isinstance(count, Scalar) else 1
    products = weights * rows * (updates + 1)
    if products > MOST_PRODUCTS:
        given = f"{weights:,} weights, {counted(rows, 'row')} of input and {updates:,} updates"
        why = f"weights x rows x (updates + 1) is {products:,}; at most {MOST_PRODUCTS:,} is computed"
        fix = "make the layers narrower, or take fewer rows or updates"
        yield Finding(layers.place, f"{given} are too many together", why, fix)
