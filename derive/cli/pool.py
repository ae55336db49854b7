"""One function over many things in several processes, in no order, with few things under way at a time."""

import gc
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice
from threading import Thread
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_WORTH_A_PROCESS = 10
_UNDER_WAY = 4  # things for each process, so that none waits and none pile up
_work: list[Callable[[Any], Any]] = []  # in a process of a pool: what it does, with all that it has set up


def worthwhile(jobs: int, count: int) -> int:
    """How many processes so many things are worth: each takes seconds to start."""
    return max(1, min(jobs, count // _WORTH_A_PROCESS))


def mapped(function: Callable[[Item], Result], items: Iterable[Item], jobs: int) -> Iterator[Result]:
    """The results, each as soon as it is there.

    Args:
        function: Something that can be sent to another process; it is sent once to each.
        items: Taken as they are needed.
        jobs: Processes; 1 for this one alone.
    """
    if jobs == 1:
        yield from map(function, items)
        return
    from multiprocessing import get_context

    # Started anew rather than forked: torch and its threads don't survive a fork.
    with _stopping(
        ProcessPoolExecutor(
            jobs,
            get_context("spawn"),
            initializer=_settle_in,
            initargs=(gc.get_threshold(), function),
        )
    ) as pool:
        yield from windowed(lambda item: pool.submit(_work_on, item), items, jobs)


def windowed(
    submit: Callable[[Item], "Future[Result]"], items: Iterable[Item], processes: int
) -> Iterator[Result]:
    """Submit things, a few for each process at a time, and give back what is done."""
    waiting = iter(items)
    under_way = {submit(item) for item in islice(waiting, processes * _UNDER_WAY)}
    while under_way:
        done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
        under_way |= {submit(item) for item in islice(waiting, len(done))}
        for future in done:
            yield future.result()


@contextmanager
def _stopping(pool: ProcessPoolExecutor) -> Iterator[ProcessPoolExecutor]:
    """A pool that drops what hasn't begun when something goes wrong, and waits for what has.

    When all is done its processes end beside what comes next: giving back their memory takes seconds.
    """
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=True, cancel_futures=True)
        raise
    pool.shutdown(wait=False)


def _settle_in(threshold: tuple[int, int, int], function: Callable[[Any], Any]) -> None:
    """In a new process: leave Ctrl-C to the parent, and don't outlive it; look for garbage as seldom."""
    _work.append(function)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("RAYON_NUM_THREADS", "1")  # of Typst's: as a rule there is a process for each core
    gc.set_threshold(*threshold)
    Thread(target=_follow_parent, daemon=True).start()


def _work_on(item: Any) -> Any:
    return _work[0](item)


def _follow_parent() -> None:
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
