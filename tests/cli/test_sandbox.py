"""Notebooks in their locked process: what they may do to themselves, and can't do to anybody else."""

import os
import sys
import time
from pathlib import Path

import pytest

from derive.cli.sandbox import run as sandbox
from derive.cli.sandbox.run import Limits, Outcome

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="notebooks are not run on Windows")
SHORT = Limits(seconds=5)


def run(
    *cells: str, hidden: tuple[Path, ...] = (), limits: Limits = SHORT, beside: Path | None = None
) -> Outcome:
    return sandbox.run(cells, ["h", "W", "s", "L", "x", "y"], beside, hidden, limits)


@pytest.fixture(scope="module")
def locked() -> set[str]:
    """What this system can lock."""
    return set(run("h = 1").shelter)


def test_values_of_every_kind() -> None:
    outcome = run(
        "import numpy as np\nfrom fractions import Fraction\nh = np.array([6, -3])\nW = np.ones((2, 2)) / 3",
        "s = [0.25, (1, Fraction(1, 3))]\nL = np.float32(0.1)\nx = None\ny = float('nan')",
    )
    assert outcome.values == {
        "h": ["6", "-3"], "W": [["0.3333333333333333"] * 2] * 2, "s": ["0.25", ["1", "1/3"]],
        "L": "0.10000000149011612", "x": "", "y": "nan",
    }  # fmt: skip
    assert not outcome.errors
    assert not outcome.stopped


def test_tensors() -> None:
    pytest.importorskip("torch")
    outcome = run(
        "import torch\nx = torch.tensor([1., 2.], requires_grad=True)\n(x ** 2).sum().backward()\nh = x.grad",
        limits=Limits(seconds=60),
    )
    assert outcome.values["h"] == ["2.0", "4.0"]
    assert outcome.values["x"] == ["1.0", "2.0"]


def test_a_cell_that_fails_does_not_end_the_others() -> None:
    outcome = run("h = 1", "1 / 0", "x = (", "raise SystemExit", "L = 2")
    assert outcome.values == {"h": "1", "L": "2"}
    assert [number for number, _ in outcome.errors] == [2, 3, 4]
    assert outcome.errors[0][1].startswith("ZeroDivisionError")


def test_files_beside_the_notebook_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "numbers.txt").write_text("42")
    (tmp_path / "link").symlink_to("/etc/passwd")
    outcome = run(
        "h = open('data/numbers.txt').read()\nimport os\nL = os.path.exists('link')", beside=tmp_path
    )
    assert outcome.values == {"h": "42", "L": "False"}


@pytest.mark.parametrize(
    "code", ["while True: pass", "import time\ntime.sleep(100)", "input()" * 0 + "x = 9 ** 10 ** 9"]
)
def test_time_is_limited(code: str) -> None:
    start = time.monotonic()
    outcome = run(code, limits=Limits(seconds=2))
    assert outcome.stopped == "time"
    assert time.monotonic() - start < 20


def test_memory_is_limited() -> None:
    outcome = run("x = [0] * 10 ** 10", "h = 1")
    assert outcome.stopped == "memory"
    assert outcome.values == {"h": "1"}


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos._exit(3)", "import ctypes\nctypes.string_at(0)", "import sys\nsys.exit()",
        "class A:\n    def tolist(self):\n        raise SystemExit\nh = A()",
        "class A:\n    def __getattr__(self, name):\n        1 / 0\nh = A()",
        "import os\nfor n in range(3, 30):\n    try: os.write(n, b'{1: {')\n    except OSError: pass",
        "h = list(range(10 ** 6))", "h = []\nh.append(h)", "import sys\nsys.stdout.close()\nprint(1)",
        "import threading\nthreading.Thread(target=lambda: [0 for _ in iter(int, 1)]).start()",
        "import gc\nfor o in gc.get_objects():\n    try: o.clear()\n    except Exception: pass",
    ],
)  # fmt: skip
def test_whatever_it_does_there_is_an_outcome(code: str) -> None:
    outcome = run(code, limits=Limits(seconds=4))
    assert outcome.values.get("h") is None


def test_what_it_prints_goes_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    outcome = run(
        "import os\nfor _ in range(200): print('x' * 10 ** 6)\nos.write(1, b'y')\nos.write(2, b'z')\nh = 1"
    )
    assert outcome.values == {"h": "1"}
    assert capfd.readouterr() == ("", "")


PATHS = "import ctypes, os\nlibrary = ctypes.CDLL(None, use_errno=True)\n"


@pytest.mark.parametrize("way", ["os.remove({!r})", "library.unlink({!r}.encode())", "os.rename({!r}, 'x')"])
def test_files_outside_cannot_be_changed(way: str, tmp_path: Path, locked: set[str]) -> None:
    victim = tmp_path / "victim.txt"
    victim.write_text("here")
    outcome = run(PATHS + way.format(str(victim)), f"open({str(victim)!r}, 'w').write('gone')")
    if "library" in way and "files" not in locked:
        pytest.skip("this system can't lock files")
    assert victim.read_text() == "here"
    assert "open" in outcome.refused


def test_the_folder_of_the_keys_cannot_be_seen(tmp_path: Path, locked: set[str]) -> None:
    if "files" not in locked:
        pytest.skip("this system can't lock files")
    (tmp_path / "manifest.json").write_text("the answers")
    look = f"import os\nh = os.listdir({str(tmp_path)!r})"
    outcome = run(look, f"x = open({str(tmp_path / 'manifest.json')!r}).read()", hidden=(tmp_path,))
    assert outcome.values in ({}, {"h": []})
    assert len(outcome.errors) >= 1


@pytest.mark.parametrize("raw", [False, True])
def test_there_is_no_network(raw: bool, locked: set[str]) -> None:
    """A server of our own, so that it isn't the world outside that refuses."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        port = server.getsockname()[1]
        code = f"import socket\nsocket.create_connection(('127.0.0.1', {port}), timeout=1).sendall(b'hi')"
        if raw:
            if "network" not in locked:
                pytest.skip("this system can't lock the network")
            code = (
                "import ctypes, struct\nlibrary = ctypes.CDLL(None)\nhandle = library.socket(2, 1, 0)\n"
                f"port = struct.pack('>H', {port})\n"
                "address = struct.pack('<H', 2) + port + bytes([127, 0, 0, 1]) + bytes(8)\n"
                "x = library.connect(handle, address, 16)"
            )
        outcome = run(code)
        with pytest.raises(TimeoutError):
            server.accept()
        assert outcome.refused == (() if raw else ("socket.getaddrinfo",))


def test_processes_end_with_it(tmp_path: Path, locked: set[str]) -> None:
    if "processes" not in locked:
        pytest.skip("this system can't lock processes")
    mark = f"student-{tmp_path.name}-{os.getpid()}"  # other tests run notebooks at the same time
    cells = (
        "import ctypes, time\nlibrary = ctypes.CDLL(None)\nlibrary.setsid()",
        "if library.fork() == 0:\n    library.setsid()\n    time.sleep(60)", "h = 1",
    )  # fmt: skip
    start = time.monotonic()
    outcome = sandbox.run(cells, ["h"], None, (), Limits(seconds=3), student=mark)
    assert time.monotonic() - start < 20
    assert outcome.stopped == "time" or outcome.values == {"h": "1"}
    assert not [path for path in Path("/proc").glob("[0-9]*/environ") if mark.encode() in _read(path)]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
