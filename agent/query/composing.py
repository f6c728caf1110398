"""Makes the query of what was read, over the one before where the question goes on from it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from agent.query.model import MAX_ROWS, Grouping, IncidentQuery, Order, Shape, TimeRange
from agent.query.times import FoundRange, shifted
from agent.query.vocabulary import vocabulary

__all__ = ["FILTERS", "Draft", "moved", "query_of"]

FILTERS = ("ids", "inputs", "checks", "causes", "severities", "states", "routes")


@dataclass(slots=True)
class Draft:
    """What has been read so far; ``text`` has blanks where it was. ``one`` is whether one group is wanted."""

    text: str
    values: dict[str, Any] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)
    shapes: list[str] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    ranges: list[FoundRange] = field(default_factory=list)
    one: bool = False

    def blank(self, start: int, end: int) -> None:
        """Take characters out of the text; the places of the others stay."""
        self.text = self.text[:start] + " " * (end - start) + self.text[end:]

    def add(self, name: str, values: Iterable[str]) -> None:
        """More values of a filter."""
        self.values[name] = tuple(dict.fromkeys((*self.values.get(name, ()), *values)))


def query_of(
    draft: Draft, zone: ZoneInfo, previous: IncidentQuery | None, shift: tuple[str, int] | None
) -> IncidentQuery:
    """The query of what was read, over the one before where the question goes on from it.

    Raises:
        ValueError: what was read makes no query.
    """
    base = previous.model_dump() if previous else {}
    values = {name: draft.values[name] for name in FILTERS if name in draft.values}
    _add_family(draft, values)
    during, against = _ranges(draft)
    shape = _shape(draft, against is not None, previous)
    if shift and previous and previous.during:
        during = moved(previous.during, shift, zone)
    merged = base | values | {"shape": shape, "zone": zone.key}
    if during is not None:
        merged["during"] = during
    merged["against"] = against if shape is Shape.COMPARE else None
    if shape is Shape.COMPARE and against is None and previous and previous.during and during:
        merged |= {"during": previous.during, "against": during}
    group = Grouping(draft.groups[-1]) if draft.groups else (previous.group_by if previous else None)
    merged["group_by"] = group if shape is Shape.GROUP else None
    order = _order(draft, shape)
    if order is not None:
        merged["order"] = order
    if "limit" in draft.values:
        merged["limit"] = draft.values["limit"]
    elif (shape is Shape.LIST and _single(draft)) or (shape is Shape.GROUP and draft.one):
        merged["limit"] = 1
    elif group in (Grouping.DAY, Grouping.HOUR):
        # Days come in their order: a limit would leave out the last ones.
        merged["limit"] = MAX_ROWS
    return IncidentQuery.model_validate(merged)


def _add_family(draft: Draft, values: dict[str, Any]) -> None:
    """``audio problems`` are all checks of sound; beside a check or a cause it says nothing new."""
    if "family" in draft.values and not values.get("checks") and not values.get("causes"):
        names = [check for name in draft.values["family"] for check in vocabulary().families[name]]
        values["checks"] = tuple(dict.fromkeys(names))


def _ranges(draft: Draft) -> tuple[TimeRange | None, TimeRange | None]:
    """The range of the question, and the one that it is compared with."""
    found = [item.range for item in draft.ranges]
    if not found:
        return None, None
    if "compare" in draft.shapes and len(found) == 2:
        first, second = found
        if first == second and first.since and first.until:
            # "Last week with the previous week": the second is meant from the first.
            second = TimeRange(since=first.since - (first.until - first.since), until=first.since)
        return first, second
    whole = found[0]
    for other in found[1:]:
        since = max((t for t in (whole.since, other.since) if t), default=None)
        until = min((t for t in (whole.until, other.until) if t), default=None)
        whole = TimeRange(since=since, until=until)
    return whole, None


def _shape(draft: Draft, compared: bool, previous: IncidentQuery | None) -> Shape:
    if compared or ("compare" in draft.shapes and previous and previous.during and draft.ranges):
        return Shape.COMPARE
    if draft.groups:
        return Shape.GROUP
    if "longest" in draft.shapes:
        return Shape.LONGEST
    if "count" in draft.shapes:
        return Shape.COUNT
    if "list" in draft.shapes and previous is None:
        return Shape.LIST
    if "list" in draft.shapes and re.search(r"\b(?:list|show|display)\b", draft.text):
        return Shape.LIST
    if previous is not None:
        return previous.shape
    return Shape.LIST


def _order(draft: Draft, shape: Shape) -> Order | None:
    if shape is Shape.LONGEST:
        return Order.LONGEST
    return Order(draft.orders[-1]) if draft.orders else None


def _single(draft: Draft) -> bool:
    """``the latest incident``, ``when was the last freeze``: one is asked for."""
    return _ONE.search(draft.text) is not None


_WHICH = r"(?:last|latest|newest|oldest|first|earliest|most recent|worst|most severe)"
_THING = r"(?:incident|one|alarm|event|defect|fault|problem|issue|alert|error|thing|outage|failure)"
_ONE = re.compile(
    rf"\b{_WHICH}(?: \w+)? {_THING}\b"
    rf"|\b(?:the {_WHICH}|when was the)\b(?!.*\b(?:{_THING}s|freezes|first|ordered|sorted)\b)"
)


def moved(during: TimeRange, shift: tuple[str, int], zone: ZoneInfo) -> TimeRange:
    """The range before, or after, of the same length."""
    unit, way = shift
    if unit == "all":
        if during.since is None or during.until is None:
            raise ValueError("an open range has none before it")
        return shifted(during, during.until - during.since, zone)
    name = "day" if unit == "night" else unit
    return shifted(during, relativedelta(**{f"{name}s": way}), zone)  # type: ignore[arg-type]
