"""Retention: what is older than a time goes, and the oldest goes where there is more than a size.

An incident goes with all that belongs to it, whatever its status, when it was last seen too long ago.
One that somebody gave feedback on stays: that is what later versions are measured with.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, func, select, text, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from agent.store.store import Store
from agent.store.tables import EventRow, IncidentRow, InputRow, ScanRow, SuppressedRow, VerdictRow
from agent.store.tables_pages import PageIncidentRow, PageRow
from agent.store.tables_service import (
    ChangeRow,
    FeedbackRow,
    IdempotencyRow,
    JobRow,
    ModelCallRow,
    SignalsRow,
    StillRow,
    TokenRow,
    WaiverRow,
)

__all__ = ["OWNED", "Pruned", "prune"]

BATCH = 500
"""Incidents that one transaction deletes: nobody else waits long for the database."""

ANSWERS_KEPT = timedelta(days=1)
"""How long the answer to an idempotent request is kept."""

OWNED: tuple[InstrumentedAttribute[str] | InstrumentedAttribute[str | None], ...] = (
    EventRow.incident_id,
    VerdictRow.incident_id,
    StillRow.incident_id,
    SignalsRow.incident_id,
    ModelCallRow.incident_id,
    ChangeRow.incident_id,
    PageIncidentRow.incident_id,
)
"""What belongs to an incident and goes with it, before it."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """How much went."""

    incidents: int = 0
    scans: int = 0
    jobs: int = 0
    bytes_before: int = 0
    bytes_after: int = 0


def prune(
    store: Store, now: datetime, *, older_than: timedelta | None = None, max_bytes: int | None = None
) -> Pruned:
    """Delete what is too old, then the oldest of what is too much; what is left gives its room back.

    Raises:
        StoreError: the database cannot be written.
    """
    before = _bytes(store)
    done = Pruned(bytes_before=before, bytes_after=before)
    if older_than is not None:
        done = _older(store, now - older_than, now, done)
    if max_bytes is not None and (size := _bytes(store)) > max_bytes:
        with store.reading() as session:
            cutoff = _oldest_share(session, 1 - max_bytes / size)
        if cutoff is not None:
            done = _older(store, cutoff, now, done)
    if done.incidents or done.scans or done.jobs:
        _give_room_back(store.engine)
    return replace(done, bytes_after=_bytes(store))


def _older(store: Store, cutoff: datetime, now: datetime, done: Pruned) -> Pruned:
    incidents = 0
    while True:
        with store.noting() as session:
            some = _some_incidents(session, cutoff)
            for column in OWNED if some else ():
                session.execute(delete(column.class_).where(column.in_(some)))
            session.execute(update(WaiverRow).where(WaiverRow.incident_id.in_(some)).values(incident_id=None))
            session.execute(delete(IncidentRow).where(IncidentRow.id.in_(some)))
        incidents += len(some)
        if len(some) < BATCH:
            break
    with store.noting() as session:
        jobs = _jobs(session, cutoff)
        scans = _scans(session, cutoff)
        session.execute(delete(IdempotencyRow).where(IdempotencyRow.created_at < now - ANSWERS_KEPT))
        session.execute(delete(TokenRow).where(TokenRow.kind == "session", TokenRow.expires_at < now))
        told = select(PageIncidentRow.page_key)
        session.execute(delete(PageRow).where(PageRow.opened_at < cutoff, PageRow.key.not_in(told)))
        used = select(ScanRow.input_id).union(select(IncidentRow.input_id))
        session.execute(delete(InputRow).where(InputRow.id.not_in(used)))
    return replace(
        done, incidents=done.incidents + incidents, scans=done.scans + scans, jobs=done.jobs + jobs
    )


def _some_incidents(session: Session, cutoff: datetime) -> list[str]:
    spoken_of = select(FeedbackRow.incident_id)
    query = select(IncidentRow.id).where(IncidentRow.last_seen_at < cutoff, IncidentRow.id.not_in(spoken_of))
    return list(session.scalars(query.order_by(IncidentRow.last_seen_at).limit(BATCH)))


def _jobs(session: Session, cutoff: datetime) -> int:
    """Jobs that ended before, and their history; how many."""
    old = list(session.scalars(select(JobRow.id).where(JobRow.ended_at < cutoff)))
    for start in range(0, len(old), BATCH):
        some = old[start : start + BATCH]
        # What a job did to an incident stays in the incident's history.
        session.execute(delete(ChangeRow).where(ChangeRow.job_id.in_(some), ChangeRow.incident_id.is_(None)))
        session.execute(update(ChangeRow).where(ChangeRow.job_id.in_(some)).values(job_id=None))
        session.execute(delete(JobRow).where(JobRow.id.in_(some)))
    return len(old)


def _scans(session: Session, cutoff: datetime) -> int:
    """Scans that began before and that nothing refers to; how many."""
    refers: tuple[InstrumentedAttribute[int] | InstrumentedAttribute[int | None], ...] = (
        IncidentRow.first_scan_id,
        IncidentRow.last_scan_id,
        EventRow.scan_id,
        VerdictRow.scan_id,
        JobRow.scan_id,
        ModelCallRow.scan_id,
    )
    query = select(ScanRow.id).where(ScanRow.started_at < cutoff)
    for column in refers:
        query = query.where(ScanRow.id.not_in(select(column).where(column.is_not(None))))
    old = list(session.scalars(query))
    for start in range(0, len(old), BATCH):
        some = old[start : start + BATCH]
        session.execute(delete(SuppressedRow).where(SuppressedRow.scan_id.in_(some)))
        session.execute(delete(ScanRow).where(ScanRow.id.in_(some)))
    return len(old)


def _oldest_share(session: Session, share: float) -> datetime | None:
    """The time before which that share of the scans began: a scan stands for what it brought."""
    total = session.scalar(select(func.count()).select_from(ScanRow)) or 0
    place = min(int(total * share) + 1, total) - 1
    ordered = select(ScanRow.started_at).order_by(ScanRow.started_at).offset(max(place, 0)).limit(1)
    found = session.scalars(ordered).first()
    return None if found is None else found + timedelta(microseconds=1)


def _bytes(store: Store) -> int:
    """What the database takes on disk, without pages that are free."""
    with store.reading() as session:
        if store.engine.dialect.name == "postgresql":
            return int(session.scalar(text("SELECT pg_database_size(current_database())")) or 0)
        pages, free, size = (
            int(session.scalar(text(f"PRAGMA {name}")) or 0)
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size


def _give_room_back(engine: Engine) -> None:
    """VACUUM runs in no transaction; SQLite then cuts its write-ahead log short as well."""
    raw = engine.raw_connection()
    try:
        connection = raw.driver_connection
        if engine.dialect.name == "postgresql" and connection is not None:
            connection.autocommit = True
        cursor = raw.cursor()
        cursor.execute("VACUUM")
        if engine.dialect.name == "sqlite":
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cursor.close()
        if engine.dialect.name == "postgresql" and connection is not None:
            connection.autocommit = False
    finally:
        raw.close()
