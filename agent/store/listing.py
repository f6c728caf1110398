"""Lists of incidents and jobs, page by page: filtered, sorted, and gone on with from a cursor.

A cursor names the last row that was seen, not a number of rows: what comes in meanwhile shifts nothing.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from operator import gt, lt
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, select
from sqlalchemy.orm import Session

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


INCIDENTS, INPUTS, EVENTS, VERDICTS = (
    table.__table__.c for table in (IncidentRow, InputRow, EventRow, VerdictRow)
)
COLUMNS: Mapping[Sort, ColumnElement[Any]] = {
    Sort.LAST_SEEN: INCIDENTS.last_seen_at,
    Sort.FIRST_SEEN: INCIDENTS.first_seen_at,
    Sort.SEVERITY: INCIDENTS.severity_rank,
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
    limit = min(wanted.limit, MOST)
    values = {**_values(wanted), "rows": limit + 1}
    if wanted.cursor is not None:
        value, last_id = _read_cursor(wanted.cursor, wanted.sort.value, wanted.descending)
        values["last"] = (
            datetime.fromisoformat(str(value)) if wanted.sort is not Sort.SEVERITY else int(value)
        )
        values["last_id"] = last_id
    found = session.connection().execute(_statement(_Shape.of(wanted, values)), values).all()
    lines = [IncidentLine(*row[1:]) for row in found[:limit]]
    if len(found) <= limit:
        return Page(lines, None)
    value, last_id = found[limit - 1][:2]
    told = value.isoformat() if isinstance(value, datetime) else value
    return Page(lines, _cursor(wanted.sort.value, wanted.descending, told, last_id))


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


@dataclass(frozen=True, slots=True)
class _Shape:
    """What makes one list another statement than the next: its filters and its order, not their values."""

    filters: frozenset[str]
    labels: tuple[str, ...]
    sort: Sort
    descending: bool

    @classmethod
    def of(cls, wanted: IncidentQuery, values: Mapping[str, Any]) -> _Shape:
        return cls(frozenset(values), tuple(wanted.labels), wanted.sort, wanted.descending)


@lru_cache(maxsize=256)
def _statement(shape: _Shape) -> Select[*tuple[Any, ...]]:
    """The list of a shape: made once, for making it takes as long as running it.

    The page is found first, and the titles of its rows alone are looked up.
    """
    column = COLUMNS[shape.sort]
    found = select(INCIDENTS.id).where(*(FILTERS[name] for name in FILTERS if name in shape.filters))
    for number, name in enumerate(shape.labels):
        found = found.where(INCIDENTS.labels[name].as_string() == bindparam(f"label{number}"))
    if "last" in shape.filters:
        beyond = lt if shape.descending else gt
        same = and_(column == bindparam("last"), beyond(INCIDENTS.id, bindparam("last_id")))
        found = found.where(or_(beyond(column, bindparam("last")), same))
    order = (column.desc(), INCIDENTS.id.desc()) if shape.descending else (column, INCIDENTS.id)
    page = found.order_by(*order).limit(bindparam("rows")).subquery("page")
    shown = (
        select(column, *LINE)
        .join(page, page.c.id == INCIDENTS.id)
        .join(InputRow.__table__, INPUTS.id == INCIDENTS.input_id)
    )
    return shown.order_by(*order)


def _values(wanted: IncidentQuery) -> dict[str, Any]:
    """What is asked for, by the names of the filters; those that ask for nothing are not there."""
    part = None if not wanted.input else _pattern(plain(wanted.input))
    asked = {
        "severities": [item.rank for item in wanted.severities] or None,
        "causes": [item.value for item in wanted.causes] or None,
        "statuses": [item.value for item in wanted.statuses] or None,
        "checks": list(wanted.checks) or None,
        "input": part,
        "since": wanted.since,
        "until": wanted.until,
        "muted": wanted.muted,
        "assignee": None if wanted.assignee is None else plain(wanted.assignee),
        "scan": wanted.scan_id,
    }
    labels = {f"label{number}": plain(value) for number, value in enumerate(wanted.labels.values())}
    return labels | {name: value for name, value in asked.items() if value is not None}


def _pattern(part: str) -> str:
    """For LIKE: anything, ``part``, anything."""
    return "%" + re.sub("([%_/])", r"/\1", part) + "%"


_HAS_CHECK = and_(
    EVENTS.incident_id == INCIDENTS.id,
    EVENTS.scan_id == INCIDENTS.last_scan_id,
    EVENTS.check_id.in_(bindparam("checks", expanding=True)),
)
_NAMED = or_(*(name.like(bindparam("input"), escape="/") for name in (INPUTS.url, INPUTS.identity)))

FILTERS: Mapping[str, ColumnElement[bool]] = {
    "severities": Walked(INCIDENTS.severity_rank).in_(bindparam("severities", expanding=True)),
    "causes": INCIDENTS.cause.in_(bindparam("causes", expanding=True)),
    "statuses": Walked(INCIDENTS.status).in_(bindparam("statuses", expanding=True)),
    "checks": select(EVENTS.id).where(_HAS_CHECK).exists(),
    # There are far fewer inputs than incidents: find them first.
    "input": INCIDENTS.input_id.in_(select(INPUTS.id).where(_NAMED)),
    "since": INCIDENTS.last_seen_at >= bindparam("since"),
    "until": INCIDENTS.last_seen_at < bindparam("until"),
    "muted": INCIDENTS.muted == bindparam("muted"),
    "assignee": INCIDENTS.assignee == bindparam("assignee"),
    "scan": INCIDENTS.last_scan_id == bindparam("scan"),
}
"""A filter by its name, which is that of its value, too."""

_TITLE = (
    select(VERDICTS.title)
    .where(VERDICTS.incident_id == INCIDENTS.id)
    .order_by(VERDICTS.id.desc())
    .limit(1)
    .scalar_subquery()
)
LINE = (
    INCIDENTS.id,
    INPUTS.url,
    INCIDENTS.cause,
    _TITLE,
    INCIDENTS.severity,
    INCIDENTS.status,
    INCIDENTS.muted,
    INCIDENTS.assignee,
    INCIDENTS.state,
    INCIDENTS.start_s,
    INCIDENTS.end_s,
    INCIDENTS.first_seen_at,
    INCIDENTS.last_seen_at,
    INCIDENTS.gone_at,
    INCIDENTS.labels,
    INCIDENTS.revision,
)
"""The columns of an ``IncidentLine``, in the order of its fields."""


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
