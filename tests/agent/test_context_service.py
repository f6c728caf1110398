"""A context that comes with a scan, and earlier incidents from the store: kept, joined and shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from agent.context import Context, Feedback, Period, Slot, SlotKind, Tier, joined
from agent.context_file import MAX_CONTEXT_BYTES, read_context
from agent.context_table import context_table
from agent.models import open_model
from agent.policy import load_policy
from agent.service import Service
from agent.store import Store
from agent.store.jobs import lease
from agent.store.life import FeedbackKind, give_feedback
from agent.store.recent import recent_incidents
from agent.store.tables import ScanRow
from agent.verdict import Assessment, Severity
from pipeline.model import Cause
from pipeline.profile import load_profile
from pipeline.source import identity
from tests.agent.api import client_of, make_app, token
from tests.agent.stored import BLACK, assessment, incident, scan, verdict
from tests.clips import black, moving, sine, write_clip

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ID = "1nc1de0000000001"
URL = "https://media.example.com/one.ts"
TOLD: dict[str, Any] = {
    "service": "Channel One",
    "tier": "premium",
    "starts_at": "2026-11-25T19:00:00+01:00",
    "schedule": [{"kind": "slate", "start": "2026-11-25T18:10:00Z", "end": "2026-11-25T18:11:00Z"}],
    "maintenance": [{"what": "Encoder 2 is replaced", "start": 0, "end": 60}],
    "note": [{"text": "Black is meant", "author": "MCR", "at": "2026-11-25T17:50:00Z"}],
    "run_book": [{"text": "Call the venue", "causes": ["signal_loss"], "checks": ["black"]}],
    "recent": [{"at": 5, "cause": "signal_loss", "severity": "major", "feedback": "planned"}],
}


@pytest.fixture
def client(any_store: Store, tmp_path: Path) -> Iterator[TestClient]:
    with client_of(make_app(tmp_path, any_store), token(any_store)) as found:
        yield found


def test_a_table_of_a_context_reads_back_as_the_same() -> None:
    known = read_context(TOLD, "x")
    assert read_context(context_table(known), "x") == known
    assert context_table(Context()) == {}


def test_a_scan_keeps_and_shows_what_it_is_asked_for_with(client: TestClient, any_store: Store) -> None:
    asked = client.post("/v1/scans", json={"url": URL, "context": TOLD})
    assert asked.status_code == 202
    shown = client.get(asked.headers["location"]).json()["context"]
    assert (shown["starts_at"], shown["tier"]) == ("2026-11-25T18:00:00Z", "premium")
    with any_store.writing() as session:
        job = lease(session, "w", NOON, 30.0)
    assert job is not None and job.request.context is not None
    assert read_context(job.request.context, "x") == read_context(TOLD, "x")
    plain = client.post("/v1/scans", json={"url": URL})
    assert client.get(plain.headers["location"]).json()["context"] is None


def test_an_upload_brings_it_in_its_query(client: TestClient) -> None:
    told = '{"tier": "test", "note": [{"text": "line-up"}]}'
    asked = client.post("/v1/scans/upload", params={"name": "a.ts", "context": told}, content=b"x")
    assert asked.status_code == 202
    shown = client.get(asked.headers["location"]).json()["context"]
    assert shown == {"tier": "test", "note": [{"text": "line-up"}]}


WRONG = [
    ({"tier": "gold"}, "tier"),
    ({"teir": "low"}, "teir"),
    ({"starts_at": "2026-11-25T18:00:00"}, "needs a time zone"),
    ({"starts_at": "0001-01-01T00:00:00+14:00"}, "the year must be within 1970..2199"),
    ({"note": [{"text": "x", "at": 1e300}]}, "seconds must be within 1e\\+09"),
    ({"note": [{"text": "<>"}]}, "note.*text"),
    ({"schedule": [{"kind": "slate", "start": 5, "end": 2}]}, "end must be after start"),
    ({"run_book": [{"text": "x", "checks": ["blakc"]}]}, "no such check"),
]


@pytest.mark.parametrize(("told", "said"), WRONG)
def test_what_is_wrong_is_one_line(client: TestClient, told: dict[str, Any], said: str) -> None:
    answers = (
        client.post("/v1/scans", json={"url": URL, "context": told}),
        client.post("/v1/scans/upload", params={"name": "a", "context": json.dumps(told)}, content=b"x"),
    )
    for answer in answers:
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
        detail = answer.json()["detail"]
        assert "\n" not in detail and "context" in detail
        assert re.search(said, detail)
    assert client.get("/v1/scans").json()["scans"] == []


def test_what_is_too_large_or_no_json_is_refused(client: TestClient) -> None:
    much = {"note": [{"text": "a" * 390}] * (MAX_CONTEXT_BYTES // 390)}
    answer = client.post("/v1/scans", json={"url": URL, "context": much})
    assert answer.status_code == 422 and f"at most {MAX_CONTEXT_BYTES} bytes" in answer.json()["detail"]
    for told in ("{", "[]", "3", "[" * 5000, '{"note": "' + "a" * 6000 + '"}'):
        answer = client.post("/v1/scans/upload", params={"name": "a", "context": told}, content=b"x")
        assert answer.status_code == 422, told[:10]


def test_an_incident_shows_what_concerned_it(client: TestClient, any_store: Store) -> None:
    slots = (Slot(SlotKind.SLATE, Period(10.0, 20.0)), Slot(SlotKind.BREAK, Period(900.0, 901.0)))
    known = Context("One", Tier.LOW, schedule=slots)
    judged = replace(assessment(incident()), context=known)
    any_store.save(judged, "default", NOON, identity="/media/a.mp4")
    assert client.get(f"/v1/incidents/{ID}").json()["context"] == {
        "service": "One",
        "tier": "low",
        "schedule": [{"kind": "slate", "start": 10.0, "end": 20.0}],
    }


def test_what_another_version_stored_costs_only_itself(client: TestClient, any_store: Store) -> None:
    any_store.save(assessment(incident()), "default", NOON, identity="/media/a.mp4")
    assert client.get(f"/v1/incidents/{ID}").json()["context"] == {}
    with any_store.noting() as session:
        session.execute(update(ScanRow).values(context={"run_book": [{"text": "x", "checks": ["gone"]}]}))
    assert client.get(f"/v1/incidents/{ID}").json()["context"] == {}


def _earlier(store: Store, name: str, minutes: int, cause: Cause = Cause.PICTURE_LOSS) -> str:
    made = incident(name, replace(BLACK, id=name), cause=cause)
    judged = Assessment(scan(made), {made.id: verdict(severity=Severity.MAJOR)})
    store.save(judged, "default", NOON + timedelta(minutes=minutes), identity="/media/a.mp4")
    return made.id


def test_the_store_knows_earlier_incidents_and_what_was_said(any_store: Store) -> None:
    names = [_earlier(any_store, f"{n:016x}", n) for n in range(4)]
    said = [(0, FeedbackKind.FALSE_ALARM, None), (1, FeedbackKind.WRONG_SEVERITY, Severity.MINOR)]
    said += [(2, FeedbackKind.CORRECT, None), (2, FeedbackKind.WRONG_SEVERITY, Severity.CRITICAL)]
    with any_store.writing() as session:
        for n, kind, severity in said:
            give_feedback(session, names[n], kind, "anna", NOON, severity=severity)
    with any_store.reading() as session:
        found = recent_incidents(session, "/media/a.mp4")
        others = recent_incidents(session, "/media/a.mp4", names)
        assert recent_incidents(session, "/media/b.mp4") == ()
    assert [(r.at, r.feedback) for r in found] == [
        (NOON, Feedback.FALSE_ALARM),
        (NOON + timedelta(minutes=1), Feedback.TOO_SEVERE),
        (NOON + timedelta(minutes=2), Feedback.NOT_SEVERE_ENOUGH),
        (NOON + timedelta(minutes=3), Feedback.NONE),
    ]
    assert {(r.cause, r.severity, r.checks) for r in found} == {
        (Cause.PICTURE_LOSS, Severity.MAJOR, ("black",))
    }
    # Of what is judged now, only what people spoke of is an earlier incident.
    assert others == found[:3]


def test_two_false_alarms_lower_the_next_of_the_kind(tmp_path: Path, clip_folder: Path) -> None:
    pictures = [*moving(25), *black(60), *moving(100, first=100)]
    clip = write_clip(clip_folder / "again.mp4", pictures=pictures, sound=sine(7.4))
    with Store.open(str(tmp_path / "x.db")) as store:
        service = Service(load_profile("default"), load_policy(None), store, lambda: open_model("rules"))
        first = service.check(str(clip)).assessment
        found = next(item for item in first.scan.incidents if item.cause is Cause.PICTURE_LOSS)
        kind = {event.check for event in found.events}
        for n in range(2):
            other = replace(found, id=f"{n:016x}", start_s=50.0 + n)
            judged = Assessment(scan(other), {other.id: first.verdicts[found.id]})
            store.save(judged, "default", NOON, identity=identity(str(clip)))
            with store.writing() as session:
                give_feedback(session, other.id, FeedbackKind.FALSE_ALARM, "anna", NOON)
        again = service.check(str(clip)).assessment
    recent = again.context.concerning(found).recent
    assert [r.feedback for r in recent] == [Feedback.FALSE_ALARM] * 2
    assert kind <= {check for r in recent for check in r.checks}
    was, now = first.verdicts[found.id].severity, again.verdicts[found.id].severity
    assert now.rank == was.rank - 1


def test_of_single_facts_the_first_holds_and_lists_add_up() -> None:
    told = joined((read_context(TOLD, "x"), Context("Other", Tier.LOW, notes=read_context(TOLD, "x").notes)))
    assert (told.service, told.tier, len(told.notes)) == ("Channel One", Tier.PREMIUM, 2)
