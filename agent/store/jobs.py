"""The queue of scans: durable, leased, and safe against whoever dies while he works.

A job is ``queued``, then ``running`` for a worker that must come back before its lease ends, then ``done``
or ``cancelled``. A worker that dies costs the job one of its attempts; after the last one the scan is done
and not assessable, with the reason. A worker that is told to stop gives the job back and costs nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from agent.store.changes import ChangeKind, record_change
from agent.store.errors import NotFound, StoreError
from agent.store.rows import plain
from agent.store.tables import ScanRow
from agent.store.tables_service import JobRow
from agent.store.writer import Writer
from agent.verdict import Assessment
from pipeline.model import Mode, ScanResult, ScanStatus
from pipeline.text import clean

__all__ = [
    "MOST_ATTEMPTS",
    "JobKind",
    "JobRequest",
    "JobState",
    "StoredJob",
    "ask_to_cancel",
    "enqueue",
    "finish",
    "give_back",
    "give_up",
    "job",
    "jobs_of",
    "lease",
    "queued",
    "renew",
    "stored_job",
    "work_waits",
    "worker_died",
]

MOST_ATTEMPTS = 2
"""A scan whose worker died is tried once more."""


class JobKind(StrEnum):
    """Where the media come from."""

    URL = "url"
    UPLOAD = "upload"
    FILE = "file"


class JobState(StrEnum):
    """Where a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A scan that is asked for.

    ``url`` is what is opened: an address, credentials and all, or a path; ``shown`` is its name for people;
    ``identity`` what incidents are known by from run to run; ``context`` the table of what is known of it.
    """

    kind: JobKind
    url: str
    shown: str
    identity: str
    profile: str = "default"
    mode: Mode = Mode.FULL
    keep_series: bool = True
    labels: Mapping[str, str] = field(default_factory=dict)
    size_bytes: int | None = None
    context: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A job as the store knows it. ``status`` and ``error`` are those of the scan when it is done."""

    id: str
    request: JobRequest
    created_at: datetime
    created_by: str
    state: JobState
    attempts: int
    worker: str | None
    leased_until: datetime | None
    cancel_asked: bool
    started_at: datetime | None
    ended_at: datetime | None
    done_s: float | None
    duration_s: float | None
    frames: int | None
    progressed_at: datetime | None
    status: ScanStatus | None
    error: str | None
    scan_id: int | None

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in (JobState.DONE, JobState.CANCELLED)


def enqueue(
    session: Session, request: JobRequest, actor: str, at: datetime, job_id: str | None = None
) -> StoredJob:
    """Add a scan to the queue. ``job_id`` is for who may ask twice for the same: there is one job of it."""
    known = None if job_id is None else session.get(JobRow, job_id)
    if known is not None:
        return stored_job(known)
    row = JobRow(
        id=job_id or secrets.token_hex(8),
        kind=request.kind.value,
        url=plain(request.url),
        shown=plain(request.shown),
        identity=plain(request.identity),
        size_bytes=request.size_bytes,
        profile=request.profile,
        mode=request.mode.value,
        keep_series=request.keep_series,
        labels=plain(request.labels),
        context=plain(request.context),
        created_at=at,
        created_by=plain(actor),
        state=JobState.QUEUED.value,
        attempts=0,
        cancel_asked=False,
    )
    session.add(row)
    session.flush()
    _record(session, row, ChangeKind.SCAN_QUEUED, actor, at)
    return stored_job(row)


def lease(session: Session, worker: str, at: datetime, lease_s: float) -> StoredJob | None:
    """The oldest job that waits, or whose worker came not back; None where there is none.

    A job that has no attempt left is ended here, and the next one looked at.
    """
    waits = and_(JobRow.state == JobState.QUEUED, JobRow.cancel_asked.is_(False))
    lost = and_(JobRow.state == JobState.RUNNING, JobRow.leased_until < at)
    dropped = and_(JobRow.state == JobState.QUEUED, JobRow.cancel_asked.is_(True))
    query = select(JobRow).where(or_(waits, lost, dropped)).order_by(JobRow.created_at, JobRow.id).limit(1)
    while (row := session.scalars(query.with_for_update(skip_locked=True)).first()) is not None:
        if row.cancel_asked:
            _end(session, row, JobState.CANCELLED, at)
        elif row.attempts >= MOST_ATTEMPTS:
            _give_up(session, row, at, "its worker did not come back")
        else:
            row.state, row.worker, row.attempts = JobState.RUNNING.value, worker, row.attempts + 1
            row.leased_until = at + timedelta(seconds=lease_s)
            row.started_at, row.progressed_at = row.started_at or at, at
            row.done_s = row.frames = None
            _record(session, row, ChangeKind.SCAN_STARTED, worker, at, attempt=row.attempts)
            return stored_job(row)
        session.flush()
    return None


