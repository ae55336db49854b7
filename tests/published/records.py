"""The figures that other people's worked examples print: `NAME.figures.yaml`, beside their `NAME.yaml`.

A record says where the example stands, and gives for each place the figures under their path in the JSON of
`derive check --json`, entry by entry in the order of the arrays. `_` is an entry that the page doesn't print,
`!` marks a misprint, and `-1 * PATH` is for a page that prints a multiple of the quantity. The reasons of the
misprints follow, in few words; `mistakes.py` recomputes them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

HERE = Path(__file__).parent
SUFFIX = ".figures.yaml"
NOT_PRINTED = "_"
MISPRINT = "!"
HEAD = """\
| source | figures | met | misprints |
|:--|--:|--:|:--|"""


@dataclass(frozen=True)
class Figure:
    """One printed number.

    Attributes:
        path: Its quantity, with the factor that the page gives it.
        entry: Its place among the entries of the quantity.
        printed: The text as it is printed.
        misprint: Whether it is none that the exercise's numbers lead to.
    """

    path: str
    entry: int
    printed: str
    misprint: bool


@dataclass(frozen=True)
class Record:
    """What one source prints.

    Attributes:
        name: Names the record's file.
        exercise: The exercise file with the source's numbers.
        source: author, title, address, and a note where the page itself was not at hand.
        figures: Every figure, in the order of the page.
        reasons: Path -> why its misprints are what they are.
    """

    name: str
    exercise: Path
    source: Mapping[str, str]
    figures: tuple[Figure, ...]
    reasons: Mapping[str, str]

    def misprints(self, path: str) -> list[Figure]:
        """Those of one path, in the order of the page."""
        return [figure for figure in self.figures if figure.misprint and figure.path == path]

    def row(self) -> str:
        """Its row of the README's table."""
        met = sum(not figure.misprint for figure in self.figures)
        reasons = "; ".join(dict.fromkeys(self.reasons.values())) or "none"
        link = f"{self.source['author']}, [{self.source['title']}]({self.source['address']})"
        return f"| {link} | {len(self.figures)} | {met} | {reasons} |"


def load_all() -> list[Record]:
    """Every record, by name."""
    return [_record(path) for path in sorted(HERE.glob(f"*{SUFFIX}"))]


def table(records: list[Record]) -> str:
    """The README's table."""
    return "\n".join([HEAD, *(record.row() for record in records)])


def _record(path: Path) -> Record:
    read: Mapping[str, Any] = YAML(typ="base", pure=True).load(path.read_text("utf-8"))
    name = path.name.removesuffix(SUFFIX)
    exercise = HERE / read.get("exercise", f"{name}.yaml")
    return Record(name, exercise, read["source"], tuple(_figures(read)), read.get("misprints", {}))


def _figures(read: Mapping[str, Any]) -> Iterator[Figure]:
    for place in read["places"]:
        for path, line in place["figures"].items():
            for entry, text in enumerate(line.split()):
                if text != NOT_PRINTED:
                    yield Figure(path, entry, text.removesuffix(MISPRINT), text.endswith(MISPRINT))
