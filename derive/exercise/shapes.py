"""What has to fit together in an exercise: shapes, size, targets, symbols and names."""

from collections.abc import Callable, Iterator

from pydantic import TypeAdapter

from derive.exercise import literals, size
from derive.exercise.draft import Draft, Finding
from derive.exercise.draw import TargetChoices
from derive.exercise.literals import shortened
from derive.exercise.nodes import Mapping, Node, Scalar, Sequence, value
from derive.exercise.suggest import counted, did_you_mean, listing
from derive.rules.activations import ACTIVATIONS
from derive.rules.losses import LOSSES

Findings = Iterator[Finding]


def findings(draft: Draft) -> list[Finding]:
    """Everything across the parts of a file that doesn't fit together."""
    return [finding for check in _CHECKS for finding in check(draft)]


def width(draft: Draft, layer: int) -> int | None:
    """How many outputs a layer has, None where its weights are broken."""
    shape, convention = draft.shape("layers", layer, "weights"), _convention(draft)
    if shape is None or convention is None:
        return None
    return shape[1] if convention == "row" else shape[0]


def _convention(draft: Draft) -> str | None:
    return draft.text("convention", default="row")


def _outputs(draft: Draft) -> int | None:
    depth = draft.layers()
    return width(draft, depth - 1) if depth else None


def _weights(draft: Draft) -> Findings:
    """Every layer takes what the one before it gives."""
    convention = _convention(draft)
    shape = draft.shape("input")
    given = shape[1] if shape else None
    giver = "the input has"
    for layer in range(draft.layers() or 0):
        node, shape = draft.get("layers", layer, "weights"), draft.shape("layers", layer, "weights")
        if node is not None and shape is not None and convention is not None and given is not None:
            taken, other = shape if convention == "row" else shape[::-1]
            if taken != given:
                yield _misfit(node, layer, convention, taken, other, f"{giver} {given}", given)
        given, giver = width(draft, layer), f"layer {layer} gives"


def _misfit(
    node: Node, layer: int, convention: str, taken: int, other: int, giver: str, given: int
) -> Finding:
    row = convention == "row"
    line, product = ("row", "x @ W, a row per input") if row else ("column", "W @ x, a column per input")
    fix = f"give W_{layer} {counted(given, line)}"
    if other == given:
        other_product = "column, if W @ x" if row else "row, if x @ W"
        fix = f"transpose it; or set convention: {other_product} is meant throughout"
    why = f"{giver}; convention {convention} computes {product}"
    return Finding(node.place, f"W_{layer} has {counted(taken, line)}, but needs {given}", why, fix)


def _biases(draft: Draft) -> Findings:
    for layer in range(draft.layers() or 0):
        node, needed = draft.get("layers", layer, "bias"), width(draft, layer)
        if isinstance(node, Sequence) and needed is not None and len(node.items) != needed:
            numbers = counted(len(node.items), "number")
            fix = f"give {needed}, or a single number without brackets that the layer shares"
            yield Finding(
                node.place,
                f"b_{layer} has {numbers}, but needs {needed}",
                f"layer {layer} has {counted(needed, 'output')}",
                fix,
            )


def _target(draft: Draft) -> Findings:
    loss, node = draft.text("loss"), draft.get("target")
    if loss is not None and not LOSSES[loss].target:
        if node is not None:
            why = "the output itself is the loss"
            yield Finding(node.place, f"the loss {loss} takes no target", why, "leave target out")
    elif draft.missing("target"):
        if loss is not None:
            what, why = 'the key "target" is missing', f"the loss {loss} compares with it"
            yield Finding(draft.source.root.place, what, why, "add a target like the output")
    elif isinstance(node, Mapping):
        yield from _classes(draft)
    elif node is not None:
        yield from _target_shape(draft, node)
        yield from _target_range(draft, loss)


def _target_shape(draft: Draft, node: Node) -> Findings:
    shape, rows, outputs = draft.shape("target"), draft.shape("input"), _outputs(draft)
    if shape is None:
        return
    if outputs is not None and shape[1] != outputs:
        numbers = counted(shape[1], "number")
        yield Finding(
            node.place,
            f"the target has {numbers} in a row, but needs {outputs}",
            f"the last layer has {counted(outputs, 'output')}",
        )
    if rows is not None and shape[0] != rows[0]:
        what = f"the target has {counted(shape[0], 'row')}, but needs {rows[0]}"
        yield Finding(node.place, what, f"the input has {counted(rows[0], 'row')}")


