"""``vidette outbox``: what is still to be told, what never arrived, and telling it again."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.box import ROUNDED
from rich.table import Table
from rich.text import Text

from agent.cli.options import DbOption, JsonOption, TreeOption, open_store, state_of
from agent.cli.routes import tree_of
from agent.cli.stopping import Stopping
from agent.cli.terminal import print_json, results_console
from agent.page import Page, PageState
from agent.paging import Paging, open_places
from agent.report.document import render_json
from agent.report.table import safe
from agent.report.words import plural
from agent.store.outbox import Outbox
from pipeline.errors import UsageError

__all__ = ["outbox_app"]

SCHEMA = "vidette.outbox/1"

outbox_app = typer.Typer(
    help="See what is to be told, and tell again what never arrived.", no_args_is_help=True
)


@outbox_app.callback()
def group() -> None:
    """See what is to be told, and tell again what never arrived."""


@outbox_app.command("list")
def list_pages(
    context: typer.Context,
    state: Annotated[
        list[PageState] | None,
        typer.Option(
            "--state", help="Pages in this state; may be given again. [waiting, dead]", show_default=False
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 50,
    json_document: JsonOption = False,
    db: DbOption = None,
) -> None:
    """List pages that wait, and dead letters."""
    with open_store(state_of(context), db) as store:
        pages = Outbox(store).pages(state or (PageState.WAITING, PageState.DEAD), limit)
    if json_document:
        print_json(render_json({"schema": SCHEMA, "pages": [_document(page) for page in pages]}))
    elif pages:
        results_console().print(_table(pages))
    else:
        results_console().print(safe("No page is in that state."))


@outbox_app.command("replay")
def replay_pages(
    context: typer.Context,
    keys: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PAGE]...", help="Keys of dead letters.", show_default=False),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All dead letters.")] = False,
    db: DbOption = None,
) -> None:
    """Put dead letters back among those that wait; the service sends them, or 'vidette outbox deliver'."""
    if bool(keys) == everything:
        raise UsageError("give the keys of dead letters, or --all")
    with open_store(state_of(context), db) as store:
        found = Outbox(store).replay(None if everything else keys, datetime.now(UTC))
    missing = sorted(set(keys or ()) - set(found))
    if missing:
        raise UsageError(f"no dead letter {', '.join(missing)}; 'vidette outbox list' shows them")
    results_console().print(safe(f"{plural(len(found), 'page')} put back."))


@outbox_app.command("deliver")
def deliver(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Send what is due, and end.")] = False,
    notify: TreeOption = None,
    db: DbOption = None,
) -> None:
    """Send what is due, without the service: until stopped, or once."""
    state = state_of(context)
    tree = tree_of(state, notify)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with open_store(state, db) as store, Stopping() as stopping:
        paging = Paging(store, tree, open_places(tree))
        paging.begin()
        if once:
            results_console().print(safe(f"{plural(paging.deliver(), 'page')} tried."))
            return
        paging.run(stopping.event)
    raise typer.Exit(stopping.status or 0)


def _document(page: Page) -> dict[str, object]:
    return {
        "key": page.key,
        "destination": page.destination,
        "state": page.state.value,
        "incidents": list(page.incidents),
        "due_at": page.due_at.isoformat() if page.due_at else None,
        "attempts": page.attempts,
        "error": page.error,
        "why": page.why,
    }


def _table(pages: list[Page]) -> Table:
    table = Table(box=ROUNDED)
    table.add_column("Page", no_wrap=True)
    for name in ("To", "State", "Due (UTC)", "Tried"):
        table.add_column(name)
    table.add_column("Why, and what went wrong", ratio=1, overflow="fold")
    for page in pages:
        due = f"{page.due_at:%Y-%m-%d %H:%M:%S}" if page.due_at else ""
        told = safe(page.why)
        if page.error:
            told.append("\n").append_text(safe(page.error, "red"))
        state = Text(page.state.value, "red" if page.state is PageState.DEAD else "")
        table.add_row(page.key, safe(page.destination), state, due, str(page.attempts), told)
    return table
