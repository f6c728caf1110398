"""The queue of scans, on SQLite and on PostgreSQL: leased, taken over, given back, never lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from agent.store import Store
from agent.store.changes import history_of
from agent.store.errors import NotFound
from agent.store.jobs import (
    JobKind,
    JobRequest,
    JobState,
    ask_to_cancel,
    enqueue,
    finish,
    give_back,
    job,
    lease,
    queued,
    renew,
    worker_died,
)
from agent.store.life import resolve
from agent.store.tables import ScanRow
from pipeline.model import ScanStatus
from tests.agent.stored import assessment, incident

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(any_store: Store) -> Store:
    return any_store


def _request(number: int = 1) -> JobRequest:
    url = f"https://anna:secret@example.com/{number}.mp4"
    return JobRequest(
        JobKind.URL, url, f"https://example.com/{number}.mp4", f"https://example.com/{number}.mp4"
    )


def test_a_job_from_queue_to_end(store: Store) -> None:
    with store.writing() as session:
        first = enqueue(session, _request(1), "anna", NOON)
        second = enqueue(session, _request(2), "anna", NOON + MINUTE)
        assert queued(session) == 2
        taken = lease(session, "w1", NOON, 30.0)
        assert taken is not None
        assert (taken.id, taken.state, taken.attempts) == (first.id, JobState.RUNNING, 1)
        assert taken.request.url == "https://anna:secret@example.com/1.mp4"
        other = lease(session, "w2", NOON, 30.0)
        assert other is not None and other.id == second.id
        assert lease(session, "w3", NOON, 30.0) is None
    with store.noting() as session:
        assert renew(session, first.id, "w2", NOON, 30.0) is None
        held = renew(session, first.id, "w1", NOON + MINUTE, 30.0, done_s=4.0, duration_s=8.0, frames=100)
    assert held is not None
    assert (held.done_s, held.leased_until) == (4.0, NOON + MINUTE + timedelta(seconds=30))
    scan_id = store.save(assessment(incident()), "default", NOON, job_id=first.id)
    with store.writing() as session:
        assert finish(session, first.id, "w1", NOON + MINUTE, ScanStatus.OK)
        assert not finish(session, first.id, "w1", NOON + MINUTE, ScanStatus.OK)
        ended = job(session, first.id)
    assert (ended.state, ended.status, ended.scan_id, ended.request.url) == (
        JobState.DONE,
        ScanStatus.OK,
        scan_id,
        "",
    )
    with store.reading() as session:
        kinds = [change.kind for change in history_of(session, job_id=first.id)]
        told = str([change.data for change in history_of(session, job_id=first.id)])
    assert kinds == ["scan.queued", "scan.started", "incident.opened", "scan.done"]
    assert "secret" not in told


def test_a_job_whose_workers_die_is_not_assessable(store: Store) -> None:
    with store.writing() as session:
        asked = enqueue(session, _request(), "anna", NOON)
        lease(session, "w1", NOON, 30.0)
        (again,) = worker_died(session, "w1", NOON, "signal 11")
        assert again.state is JobState.QUEUED
        lease(session, "w2", NOON, 30.0)
        (over,) = worker_died(session, "w2", NOON, "signal 11")
    assert (over.state, over.status) == (JobState.DONE, ScanStatus.NOT_ASSESSABLE)
    assert over.error == "https://example.com/1.mp4: could not be scanned in 2 attempts: signal 11"
    with store.reading() as session:
        (scan,) = session.scalars(select(ScanRow)).all()
        assert (scan.status, scan.error, scan.id) == ("not_assessable", over.error, over.scan_id)
        assert job(session, asked.id) == over


def test_a_worker_that_dies_after_its_scan_was_stored_loses_and_reopens_nothing(store: Store) -> None:
    with store.writing() as session:
        asked = enqueue(session, _request(), "anna", NOON)
        lease(session, "w1", NOON, 30.0)
    found = incident()
    stored = store.save(assessment(found), "default", NOON, job_id=asked.id)
    with store.writing() as session:
        resolve(session, found.id, "anna", NOON)
        worker_died(session, "w1", NOON, "signal 9")
        lease(session, "w2", NOON, 30.0)
    store.save(assessment(found), "default", NOON, job_id=asked.id)
    with store.writing() as session:
        (over,) = worker_died(session, "w2", NOON, "signal 9")
        kinds = [change.kind for change in history_of(session, incident_id=found.id)]
    assert kinds == ["incident.opened", "incident.resolved"]
    assert (over.state, over.status) == (JobState.DONE, ScanStatus.OK)
    assert over.scan_id is not None and over.scan_id > stored
    with store.writing() as session:
        later = enqueue(session, _request(), "anna", NOON)
    store.save(assessment(found), "default", NOON + MINUTE, job_id=later.id)
    assert store.incident(found.id).status == "open"


def test_a_lease_that_ends_is_taken_over_and_a_stop_costs_nothing(store: Store) -> None:
    with store.writing() as session:
        asked = enqueue(session, _request(), "anna", NOON)
        for _ in range(3):
            lease(session, "w1", NOON, 30.0)
            assert give_back(session, asked.id, "w1", NOON)
        lease(session, "w1", NOON, 30.0)
        assert lease(session, "w2", NOON + timedelta(seconds=29), 30.0) is None
        taken = lease(session, "w2", NOON + timedelta(seconds=31), 30.0)
        assert taken is not None and (taken.worker, taken.attempts) == ("w2", 2)
        assert not give_back(session, asked.id, "w1", NOON)
        assert lease(session, "w3", NOON + 10 * MINUTE, 30.0) is None
        assert job(session, asked.id).status is ScanStatus.NOT_ASSESSABLE


def test_a_job_is_cancelled(store: Store) -> None:
    with store.writing() as session:
        waiting, running = (enqueue(session, _request(n), "anna", NOON + n * MINUTE) for n in (2, 1))
        lease(session, "w1", NOON, 30.0)
        assert ask_to_cancel(session, waiting.id, "anna", NOON).state is JobState.CANCELLED
        assert ask_to_cancel(session, running.id, "anna", NOON).state is JobState.RUNNING
        held = renew(session, running.id, "w1", NOON, 30.0)
        assert held is not None and held.cancel_asked
        finish(session, running.id, "w1", NOON, ScanStatus.OK)
        assert job(session, running.id).state is JobState.CANCELLED
        with pytest.raises(NotFound):
            ask_to_cancel(session, "nope", "anna", NOON)


def test_what_a_scan_found_stays_when_its_worker_dies_of_the_model(store: Store) -> None:
    with store.writing() as session:
        asked = enqueue(session, _request(), "anna", NOON)
        lease(session, "w1", NOON, 30.0)
    scan_id = store.save(assessment(incident()), "default", NOON, job_id=asked.id, first=True)
    with store.writing() as session:
        worker_died(session, "w1", NOON, "signal 9")
        lease(session, "w2", NOON, 30.0)
        (over,) = worker_died(session, "w2", NOON, "signal 9")
    assert (over.state, over.status, over.scan_id) == (JobState.DONE, ScanStatus.OK, scan_id)
    assert str(over.error).endswith("scanned, but no model judged what was found: signal 9")
    with store.reading() as session:
        assert len(session.scalars(select(ScanRow)).all()) == 1
