"""The `derive` command: its commands, and what each way of failing exits with.

0 done; 1 the input or the verification failed; 2 wrong usage; 70 a fault of the program.
"""

import gc
import sys
import traceback
from typing import Annotated

import typer

from derive import __version__
from derive.cli import check, grade, new, report, schema, variants
from derive.cli.say import show_error, warn

FAILED = 1
FAULT = 70
# Importing makes a million objects that all stay; looking for garbage at every 700th is a tenth of a run.
GARBAGE_THRESHOLD = 50_000

app = typer.Typer(
    help="Verified worked solutions of back-propagation exercises.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("report")(report.report)
app.command("check")(check.check)
app.command("variants")(variants.variants)
app.command("grade")(grade.grade)
app.command("new")(new.new)
app.command("schema")(schema.schema)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"derive {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Verified worked solutions of back-propagation exercises."""


def main() -> None:
    """Run the command line and exit with the code that the outcome has."""
    from derive.errors import DeriveError

    gc.set_threshold(GARBAGE_THRESHOLD, 20, 20)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal can't show is no fault
    try:
        app(prog_name="derive")
    except DeriveError as error:
        show_error(error)
        sys.exit(FAILED)
    except ImportError:
        raise  # a broken installation; `__main__` says so, for what this module needs too
    except Exception as error:
        _show_fault(error)
        sys.exit(FAULT)


def _show_fault(error: Exception) -> None:
    if {"--verbose", "-v"} & set(sys.argv):
        traceback.print_exc()
    last = traceback.extract_tb(error.__traceback__)[-1]
    warn(
        f"derive: a fault of the program, not of your file: {type(error).__name__}: {error} "
        f"({last.name}, line {last.lineno}); --verbose shows where"
    )
