"""The rows of a query, by plain Python over the plain month: no SQL, and nothing of what is measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.query.model import Grouping, IncidentQuery, Order, Shape, State, TimeRange
from agent.query.running import DEFAULT_LIMIT
from evals.chat.month import Happened

__all__ = ["Rows", "rows_of"]


@dataclass(frozen=True, slots=True)
class Rows:
    """What an answer has to rest on: all ids that match, those shown in their order, counts by group."""

    total: int
    shown: tuple[str, ...]
    groups: dict[str, int]
    against: int | None


def rows_of(query: IncidentQuery, happened: Sequence[Happened]) -> Rows:
    """What the store should say."""
    matching = [item for item in happened if _matches(item, query, query.during)]
    matching.sort(key=lambda item: item.id)
    matching.sort(key=_ORDERS[query.order], reverse=query.order is not Order.OLDEST)
    limit = 1 if query.shape is Shape.LONGEST and query.limit == DEFAULT_LIMIT else query.limit
    against = None
    if query.shape is Shape.COMPARE:
        against = sum(_matches(item, query, query.against) for item in happened)
    groups: Counter[str] = Counter()
    if query.group_by is not None:
        for item in matching:
            groups.update(_GROUPS[query.group_by](item, ZoneInfo(query.zone)))
    return Rows(len(matching), tuple(item.id for item in matching[:limit]), dict(groups), against)


def _matches(item: Happened, query: IncidentQuery, during: TimeRange | None) -> bool:
    return (
        (during is None or _within(item.at, during))
        and (not query.ids or any(item.id.startswith(prefix) for prefix in query.ids))
        and (not query.inputs or item.input in query.inputs)
        and (not query.checks or bool(set(query.checks) & set(item.checks)))
        and (not query.causes or item.cause in query.causes)
        and (not query.severities or item.severity in query.severities)
        and (not query.routes or item.route in query.routes)
        and (not query.states or any(_in_state(item, state) for state in query.states))
    )


def _within(at: datetime, during: TimeRange) -> bool:
    return (during.since is None or at >= during.since) and (during.until is None or at < during.until)


def _in_state(item: Happened, state: State) -> bool:
    if state is State.MUTED:
        return item.muted
    return item.status == state.value


_ORDERS: dict[Order, Callable[[Happened], tuple[object, ...]]] = {
    Order.NEWEST: lambda item: (item.at,),
    Order.OLDEST: lambda item: (item.at,),
    Order.LONGEST: lambda item: (item.end_s - item.start_s,),
    Order.WORST: lambda item: (item.severity.rank, item.at),
}

_GROUPS: dict[Grouping, Callable[[Happened, ZoneInfo], Sequence[str]]] = {
    Grouping.INPUT: lambda item, zone: (item.input,),
    Grouping.CHECK: lambda item, zone: item.checks,
    Grouping.CAUSE: lambda item, zone: (item.cause.value,),
    Grouping.SEVERITY: lambda item, zone: (item.severity.value,),
    Grouping.STATE: lambda item, zone: (item.status,),
    Grouping.ROUTE: lambda item, zone: (item.route.value,),
    Grouping.DAY: lambda item, zone: (f"{item.at.astimezone(zone):%Y-%m-%d}",),
    Grouping.HOUR: lambda item, zone: (f"{item.at.astimezone(zone):%H}:00",),
}
