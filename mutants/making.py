"""Mutants of a module: its text with one place changed, by the operators of mutmut.

mutmut itself changes neither properties nor the level of the module, because it swaps functions in a
program that runs. `Verification.verified` is a property; so here each mutant is the whole text of its
module, and is imported as such.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import libcst as cst
from coverage import Coverage
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Mutant:
    """A module with one place changed.

    Attributes:
        module: Its dotted name.
        place: The function or class that was changed, dotted; empty at the level of the module.
        lines: Those of the statement, in the module as it is.
        change: The lines that differ: `- before`, `+ after`.
        text: The whole module.
    """

    module: str
    place: str
    lines: range
    change: tuple[str, ...]
    text: str

    @property
    def key(self) -> str:
        """What tells it from all others."""
        return "\n".join([f"{self.module} {self.place} {self.lines.start}", *self.change])


def path_of(module: str) -> Path:
    """The file of a module of this checkout."""
    return ROOT.joinpath(*module.split(".")).with_suffix(".py")


def mutants(module: str, count: int | None = None, seed: int = 1) -> tuple[list[Mutant], int]:
    """Mutants of a module in the order of its text, and how many there are altogether.

    Args:
        module: Dotted.
        count: So many are drawn by chance; None: all are made, which takes longer.
        seed: Of the drawing.
    """
    text = path_of(module).read_text("utf-8")
    wrapper = MetadataWrapper(cst.parse_module(text))
    visitor = _Visitor(_left_out(path_of(module)))
    wrapper.visit(visitor)
    code = wrapper.module.code_for_node
    found = {
        (id(node), code(changed)): (place, lines, node, changed)
        for place, lines, node, changed in visitor.found
        if code(changed) != code(node)
    }
    places = list(range(len(found)))
    if count is not None and count < len(places):
        places = sorted(random.Random(seed).sample(places, count))
    candidates = list(found.values())
    made = []
    for place, lines, node, changed in (candidates[index] for index in places):
        mutated = cst.ensure_type(wrapper.module.deep_replace(node, changed), cst.Module).code
        compile(mutated, "mutant", "exec")
        made.append(Mutant(module, place, lines, _change(text, mutated), mutated))
    return made, len(found)


def _left_out(path: Path) -> set[int]:
    """The lines that no test need reach, as the settings of coverage say."""
    coverage = Coverage(data_file=None, config_file=str(ROOT / "pyproject.toml"))
    try:
        return set(coverage.analysis2(str(path))[2])
    finally:
        coverage.get_data().close(force=True)  # a database in memory stays open otherwise


def _change(before: str, after: str) -> tuple[str, ...]:
    """The lines from the first that differs to the last."""
    old, new = before.splitlines(), after.splitlines()
    head = _alike(old, new)
    tail = _alike(old[head:][::-1], new[head:][::-1])
    lines = [f"- {line.strip()}" for line in old[head : len(old) - tail]]
    return (*lines, *(f"+ {line.strip()}" for line in new[head : len(new) - tail]))


def _alike(old: list[str], new: list[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))


class _Visitor(cst.CSTVisitor):
    """Collects what can be changed, and where that is."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, left_out: set[int]) -> None:
        super().__init__()
        self.found: list[tuple[str, range, cst.CSTNode, cst.CSTNode]] = []
        self._left_out = left_out
        self._scopes: list[str] = []
        self._statements: list[range] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        lines = self._lines(node)
        if (lines and lines.start in self._left_out) or _is_no_behaviour(node, bool(self._scopes)):
            return False
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self._scopes.append(node.name.value)
        if isinstance(node, cst.BaseCompoundStatement | cst.SimpleStatementLine):
            self._statements.append(lines)
        for changed in _changed(node):
            self.found.append((".".join(self._scopes), self._statements[-1], node, changed))
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        node = original_node
        lines = self._lines(node)
        if (lines and lines.start in self._left_out) or _is_no_behaviour(node, bool(self._scopes)):
            return
        if isinstance(node, cst.BaseCompoundStatement | cst.SimpleStatementLine):
            self._statements.pop()
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self._scopes.pop()

    def _lines(self, node: cst.CSTNode) -> range:
        """Lines of a node; of a compound statement those of its head."""
        where = self.get_metadata(PositionProvider, node, None)
        if where is None:
            return range(0)
        last = where.end.line
        if isinstance(node, cst.BaseCompoundStatement):
            body = self.get_metadata(PositionProvider, node.body, None)
            last = body.start.line - 1 if body and body.start.line > where.start.line else last
        return range(where.start.line, last + 1)


def _changed(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            yield from operator(node)


def _is_no_behaviour(node: cst.CSTNode, inside: bool) -> bool:
    """Whether a node is of types or names alone, or of a kind that mutmut leaves out with good reason."""
    match node:
        case cst.Annotation() | cst.Decorator() | cst.Import() | cst.ImportFrom():
            return True
        case cst.Call(func=cst.Name(value="len" | "isinstance")):
            return True
        case cst.Param(default=default) if default is not None:
            return not isinstance(default, cst.Name | cst.BaseNumber | cst.BaseString)
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value="__all__"))]):
            return True
        case cst.Assign(value=cst.Subscript()):  # a name for a type
            return not inside
    return False
