"""Sets of variants on a cluster: a real scheduler and two workers on this machine, one of which is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_variants import HOMEWORK, ROOT, content

pytest.importorskip("distributed")

Run = Callable[..., Any]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
PATIENCE = 120  # seconds for processes to start, on a busy machine


@contextmanager
def running(folder: Path, what: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of Dask's."""
    command = [sys.executable, "-m", f"distributed.cli.dask_{what}", "--host", "127.0.0.1", "--no-dashboard"]
    with (folder / f"{what}.log").open("ab") as log:
        command += arguments
        process = subprocess.Popen(command, stdout=log, stderr=log, env=ENVIRONMENT, cwd=folder)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """The address of a scheduler."""
    file = tmp_path / "scheduler.json"
    with running(tmp_path, "scheduler", "--port", "0", "--scheduler-file", str(file)):
        deadline = time.monotonic() + PATIENCE
        while not file.exists() or not file.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield json.loads(file.read_text())["address"]


def worker(folder: Path, scheduler: str, threads: int = 1) -> Any:
    place = ("--local-directory", str(folder), "--no-nanny", "--nthreads", str(threads))
    return running(folder, "worker", scheduler, *place)


def await_workers(scheduler: str, count: int) -> None:
    from distributed import Client

    with Client(scheduler, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=PATIENCE)


@pytest.mark.slow
def test_a_worker_dies_and_nothing_is_lost(derive: Run, tmp_path: Path, scheduler: str) -> None:
    count = 24
    command = [sys.executable, "-m", "derive", "variants", str(HOMEWORK), "--count", str(count)]
    command += ["--format", "md", "--dask", scheduler, "--out", "set"]
    keys = tmp_path / "set" / "two-layer" / "variants" / "keys"
    with ExitStack() as stack:
        workers = [stack.enter_context(worker(tmp_path, scheduler)) for _ in range(2)]
        await_workers(scheduler, 2)
        making = stack.enter_context(subprocess.Popen(command, env=ENVIRONMENT, cwd=tmp_path))
        deadline = time.monotonic() + PATIENCE
        while len(list(keys.glob("[!.]*"))) < count // 4:
            assert making.poll() is None, "it was done before a worker could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.kill(workers[0].pid, signal.SIGKILL)
        assert making.wait() == 0
    outcome = derive("variants", HOMEWORK, "--count", count, "--format", "md", "--out", tmp_path / "alone")
    assert outcome.code == 0
    assert content(tmp_path / "set") == content(tmp_path / "alone")


def test_what_is_said_of_a_cluster_that_can_t(derive: Run, tmp_path: Path, scheduler: str) -> None:
    command = ["variants", HOMEWORK, "--count", 2, "--format", "md", "--out", tmp_path / "set", "--dask"]
    outcome = derive(*command, scheduler)
    assert outcome.code == 1
    assert "the scheduler has no workers" in outcome.err
    assert "dask worker" in outcome.err
    with worker(tmp_path, scheduler, threads=2):
        await_workers(scheduler, 1)
        outcome = derive(*command, scheduler)
    assert outcome.code == 1
    assert "workers must have one thread each" in outcome.err
    assert not list((tmp_path / "set").rglob("*.md"))


def test_no_scheduler(derive: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from derive.cli import cluster

    monkeypatch.setattr(cluster, "_PATIENCE", 0.5)
    command = ["variants", HOMEWORK, "--count", 2, "--out", tmp_path, "--dask"]
    for address in ("tcp://127.0.0.1:9", "nowhere", "smoke://signals:1"):
        outcome = derive(*command, address)
        assert outcome.code == 1, address
        assert "no Dask scheduler answers" in outcome.err, address
    monkeypatch.setitem(sys.modules, "distributed", None)
    outcome = derive(*command, "tcp://127.0.0.1:9")
    assert outcome.code == 1
    assert "derive-worksheets[cluster]" in outcome.err
