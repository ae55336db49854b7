"""The floors of the house, read from the imports: nothing reaches up, and the sources stay independent."""

import ast
import subprocess
import sys
from functools import cache

import pytest

from tests.floors import MODULES, ROOT, floor, imported, imports, inside, syntax

HEAVY = ("sympy", "torch", "numpy", "matplotlib", "flint", "mpmath", "typst", "nbformat")


@cache
def reached(start: str) -> set[str]:
    """Every module of the package that importing one of them may ever import, itself included."""
    found, waiting = set(), [start]
    while waiting:
        name = waiting.pop()
        if name not in found and name in MODULES:
            found.add(name)
            waiting += imports(name)
    return found


@pytest.mark.parametrize("name", MODULES)
def test_a_module_stands_on_a_floor(name: str) -> None:
    assert name == "derive" or floor(name) is not None


@pytest.mark.parametrize("name", [name for name in MODULES if floor(name) is not None])
def test_nothing_reaches_up(name: str) -> None:
    ours = floor(name)
    assert ours is not None
    above = [other for other in imports(name) if (floor(other) or 0) > ours]
    assert not above, f"{name} imports {above} from a floor above its own"


@pytest.mark.parametrize("package", ["derive.errors", "derive.files", "derive.render"])
def test_a_room_that_knows_nothing_of_networks(package: str) -> None:
    for name in MODULES:
        if inside(name, package):
            known = [other for other in imports(name) if floor(other) in range(1, 5)]
            assert not known, f"{name} imports {known}"


@pytest.mark.parametrize("source", ["derive.engine.jacobians", "derive.engine.autograd"])
def test_a_source_shares_nothing_with_what_it_checks(source: str) -> None:
    """Not even by way of a third module."""
    shared = {name for name in reached(source) if inside(name, "derive.engine")} - {source, "derive.engine"}
    assert not shared
    assert not [name for name in imports(source) if name.split(".")[0] in ("sympy", "flint")]


def test_exact_never_asks_the_sources() -> None:
    for name in ("derive.engine.exact", "derive.engine.bounds", "derive.engine.proofs"):
        assert not reached(name) & {"derive.engine.autograd"}, name
    assert not reached("derive.engine.exact") & {"derive.engine.jacobians"}


@pytest.mark.parametrize("name", MODULES)
def test_imports_run_in_no_circle(name: str) -> None:
    assert name not in {later for other in imports(name) if other != name for later in reached(other)}


@pytest.mark.parametrize("name", MODULES)
def test_torch_is_imported_in_one_place_and_late(name: str) -> None:
    anywhere = [other for other in imports(name) if inside(other, "torch")]
    assert name == "derive.engine.autograd" or not anywhere
    top = [node for node in syntax(name).body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert not [other for node in top for other in imported(node) if inside(other, "torch")]


@pytest.mark.parametrize("name", [name for name in MODULES if inside(name, "derive.rules")])
def test_the_tables_import_nothing_heavy(name: str) -> None:
    assert not [other for other in imports(name) if other.split(".")[0] in HEAVY]


def test_the_command_line_starts_light() -> None:
    asked = f"import sys, derive.cli.app; print([m for m in {HEAVY!r} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_one_idea(name: str) -> None:
    lines = MODULES[name].read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 300
    for node in ast.walk(syntax(name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < 60, f"{name}.{node.name} is long"


@pytest.mark.parametrize("name", MODULES)
def test_only_the_command_line_prints(name: str) -> None:
    calls = [node.func for node in ast.walk(syntax(name)) if isinstance(node, ast.Call)]
    printed = [call for call in calls if isinstance(call, ast.Name) and call.id == "print"]
    assert not printed or inside(name, "derive.cli") or name == "derive.__main__"


@pytest.mark.parametrize("name", MODULES)
def test_nothing_is_ever_evaluated(name: str) -> None:
    """Input is parsed; eval, exec and SymPy's parser have no place here."""
    names = {node.id for node in ast.walk(syntax(name)) if isinstance(node, ast.Name)}
    attributes = {node.attr for node in ast.walk(syntax(name)) if isinstance(node, ast.Attribute)}
    assert not names & {"eval", "exec"}
    assert not attributes & {"parse_expr", "parse_latex"}
