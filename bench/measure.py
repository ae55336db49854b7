"""The protocol of every measurement: repetitions, the median of them, garbage collected in between alone."""

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Timing:
    """What one piece of work took.

    Attributes:
        seconds: Median.
        lowest, highest: Of the repetitions.
        repetitions: How many there were.
    """

    seconds: float
    lowest: float
    highest: float
    repetitions: int


def summarised(samples: list[float]) -> Timing:
    """Several samples of the same work as one timing."""
    return Timing(median(samples), min(samples), max(samples), len(samples))


def nothing() -> None:
    """The default of what is done before each repetition."""


def measure(
    work: Callable[[], Any],
    before: Callable[[], Any] = nothing,
    repetitions: int = 5,
    budget: float = float("inf"),
    clock: Callable[[], float] = time.perf_counter,
) -> Timing:
    """Time some work.

    Args:
        work: What is timed.
        before: Done before each repetition, and not timed: caches emptied, for example.
        repetitions: At most this many.
        budget: Seconds after which no further repetition is begun; there is at least one.
        clock: `time.process_time` counts the work of this process alone, whatever else the machine does.
    """
    samples: list[float] = []
    while len(samples) < repetitions and (not samples or sum(samples) < budget):
        before()
        samples.append(_once(work, clock))
    return summarised(samples)


def _once(work: Callable[[], Any], clock: Callable[[], float]) -> float:
    """One sample; as in timeit, garbage is collected before it and not during it."""
    gc.collect()
    enabled = gc.isenabled()
    gc.disable()
    try:
        start = clock()
        work()
        return clock() - start
    finally:
        if enabled:
            gc.enable()


def in_turns(works: Mapping[str, Callable[[], Any]], repetitions: int) -> dict[str, Timing]:
    """Time several pieces of work in turns, so that a slow minute of the machine falls on all of them."""
    samples: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repetitions):
        for name, work in works.items():
            samples[name].append(_once(work, time.perf_counter))
    return {name: summarised(taken) for name, taken in samples.items()}
