"""What makes a key right for every input: the lemmas of a network's rules, and the network as a whole.

Lemmas prove each rule that the network uses, once a process. The network as a whole is proven by
evaluation at random points modulo a prime of 255 bits: two rational functions of degree d that are not
the same agree at a random point with a probability below d / 2^254 (Schwartz 1980, Zippel 1979); exp, log
and erf of different arguments count as variables of their own. Held against every closed form there are:

- the product of the full local Jacobians, entry by entry, multiplied as the NumPy chain multiplies them;
- the derivative of the composed loss in a random direction, which uses no rule of the tables at all.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import fmpq

from derive.engine import jacobians, layer_lemmas, lemmas, residues
from derive.engine.lemmas import Lemma
from derive.engine.passes import Key, Pass, run
from derive.engine.program import evaluate
from derive.engine.symbolic import Derivation, LayerDerivation
from derive.engine.tangents import TangentNumbers
from derive.network import Dense, Network, with_parameters

Array = npt.NDArray[np.object_]

POINTS = 2  # independent random points, each of which alone leaves less than 1e-70

_activation = lru_cache(lemmas.activation)
_loss = lru_cache(lemmas.loss)
_fused = lru_cache(lemmas.fused)
_layer = lru_cache(layer_lemmas.layer)
_penalty = lru_cache(layer_lemmas.penalty)


class ProofError(Exception):
    """A rule or a closed form is wrong: a fault of the program, and no key may be written."""


@dataclass(frozen=True)
class Proof:
    """What is proven about one network, for every input and every parameter.

    Attributes:
        lemmas: Of the rules that the network uses; each is proven symbolically.
        entries: How many closed forms were held against the chain and the derivative.
        points: At how many random points modulo the prime.
        failures: What does not hold, for a person; empty, or `prove` has raised.
    """

    lemmas: tuple[Lemma, ...]
    entries: int
    points: int
    failures: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether everything is proven."""
        return not self.failures


def prove(derivation: Derivation) -> Proof:
    """Prove the rules of a network and its closed forms.

    Args:
        derivation: Of `symbolic.derive`.

    Raises:
        ProofError: Something does not hold; the message says which rule or entry, and what is left over.
    """
    proof = examine(derivation)
    if not proof.holds:
        raise ProofError("\n".join(proof.failures))
    return proof


def examine(derivation: Derivation) -> Proof:
    """The same, with failures carried instead of raised."""
    found = lemmas_for(derivation.network)
    failures = [lemma.describe() for lemma in found if not lemma.holds]
    entries = 0
    for draw in range(POINTS):
        try:
            point = _Point.drawn(derivation, draw)
        except ZeroDivisionError:
            failures.append("the loss or a gradient is undefined for every input")
            break
        compared = list(point.compare())
        wrong = [name for name, same in compared if not same]
        failures += [f"{name}: the closed form is not the product of the Jacobians" for name in wrong]
        if not point.derivative_agrees():
            failures.append("the closed forms are not the derivative of the loss")
        entries = len(compared)
    return Proof(found, entries, POINTS, tuple(dict.fromkeys(failures)))


def lemmas_for(network: Network) -> tuple[Lemma, ...]:
    """The lemmas that cover a network: its layers, activations and loss, each once."""
    found: list[Lemma] = []
    for bias in sorted(set(map(_kind_of_bias, network.layers))):  # the statement of the last is kept
        found += _layer(network.row_convention, bias, network.rows > 1)
    for layer in network.layers:
        found.append(_activation(layer.activation, layer.rule, 2 if layer.rule.elementwise else layer.n_out))
    last = network.layers[-1]
    found.append(_loss(network.loss_name, network.loss, last.n_out))
    if last.activation in network.loss.torch_stable:
        found.append(_fused(network.loss_name, network.loss, last.activation, last.rule, last.n_out))
    if network.l2 != 0:
        found.append(_penalty())
    merged: dict[str, Lemma] = {}
    for lemma in found:  # one statement, with the identities of every width and kind of layer
        before = merged[lemma.name].identities if lemma.name in merged else ()
        identities = tuple(dict.fromkeys((*before, *lemma.identities)))
        merged[lemma.name] = replace(lemma, identities=identities)
    return tuple(merged.values())


def _kind_of_bias(layer: Dense) -> str:
    if layer.bias is None:
        return "none"
    return "shared" if layer.shared_bias else "unit"


