"""``vidette incidents``: what is stored, listed and in full."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.box import ROUNDED
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from agent.cli.options import DbOption, JsonOption, open_store, state_of
from agent.cli.terminal import print_json, results_console
from agent.report.document import event_document, incident_document, render_json, verdict_document
from agent.report.table import SHORT_ID, event_table, facts_grid, safe, span_cell, verdict_cell
from agent.report.words import humanize
from agent.store import IncidentFilter, StoredIncident
from agent.text import encodable
from agent.verdict import Severity, Verdict
from pipeline.errors import UsageError
from pipeline.model import Cause
from pipeline.text import clean

__all__ = ["incidents_app", "parse_since"]

LIST_SCHEMA = "vidette.incidents/1"
SHOW_SCHEMA = "vidette.incident/1"

UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}

incidents_app = typer.Typer(help="List what is stored, or show one incident.", invoke_without_command=True)


@incidents_app.callback()
def list_incidents(
    context: typer.Context,
    severity: Annotated[
        Severity | None, typer.Option("--severity", help="This severity or worse.", show_default=False)
    ] = None,
    cause: Annotated[Cause | None, typer.Option("--cause", help="This cause.", show_default=False)] = None,
    part: Annotated[
        str | None,
        typer.Option("--input", metavar="TEXT", help="Part of the file name or URL.", show_default=False),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="TIME",
            help="Seen since then: 90m, 24h, 7d, 2w, or 2026-11-24T08:00 (UTC unless it says).",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 50,
    gone: Annotated[bool, typer.Option("--gone/--no-gone", help="Also those found no more.")] = True,
    json_document: JsonOption = False,
    db: DbOption = None,
) -> None:
    """List what is stored, the last seen first."""
    if context.invoked_subcommand is not None:
        return
    wanted = IncidentFilter(
        severity=severity,
        cause=cause,
        input=part,
        since=None if since is None else parse_since(since, datetime.now(UTC)),
        gone=gone,
        limit=limit + 1,
    )
    with open_store(state_of(context), db) as store:
        found, place = store.incidents(wanted), store.name
    shown, more = found[:limit], len(found) > limit
    if json_document:
        rows = [_document(item) for item in shown]
        print_json(render_json({"schema": LIST_SCHEMA, "more": more, "incidents": rows}))
    elif shown:
        results_console().print(_table(shown), f"There are more than {limit}; see --limit." if more else "")
    else:
        results_console().print(safe(f"No incident of that kind is stored in {place}."))


@incidents_app.command("show")
def show_incident(
    context: typer.Context,
    prefix: Annotated[str, typer.Argument(metavar="ID", help="Its id, or the beginning of it.")],
    json_document: JsonOption = False,
    db: DbOption = None,
) -> None:
    """Show all of one incident, and every verdict it has had."""
    group = context.parent.params if context.parent else {}
    with open_store(state_of(context), db or group.get("db")) as store:
        found = store.incident(prefix)
    if json_document:
        print_json(render_json({"schema": SHOW_SCHEMA, "incident": _document(found)}))
    else:
        results_console().print(_view(found))


def parse_since(text: str, now: datetime) -> datetime:
    """A time, or a length of time before ``now``.

    Raises:
        UsageError: it is neither.
    """
    match = re.fullmatch(r"(\d{1,6})([mhdw])", text.strip())
    if match:
        return now - int(match[1]) * UNITS[match[2]]
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError as exc:
        told = f"--since must be like 90m, 24h, 7d, 2w or 2026-11-24T08:00, got {clean(text)!r}"
        raise UsageError(told) from exc
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _document(found: StoredIncident) -> dict[str, Any]:
    incident = found.incident
    return {
        **incident_document(incident, found.verdict),
        "events": [event_document(event) for event in incident.events],
        "input": encodable(incident.input),
        "url": encodable(found.url),
        "profile": encodable(found.profile),
        "first_seen_at": found.first_seen_at.isoformat(),
        "last_seen_at": found.last_seen_at.isoformat(),
        "gone_at": found.gone_at.isoformat() if found.gone_at else None,
        "history": [
            {"judged_at": item.judged_at.isoformat(), "verdict": verdict_document(item.verdict)}
            for item in found.history
        ],
    }


def _table(found: list[StoredIncident]) -> Table:
    table = Table(box=ROUNDED)
    for name in ("Id", "Severity", "From, to"):
        table.add_column(name, no_wrap=True)
    table.add_column("Incident", ratio=1, overflow="fold")
    table.add_column("Last seen (UTC)")
    for item in found:
        told = safe(item.verdict.title if item.verdict else humanize(item.incident.cause.value))
        told.append("\n").append_text(safe(item.url, "dim"))
        seen = f"{item.last_seen_at:%Y-%m-%d %H:%M}" + ("\nfound no more" if item.gone_at else "")
        short = item.incident.id[:SHORT_ID]
        table.add_row(safe(short), verdict_cell(item.verdict), span_cell(item.incident), told, Text(seen))
    return table


def _view(found: StoredIncident) -> RenderableType:
    incident = found.incident
    facts = [
        ("Input", safe(incident.input)),
        ("Time", Text(span_cell(incident).plain.replace("\n", " to "))),
        ("Cause", safe(humanize(incident.cause.value))),
        ("Reasons", safe("; ".join(incident.reasons))),
        ("Else likely", safe(incident.next_likely)),
        ("Profile", safe(found.profile)),
        ("First seen", Text(f"{found.first_seen_at:%Y-%m-%d %H:%M:%S} UTC")),
        ("Last seen", Text(f"{found.last_seen_at:%Y-%m-%d %H:%M:%S} UTC")),
    ]
    if found.gone_at:
        facts.append(("Found no more", Text(f"{found.gone_at:%Y-%m-%d %H:%M:%S} UTC", "green")))
    parts: list[RenderableType] = [safe(f"Incident {incident.id}", "bold"), facts_grid(facts)]
    for number, item in enumerate(reversed(found.history)):
        since = f"{'Verdict' if number == 0 else 'Earlier verdict'}, {item.judged_at:%Y-%m-%d %H:%M:%S} UTC"
        parts += [Text(), Text(since, "bold"), _verdict_grid(item.verdict)]
    return Group(*parts, Text(), event_table(incident.events))


def _verdict_grid(verdict: Verdict) -> Table:
    return facts_grid(
        [
            ("Severity", verdict_cell(verdict)),
            ("Title", safe(verdict.title)),
            ("Summary", safe(verdict.summary)),
            ("Intent", safe(f"{verdict.intent.value}, confidence {verdict.confidence:.0%}")),
            ("Next", safe(f"{humanize(verdict.action.value)} ({humanize(verdict.route.value)})")),
            ("Judged by", safe(f"{verdict.model}, {verdict.prompt} ({verdict.source.value})")),
            *(("Note", safe(note)) for note in verdict.notes),
        ]
    )
