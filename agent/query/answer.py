"""An answer in words: what was asked of the store, what it holds, and the ids that say so.

The program writes every word, from the query and its rows: no model can put one in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.query.model import Grouping, IncidentQuery, Order, Refusal, RefusalKind, Shape, State, TimeRange
from agent.query.running import Found, FoundIncident
from agent.query.vocabulary import vocabulary
from agent.report.words import humanize
from pipeline.text import clean

__all__ = ["SHORT_ID", "Answer", "answer_of", "asked_in_words", "refused"]

CITED = 5
"""Incidents that a sentence names; the rest are in the rows."""

SHORT_ID = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """What is told: ``text``, what was ``asked`` in words, the query to ask it again, and the rows.

    ``read_by`` is who read the question: ``rules``, or a model's name; ``query`` is None where it is
    refused.
    """

    text: str
    asked: str = ""
    query: IncidentQuery | None = None
    refusal: Refusal | None = None
    found: Found | None = None
    read_by: str = "rules"


def refused(refusal: Refusal, *, read_by: str = "rules") -> Answer:
    """An answer that says why there is none."""
    return Answer(refusal.text, refusal=refusal, read_by=read_by)


def answer_of(
    query: IncidentQuery,
    found: Found,
    *,
    read_by: str = "rules",
    taken: Iterable[tuple[str, str]] = (),
) -> Answer:
    """What was found, in words; ``taken`` are words of the question, and what they were taken for."""
    read_as = [f"{clean(words, 60)!r} read as {name!r}" for words, name in taken]
    asked = " ".join([asked_in_words(query), *(f"({text}.)" for text in read_as)])
    if found.unknown_ids:
        named = ", ".join(found.unknown_ids)
        unknown = Refusal(
            kind=RefusalKind.UNKNOWN_ID,
            text=f"No incident {named} is stored; 'vidette incidents' lists those that are.",
        )
        return Answer(unknown.text, asked, query, unknown, found, read_by)
    told = _TOLD.get(query.shape, _listed)(query, found)
    return Answer(told, asked, query, None, found, read_by)


def asked_in_words(query: IncidentQuery) -> str:
    """What is asked of the store: ``Critical incidents with freeze, first seen from ...; newest first``."""
    parts = [_what(query), *_filters(query)]
    if query.during:
        parts.append(f"first seen {_range(query.during, query.zone)}")
    if query.against:
        parts.append(f"against those first seen {_range(query.against, query.zone)}")
    return f"{', '.join(parts)}; {_how(query)}."


def _what(query: IncidentQuery) -> str:
    named = " or ".join(severity.value for severity in query.severities)
    lead = f"{named} incidents" if named else "incidents"
    return lead[:1].upper() + lead[1:]


def _filters(query: IncidentQuery) -> list[str]:
    parts = []
    if query.checks:
        parts.append(f"with {_checks(query.checks)}")
    if query.causes:
        parts.append(f"caused by {_or(humanize(cause.value) for cause in query.causes)}")
    if query.inputs:
        parts.append(f"on {_or(clean(name, 120) for name in query.inputs)}")
    if query.states:
        parts.append(f"that are {_or(_STATES[state] for state in query.states)}")
    if query.routes:
        parts.append(f"routed to {_or(humanize(route.value) for route in query.routes)}")
    if query.ids:
        parts.append(f"with an id that begins with {_or(query.ids)}")
    return parts


_STATES = {
    State.OPEN: "open",
    State.ACKNOWLEDGED: "acknowledged",
    State.RESOLVED: "resolved",
    State.MUTED: "muted",
    State.GONE: "no longer found",
}
_ORDERS = {
    Order.NEWEST: "the newest first",
    Order.OLDEST: "the oldest first",
    Order.LONGEST: "the longest first",
    Order.WORST: "the worst first",
}


def _how(query: IncidentQuery) -> str:
    if query.group_by:
        return f"counted by {query.group_by.value}, at most {query.limit} groups"
    if query.shape is Shape.COUNT:
        return "counted"
    if query.shape is Shape.COMPARE:
        return "counted in both"
    if query.shape is Shape.LONGEST:
        return "the longest"
    return f"{_ORDERS[query.order]}, at most {query.limit}"


def _checks(checks: tuple[str, ...]) -> str:
    for name, family in vocabulary().families.items():
        if checks == family:
            return f"any check of {name}"
    return _or(humanize(check) for check in checks)


def _or(items: Iterable[str]) -> str:
    return " or ".join(items)


def _range(during: TimeRange, zone: str) -> str:
    since, until = (_when(value, zone) if value else "" for value in (during.since, during.until))
    if since and until:
        return f"from {since} to {until} ({zone})"
    return f"since {since} ({zone})" if since else f"before {until} ({zone})"


def _when(value: datetime, zone: str) -> str:
    return f"{value.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def _listed(query: IncidentQuery, found: Found) -> str:
    if not found.incidents:
        return "No such incident is stored."
    shown = "; ".join(_cited(item, query.zone) for item in found.incidents[:CITED])
    more = found.total - min(len(found.incidents), CITED)
    rest = f"; and {more} more" if more > 0 else ""
    return f"{_number(found.total)}: {shown}{rest}."


def _counted(query: IncidentQuery, found: Found) -> str:
    return f"{_number(found.total)}{_such_as(found)}."


def _longest(query: IncidentQuery, found: Found) -> str:
    if not found.incidents:
        return "No such incident is stored."
    shown = "; ".join(_cited(item, query.zone) for item in found.incidents[:CITED])
    return f"The longest of {found.total}: {shown}."


def _grouped(query: IncidentQuery, found: Found) -> str:
    if not found.groups:
        return "No such incident is stored."
    named = humanize if query.group_by is not Grouping.INPUT else (lambda name: clean(name, 120))
    shown = ", ".join(f"{named(name)} {number}" for name, number in found.groups)
    return f"{_number(found.total)}: {shown}{_such_as(found)}."


def _compared(query: IncidentQuery, found: Found) -> str:
    other = found.against or 0
    change = found.total - other
    told = "as many" if change == 0 else f"{abs(change)} {'more' if change > 0 else 'fewer'}"
    share = f" ({change / other:+.0%})" if other and change else ""
    return f"{_number(found.total)} against {other}: {told}{share}{_such_as(found)}."


_TOLD = {
    Shape.COUNT: _counted,
    Shape.LONGEST: _longest,
    Shape.GROUP: _grouped,
    Shape.COMPARE: _compared,
}


def _number(total: int) -> str:
    return f"{total} incident{'' if total == 1 else 's'}"


def _such_as(found: Found) -> str:
    """The ids that a count rests on, as far as they are named."""
    if not found.incidents:
        return ""
    ids = ", ".join(item.id[:SHORT_ID] for item in found.incidents[:CITED])
    return f", such as {ids}" if found.total > CITED else f": {ids}"


def _cited(item: FoundIncident, zone: str) -> str:
    told = clean(item.title, 160) or humanize(item.cause)
    judged = f"{item.severity}, " if item.severity else ""
    seen = _when(item.first_seen_at, zone)
    return f"{item.id[:SHORT_ID]} ({judged}{clean(item.input, 80)}, {seen}): {told}"
