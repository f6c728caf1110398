"""Runs a query on the store: read-only, limited SQL, and nothing but what the query says.

IncidentQuery -> conditions -> rows -> Found
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from agent.query.model import Grouping, IncidentQuery, Order, Shape, State, TimeRange
from agent.store.hints import Walked
from agent.store.tables import EventRow, IncidentRow, InputRow, VerdictRow

__all__ = ["Found", "FoundIncident", "run"]

MAX_COUNTED = 100_000
"""Rows that are counted by day or hour: those are the asker's, which no database knows."""


@dataclass(frozen=True, slots=True)
class FoundIncident:
    """One incident of an answer. Times on its clock in seconds; ``first_seen_at`` is UTC."""

    id: str
    input: str
    severity: str
    cause: str
    title: str
    start_s: float
    end_s: float | None
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """What the store says: how many match in all, those asked for, the groups, the other range's count."""

    total: int
    incidents: tuple[FoundIncident, ...] = ()
    groups: tuple[tuple[str, int], ...] = ()
    against: int | None = None
    unknown_ids: tuple[str, ...] = ()


def run(session: Session, query: IncidentQuery) -> Found:
    """Ask the store; the session should be a read-only one."""
    unknown = tuple(item for item in query.ids if not _exists(session, item))
    wanted = _conditions(query, query.during)
    total = _count(session, wanted)
    if query.shape is Shape.COMPARE:
        against = _count(session, _conditions(query, query.against))
        return Found(total, _incidents(session, query, wanted), (), against, unknown)
    groups = _groups(session, query, wanted) if query.group_by else ()
    return Found(total, _incidents(session, query, wanted), groups, None, unknown)


def _exists(session: Session, prefix: str) -> bool:
    return session.scalar(select(IncidentRow.id).where(_begins(prefix)).limit(1)) is not None


def _begins(prefix: str) -> ColumnElement[bool]:
    """Whether an id begins so. The range is what an index can serve: SQLite's LIKE would look at every id."""
    within = IncidentRow.id.between(prefix, prefix + "z" * 16)
    return and_(within, IncidentRow.id.startswith(prefix, autoescape=True))


_LATEST = (
    select(func.max(VerdictRow.id))
    .where(VerdictRow.incident_id == IncidentRow.id)
    .correlate(IncidentRow)
    .scalar_subquery()
)


def _conditions(query: IncidentQuery, during: TimeRange | None) -> list[ColumnElement[bool]]:
    """What an incident must be, of its own row alone; an empty list asks for nothing."""
    wanted: list[ColumnElement[bool]] = []
    if during is not None and during.since is not None:
        wanted.append(IncidentRow.first_seen_at >= during.since)
    if during is not None and during.until is not None:
        wanted.append(IncidentRow.first_seen_at < during.until)
    if query.ids:
        wanted.append(or_(*map(_begins, query.ids)))
    if query.inputs:
        named = select(InputRow.id).where(InputRow.identity.in_(query.inputs))
        wanted.append(IncidentRow.input_id.in_(named))
    if query.checks:
        wanted.append(_has_one_of(query.checks))
    if query.causes:
        wanted.append(IncidentRow.cause.in_([cause.value for cause in query.causes]))
    if query.severities:
        ranks = [severity.rank for severity in query.severities]
        wanted.append(Walked(IncidentRow.severity_rank.expression).in_(ranks))
    if query.routes:
        routed = VerdictRow.route.in_([route.value for route in query.routes])
        wanted.append(select(VerdictRow.id).where(VerdictRow.id == _LATEST, routed).exists())
    if query.states:
        wanted.append(or_(*(_in_state(state) for state in query.states)))
    return wanted


def _has_one_of(checks: Iterable[str]) -> ColumnElement[bool]:
    """Whether the newest state has an event of one of the checks; asked of what the rest lets through."""
    return select(EventRow.id).where(_NEWEST, EventRow.check.in_(list(checks))).exists()


_NEWEST = and_(EventRow.incident_id == IncidentRow.id, EventRow.scan_id == IncidentRow.last_scan_id)


def _in_state(state: State) -> ColumnElement[bool]:
    if state is State.GONE:
        return IncidentRow.gone_at.is_not(None)
    if state is State.MUTED:
        return IncidentRow.muted.is_(True)
    return Walked(IncidentRow.status.expression) == state.value


def _count(session: Session, wanted: list[ColumnElement[bool]]) -> int:
    return int(session.scalar(select(func.count()).select_from(IncidentRow).where(*wanted)) or 0)


_LENGTH_S = func.coalesce(IncidentRow.end_s - IncidentRow.start_s, 0.0)

