"""How far a floating-point source may be off: a running error analysis of the numbers at hand.

`rounding` and `backward_rounding` analyse one row of one pass; here the rows are put together, and the
errors of parameters are carried from one update of gradient descent to the next. All values are exact's,
never those of the source under test: a wrong source cannot widen its own bound.
"""

from collections.abc import Mapping

import numpy as np
from flint import ctx

from derive.engine.backward_rounding import row
from derive.engine.exact import CERTIFIED, Solution
from derive.engine.rounding import FLOOR, UNIT, Floats, Given, floats, laid_out, legible, representation
from derive.network import nearest_float


def bounds(solution: Solution, stable: bool) -> dict[str, Floats]:
    """A bound for every entry of every quantity.

    Args:
        solution: Whose values are approximated.
        stable: Whether the source is torch with its stable losses; else it is the chain of Jacobians.

    Returns:
        Name -> absolute bounds, in the shapes of `solution.values`; infinite where nothing can be said.
    """
    network, passes = solution.derivation.network, solution.passes
    together = network.loss.torch_stable.get(network.layers[-1].activation) if stable else None
    errors: Mapping[str, Floats] = {
        name: representation(array) for name, array in passes[0].parameters.items()
    }
    found: dict[str, Floats] = {}
    with np.errstate(all="ignore"), ctx.workprec(4 * max(solution.digits, CERTIFIED) + 64):
        for number, run in enumerate(passes):
            given = Given(
                derivation=solution.derivation,
                run=run,
                found={name: floats(array) for name, array in run.found.items()},
                parameters={name: floats(array) for name, array in run.parameters.items()},
                errors=errors,
                stable=together,
                full_matrices=not stable,
            )
            analysis = _whole(given)
            if number == 0:
                found |= analysis
            elif number < len(passes) - 1:
                errors = _after_update(given, analysis)
            else:
                found |= {f"step.{name}": error for name, error in (analysis | dict(errors)).items()}
    return {name: np.where(np.isnan(found[name]), np.inf, found[name]) for name in solution.values}


def _after_update(given: Given, analysis: Mapping[str, Floats]) -> dict[str, Floats]:
    """Errors of the parameters after one update."""
    step = given.network.step
    assert step is not None
    rate = legible(step.learning_rate)
    updated = {}
    for name, error in given.errors.items():
        if name not in step.frozen:
            rounding = 3 * UNIT * (abs(given.parameters[name]) + abs(rate * given.found[name]))
            error = error + abs(rate) * analysis[name] + rounding + FLOOR
        updated[name] = error
    return updated


def _whole(given: Given) -> dict[str, Floats]:
    """Bounds of everything in one pass: rows stacked, parameters summed over the rows."""
    count = len(given.run.rows)
    rows = [row(given, position) for position in range(count)]
    sizes = [_sizes(given, position) for position in range(count)]
    share = float(given.run.weight)
    total: dict[str, Floats] = {"row_losses": np.array([one["loss"] for one in rows])}
    for name in rows[0]:
        stacked = np.array([one[name] for one in rows])
        if name in sizes[0]:
            terms = np.array([one[name] for one in sizes]).sum(axis=0)
            total[name] = share * (stacked.sum(axis=0) + (count + 2) * UNIT * terms) + FLOOR
        elif "gradient" in name or name == "input":
            total[name] = share * stacked * (1 + UNIT) + 2 * UNIT * abs(given.found[name]) + FLOOR
        else:
            total[name] = stacked
    return total | _penalized(given, total) if given.network.l2 != 0 else total


def _sizes(given: Given, position: int) -> dict[str, Floats]:
    """Absolute values of what one row contributes to the sums over rows."""
    found, share = given.found, float(given.run.weight)
    contributions = {"loss": abs(found["row_losses"][position])}
    read = np.array([nearest_float(number) for number in given.network.inputs[given.run.rows[position]]])
    for dense in given.network.layers:
        delta = abs(found[f"pre_activation_gradient_{dense.index}"][position]) / share
        contributions[dense.weights_name] = laid_out(dense, np.outer(abs(read), delta))
        if dense.bias is not None:
            contributions[dense.bias_name] = np.asarray(delta.sum()) if dense.shared_bias else delta
        read = found[f"output_{dense.index}"][position]
    return contributions


def _penalized(given: Given, total: Mapping[str, Floats]) -> dict[str, Floats]:
    """Bounds of what the l2 term changes."""
    factor = legible(given.network.l2)
    penalized = {"loss": total["loss"] + 2 * UNIT * abs(given.found["loss"])}
    for dense in given.network.layers:
        name = dense.weights_name
        size, error = abs(given.parameters[name]), given.errors[name]
        rounding = UNIT * abs(given.found[name])
        penalized[name] = total[name] + 2 * factor * (error + 4 * UNIT * size) + rounding
        squares = (2 * size + error) * error + (size.size + 4) * UNIT * size * size
        penalized["loss"] = penalized["loss"] + factor * squares.sum()
    return penalized
