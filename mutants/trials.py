"""Mutants on trial: each is imported in a fork of a warm process and meets the tests that reach it.

The parent imports what the program needs from others (torch and SymPy take seconds), but nothing of the
program. So a fork imports the program in less than a second, with the mutant in place of its module.
"""

import importlib
import os
import resource
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from types import CodeType
from typing import Any

import pytest
from coverage import Coverage

from mutants.making import ROOT, Mutant, path_of

WARM = (
    "flint", "hypothesis", "jinja2", "matplotlib.pyplot", "mpmath", "nbformat", "numpy", "pydantic",
    "ruamel.yaml", "segno", "symengine", "sympy", "torch", "typer.testing",
)  # fmt: skip
FACTOR = 5  # a test may take so many times as long as without a fault,
SPARE = 5.0  # and so many seconds of the processor
PATIENCE = 20  # what doesn't end for so many times as long by the clock waits for something that never comes
MEGABYTES = 4000
KILLED, TIMED_OUT, SURVIVED = "killed", "timed out", "survived"
_FORK = get_context("fork")
_PYTEST = (
    "-x", "-q", "--assert=plain", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "addopts=",
    "--import-mode=importlib", "-m", "not slow",
)  # fmt: skip


@dataclass
class Reach:
    """Which tests run which lines, without a fault.

    Attributes:
        seconds: Of the processor, for each test with its set-up.
        tests: (module, line) -> those that run it; a file stands for all its tests.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    tests: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))

    def of(self, module: str, lines: range, files: Sequence[str]) -> dict[str, float]:
        """The tests that run any of the lines, with their seconds: file by file, the quickest first."""
        reached = set().union(*(self.tests.get((module, line), set()) for line in lines))
        found: dict[str, float] = {}
        for file in files:
            tests = [test for test in self.seconds if test.startswith(f"{file}::")]
            tests = tests if file in reached else [test for test in tests if test in reached]
            found |= {test: self.seconds[test] for test in sorted(tests, key=self.seconds.__getitem__)}
        return found


def warm() -> None:
    """Import what takes long; nothing of the program, which each trial imports for itself."""
    os.environ |= {"SYMPY_GROUND_TYPES": "python", "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    for name in WARM:
        importlib.import_module(name)
    assert "derive" not in sys.modules


def reach(files: Sequence[str], modules: Sequence[str], longest: float, jobs: int) -> Reach:
    """Run every file of tests once, each in its own process.

    Args:
        files: Of tests, from the root.
        modules: Whose lines are watched.
        longest: Tests that take longer, in seconds, are left out.
        jobs: Processes at a time.

    Raises:
        RuntimeError: A test fails without any fault.
    """
    found = Reach()
    tasks = [(_watch, (file, modules)) for file in files]
    for (_, (file, _)), (_, said) in _forked(tasks, jobs, [3600.0] * len(tasks)):
        if isinstance(said, str) or said is None:
            raise RuntimeError(f"{file} fails without a fault:\n{said}")
        seconds, tests = said
        found.seconds |= {test: taken for test, taken in seconds.items() if taken <= longest}
        for key, names in tests.items():
            found.tests[key] |= names
    return found


def trials(
    mutants: Sequence[Mutant], tests: Callable[[Mutant], Mapping[str, float]], jobs: int
) -> Iterator[tuple[Mutant, str, str]]:
    """Put each mutant on trial; yields it with what became of it, and the test that found it out."""
    tasks, limits = [], []
    for mutant in mutants:
        if chosen := tests(mutant):
            tasks.append((_try, (mutant, chosen)))
            limits.append(PATIENCE * (SPARE + sum(chosen.values())))
        else:
            yield mutant, SURVIVED, ""
    for (_, (mutant, _)), (code, said) in _forked(tasks, jobs, limits):
        if code in (-signal.SIGPROF, -signal.SIGKILL):
            yield mutant, TIMED_OUT, ""
        elif code < 0:
            yield mutant, KILLED, f"signal {-code}"
        elif code == pytest.ExitCode.USAGE_ERROR:
            raise RuntimeError(f"no test could be run for {mutant.key}")
        else:
            yield mutant, KILLED if code else SURVIVED, said or ""


def unchanged(module: str) -> Mutant:
    """No mutant at all; where it does not survive, nothing that a trial says can be believed."""
    text = path_of(module).read_text("utf-8")
    return Mutant(module, "", range(1, text.count("\n") + 2), (), text)


Task = tuple[Callable[..., int], tuple[Any, ...]]
Ended = tuple[Task, tuple[int, Any]]


def _forked(tasks: Sequence[Task], jobs: int, limits: Sequence[float]) -> Iterator[Ended]:
    """Run tasks in forks; yields each with its exit code and what it said, as they come."""
    waiting = list(zip(tasks, limits, strict=True))[::-1]
    running: dict[int, tuple[ForkProcess, Connection, Task, float]] = {}
    while waiting or running:
        while waiting and len(running) < jobs:
            task, limit = waiting.pop()
            listening, telling = _FORK.Pipe(duplex=False)
            process = _FORK.Process(target=_in_fork, args=(task, telling))
            process.start()
            telling.close()
            running[process.sentinel] = (process, listening, task, time.monotonic() + limit)
        ready = wait([*running, *(listening for _, listening, _, _ in running.values())], timeout=5.0)
        for sentinel, (process, listening, task, until) in list(running.items()):
            if sentinel in ready or listening in ready:
                said = _heard(listening)
                process.join()
            elif time.monotonic() > until:
                process.kill()
                process.join()
                said = None
            else:
                continue
            del running[sentinel]
            yield task, (process.exitcode or 0, said)
            process.close()
            listening.close()


def _heard(listening: Connection) -> Any:
    try:
        return listening.recv()
    except EOFError:
        return None


def _in_fork(task: Task, telling: Connection) -> None:
    function, arguments = task
    limit = MEGABYTES << 20
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    os.chdir(ROOT)
    _settle_hypothesis()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        code = function(*arguments, telling, output)
    os._exit(code)


def _settle_hypothesis() -> None:
    """The same examples each time; none is made smaller, and no clock decides."""
    from hypothesis import HealthCheck, Phase, settings

    settings.register_profile(
        "mutants", derandomize=True, database=None, deadline=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    settings.load_profile("mutants")


class _Watching:
    """A plugin of pytest: the time of each test, and whose lines run for it."""

    def __init__(self, coverage: Coverage) -> None:
        self.coverage, self.seconds, self._test = coverage, dict[str, float](), ""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        self._test, started = item.nodeid, time.process_time()
        self.coverage.switch_context(self._test)
        try:
            return (yield)
        finally:
            self.seconds[self._test] = time.process_time() - started
            self.coverage.switch_context("")

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
        """What is set up for several tests is run for all of them, not for the first one alone."""
        if fixturedef.scope != "function":
            self.coverage.switch_context("")
        try:
            return (yield)
        finally:
            self.coverage.switch_context(self._test)


def _watch(file: str, modules: Sequence[str], telling: Connection, output: Any) -> int:
    """A file of tests as it is; says the seconds of each test, and which tests run which lines."""
    paths = {str(path_of(module)): module for module in modules}
    coverage = Coverage(data_file=None, config_file=False, include=list(paths))
    watching = _Watching(coverage)
    coverage.start()
    code = int(pytest.main([*_PYTEST, file], plugins=[watching]))
    coverage.stop()
    if code not in (0, pytest.ExitCode.NO_TESTS_COLLECTED):
        output.flush()
        output.seek(0)
        telling.send(output.read())
        return code
    tests = {
        (module, line): {name or file for name in names}
        for path, module in paths.items()
        for line, names in coverage.get_data().contexts_by_lineno(path).items()
    }
    telling.send((watching.seconds, tests))
    return 0


class _Swapped(SourceFileLoader):
    """Finds one module, and gives it another text."""

    def __init__(self, mutant: Mutant) -> None:
        super().__init__(mutant.module, str(path_of(mutant.module)))
        self._text = mutant.text

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return spec_from_file_location(name, self.path, loader=self) if name == self.name else None

    def get_code(self, fullname: str) -> CodeType:
        code: CodeType = compile(self._text, self.path, "exec", dont_inherit=True)
        return code


class _Trial:
    """A plugin of pytest: these tests in this order, each with a limit, until one fails."""

    def __init__(self, tests: Mapping[str, float]) -> None:
        self.tests, self.failed = tests, ""
        self._places = {test: place for place, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self.tests), key=lambda item: self._places[item.nodeid]
        )

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        _limit(FACTOR * self.tests[item.nodeid] + SPARE)
        try:
            return (yield)
        finally:
            _limit(FACTOR * SPARE)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = self.failed or report.nodeid


def _limit(seconds: float) -> None:
    """End this process when it has taken so many seconds of the processor from now on."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def _try(mutant: Mutant, tests: Mapping[str, float], telling: Connection, output: Any) -> int:
    """A mutant against its tests; says the one that fails."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    _limit(FACTOR * SPARE)
    sys.meta_path.insert(0, _Swapped(mutant))
    trial = _Trial(tests)
    code = 0
    for file in dict.fromkeys(test.partition("::")[0] for test in tests):
        code = int(pytest.main([*_PYTEST, file], plugins=[trial]))
        if code:
            break
    telling.send(trial.failed)
    return code