_ORDERS: dict[Order, tuple[ColumnElement[Any], ...]] = {
    Order.NEWEST: (IncidentRow.first_seen_at.desc(), IncidentRow.start_s.desc()),
    Order.OLDEST: (IncidentRow.first_seen_at.asc(), IncidentRow.start_s.asc()),
    Order.LONGEST: (_LENGTH_S.desc(), IncidentRow.first_seen_at.desc()),
    Order.WORST: (IncidentRow.severity_rank.desc(), IncidentRow.first_seen_at.desc()),
}


def _incidents(
    session: Session, query: IncidentQuery, wanted: list[ColumnElement[bool]]
) -> tuple[FoundIncident, ...]:
    """The incidents that an answer cites, in the order asked for; they alone are looked up in full."""
    limit = 1 if query.shape is Shape.LONGEST and query.limit == DEFAULT_LIMIT else query.limit
    order = (*_ORDERS[query.order], IncidentRow.id)
    cited = select(IncidentRow.id).where(*wanted).order_by(*order).limit(limit).subquery("cited")
    shown = (
        select(
            IncidentRow.id,
            InputRow.identity,
            IncidentRow.severity,
            IncidentRow.cause,
            VerdictRow.title,
            IncidentRow.start_s,
            IncidentRow.end_s,
            IncidentRow.first_seen_at,
        )
        .join(cited, cited.c.id == IncidentRow.id)
        .join(InputRow, InputRow.id == IncidentRow.input_id)
        .outerjoin(VerdictRow, VerdictRow.id == _LATEST)
    )
    return tuple(
        FoundIncident(id_, input_, severity or "", cause, title or "", start_s, end_s, seen)
        for id_, input_, severity, cause, title, start_s, end_s, seen in session.execute(
            shown.order_by(*order)
        )
    )


DEFAULT_LIMIT = IncidentQuery.model_fields["limit"].default


def _groups(
    session: Session, query: IncidentQuery, wanted: list[ColumnElement[bool]]
) -> tuple[tuple[str, int], ...]:
    """Counts by group, the most first; days and hours in their order."""
    if query.group_by in _CLOCKS:
        return _by_clock(session, query, wanted)
    if query.group_by is Grouping.INPUT:
        return _by_input(session, query, wanted)
    column, number = _COLUMNS[query.group_by], func.count(IncidentRow.id.distinct())
    counted = select(column, number).select_from(IncidentRow).where(*wanted)
    if query.group_by is Grouping.CHECK:
        counted = counted.join(EventRow, _NEWEST)
    if query.group_by is Grouping.ROUTE:
        counted = counted.outerjoin(VerdictRow, VerdictRow.id == _LATEST)
    rows = session.execute(counted.group_by(column).order_by(number.desc(), column).limit(query.limit))
    return tuple((str(name or "none"), count) for name, count in rows)


def _by_input(
    session: Session, query: IncidentQuery, wanted: list[ColumnElement[bool]]
) -> tuple[tuple[str, int], ...]:
    """Counted by the short id of the input, and named when that is done."""
    number = func.count().label("number")
    per_input = select(IncidentRow.input_id, number).where(*wanted).group_by(IncidentRow.input_id)
    counts = per_input.subquery("counts")
    named = select(InputRow.identity, counts.c.number).join(counts, counts.c.input_id == InputRow.id)
    rows = session.execute(named.order_by(counts.c.number.desc(), InputRow.identity).limit(query.limit))
    return tuple((name, count) for name, count in rows)


_COLUMNS: dict[Grouping | None, InstrumentedAttribute[Any]] = {
    Grouping.CHECK: EventRow.check,
    Grouping.CAUSE: IncidentRow.cause,
    Grouping.SEVERITY: IncidentRow.severity,
    Grouping.STATE: IncidentRow.status,
    Grouping.ROUTE: VerdictRow.route,
}

_CLOCKS: dict[Grouping | None, Callable[[datetime], str]] = {
    Grouping.DAY: lambda when: f"{when:%Y-%m-%d}",
    Grouping.HOUR: lambda when: f"{when:%H}:00",
}


def _by_clock(
    session: Session, query: IncidentQuery, wanted: list[ColumnElement[bool]]
) -> tuple[tuple[str, int], ...]:
    zone, told = ZoneInfo(query.zone), _CLOCKS[query.group_by]
    times = session.scalars(select(IncidentRow.first_seen_at).where(*wanted).limit(MAX_COUNTED))
    counts = Counter(told(when.astimezone(zone)) for when in times)
    return tuple(sorted(counts.items()))[: query.limit]
