"""An app for tests: a real store, no workers, and a client that brings a token."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient

from agent.api.app import create_app
from agent.settings import Settings
from agent.store import Store
from agent.store.tokens import Scope, add_token

__all__ = ["client_of", "make_app", "token"]


def make_app(folder: Path, store: Store, **settings: object) -> FastAPI:
    """An app over a store, with its files in a folder, that scans nothing."""
    chosen = Settings(**{"data_dir": folder, "triage": "rules"} | settings)  # type: ignore[arg-type]
    url = store.engine.url.render_as_string(hide_password=False)
    return create_app(chosen, store, store_url=url, workers=0)


def token(store: Store, scope: Scope = Scope.ADMIN, name: str | None = None) -> str:
    """A new token of that scope, called like it unless told."""
    with store.noting() as session:
        return add_token(session, name or scope.value, scope, datetime.now(UTC))[1]


@contextmanager
def client_of(app: FastAPI, secret: str | None) -> Iterator[TestClient]:
    """A client that brings the token, while the app runs."""
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    with TestClient(app, headers=headers, raise_server_exceptions=False) as client:
        yield client
