"""Ways to break one rule, and the exercises that show it; all of them well conditioned but the kink."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from derive.engine.symbolic import LayerDerivation
from derive.network import Network
from derive.rules.activations import ACTIVATIONS
from derive.rules.losses import LOSSES
from tests.engine.networks import shipped, written

HOMEWORK = shipped("two-layer")
EVERYTHING = written("""
input: [[1, -2], [0.5, 3], [-1, 1]]
target: [[0, 1], [1/4, 1/2], [1, 0]]
layers:
  - {weights: [[0.3, -0.7], [0.9, 0.4]], bias: [0.1, -0.2], activation: relu}
  - {weights: [[0.5, -1], [2/3, 0.25]], bias: 0.15, activation: tanh}
  - {weights: [[0.8, -0.3], [-0.6, 1.1]], activation: softmax}
loss: cross_entropy
l2: 0.1
step: {learning_rate: 0.25, count: 2, frozen: [b_0]}
""")
SQUARES = written("""
input: [[1, -2], [0.5, 3]]
target: [[0.5], [2]]
convention: column
layers:
  - {weights: [[0.3, -0.7], [0.9, 0.4]], activation: {leaky_relu: 0.2}}
  - {weights: [[0.5, -1], [2/3, 0.25]], bias: [0.3, 0.1], activation: gelu}
  - {weights: [[0.8, -0.3]], activation: softplus}
loss: mean_squared_error
""")
SMOOTH = written("""
input: [1, -2]
target: [1, 0]
layers:
  - {weights: [[0.3, -0.7], [0.9, 0.4]], bias: [0.1, -0.2], activation: {elu: 0.5}}
  - {weights: [[0.5, -1], [2/3, 0.25]], activation: silu}
  - {weights: [[0.8, -0.3], [-0.6, 1.1]], activation: sigmoid}
loss: binary_cross_entropy
""")
KINK = shipped("kink")


@dataclass(frozen=True)
class Mistake:
    """A rule that is broken, and an exercise that shows it."""

    what: str
    target: Network
    make: Callable[[pytest.MonkeyPatch], None]


def row_of(table: dict[str, Any], name: str, target: Network, what: str, **changed: Any) -> Mistake:
    """A row of a table with another function in it."""
    return Mistake(what, target, lambda patch: patch.setitem(table, name, replace(table[name], **changed)))


def function(module: Any, name: str, target: Network, what: str, wrap: Callable[[Any], Any]) -> Mistake:
    """A function of a module, wrapped."""
    return Mistake(what, target, lambda patch: patch.setattr(module, name, wrap(getattr(module, name))))


def rules(name: str, target: Network, what: str, wrong: Callable[[LayerDerivation], Any]) -> Mistake:
    """Closed forms of a layer, replaced."""
    return Mistake(what, target, lambda patch: patch.setattr(LayerDerivation, name, property(wrong)))


activation = partial(row_of, ACTIVATIONS)
loss = partial(row_of, LOSSES)