@dataclass(frozen=True)
class _Point:
    """A derivation, run at one random point modulo the prime, in one random direction."""

    derivation: Derivation
    numbers: TangentNumbers
    run: Pass

    @classmethod
    def drawn(cls, derivation: Derivation, draw: int) -> "_Point":
        network, targets = _numbered(derivation.network)
        units = [
            Key(0, row, layer.index, unit)
            for row in range(network.rows)
            for layer in network.layers
            for unit in range(layer.n_out)
        ]
        signs = {key: 2 * (residues.constant(str(key), draw).value % 2) - 1 for key in units}
        drawn, numbers = replace(derivation, network=network), TangentNumbers(draw, targets, signs)
        return cls(drawn, numbers, run(drawn, numbers)[0])

    def compare(self) -> Iterator[tuple[str, bool]]:
        """Each entry of each gradient, and whether the product of the Jacobians is the closed form."""
        network = self.derivation.network
        weight = _modulo(network.row_weight)
        rows = [jacobians.multiply(self.row_chain(position)) for position in range(network.rows)]
        for name in rows[0]:
            if name in self.run.parameters:
                product = np.sum([row[name] for row in rows], axis=0) * weight
                if name.startswith("W"):
                    given = _values(self.run.parameters[name]).ravel()
                    product = product + _modulo(2 * network.l2) * given
                yield from _same(name, product, self.run.found[name])
                continue
            kind, _, index = name.rpartition("_")
            quantity = f"{kind}_gradient_{index}" if kind else name
            for position, row in enumerate(rows):
                closed_form = self.run.found[quantity][position]
                yield from _same(f"{quantity}[{position}]", row[name] * weight, closed_form)

    def derivative_agrees(self) -> bool:
        """Whether the derivative of the loss in the direction drawn is what the gradients say."""
        found, symbols = self.run.found, self.derivation.input_symbols
        moved: list[tuple[Iterable[Any], Iterable[Any]]] = [
            (found[name].flat, given.flat) for name, given in self.run.parameters.items()
        ]
        for gradient, values in zip(found["input"], self.run.environments, strict=True):
            moved.append((gradient, [values[symbol] for symbol in symbols]))
        products = [
            _modulo(gradient) * given.derivative.value
            for gradients, numbers in moved
            for gradient, given in zip(gradients, numbers, strict=True)
        ]
        loss: Any = found["loss"][()]
        # Units that are all off leave a plain number, which moves in no direction.
        derivative = 0 if isinstance(loss, fmpq) else loss.derivative.value
        return bool(derivative == sum(products) % residues.P)

    def row_chain(self, position: int) -> jacobians.RowPass:
        """The full local Jacobians of one row, over the integers modulo the prime."""
        values = self.run.environments[position]
        layers = self.derivation.layers
        spine: list[jacobians.Link] = []
        branches = {}
        for layer in layers:
            dense = layer.dense
            z, a = f"pre_activation_{dense.index}", f"output_{dense.index}"
            read = f"output_{dense.index - 1}" if dense.index else "input"
            matrix = _values([[values[symbol] for symbol in row] for row in layer.weights]).T
            spine[:0] = [jacobians.Link(a, z, self.slopes(layer, position)), jacobians.Link(z, read, matrix)]
            given = _values([values[symbol] for symbol in layer.read])
            jacobian = jacobians.weights_jacobian(dense, given)
            branches[dense.weights_name] = jacobians.Link(z, dense.weights_name, jacobian)
            if layer.bias:
                n = dense.n_out
                ones = np.ones((n, 1), dtype=int) if dense.shared_bias else np.eye(n, dtype=int)
                branches[dense.bias_name] = jacobians.Link(z, dense.bias_name, ones)
        last = layers[-1]
        gradient = _values([[values[symbol] for symbol in last.output_gradient_symbols]])
        spine.insert(0, jacobians.Link("loss", f"output_{last.dense.index}", gradient))
        return jacobians.RowPass((), (), None, tuple(spine), branches)

    def slopes(self, layer: LayerDerivation, position: int) -> Array:
        """The full Jacobian of a layer's activation."""
        values = self.run.environments[position]
        entries = _values([evaluate(rule, values, self.numbers) for rule in layer.slope])
        n = layer.dense.n_out
        return np.diag(entries) if layer.dense.rule.elementwise else entries.reshape(n, n)


def _numbered(network: Network) -> tuple[Network, frozenset[fmpq]]:
    """The network with a number of its own for everything given; and those of the targets."""
    numbers = map(Fraction, count(1))

    def renumber(laid_out: Any) -> Any:
        if isinstance(laid_out, tuple):
            return tuple(renumber(part) for part in laid_out)
        return next(numbers)

    parameters = {name: renumber(laid_out) for name, laid_out in network.parameters().items()}
    inputs, targets = renumber(network.inputs), None
    if network.targets is not None:
        targets = renumber(network.targets)
    still = frozenset(fmpq(int(number)) for row in targets or () for number in row)
    return replace(with_parameters(network, parameters), inputs=inputs, targets=targets, step=None), still


def _modulo(number: Any) -> int:
    """A rational, or the value of a tangent, as an integer modulo the prime."""
    if isinstance(number, Fraction):
        number = fmpq(*number.as_integer_ratio())
    return residues.of_rational(number, 0).value if isinstance(number, fmpq) else int(number.value.value)


def _values(numbers: Any) -> Array:
    """The same for any nesting."""
    array = np.array(numbers, dtype=object)
    return np.array([_modulo(number) for number in array.flat], dtype=object).reshape(array.shape)


def _same(name: str, product: Array, closed_form: Array) -> Iterator[tuple[str, bool]]:
    places = np.ndindex(closed_form.shape)
    for place, left, right in zip(places, product.flat, _values(closed_form).flat, strict=True):
        entry = name + (f"[{','.join(map(str, place))}]" if place else "")
        yield entry, (int(left) - int(right)) % residues.P == 0
