"""What an autograded notebook computes anew to mark a student: one function for each exercise, generated.

It is built from the tables' `listing` columns, as the student's own code is; the notebook's tests hold it
against the exact values.
"""

from collections.abc import Iterator

from derive import files
from derive.classroom.rubric import Rubric
from derive.exercise.model import Exercise
from derive.network import Dense, Network
from derive.rules import activations, losses
from derive.worksheet.code.names import Names, nested, number
from derive.worksheet.sheet import Sheet

NAMESPACE = "_derive"
GRADER = "derive.worksheet.code.grader"
LOOKUP = "derive.worksheet.code.lookup"
_QUOTES = "'''"


def setting_up(sheet: Sheet, rubric: Rubric, personal: bool) -> str:
    """Code that makes a grader inside a namespace of its own, so that no name of the student's is touched.

    Args:
        sheet: The exercise; its numbers count unless every student has their own.
        rubric: Says what is carried.
        personal: Whether the numbers are looked up for each student.
    """
    network, source = sheet.network, files.module_source(GRADER)
    data = "my_numbers(student)" if personal else _data(network)
    parts = [source, *([files.module_source(LOOKUP)] if personal else []), f"data = {data}", follow(network)]
    parts.append(_grader(network, sheet.exercise, rubric))
    text = "\n\n".join(parts)
    assert _QUOTES not in text
    return "\n".join(
        [
            "import types",
            "",
            f'{NAMESPACE} = types.ModuleType("derive_grader")',
            f'{NAMESPACE}.student = globals().get("student", "")',
            f"exec(r{_QUOTES}{text}{_QUOTES}, vars({NAMESPACE}))",
        ]
    )


def marking(quantity: str, variable: str, points: str) -> str:
    """Code that marks one quantity; its result is the points."""
    return f'{NAMESPACE}.grader.credit("{quantity}", "{variable}", globals().get("{variable}"), {points})'


def _data(network: Network) -> str:
    given = {"input": network.inputs, "target": network.targets, **network.parameters()}
    return "{" + ", ".join(f'"{name}": {nested(x)}' for name, x in given.items() if x is not None) + "}"


def _grader(network: Network, exercise: Exercise, rubric: Rubric) -> str:
    forward = [f"{kind}_{k}" for k in range(len(network.layers)) for kind in ("pre_activation", "output")]
    given = [f"given.{name}" for name in ("input", "target", *network.parameters())]
    if network.targets is None:
        given.remove("given.target")
    options = {
        "forward": [*forward, "loss"],
        "columns": [] if network.row_convention else forward,
        "relative": float(exercise.grading.tolerance),
        "digits": exercise.rounding,
        "carry": float(rubric.carry),
    }
    arguments = ", ".join(f"{name}={value!r}" for name, value in options.items())
    return f"grader = Grader(follow, {given!r}, say=print, {arguments})\n"


def follow(network: Network) -> str:
    """The function `follow` of a network, and the helpers that it calls."""
    helpers = list(dict.fromkeys(layer.rule.listing.helper for layer in network.layers))
    each = "def each(function, *arrays):\n    return np.array([function(*row) for row in zip(*arrays)])"
    lines = [*_given(network), *_forward(network), *_backward(network)]
    body = "\n".join(f"    {line}" for line in lines)
    return "\n\n\n".join([*filter(None, helpers), each, f"def follow(put, hold, settle):\n{body}"]) + "\n"


def _given(network: Network) -> Iterator[str]:
    yield 'x = put("given.input", data["input"])'
    if network.targets is not None:
        yield 'y = put("given.target", data["target"])'
    for layer in network.layers:
        k, turned = layer.index, "" if layer.row_convention else ".T"
        yield f'w_{k} = put("given.W_{k}", data["W_{k}"]){turned}'
        if layer.bias is not None:
            yield f'b_{k} = put("given.b_{k}", data["b_{k}"])'


def _read(layer: Dense) -> str:
    return f"a_{layer.index - 1}" if layer.index else "x"


