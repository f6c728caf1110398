"""Where people are with an incident: acknowledge, resolve, mute, assign, comment, feedback.

Each of these works inside a session of ``Store.writing``, records what it changed, and does nothing where
all is so already. A muted incident is silent until it is resolved; a false alarm is resolved, and stays so
when it is found again, unless it has become worse.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from agent.store.changes import ChangeKind, record_change
from agent.store.errors import NotFound, StoreError, Unsound
from agent.store.rows import plain
from agent.store.tables import IncidentRow, VerdictRow
from agent.store.tables_service import FeedbackRow
from agent.verdict import Severity
from pipeline.model import Cause
from pipeline.text import clean

__all__ = [
    "FeedbackKind",
    "Status",
    "StoredFeedback",
    "acknowledge",
    "assign",
    "comment",
    "feedback_of",
    "give_feedback",
    "incident_row",
    "is_false_alarm",
    "mute",
    "reopen",
    "reopen_row",
    "require_incident",
    "resolve",
    "resolve_row",
    "unmute",
]


class Status(StrEnum):
    """Where people are with an incident."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class FeedbackKind(StrEnum):
    """What somebody says of a verdict."""

    FALSE_ALARM = "false_alarm"
    WRONG_SEVERITY = "wrong_severity"
    WRONG_CAUSE = "wrong_cause"
    CORRECT = "correct"


@dataclass(frozen=True, slots=True)
class StoredFeedback:
    """What was said, by whom, with the right answer; ``said`` is what the verdict was then."""

    id: int
    at: datetime
    actor: str
    kind: FeedbackKind
    severity: Severity | None
    cause: Cause | None
    note: str
    said: dict[str, Any] | None


def incident_row(session: Session, incident_id: str) -> IncidentRow:
    """The row of an incident, locked until the transaction ends.

    Raises:
        NotFound: there is none of that id.
    """
    query = select(IncidentRow).where(IncidentRow.id == incident_id).with_for_update()
    row = session.scalars(query).first()
    if row is None:
        raise NotFound(f"no incident {clean(incident_id, 40)!r} is stored")
    return row


def require_incident(session: Session, incident_id: str) -> None:
    """Look whether there is an incident of that id.

    Raises:
        NotFound: there is none.
    """
    if session.scalars(select(IncidentRow.id).where(IncidentRow.id == incident_id)).first() is None:
        raise NotFound(f"no incident {clean(incident_id, 40)!r} is stored")


def acknowledge(session: Session, incident_id: str, actor: str, at: datetime) -> bool:
    """Somebody has it. False where that was known.

    Raises:
        NotFound: there is no such incident.
        StoreError: it is resolved.
    """
    row = incident_row(session, incident_id)
    if row.status == Status.RESOLVED:
        raise StoreError(f"incident {row.id} is resolved; reopen it first")
    if row.status == Status.ACKNOWLEDGED:
        return False
    row.status, row.acknowledged_at, row.acknowledged_by = Status.ACKNOWLEDGED.value, at, plain(actor)
    return _changed(session, row, ChangeKind.INCIDENT_ACKNOWLEDGED, actor, at)


def resolve(session: Session, incident_id: str, actor: str, at: datetime, note: str = "") -> bool:
    """It is over, and heard again. False where that was known."""
    row = incident_row(session, incident_id)
    if row.status == Status.RESOLVED:
        return False
    resolve_row(row, actor, at)
    return _changed(session, row, ChangeKind.INCIDENT_RESOLVED, actor, at, note=note)


def resolve_row(row: IncidentRow, actor: str, at: datetime) -> None:
    """Set the columns of a resolved incident; what is resolved is no longer muted."""
    row.status, row.muted = Status.RESOLVED.value, False
    row.resolved_at, row.resolved_by = at, plain(actor)


def reopen_row(row: IncidentRow) -> None:
    """Set the columns of an incident that nobody has yet."""
    row.status = Status.OPEN.value
    row.acknowledged_at = row.acknowledged_by = row.resolved_at = row.resolved_by = None


def reopen(session: Session, incident_id: str, actor: str, at: datetime, note: str = "") -> bool:
    """It is not over, or whoever had it has it no more. False where it was open."""
    row = incident_row(session, incident_id)
    if row.status == Status.OPEN:
        return False
    reopen_row(row)
    return _changed(session, row, ChangeKind.INCIDENT_REOPENED, actor, at, note=note)


def mute(session: Session, incident_id: str, actor: str, at: datetime) -> bool:
    """No more of it until it is resolved. False where it is silent already.

    Raises:
        NotFound: there is no such incident.
        StoreError: it is resolved.
    """
    row = incident_row(session, incident_id)
    if row.status == Status.RESOLVED:
        raise StoreError(f"incident {row.id} is resolved, and silent already")
    if row.muted:
        return False
    row.muted = True
    return _changed(session, row, ChangeKind.INCIDENT_MUTED, actor, at)