def _target_range(draft: Draft, loss: str | None) -> Findings:
    """What a cross entropy can take: no negative weight, and for the binary one no more than 1."""
    if loss is None or not LOSSES[loss].probability:
        return
    binary = loss == "binary_cross_entropy"
    for node, number in draft.numbers("target"):
        if number < 0 or (binary and number > 1):
            allowed = "from 0 to 1" if binary else "0 or more"
            yield Finding(
                node.place, f"{loss} can't take the target {node.text}", f"its targets are {allowed}"
            )


def _classes(draft: Draft) -> Findings:
    node = draft.get("target", "class")
    if node is None:
        return
    rows, outputs = draft.shape("input"), _outputs(draft)
    items = node.items if isinstance(node, Sequence) else (node,)
    if rows is not None and len(items) != rows[0]:
        what = f"{counted(len(items), 'class', 'classes')} for {counted(rows[0], 'row')} of input"
        yield Finding(node.place, what, "a class is needed for each row")
    if outputs == 1:
        yield Finding(
            node.place,
            "classes need at least two outputs",
            "the last layer has 1",
            "write the target as a number",
        )
        return
    for item in items:
        if outputs is not None and isinstance(item, Scalar) and literals.parse(item.text) >= outputs:
            yield Finding(item.place, f"there is no class {item.text}", f"the classes are 0 to {outputs - 1}")


def _output_for_loss(draft: Draft) -> Findings:
    loss, depth = draft.text("loss"), draft.layers()
    if loss is None or not depth or not LOSSES[loss].probability:
        return
    node = draft.get("layers", depth - 1, "activation")
    scalar = node.entries[0][0] if isinstance(node, Mapping) else node
    if isinstance(scalar, Scalar) and not ACTIVATIONS[scalar.text].probability:
        fitting = " or ".join(sorted(name for name, row in ACTIVATIONS.items() if row.probability))
        what = f"the loss {loss} can't take the output of {scalar.text}"
        yield Finding(scalar.place, what, "it needs probabilities", f"make the last activation {fitting}")


def parameters(draft: Draft) -> list[str]:
    """Names of all weights and biases of the exercise."""
    depth = draft.layers() or 0
    biases = [f"b_{layer}" for layer in range(depth) if not draft.missing("layers", layer, "bias")]
    return [f"W_{layer}" for layer in range(depth)] + biases


def _names(draft: Draft) -> Findings:
    """Parameters that are frozen, and quantities that give points."""
    known = parameters(draft)
    if draft.layers() is None:
        return
    for item in draft.items("step", "frozen"):
        if isinstance(item, Scalar) and item.text not in known:
            what = f'there is no parameter "{shortened(item.text)}"'
            yield Finding(item.place, what, listing(known), did_you_mean(item.text, known))
    kinds = ("pre_activation", "output", "pre_activation_gradient", "output_gradient")
    quantities = [
        "loss",
        "input",
        *known,
        *(f"{kind}_{k}" for kind in kinds for k in range(draft.layers() or 0)),
    ]
    for key in draft.keys("points"):
        if key.text not in quantities:
            what = f'there is no quantity "{shortened(key.text)}"'
            yield Finding(key.place, what, listing(quantities), did_you_mean(key.text, quantities))


def _vary(draft: Draft) -> Findings:
    """Only what is there can vary."""
    biased = any(name.startswith("b_") for name in parameters(draft))
    absent = {"target": draft.missing("target"), "bias": not biased}
    for part in absent:
        node = draft.get("vary", part)
        if node is not None and absent[part] and draft.layers() is not None:
            yield Finding(node.place, f"there is no {part} that could vary", fix="leave it out")


def _vary_target(draft: Draft) -> Findings:
    """Only targets that the loss and the output can take."""
    node, loss = draft.get("vary", "target"), draft.text("loss")
    if node is None or loss is None:
        return
    choices = TypeAdapter(TargetChoices).validate_python(value(node))
    if choices == "class":
        if _outputs(draft) == 1:
            why, fix = "the last layer has 1", "draw from [0, 1]"
            yield Finding(node.place, "classes need at least two outputs", why, fix)
    elif LOSSES[loss].probability:
        most = 1 if loss == "binary_cross_entropy" else max(choices)
        outside = next((number for number in choices if not 0 <= number <= most), None)
        if outside is not None:
            allowed = "from 0 to 1" if loss == "binary_cross_entropy" else "0 or more"
            what = f"{loss} can't take the target {outside}"
            yield Finding(node.place, what, f"its targets are {allowed}")


_CHECKS: tuple[Callable[[Draft], Findings], ...] = (
    size.findings, _weights, _biases, _target, _output_for_loss, _names, _vary, _vary_target,
)  # fmt: skip
