"""What is shown while something is made: bars on a terminal, plain lines elsewhere, or nothing."""

import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from derive.cli.say import Voice

ROOT = Path(__file__).parents[2]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def watched(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal in place of stderr; a fixture won't do, as pytest puts its own back before the test."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    return terminal


def test_a_bar_says_what_is_being_done(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watched(monkeypatch)
    with Voice().progress(3) as advance:
        advance("two-layer: verifying")
        advance("two-layer: key.ko.pdf")
    assert "two-layer: key.ko.pdf" in terminal.getvalue()
    assert "2/3" in terminal.getvalue()


def test_a_phase_counts_its_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watched(monkeypatch)
    with Voice().phase("writing", 40) as advance:
        advance(10)
        time.sleep(0.3)
        advance(15)
    assert "writing" in terminal.getvalue()
    assert "25/40" in terminal.getvalue()


def test_a_phase_elsewhere_is_told_in_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with Voice().phase("writing", 2) as advance:
        advance(1)
        advance(1)
    assert capsys.readouterr().err.startswith("writing: 2 of 2 (")


def test_quiet_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watched(monkeypatch)
    voice = Voice(quiet=True)
    with voice.phase("writing", 2) as advance, voice.progress(2) as piece:
        advance(2)
        piece("x")
    voice.tell("x")
    voice.detail("x")
    assert terminal.getvalue() == ""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_real_terminal(tmp_path: Path) -> None:
    """The bar is gone at the end, and the paths are there once."""
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "derive", "report", "exercises/two-layer.yaml", "--format", "md"]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "200", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path)], cwd=ROOT, env=environment,
        stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # so Linux says that the other end is closed
        pass
    os.close(ours)
    assert process.wait() == 0
    text = shown.decode()
    assert "verifying" in text
    assert "\x1b[2K" in text
    assert text.count("key.ko.md") == 1
