"""Lists of incidents and jobs, page by page: filtered, sorted, and gone on with from a cursor.

A cursor names the last row that was seen, not a number of rows: what comes in meanwhile shifts nothing.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from agent.store.errors import Unsound
from agent.store.hints import Walked
from agent.store.jobs import JobState, StoredJob, stored_job
from agent.store.life import Status
from agent.store.rows import plain
from agent.store.tables import EventRow, IncidentRow, InputRow, VerdictRow
from agent.store.tables_service import JobRow
from agent.verdict import Severity
from pipeline.model import Cause

__all__ = ["IncidentLine", "IncidentQuery", "Page", "Sort", "incident_page", "job_page"]

MOST = 200

T = TypeVar("T")


class Sort(StrEnum):
    """What a list of incidents is in order of."""

    LAST_SEEN = "last_seen"
    FIRST_SEEN = "first_seen"
    SEVERITY = "severity"


COLUMNS: Mapping[Sort, InstrumentedAttribute[Any]] = {
    Sort.LAST_SEEN: IncidentRow.last_seen_at,
    Sort.FIRST_SEEN: IncidentRow.first_seen_at,
    Sort.SEVERITY: IncidentRow.severity_rank,
}


@dataclass(frozen=True, slots=True)
class IncidentQuery:
    """Which incidents are wanted; what is empty or None asks for nothing.

    ``input`` is a part of the URL or path; ``since`` and ``until`` bound when it was last seen.
    """

    severities: Sequence[Severity] = ()
    causes: Sequence[Cause] = ()
    statuses: Sequence[Status] = ()
    checks: Sequence[str] = ()
    input: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    muted: bool | None = None
    assignee: str | None = None
    scan_id: int | None = None
    sort: Sort = Sort.LAST_SEEN
    descending: bool = True
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """An incident as a line of a list."""

    id: str
    url: str
    cause: str
    title: str | None
    severity: str | None
    status: str
    muted: bool
    assignee: str | None
    state: str
    start_s: float
    end_s: float | None
    first_seen_at: datetime
    last_seen_at: datetime
    gone_at: datetime | None
    labels: Mapping[str, str]
    revision: int


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and the cursor of the next page; None at the end."""

    rows: list[T]
    next: str | None


def incident_page(session: Session, wanted: IncidentQuery) -> Page[IncidentLine]:
    """A page of incidents.

    Raises:
        Unsound: the cursor is of another list, or none.
    """
    column = COLUMNS[wanted.sort]
    query = _narrowed(select(IncidentRow, InputRow.url).join(IncidentRow.input), wanted)
    if wanted.cursor is not None:
        value, last_id = _read_cursor(wanted.cursor, wanted.sort.value, wanted.descending)
        at = datetime.fromisoformat(str(value)) if wanted.sort is not Sort.SEVERITY else int(value)
        beyond = column < at if wanted.descending else column > at
        same = IncidentRow.id < last_id if wanted.descending else IncidentRow.id > last_id
        query = query.where(or_(beyond, and_(column == at, same)))
    order = (column.desc(), IncidentRow.id.desc()) if wanted.descending else (column, IncidentRow.id)
    limit = min(wanted.limit, MOST)
    found = session.execute(query.order_by(*order).limit(limit + 1)).all()
    titles = _titles(session, [row.id for row, _ in found])
    lines = [_line(row, url, titles.get(row.id)) for row, url in found[:limit]]
    if len(found) <= limit:
        return Page(lines, None)
    last = found[limit - 1][0]
    value = getattr(last, column.key)
    told = value.isoformat() if isinstance(value, datetime) else value
    return Page(lines, _cursor(wanted.sort.value, wanted.descending, told, last.id))


