"""Templates that come from anybody reach nothing but their facts, and say where they fail."""

import os
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pytest
import sympy
from jinja2.sandbox import ImmutableSandboxedEnvironment, SecurityError

from derive import filling
from derive.cli import app
from derive.errors import ProblemError
from derive.exercise.model import Layer
from derive.rules.activations import ACTIVATIONS
from tests.worksheet import stories

TARGET = "OWNED"
# What a template may try to get out by; each is refused as such.
ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}",
    "{{ ''|attr('__class__') }}",
    "{{ ['']|map(attribute='__class__')|first }}",
    "{{ '{0.__class__.__init__.__globals__}'.format(escape) }}",
    "{{ ('{0.__class__}'.format)(escape) }}",
    "{{ '{x.__class__}'.format_map({'x': ''}) }}",
    "{{ escape.__globals__['__builtins__'] }}",
    "{{ escape.__code__ }}",
    "{{ cycler.__init__.__globals__.os.system('touch OWNED') }}",
    "{{ lipsum.__globals__['os'].popen('touch OWNED') }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ namespace.__init__.__globals__ }}",
    "{% set x = namespace() %}{{ x.__class__ }}",
    "{% for i in range(1000000000) %}{{ i }}{% endfor %}",
    "{{ [].append(1) }}",
    "{% do_not_know %}",
    "{% include '/etc/passwd' %}",
    "{% include '../secret' %}",
    "{% include 'a/../../secret' %}",
    "{% import '/etc/passwd' as x %}",
    # The methods of libraries: reading files, unpickling, evaluating text, writing files.
    "{{ model.parse_file('/etc/passwd') }}",
    "{{ model.parse_raw('x', allow_pickle=True) }}",
    "{{ model.model_copy() }}",
    "{{ symbol.subs('x', '__import__(\"os\").system(\"touch OWNED\")') }}",
    "{{ symbol.evalf(1000000) }}",
    "{{ array.tofile('OWNED') }}",
    "{{ array.dump('OWNED') }}",
    "{{ path.write_text('OWNED') }}",
    "{{ path.unlink() }}",
    "{{ module.system('touch OWNED') }}",
    "{{ kind(1) }}",
    "{{ kind.from_bytes('a'.encode()) if kind.x is defined else kind('7') }}",
    "{{ rule.value(1, 2, 3) }}",
    "{{ lent('touch OWNED') }}",
]


def facts() -> dict[str, Any]:
    """One of everything that should never be handed to a template, and the functions that are."""
    gathered = stories.material("two-layer")
    layer: Layer = gathered.sheet.exercise.layers[0]
    return {
        "escape": gathered.facts["escape"],
        "model": layer,
        "symbol": sympy.Symbol("x") + 1,
        "array": np.ones(3),
        "path": Path(TARGET),
        "module": os,
        "kind": int,
        "rule": ACTIVATIONS["sigmoid"],
        "lent": os.system,
    }


@pytest.fixture(scope="module")
def handed() -> dict[str, Any]:
    return facts()


