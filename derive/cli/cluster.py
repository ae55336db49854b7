"""The map of `pool` on a Dask cluster: workers on any machines that share the folder of the set.

A worker that dies costs nothing but time: Dask gives its work to the others. Needs the extra `cluster`.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from derive import __version__
from derive.cli.pool import windowed
from derive.errors import Problem, ProblemError

Item = TypeVar("Item")
Result = TypeVar("Result")

_PATIENCE = 10  # seconds for a scheduler to answer
_RETRIES = 3


def mapped(function: Callable[[Item], Result], items: Iterable[Item], scheduler: str) -> Iterator[Result]:
    """The results, each as soon as it is there.

    Args:
        function: Something that can be sent to another machine.
        items: Taken as they are needed.
        scheduler: Its address, such as tcp://host:8786.

    Raises:
        ProblemError: There is no such scheduler, it has no workers, or one of them can't do the work.
    """
    with _connected(scheduler) as client:
        from distributed import KilledWorker

        workers = _checked(client, scheduler)
        executor = client.get_executor(pure=False, retries=_RETRIES)
        try:
            yield from windowed(lambda item: executor.submit(function, item), items, workers)
        except KilledWorker as error:
            what = "every worker that took one of the variants died"
            raise _problem(scheduler, what, str(error), "look into the log of the workers") from None
        finally:
            executor.shutdown(wait=False)


@contextmanager
def _connected(scheduler: str) -> Iterator[Any]:
    try:
        from distributed import Client
    except ImportError:
        what, fix = "Dask is not installed", "pip install 'derive-worksheets[cluster]'"
        raise _problem(scheduler, what, "", fix) from None
    try:
        client: Any = Client(  # type: ignore[no-untyped-call]
            scheduler, timeout=_PATIENCE, set_as_default=False
        )
    except (OSError, ValueError) as error:
        what, fix = "no Dask scheduler answers", "start one with: dask scheduler"
        raise _problem(scheduler, what, str(error), fix) from None
    with client:
        yield client


def _checked(client: Any, scheduler: str) -> int:
    """How many workers there are, all of them fit for the work."""
    threads = client.nthreads()
    start = f"start some with: dask worker {scheduler} --nthreads 1 --nworkers 2"
    if not threads:
        raise _problem(scheduler, "the scheduler has no workers", "", start)
    if busy := [worker for worker, count in threads.items() if count != 1]:
        # Neither SymPy's caches nor a press are made for several threads.
        why = f"{busy[0]} has {threads[busy[0]]}"
        raise _problem(scheduler, "workers must have one thread each", why, start)
    for worker, version in client.run(_version, on_error="return").items():
        if version != __version__:
            why = f"{worker} has {version}" if isinstance(version, str) else f"{worker}: {version}"
            what = f"workers must have derive {__version__}"
            raise _problem(scheduler, what, why, "install the same version everywhere")
    return len(threads)


def _version() -> str:
    return __version__


def _problem(scheduler: str, what: str, why: str, fix: str) -> ProblemError:
    return ProblemError([Problem(scheduler, None, None, what, why, fix)])