def job_page(
    session: Session, *, states: Sequence[JobState] = (), limit: int = 50, cursor: str | None = None
) -> Page[StoredJob]:
    """A page of jobs, the newest first.

    Raises:
        Unsound: the cursor is of another list, or none.
    """
    query = select(JobRow)
    if states:
        query = query.where(JobRow.state.in_([state.value for state in states]))
    if cursor is not None:
        value, last_id = _read_cursor(cursor, "jobs", True)
        at = datetime.fromisoformat(str(value))
        query = query.where(or_(JobRow.created_at < at, and_(JobRow.created_at == at, JobRow.id < last_id)))
    limit = min(limit, MOST)
    rows = session.scalars(query.order_by(JobRow.created_at.desc(), JobRow.id.desc()).limit(limit + 1)).all()
    jobs = [stored_job(row) for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(jobs, None)
    return Page(jobs, _cursor("jobs", True, jobs[-1].created_at.isoformat(), jobs[-1].id))


def _narrowed(query: Select[IncidentRow, str], wanted: IncidentQuery) -> Select[IncidentRow, str]:
    if wanted.severities:
        query = query.where(Walked(IncidentRow.severity_rank).in_([item.rank for item in wanted.severities]))
    if wanted.causes:
        query = query.where(IncidentRow.cause.in_([item.value for item in wanted.causes]))
    if wanted.statuses:
        query = query.where(Walked(IncidentRow.status).in_([item.value for item in wanted.statuses]))
    if wanted.checks:
        theirs = and_(EventRow.incident_id == IncidentRow.id, EventRow.scan_id == IncidentRow.last_scan_id)
        query = query.where(select(EventRow.id).where(theirs, EventRow.check.in_(wanted.checks)).exists())
    if wanted.input:
        named = (InputRow.url, InputRow.identity)
        part = plain(wanted.input)
        # There are far fewer inputs than incidents: find them first.
        inputs = select(InputRow.id).where(or_(*(col.contains(part, autoescape=True) for col in named)))
        query = query.where(IncidentRow.input_id.in_(inputs))
    for name, value in wanted.labels.items():
        query = query.where(IncidentRow.labels[name].as_string() == plain(value))
    if wanted.since is not None:
        query = query.where(IncidentRow.last_seen_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(IncidentRow.last_seen_at < wanted.until)
    if wanted.muted is not None:
        query = query.where(IncidentRow.muted.is_(wanted.muted))
    if wanted.assignee is not None:
        query = query.where(IncidentRow.assignee == plain(wanted.assignee))
    if wanted.scan_id is not None:
        query = query.where(IncidentRow.last_scan_id == wanted.scan_id)
    return query


def _titles(session: Session, ids: Sequence[str]) -> dict[str, str]:
    """The title of the verdict that holds, by the id of the incident."""
    if not ids:
        return {}
    newest = select(func.max(VerdictRow.id)).where(VerdictRow.incident_id.in_(ids))
    query = select(VerdictRow.incident_id, VerdictRow.title).where(
        VerdictRow.id.in_(newest.group_by(VerdictRow.incident_id))
    )
    return {incident_id: title for incident_id, title in session.execute(query)}


def _line(row: IncidentRow, url: str, title: str | None) -> IncidentLine:
    return IncidentLine(
        row.id,
        url,
        row.cause,
        title,
        row.severity,
        row.status,
        row.muted,
        row.assignee,
        row.state,
        row.start_s,
        row.end_s,
        row.first_seen_at,
        row.last_seen_at,
        row.gone_at,
        row.labels,
        row.revision,
    )


def _cursor(kind: str, descending: bool, value: object, last_id: str) -> str:
    text = json.dumps([kind, descending, value, last_id], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(cursor: str, kind: str, descending: bool) -> tuple[Any, str]:
    wrong = Unsound("the cursor is not one of this list; begin again without it")
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        found = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        told_kind, told_descending, value, last_id = found
        if kind == Sort.SEVERITY.value:
            value = int(value)
        elif datetime.fromisoformat(value).tzinfo is None:
            raise wrong
    except (ValueError, TypeError, OverflowError, RecursionError) as exc:
        raise wrong from exc
    if (told_kind, told_descending) != (kind, descending) or not isinstance(last_id, str):
        raise wrong
    if "\0" in last_id or abs(value if isinstance(value, int) else 0) > 9:
        raise wrong
    return value, last_id
