"""Backup and restore as docs/operations.md has them: by the databases' own means, while others write."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.store import Store
from agent.store.jobs import JobKind, JobRequest, enqueue, queued
from agent.store.tokens import Scope, add_token, token_of
from tests.agent.postgres import postgres_server, programs
from tests.agent.stored import assessment, incident

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("how", ["backup", "vacuum"])
def test_sqlite_is_copied_while_it_is_written(tmp_path: Path, how: str) -> None:
    source, copy = tmp_path / "vidette.db", tmp_path / "copy.db"
    with Store.open(str(source)) as store:
        secret = _fill(store)
        stop = threading.Event()
        writer = threading.Thread(target=_write_on, args=(store, stop))
        writer.start()
        try:
            connection = sqlite3.connect(source)
            if how == "backup":
                with sqlite3.connect(copy) as target:
                    connection.backup(target)
                target.close()
            else:
                connection.execute("VACUUM INTO ?", (str(copy),))
            connection.close()
        finally:
            stop.set()
            writer.join()
    _require_whole(str(copy), secret)


def test_postgresql_is_dumped_and_restored_elsewhere(tmp_path: Path) -> None:
    dump = tmp_path / "vidette.dump"
    with postgres_server() as url, Store.open(url) as store:
        secret = _fill(store)
        _run("pg_dump", "--format=custom", f"--file={dump}", url)
    with postgres_server() as other:
        _run("pg_restore", "--no-owner", "--exit-on-error", f"--dbname={other}", str(dump))
        _require_whole(other, secret)


def _fill(store: Store) -> str:
    store.save(assessment(incident()), "default", NOON)
    with store.noting() as session:
        secret = add_token(session, "anna", Scope.READ, NOON)[1]
    _ask(store, 0)
    return secret


def _write_on(store: Store, stop: threading.Event) -> None:
    number = 1
    while not stop.is_set():
        _ask(store, number)
        number += 1


def _ask(store: Store, number: int) -> None:
    with store.writing() as session:
        enqueue(session, JobRequest(JobKind.URL, f"http://a/{number}", "a", "a"), "anna", NOON)


def _require_whole(url: str, secret: str) -> None:
    """It opens, has what was there, and takes more."""
    with Store.open(url) as store:
        (found,) = store.incidents()
        with store.reading() as session:
            waiting = queued(session)
            assert token_of(session, secret, NOON) is not None
        assert found.verdict is not None and found.incident.events
        assert waiting >= 1
        store.save(assessment(incident("1nc1de0000000002")), "default", NOON)
        _ask(store, -1)
        assert len(store.incidents()) == 2


def _run(program: str, *arguments: str) -> None:
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    subprocess.run([programs() / program, *arguments], check=True, env=environment, timeout=60)
