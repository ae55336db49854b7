"""What a usual mistake is: the rules that it changes, and what is said about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from derive.classroom.misconceptions.way import RIGHT, Way
from derive.network import Dense, Network

Condition = Callable[[Network, Dense], bool]
_OF_NETWORK = ("share", "update")  # the steps that don't belong to one layer


class Sentences(dict[str, str]):
    """A sentence by language; English stands in for a language that has none yet."""

    def __missing__(self, language: str) -> str:
        """The English one."""
        return self["en"]


@dataclass(frozen=True)
class Change:
    """One changed rule.

    Attributes:
        step: The step of `Way` whose rule it replaces.
        rule: What is done instead.
        where: The layers at which it is.
    """

    step: str
    rule: Any
    where: Condition


@dataclass(frozen=True)
class Misconception:
    """One usual mistake.

    Attributes:
        name: Its id.
        changes: The rules that it changes.
        key: By language: what to tell whoever finds the own answer in a list of wrong ones.
        feedback: By language: what is wrong, with `{quantity}` for the quantity in which it shows.
        masks: Whether all it does is to let other entries of a gradient pass than those of active units.
    """

    name: str
    changes: tuple[Change, ...]
    key: Mapping[str, str]
    feedback: Mapping[str, str]
    masks: bool = False

    def applies(self, network: Network) -> bool:
        """Whether the network has a place at which the mistake can be made."""
        return any(change.where(network, layer) for change in self.changes for layer in network.layers)

    def way(self, network: Network) -> Way:
        """The way through the network of a student who makes this mistake and no other."""
        return replace(RIGHT, **{change.step: _changed(change, network) for change in self.changes})


def _changed(change: Change, network: Network) -> Any:
    right = getattr(RIGHT, change.step)
    if change.step in _OF_NETWORK:
        return change.rule if change.where(network, network.layers[-1]) else right
    concerned = {layer.index for layer in network.layers if change.where(network, layer)}
    return lambda place: (change.rule if place.layer.index in concerned else right)(place)
