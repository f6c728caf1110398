"""Earlier incidents of an input, with what people said of them, as a context tells them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from agent.context import Feedback, Recent
from agent.store.life import FeedbackKind
from agent.store.tables import IncidentRow
from agent.store.tables_service import FeedbackRow
from agent.verdict import Severity
from pipeline.model import Cause, fingerprint

__all__ = ["MOST_RECENT", "recent_incidents"]

MOST_RECENT = 50
"""Of one input, the last seen: of these, six at most will concern an incident."""


def recent_incidents(session: Session, identity: str, found: Collection[str] = ()) -> tuple[Recent, ...]:
    """What the store knows of an input's earlier incidents, the oldest first.

    Args:
        session: of a transaction that reads.
        identity: what the input is known by from run to run.
        found: ids of incidents that are to be judged now. Of these, only one that people spoke of is told:
            what they said holds for the same thing found again.
    """
    query = (
        select(IncidentRow)
        .where(IncidentRow.input_id == fingerprint(identity), IncidentRow.severity.is_not(None))
        .order_by(IncidentRow.last_seen_at.desc(), IncidentRow.id)
        .limit(MOST_RECENT)
        .options(selectinload(IncidentRow.events))
    )
    rows = sorted(session.scalars(query), key=lambda row: row.first_seen_at)
    said = _said(session, [row.id for row in rows])
    return tuple(
        _recent(row, said.get(row.id, Feedback.NONE)) for row in rows if row.id not in found or row.id in said
    )


def _recent(row: IncidentRow, said: Feedback) -> Recent:
    checks = sorted({event.check for event in row.events if event.scan_id == row.last_scan_id})
    severity = Severity(str(row.severity))
    return Recent(row.first_seen_at, Cause(row.cause), severity, said, tuple(checks))


def _said(session: Session, incidents: list[str]) -> dict[str, Feedback]:
    """What was said last of each incident that people spoke of."""
    query = select(FeedbackRow).where(FeedbackRow.incident_id.in_(incidents)).order_by(FeedbackRow.id)
    return {row.incident_id: said for row in session.scalars(query) for said in _meant(row)}


def _meant(row: FeedbackRow) -> Iterable[Feedback]:
    """What a row says of a verdict, in the words of a context; nothing, where it says another cause."""
    if row.kind == FeedbackKind.FALSE_ALARM:
        yield Feedback.FALSE_ALARM
    elif row.kind == FeedbackKind.CORRECT:
        yield Feedback.CONFIRMED
    elif row.kind == FeedbackKind.WRONG_SEVERITY and row.severity and row.said:
        right, was = Severity(row.severity).rank, row.said["severity_rank"]
        if right != was:
            yield Feedback.TOO_SEVERE if right < was else Feedback.NOT_SEVERE_ENOUGH
