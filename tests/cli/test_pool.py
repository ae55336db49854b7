"""The pool: every thing is worked on once, by processes that are set up once."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from derive.cli import pool


class Doubler:
    """Doubles, refuses 13, and counts in the parent how often it is sent."""

    def __init__(self) -> None:
        self.sent = 0

    def __reduce__(self) -> Any:
        """What a process is sent."""
        self.sent += 1
        return Doubler, ()

    def __call__(self, number: int) -> tuple[int, int]:
        if number == 13:
            raise ValueError("thirteen")
        return 2 * number, os.getpid()


class Notes:
    """Leaves a file for each thing that it works on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, number: int) -> int:
        (self.folder / str(number)).touch()
        if number == 0:
            raise ValueError("the first")
        return number


def test_one_process_is_this_one() -> None:
    assert list(pool.mapped(Doubler(), range(3), jobs=1)) == [
        (0, os.getpid()),
        (2, os.getpid()),
        (4, os.getpid()),
    ]


def test_each_thing_once_by_processes_that_get_the_function_once() -> None:
    function = Doubler()
    results = list(pool.mapped(function, range(12), jobs=2))
    assert sorted(double for double, _ in results) == list(range(0, 24, 2))
    assert os.getpid() not in {process for _, process in results}
    assert function.sent == 2


def test_things_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []

    def things() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    results = pool.mapped(Doubler(), things(), jobs=2)
    next(results)
    assert len(taken) < 20
    results.close()  # type: ignore[attr-defined]


def test_what_goes_wrong_is_raised_and_stops_the_rest(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="thirteen"):
        list(pool.mapped(Doubler(), range(20), jobs=2))
    with pytest.raises(ValueError, match="the first"):
        list(pool.mapped(Notes(tmp_path), range(100), jobs=2))
    begun = len(list(tmp_path.iterdir()))
    assert begun < 100
    # Whoever is told of the fault finds nobody at work any more.
    assert len(list(tmp_path.iterdir())) == begun