def work_waits(session: Session, at: datetime) -> bool:
    """Whether ``lease`` would have something to do."""
    waits = JobRow.state == JobState.QUEUED
    lost = and_(JobRow.state == JobState.RUNNING, JobRow.leased_until < at)
    return session.scalars(select(JobRow.id).where(or_(waits, lost)).limit(1)).first() is not None


def jobs_of(session: Session, worker: str) -> list[StoredJob]:
    """What a worker has."""
    held = select(JobRow).where(JobRow.worker == worker, JobRow.state == JobState.RUNNING)
    return [stored_job(row) for row in session.scalars(held)]


def renew(
    session: Session,
    job_id: str,
    worker: str,
    at: datetime,
    lease_s: float,
    *,
    done_s: float | None = None,
    duration_s: float | None = None,
    frames: int | None = None,
) -> StoredJob | None:
    """Keep a job, and say how far it is; None where it is another's by now. Records no change."""
    row = _held(session, job_id, worker)
    if row is None:
        return None
    row.leased_until = at + timedelta(seconds=lease_s)
    if (done_s, frames) != (row.done_s, row.frames):
        row.progressed_at = at
    row.done_s, row.duration_s, row.frames = done_s, duration_s, frames
    return stored_job(row)


def finish(
    session: Session,
    job_id: str,
    worker: str,
    at: datetime,
    status: ScanStatus | None,
    error: str | None = None,
) -> bool:
    """The scan is stored; no ``status`` where it was cancelled before. False if it is another's by now."""
    row = _held(session, job_id, worker)
    if row is None:
        return False
    row.status, row.error = status and status.value, None if error is None else plain(error)
    _end(session, row, JobState.CANCELLED if row.cancel_asked else JobState.DONE, at)
    return True


def give_back(session: Session, job_id: str, worker: str, at: datetime) -> bool:
    """The worker stops before the end: the job waits again, and the attempt does not count."""
    row = _held(session, job_id, worker)
    if row is None:
        return False
    row.attempts -= 1
    _again(session, row, at, "its worker was stopped")
    return True


def give_up(session: Session, job_id: str, worker: str, at: datetime, reason: str) -> bool:
    """It is no use to try again: the scan is stored as not assessable. False where it is another's by now."""
    row = _held(session, job_id, worker)
    if row is None:
        return False
    _give_up(session, row, at, reason)
    return True


def worker_died(
    session: Session, worker: str, at: datetime, reason: str, *, counts: bool = True
) -> list[StoredJob]:
    """What the worker had goes back to the queue; a job without attempts left is done, not assessable.

    Where it was the service that ended the worker, the attempt does not count.
    """
    held = select(JobRow).where(JobRow.worker == worker, JobRow.state == JobState.RUNNING).with_for_update()
    rows = session.scalars(held).all()
    for row in rows:
        row.attempts -= not counts
        if row.cancel_asked:
            _end(session, row, JobState.CANCELLED, at)
        elif row.attempts >= MOST_ATTEMPTS:
            _give_up(session, row, at, reason)
        else:
            _again(session, row, at, reason)
    return [stored_job(row) for row in rows]


def ask_to_cancel(session: Session, job_id: str, actor: str, at: datetime) -> StoredJob:
    """Nobody wants it any more: one that waits ends now, one that runs when its worker hears of it.

    Raises:
        NotFound: there is no such job.
        StoreError: it has ended.
    """
    row = session.get(JobRow, job_id, with_for_update=True)
    if row is None:
        raise NotFound(f"there is no scan {clean(job_id, 40)!r}")
    if row.state == JobState.DONE:
        raise StoreError(f"scan {row.id} is done already")
    row.cancel_asked = True
    if row.state == JobState.QUEUED:
        _end(session, row, JobState.CANCELLED, at, actor)
    return stored_job(row)


