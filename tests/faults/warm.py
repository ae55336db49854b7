"""Runs of a command that are killed at random moments, each forked from a process with all imported.

    python -m tests.faults.warm FOLDER COUNT SEED COMMAND...

In the command `{out}` stands for the folder that a run writes to; one undisturbed run writes to `whole`.
Each of COUNT others is killed with all its processes and then run again to its end. Every other one is killed
at a moment between the start and the end of an undisturbed run, the rest as soon as some of the files stand,
by chance from the first to the last but one. What stands in the folder after the kill and after the end goes
to stdout as JSON.
"""

import json
import os
import signal
import sys
import time
from hashlib import sha256
from pathlib import Path
from random import Random


def main() -> None:
    folder, count, seed = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    command = sys.argv[4:]
    import_everything()
    process = start(command, folder / "whole")
    started = time.monotonic()
    assert ended(process) == 0
    seconds, whole = time.monotonic() - started, standing(folder / "whole")
    chance, found = Random(seed), []
    for number in range(count):
        out = folder / str(number)
        process = start(command, out)
        if number % 2:
            watch(process, out, chance.randrange(1, len(whole)))
        else:
            time.sleep(chance.uniform(0, seconds))
        killed = os.waitpid(process, os.WNOHANG) == (0, 0)
        if killed:
            os.killpg(process, signal.SIGKILL)
            os.waitpid(process, 0)
        after = standing(out)
        code = ended(start(command, out))
        found.append({"killed": killed, "after": after, "code": code, "end": standing(out)})
    json.dump({"whole": whole, "runs": found}, sys.stdout)


def import_everything() -> None:
    import numpy  # noqa: F401
    import sympy  # noqa: F401
    import torch  # noqa: F401

    from derive.cli import grading, making, pipeline, set_making, together  # noqa: F401
    from derive.engine import autograd, verify  # noqa: F401
    from derive.render import formats  # noqa: F401


def start(command: list[str], out: Path) -> int:
    """The process that runs the command, the first of a group of its own."""
    process = os.fork()
    if process:
        while os.getpgid(process) != process:
            time.sleep(0.001)
        return process
    os.setpgid(0, 0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        os.dup2(nothing, stream)
    code = 70
    try:
        from derive.cli import app

        sys.argv = ["derive", *(part.replace("{out}", str(out)) for part in command)]
        app.main()
        code = 0
    except SystemExit as stopped:
        code = stopped.code if isinstance(stopped.code, int) else int(bool(stopped.code))
    finally:
        os._exit(code)


def watch(process: int, folder: Path, count: int) -> None:
    """Wait until so many files stand in a folder."""
    while sum(path.is_file() for path in folder.rglob("*")) < count:
        assert os.waitpid(process, os.WNOHANG) == (0, 0), f"it ended before {count} files stood there"
        time.sleep(0.0005)


def ended(process: int) -> int:
    """The exit code of a process."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def standing(folder: Path) -> dict[str, str]:
    """What stands in a folder: SHA-256 by path, hidden files too."""
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


if __name__ == "__main__":
    main()
