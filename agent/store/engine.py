"""Opens a database: its URL, its locks, its errors as one line each."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.pool import ConnectionPoolEntry

from agent.store.errors import StoreError
from pipeline.text import clean

__all__ = ["READ", "WRITE", "database_url", "open_engine", "shown", "told_as_one_line"]

BUSY_TIMEOUT_MS = 10_000
"""How long SQLite waits for another process that is writing."""

CONNECT_TIMEOUT_S = 10

KEPT, OVERFLOW = 10, 50
"""Connections that are kept, and more for those who come at once: no thread of the service waits for one."""

READ = "vidette_read"
"""Execution option of a connection that must not write, whatever it is asked to run."""

WRITE = "vidette_write"
"""Execution option of a connection that is going to write: it takes SQLite's write lock first.

A transaction that reads and then writes may find that another wrote in between; SQLite then fails
at once, without waiting.
"""

DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


def database_url(text: str) -> URL:
    """A database URL; a text without ``://`` is the path of a SQLite file.

    Raises:
        StoreError: it is no URL, or of a database that the store does not speak.
    """
    if "://" not in text:
        return URL.create("sqlite", database=str(Path(text).expanduser()))
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as exc:
        raise StoreError("the store's URL cannot be read; give sqlite:///FILE or postgresql://...") from exc
    driver = DRIVERS.get(url.drivername, url.drivername)
    if driver not in DRIVERS.values():
        raise StoreError(
            f"the store cannot be {clean(url.drivername)}; give sqlite:///FILE or postgresql://..."
        )
    return url.set(drivername=driver)


def shown(url: URL) -> str:
    """The store as a person knows it: the path of the file, or the URL without its password."""
    if url.get_backend_name() == "sqlite":
        return clean(url.database or "(in memory)")
    return clean(url.set(query={}).render_as_string(hide_password=True))


def open_engine(url: URL) -> Engine:
    """An engine whose connections wait for locks and keep foreign keys.

    Raises:
        StoreError: the driver is not installed, or the folder cannot be made.
    """
    if url.get_backend_name() == "sqlite":
        return _open_sqlite(url)
    try:
        return create_engine(
            url,
            pool_pre_ping=True,
            pool_size=KEPT,
            max_overflow=OVERFLOW,
            connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "client_encoding": "utf8"},
        )
    except (ModuleNotFoundError, NoSuchModuleError) as exc:
        raise StoreError("PostgreSQL needs a driver: pip install 'vidette[postgres]'") from exc


@contextmanager
def told_as_one_line(url: URL) -> Iterator[None]:
    """Turn what the database says into a StoreError that says what to do."""
    try:
        yield
    except SQLAlchemyError as exc:
        raise StoreError(f"the store {shown(url)} {_why(exc)}") from exc


def _open_sqlite(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        _require_place(url, Path(url.database))
    engine = create_engine(
        url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, pool_size=KEPT, max_overflow=OVERFLOW
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _require_place(url: URL, path: Path) -> None:
    """SQLite says only ``unable to open database file``; this says why."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise StoreError(
            f"the store's folder {clean(str(path.parent))} cannot be made: {exc.strerror}; {OTHER}"
        ) from exc
    if path.is_dir():
        raise StoreError(f"the store {shown(url)} is a folder; give the path of a file")


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # Transactions are begun by _begin_sqlite: Python's own would not cover a change of the schema.
    if isinstance(connection, sqlite3.Connection):
        connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    writes = options.get(WRITE, False)
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if options.get(READ, False) else 'OFF'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


OTHER = "give another with --db, or --no-store"

REASONS: tuple[tuple[str, str], ...] = (
    ("database is locked", f"is locked by another process; wait for it, or {OTHER}"),
    ("readonly database", f"may not be written; check the permissions of it and its folder, or {OTHER}"),
    (
        "unable to open database file",
        f"cannot be opened; check the permissions of it and its folder, or {OTHER}",
    ),
    ("file is not a database", f"is no SQLite database; move it away, or {OTHER}"),
    ("malformed", f"is damaged; move it away, restore a copy, or {OTHER}"),
    ("disk is full", f"cannot be written: the disk is full; make room, or {OTHER}"),
    ("disk I/O error", f"cannot be written: the disk reports an error; check it, or {OTHER}"),
)
"""What a driver says -> what a person is told."""


def _why(exc: SQLAlchemyError) -> str:
    said = str(exc.orig) if isinstance(exc, DBAPIError) and exc.orig else str(exc)
    for sign, told in REASONS:
        if sign in said:
            return told
    first = clean(re.sub(r"^\(.*?\)\s*", "", said.strip().split("\n")[0]), 200)
    if isinstance(exc, OperationalError):
        return f"cannot be reached ({first}); check that it runs, or {OTHER}"
    if isinstance(exc, DatabaseError):
        return f"refused ({first}); {OTHER}"
    return f"failed ({first}); {OTHER}"