def unmute(session: Session, incident_id: str, actor: str, at: datetime) -> bool:
    """Hear of it again. False where it was not muted."""
    row = incident_row(session, incident_id)
    if not row.muted:
        return False
    row.muted = False
    return _changed(session, row, ChangeKind.INCIDENT_UNMUTED, actor, at)


def assign(session: Session, incident_id: str, assignee: str | None, actor: str, at: datetime) -> bool:
    """Whose it is; None for nobody's. False where that was so."""
    row = incident_row(session, incident_id)
    name = None if assignee is None else plain(assignee)
    if row.assignee == name:
        return False
    row.assignee = name
    return _changed(session, row, ChangeKind.INCIDENT_ASSIGNED, actor, at, assignee=name)


def comment(session: Session, incident_id: str, text: str, actor: str, at: datetime) -> bool:
    """Something to remember with it."""
    row = incident_row(session, incident_id)
    return _changed(session, row, ChangeKind.INCIDENT_COMMENTED, actor, at, note=text)


def give_feedback(
    session: Session,
    incident_id: str,
    kind: FeedbackKind,
    actor: str,
    at: datetime,
    *,
    severity: Severity | None = None,
    cause: Cause | None = None,
    note: str = "",
) -> int:
    """Keep what somebody says of the verdict, with the right answer; a false alarm is resolved too.

    Raises:
        NotFound: there is no such incident.
        Unsound: the right answer is missing: ``severity`` of a wrong severity, ``cause`` of a wrong cause.
    """
    if kind is FeedbackKind.WRONG_SEVERITY and severity is None:
        raise Unsound("feedback wrong_severity must say the right severity")
    if kind is FeedbackKind.WRONG_CAUSE and cause is None:
        raise Unsound("feedback wrong_cause must say the right cause")
    row = incident_row(session, incident_id)
    given = FeedbackRow(
        incident_id=row.id,
        at=at,
        actor=plain(actor),
        kind=kind.value,
        severity=None if severity is None else severity.value,
        cause=None if cause is None else cause.value,
        note=plain(note),
        said=_said(session, row),
    )
    session.add(given)
    session.flush()
    answer = {"severity": given.severity, "cause": given.cause}
    _changed(
        session, row, ChangeKind.INCIDENT_FEEDBACK, actor, at, feedback=kind.value, note=note, right=answer
    )
    if kind is FeedbackKind.FALSE_ALARM and row.status != Status.RESOLVED:
        resolve_row(row, actor, at)
        _changed(session, row, ChangeKind.INCIDENT_RESOLVED, actor, at, note="a false alarm")
    return given.id


def feedback_of(session: Session, incident_id: str) -> list[StoredFeedback]:
    """Everything that was said of an incident, in its order."""
    query = select(FeedbackRow).where(FeedbackRow.incident_id == incident_id).order_by(FeedbackRow.id)
    return [
        StoredFeedback(
            row.id,
            row.at,
            row.actor,
            FeedbackKind(row.kind),
            None if row.severity is None else Severity(row.severity),
            None if row.cause is None else Cause(row.cause),
            row.note,
            row.said,
        )
        for row in session.scalars(query)
    ]


def is_false_alarm(session: Session, incident_id: str, rank: int) -> bool:
    """Whether the last word on it is that it is a false alarm, and it is no worse now than it was then."""
    query = select(FeedbackRow).where(FeedbackRow.incident_id == incident_id).order_by(FeedbackRow.id.desc())
    last = session.scalars(query.limit(1)).first()
    if last is None or last.kind != FeedbackKind.FALSE_ALARM:
        return False
    return rank <= int((last.said or {}).get("severity_rank", -1))


def _said(session: Session, row: IncidentRow) -> dict[str, Any]:
    theirs = select(VerdictRow).where(VerdictRow.incident_id == row.id)
    verdict = session.scalars(theirs.order_by(VerdictRow.id.desc()).limit(1)).first()
    if verdict is None:
        return {"cause": row.cause, "severity_rank": row.severity_rank}
    return {
        "verdict_id": verdict.id,
        "severity": verdict.severity,
        "severity_rank": row.severity_rank,
        "cause": verdict.cause,
        "model": verdict.model,
        "prompt": verdict.prompt,
    }


def _changed(
    session: Session, row: IncidentRow, kind: ChangeKind, actor: str, at: datetime, **data: object
) -> bool:
    """One more revision, recorded."""
    row.revision += 1
    told = {"status": row.status, "severity": row.severity} | {k: v for k, v in data.items() if v != ""}
    record_change(session, kind, at=at, actor=actor, incident_id=row.id, data=told)
    return True