@pytest.mark.parametrize("text", ESCAPES)
def test_nothing_gets_out(
    text: str, handed: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "own"
    own.mkdir()
    (tmp_path / "secret").write_text("secret", "utf-8")
    (own / "page.html.j2").write_text(f"first line\n{text}\n", "utf-8")
    with pytest.raises(ProblemError) as refused:
        filling.fill("page.html.j2", handed, own)
    (problem,) = refused.value.problems
    assert problem.file == str(own / "page.html.j2")
    assert problem.line == 2
    assert problem.fix
    assert not list(tmp_path.rglob(TARGET))


def test_the_sandbox_is_the_strict_one(tmp_path: Path) -> None:
    made = filling.environment([tmp_path])
    assert isinstance(made, ImmutableSandboxedEnvironment)
    assert made.undefined is jinja2.StrictUndefined
    with pytest.raises(SecurityError):
        made.from_string("{{ x.popitem() }}").render(x={"a": 1})
    with pytest.raises(SecurityError):
        made.from_string("{% set _ = x.append(1) %}").render(x=[])


def test_what_stories_need_works(tmp_path: Path, handed: dict[str, Any]) -> None:
    """Plain methods, macros, Jinja's own helpers, and the functions that stories are handed."""
    text = (
        "{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}{{ twice('a') }} {{ 'a/b'.split('/')[0] }} "
        "{{ '{}'.format(1) }} {{ {'a': 1}.items() | list }} {{ escape('*') }} {{ dict(a=1) }} "
        "{% for x in range(2) %}{{ loop.cycle('p', 'q') }}{% endfor %}"
        "{% set n = namespace(x=1) %}{% set n.x = 2 %}{{ n.x }}"
    )
    (tmp_path / "a.j2").write_text(text, "utf-8")
    made = filling.fill("a.j2", handed, tmp_path)
    assert made == r"aa a 1 [('a', 1)] \* {'a': 1} pq2"


def test_values_are_escaped_as_html_where_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "c").write_text("{{ x }}", "utf-8")
    assert filling.fill("c", {"x": "<b>"}, tmp_path, html=True) == "&lt;b&gt;"
    assert filling.fill("c", {"x": "<b>"}, tmp_path) == "<b>"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a\n\n{{ misspelt }}", 3, "'misspelt' is undefined"),
        ("{{ 1 / 0 }}", 1, "ZeroDivisionError: division by zero"),
        ("a\n{{ 1 + 'a' }}", 2, "TypeError: "),
        ("a\nb\n{% if %}", 3, "Expected an expression"),
        ("{% for x in [] %}", 1, "Unexpected end of template"),
        ("a\n{% include 'missing.j2' %}", 2, "there is no template missing.j2"),
        ("{% extends 'page.html.j2' %}", 1, "RecursionError: "),
        ("{{ escape(1) }}", 1, "Error: "),
    ],
)
def test_a_template_that_fails_is_named_with_its_line(
    text: str, line: int, said: str, tmp_path: Path, handed: dict[str, Any]
) -> None:
    (tmp_path / "page.html.j2").write_text(text, "utf-8")
    with pytest.raises(ProblemError) as refused:
        filling.fill("page.html.j2", handed, tmp_path)
    (problem,) = refused.value.problems
    assert (problem.file, problem.line) == (str(tmp_path / "page.html.j2"), line)
    assert said in problem.what


def test_a_shipped_template_that_fails_is_the_programs_own_fault(tmp_path: Path) -> None:
    """Nobody is told to mend what is not theirs."""
    for extra in (None, tmp_path):
        with pytest.raises(jinja2.UndefinedError):
            filling.fill("page.html.j2", {}, extra)


def test_words_that_a_template_lacks_are_missed_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.j2").write_text("{% set picture_words = {'a': 'x'} %}", "utf-8")
    (tmp_path / "b.j2").write_text("{% set picture_words = 7 %}", "utf-8")
    assert filling.tell("a.j2", {}, tmp_path).picture_words["a"] == "x"
    for name in ("a.j2", "b.j2"):
        with pytest.raises(ProblemError) as missed:
            filling.tell(name, {}, tmp_path).picture_words["hidden"]
        (problem,) = missed.value.problems
        assert problem.file == str(tmp_path / name)
        assert 'picture_words["hidden"]' in problem.what


OWN = {
    "worksheet.en.md.j2": "md",
    "page.html.j2": "html",
    "page.tex.j2": "tex",
    "page.typ.j2": "pdf",
    "quiz.qti.j2": "canvas",
    "quiz.manifest.j2": "canvas",
}


@pytest.mark.parametrize(("name", "extension"), OWN.items())
def test_every_template_of_a_report_can_fail_without_a_fault(
    name: str,
    extension: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    own, out = tmp_path / "own", tmp_path / "out"
    own.mkdir()
    (own / name).write_text("\n\n{{ nonsense }} << nonsense >>", "utf-8")
    arguments = ["--templates", own, "--out", out, "--lang", "en", "--format", extension, "-q"]
    monkeypatch.setattr(
        "sys.argv", ["derive", "report", str(stories.SHIPPED["logistic-regression"]), *map(str, arguments)]
    )
    with pytest.raises(SystemExit) as stopped:
        app.main()
    assert stopped.value.code == 1
    assert f"{own / name}:3: error: the template fails: 'nonsense' is undefined" in capsys.readouterr().err
    assert not out.exists()
