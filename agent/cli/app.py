"""``vidette``: the commands put together, and how each ends.

Exit status: 0 well; 1 a defect at or above ``--fail-on`` (``doctor``: something is missing); 2 wrong
usage or configuration; 3 an input could not be assessed; 70 a fault of vidette's own; 130 and 143
stopped by SIGINT or SIGTERM.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer
from typer.main import get_command

from agent.about import version
from agent.cli.commands import CommandGroup
from agent.cli.state import State
from agent.cli.terminal import make_streams_safe, problem
from agent.tracing import start_tracing
from pipeline.errors import InputError, VidetteError

__all__ = ["app", "main", "run"]

USAGE_ERROR = 2
NOT_ASSESSABLE = 3
INTERNAL_ERROR = 70
"""EX_SOFTWARE of sysexits.h."""

app = typer.Typer(
    name="vidette",
    cls=CommandGroup,
    help="Finds defects in video and audio, judges them, and keeps what it found.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"vidette {version()}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")
    ] = False,
    _version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Take the options that come before the command."""
    context.ensure_object(State).debug |= debug
    start_tracing()


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and give its exit status; errors are one line on standard error."""
    make_streams_safe()
    state = State(debug=os.environ.get("VIDETTE_DEBUG", "").lower() in ("1", "true", "yes", "on"))
    try:
        get_command(app)(args=arguments, prog_name="vidette", obj=state)
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else int(exc.code is not None)
    except VidetteError as exc:
        problem(str(exc))
        return NOT_ASSESSABLE if isinstance(exc, InputError) else USAGE_ERROR
    except OSError as exc:
        # A full disk, a device that went away: nothing of ours, and nothing to report.
        if state.debug:
            traceback.print_exc()
        problem(f"cannot go on: {exc}")
        return USAGE_ERROR
    except Exception as exc:
        # The outermost place: whatever comes here is a fault of ours, and still one line.
        if state.debug:
            traceback.print_exc()
        told = f"{type(exc).__name__}: {exc}"
        problem(f"a fault of vidette's own ({told}); please report it with what 'vidette --debug' shows")
        return INTERNAL_ERROR
    return 0


def main() -> NoReturn:
    """The console script."""
    sys.exit(run())
