"""Who may do what, how often, and what a client is told when something is wrong."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import SkipTest

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance
from sqlalchemy import event, text

from agent.api.auth import COOKIE
from agent.api.limits import Buckets
from agent.cli.app import run
from agent.store import Store
from agent.store.tokens import Scope, add_token, revoke_token
from tests.agent.api import client_of, make_app, token
from tests.agent.stored import assessment, incident

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ID = "1nc1de0000000001"
OPEN = {"/v1/session"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(str(tmp_path / "vidette.db")) as opened:
        opened.save(assessment(incident()), "default", NOON, identity="/media/a.mp4")
        yield opened


@pytest.fixture
def app(store: Store, tmp_path: Path) -> FastAPI:
    return make_app(tmp_path, store)


def _routes(app: FastAPI) -> list[tuple[str, str]]:
    """Every method and path of the API, with ids filled in."""
    found = []
    for path, operations in app.openapi()["paths"].items():
        filled = path.replace("{incident_id}", ID).replace("{scan_id}", "0" * 16).replace("{label}", "onset")
        found += [(method.upper(), filled.replace("{waiver_id}", "1")) for method in operations]
    return found


PROBES = ("/healthz", "/readyz")
"""Whoever keeps a service running asks these without a token; they say no more than whether it runs."""


def test_without_a_token_there_is_nothing(app: FastAPI) -> None:
    with client_of(app, None) as client:
        for method, path in _routes(app):
            if (method, path) == ("POST", "/v1/session") or path in PROBES:
                continue
            answer = client.request(method, path)
            assert answer.status_code in (401, 429), (method, path)
            assert answer.headers["content-type"] == "application/problem+json"
        assert client.get("/openapi.json").status_code == 200


def test_a_reader_changes_nothing(app: FastAPI, store: Store) -> None:
    with client_of(app, token(store, Scope.READ)) as client:
        for method, path in _routes(app):
            if method == "GET" or path == "/v1/session" or path.endswith("/replay"):
                continue
            assert client.request(method, path, params={"name": "x"}, json={}).status_code in (403, 422)
            if path.endswith(("/acknowledge", "/mute", "/upload", "/cancel")):
                assert client.request(method, path, params={"name": "x"}).status_code == 403
    assert store.incident(ID).status == "open"


@pytest.mark.parametrize("secret", ["", "x", "vdt_", "Bearer", "' OR 1=1 --", "\x7f\x80"])
def test_what_is_no_token_is_refused(app: FastAPI, secret: str) -> None:
    with client_of(app, None) as client:
        header = f"Bearer {secret}".encode("latin-1")
        assert client.get("/v1/incidents", headers={"Authorization": header}).status_code == 401


def test_that_a_token_was_used_is_written_once_a_minute(app: FastAPI, store: Store) -> None:
    now, written = [NOON], []

    def hear(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("UPDATE tokens"):
            written.append(now[0])

    app.state.api.clock = lambda: now[0]
    event.listen(store.engine, "before_cursor_execute", hear)
    with client_of(app, token(store, Scope.READ)) as client:
        for after_s in (0.0, 0.1, 0.2, 5.0, 59.0, 61.0, 61.1, 90.0):
            now[0] = NOON + timedelta(seconds=after_s)
            assert client.get("/v1/incidents").status_code == 200
    assert [(at - NOON).total_seconds() for at in written] == [0.0, 61.0]


def test_a_token_that_ended_or_was_revoked_is_refused(app: FastAPI, store: Store) -> None:
    secret = token(store)
    with store.noting() as session:
        past = datetime.now(UTC) - timedelta(days=2)
        _token, ended = add_token(session, "old", Scope.READ, past, expires_at=past + timedelta(days=1))
    with client_of(app, secret) as client:
        assert client.get("/v1/incidents").status_code == 200
        assert client.get("/v1/incidents", headers={"Authorization": f"Bearer {ended}"}).status_code == 401
        with store.noting() as session:
            revoke_token(session, "admin", datetime.now(UTC))
        later = datetime.now(UTC) + timedelta(seconds=1)
        app.state.api.clock = lambda: later
        assert client.get("/v1/incidents").status_code == 401


def test_a_session_of_the_page(app: FastAPI, store: Store) -> None:
    secret = token(store, Scope.WRITE)
    with client_of(app, None) as client:
        assert client.post("/v1/session", json={"token": "wrong"}).status_code == 401
        opened = client.post("/v1/session", json={"token": secret})
        cookie = opened.headers["set-cookie"]
        assert opened.json()["name"] == "write"
        assert COOKIE in cookie and "HttpOnly" in cookie and "SameSite=strict" in cookie
        assert secret not in cookie
        own = f"/v1/incidents/{ID}/acknowledge"
        assert client.get("/v1/session").json()["scope"] == "write"
        for foreign in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert client.post(own, headers=foreign).status_code == 403
        assert client.post(own, headers={"Origin": "http://testserver"}).status_code == 200
        kept = client.cookies[COOKIE]
        assert client.delete("/v1/session").status_code == 204
        client.cookies.set(COOKIE, kept)
        assert client.get("/v1/session").status_code == 401


def test_too_many_requests_are_told_to_wait(store: Store, tmp_path: Path) -> None:
    app = make_app(tmp_path, store, rate_reads=0.001, rate_writes=0.001)
    with client_of(app, token(store)) as client:
        assert client.get("/v1/incidents").status_code == 200
        answer = client.get("/v1/incidents")
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1


def test_whoever_tries_secrets_is_slowed_down(app: FastAPI) -> None:
    with client_of(app, "guess") as client:
        seen = [client.get("/v1/incidents").status_code for _ in range(25)]
    assert set(seen) == {401, 429}


def test_buckets_fill_again() -> None:
    now = [0.0]
    buckets = Buckets(2.0, clock=lambda: now[0])
    assert [buckets.wait_s("a") for _ in range(5)] == [0.0, 0.0, 0.0, 0.0, 0.5]
    assert buckets.wait_s("b") == 0.0
    now[0] = 0.5
    assert buckets.wait_s("a") == 0.0
    assert buckets.wait_s("a") == 0.5


@pytest.mark.logs_errors
def test_a_fault_is_one_line_and_no_traceback(app: FastAPI, store: Store) -> None:
    def broken() -> None:
        raise ZeroDivisionError("with a secret in it")

    app.router.routes.append(APIRoute("/v1/broken", broken))
    with client_of(app, token(store)) as client:
        answer = client.get("/v1/broken")
        assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
        assert "secret" not in answer.text and "Zero" not in answer.text


def test_a_store_that_is_away_is_no_traceback_either(app: FastAPI, store: Store) -> None:
    with client_of(app, token(store)) as client:
        with store.noting() as session:
            session.execute(text("DROP TABLE verdicts"))
        answer = client.get("/v1/incidents")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert "verdicts" not in answer.text


def test_answers_are_not_guessed_framed_or_stored(app: FastAPI, store: Store) -> None:
    with client_of(app, token(store)) as client:
        headers = client.get("/v1/session").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_the_document_is_complete(app: FastAPI) -> None:
    document = app.openapi()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation.get("description") or operation["summary"], path
            told = {"200"} if path in PROBES else {"401", "422", "429"}
            assert told <= operation["responses"].keys(), (method, path)
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if body and "$ref" in body["schema"] and "Session" not in body["schema"]["$ref"]:
                name = body["schema"]["$ref"].rsplit("/", 1)[1]
                assert document["components"]["schemas"][name]["examples"], name


def test_tokens_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    db = str(tmp_path / "x.db")
    assert run(["token", "add", "ci", "--scope", "write", "--days", "3", "--db", db]) == 0
    secret = capsys.readouterr().out.strip()
    assert secret.startswith("vdt_") and len(secret) > 40
    assert run(["token", "list", "--json", "--db", db]) == 0
    listed = capsys.readouterr().out
    assert '"ci"' in listed and secret not in listed
    assert run(["token", "list", "--db", db]) == 0
    assert run(["token", "revoke", "ci", "--db", db]) == 0
    assert run(["token", "revoke", "ci", "--db", db]) == 2
    assert run(["token", "add", " ", "--db", db]) == 2


def test_prune_on_the_command_line(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    db = str(tmp_path / "vidette.db")
    assert run(["store", "prune", "--db", db]) == 2
    assert run(["store", "prune", "--days", "0", "--db", db]) == 0
    assert "Deleted: 1 incident, 1 scan" in capsys.readouterr().out


def test_the_first_start_prints_one_token_and_listens_on_loopback(tmp_path: Path) -> None:
    db = str(tmp_path / "x.db")
    command = [sys.executable, "-c", SERVE, db]
    first, second = (subprocess.run(command, capture_output=True, text=True, check=True) for _ in "12")
    assert "The first token, which is shown only now: vdt_" in first.stdout
    assert "vdt_" not in second.stdout
    assert "listening on" not in first.stderr
    assert "vdt_" not in first.stderr


SERVE = """
import os, signal, sys, threading, urllib.request, urllib.error, time, socket
from agent.cli.app import run
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
def ask():
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/incidents")
        except urllib.error.HTTPError as exc:
            assert exc.code == 401
            return os.kill(os.getpid(), signal.SIGTERM)
        except OSError:
            time.sleep(0.05)
