"""Waivers: what is let through, for whom, and until when. A scan tells what one explained, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from agent.store.changes import ChangeKind, record_change
from agent.store.errors import NotFound, Unsound
from agent.store.life import resolve
from agent.store.rows import plain
from agent.store.tables import IncidentRow
from agent.store.tables_service import WaiverRow
from pipeline.checks import CHECKS
from pipeline.text import clean

__all__ = [
    "StoredWaiver",
    "WaiverRequest",
    "add_waiver",
    "revoke_waiver",
    "standing_waivers",
    "waiver_of_incident",
    "waivers",
]


@dataclass(frozen=True, slots=True)
class WaiverRequest:
    """What is to be let through: ``checks`` on inputs that match ``input`` (``*``, ``?``), within a range.

    The range is open where ``start_s`` or ``end_s`` is None.
    """

    input: str
    checks: tuple[str, ...]
    reason: str
    expires_at: datetime
    start_s: float | None = None
    end_s: float | None = None
    incident_id: str | None = None


@dataclass(frozen=True, slots=True)
class StoredWaiver:
    """A waiver, by whom, and whether it was taken back."""

    id: int
    request: WaiverRequest
    created_at: datetime
    created_by: str
    revoked_at: datetime | None
    revoked_by: str | None

    def stands(self, at: datetime) -> bool:
        """Whether it lets anything through at that time."""
        return self.revoked_at is None and self.request.expires_at > at

    def covers(self, identity: str) -> bool:
        """Whether it is for that input."""
        return fnmatchcase(identity, self.request.input)


def add_waiver(session: Session, request: WaiverRequest, actor: str, at: datetime) -> StoredWaiver:
    """Let something through from the next scan on; the incident that it names is resolved.

    Raises:
        NotFound: there is no such incident.
        Unsound: it names no check, one that there is not, an empty range, or a time that has passed.
    """
    _require_sound(request, at)
    row = WaiverRow(
        input=plain(request.input),
        checks=list(request.checks),
        start_s=request.start_s,
        end_s=request.end_s,
        reason=plain(request.reason),
        incident_id=request.incident_id,
        created_at=at,
        created_by=plain(actor),
        expires_at=request.expires_at,
    )
    if request.incident_id is not None:
        resolve(session, request.incident_id, actor, at, f"waived: {request.reason}")
    session.add(row)
    session.flush()
    told = {"waiver": row.id, "input": row.input, "checks": row.checks, "reason": row.reason}
    record_change(
        session, ChangeKind.WAIVER_CREATED, at=at, actor=actor, incident_id=row.incident_id, data=told
    )
    return _stored(row)


def waiver_of_incident(
    session: Session, incident_id: str, reason: str, expires_at: datetime
) -> WaiverRequest:
    """A waiver for what one incident is made of, where it is.

    Raises:
        NotFound: there is no such incident.
    """
    query = (
        select(IncidentRow)
        .where(IncidentRow.id == incident_id)
        .options(selectinload(IncidentRow.events), selectinload(IncidentRow.input))
    )
    row = session.scalars(query).first()
    if row is None:
        raise NotFound(f"no incident {clean(incident_id, 40)!r} is stored")
    events = [event for event in row.events if event.scan_id == row.last_scan_id]
    return WaiverRequest(
        input=_literally(row.input.identity),
        checks=tuple(sorted({event.check for event in events})),
        reason=reason,
        expires_at=expires_at,
        start_s=row.start_s,
        end_s=row.end_s,
        incident_id=row.id,
    )


def revoke_waiver(session: Session, waiver_id: int, actor: str, at: datetime) -> StoredWaiver:
    """Nothing is let through by it any more.

    Raises:
        NotFound: there is none of that id.
    """
    row = session.get(WaiverRow, waiver_id, with_for_update=True)
    if row is None:
        raise NotFound(f"there is no waiver {waiver_id}")
    if row.revoked_at is None:
        row.revoked_at, row.revoked_by = at, plain(actor)
        told = {"waiver": row.id, "input": row.input}
        record_change(
            session, ChangeKind.WAIVER_REVOKED, at=at, actor=actor, incident_id=row.incident_id, data=told
        )
    return _stored(row)


def waivers(session: Session, *, after_id: int = 0, limit: int = 100) -> list[StoredWaiver]:
    """Waivers in order of their ids, those that have ended too."""
    query = select(WaiverRow).where(WaiverRow.id > after_id).order_by(WaiverRow.id).limit(limit)
    return [_stored(row) for row in session.scalars(query)]


def standing_waivers(session: Session, identity: str, at: datetime) -> list[StoredWaiver]:
    """Those that let something of that input through at that time."""
    query = select(WaiverRow).where(WaiverRow.revoked_at.is_(None), WaiverRow.expires_at > at)
    found = [_stored(row) for row in session.scalars(query.order_by(WaiverRow.id))]
    return [waiver for waiver in found if waiver.covers(identity)]


def _require_sound(request: WaiverRequest, at: datetime) -> None:
    if not request.input.strip():
        raise Unsound("a waiver must say which input it is for; '*' is all of them")
    if not request.checks:
        raise Unsound("a waiver must name the checks that it lets through")
    unknown = _unknown(request.checks)
    if unknown:
        raise Unsound(f"there is no check {clean(unknown[0], 40)!r}")
    if request.expires_at <= at:
        raise Unsound("a waiver must end in the future")
    if request.end_s is not None and request.end_s <= (request.start_s or 0.0):
        raise Unsound("the range of a waiver must end after it begins")


def _unknown(checks: Sequence[str]) -> list[str]:
    return [check for check in checks if check not in CHECKS]


def _literally(identity: str) -> str:
    """A pattern that matches this text alone."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in identity)


def _stored(row: WaiverRow) -> StoredWaiver:
    request = WaiverRequest(
        row.input,
        tuple(row.checks),
        row.reason,
        row.expires_at,
        row.start_s,
        row.end_s,
        row.incident_id,
    )
    return StoredWaiver(row.id, request, row.created_at, row.created_by, row.revoked_at, row.revoked_by)
