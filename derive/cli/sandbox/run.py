"""Running one notebook in a locked process, and ending it with everything that it started."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from select import select
from typing import Any

from derive import files
from derive.cli.sandbox import shelter

NUMBERS = "numbers.json"
_MOST_OUTCOME = 5_000_000  # bytes
_MOST_BESIDE = 50_000_000  # bytes of the files that lie beside a notebook
_ROOT = Path(__file__).resolve().parents[3]
_START = (
    "import runpy, sys; root = sys.argv.pop(1); sys.path.insert(0, root); "
    "runpy.run_module('derive.cli.sandbox.child', run_name='__main__', alter_sys=True)"
)


@dataclass(frozen=True)
class Limits:
    """What a notebook may use.

    Attributes:
        seconds: On the clock.
        megabytes: Of memory.
        file_megabytes: Of a file that it writes.
    """

    seconds: int = 60
    megabytes: int = 4096
    file_megabytes: int = 50


@dataclass(frozen=True)
class Outcome:
    """What came of a notebook.

    Attributes:
        values: Variable -> nested lists of texts; None where it holds nothing of the kind.
        errors: Cells that failed, by their numbers, and how.
        refused: What was tried and isn't allowed.
        shelter: How the process was locked in; see `shelter.lock_in`.
        stopped: Why it was ended: `time`, `memory`, `output`, a signal's name; empty where it wasn't.
    """

    values: dict[str, Any] = field(default_factory=dict)
    errors: tuple[tuple[int, str], ...] = ()
    refused: tuple[str, ...] = ()
    shelter: tuple[str, ...] = ()
    stopped: str = ""


def run(
    cells: Sequence[str],
    names: Sequence[str],
    beside: Path | None,
    hidden: Sequence[Path],
    limits: Limits,
    student: str = "",
    numbers: bytes | None = None,
) -> Outcome:
    """Run the cells of a notebook.

    Args:
        cells: Python, in their order.
        names: Variables that are wanted.
        beside: A folder whose files the notebook may read; it gets a copy.
        hidden: Folders that it must not see, such as that of the keys.
        limits: What it may use.
        student: Whose it is; the notebook is told as a hub would.
        numbers: The student's own numbers, put beside the notebook.
    """
    with files.private_folder() as folder:
        if beside is not None:
            _copy(beside, folder)
        if numbers is not None:
            (folder / NUMBERS).write_bytes(numbers)
        job = {
            "cells": list(cells),
            "names": list(names),
            "folder": str(folder),
            "hidden": [str(path.resolve()) for path in hidden],
            "seconds": limits.seconds,
            "megabytes": limits.megabytes,
            "file_megabytes": limits.file_megabytes,
        }
        return _outcome(json.dumps(job).encode(), _environment(folder, student), folder, limits)


def _copy(beside: Path, folder: Path) -> None:
    """The plain files of a folder and those below; links stay out, and what is too much in all."""
    left = _MOST_BESIDE
    for path in sorted(beside.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.suffix == ".ipynb":
            continue
        left -= path.stat().st_size
        if left < 0:
            return
        target = folder / path.relative_to(beside)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def _outcome(job: bytes, environment: dict[str, str], folder: Path, limits: Limits) -> Outcome:
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", _START, str(_ROOT), str(writing)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(writing,),
        cwd=folder,
        env=environment,
        start_new_session=True,
    )
    os.close(writing)
    try:
        assert process.stdin is not None
        with suppress(BrokenPipeError):
            process.stdin.write(job)
            process.stdin.close()
        content, ended = _read(reading, time.monotonic() + limits.seconds)
        if ended:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=1)
    finally:
        os.close(reading)
        _end(process)
    if not ended:
        return Outcome(stopped="output" if len(content) > _MOST_OUTCOME else "time")
    return _read_outcome(content, process.returncode)


def _read(handle: int, deadline: float) -> tuple[bytes, bool]:
    """What comes through a pipe until it is closed, there is too much of it, or time is up."""
    content = b""
    while (left := deadline - time.monotonic()) > 0 and len(content) <= _MOST_OUTCOME:
        if select([handle], [], [], left)[0]:
            piece = os.read(handle, 1 << 16)
            if not piece:
                return content, True
            content += piece
    return content, False


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a process and all of its group; a namespace of processes ends with its first."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _read_outcome(content: bytes, code: int) -> Outcome:
    try:
        found = json.loads(content)
        values = {str(name): value for name, value in dict(found["values"]).items()}
        errors = tuple((int(number), str(said)) for number, said in found["errors"])
        refused, kept_in = tuple(map(str, found["refused"])), tuple(map(str, found["shelter"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return Outcome(stopped=_why(code))
    stopped = "memory" if any(said.startswith("MemoryError") for _, said in errors) else ""
    return Outcome(values, errors, refused, kept_in, stopped)


def _why(code: int) -> str:
    """Why a process ended without an outcome."""
    number = -code if code < 0 else code - shelter.SIGNALLED
    if number in (signal.SIGXCPU, signal.SIGALRM):
        return "time"
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"exit {code}"


def _environment(folder: Path, student: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "SYSTEMROOT") if name in os.environ}
    here = str(folder)
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    user = {"JUPYTERHUB_USER": student.replace("\0", "")}
    return kept | threads | user | {"HOME": here, "TMPDIR": here, "MPLBACKEND": "agg", "MPLCONFIGDIR": here}