threading.Thread(target=ask).start()
status = run(["serve", "--port", str(port), "--workers", "0", "--db", sys.argv[1]])
sys.exit(0 if status in (0, 143) else 1)
"""


def test_schemathesis_finds_nothing(app: FastAPI, store: Store) -> None:
    """Requests made up from the document, right ones and wrong ones, and answers held against it."""
    headers = {"Authorization": f"Bearer {token(store)}"}
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    with TestClient(app):
        for found in schema.get_all_operations():
            operation = found.ok()
            # A stream that stays has no answer to look at.
            query = {"wait": "false"} if operation.path == "/v1/events" else None
            for mode in GenerationMode:
                _try(operation, mode, headers, query)


# Who may do what is tested above; and a schema cannot say which addresses may be scanned, or that a waiver
# must end in the future.
def _try(operation: APIOperation, mode: GenerationMode, headers: dict[str, str], query: object) -> None:
    cases = operation.as_strategy(mode, query=query)

    @settings(max_examples=5, **QUICK)
    @given(case=cases)
    def check(case: Case) -> None:
        case.call_and_validate(headers=headers, excluded_checks=[ignored_auth, positive_data_acceptance])

    with suppress(SkipTest, Unsatisfiable):  # there is nothing that could be wrong in such a request
        check()


QUICK: dict[str, Any] = {
    "deadline": None,
    "derandomize": True,
    "database": None,
    "phases": [Phase.explicit, Phase.generate],
    "suppress_health_check": list(HealthCheck),
}
