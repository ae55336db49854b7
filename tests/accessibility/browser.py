"""Chromium over a pipe: one start, any number of pages, no port and no network."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--remote-debugging-pipe",
)  # fmt: skip
_READ, _WRITTEN = 3, 4  # where Chromium looks for its pipe


class Browser:
    """One page after the other."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._count, self._rest = 0, b""
        target = self._send("Target.createTarget", {"url": "about:blank"})["targetId"]
        attached = self._send("Target.attachToTarget", {"targetId": target, "flatten": True})
        self._session = attached["sessionId"]
        # Pages forbid all scripts; what is asked of them here is no script of theirs.
        self.call("Page.setBypassCSP", enabled=True)

    def call(self, method: str, **parameters: Any) -> Any:
        """Call a method of the DevTools protocol on the page."""
        return self._send(method, parameters, self._session)

    def open(self, path: Path, *, dark: bool = False, width: int = 1200, medium: str = "") -> None:
        """Show a file."""
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", media=medium, features=features)
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
        )
        self.call("Page.navigate", url=path.as_uri())
        waiting = (
            "new Promise(done => document.readyState == 'complete' ? done() : addEventListener('load', done))"
        )
        self.evaluate(waiting)

    def evaluate(self, script: str) -> Any:
        """The value of an expression, which may be a promise."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def _send(self, method: str, parameters: Any, session: str | None = None) -> Any:
        self._count += 1
        command = {"id": self._count, "method": method, "params": parameters}
        command |= {"sessionId": session} if session else {}
        data = json.dumps(command).encode() + b"\0"
        while data:
            data = data[os.write(self._commands, data) :]
        while (answer := self._next()).get("id") != self._count:
            pass
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def _next(self) -> Any:
        while b"\0" not in self._rest:
            piece = os.read(self._answers, 1 << 20)
            assert piece, "Chromium is gone"
            self._rest += piece
        message, self._rest = self._rest.split(b"\0", 1)
        return json.loads(message)


@contextmanager
def browser(program: str, profile: Path) -> Iterator[Browser]:
    """A browser of its own, which ends with the block."""
    read, commands = os.pipe()
    answers, written = os.pipe()
    pid = os.posix_spawn(
        program,
        [program, *_OPTIONS, f"--user-data-dir={profile}", "about:blank"],
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_DUP2, read, 10),
            (os.POSIX_SPAWN_DUP2, written, 11),
            (os.POSIX_SPAWN_DUP2, 10, _READ),
            (os.POSIX_SPAWN_DUP2, 11, _WRITTEN),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ],
    )
    os.close(read)
    os.close(written)
    try:
        yield Browser(commands, answers)
    finally:
        os.close(commands)  # Chromium ends when its pipe does
        os.waitpid(pid, 0)
        os.close(answers)