def job(session: Session, job_id: str) -> StoredJob:
    """One job.

    Raises:
        NotFound: there is none of that id.
    """
    row = session.get(JobRow, job_id)
    if row is None:
        raise NotFound(f"there is no scan {clean(job_id, 40)!r}")
    return stored_job(row)


def queued(session: Session) -> int:
    """How many jobs wait."""
    return session.scalar(select(func.count()).where(JobRow.state == JobState.QUEUED)) or 0


def _held(session: Session, job_id: str, worker: str) -> JobRow | None:
    row = session.get(JobRow, job_id, with_for_update=True)
    return row if row is not None and row.worker == worker and row.state == JobState.RUNNING else None


def _again(session: Session, row: JobRow, at: datetime, reason: str) -> None:
    row.state, row.worker, row.leased_until = JobState.QUEUED.value, None, None
    _record(session, row, ChangeKind.SCAN_RETRIED, "service", at, reason=reason)


def _give_up(session: Session, row: JobRow, at: datetime, reason: str) -> None:
    if row.scan_id is not None:
        # What was found is stored, with the rules' verdicts; it was what came after that failed.
        row.status = session.get_one(ScanRow, row.scan_id).status
        row.error = plain(f"{row.shown}: scanned, but no model judged what was found: {reason}")
        _end(session, row, JobState.DONE, at)
        return
    row.status = ScanStatus.NOT_ASSESSABLE.value
    tries = f"{row.attempts} attempt{'' if row.attempts == 1 else 's'}"
    row.error = plain(f"{row.shown}: could not be scanned in {tries}: {reason}")
    row.scan_id = _not_assessable(session, row, at)
    _end(session, row, JobState.DONE, at)


def _not_assessable(session: Session, row: JobRow, at: datetime) -> int | None:
    """A scan that says why there is none, for an input that was seen before or not."""
    found = ScanResult(row.shown, ScanStatus.NOT_ASSESSABLE, row.error, mode=Mode(row.mode))
    writer = Writer(session, row.identity, row.profile, row.started_at or at, at, job_id=row.id)
    return writer.write(Assessment(found, {}))


def _end(session: Session, row: JobRow, state: JobState, at: datetime, actor: str = "service") -> None:
    """No more of it: what opened it, and may hold a password, is forgotten."""
    row.state, row.ended_at, row.url = state.value, at, None
    row.worker = row.leased_until = None
    kind = ChangeKind.SCAN_CANCELLED if state is JobState.CANCELLED else ChangeKind.SCAN_DONE
    _record(session, row, kind, actor, at, status=row.status, error=row.error, scan_id=row.scan_id)


def _record(
    session: Session, row: JobRow, kind: ChangeKind, actor: str, at: datetime, **data: object
) -> None:
    session.flush()
    told = {"state": row.state, "url": row.shown, **data}
    record_change(session, kind, at=at, actor=actor, job_id=row.id, data=told)


def stored_job(row: JobRow) -> StoredJob:
    """The job of a row."""
    request = JobRequest(
        JobKind(row.kind),
        row.url or "",
        row.shown,
        row.identity,
        row.profile,
        Mode(row.mode),
        row.keep_series,
        row.labels,
        row.size_bytes,
        row.context,
    )
    return StoredJob(
        id=row.id,
        request=request,
        created_at=row.created_at,
        created_by=row.created_by,
        state=JobState(row.state),
        attempts=row.attempts,
        worker=row.worker,
        leased_until=row.leased_until,
        cancel_asked=row.cancel_asked,
        started_at=row.started_at,
        ended_at=row.ended_at,
        done_s=row.done_s,
        duration_s=row.duration_s,
        frames=row.frames,
        progressed_at=row.progressed_at,
        status=None if row.status is None else ScanStatus(row.status),
        error=row.error,
        scan_id=row.scan_id,
    )
