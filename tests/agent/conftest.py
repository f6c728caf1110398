"""Fixtures of the tests of the agent: a store on each database that it speaks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from agent.store import Store
from agent.store.engine import database_url, open_engine
from tests.agent.postgres import postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a database on a PostgreSQL that runs as long as the tests do."""
    with postgres_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store: the test runs once on SQLite and once on PostgreSQL."""
    url = str(tmp_path / "vidette.db")
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres")
        engine = open_engine(database_url(url))
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        engine.dispose()
    with Store.open(url) as opened:
        yield opened
