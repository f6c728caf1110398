"""The API over a real store, as a client sees it."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from agent.store import Store
from agent.store.evidence import StoredStill, keep_signals, keep_stills
from agent.store.jobs import JobState, finish, lease
from agent.store.tables_service import IdempotencyRow
from agent.store.tokens import Scope
from agent.verdict import Assessment, Severity
from pipeline.model import Cause, ScanStatus
from tests.agent.api import client_of, make_app, token
from tests.agent.stored import BLACK, assessment, incident, scan, verdict
from tests.clips import moving, write_clip

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
NOBODY = 2**22
"""A process id that Linux gives to nobody."""
ID = "1nc1de0000000001"
JPEG = b"\xff\xd8\xff picture"


@pytest.fixture
def app(any_store: Store, tmp_path: Path) -> FastAPI:
    return make_app(tmp_path, any_store)


@pytest.fixture
def client(app: FastAPI, any_store: Store) -> Iterator[TestClient]:
    with client_of(app, token(any_store)) as found:
        yield found


@pytest.fixture
def stored(any_store: Store) -> Store:
    """One incident, critical, of a.mp4."""
    any_store.save(
        assessment(incident()), "default", NOON, identity="/media/a.mp4", labels={"channel": "one"}
    )
    with any_store.noting() as session:
        keep_stills(session, ID, [StoredStill("onset", "v:0", 12.0, 320, 180, JPEG)])
        row = {"stream": "v:0", "column": "dark_share", "unit": "share", "time_s": [12.0], "low": [0.1]}
        keep_signals(session, ID, [{**row, "high": [0.9], "thresholds": []}])
    return any_store


def test_one_incident_with_everything(client: TestClient, stored: Store) -> None:
    answer = client.get(f"/v1/incidents/{ID}")
    found = answer.json()
    assert answer.status_code == 200
    assert (found["severity"], found["status"], found["url"]) == ("critical", "open", "a.mp4")
    assert [event["check"] for event in found["events"]] == ["black", "silence"]
    assert found["labels"] == {"channel": "one"}
    still = found["stills"][0]
    picture = client.get(still["href"])
    assert (picture.content, picture.headers["content-type"]) == (JPEG, "image/jpeg")
    for name in ("verdicts", "history", "signals", "feedback"):
        assert client.get(found["links"][name]).status_code == 200
    assert client.get(found["links"]["signals"]).json()["signals"][0]["column"] == "dark_share"
    again = client.get(f"/v1/incidents/{ID}", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_what_people_do(client: TestClient, stored: Store) -> None:
    own = f"/v1/incidents/{ID}"
    seen = client.get(own).headers["etag"]
    acked = client.post(f"{own}/acknowledge", headers={"If-Match": seen})
    assert (acked.status_code, acked.json()["status"], acked.json()["acknowledged_by"]) == (
        200,
        "acknowledged",
        "admin",
    )
    assert client.post(f"{own}/mute", headers={"If-Match": seen}).status_code == 412
    assert client.post(f"{own}/mute", headers={"If-Match": acked.headers["etag"]}).json()["muted"] is True
    assert client.post(f"{own}/unmute").json()["muted"] is False
    assert client.post(f"{own}/assign", json={"assignee": "anna"}).json()["assignee"] == "anna"
    assert client.post(f"{own}/comment", json={"text": "<b>seen</b>"}).status_code == 200
    wrong = client.post(f"{own}/feedback", json={"kind": "wrong_severity"})
    assert (wrong.status_code, wrong.json()["detail"]) == (
        422,
        "feedback wrong_severity must say the right severity",
    )
    said = client.post(f"{own}/feedback", json={"kind": "false_alarm", "note": "a fade"}).json()
    assert said["status"] == "resolved"
    assert client.post(f"{own}/acknowledge").status_code == 409
    assert client.post(f"{own}/reopen", json={"note": "again"}).json()["status"] == "open"
    assert client.post(f"{own}/resolve").json()["status"] == "resolved"
    kinds = [change["kind"] for change in client.get(f"{own}/history").json()["changes"]]
    assert kinds[:2] == ["incident.opened", "incident.acknowledged"]
    assert kinds[-1] == "incident.resolved"
    assert client.get(f"{own}/feedback").json()["feedback"][0]["said"]["severity"] == "critical"


def _many(store: Store) -> None:
    for n in range(7):
        severity = list(Severity)[n % 4]
        cause = Cause.AUDIO_LOSS if n % 2 else Cause.SIGNAL_LOSS
        made = incident(f"{n:04x}", replace(BLACK, id=f"e{n}"), cause=cause)
        found = Assessment(scan(made, url=f"{n}.mp4"), {made.id: verdict(severity=severity)})
        store.save(found, "default", NOON + timedelta(minutes=n // 2), identity=f"/{n}.mp4")


@pytest.mark.parametrize("sort", ["last_seen", "first_seen", "severity"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_hold_everything_once(client: TestClient, any_store: Store, sort: str, order: str) -> None:
    _many(any_store)
    whole = client.get("/v1/incidents", params={"sort": sort, "order": order}).json()
    assert whole["next"] is None
    ids, cursor = [], None
    while True:
        asked = {"sort": sort, "order": order, "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/incidents", params=asked).json()
        ids += [line["id"] for line in page["incidents"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert ids == [line["id"] for line in whole["incidents"]]
    assert sorted(ids) == [f"{n:04x}" for n in range(7)]
    ranks = [Severity(line["severity"]).rank for line in whole["incidents"]]
    if sort == "severity":
        assert ranks == sorted(ranks, reverse=order == "desc")
    wrong = client.get("/v1/incidents", params={"cursor": "bm9uZQ", "sort": sort})
    assert (wrong.status_code, wrong.headers["content-type"]) == (422, "application/problem+json")


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({"severity": "critical"}, ["0004", "0000"]),
        ({"severity": ["critical", "major"], "cause": "audio_loss"}, ["0005", "0001"]),
        ({"input": "3.mp4"}, ["0003"]),
        ({"check": "silence"}, []),
        ({"check": "black", "since": "2026-11-24T12:03:00Z"}, ["0006"]),
        ({"until": "2026-11-24T12:01:00"}, ["0001", "0000"]),
        ({"status": "resolved"}, []),
        ({"muted": "true"}, []),
        ({"label": "channel:two"}, []),
        ({"assignee": "anna"}, []),
    ],
)
def test_filters(client: TestClient, any_store: Store, asked: dict[str, object], ids: list[str]) -> None:
    _many(any_store)
    found = client.get("/v1/incidents", params=asked)
    assert [line["id"] for line in found.json()["incidents"]] == ids


def test_labels_are_found(client: TestClient, stored: Store) -> None:
    assert len(client.get("/v1/incidents", params={"label": "channel:one"}).json()["incidents"]) == 1
    assert client.get("/v1/incidents", params={"label": "channel"}).status_code == 422


def test_a_scan_from_asking_to_its_result(client: TestClient, any_store: Store) -> None:
    body = {"url": "https://anna:secret@media.example.com/a.mp4?key=hidden", "labels": {"channel": "one"}}
    asked = client.post("/v1/scans", json=body)
    assert asked.status_code == 202
    own = asked.headers["location"]
    assert asked.json()["url"] == "https://media.example.com/a.mp4?key=..."
    with any_store.writing() as session:
        taken = lease(session, "w", NOON, 30.0)
        assert taken is not None and taken.request.url == body["url"]
    any_store.save(assessment(incident()), "default", NOON, identity="x", job_id=taken.id)
    with any_store.writing() as session:
        finish(session, taken.id, "w", NOON, ScanStatus.OK)
    done = client.get(own).json()
    assert (done["state"], done["status"]) == ("done", "ok")
    assert [line["id"] for line in done["result"]["incidents"]] == [ID]
    assert client.post(f"{own}/cancel").status_code == 409
    assert client.post(f"{own}/replay", json={"profile": "default"}).status_code == 409
    listed = client.get("/v1/scans", params={"state": "done"}).json()
    assert [item["id"] for item in listed["scans"]] == [taken.id]
    feed = client.get("/v1/events", params={"after": 0, "wait": False}).text
    for text in (client.get(own).text, feed):
        assert "secret" not in text and "hidden" not in text


def test_a_scan_that_waits_is_cancelled(client: TestClient) -> None:
    own = client.post("/v1/scans", json={"url": "http://media.example.com/a.mp4"}).headers["location"]
    assert client.post(f"{own}/cancel").json()["state"] == JobState.CANCELLED
    assert client.get("/v1/scans/0123456789abcdef").status_code == 404


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x",
        "http://169.254.169.254/latest",
        "http://[::1]:80/x",
        "http://[::ffff:10.0.0.1]/x",
        "https://10.0.0.1/x",
        "rtmp://media.example.com/live",
        "file:///etc/passwd",
        "/etc/passwd",
        "concat:a|b",
        "http://a b/",
        "http://[/",
        "http://",
        "gopher://x/",
    ],
)
def test_what_may_not_be_scanned_is_refused_at_once(client: TestClient, url: str) -> None:
    answer = client.post("/v1/scans", json={"url": url})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("url: ")


def test_files_of_allowed_folders_only(any_store: Store, tmp_path: Path) -> None:
    media = tmp_path / "media"
    media.mkdir()
    (tmp_path / "secret.mp4").touch()
    (media / "link.mp4").symlink_to(tmp_path / "secret.mp4")
    with client_of(make_app(tmp_path, any_store, scan_files=str(media)), token(any_store)) as client:
        cases = ((media / "a.mp4", 202), (media / "../secret.mp4", 422), (media / "link.mp4", 422))
        for path, status in cases:
            assert client.post("/v1/scans", json={"url": str(path)}).status_code == status


def test_an_upload_is_kept_under_its_hash(client: TestClient, any_store: Store, tmp_path: Path) -> None:
    data = write_clip(tmp_path / "a.mp4", pictures=moving(5)).read_bytes()
    asked = [
        client.post("/v1/scans/upload", params={"name": name}, content=data)
        for name in ("a.mp4", "../../etc/b.mp4")
    ]
    assert [answer.status_code for answer in asked] == [202, 202]
    assert [answer.json()["url"] for answer in asked] == ["a.mp4", "b.mp4"]
    (kept,) = (tmp_path / "uploads").iterdir()
    assert kept.read_bytes() == data
    assert client.post("/v1/scans/upload", params={"name": "x"}, content=b"").status_code == 422


def test_an_upload_that_is_too_large_leaves_nothing(any_store: Store, tmp_path: Path) -> None:
    with client_of(make_app(tmp_path, any_store, upload_max_mb=1), token(any_store)) as client:
        big = b"x" * ((1 << 20) + 1)
        assert client.post("/v1/scans/upload", params={"name": "x"}, content=big).status_code == 413
        pieces = (big[:4096] for _ in range(257))
        assert client.post("/v1/scans/upload", params={"name": "x"}, content=pieces).status_code == 413
    assert list((tmp_path / "uploads").iterdir()) == []


def test_a_body_that_is_too_large_is_refused(client: TestClient) -> None:
    text = json.dumps({"url": "x" * (1 << 20)})
    assert client.post("/v1/scans", content=text).status_code == 413
    pieces = (b" " * 65536 for _ in range(20))
    answer = client.post("/v1/scans", content=pieces, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


def test_waivers(client: TestClient, stored: Store) -> None:
    ends = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    made = client.post("/v1/waivers", json={"incident": ID, "reason": "a known fade", "expires_at": ends})
    assert (made.status_code, made.json()["checks"], made.json()["stands"]) == (
        201,
        ["black", "silence"],
        True,
    )
    assert client.get(f"/v1/incidents/{ID}").json()["status"] == "resolved"
    for broken in (
        {"input": "*", "checks": ["blak"]},
        {"input": "*", "checks": []},
        {"incident": ID, "input": "*"},
        {"input": "*", "checks": ["black"], "expires_at": "2020-01-01T00:00:00Z"},
        {"input": "*", "checks": ["black"], "expires_at": "2090-01-01T00:00:00"},
    ):
        assert (
            client.post("/v1/waivers", json={"reason": "x", "expires_at": ends} | broken).status_code == 422
        )
    assert client.delete(made.headers["location"]).json()["stands"] is False
    assert [waiver["id"] for waiver in client.get("/v1/waivers").json()["waivers"]] == [made.json()["id"]]
    assert client.delete("/v1/waivers/999").status_code == 404


def test_a_key_is_answered_once(client: TestClient, stored: Store, any_store: Store) -> None:
    key = {"Idempotency-Key": "once"}
    body = {"url": "http://media.example.com/a.mp4"}
    first = client.post("/v1/scans", json=body, headers=key)
    again = client.post("/v1/scans", json=body, headers=key)
    assert (first.status_code, first.json(), first.headers["location"]) == (
        again.status_code,
        again.json(),
        again.headers["location"],
    )
    assert again.headers["idempotent-replayed"] == "true"
    assert len(client.get("/v1/scans").json()["scans"]) == 1
    assert client.post("/v1/scans", json={"url": "http://b.example/"}, headers=key).status_code == 422
    assert (
        client.post("/v1/scans", json={"url": "x:y"}, headers={"Idempotency-Key": "bad"}).status_code == 422
    )
    assert client.post("/v1/scans", json=body, headers={"Idempotency-Key": "bad"}).status_code == 202
    other = {"Authorization": f"Bearer {token(any_store, Scope.WRITE, 'other')}"}
    assert client.post("/v1/scans", json=body, headers=key | other).json()["id"] != first.json()["id"]


def test_a_key_whose_service_died_is_answered_at_once_and_makes_one_scan(
    client: TestClient, stored: Store
) -> None:
    key, body = {"Idempotency-Key": "crash"}, {"url": "http://media.example.com/a.mp4"}
    first = client.post("/v1/scans", json=body, headers=key)
    for holder, expected in (
        ({"host": socket.gethostname(), "pid": os.getpid(), "life": "another"}, 202),
        ({"host": socket.gethostname(), "pid": NOBODY, "life": "another"}, 202),
        ({"host": "elsewhere", "pid": NOBODY, "life": "another"}, 409),
    ):
        with stored.noting() as session:
            row = session.scalars(select(IdempotencyRow)).one()
            row.status, row.headers = None, {**holder, "job": first.json()["id"]}
        again = client.post("/v1/scans", json=body, headers=key)
        assert again.status_code == expected
        assert expected == 409 or again.json()["id"] == first.json()["id"]
    assert len(client.get("/v1/scans").json()["scans"]) == 1


def test_the_feed_goes_on_from_the_last_event(client: TestClient, stored: Store) -> None:
    client.post(f"/v1/incidents/{ID}/comment", json={"text": "a\nid: 999\nevent: forged"})
    text = client.get("/v1/events", params={"after": 0, "wait": False}).text
    events = [part for part in text.split("\n\n") if part.startswith("id:")]
    assert [line.split("\n")[1] for line in events] == ["event: incident.opened", "event: incident.commented"]
    assert all(part.count("\n") == 2 for part in events)
    last = events[0].split("\n")[0].removeprefix("id: ")
    rest = client.get("/v1/events", params={"wait": False}, headers={"Last-Event-ID": last}).text
    assert rest.count("\nevent: ") == 1
    assert client.get("/v1/events", headers={"Last-Event-ID": "x"}).status_code == 422
