"""Brings a database to this version's schema with Alembic, under one lock."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from agent.store.engine import WRITE, shown
from agent.store.errors import StoreError
from pipeline.text import clean

__all__ = ["SCHEMA_VERSION", "VERSION_TABLE", "schema_version", "upgrade"]

SCHEMA_VERSION = "0005"
"""The newest revision in ``migrations/versions``; a test holds the two together."""

VERSION_TABLE = "vidette_schema"
"""Not Alembic's default name: a shared database may have another application's table of that name."""

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK_KEY = 0x76696465747465
"""PostgreSQL advisory lock: two processes that open a new database at once take turns."""


def upgrade(engine: Engine) -> None:
    """Bring the schema up to date; costs one query where it already is.

    Raises:
        StoreError: the database was written by a newer vidette.
    """
    with engine.connect() as connection:
        found = schema_version(connection)
    if found == SCHEMA_VERSION:
        return
    with engine.connect().execution_options(**{WRITE: True}) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        found = schema_version(connection)
        if found is not None and found > SCHEMA_VERSION:
            raise StoreError(
                f"the store {shown(engine.url)} was written by a newer vidette (schema {clean(found)}, this "
                f"knows {SCHEMA_VERSION}); upgrade vidette, or give another with --db"
            )
        _run(connection)


def schema_version(connection: Connection) -> str | None:
    """The revision that the database is at; None for one without vidette's tables."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - a constant
    return None if found is None else str(found)


def _run(connection: Connection) -> None:
    """Run the migrations on this connection. Alembic is imported only where there is work for it."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
