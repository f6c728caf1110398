"""``vidette route``: who is told of an incident and why, and what another tree would have told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import ROUNDED
from rich.table import Table
from rich.text import Text

from agent.backtest import Compared, Told, compare
from agent.cli.incidents import parse_since
from agent.cli.options import DbOption, JsonOption, TreeOption, open_store, state_of
from agent.cli.state import State
from agent.cli.terminal import print_json, results_console
from agent.notify.planning import plan
from agent.notify.routing import Visit, walk
from agent.notify.tree import Tree, load_tree
from agent.page import Page
from agent.paging import notice_of
from agent.report.document import render_json
from agent.report.table import SHORT_ID, safe
from agent.report.words import duration, plural
from agent.store import IncidentFilter
from pipeline.errors import UsageError

__all__ = ["route_app", "tree_of"]

TEST_SCHEMA = "vidette.route/1"
BACKTEST_SCHEMA = "vidette.backtest/1"
MOST_SHOWN = 30
MOST_INCIDENTS = 10_000

route_app = typer.Typer(help="Try the routing tree of notifications.", no_args_is_help=True)


@route_app.callback()
def group() -> None:
    """Try the routing tree of notifications; nothing is sent."""


def tree_of(state: State, path: Path | None) -> Tree:
    """The tree that is asked for, or the one of the settings.

    Raises:
        UsageError: none is named, or the file is wrong.
    """
    chosen = path or state.settings.notify
    if chosen is None:
        raise UsageError("no notification file is named: give --notify FILE, or set VIDETTE_NOTIFY")
    return load_tree(chosen)


@route_app.command("test")
def test_route(
    context: typer.Context,
    prefix: Annotated[str, typer.Argument(metavar="INCIDENT", help="Its id, or the beginning of it.")],
    notify: TreeOption = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="TIME", help="As if it were then: 2026-11-24T23:30 (UTC).", show_default=False
        ),
    ] = None,
    json_document: JsonOption = False,
    db: DbOption = None,
) -> None:
    """Print who would be told of a stored incident, when, and why; nothing is sent."""
    state = state_of(context)
    tree = tree_of(state, notify)
    now = datetime.now(UTC)
    when = now if at is None else parse_since(at, now)
    with open_store(state, db) as store:
        notice = notice_of(store.incident(prefix), tree)
    if notice is None:
        raise UsageError("this incident has no verdict yet, so nobody is told of it")
    visits, pages = walk(tree, notice, when), plan(tree, notice, when, [])
    if json_document:
        nodes = [{"path": list(v.path), "taken": v.taken, "why": v.why} for v in visits]
        told = [_page_document(page, when) for page in pages]
        print_json(
            render_json({"schema": TEST_SCHEMA, "incident": notice.incident, "nodes": nodes, "pages": told})
        )
        return
    console = results_console()
    console.print(safe(f"{notice.severity.value}: {notice.title} ({notice.url})", "bold"))
    console.print(*_branches(visits), sep="\n")
    console.print(
        _told_table(tree, pages, when) if pages else safe(f"Nobody: it is {notice.standing.value}.")
    )


@route_app.command("backtest")
def backtest(
    context: typer.Context,
    changed: Annotated[Path, typer.Argument(metavar="TREE", help="The changed notification file.")],
    notify: TreeOption = None,
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="Incidents seen since then: 24h, 7d, 2w, a date.")
    ] = "30d",
    json_document: JsonOption = False,
    db: DbOption = None,
) -> None:
    """Run a changed tree over stored incidents: pages gained and lost against the present one."""
    state = state_of(context)
    old, new = tree_of(state, notify), load_tree(changed)
    wanted = IncidentFilter(since=parse_since(since, datetime.now(UTC)), limit=MOST_INCIDENTS)
    with open_store(state, db) as store:
        stored = store.incidents(wanted)
    found = compare(old, new, stored)
    if json_document:
        print_json(render_json(_compared_document(found, len(stored))))
        return
    console = results_console()
    told = f"{plural(len(stored), 'incident')}: {len(found.gained)} told more, {len(found.lost)} told no more"
    console.print(safe(told, "bold"), _counts_table(found))
    for name, items in (("Gained", found.gained), ("Lost", found.lost)):
        if items:
            console.print(_difference_table(name, items))


def _branches(visits: list[Visit]) -> Iterator[Text]:
    for visit in visits:
        mark, style = ("\N{CHECK MARK}", "green") if visit.taken else ("\N{MULTIPLICATION SIGN}", "dim")
        line = safe(f"{mark} {visit.path[-1]}: {visit.why}", style)
        yield Text("  " * (len(visit.path) - 1)).append_text(line)


def _told_table(tree: Tree, pages: list[Page], when: datetime) -> Table:
    table = Table(box=ROUNDED)
    for name in ("Told", "By", "When", "Why"):
        table.add_column(name, overflow="fold")
    for page in pages:
        kind = tree.destinations[page.destination].kind
        table.add_row(safe(page.destination), Text(kind), Text(_when(page, when)), safe(page.why))
    return table


def _when(page: Page, when: datetime) -> str:
    wait = (page.due_at or when) - when
    if wait <= timedelta(0):
        return "at once"
    told = f"in {duration(wait.total_seconds())}"
    return f"{told}, unless acknowledged" if page.step else told


def _page_document(page: Page, when: datetime) -> dict[str, Any]:
    return {
        "destination": page.destination,
        "due_at": (page.due_at or when).isoformat(),
        "escalation": page.step,
        "why": page.why,
    }


def _counts_table(found: Compared) -> Table:
    table = Table("Destination", "Messages now", "With the change", box=ROUNDED)
    for name in sorted({*found.before, *found.after}):
        table.add_row(safe(name), str(found.before.get(name, 0)), str(found.after.get(name, 0)))
    return table


def _difference_table(name: str, items: tuple[Told, ...]) -> Table:
    table = Table(name, "Incident", "At (UTC)", "Why", box=ROUNDED)
    for item in items[:MOST_SHOWN]:
        at = f"{item.at:%Y-%m-%d %H:%M}"
        table.add_row(safe(item.destination), safe(item.incident[:SHORT_ID]), at, safe(item.why))
    if len(items) > MOST_SHOWN:
        table.add_row(f"and {len(items) - MOST_SHOWN} more", "", "", "")
    return table


def _compared_document(found: Compared, incidents: int) -> dict[str, Any]:
    def told(items: tuple[Told, ...]) -> list[dict[str, Any]]:
        return [
            {
                "destination": item.destination,
                "incident": item.incident,
                "escalation": item.step,
                "at": item.at.isoformat(),
                "why": item.why,
            }
            for item in items
        ]

    return {
        "schema": BACKTEST_SCHEMA,
        "incidents": incidents,
        "messages": {"before": found.before, "after": found.after},
        "gained": told(found.gained),
        "lost": told(found.lost),
    }
