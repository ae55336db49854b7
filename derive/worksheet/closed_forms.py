"""What the Jacobians collapse to: each closed form, its proof, and the numbers put in."""

from dataclasses import dataclass

from derive.engine import forms
from derive.network import Dense
from derive.rules import activations, losses
from derive.rules.notation import with_index
from derive.worksheet.forward import results
from derive.worksheet.sheet import Sheet, aligned
from derive.worksheet.spelling import Rows


@dataclass(frozen=True)
class ClosedForms:
    """The closed forms of one exercise.

    Attributes:
        first: The first gradient on the way back, in symbols.
        deltas: For each layer, the last first: the gradient for its pre-activation.
        gradients: For each parameter and the input: the gradient.
        entries: For each layer's weights: one entry of the gradient, by the indices i and j.
        own: Short closed forms of single entries that stand in no matrix above.
        lemmas: What is proven about the rules that were used, as formulas.
        proven: How many entries the chain and the closed forms were compared in.
        fused: Whether loss and last activation collapse into one short form.
    """

    first: str
    deltas: tuple[str, ...]
    gradients: tuple[str, ...]
    entries: tuple[str, ...]
    own: tuple[str, ...]
    lemmas: tuple[str, ...]
    proven: int
    fused: bool


def closed_forms(sheet: Sheet) -> ClosedForms:
    """Every closed form with its value.

    Raises:
        ProofError: A rule does not hold for every input; no key may be written.
    """
    network = sheet.network
    proof = sheet.proof
    gradients = []
    for layer in sheet.layers_backwards():
        gradients.append(_gradient(sheet, layer.weights_name, *_weights_forms(sheet, layer)))
        if layer.bias is not None:
            gradients.append(_gradient(sheet, layer.bias_name, forms.bias_gradient(network, layer.index)))
    first = forms.gradient(network, network.symbols.pre_activation[0])
    back = forms.product(network, first, forms.transposed(network.symbols.weights[0]))
    gradients.append(_gradient(sheet, "input", back))
    return ClosedForms(
        first=sheet.gradient(f"pre_activation_{sheet.depth - 1}"),
        deltas=tuple(_delta(sheet, layer) for layer in sheet.layers_backwards()),
        gradients=tuple(gradients),
        entries=tuple(_entry(sheet, layer) for layer in sheet.layers_backwards()),
        own=tuple(_own(sheet)),
        lemmas=tuple(lemma.latex.replace(r"\quad", r"\;\;") for lemma in proof.lemmas),
        proven=proof.entries,
        fused=sheet.last.activation in network.loss.torch_stable,
    )


def _delta(sheet: Sheet, layer: Dense) -> str:
    """The gradient for a pre-activation; a batch shows the formula alone, since it is that of one example."""
    symbol = sheet.gradient(f"pre_activation_{layer.index}")
    right = [f"= {forms.delta(sheet.network, layer.index)}"]
    if sheet.single:
        laid = sheet.laid(sheet.values(f"pre_activation_gradient_{layer.index}"))
        right += results(sheet.speller.matrix(laid), sheet.speller.rounded_matrix(laid))
    return aligned(symbol, right)


def _weights_forms(sheet: Sheet, layer: Dense) -> list[str]:
    """The gradient by the delta, and with the delta written out where that stays short."""
    network, k = sheet.network, layer.index
    form = forms.weights_gradient(network, k)
    if k == sheet.depth - 1 or not layer.rule.elementwise or network.l2 != 0:
        return [form]
    delta = forms.gradient(network, network.symbols.pre_activation[k])
    return [form, form.replace(delta, rf"\left({forms.delta(network, k)}\right)")]


def _gradient(sheet: Sheet, name: str, *forms_of_it: str) -> str:
    values = sheet.solution.values[name]
    laid: Rows = values.reshape(1, -1) if values.ndim < 2 else values
    if values.ndim == 1 or name == "input":
        laid = sheet.laid(laid)
    right = [
        *(f"= {form}" for form in forms_of_it),
        *results(sheet.speller.matrix(laid), sheet.speller.rounded_matrix(laid)),
    ]
    return aligned(sheet.gradient(name), right)


def _entry(sheet: Sheet, layer: Dense) -> str:
    """One entry of a weights' gradient: what the weight reads times the delta of its unit, written out."""
    network, k = sheet.network, layer.index
    place = ("i", "j") if network.row_convention else ("j", "i")
    loss = network.symbols.loss
    weight = forms.partial(loss, with_index(network.symbols.weights[k], *place))
    read = with_index(sheet.read_symbol(layer), "i")
    delta = forms.partial(loss, with_index(network.symbols.pre_activation[k], "j"))
    written_out = _delta_entry(sheet, layer)
    return rf"{weight} = {read}\,{delta}" + (rf" = {read}\,{written_out}" if written_out else "")


def _delta_entry(sheet: Sheet, layer: Dense) -> str:
    """The delta of unit j in the quantities that it is made of; empty where a unit depends on all others."""
    network, k = sheet.network, layer.index
    a, z = (
        with_index(symbols[k], "j") for symbols in (network.symbols.output, network.symbols.pre_activation)
    )
    if k == sheet.depth - 1:
        fused = network.loss.torch_stable.get(layer.activation)
        y = with_index(network.symbols.target, "j")
        return (
            "" if fused is None else rf"\left({_for_unit(fused.formula, a, y, network.symbols.target)}\right)"
        )
    if not layer.rule.elementwise:
        return ""
    above = network.symbols.weights[k + 1]
    weight = with_index(above, *(("j", "m") if network.row_convention else ("m", "j")))
    delta = forms.partial(network.symbols.loss, with_index(network.symbols.pre_activation[k + 1], "m"))
    slope = activations.fill(layer.rule.slope_formula, z=z, a=a, p=forms.parameter(layer))
    slope = "" if layer.activation == "identity" else rf"{slope}\,"
    return rf"{slope}\sum_m {weight}\,{delta}"


def _for_unit(formula: str, a: str, y: str, target: str) -> str:
    """A fused form for one unit; what is summed over all units keeps its own index."""
    summed = formula.replace("<y>_k", with_index(target, "k"))
    return losses.fill(summed, a=a, y=y)


def _own(sheet: Sheet) -> list[str]:
    """Entries whose closed form is short, of parameters whose matrix could only be shown rounded."""
    found = []
    for layer in sheet.layers_backwards():
        values = sheet.solution.values[layer.weights_name]
        if sheet.speller.matrix(values).exact:
            continue
        for (place, _, _), value in zip(layer.places(), values.flat, strict=True):
            if (latex := value.latex()) is not None and value.rational is None:
                entry = with_index(sheet.symbol(layer.weights_name), *place)
                found.append(f"{forms.partial(sheet.network.symbols.loss, entry)} = {latex}")
    return found
