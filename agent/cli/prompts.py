"""``vidette prompts``: what a model would be sent, letter by letter."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.options import DbOption, open_store, state_of
from agent.cli.terminal import results_console
from agent.report.table import safe
from agent.settings import TriageName
from pipeline.errors import UsageError
from pipeline.text import clean

__all__ = ["prompts_app"]

prompts_app = typer.Typer(help="The prompts, and what a model would be sent.", no_args_is_help=True)


@prompts_app.command("show")
def show(
    context: typer.Context,
    case: Annotated[
        str,
        typer.Argument(metavar="CASE", help="Id of a stored incident, or a case file (TOML, JSON)."),
    ],
    backend: Annotated[
        TriageName, typer.Option("--triage", help="For which backend.")
    ] = TriageName.GUIDANCE_LOCAL,
    knowledge: Annotated[
        Path | None,
        typer.Option("--context", metavar="FILE", help="What is known of the input.", show_default=False),
    ] = None,
    db: DbOption = None,
) -> None:
    """Print what a model would be sent about an incident; nothing is sent."""
    from agent.context_file import load_context
    from agent.models.sent import sent_to
    from agent.policy import load_policy
    from agent.store.scans import media_of
    from agent.triage.case_file import case_of_table
    from agent.triage.judge import case_of
    from pipeline.model import ScanResult, ScanStatus

    settings = state_of(context).settings
    policy, path = load_policy(settings.policy), Path(case)
    if path.suffix.lower() in (".toml", ".json"):
        found = case_of_table(_table(path), clean(case), policy)
    else:
        with open_store(state_of(context), db) as store:
            stored = store.incident(case)
            with store.reading() as session:
                media = media_of(session, stored.incident.id)
        known = knowledge or settings.context
        told = load_context(known).of(stored.url) if known else None
        scan = ScanResult(stored.url, ScanStatus.OK, media=media, incidents=(stored.incident,))
        found = case_of(stored.incident, scan, policy, told)
    console = results_console()
    for title, text in sent_to(backend.value, found):
        console.print(safe(f"--- {title}", "bold"))
        for line in text.split("\n"):
            console.print(safe(line), soft_wrap=True)


def _table(path: Path) -> object:
    """A case file's table.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        text = path.read_text("utf-8")
        return json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as exc:
        raise UsageError(f"{clean(str(path))}: cannot be read ({exc.strerror})") from exc
    except (ValueError, RecursionError) as exc:
        raise UsageError(f"{clean(str(path))}: cannot be read as TOML or JSON") from exc
