"""Runs a query on the store: read-only, limited SQL, and nothing but what the query says.

IncidentQuery -> conditions -> rows -> Found
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVarTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from agent.query.model import Grouping, IncidentQuery, Order, Shape, State, TimeRange
from agent.store.tables import EventRow, IncidentRow, InputRow, VerdictRow

__all__ = ["Found", "FoundIncident", "known_inputs", "run"]

_Row = TypeVarTuple("_Row")

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


def known_inputs(session: Session) -> list[str]:
    """What every stored input is known by."""
    return list(session.scalars(select(InputRow.identity).order_by(InputRow.identity)))


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
    matching = IncidentRow.id.startswith(prefix, autoescape=True)
    return session.scalar(select(IncidentRow.id).where(matching).limit(1)) is not None


_LATEST = (
    select(func.max(VerdictRow.id))
    .where(VerdictRow.incident_id == IncidentRow.id)
    .correlate(IncidentRow)
    .scalar_subquery()
)


def _matching(
    chosen: Select[*_Row], wanted: list[ColumnElement[bool]], *, judged: bool = False
) -> Select[*_Row]:
    """Of incidents with their input, and with the verdict that holds where it is asked for."""
    joined = chosen.select_from(IncidentRow).join(InputRow, InputRow.id == IncidentRow.input_id)
    if judged:
        joined = joined.outerjoin(VerdictRow, VerdictRow.id == _LATEST)
    return joined.where(*wanted)


def _conditions(query: IncidentQuery, during: TimeRange | None) -> list[ColumnElement[bool]]:
    """What an incident must be; an empty list asks for nothing."""
    wanted: list[ColumnElement[bool]] = []
    if during is not None and during.since is not None:
        wanted.append(IncidentRow.first_seen_at >= during.since)
    if during is not None and during.until is not None:
        wanted.append(IncidentRow.first_seen_at < during.until)
    if query.ids:
        wanted.append(or_(*(IncidentRow.id.startswith(item, autoescape=True) for item in query.ids)))
    if query.inputs:
        wanted.append(InputRow.identity.in_(query.inputs))
    if query.checks:
        wanted.append(IncidentRow.id.in_(_having(query.checks)))
    if query.causes:
        wanted.append(IncidentRow.cause.in_([cause.value for cause in query.causes]))
    if query.severities:
        wanted.append(IncidentRow.severity.in_([severity.value for severity in query.severities]))
    if query.routes:
        routed = VerdictRow.route.in_([route.value for route in query.routes])
        wanted.append(select(VerdictRow.id).where(VerdictRow.id == _LATEST, routed).exists())
    if query.states:
        wanted.append(or_(*(_in_state(state) for state in query.states)))
    return wanted


def _having(checks: Iterable[str]) -> Select[Any]:
    """Incidents whose newest state has an event of one of the checks."""
    return (
        select(EventRow.incident_id)
        .join(IncidentRow, IncidentRow.id == EventRow.incident_id)
        .where(EventRow.check.in_(list(checks)), EventRow.scan_id == IncidentRow.last_scan_id)
    )


def _in_state(state: State) -> ColumnElement[bool]:
    if state is State.GONE:
        return IncidentRow.gone_at.is_not(None)
    if state is State.MUTED:
        return IncidentRow.muted.is_(True)
    return IncidentRow.status == state.value


def _count(session: Session, wanted: list[ColumnElement[bool]]) -> int:
    return int(session.scalar(_matching(select(func.count(IncidentRow.id)), wanted)) or 0)


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
    """The incidents that an answer cites, in the order asked for."""
    chosen = _matching(
        select(
            IncidentRow.id,
            InputRow.identity,
            IncidentRow.severity,
            IncidentRow.cause,
            VerdictRow.title,
            IncidentRow.start_s,
            IncidentRow.end_s,
            IncidentRow.first_seen_at,
        ),
        wanted,
        judged=True,
    )
    limit = 1 if query.shape is Shape.LONGEST and query.limit == DEFAULT_LIMIT else query.limit
    rows = session.execute(chosen.order_by(*_ORDERS[query.order], IncidentRow.id).limit(limit))
    return tuple(
        FoundIncident(id_, input_, severity or "", cause, title or "", start_s, end_s, seen)
        for id_, input_, severity, cause, title, start_s, end_s, seen in rows
    )


DEFAULT_LIMIT = IncidentQuery.model_fields["limit"].default


def _groups(
    session: Session, query: IncidentQuery, wanted: list[ColumnElement[bool]]
) -> tuple[tuple[str, int], ...]:
    """Counts by group, the most first; days and hours in their order."""
    if query.group_by in _CLOCKS:
        return _by_clock(session, query, wanted)
    column = _COLUMNS[query.group_by]
    number = func.count(IncidentRow.id.distinct())
    counted = _matching(select(column, number), wanted, judged=query.group_by is Grouping.ROUTE)
    if query.group_by is Grouping.CHECK:
        newest = and_(EventRow.incident_id == IncidentRow.id, EventRow.scan_id == IncidentRow.last_scan_id)
        counted = counted.join(EventRow, newest)
    rows = session.execute(counted.group_by(column).order_by(number.desc(), column).limit(query.limit))
    return tuple((str(name or "none"), count) for name, count in rows)


_COLUMNS: dict[Grouping | None, InstrumentedAttribute[Any]] = {
    Grouping.INPUT: InputRow.identity,
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
    times = session.scalars(_matching(select(IncidentRow.first_seen_at), wanted).limit(MAX_COUNTED))
    counts = Counter(told(when.astimezone(zone)) for when in times)
    return tuple(sorted(counts.items()))[: query.limit]
