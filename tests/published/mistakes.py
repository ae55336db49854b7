"""What the sources must have computed to print what they print: nothing but the arithmetic of their pages.

Every function holds one source's misprints, each under its path in the record of the figures, in their order.
It recomputes them from the page's own numbers with floats, by no line of the program. A pair is a span
that the printed figure lies in, where the page doesn't print enough to tell more.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from math import exp, floor, log, tanh

Value = float | tuple[float, float]
Found = Mapping[str, Sequence[Value]]


def sigmoid(z: float) -> float:
    return 1 / (1 + exp(-z))


def slope(output: float) -> float:
    """The derivative of the sigmoid, from its output."""
    return output * (1 - output)


def cut(value: float, digits: int) -> float:
    """Digits dropped instead of rounded."""
    shift = 10.0**digits
    return floor(value * shift) / shift


def dot(ones: Sequence[float], others: Sequence[float]) -> float:
    return sum(one * other for one, other in zip(ones, others, strict=True))


def updated_too_early() -> float:
    """The loss of Mazur's network after a step whose hidden deltas use the output layer's new weights."""
    inputs, targets, rate = (0.05, 0.10), (0.01, 0.99), 0.5
    first, second = [[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]

    def forward() -> tuple[list[float], list[float]]:
        hidden = [sigmoid(dot(row, inputs) + 0.35) for row in first]
        return hidden, [sigmoid(dot(row, hidden) + 0.60) for row in second]

    hidden, outputs = forward()
    deltas = [(o - t) * slope(o) for o, t in zip(outputs, targets, strict=True)]
    for k, j in product(range(2), repeat=2):
        second[k][j] -= rate * deltas[k] * hidden[j]
    for j, i in product(range(2), repeat=2):
        first[j][i] -= rate * dot(deltas, [row[j] for row in second]) * slope(hidden[j]) * inputs[i]
    _, outputs = forward()
    return sum((o - t) ** 2 for o, t in zip(outputs, targets, strict=True)) / 2


def mazur() -> Found:
    return {"step.loss": [updated_too_early()]}


def zhwhong() -> Found:
    return {"loss": [0.298371109 + 0.023560026], "step.loss": [updated_too_early()]}


def g_eoj() -> Found:
    return {"gradients.W_1": [2.28 * 0.429052723714, 2.28 * 0.221490524653]}


def victor_zhou() -> Found:
    return {
        "layers.1.pre_activation": [0.0474 + 0.0474],
        "layers.1.output_gradient": [-2 * (1 - 0.524)],
        "gradients.W_0": [-0.952 * 0.249 * -0.0904],
    }


def divided(delta: float, hidden: Sequence[float], slopes: Sequence[float]) -> Found:
    """Mind's backward pass from the change of the output sum, with quotients where products belong."""
    weights = [0.3, 0.5, 0.9]
    changes = [round(delta / output, 4) for output in hidden]
    back = [round(delta / w, 4) * s for w, s in zip(weights, slopes, strict=True)]
    first = ((0.8, 0.2), (0.4, 0.9), (0.3, 0.5))
    return {
        "-1 * gradients.W_1": changes,
        "step.parameters.W_1": [w + change for w, change in zip(weights, changes, strict=True)],
        "-1 * layers.0.pre_activation_gradient": back,
        "step.parameters.W_0": [w + round(d, 4) for row, d in zip(first, back, strict=True) for w in row],
    }


def mind() -> Found:
    total = dot([0.73, 0.79, 0.69], [0.3, 0.5, 0.9])
    return {
        "layers.0.output": [cut(sigmoid(0.8), 11)],
        "layers.1.pre_activation": [total],
        "layers.1.output": [sigmoid(1.235)],
        "-1 * layers.1.pre_activation_gradient": [exp(-1.235) / (1 + exp(-1.235)) ** 2 * -0.77],
        **divided(-0.1344, [0.73105, 0.78583, 0.69997], [0.1966, 0.1683, 0.2139]),
    }


def mind_first() -> Found:
    return {
        "layers.0.output": [sigmoid(-1.0), sigmoid(-0.8)],
        "layers.1.pre_activation": [dot([0.27, 0.79, 0.31], [0.3, 0.5, 0.9])],
        "layers.1.output": [sigmoid(0.755)],
        "-1 * layers.1.pre_activation_gradient": [slope(sigmoid(0.755)) * -0.68],
        **divided(-0.1479, [0.2689, 0.7858, 0.3100], [0.1966, 0.1683, 0.2139]),
    }


def brownlee() -> Found:
    outputs = [sigmoid(0.49543508709194095), sigmoid(0.651592972722763)]
    deltas = [(t - o) * slope(o) for t, o in zip((0, 1), outputs, strict=True)]
    error = dot([0.2550690257394217, 0.4494910647887381], deltas)
    return {
        "layers.1.output": outputs,
        "-1 * layers.1.pre_activation_gradient": deltas,
        "-1 * layers.0.pre_activation_gradient": [error * slope(0.7105668883115941)],
    }


def saitoh() -> Found:
    """Between the extremes over all weights that print as the book's: the loss is monotone in each."""
    inputs = (0.6, 0.9)
    weights = ((0.47355232, 0.9977393, 0.84668094), (0.85557411, 0.03563661, 0.69422093))

    def loss(nudge: float) -> float:
        """Logits of wrong classes raised and that of the right one lowered, or the other way round."""
        up = (nudge, nudge, -nudge)
        logits = [dot(inputs, [row[j] + up[j] for row in weights]) for j in range(3)]
        return log(sum(map(exp, logits))) - logits[2]

    return {"loss": [(loss(-5e-9), loss(5e-9))]}


def coursera() -> Found:
    outputs = [sigmoid(x + 2 * y + 2) for x, y in ((1, 3), (2, 4), (-1, -3.2))]
    return {"loss": [-(log(outputs[0]) + log(1 - outputs[1]) + log(outputs[2])) / 3]}


def han() -> Found:
    return {"-1 * layers.1.pre_activation_gradient": [0.474 * (1 - 0.474) * (1 - 0.474)]}


def micrograd() -> Found:
    (bias,) = struct.unpack("f", struct.pack("f", 6.8813735870195432))
    output = tanh(-3.0 * 2.0 + bias)
    back = 1 - output * output
    return {
        "layers.0.output": [output],
        "gradients.W_0": [2.0 * back],
        "gradients.input": [-3.0 * back, 1.0 * back],
    }


def rgu() -> Found:
    new = [0.3 - 0.0406 * 0.68, 0.9 - 0.0406 * 0.6637]
    hidden = [-0.0406 * w * slope(o) for w, o in zip(new, (0.68, 0.6637), strict=True)]
    first = ((0.1, 0.8), (0.4, 0.6))
    moved = [row[i] + d * x for row, d in zip(first, hidden, strict=True) for i, x in enumerate((0.35, 0.9))]
    return {
        "-1 * layers.1.pre_activation_gradient": [(0.5 - 0.69) * slope(0.69)],
        "step.parameters.W_1": new,
        "-1 * layers.0.pre_activation_gradient": hidden[:1],
        "step.parameters.W_0": [*moved[:3], cut(moved[3], 4)],
    }


MISTAKES: Mapping[str, Callable[[], Found]] = {
    "mazur": mazur,
    "zhwhong": zhwhong,
    "g-eoj": g_eoj,
    "victor-zhou": victor_zhou,
    "mind": mind,
    "mind-first": mind_first,
    "brownlee": brownlee,
    "saitoh": saitoh,
    "coursera": coursera,
    "han": han,
    "micrograd": micrograd,
    "rgu": rgu,
}
