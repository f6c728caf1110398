"""The one place where a change is recorded: the feed, and the history of each incident and job.

Whoever must hear of changes (the feed of server-sent events, the outbox of pages) hangs here, within the
transaction of the change itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from agent.store.rows import plain
from agent.store.tables_service import ChangeRow

__all__ = [
    "ORDERED",
    "SCAN",
    "Change",
    "ChangeKind",
    "changes_after",
    "history_of",
    "newest_change",
    "record_change",
    "scan_of",
]

ORDERED = "vidette_ordered"
"""Mark of a session whose transaction is the only one that records changes (``Store.writing``)."""

SCAN = "scan"
"""The actor of what no person did: a scan found it, or found it no more."""


class ChangeKind(StrEnum):
    """What can happen. The name before the dot is what it happens to."""

    INCIDENT_OPENED = "incident.opened"
    INCIDENT_REOPENED = "incident.reopened"
    INCIDENT_UPDATED = "incident.updated"
    INCIDENT_JUDGED = "incident.judged"
    INCIDENT_ACKNOWLEDGED = "incident.acknowledged"
    INCIDENT_RESOLVED = "incident.resolved"
    INCIDENT_MUTED = "incident.muted"
    INCIDENT_UNMUTED = "incident.unmuted"
    INCIDENT_ASSIGNED = "incident.assigned"
    INCIDENT_COMMENTED = "incident.commented"
    INCIDENT_FEEDBACK = "incident.feedback"
    SCAN_QUEUED = "scan.queued"
    SCAN_STARTED = "scan.started"
    SCAN_RETRIED = "scan.retried"
    SCAN_DONE = "scan.done"
    SCAN_CANCELLED = "scan.cancelled"
    WAIVER_CREATED = "waiver.created"
    WAIVER_REVOKED = "waiver.revoked"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened; ``data`` is ready for JSON, and its text is untrusted."""

    id: int
    at: datetime
    kind: str
    incident_id: str | None
    job_id: str | None
    actor: str
    data: Mapping[str, Any]


def record_change(
    session: Session,
    kind: ChangeKind,
    *,
    at: datetime,
    actor: str = SCAN,
    incident_id: str | None = None,
    job_id: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> int:
    """Add a row to the feed, in the transaction of the change; its id.

    Ids are in the order of the commits only where one transaction at a time records changes, so the
    session must be one of ``Store.writing``.

    Raises:
        RuntimeError: the session is another one.
    """
    if not session.info.get(ORDERED):
        raise RuntimeError("a change must be recorded in a session of Store.writing()")
    row = ChangeRow(
        at=at,
        kind=kind.value,
        incident_id=incident_id,
        job_id=job_id,
        actor=plain(actor),
        data=plain(data or {}),
    )
    session.add(row)
    session.flush()
    return row.id


def changes_after(session: Session, last_id: int, *, limit: int = 500, prefix: str = "") -> list[Change]:
    """Changes with an id above ``last_id``, in their order; ``prefix`` is the beginning of their kind."""
    query = select(ChangeRow).where(ChangeRow.id > last_id)
    if prefix:
        query = query.where(ChangeRow.kind.startswith(prefix, autoescape=True))
    return [_change(row) for row in session.scalars(query.order_by(ChangeRow.id).limit(limit))]


def history_of(
    session: Session, *, incident_id: str | None = None, job_id: str | None = None, limit: int = 500
) -> list[Change]:
    """The newest changes of one incident or job, in their order."""
    column, wanted = (
        (ChangeRow.incident_id, incident_id) if incident_id is not None else (ChangeRow.job_id, job_id)
    )
    newest = select(ChangeRow).where(column == wanted).order_by(ChangeRow.id.desc()).limit(limit)
    return [_change(row) for row in reversed(session.scalars(newest).all())]


def scan_of(session: Session, incident_id: str) -> str:
    """The job that last found or judged an incident; empty where no job of the service did."""
    query = select(ChangeRow.job_id).where(
        ChangeRow.incident_id == incident_id, ChangeRow.job_id.is_not(None)
    )
    return session.scalar(query.order_by(ChangeRow.id.desc()).limit(1)) or ""


def newest_change(session: Session) -> int:
    """The id of the newest change; 0 where there is none."""
    return session.scalar(select(func.max(ChangeRow.id))) or 0


def _change(row: ChangeRow) -> Change:
    return Change(row.id, row.at, row.kind, row.incident_id, row.job_id, row.actor, row.data)
