"""The floors of the house and the imports between its modules, read from the source."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "derive"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
FLOORS = (
    ("derive.errors", "derive.files", "derive.filling"),
    ("derive.rules",),
    ("derive.exercise",),
    ("derive.network",),
    ("derive.engine",),
    ("derive.classroom", "derive.worksheet", "derive.render"),
    ("derive.cli", "derive.__main__"),
)


def inside(name: str, package: str) -> bool:
    """Whether a module is a package or lives in it."""
    return name == package or name.startswith(f"{package}.")


def floor(name: str) -> int | None:
    """The number of a module's floor; None for the package itself."""
    found = [number for number, parts in enumerate(FLOORS) if any(inside(name, part) for part in parts)]
    return found[0] if found else None


def imported(tree: ast.AST) -> Iterator[str]:
    """Full names of everything that is imported anywhere in the tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written out in full"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in MODULES else str(node.module)


@cache
def syntax(name: str) -> ast.Module:
    """A module's syntax tree."""
    return ast.parse(MODULES[name].read_text(encoding="utf-8"))


@cache
def imports(name: str) -> tuple[str, ...]:
    """Everything that a module imports, at its top or inside a function."""
    return tuple(imported(syntax(name)))
