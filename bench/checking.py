"""Checking networks in bulk, on one core: the three sources, all of them compared, and a loop over torch.

Times are those of the process, so that other work on the machine doesn't count.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bench import child
from bench.measure import measure

SIZES = ((2, 2, 2), (3, 4, 3), (4, 8, 8, 4))
COUNT = 65_536
LOOPED = 2_000
LOOP = "Python loop over torch"
CONTENDERS = ("exact integers", "NumPy Jacobians", "torch, batched", "all three, compared", LOOP)


@dataclass(frozen=True)
class Checked:
    """What one size gave.

    Attributes:
        sizes: Units of each layer, the input first.
        rates: Contender -> networks per second.
        verified, contradicted: Shares of the networks, by all three sources.
    """

    sizes: tuple[int, ...]
    rates: dict[str, float]
    verified: float
    contradicted: float

    @property
    def name(self) -> str:
        """The size as one writes it."""
        return "-".join(map(str, self.sizes))


def compared(
    sizes: Sequence[tuple[int, ...]], tell: Callable[[str], None], count: int = COUNT, looped: int = LOOPED
) -> list[Checked]:
    """Every size in a process of its own."""
    found = []
    for size in sizes:
        tell(f"checking {'-'.join(map(str, size))} in bulk")
        rates, verified, contradicted = child.run("checking", "rates", [size, count, looped])
        found.append(Checked(size, rates, verified, contradicted))
    return found


def drawn(sizes: Sequence[int], count: int) -> Any:
    """Networks with integer inputs from -5 to 5, weights from -2 to 2 and a label each, always the same."""
    import numpy as np

    from derive.engine.bulk import Batch

    random = np.random.default_rng(0)
    target = np.zeros((count, 1, sizes[-1]), dtype=np.int64)
    target[np.arange(count), 0, random.integers(0, sizes[-1], count)] = 1
    layers = list(pairwise(sizes))
    return Batch(
        weights=tuple(random.integers(-2, 3, (count, n, m)) for n, m in layers),
        biases=(None,) * len(layers),
        inputs=random.integers(-5, 6, (count, 1, sizes[0])),
        targets=target,
        activations=("relu",) * (len(layers) - 1) + ("softmax",),
        loss="cross_entropy",
    )


def rates(sizes: Sequence[int], count: int, looped: int) -> tuple[dict[str, float], float, float]:
    """Networks per second of each contender, and the shares verified and contradicted; in a child."""
    from derive.engine import bulk
    from derive.engine.bulk import autograd, chain, exact

    batch = drawn(sizes, count)
    lanes = bulk.verdict.lanes_of(batch)
    parts = [batch[start : start + lanes] for start in range(0, count, lanes)]

    def over_parts(compute: Callable[[Any], Any]) -> Callable[[], None]:
        def work() -> None:
            for part in parts:
                compute(part)

        return work

    found = bulk.check(batch)
    works = dict(
        zip(
            CONTENDERS,
            (
                over_parts(lambda part: exact.values(part, exact.compute(part))),
                over_parts(chain.compute),
                over_parts(autograd.compute),
                lambda: bulk.check(batch),
                lambda: loop(batch[:looped]),
            ),
            strict=True,
        )
    )
    timings = {name: measure(work, clock=time.process_time, repetitions=5) for name, work in works.items()}
    per_second = {
        name: (looped if name == LOOP else count) / timing.seconds for name, timing in timings.items()
    }
    return per_second, float(found.verified.mean()), float(found.contradicted.mean())


def loop(batch: Any) -> list[Any]:
    """One network after the other through torch: loss and the gradients of weights and input."""
    import torch

    inputs, targets = (torch.from_numpy(array).double() for array in (batch.inputs, batch.targets))
    weights = [torch.from_numpy(array).double() for array in batch.weights]
    found = []
    for index in range(len(batch)):
        own = [matrix[index].requires_grad_() for matrix in weights]
        x = inputs[index].requires_grad_()
        a = x
        for k, matrix in enumerate(own):
            z = a @ matrix
            a = torch.relu(z) if k < len(own) - 1 else z
        loss = -(targets[index] * torch.log_softmax(a, dim=-1)).sum()
        found.append((loss, torch.autograd.grad(loss, [*own, x])))
    return found
