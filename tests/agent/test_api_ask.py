"""``POST /v1/ask``, and the views that need no browser to be tried."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from agent.api.auth import COOKIE
from agent.store import Store
from agent.store.tokens import Scope
from agent.web.claims import Piece, pieces
from pipeline.model import DefectEvent, EventState
from tests.agent.api import client_of, make_app, token
from tests.agent.stored import assessment, incident, verdict

ID = "1dc1de0000000001"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with Store.open(str(tmp_path / "vidette.db")) as store:
        store.save(assessment(incident(ID)), "default", datetime.now(UTC), identity="/media/a.mp4")
        app = make_app(tmp_path, store)
        with client_of(app, token(store, Scope.READ)) as found:
            yield found


def test_a_question_its_query_and_a_follow_up(client: TestClient) -> None:
    asked = client.post("/v1/ask", json={"question": "critical incidents today", "zone": "Europe/Berlin"})
    found = asked.json()
    assert (asked.status_code, found["total"], found["read_by"]) == (200, 1, "rules")
    assert [row["id"] for row in found["incidents"]] == [ID]
    assert ID[:8] in found["text"]
    again = client.post("/v1/ask", json={"query": found["query"]}).json()
    assert (again["incidents"], again["read_by"]) == (found["incidents"], "query")
    more = client.post("/v1/ask", json={"question": "only the minor ones", "previous": found["query"]})
    assert (more.json()["total"], more.json()["query"]["severities"]) == (0, ["minor"])
    refused = client.post("/v1/ask", json={"question": "who did it?"}).json()
    assert (refused["query"], refused["refusal"]["kind"]) == (None, "people")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"question": "freezes today", "query": {}},
        {"question": ""},
        {"question": "x" * 1001},
        {"question": "freezes today", "zone": "Mars/Olympus"},
        {"query": {"zone": "../etc"}},
        {"query": {"during": {"since": "0001-01-01T00:00:00Z"}}},
        {"query": {"drop": "incidents"}},
        {"question": "freezes today", "previous": {"shape": "group"}},
    ],
)
def test_what_is_no_question_is_told_in_a_sentence(client: TestClient, body: dict[str, object]) -> None:
    answer = client.post("/v1/ask", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_it_is_in_the_openapi_document_with_examples(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    operation = document["paths"]["/v1/ask"]["post"]
    assert "AskAnswer" in json.dumps(operation["responses"]["200"])
    assert len(document["components"]["schemas"]["AskBody"]["examples"]) == 3
    others = {path for path in document["paths"] if not path.startswith("/v1/")}
    assert others == {"/healthz", "/readyz", "/metrics"}


def test_strangers_are_shown_the_door_and_nowhere_else(client: TestClient) -> None:
    nobody = TestClient(client.app, base_url="http://vidette.test")
    asked = nobody.get(f"/incidents/{ID}?x=1", follow_redirects=False)
    assert (asked.status_code, asked.headers["location"]) == (303, f"/login?next=%2Fincidents%2F{ID}%3Fx%3D1")
    # A strict cookie does not come with a link from another site: our own page asks once more.
    bounced = nobody.get(f"/incidents/{ID}", headers={"Sec-Fetch-Site": "cross-site"})
    assert f'content="0; url=/incidents/{ID}"' in bounced.text
    wrong = nobody.post("/login", data={"token": "vdt_wrong", "next": "/"})
    assert (wrong.status_code, COOKIE in wrong.cookies) == (401, False)
    secret = client.headers["authorization"].removeprefix("Bearer ")
    for url in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
        entered = nobody.post("/login", data={"token": secret, "next": url}, follow_redirects=False)
        assert (entered.status_code, entered.headers["location"]) == (303, "/")
    foreign = {"Origin": "https://evil.example"}
    assert nobody.post("/login", data={"token": secret}, headers=foreign).status_code == 403
    assert nobody.post(f"/incidents/{ID}/acknowledge", headers=foreign).status_code == 403


def test_what_a_reader_may_not_do_is_told(client: TestClient) -> None:
    refused = client.post(f"/incidents/{ID}/acknowledge", headers={"HX-Request": "true"})
    assert (refused.status_code, refused.headers["content-type"][:10]) == (403, "text/plain")
    assert "scope write" in refused.text
    for path in ("/?status=x", "/?severity=x", "/?cause=x", "/?cursor=x", "/ask?query=x", "/scans/x"):
        answer = client.get(path)
        assert (path, answer.status_code, "Traceback" in answer.text) == (path, 422, False)
        assert answer.headers["content-type"].startswith("text/html")


def test_claims_are_cut_where_facts_stand() -> None:
    events = tuple(
        DefectEvent(
            f"e{n}", "silence", f"a:{n}", 2.0 + n, 3.0 + n, EventState.RESOLVED, -70.0 - n, "dBFS", 0.9, {}
        )
        for n in range(2)
    )
    one = incident("1dc1de0000000002", *events, start_s=2.0, end_s=4.0)
    text = "a:0 and a:1 are silent from 00:00:02.000 to 00:00:04.000, at -71.0 dBFS, not 7 dBFS."
    found = pieces(text, one, verdict())
    assert "".join(piece.text for piece in found) == text
    assert [piece for piece in found if piece.anchor] == [
        Piece("a:0", "event-0"),
        Piece("a:1", "event-1"),
        Piece("00:00:02.000", "event-0"),
        Piece("00:00:04.000", "event-1"),
        Piece("-71.0 dBFS", "event-1"),
    ]
