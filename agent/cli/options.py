"""Options that several commands take, written once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.state import State

if TYPE_CHECKING:
    from agent.store import Store

__all__ = ["DbOption", "JsonOption", "ProfileOption", "TreeOption", "open_store", "state_of"]

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]

ProfileOption = Annotated[
    str,
    typer.Option(
        "--profile",
        "-p",
        metavar="NAME|FILE",
        help="default, ebu-r128, ebu-r128-s1, atsc-a85, or a TOML file.",
    ),
]

TreeOption = Annotated[
    Path | None,
    typer.Option(
        "--notify", metavar="FILE", help="The notification file. [VIDETTE_NOTIFY]", show_default=False
    ),
]

DbOption = Annotated[
    str | None,
    typer.Option(
        "--db",
        metavar="URL|FILE",
        help="The store: a SQLite file or a database URL. [VIDETTE_DB]",
        show_default=False,
    ),
]


def state_of(context: typer.Context) -> State:
    """What this run of the program shares."""
    state = context.find_object(State)
    return state if state is not None else State()


def open_store(state: State, db: str | None) -> Store:
    """The store that is asked for, or the one of the settings.

    Raises:
        StoreError: it cannot be opened.
    """
    from agent.store import Store

    return Store.open(db or state.settings.store_url)
