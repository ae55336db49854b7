"""One computation by hand, from start to end, over any numbers; what the student wrote may stand in.

Every quantity is computed from what stands upstream of it. Where a quantity is given (a student's own
values), the computed one is kept too, and everything downstream goes on from the given one. So one run says
for each quantity what follows from what the student had before it.

This is no source of keys and no part of their cross-check.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from derive.classroom.misconceptions.numbers import read
from derive.classroom.misconceptions.way import RIGHT, Array, At, Way
from derive.network import Network, updates

Overrides = Mapping[str, Array | Callable[[Array], Array]]


@dataclass(frozen=True)
class Given:
    """The numbers of one exercise, or of many of the same shape at once.

    Attributes:
        inputs: (..., rows, n_in).
        targets: (..., rows, n_out), None where the loss takes none.
        parameters: Name -> (..., *shape), as the exercise lays them.
    """

    inputs: Array
    targets: Array | None
    parameters: Mapping[str, Array]

    @classmethod
    def of(cls, network: Network, xp: Any) -> "Given":
        """The numbers of a network in a number system."""
        return cls(
            inputs=read(network.inputs, xp),
            targets=None if network.targets is None else read(network.targets, xp),
            parameters={name: read(numbers, xp) for name, numbers in network.parameters().items()},
        )


@dataclass(frozen=True)
class Course:
    """A computation from start to end. Names and shapes are those of `passes.quantities`.

    Attributes:
        computed: Each quantity as it follows from what stands upstream of it.
        used: The same, but where a quantity was given, the given one.
    """

    computed: Mapping[str, Array]
    used: Mapping[str, Array]


def recompute(
    network: Network,
    given: Given,
    xp: Any,
    way: Way = RIGHT,
    overrides: Overrides | None = None,
    right: Course | None = None,
    until: Iterable[str] | None = None,
) -> Course:
    """Compute every quantity of a network.

    Args:
        network: The structure.
        given: The numbers.
        xp: The number system of `given`; see `numbers`.
        way: The rules to compute by.
        overrides: Quantities to put in place of what is computed, by name. Masked arrays put in only what
            isn't masked. Functions say what to go on with in place of what is computed.
        right: The same computation by the right rules and with the same overrides, if it is known already: a
            way that goes wrong only on the way back takes over what leads there.
        until: Quantities after which there is no need to go on; by default everything is computed.
    """
    course = _Course(network, given, xp, way, overrides or {})
    if right is not None and way.is_right_forward:
        course.forward_pass = right
    course.until = None if until is None else frozenset(until)
    with np.errstate(all="ignore"), suppress(_Enough):
        course.whole(range(network.rows), way.share(network))
        course.descend()
    return Course(course.computed, course.used)


def _forward_names(network: Network) -> list[str]:
    layers = range(len(network.layers))
    values = [f"{kind}_{k}" for k in layers for kind in ("pre_activation", "output")]
    return [*values, "row_losses", "loss"]


class _Enough(Exception):
    """All that was asked for is there."""


class _Course:
    """A computation under way."""

    def __init__(self, network: Network, given: Given, xp: Any, way: Way, overrides: Overrides) -> None:
        self.network, self.given, self.xp, self.way, self.overrides = network, given, xp, way, overrides
        self.parameters = dict(given.parameters)
        self.forward_pass: Course | None = None
        self.until: frozenset[str] | None = None
        self.computed: dict[str, Array] = {}
        self.used: dict[str, Array] = {}
        self.start: At

    def whole(self, rows: Sequence[int], share: Fraction) -> None:
        """Forward and backward for some of the rows."""
        rows = tuple(rows)
        taken = slice(None) if len(rows) == self.network.rows else list(rows)
        targets = self.given.targets
        self.start = At(
            network=self.network,
            layer=self.network.layers[-1],
            xp=self.xp,
            inputs=self.given.inputs[..., taken, :],
            targets=None if targets is None else targets[..., taken, :],
            parameters=self.parameters,
            used=self.used,
            given=frozenset(self.overrides),
            rows=rows,
            share=share,
        )
        self.forward()
        self.backward()

    def put(self, name: str, array: Array) -> None:
        """Keep a quantity, and what is used in its place."""
        self.computed[name] = array
        instead = self.overrides.get(name)
        if instead is None:
            self.used[name] = array
        elif callable(instead):
            self.used[name] = instead(array)
        elif isinstance(instead, np.ma.MaskedArray):
            self.used[name] = np.where(np.ma.getmaskarray(instead), array, instead.data)
        else:
            self.used[name] = instead
        if self.until is not None and self.until <= self.computed.keys():
            raise _Enough

    def forward(self) -> None:
        """Layer by layer, then the loss."""
        if self.forward_pass is not None:
            for name in _forward_names(self.network):
                self.computed[name] = self.forward_pass.computed[name]
                self.used[name] = self.forward_pass.used[name]
            return
        for layer in self.network.layers:
            at = replace(self.start, layer=layer)
            self.put(f"pre_activation_{layer.index}", self.way.pre_activation(at))
            self.put(f"output_{layer.index}", self.way.output(at))
        self.put("row_losses", self.way.row_losses(self.start))
        self.put("loss", self.way.loss(self.start))

    def backward(self) -> None:
        """From the loss to the input; the gradients of a layer's parameters before the layer is left."""
        gradient = self.way.loss_gradient(self.start)
        for layer in reversed(self.network.layers):
            at = replace(self.start, layer=layer)
            self.put(f"output_gradient_{layer.index}", gradient)
            self.put(f"pre_activation_gradient_{layer.index}", self.way.delta(at))
            self.put(layer.weights_name, at.oriented(self.way.weights_gradient(at)))
            if layer.bias is not None:
                self.put(layer.bias_name, self.way.bias_gradient(at))
            gradient = self.way.read_gradient(at)
        self.put("input", gradient)

    def descend(self) -> None:
        """Gradient descent, where the exercise asks for it; ends with a forward pass of the outcome."""
        step = self.network.step
        if step is None:
            return
        rate = self.xp.read(step.learning_rate)
        for count, (rows, _) in enumerate(updates(self.network)):
            gradients: Mapping[str, Array] = self.used
            if count or step.order == "row":
                pass_ = self._anew()
                pass_.whole(rows, Fraction(1) if step.order == "row" else self.way.share(self.network))
                gradients = pass_.used
            for name in self.parameters:
                if name not in step.frozen:
                    self.parameters[name] = self.way.update(self.parameters[name], gradients[name], rate)
        for name, array in list(self.parameters.items()):
            self.put(f"step.{name}", array)
            self.parameters[name] = self.used[f"step.{name}"]
        after = self._anew()
        forward = _forward_names(self.network)
        after.overrides = {
            name: self.overrides[f"step.{name}"] for name in forward if f"step.{name}" in self.overrides
        }
        after.whole(range(self.network.rows), self.way.share(self.network))
        for name in forward:
            if name != "row_losses":
                self.computed[f"step.{name}"] = after.computed[name]
                self.used[f"step.{name}"] = after.used[name]

    def _anew(self) -> "_Course":
        """A computation with the parameters as they are now."""
        fresh = _Course(self.network, self.given, self.xp, self.way, {})
        fresh.parameters = self.parameters
        return fresh
