"""What is done of a set that is being made.

Every finished variant is a line. What an interrupted run has done is taken over by the next.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from derive.classroom.frozen import Frozen
from derive.classroom.manifest import Head
from derive.cli.press import Made
from derive.errors import Problem, ProblemError


@dataclass
class Journal:
    """The variants that are done, on the disk; only where each stands is held.

    Attributes:
        path: Of the file.
        places: Form id -> where its line begins.
        digests: SHA-256 of pages, by their paths in the folder of the set.
    """

    path: Path
    places: dict[str, int] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    _file: IO[bytes] | None = None

    def head(self) -> Head | None:
        """Of the set that an interrupted run has begun; None where there is none."""
        if not self.path.exists():
            return None
        with self.path.open("rb") as file:
            try:
                return Head.model_validate_json(file.readline())
            except ValidationError:
                return None

    @contextmanager
    def opened(self, head: Head, kept: Iterable[Frozen]) -> Iterator["Journal"]:
        """Go on with what an interrupted run of the same set has left, or begin with what is kept.

        Raises:
            ProblemError: The folder can't be written to.
        """
        self._open(head)
        try:
            for variant in kept:
                if variant.id not in self.places:
                    self.add(Made(variant, {}))
            yield self
        finally:
            self._close()

    def _open(self, head: Head) -> None:
        opening = json.dumps(head.model_dump()) + "\n"
        try:
            if not self._read(opening.encode()):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self.path.write_bytes(opening.encode())
            self._file = self.path.open("r+b")
            self._file.seek(0, os.SEEK_END)
        except OSError as error:
            raise self._unwritable(error) from None

    def _read(self, opening: bytes) -> bool:
        """Take over the lines that are there; the last may be torn."""
        if not self.path.exists():
            return False
        with self.path.open("r+b") as file:
            if file.readline() != opening:
                return False
            place = file.tell()
            while (line := file.readline()).endswith(b"\n"):
                record = json.loads(line)
                self.places[record["variant"]["id"]] = place
                self.digests |= record["digests"]
                place = file.tell()
            file.truncate(place)
        return True

    def has(self, variant: Frozen) -> bool:
        """Whether this variant is done: this student's, with these numbers."""
        if variant.id not in self.places:
            return False
        done = next(self.variants([variant.id]))
        return (done.student, done.fields, done.numbers) == (variant.student, variant.fields, variant.numbers)

    def add(self, made: Made) -> None:
        """Another variant is done.

        Raises:
            ProblemError: The disk is full.
        """
        assert self._file is not None
        record = {"variant": made.variant.model_dump(), "digests": dict(made.digests)}
        place = self._file.seek(0, os.SEEK_END)
        try:
            self._file.write((json.dumps(record, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass"))
            self._file.flush()
        except OSError as error:
            raise self._unwritable(error) from None
        self.places[made.variant.id] = place
        self.digests |= made.digests

    def variants(self, order: Sequence[str]) -> Iterator[Frozen]:
        """Variants that are done, in an order of form ids."""
        with self.path.open("rb") as file:
            for form_id in order:
                file.seek(self.places[form_id])
                record = json.loads(file.readline().decode("utf-8", "surrogatepass"))
                yield Frozen.model_validate(record["variant"])

    def remove(self) -> None:
        """The set is whole; its manifest has everything."""
        self._close()
        self.path.unlink()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _unwritable(self, error: OSError) -> ProblemError:
        why = error.strerror or type(error).__name__
        what = f"{self.path} can't be written"
        return ProblemError([Problem(str(self.path), None, None, what, why, "check the folder and the disk")])
