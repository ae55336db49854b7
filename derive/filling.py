"""Filling templates in Jinja's sandbox; what is wrong with a user's own template is said with file and line.

A template may come from anybody. It sees the facts that it is handed, and can call nothing but what was made
for templates: no method of a library's object, no class, nothing whose name begins with an underscore.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from traceback import walk_tb
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from derive import files
from derive.errors import DeriveError, Problem, ProblemError

_OURS = ("derive.worksheet.", "derive.render.", "derive.network", "jinja2.")  # whose functions may be called
_PLAIN = (str, list, tuple, dict, int)  # whose methods may be called; the sandbox refuses those that change


@dataclass(frozen=True)
class Told:
    """What a template of a story says.

    Attributes:
        markdown: The story.
        picture_words: What the template wants pictures to call things.
    """

    markdown: str
    picture_words: Mapping[str, str]


def fill(
    name: str, facts: Mapping[str, Any], extra: Path | None, *, html: bool = False, brackets: str = "{}"
) -> str:
    """A template with its facts put in.

    Args:
        name: Of the template's file.
        facts: What it may name.
        extra: The user's own folder of templates, which goes first.
        html: Whether values are escaped as HTML.
        brackets: "{}" for `{{ value }}` and `{% if %}`; "<>" for `<< value >>` and `<% if %>`, which suit
            TeX and Typst better.

    Raises:
        ProblemError: A template of the user's own doesn't work.
    """
    with _blamed(extra):
        return _kept(extra, html, brackets).get_template(name).render(facts)


def tell(name: str, facts: Mapping[str, Any], extra: Path | None) -> Told:
    """A story: a template that also says what pictures call things, in `picture_words`.

    Args:
        name: Of the template's file.
        facts: What it may name.
        extra: The user's own folder of templates, which goes first.

    Raises:
        ProblemError: A template of the user's own doesn't work. Words that it lacks are missed when they are
            asked for.
    """
    with _blamed(extra):
        template = _kept(extra, html=False, brackets="{}").get_template(name)
        module = template.make_module(dict(facts))
        words = getattr(module, "picture_words", {})
        return Told(str(module), _Words(template.filename or name, words if isinstance(words, dict) else {}))


class _Words(dict[str, str]):
    """The words of pictures; one that the template doesn't set is its author's to add."""

    def __init__(self, file: str, words: Mapping[str, str]) -> None:
        super().__init__({key: str(word) for key, word in words.items()})
        self._file = file

    def __missing__(self, key: str) -> str:
        what = f'the template sets no picture_words["{key}"]'
        fix = "take {% set picture_words = ... %} from the template that comes with the program"
        raise ProblemError([Problem(self._file, None, None, what, "", fix)])


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, in which methods of strangers can't be called either.

    The models of an exercise file can read files, SymPy evaluates text, arrays write themselves to the disk:
    whatever objects the facts may lead to, now or later, a template reads what they hold and no more.
    """

    def is_safe_callable(self, obj: Any) -> bool:
        """Jinja's hook: whether a template may call something."""
        if not super().is_safe_callable(obj):
            return False
        if isinstance(obj, type):
            return any(obj is known for known in self.globals.values())
        bound = getattr(obj, "__wrapped__", obj)  # the sandbox wraps str.format
        if isinstance(getattr(bound, "__self__", None), _PLAIN):
            return True
        made_in = getattr(obj, "__module__", None) or type(obj).__module__
        return f"{made_in}.".startswith(_OURS)


def environment(folders: Sequence[Path], *, html: bool = False, brackets: str = "{}") -> jinja2.Environment:
    """A Jinja environment in which a misspelt name raises and templates can't reach the program.

    Args:
        folders: Where templates are looked for, first place first.
        html: As for `fill`.
        brackets: As for `fill`.
    """
    opening, closing = brackets[0], brackets[1]
    return _Sandbox(
        loader=jinja2.FileSystemLoader(folders),
        undefined=jinja2.StrictUndefined,
        autoescape=html,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        variable_start_string=opening * 2,
        variable_end_string=closing * 2,
        block_start_string=opening + "%",
        block_end_string="%" + closing,
        comment_start_string=opening + "#",
        comment_end_string="#" + closing,
    )


@cache
def _kept(extra: Path | None, html: bool, brackets: str) -> jinja2.Environment:
    """Kept, so that each template is compiled once."""
    return environment(files.template_folders(extra), html=html, brackets=brackets)


@contextmanager
def _blamed(extra: Path | None) -> Iterator[None]:
    """Whatever a template of the user's own raises is that template's problem; the rest is the program's."""
    try:
        yield
    except DeriveError:
        raise
    except Exception as error:
        place = None if extra is None else _place(error, extra)
        if place is None:
            raise
        file, line = place
        raise ProblemError([_problem(error, file, line)]) from None


def _place(error: Exception, extra: Path) -> tuple[str, int | None] | None:
    """Where in the user's own templates it went wrong: as deep as these go."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        file = error.filename or ""
        return (file, error.lineno) if _is_below(file, extra) else None
    frames = [pair for pair in walk_tb(error.__traceback__) if _is_below(pair[0].f_code.co_filename, extra)]
    if not frames:
        return None
    frame, line = frames[-1]
    # Unless Jinja has put the template's own lines in already.
    template = frame.f_globals.get("__jinja_template__")
    return frame.f_code.co_filename, line if template is None else template.get_corresponding_lineno(line)


def _is_below(file: str, folder: Path) -> bool:
    return Path(file).is_relative_to(folder)


def _problem(error: Exception, file: str, line: int | None) -> Problem:
    said, fix = str(error) or "it stops", "compare it with the template that comes with the program"
    if isinstance(error, jinja2.TemplateNotFound):
        said, fix = f"there is no template {error.name}", "name a file of your folder or the program's"
    elif isinstance(error, jinja2.exceptions.SecurityError):
        fix = "templates run in a sandbox: they read what they are handed, and call nothing else"
    elif not isinstance(error, jinja2.TemplateError):
        said = f"{type(error).__name__}: {said}"
    return Problem(file, line, None, f"the template fails: {said}", "", fix)