def _forward(network: Network) -> Iterator[str]:
    for layer in network.layers:
        k, read = layer.index, _read(layer)
        bias, size = (f" + b_{k}", f" + abs(b_{k})") if layer.bias is not None else ("", "")
        terms = f"abs({read}) @ abs(w_{k}){size}"
        yield f'z_{k} = put("pre_activation_{k}", settle({read} @ w_{k}{bias}, {terms}))'
        yield f'a_{k} = put("output_{k}", each(lambda z: {_of(layer, layer.rule.listing.value)}, z_{k}))'
    value = losses.fill(network.loss.listing.value, a="a", y="t")
    yield f'rows = put("row_losses", each(lambda {_pair(network)}: {value}, {_arrays(network)}))'
    total = f"rows.sum(){_share(network)}"
    if network.l2 != 0:
        squares = " + ".join(f"(w_{layer.index} ** 2).sum()" for layer in network.layers)
        total += f" + {number(network.l2)} * ({squares})"
    yield f'put("loss", {total})'


def _of(layer: Dense, template: str) -> str:
    """A piece of the tables for one example, whose pre-activation is called z and output a."""
    p = "" if layer.parameter is None else number(layer.parameter)
    return activations.fill(template, z="z", a="a", p=p, product="")


def _pair(network: Network) -> str:
    return "a" if network.targets is None else "a, t"


def _arrays(network: Network) -> str:
    last = f"a_{len(network.layers) - 1}"
    return last if network.targets is None else f"{last}, y"


def _share(network: Network) -> str:
    return f" / {network.rows}" if network.reduction == "mean" and network.rows > 1 else ""


def _backward(network: Network) -> Iterator[str]:
    for layer in reversed(network.layers):
        k = layer.index
        yield f'd_{k} = put("pre_activation_gradient_{k}", {_delta(network, layer)})'
        turned = "" if layer.row_convention else ".T"
        decay = "" if network.l2 == 0 else f" + {number(2 * network.l2)} * w_{k}"
        yield f'put("W_{k}", ({_read(layer)}.T @ d_{k}{decay}){turned})'
        if layer.bias is not None:
            yield f'put("b_{k}", d_{k}.sum({"" if layer.shared_bias else "axis=0"}))'
        if k:
            yield f'g_{k - 1} = put("output_gradient_{k - 1}", d_{k} @ w_{k}.T)'


def _delta(network: Network, layer: Dense) -> str:
    """The gradient for a layer's pre-activation: in closed form where the loss has one, else by the slope."""
    k, last = layer.index, len(network.layers) - 1
    gradient = f"g_{k}"
    if k == last:
        stable = network.loss.torch_stable.get(layer.activation)
        code = stable.code if stable is not None else network.loss.listing.gradient
        filled = losses.fill(code, a="a", y="t")
        gradient = f"each(lambda {_pair(network)}: {filled}, {_arrays(network)}){_share(network)}"
        if stable is not None:
            return gradient
    slope = _of(layer, layer.rule.listing.slope)
    if not layer.rule.elementwise:
        return f"each(lambda g, z, a: g @ ({slope}), {gradient}, z_{k}, a_{k})"
    slopes = f"each(lambda z, a: {slope}, z_{k}, a_{k})"
    if layer.rule.piecewise_linear and layer.rule.kink is not None:
        slopes = f'hold("slope_{k}", {slopes})'
    return f"{gradient} * {slopes}"


def looking_up(sheet: Sheet) -> str:
    """The cell that finds a student's own numbers; `<unknown>` is what it says where there are none."""
    names, network = Names(sheet), sheet.network
    one = "[0]" if sheet.single else ""
    places = {"input": one} if network.targets is None else {"input": one, "target": one}
    places |= dict.fromkeys(network.parameters(), "")
    lines = ["import numpy as np", "", "given = my_numbers(student)"]
    for name, place in places.items():
        lines.append(f'{names[name]} = np.array(given["{name}"]{place}, dtype=float)')
    if network.l2 != 0:
        lines.append(f"lam = {number(network.l2)}")
    lines += [f'print("{names[name]} =", {names[name]}, sep="\\n")' for name in places]
    _, _, source = files.module_source(LOOKUP).split('"""', 2)  # without what it says to programmers
    return "\n\n".join([source.strip(), "\n".join(lines)])
