"""A student's own numbers, looked up in a file that holds those of the whole class.

This text is put into notebooks as it stands. The file names nobody: its keys are hashes.
"""

import hashlib
import json
import os
import unicodedata
from fractions import Fraction
from pathlib import Path
from typing import Any


def key_of(name: str) -> str:
    """Under which a student's numbers stand in the file."""
    plain = unicodedata.normalize("NFC", str(name).strip())
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def my_numbers(student: str, file: str = "numbers.json") -> dict[str, Any]:
    """The numbers of one student, by their names.

    While nbgrader grades, the folder that the notebook was handed in from says whose it is; otherwise the
    student's own word counts, or who is logged in.

    Args:
        student: A student number, or the id on the paper copy.
        file: The numbers of the whole class.
    """
    known = json.loads(Path(file).read_text("utf-8"))
    names = [student, os.environ.get("JUPYTERHUB_USER", "")]
    if os.environ.get("NBGRADER_EXECUTION") == "autograde":
        names.insert(0, Path.cwd().parent.name)
    for name in names:
        if key_of(name) in known:
            return {quantity: _floats(numbers) for quantity, numbers in known[key_of(name)].items()}
    raise LookupError("<unknown>")


def _floats(numbers: Any) -> Any:
    return [_floats(part) for part in numbers] if isinstance(numbers, list) else float(Fraction(numbers))
