"""The tables of the service, on SQLite and on PostgreSQL: one schema, the same behaviour."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from agent.calls import CallOutcome, ModelCall
from agent.store import Store, StoreError
from agent.store.changes import ChangeKind, changes_after, history_of, newest_change, record_change
from agent.store.errors import NotFound
from agent.store.evidence import (
    StoredStill,
    keep_model_call,
    keep_signals,
    keep_stills,
    model_calls_of,
    signals_of,
    still_of,
    stills_of,
)
from agent.store.jobs import (
    JobKind,
    JobRequest,
    ask_to_cancel,
    enqueue,
)
from agent.store.life import (
    FeedbackKind,
    acknowledge,
    assign,
    comment,
    feedback_of,
    give_feedback,
    mute,
    reopen,
    resolve,
    unmute,
)
from agent.store.migrate import MIGRATIONS
from agent.store.prune import prune
from agent.store.tables import SuppressedRow
from agent.store.tokens import (
    Scope,
    add_token,
    end_session,
    open_session,
    revoke_token,
    token_of,
    tokens,
    tokens_exist,
)
from agent.store.waivers import (
    WaiverRequest,
    add_waiver,
    revoke_waiver,
    standing_waivers,
    waiver_of_incident,
)
from agent.verdict import Severity
from pipeline.model import CoverageStatus, Suppressed
from tests.agent.stored import BLACK, assessment, coverage, incident, verdict

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CLEAN = coverage(black=CoverageStatus.CLEAN, silence=CoverageStatus.CLEAN)
ID = "1nc1de0000000001"
MODEL = verdict(model="scripted", title="A model's own words", severity=Severity.MAJOR)


@pytest.fixture
def store(any_store: Store) -> Store:
    return any_store


def _kinds(store: Store, incident_id: str = ID) -> list[str]:
    with store.reading() as session:
        return [change.kind for change in history_of(session, incident_id=incident_id)]


def test_the_first_verdict_is_the_rules_and_the_models_follows(store: Store) -> None:
    scan_id = store.save(assessment(incident()), "default", NOON, first=True, labels={"channel": "one"})
    store.judge(scan_id, {ID: MODEL})
    found = store.incident(ID)
    assert [item.verdict.model for item in found.history] == ["rules", "scripted"]
    assert (found.labels, found.status, found.revision) == ({"channel": "one"}, "open", 2)
    assert _kinds(store) == ["incident.opened", "incident.judged"]
    again = store.save(assessment(incident()), "default", NOON + MINUTE, first=True)
    store.judge(again, {ID: MODEL})
    assert len(store.incident(ID).history) == 2
    assert store.incident(ID).labels == {"channel": "one"}
    assert _kinds(store) == ["incident.opened", "incident.judged"]


def test_the_life_of_an_incident(store: Store) -> None:
    store.save(assessment(incident()), "default", NOON)
    with store.writing() as session:
        assert acknowledge(session, ID, "anna", NOON)
        assert not acknowledge(session, ID, "bert", NOON)
        assert mute(session, ID, "anna", NOON)
        assert assign(session, ID, "bert", "anna", NOON)
        assert comment(session, ID, "seen it\0", "anna", NOON)
    found = store.incident(ID)
    assert (found.status, found.muted, found.assignee, found.acknowledged_by) == (
        "acknowledged",
        True,
        "bert",
        "anna",
    )
    store.save(assessment(coverage=CLEAN), "default", NOON + MINUTE, identity="a.mp4")
    found = store.incident(ID)
    assert (found.status, found.muted, found.resolved_by) == ("resolved", False, "scan")
    with store.writing() as session, pytest.raises(StoreError, match="is resolved; reopen it first"):
        acknowledge(session, ID, "anna", NOON)
    store.save(assessment(incident()), "default", NOON + 2 * MINUTE, identity="a.mp4")
    found = store.incident(ID)
    assert (found.status, found.acknowledged_by, found.gone_at) == ("open", None, None)
    assert _kinds(store) == [
        "incident.opened",
        "incident.acknowledged",
        "incident.muted",
        "incident.assigned",
        "incident.commented",
        "incident.resolved",
        "incident.reopened",
    ]
    with store.writing() as session:
        assert not unmute(session, ID, "anna", NOON)
        assert resolve(session, ID, "anna", NOON, "done")
        assert reopen(session, ID, "anna", NOON)
        with pytest.raises(NotFound):
            acknowledge(session, "nope", "anna", NOON)


def test_a_false_alarm_stays_quiet_unless_it_gets_worse(store: Store) -> None:
    minor = verdict(severity=Severity.MINOR)
    store.save(assessment(incident(), judged=minor), "default", NOON)
    with store.writing() as session:
        give_feedback(session, ID, FeedbackKind.FALSE_ALARM, "anna", NOON, note="a fade")
        with pytest.raises(StoreError, match="must say the right severity"):
            give_feedback(session, ID, FeedbackKind.WRONG_SEVERITY, "anna", NOON)
    store.save(assessment(incident(), judged=minor), "default", NOON + MINUTE)
    assert store.incident(ID).status == "resolved"
    store.save(assessment(incident(), judged=verdict()), "default", NOON + 2 * MINUTE)
    assert store.incident(ID).status == "open"
    with store.reading() as session:
        (given,) = feedback_of(session, ID)
    assert (given.kind, given.note, given.said["severity"]) == (FeedbackKind.FALSE_ALARM, "a fade", "minor")


def test_the_feed_is_complete_and_in_order_whoever_writes(store: Store) -> None:
    def write(number: int) -> None:
        with Store.open(store.engine.url.render_as_string(hide_password=False)) as mine:
            for n in range(5):
                mine.save(assessment(incident(f"{number}{n}")), "default", NOON, identity=f"/{number}{n}.mp4")

    seen: list[int] = []
    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) or len(seen) < 20:
        with store.reading() as session:
            seen += [change.id for change in changes_after(session, seen[-1] if seen else 0)]
    for thread in threads:
        thread.join()
    assert len(seen) == len(set(seen)) == 20
    with store.reading() as session:
        assert newest_change(session) == seen[-1]


def test_a_change_is_recorded_only_where_it_is_in_order(store: Store) -> None:
    with store.noting() as session, pytest.raises(RuntimeError, match=r"Store\.writing"):
        record_change(session, ChangeKind.SCAN_DONE, at=NOON)


def test_tokens_are_kept_as_hashes(store: Store) -> None:
    with store.noting() as session:
        assert not tokens_exist(session)
        token, secret = add_token(session, "ci", Scope.WRITE, NOON, expires_at=NOON + 2 * MINUTE)
        with pytest.raises(StoreError, match="already"):
            add_token(session, "ci", Scope.READ, NOON)
        cookie = open_session(session, token, NOON, lasts=timedelta(hours=1))
    with store.reading() as session:
        assert token_of(session, secret, NOON) == token
        assert token_of(session, secret + "x", NOON) is None
        assert token_of(session, secret, NOON + 2 * MINUTE) is None
        opened = token_of(session, cookie, NOON)
        assert opened is not None and (opened.kind, opened.scope, opened.name) == (
            "session",
            Scope.WRITE,
            "ci",
        )
        assert tokens(session) == [token]
        rows = str(session.execute(text("SELECT * FROM tokens")).all())
    assert secret not in rows and cookie not in rows
    with store.noting() as session:
        other = open_session(session, token, NOON, lasts=timedelta(hours=1))
        end_session(session, other, NOON)
        assert token_of(session, other, NOON) is None
        revoke_token(session, "ci", NOON)
        assert token_of(session, secret, NOON) is None
        assert token_of(session, cookie, NOON) is None
        with pytest.raises(NotFound):
            revoke_token(session, "ci", NOON)
    assert Scope.ADMIN.covers(Scope.READ) and not Scope.READ.covers(Scope.WRITE)


def test_waivers_end(store: Store) -> None:
    store.save(assessment(incident()), "default", NOON, identity="/media/a[1].mp4")
    with store.writing() as session:
        wanted = waiver_of_incident(session, ID, "a known fade", NOON + MINUTE)
        waiver = add_waiver(session, wanted, "anna", NOON)
        assert wanted.checks == ("black", "silence")
        assert [w.id for w in standing_waivers(session, "/media/a[1].mp4", NOON)] == [waiver.id]
        assert standing_waivers(session, "/media/a1.mp4", NOON) == []
        assert standing_waivers(session, "/media/a[1].mp4", NOON + MINUTE) == []
        for broken, told in (
            (replace(wanted, checks=("blak",)), "there is no check 'blak'"),
            (replace(wanted, checks=()), "must name the checks"),
            (replace(wanted, expires_at=NOON), "must end in the future"),
            (replace(wanted, end_s=1.0, start_s=1.0), "range"),
            (replace(wanted, input=" "), "which input"),
        ):
            with pytest.raises(StoreError, match=told):
                add_waiver(session, broken, "anna", NOON)
        revoke_waiver(session, waiver.id, "anna", NOON)
        assert standing_waivers(session, "/media/a[1].mp4", NOON) == []
        everywhere = WaiverRequest("/media/*", ("black",), "tests", NOON + MINUTE)
        add_waiver(session, everywhere, "anna", NOON)
        assert len(standing_waivers(session, "/media/b.mp4", NOON)) == 1
    assert store.incident(ID).status == "resolved"


def test_evidence_comes_back(store: Store) -> None:
    suppressed = (Suppressed(BLACK, "waived", "a known fade"),)
    scan_id = store.save(assessment(incident(), suppressed=suppressed), "default", NOON)
    still = StoredStill("onset", "v:0", 12.0, 320, 180, b"\xff\xd8 a picture")
    signals = [{"stream": "v:0", "column": "dark_share", "time_s": [11.0, 12.0], "low": [0.1, None]}]
    with store.noting() as session:
        for _ in range(2):
            keep_stills(session, ID, [still, replace(still, label="before", time_s=11.0)])
            keep_signals(session, ID, signals)
        keep_model_call(
            session,
            NOON,
            incident_id=ID,
            scan_id=scan_id,
            backend="scripted",
            model="m",
            prompt="triage@sha256:1",
            latency_s=0.2,
            outcome="answered",
        )
    with store.reading() as session:
        assert [item.label for item in stills_of(session, ID)] == ["before", "onset"]
        assert still_of(session, ID, "onset") == still
        assert still_of(session, ID, "after") is None
        assert signals_of(session, ID) == signals
        assert [call.latency_s for call in model_calls_of(session, ID)] == [0.2]
        (row,) = session.scalars(select(SuppressedRow)).all()
        assert (row.kind, row.reason, row.event_id) == ("waived", "a known fade", BLACK.id)


def test_what_is_old_goes_and_what_was_spoken_of_stays(store: Store) -> None:
    for n in range(4):
        found = assessment(incident(f"{n}"))
        store.save(found, "default", NOON + n * MINUTE, identity=f"/{n}.mp4", first=True)
    with store.writing() as session:
        give_feedback(session, "0", FeedbackKind.CORRECT, "anna", NOON)
        asked = enqueue(session, JobRequest(JobKind.URL, "x", "x", "x"), "anna", NOON)
        ask_to_cancel(session, asked.id, "anna", NOON)
    done = prune(store, NOON + 3 * MINUTE, older_than=MINUTE)
    assert (done.incidents, done.scans, done.jobs) == (1, 1, 1)
    assert [item.incident.id for item in store.incidents()] == ["3", "2", "0"]
    done = prune(store, NOON + 3 * MINUTE, max_bytes=1)
    assert done.incidents == 2
    assert [item.incident.id for item in store.incidents()] == ["0"]
    assert prune(store, NOON, older_than=MINUTE).incidents == 0


def test_a_store_of_the_first_schema_is_brought_up(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    path = tmp_path / "old.db"
    with Store.open(str(path)) as store:
        store.save(assessment(incident("a1"), incident("b2")), "default", NOON, identity="/a.mp4")
        store.save(assessment(incident("a1"), coverage=CLEAN), "default", NOON + MINUTE, identity="/a.mp4")
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with store.engine.connect() as connection, connection.begin():
            connection.execute(text("PRAGMA foreign_keys=OFF"))
            config.attributes["connection"] = connection
            command.downgrade(config, "0001")
            assert "revision" not in str(connection.execute(text("PRAGMA table_info(incidents)")).all())
    with Store.open(str(path)) as store:
        found = {item.incident.id: item for item in store.incidents()}
        assert {name: item.status for name, item in found.items()} == {"a1": "open", "b2": "resolved"}
        assert store.incident("a1").verdict == verdict()
        with store.reading() as session:
            ranks = session.execute(text("SELECT severity_rank FROM incidents")).scalars().all()
    assert list(ranks) == [3, 3]


def test_the_calls_of_an_assessment_are_kept_with_its_incidents(tmp_path: Path) -> None:
    one = incident()
    call = ModelCall(
        incident=one.id,
        backend="langchain_openai",
        model="m",
        prompt="triage@sha256:1",
        asked_sha256="0" * 64,
        at=datetime.now(UTC),
        latency_s=1.5,
        tokens_in=300,
        tokens_out=40,
        outcome=CallOutcome.TIMED_OUT,
        detail="no answer within 1 s",
    )
    with Store.open(str(tmp_path / "x.db")) as store:
        scan_id = store.save(replace(assessment(one), calls=(call,)), "default", datetime.now(UTC))
        store.judge(scan_id, {}, calls=[replace(call, outcome=CallOutcome.ANSWERED)])
        with store.reading() as session:
            rows = model_calls_of(session, one.id)
            assert [(row.outcome, row.scan_id, row.tokens_in) for row in rows] == [
                ("timed_out", scan_id, 300),
                ("answered", scan_id, 300),
            ]


def test_an_incident_is_the_same_by_columns_and_by_objects(any_store: Store) -> None:
    for severity in (Severity.MINOR, Severity.CRITICAL):
        made = assessment(incident(), judged=verdict(severity=severity, quote="as planned", notes=("a", "b")))
        any_store.save(made, "ebu-r128", NOON, identity="/media/a.mp4", labels={"channel": "one"})
    # Another scan finds half of it: events of the scan before are no part of what it is made of now.
    any_store.save(assessment(incident(ID, BLACK)), "default", NOON, identity="/media/a.mp4")
    found = any_store.incident_of(ID)
    assert found == any_store.incident(ID)
    assert (len(found.incident.events), len(found.history)) == (1, 3)
