"""Mutants are what they are called, reach what mutmut alone would not, and end as their tests say."""

import ast
import subprocess
import sys
from dataclasses import replace

import pytest

pytest.importorskip("mutmut")

from mutants import __main__ as command
from mutants.making import ROOT, Mutant, mutants, path_of
from mutants.trials import KILLED, SURVIVED, TIMED_OUT, Reach, unchanged

GRADE = "derive.classroom.grading.grade"


def test_each_mutant_is_the_module_with_one_place_changed() -> None:
    text = path_of(GRADE).read_text("utf-8").splitlines()
    made, total = mutants(GRADE)
    assert len({mutant.key for mutant in made}) == len(made) == total > 50
    for mutant in made:
        ast.parse(mutant.text)
        before = [line[2:] for line in mutant.change if line.startswith("-")]
        after = [line[2:] for line in mutant.change if line.startswith("+")]
        changed = mutant.text.splitlines()
        assert before != after
        assert set(before) <= {line.strip() for line in text[mutant.lines.start - 1 : mutant.lines.stop - 1]}
        assert len(changed) - len(text) == len(after) - len(before)
        assert changed[: mutant.lines.start - 1] == text[: mutant.lines.start - 1]


def test_properties_and_the_level_of_the_module_are_changed_too() -> None:
    assert {"Marker.rubric", "Marker._sorter", "grade"} <= {mutant.place for mutant in mutants(GRADE)[0]}
    made, _ = mutants("derive.classroom.grading.notebooks")
    assert [mutant for mutant in made if not mutant.place]
    changes = [line for mutant in made for line in mutant.change]
    assert not [line for line in changes if line[2:].startswith(("import", "from", '"""', "@"))]


def test_the_same_seed_draws_the_same() -> None:
    assert mutants(GRADE, 5, seed=7) == mutants(GRADE, 5, seed=7) != mutants(GRADE, 5, seed=8)


def test_the_own_tests_of_a_module_come_first_and_the_quickest_of_them() -> None:
    found = Reach(
        {"b.py::slow": 2.0, "b.py::quick": 1.0, "a.py::one": 0.1, "a.py::other": 0.2},
        {("m", 3): {"b.py::slow", "b.py::quick"}, ("m", 4): {"a.py"}},
    )
    assert list(found.of("m", range(3, 4), ["a.py", "b.py"])) == ["b.py::quick", "b.py::slow"]
    assert list(found.of("m", range(3, 5), ["b.py", "a.py"]))[2:] == ["a.py::one", "a.py::other"]
    assert found.of("m", range(9, 10), ["a.py", "b.py"]) == {}
    assert found.of("m", range(4, 5), ["b.py"]) == {}


@pytest.mark.parametrize("module", command.TARGETS)
def test_the_tests_of_a_module_exist(module: str) -> None:
    assert path_of(module).is_file()
    assert all((ROOT / file).is_file() for file in command.files(module))


def test_the_report_counts_what_came_of_each() -> None:
    one = unchanged(GRADE)
    chosen = [replace(one, place=place, change=("- a", "+ b")) for place in "abcd"]
    outcomes = dict(
        zip([mutant.key for mutant in chosen], [KILLED, KILLED, TIMED_OUT, SURVIVED], strict=True)
    )
    text = command.markdown(chosen, outcomes, {GRADE: 326}, 60.0)
    assert f"| `{GRADE}` | 326 | 4 | 2 | 1 | 1 | 75.0 % |" in text
    assert "line 1, `d`" in text
    assert "line 1, `a`" not in text


TRIALS = """
from mutants import trials
from mutants.making import Mutant

def changed(before, after):
    text = trials.unchanged(MODULE).text
    assert text.count(before) == 1
    return Mutant(MODULE, after, range(1, 200), (), text.replace(before, after))

MODULE, FILE = "derive.engine.sources", "tests/engine/test_sources.py"
trials.SPARE = 1.0
trials.warm()
reached = trials.reach([FILE], [MODULE], 3.0, 2)
given = [
    trials.unchanged(MODULE),
    changed("difference <= Fraction(self.bound)", "difference < Fraction(self.bound)"),
    changed("def entry(self) -> str:", "def entry(self) -> str:\\n        while True: pass"),
    changed("nearest_float(self.difference / abs", "no_such_name(self.difference / abs"),
    changed("from math import inf, isfinite", "from math import inf, finite"),
]
found = {
    mutant.place: (outcome, test)
    for mutant, outcome, test in trials.trials(given, lambda m: reached.of(MODULE, m.lines, [FILE]), 2)
}
for mutant in given:
    print(*found[mutant.place])
"""


@pytest.mark.slow
def test_what_becomes_of_mutants() -> None:
    done = subprocess.run(
        [sys.executable, "-c", TRIALS], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    whole, within, endless, named, imported = done.stdout.splitlines()
    assert whole.strip() == SURVIVED
    assert within.startswith(f"{KILLED} tests/engine/test_sources.py::")
    assert endless.strip() == TIMED_OUT
    assert named.startswith(f"{KILLED} tests/engine/test_sources.py::")
    assert imported.startswith(KILLED)


def test_a_mutant_is_known_by_its_change() -> None:
    assert Mutant("m", "f", range(3, 4), ("- a", "+ b"), "").key == "m f 3\n- a\n+ b"
