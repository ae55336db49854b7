"""Both READMEs: what they name is there, and each leads to the other."""

import re
import tomllib
from pathlib import Path

import pytest
import typer.main

from derive.cli.app import app
from derive.render.formats import FORMATS
from derive.rules.activations import ACTIVATIONS
from derive.rules.losses import LOSSES

ROOT = Path(__file__).parents[1]
READMES = {"en": ROOT / "README.md", "ko": ROOT / "README.ko.md"}
COMMANDS = {
    name: {option for parameter in command.params for option in parameter.opts}
    for name, command in typer.main.get_command(app).commands.items()  # type: ignore[attr-defined]
}
VERBATIM = re.compile(r"^(?:    |\$ )(?:\.venv/bin/)?(derive|make) +([a-z]+)([^\n#]*)", re.MULTILINE)
SPAN = re.compile(r"`(derive|make) ([a-z]+)([^`]*)`")
COUNTS = {"활성화 함수 {}가지": len(ACTIVATIONS), "손실 함수 {}가지": len(LOSSES)}


def text_of(language: str) -> str:
    return READMES[language].read_text("utf-8")


def named(language: str) -> list[tuple[str, str, str]]:
    """Program, command and the rest of each line or span that is one."""
    found = VERBATIM.findall(text_of(language)) + SPAN.findall(text_of(language))
    assert found
    return found


@pytest.mark.parametrize("language", READMES)
def test_every_command_and_option_is_one(language: str) -> None:
    for program, command, rest in named(language):
        if program == "derive":
            assert set(re.findall(r"(?<!\S)\[?(--[a-z-]+)", rest)) <= COMMANDS[command], f"{command}{rest}"


@pytest.mark.parametrize("language", READMES)
def test_every_target_and_variable_is_in_the_makefile(language: str) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for program, target, rest in named(language):
        if program == "make":
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
            for variable in re.findall(r"\b([A-Z_]+)=", rest):
                assert re.search(rf"^{variable} +\?=", makefile, re.MULTILINE), variable


@pytest.mark.parametrize("language", READMES)
def test_every_link_to_a_file_leads_to_one(language: str) -> None:
    links = re.findall(r'\]\(([^)\s]+)\)|src="([^"]+)"', text_of(language))
    for link in (link or source for link, source in links):
        path, _, place = link.partition("#")
        if ":" not in link:
            assert (ROOT / path).exists(), link
        if place and path == "README.md":
            headings = re.findall(r"^#+ (.*)$", text_of("en"), re.MULTILINE)
            assert place in {heading.lower().replace(" ", "-") for heading in headings}


def test_each_leads_to_the_other_at_its_beginning() -> None:
    for here, there in (("en", "ko"), ("ko", "en")):
        assert f"({READMES[there].name})" in "\n".join(text_of(here).splitlines()[:3])


def test_both_are_in_the_source_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert {f"/{path.name}" for path in READMES.values()} <= set(included)


def test_what_the_korean_one_counts_is_so_many() -> None:
    text = text_of("ko")
    for words, count in COUNTS.items():
        assert words.format(count) in text
    assert f"예제 {len(list((ROOT / 'exercises').glob('*.yaml')))}개" in text


@pytest.mark.parametrize("language", READMES)
def test_every_format_is_named(language: str) -> None:
    text = text_of(language)
    for name in FORMATS:
        extension = "check.json" if name == "json" else rf"\.{name}\b"
        assert re.search(extension, text) or f"--format {name}" in text, name
