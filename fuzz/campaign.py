"""Inputs by the thousand in forked workers, each with a watchdog and a limit on memory.

An input is told by its target, how it is made, and two numbers, the batch and the place in it; the same
numbers make the same input again. A worker that hangs or dies costs the rest of its batch alone, and says
where.
"""

import json
import mmap
import os
import resource
import signal
import struct
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from types import FrameType

from fuzz.corpus import seeds
from fuzz.mutation import mutated
from fuzz.targets import TARGETS, Target, warm_up

SECONDS = 5.0  # of a processor that an input may take, however busy the machine is
MEGABYTES = 1024  # that reading may take, beyond what the program needs to stand there
_PATIENCE = 60.0  # for a worker that doesn't come back at all
KINDS = ("bytes", "grammar")
Handle = Callable[[bytes], None]


@dataclass
class Figures:
    """What came of some inputs.

    Attributes:
        inputs: How many there were.
        accepted: Of them with exit code 0.
        refused: With exit code 1.
        slowest: Seconds of a processor.
        megabytes: Peak of a worker's memory.
        faults: What else came: name of the file that the input was kept in, and what was raised.
    """

    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    slowest: float = 0.0
    megabytes: float = 0.0
    faults: dict[str, str] = field(default_factory=dict)

    def add(self, other: "Figures") -> None:
        """Take in those of another batch."""
        self.inputs += other.inputs
        self.accepted += other.accepted
        self.refused += other.refused
        self.slowest = max(self.slowest, other.slowest)
        self.megabytes = max(self.megabytes, other.megabytes)
        self.faults |= other.faults


class HangError(BaseException):
    """An input took too long; no `except Exception` on its way may keep it."""


def batch(target: str, kind: str, number: int, size: int, kept: Path | None = None) -> Figures:
    """Run a batch in this process.

    Args:
        target: Name from `TARGETS`.
        kind: `bytes` (files with bytes changed) or `grammar` (files that are nearly right).
        number: Of the batch; makes its inputs.
        size: How many inputs.
        kept: The folder that inputs with faults are kept in; None for none.
    """
    figures = Figures()
    _each(target, kind, number, size, lambda content: _note(target, content, figures, kept))
    figures.megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures


def _each(target: str, kind: str, number: int, size: int, handle: Handle) -> None:
    warm_up(target)
    if kind == "bytes":
        for place in range(size):
            handle(mutated(seeds()[target], Random(f"{target} {number} {place}")))
        return
    from hypothesis import HealthCheck, Phase, given, seed, settings

    from fuzz.grammar import GRAMMARS

    @seed(number)
    @settings(
        max_examples=size, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(GRAMMARS[target])
    def run(content: bytes) -> None:
        handle(content)

    run()


def _note(target: str, content: bytes, figures: Figures, kept: Path | None) -> None:
    started = time.process_time()
    try:
        code = _watched(TARGETS[target], content)
    except (Exception, HangError) as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__}: {str(error)[:200]} ({Path(last.filename).name}, line {last.lineno})"
        figures.faults[_keep(target, content, kept)] = what
        code = None
    figures.inputs += 1
    figures.accepted += code == 0
    figures.refused += code == 1
    figures.slowest = max(figures.slowest, time.process_time() - started)


def _watched(run: Target, content: bytes) -> int:
    def stop(number: int, frame: FrameType | None) -> None:
        raise HangError(f"more than {SECONDS:g} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS, 1.0)  # again, should a callback have swallowed the first
    try:
        return run(content)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _keep(target: str, content: bytes, kept: Path | None) -> str:
    name = f"{target}-{sha256(content).hexdigest()[:12]}"
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        (kept / name).write_bytes(content)
    return name


def forked(target: str, kind: str, number: int, size: int, kept: Path | None = None) -> Figures:
    """Run a batch in a process of its own; what ends the process is a fault of the input that it was at."""
    at = mmap.mmap(-1, 8)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _work(writing, at, target, kind, number, size, kept)
    os.close(writing)
    content, ended = _read(reading, at)
    if not ended:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    try:
        return Figures(**json.loads(content))
    except ValueError:
        (place,) = struct.unpack("q", at[:])
        how = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"
        why = how if ended else "it hung where no signal reaches it"
        return Figures(inputs=place, faults={f"{target} {kind} {number} {place}": f"the worker died: {why}"})


def _work(
    writing: int, at: mmap.mmap, target: str, kind: str, number: int, size: int, kept: Path | None
) -> None:
    """In the new process: limit its memory, run, and say what came."""
    code = 1
    try:
        sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115
        limit = _data() + (MEGABYTES << 20)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        figures = Figures()
        count = 0

        def handle(content: bytes) -> None:
            nonlocal count
            at[:] = struct.pack("q", count)
            count += 1
            _note(target, content, figures, kept)

        _each(target, kind, number, size, handle)
        figures.megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        with os.fdopen(writing, "w") as file:
            json.dump(asdict(figures), file)
        code = 0
    finally:
        os._exit(code)


def _data() -> int:
    """Bytes of data that this process holds already, as Linux counts them against its limit."""
    status = Path("/proc/self/status").read_text("ascii")
    (kilobytes,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmData:"))
    return int(kilobytes) << 10


def _read(reading: int, at: mmap.mmap) -> tuple[bytes, bool]:
    """What the worker says, and whether it came to an end while it was going on to further inputs."""
    from select import select

    content, place, since = b"", at[:], time.monotonic()
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        while True:
            if select([pipe], [], [], 1.0)[0]:
                piece = pipe.read(1 << 16)
                if not piece:
                    return content, True
                content += piece
            if at[:] != place:
                place, since = at[:], time.monotonic()
            elif time.monotonic() - since > _PATIENCE:
                return content, False


def run(
    counts: dict[tuple[str, str], int], size: int, first: int, kept: Path, said: Callable[[str], None]
) -> Iterator[tuple[dict[tuple[str, str], Figures], float]]:
    """A campaign; after each batch, all figures so far and the seconds that it took.

    Args:
        counts: How many inputs, by target and kind.
        size: Of a batch.
        first: Number of the first batch of each.
        kept: The folder that inputs with faults are kept in.
        said: Told of each fault as it comes.
    """
    started = time.monotonic()
    found = {key: Figures() for key in counts}
    numbers = dict.fromkeys(counts, first)
    while waiting := [key for key in counts if found[key].inputs < counts[key]]:
        for key in waiting:
            made = forked(*key, numbers[key], min(size, counts[key] - found[key].inputs), kept)
            numbers[key] += 1
            found[key].add(made)
            for name, what in made.faults.items():
                said(f"{' '.join(key)}: {name}: {what}")
            if not made.inputs:
                counts = {name: count for name, count in counts.items() if name != key}
        yield found, time.monotonic() - started
