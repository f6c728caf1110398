"""``vidette store``: what is kept, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from agent.cli.options import DbOption, open_store, state_of
from agent.cli.terminal import results_console
from agent.report.table import safe
from agent.report.words import plural
from agent.store.prune import prune
from pipeline.errors import UsageError

__all__ = ["store_app"]

store_app = typer.Typer(help="Look after the store.", no_args_is_help=True)


@store_app.callback()
def group() -> None:
    """Look after the store."""


@store_app.command("prune")
def prune_store(
    context: typer.Context,
    days: Annotated[
        float | None,
        typer.Option("--days", min=0, help="Delete what was last seen so long ago.", show_default=False),
    ] = None,
    size_mb: Annotated[
        int | None,
        typer.Option("--size-mb", min=1, help="Then the oldest, down to this size.", show_default=False),
    ] = None,
    db: DbOption = None,
) -> None:
    """Delete what is old, or too much. Incidents with feedback stay."""
    settings = state_of(context).settings
    days = settings.retention_days if days is None else days
    size_mb = settings.retention_mb if size_mb is None else size_mb
    if days is None and size_mb is None:
        raise UsageError("nothing says what to delete: give --days or --size-mb")
    with open_store(state_of(context), db) as store:
        done = prune(
            store,
            datetime.now(UTC),
            older_than=None if days is None else timedelta(days=days),
            max_bytes=None if size_mb is None else size_mb << 20,
        )
    gone = (plural(done.incidents, "incident"), plural(done.scans, "scan"), plural(done.jobs, "job"))
    sizes = f"{done.bytes_before / 1e6:.1f} MB before, {done.bytes_after / 1e6:.1f} MB now"
    results_console().print(safe(f"Deleted: {', '.join(gone)}; {sizes}."))
