"""Work in a process of its own: nothing is warm, nothing leaks into the next measurement, a cap holds.

The child is `python -m bench.child MODULE FUNCTION ARGUMENTS`; arguments and result are JSON.
"""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ONE_CORE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def environment() -> dict[str, str]:
    """Of every child: this checkout, one core for numerical libraries."""
    return {**os.environ, **ONE_CORE, "PYTHONPATH": str(ROOT)}


def run(module: str, function: str, arguments: Sequence[Any], cap: float | None = None) -> Any:
    """The result of a function of `bench`, computed in a new process.

    Args:
        module: Inside the package, for example `deriving`.
        function: Its name there.
        arguments: What JSON can hold.
        cap: Seconds that it may take; then it is stopped.

    Returns:
        What the function gave; None where it was stopped.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    command = [sys.executable, "-m", "bench.child", module, function, json.dumps(arguments)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=cap, cwd=ROOT, env=environment()
        )
    except subprocess.TimeoutExpired:
        return None
    return json.loads(done.stdout)


def main() -> None:
    """Run what the parent asks for."""
    module, function, arguments = sys.argv[1:]
    work = getattr(importlib.import_module(f"bench.{module}"), function)
    print(json.dumps(work(*json.loads(arguments))))


if __name__ == "__main__":
    main()
