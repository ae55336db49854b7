"""The NumPy side of the listings: forward, the local Jacobians, their product."""

from collections.abc import Iterator, Sequence
from typing import Any

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
        return "\n".join([*blocks, "def forward(x):", *_indented(body), "", "", *self._batch_loss()])

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
        output = losses.fill(self.network.loss.listing.value, a="forward(x)[-1]", y="t")
        total = "np.mean" if self.network.reduction == "mean" else "np.sum"
        pairs = self._pairs()
        return [f"{loss} = {total}([{output} for {pairs}])", *self._penalty(loss), f"print({loss})"]

    def _pairs(self) -> str:
        if self.network.targets is None:
            return f"x in {self.names['input']}"
        return f"x, t in zip({self.names['input']}, {self.names['target']})"

    def jacobians(self) -> str:
        """The local Jacobians, their product, and the gradients in the shapes of the parameters."""
        if self.sheet.single:
            lines = [*self._jacobian_lines(), *self._products()]
            lines += [f"print(grad_{self.names[name]})" for name in self.names.parameters()]
            return "\n".join(lines)
        names = self.names.parameters()
        values = ", ".join(self._forward_names())
        rows = [f"{values} = forward(x)", *self._jacobian_lines()]
        for name in names:
            python, share = self.names[name], self._share()
            rows.append(f"grad_{python} += ({self._chain(name)}).reshape({python}.shape){share}")
        lines = [f"grad_{self.names[name]} = np.zeros_like({self.names[name]})" for name in names]
        lines += [f"for {self._pairs()}:", *_indented(rows), *self._decay()]
        return "\n".join([*lines, *(f"print(grad_{self.names[name]})" for name in names)])

    def _share(self) -> str:
        return f" / len({self.names['input']})" if self.network.reduction == "mean" else ""

    def _jacobian_lines(self) -> Iterator[str]:
        """Every local Jacobian, from the loss to the input."""
        jacobian = self.names.jacobian
        for layer in self.sheet.layers_backwards():
            a, z = f"output_{layer.index}", f"pre_activation_{layer.index}"
            if layer.index == self.sheet.depth - 1:
                gradient = losses.fill(self.network.loss.listing.gradient, a=self.names[a], y=self.y)
                yield f"{jacobian('loss', a)} = np.atleast_2d({gradient})"
            slope = fill(layer.rule.listing.slope, self.sheet, self.names, layer)
            yield f"{jacobian(a, z)} = " + (f"np.diag({slope})" if layer.rule.elementwise else slope)
            read = f"output_{layer.index - 1}" if layer.index else ""
            name = self.names[read] if read else self.x
            unit = f"np.eye({layer.n_out})"
            row = f"{name}.reshape(1, -1)"
            spread = f"np.kron({row}, {unit})" if self.network.row_convention else f"np.kron({unit}, {row})"
            yield f"{jacobian(z, layer.weights_name)} = {spread}"
            if layer.bias is not None:
                spread = f"np.ones(({layer.n_out}, 1))" if layer.shared_bias else unit
                yield f"{jacobian(z, layer.bias_name)} = {spread}"
            if read:
                weights = self.names[layer.weights_name]
                yield (
                    f"{jacobian(z, read)} = {weights}.T"
                    if self.network.row_convention
                    else f"{jacobian(z, read)} = {weights}"
                )

    def _chain(self, parameter: str) -> str:
        """The product from the loss to a parameter."""
        index = int(parameter.split("_")[1])
        factors = []
        for layer in self.sheet.layers_backwards():
            a, z = f"output_{layer.index}", f"pre_activation_{layer.index}"
            first = "loss" if layer.index == self.sheet.depth - 1 else f"pre_activation_{layer.index + 1}"
            factors += [self.names.jacobian(first, a), self.names.jacobian(a, z)]
            if layer.index == index:
                factors.append(self.names.jacobian(z, parameter))
                break
        return " @ ".join(factors)

    def _products(self) -> Iterator[str]:
        for name in reversed(self.names.parameters()):
            python = self.names[name]
            chain = f"d{self.names['loss']}_d{python}"
            yield f"{chain} = {self._chain(name)}"
            yield f"grad_{python} = {chain}.reshape({python}.shape)"
        yield from self._decay()

    def _decay(self) -> list[str]:
        if self.network.l2 == 0:
            return []
        weights = [self.names[layer.weights_name] for layer in self.network.layers]
        return [f"grad_{name} += 2 * lam * {name}" for name in weights]


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]
