"""``vidette replay``: decide again from kept measurements, and show what another profile changes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from agent.cli.options import JsonOption, ProfileOption
from agent.cli.terminal import print_json, results_console
from agent.report.changes import Changes, compare
from agent.report.document import event_document, input_document, render_json
from agent.report.table import event_table, facts_grid, safe, span_cell
from agent.report.words import plural
from agent.verdict import Assessment
from pipeline.model import DefectEvent, ScanResult

__all__ = ["SCHEMA", "replay"]

SCHEMA = "vidette.replay/1"


def replay(
    series: Annotated[Path, typer.Argument(metavar="SERIES", help="A folder from 'check --keep-series'.")],
    profile: ProfileOption = "default",
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="NAME|FILE",
            help="The profile to compare with; the one that the series was made with where none is given.",
            show_default=False,
        ),
    ] = None,
    json_document: JsonOption = False,
) -> None:
    """Decide again from kept measurements, and show what another profile changes.

    Nothing is decoded, judged or stored. Exit status: 0, or 2 and 3 as for check.
    """
    # The pipeline takes a second to load: not for --help, nor for the other commands.
    from pipeline.profile import load_profile
    from pipeline.replay import replay as decide
    from pipeline.series.store import open_series

    wanted = load_profile(profile)
    reference = load_profile(against or open_series(series).profile)
    result = decide(series, wanted)
    changes = compare(decide(series, reference).events, result.events)
    if json_document:
        names = {"series": str(series), "profile": wanted.name, "against": reference.name}
        print_json(render_json(_document(names, result, changes)))
    else:
        results_console().print(_view(wanted.name, reference.name, result, changes))


def _document(names: dict[str, str], result: ScanResult, changes: Changes) -> dict[str, Any]:
    found = input_document(Assessment(result, {}))
    moved = [{"before": event_document(old), "after": event_document(new)} for old, new in changes.moved]
    return {
        "schema": SCHEMA,
        **{key: safe(name).plain for key, name in names.items()},
        "input": found,
        "changes": {
            "gained": [event_document(event) for event in changes.gained],
            "lost": [event_document(event) for event in changes.lost],
            "moved": moved,
            "unchanged": changes.unchanged,
        },
    }


def _view(profile: str, against: str, result: ScanResult, changes: Changes) -> RenderableType:
    heading = safe(result.url, "bold")
    facts = facts_grid([("Profile", safe(profile)), ("Against", safe(against))])
    events = event_table(result.events) if result.events else Text("No events.", "green")
    told = f"{plural(changes.unchanged, 'event')} unchanged"
    if not changes:
        return Group(heading, facts, events, Text(f"No change: {told}.", "green"))
    return Group(heading, facts, events, _change_table(changes), Text(f"{told}."))


def _change_table(changes: Changes) -> Table:
    table = Table(title="What changes", title_justify="left")
    for name in ("Change", "Check", "Stream", "Before", "After"):
        table.add_column(name)
    rows: list[tuple[str, DefectEvent | None, DefectEvent | None]] = [
        *(("gained", None, event) for event in changes.gained),
        *(("lost", event, None) for event in changes.lost),
        *(("moved", before, after) for before, after in changes.moved),
    ]
    for word, before, after in rows:
        event = after or before
        if event is not None:
            cells = [span_cell(item) if item else Text("-") for item in (before, after)]
            table.add_row(Text(word, STYLES[word]), safe(event.check), safe(event.stream), *cells)
    return table


STYLES = {"gained": "red", "lost": "green", "moved": "yellow"}
