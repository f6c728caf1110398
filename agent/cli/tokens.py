"""``vidette token``: who may use the API, and for what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.box import ROUNDED
from rich.table import Table

from agent.cli.options import DbOption, JsonOption, open_store, state_of
from agent.cli.terminal import print_json, results_console
from agent.report.document import render_json
from agent.report.table import safe
from agent.store.tokens import Scope, StoredToken, add_token, revoke_token, tokens

__all__ = ["token_app"]

SCHEMA = "vidette.tokens/1"

token_app = typer.Typer(help="Add, list and revoke tokens of the API.", no_args_is_help=True)


@token_app.command("add")
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Who or what it is for.")],
    scope: Annotated[Scope, typer.Option("--scope", help="What it may do.")] = Scope.READ,
    days: Annotated[
        int | None,
        typer.Option("--days", min=1, max=3650, help="How long it lasts.", show_default=False),
    ] = None,
    db: DbOption = None,
) -> None:
    """Make a token, and print it: it is kept as a hash, and cannot be shown again."""
    now = datetime.now(UTC)
    ends = None if days is None else now + timedelta(days=days)
    with open_store(state_of(context), db) as store, store.noting() as session:
        _, secret = add_token(session, name, scope, now, expires_at=ends)
    typer.echo(secret)


@token_app.command("list")
def listed(context: typer.Context, json_document: JsonOption = False, db: DbOption = None) -> None:
    """List tokens, without their secrets."""
    with open_store(state_of(context), db) as store, store.reading() as session:
        found = tokens(session)
    if json_document:
        print_json(render_json({"schema": SCHEMA, "tokens": [_document(token) for token in found]}))
        return
    table = Table(box=ROUNDED)
    for heading in ("Id", "Name", "Scope", "Begins with", "Made", "Last used", "Ends"):
        table.add_column(heading)
    for token in found:
        ends = "revoked" if token.revoked_at else _day(token.expires_at) or "never"
        row = (str(token.id), token.name, token.scope.value, token.begins, _day(token.created_at))
        table.add_row(*map(safe, (*row, _day(token.last_used_at) or "never", ends)))
    results_console().print(table if found else safe("There are no tokens."))


@token_app.command("revoke")
def revoke(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name, id, or first letters.")],
    db: DbOption = None,
) -> None:
    """Make a token worthless, and the sessions that it opened."""
    with open_store(state_of(context), db) as store, store.noting() as session:
        token = revoke_token(session, name, datetime.now(UTC))
    results_console().print(safe(f"Revoked: {token.name} ({token.begins}...)"))


def _document(token: StoredToken) -> dict[str, object]:
    times = ("created_at", "last_used_at", "expires_at", "revoked_at")
    told = {name: getattr(token, name) for name in times}
    return {
        "id": token.id,
        "name": token.name,
        "scope": token.scope.value,
        "begins": token.begins,
        **{name: None if time is None else time.isoformat() for name, time in told.items()},
    }


def _day(time: datetime | None) -> str:
    return "" if time is None else f"{time:%Y-%m-%d %H:%M}"
