"""The symbols of an exercise: one for each layer, and no two quantities alike."""

import re
from collections.abc import Iterator

from derive.exercise.draft import Draft, Finding
from derive.exercise.model import Notation
from derive.exercise.nodes import Node, Scalar, Sequence
from derive.exercise.suggest import counted
from derive.rules.notation import parse_symbol

_TWO_LAYERS = {"pre_activation": ("h", "O"), "output": ("L", "s")}
_ANY_DEPTH = {"pre_activation": "z", "output": "a"}
_SINGLE = ("input", "weights", "bias", "loss", "target")
_NUMBERED = re.compile(r"(?P<base>.+)_\{\d+\}")


def layer_symbols(kind: str, depth: int) -> tuple[str, ...]:
    """The usual symbols of the layers: h, L, O, s of the homework for two, z^{(k)}, a^{(k)} otherwise.

    Args:
        kind: `pre_activation` or `output`.
        depth: Number of layers.
    """
    if depth == 2:
        return _TWO_LAYERS[kind]
    return tuple(f"{_ANY_DEPTH[kind]}^{{({index})}}" for index in range(depth))


def completed(notation: Notation, depth: int) -> Notation:
    """The notation with the usual symbols where the file gives none for the layers."""
    usual = {kind: layer_symbols(kind, depth) for kind in _TWO_LAYERS if getattr(notation, kind) is None}
    return notation.model_copy(update=usual)


def findings(draft: Draft) -> Iterator[Finding]:
    """Lists of the wrong length, and symbols that stand for two quantities."""
    depth = draft.layers()
    if depth is None:
        return
    for kind in _TWO_LAYERS:
        node = draft.get("notation", kind)
        if isinstance(node, Sequence) and len(node.items) != depth:
            what = f"{counted(len(node.items), 'symbol')} for {counted(depth, 'layer')}"
            yield Finding(node.place, what, f"{kind} takes one symbol for each layer")
            return
    taken: dict[str, str] = {}
    for name, spelled, node in _used(draft, depth):
        symbol = parse_symbol(spelled)
        numbered = _NUMBERED.fullmatch(symbol)
        for clash in (symbol, numbered["base"] if numbered else symbol):
            if clash in taken and node is not None:
                what = f"the symbol {spelled} stands for two quantities: {taken[clash]} and {name}"
                yield Finding(node.place, what, "", "give one of them another symbol")
                break
        taken.setdefault(symbol, name)


def _used(draft: Draft, depth: int) -> Iterator[tuple[str, str, Node | None]]:
    """Every symbol that the worksheet will print: its quantity, spelling, and node if the file gives it.

    Those that the file doesn't give come first, so that a clash is reported where something was written.
    """
    found: list[tuple[str, str, Node | None]] = []
    biased = any(not draft.missing("layers", layer, "bias") for layer in range(depth))
    for name in _SINGLE:
        unused = (name == "bias" and not biased) or (name == "target" and draft.missing("target"))
        if not unused:
            found.append((f"the {name}", *_given(draft, (name,), Notation.model_fields[name].default)))
    for kind, words in (("pre_activation", "the pre-activation"), ("output", "the output")):
        usual = layer_symbols(kind, depth)
        for layer in range(depth):
            found.append((f"{words} of layer {layer}", *_given(draft, (kind, layer), usual[layer])))
    sound = (entry for entry in found if entry[1])
    yield from sorted(sound, key=lambda entry: entry[2] is not None)


def _given(draft: Draft, path: tuple[str | int, ...], default: str) -> tuple[str, Node | None]:
    if draft.missing("notation", path[0]):
        return default, None
    node = draft.get("notation", *path)
    return (node.text, node) if isinstance(node, Scalar) else ("", None)
