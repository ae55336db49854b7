"""The NumPy side of the listings: forward, the local Jacobians, their product."""

from collections.abc import Iterator, Sequence
from typing import Any

from derive.network import Dense
from derive.rules import losses
from derive.worksheet.code.names import Names, fill, nested, number
from derive.worksheet.sheet import Sheet


def data(sheet: Sheet, names: Names) -> str:
    """The given numbers."""
    network = sheet.network
    lines = ["import numpy as np", ""]
    inputs = network.inputs if not sheet.single else network.inputs[0]
    given: list[tuple[str, Any]] = [(names["input"], inputs)]
    if network.targets is not None:
        given.append((names["target"], network.targets if not sheet.single else network.targets[0]))
    given += [(names[name], laid) for name, laid in network.parameters().items()]
    lines += [f"{name} = np.array({nested(laid)}, dtype=float)" for name, laid in given]
    if network.l2 != 0:
        lines.append(f"lam = {number(network.l2)}")
    return "\n".join(lines)


class Chain:
    """The NumPy side. A batch runs the same lines inside a function of one example."""

    def __init__(self, sheet: Sheet, names: Names) -> None:
        """Keep the sheet, and the names of one example's input and target."""
        self.sheet, self.names = sheet, names
        self.network = sheet.network
        self.x = names["input"] if sheet.single else "x"
        self.y = names["target"] if sheet.single else "t"

    def forward(self) -> str:
        """Through the layers to the loss."""
        helpers = list(dict.fromkeys(layer.rule.listing.helper for layer in self.network.layers))
        blocks = [helper + "\n\n" for helper in helpers if helper]
        lines = list(self._forward_lines())
        if self.sheet.single:
            loss = self.names["loss"]
            return "\n".join([*blocks, *lines, self._loss_line(loss), *self._penalty(loss), f"print({loss})"])
        values = ", ".join(self._forward_names())
        body = [*lines, f"return {values}"]
        stacked = f"{values} = map(np.array, zip(*map(forward, {self.names['input']})))"
        function = ["def forward(x):", *_indented(body), "", "", stacked]
        return "\n".join([*blocks, *function, *self._batch_loss()])

    def _forward_names(self) -> list[str]:
        return [
            self.names[f"{kind}_{layer.index}"]
            for layer in self.network.layers
            for kind in ("pre_activation", "output")
        ]

    def _forward_lines(self) -> Iterator[str]:
        read = self.x
        for layer in self.network.layers:
            k = layer.index
            weights = self.names[layer.weights_name]
            product = f"{read} @ {weights}" if self.network.row_convention else f"{weights} @ {read}"
            bias = "" if layer.bias is None else f" + {self.names[layer.bias_name]}"
            yield f"{self.names[f'pre_activation_{k}']} = {product}{bias}"
            read = self.names[f"output_{k}"]
            yield f"{read} = {fill(layer.rule.listing.value, self.sheet, self.names, layer)}"

    def _loss_line(self, name: str) -> str:
        output = self.names[f"output_{self.sheet.depth - 1}"]
        return f"{name} = " + losses.fill(self.network.loss.listing.value, a=output, y=self.y)

    def _penalty(self, loss: str) -> list[str]:
        if self.network.l2 == 0:
            return []
        squares = " + ".join(
            f"np.sum({self.names[layer.weights_name]} ** 2)" for layer in self.network.layers
        )
        return [f"{loss} += lam * ({squares})"]

    def _batch_loss(self) -> list[str]:
        loss = self.names["loss"]
        value = losses.fill(self.network.loss.listing.value, a="a", y="t")
        total = "np.mean" if self.network.reduction == "mean" else "np.sum"
        outputs = self.names[f"output_{self.sheet.depth - 1}"]
        pairs = f"a in {outputs}"
        if self.network.targets is not None:
            pairs = f"a, t in zip({outputs}, {self.names['target']})"
        return [f"{loss} = {total}([{value} for {pairs}])", *self._penalty(loss), f"print({loss})"]

    def _pairs(self) -> str:
        if self.network.targets is None:
            return f"x in {self.names['input']}"
        return f"x, t in zip({self.names['input']}, {self.names['target']})"

    def gradients(self) -> tuple[str, ...]:
        """For each layer, from the last to the first: what is new of the chain, and the gradients."""
        section = self._section if self.sheet.single else self._batch_section
        return tuple("\n".join(section(layer)) for layer in self.sheet.layers_backwards())

    def _section(self, layer: Dense) -> Iterator[str]:
        yield from [*self._passed(layer), *self._spread(layer)]
        for name in _parameters(layer):
            python = self.names[name]
            chain = f"d{self.names['loss']}_d{python}"
            yield f"{chain} = {self._product(layer, name)}"
            yield f"grad_{python} = {chain}.reshape({python}.shape)"
        yield from self._end(layer)

    def _batch_section(self, layer: Dense) -> Iterator[str]:
        """The chain of one example as a function, and the sum or mean of what it gives."""
        names = _parameters(layer)
        chain = f"chain_{layer.index}"
        above = [other for other in self.sheet.layers_backwards() if other.index >= layer.index]
        body = [f"{', '.join(self._forward_names())} = forward({self.x})"]
        body += [line for other in above for line in self._passed(other)]
        body += self._spread(layer)
        body.append("return " + ", ".join(self._product(layer, name) for name in names))
        yield from [f"def {chain}(x, t):" if self.network.targets is not None else f"def {chain}(x):"]
        yield from [*_indented(body), "", ""]
        arguments = "x, t" if self.network.targets is not None else "x"
        each = f"{chain}({arguments}) for {self._pairs()}"
        grads = [f"grad_{self.names[name]}" for name in names]
        if len(grads) == 1:
            yield f"{grads[0]} = sum({each})"
        else:
            yield f"{', '.join(grads)} = map(sum, zip(*[{each}]))"
        share = f" / len({self.names['input']})" if self.network.reduction == "mean" else ""
        for grad, name in zip(grads, names, strict=True):
            yield f"{grad} = {grad}.reshape({self.names[name]}.shape){share}"
        yield from self._end(layer)

    def _end(self, layer: Dense) -> Iterator[str]:
        """What the penalty adds, and the outcome."""
        if self.network.l2 != 0:
            weights = self.names[layer.weights_name]
            yield f"grad_{weights} += 2 * lam * {weights}"
        yield from (f"print(grad_{self.names[name]})" for name in _parameters(layer))

    def _passed(self, layer: Dense) -> Iterator[str]:
        """The Jacobians of what comes after a layer and of its activation."""
        jacobian = self.names.jacobian
        a, z = f"output_{layer.index}", f"pre_activation_{layer.index}"
        if layer.index == self.sheet.depth - 1:
            gradient = losses.fill(self.network.loss.listing.gradient, a=self.names[a], y=self.y)
            yield f"{jacobian('loss', a)} = np.atleast_2d({gradient})"
        else:
            above = self.network.layers[layer.index + 1]
            weights = self.names[above.weights_name] + (".T" if self.network.row_convention else "")
            yield f"{jacobian(f'pre_activation_{above.index}', a)} = {weights}"
        slope = fill(layer.rule.listing.slope, self.sheet, self.names, layer)
        yield f"{jacobian(a, z)} = " + (f"np.diag({slope})" if layer.rule.elementwise else slope)

    def _spread(self, layer: Dense) -> Iterator[str]:
        """The Jacobians of a layer's pre-activation for its parameters."""
        jacobian, z = self.names.jacobian, f"pre_activation_{layer.index}"
        read = self.names[f"output_{layer.index - 1}"] if layer.index else self.x
        unit, row = f"np.eye({layer.n_out})", f"{read}.reshape(1, -1)"
        spread = f"np.kron({row}, {unit})" if self.network.row_convention else f"np.kron({unit}, {row})"
        yield f"{jacobian(z, layer.weights_name)} = {spread}"
        if layer.bias is not None:
            spread = f"np.ones(({layer.n_out}, 1))" if layer.shared_bias else unit
            yield f"{jacobian(z, layer.bias_name)} = {spread}"

    def _product(self, last: Dense, parameter: str) -> str:
        """The chain from the loss to a parameter of a layer."""
        factors = []
        for layer in self.sheet.layers_backwards():
            a, z = f"output_{layer.index}", f"pre_activation_{layer.index}"
            first = "loss" if layer.index == self.sheet.depth - 1 else f"pre_activation_{layer.index + 1}"
            factors += [self.names.jacobian(first, a), self.names.jacobian(a, z)]
            if layer.index == last.index:
                break
        return " @ ".join([*factors, self.names.jacobian(f"pre_activation_{last.index}", parameter)])


def _parameters(layer: Dense) -> list[str]:
    return [layer.weights_name] if layer.bias is None else [layer.weights_name, layer.bias_name]


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]
