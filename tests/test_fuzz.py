"""Broken files get no further than a message: a sample of what `make fuzz` runs, and how it finds faults."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("a campaign limits its memory as Linux can", allow_module_level=True)

from fuzz import __main__ as command
from fuzz import campaign
from fuzz.targets import TARGETS

ROOT = Path(__file__).parents[1]
READERS = [name for name in TARGETS if name != "whole"]


@pytest.mark.parametrize("kind", campaign.KINDS)
@pytest.mark.parametrize("target", READERS)
def test_a_sample(target: str, kind: str) -> None:
    figures = campaign.batch(target, kind, 0, 60)
    assert figures.faults == {}
    assert figures.accepted + figures.refused == figures.inputs >= 50
    assert figures.refused


@pytest.mark.slow
@pytest.mark.parametrize("kind", campaign.KINDS)
@pytest.mark.parametrize("target", READERS)
def test_a_larger_sample(target: str, kind: str) -> None:
    figures = campaign.forked(target, kind, 1, 500)
    assert figures.faults == {}
    assert figures.accepted
    assert figures.refused


@pytest.mark.slow
def test_all_the_way() -> None:
    figures = campaign.forked("whole", "grammar", 1, 20)
    assert figures.faults == {}
    assert figures.accepted


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(name, marks=pytest.mark.campaign if name == "exercise" else pytest.mark.slow)
        for name in READERS
    ],
)
def test_guided_by_branches(target: str) -> None:
    checkers = ROOT / ".checkers"
    if not (checkers / "atheris").is_dir():
        pytest.skip("atheris is not installed (make checkers)")
    done = subprocess.run(
        [sys.executable, "-m", "fuzz.guided", target, "-runs=200", "-seed=1"],
        capture_output=True, text=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(checkers)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Done 200 runs" in done.stderr


def test_the_same_numbers_make_the_same_inputs() -> None:
    made: list[list[bytes]] = []
    for _ in range(2):
        made.append([])
        for kind in campaign.KINDS:
            campaign._each("roster", kind, 7, 10, made[-1].append)
    assert made[0] == made[1]
    assert len(set(made[0])) > 10


# What a campaign would find


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Targets with faults, which a fork takes along."""

    def hang(content: bytes) -> int:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            pass
        return 0

    def swallow(content: bytes) -> int:
        return len(bytearray(campaign.MEGABYTES << 21)) and 0

    def die(content: bytes) -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return 0

    targets = {"raise": lambda content: 1 // 0, "hang": hang, "swallow": swallow, "die": die}
    monkeypatch.setattr(campaign, "TARGETS", targets)
    monkeypatch.setattr(campaign, "SECONDS", 0.2)
    monkeypatch.setattr(campaign, "warm_up", lambda target: None)
    monkeypatch.setattr(campaign, "seeds", lambda: dict.fromkeys(targets, (b"id: x",)))


@pytest.mark.parametrize(
    ("target", "said"),
    [("raise", "ZeroDivisionError"), ("hang", "HangError"), ("swallow", "MemoryError"), ("die", "signal 9")],
)
def test_faults_are_found(broken: None, target: str, said: str, tmp_path: Path) -> None:
    figures = campaign.forked(target, "bytes", 0, 1, tmp_path)
    (fault,) = figures.faults.items()
    assert said in fault[1]
    if target != "die":
        assert (tmp_path / fault[0]).exists()


def test_what_a_process_holds_already_is_no_fault_of_its_inputs() -> None:
    ballast = bytearray(campaign.MEGABYTES << 20)
    figures = campaign.forked("roster", "bytes", 0, 20)
    assert figures.faults == {}
    assert figures.inputs == 20
    assert len(ballast)


def test_the_report(broken: None, tmp_path: Path) -> None:
    counts = {("raise", "bytes"): 3}
    *_, (found, seconds) = campaign.run(counts, 2, 0, tmp_path, lambda said: None)
    assert found["raise", "bytes"].inputs == 3
    told = command.markdown(found, seconds, 0)
    assert "| raise | bytes | 3 | 0 | 0 | " in told
    assert "ZeroDivisionError" in told


def test_shares() -> None:
    counts = command.shares(200_000, list(TARGETS), campaign.KINDS)
    assert sum(count for (target, _), count in counts.items() if target != "whole") == 200_000
    assert counts["whole", "grammar"] > 0
