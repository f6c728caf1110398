"""Reads a question by rules: what it surely says, and the words that no rule knows.

text -> refused? -> times -> ids -> inputs -> phrases -> a query, and what was left over
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from pydantic import ValidationError

from agent.query.model import (
    MAX_ROWS,
    Grouping,
    IncidentQuery,
    Order,
    Refusal,
    RefusalKind,
    Shape,
    TimeRange,
)
from agent.query.names import Inputs
from agent.query.times import FoundRange, find_ranges, shifted
from agent.query.vocabulary import Meaning, normal, vocabulary
from agent.verdict import Severity
from pipeline.text import clean

__all__ = ["MAX_QUESTION", "Reading", "Setting", "read"]

MAX_QUESTION = 500
"""Characters of a question; what is longer is no question."""

_COUNTS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
_COUNTS |= {"nine": 9, "ten": 10, "twenty": 20, "fifty": 50}
_NUMBER = rf"(?:\d{{1,4}}|{'|'.join(_COUNTS)})"

_ID = re.compile(r"\b(?:(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f]|\d{8,})[0-9a-f]{6,16}|[0-9a-f]{8}|[0-9a-f]{16})\b")
_NAMED_ID = re.compile(r"\b(?:incident|id)\s+#?([0-9a-f]{4,16})\b")
_LIMIT = re.compile(
    rf"\b(?P<which>top|last|latest|first|newest|oldest|longest|worst|recent)\s+(?P<n>{_NUMBER})\b"
)
_LIMIT_AFTER = re.compile(
    rf"\b(?P<n>{_NUMBER})\s+(?P<which>longest|latest|newest|oldest|worst|most recent)\b"
)
_COUNTED = re.compile(
    r"\s*(?:(?P<input>channels|streams|feeds|files|inputs|sources|services)|(?P<check>checks|defects)"
    r"|(?P<cause>causes)|(?P<day>days)|(?P<hour>hours)|(?P<route>teams))\b"
)
_AT_LEAST = re.compile(
    r"\b(?:at least|from)\s+(?P<a>critical|major|minor|info)\b(?!\s+to\b)"
    r"|\b(?P<b>critical|major|minor|info)\s+(?:or|and)\s+(?:worse|higher|above|up|more severe)\b"
    r"|\b(?:worse|more severe)\s+than\s+(?P<c>major|minor|info)\b"
)
_MOST = re.compile(r"\b(?:most|fewest|least)\b")
_NOT = {
    "not",
    "except",
    "excluding",
    "without",
    "besides",
    "isn't",
    "aren't",
    "wasn't",
    "weren't",
    "no",
    "never",
}
_LATE = re.compile(
    r"^(?:and|what about|how about|only|just|but|or|same|those|them|these|which of (?:those|them|these)"
    r"|how many of (?:those|them|these)|of (?:those|them|these)|now|the same|also|what of)\b"
    r"|\b(?:of (?:those|them|these)|the same (?:for|on|but))\b"
    r"|\b(?:show|group|list|count|sort|order) (?:them|those|these)\b"
)
_BEFORE = re.compile(
    r"\b(?:the\s+)?(?P<unit>hour|day|night|week|month|year)\s+(?P<way>before|earlier|after)(?:\s+(?:that|it))?"
    r"(?!\s+(?:yesterday|last))\b|\b(?P<all>before\s+(?:that|then))\b"
)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a question is asked in: an aware time, the asker's zone, the inputs, the query before it."""

    now: datetime
    zone: ZoneInfo
    inputs: Inputs
    previous: IncidentQuery | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A query or a refusal; ``unread`` are words that no rule knows, in their order.

    ``taken`` are words of the question, and what a model took each for.
    It is sure where there is nothing unread, or where it refuses for a reason of its own.
    """

    query: IncidentQuery | None = None
    refusal: Refusal | None = None
    unread: tuple[str, ...] = ()
    taken: tuple[tuple[str, str], ...] = ()

    @property
    def sure(self) -> bool:
        """Whether no model needs to be asked."""
        return not self.unread and (self.query is not None or self.refusal is not None)


@dataclass(slots=True)
class _Draft:
    """What has been read so far; ``text`` has blanks where it was."""

    text: str
    values: dict[str, Any] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)
    shapes: list[str] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    ranges: list[FoundRange] = field(default_factory=list)

    def blank(self, start: int, end: int) -> None:
        self.text = self.text[:start] + " " * (end - start) + self.text[end:]

    def add(self, name: str, values: Iterable[str]) -> None:
        self.values[name] = tuple(dict.fromkeys((*self.values.get(name, ()), *values)))


def read(question: str, setting: Setting) -> Reading:
    """What the rules make of a question."""
    words = vocabulary()
    text = " ".join(clean(question, MAX_QUESTION + 1).lower().replace("\u2019", "'").split())
    if not normal(text) or len(text) > MAX_QUESTION:
        return _refused(RefusalKind.EMPTY, words.refusals[RefusalKind.EMPTY])
    kind = words.refusal(text)
    if kind is not None:
        return _refused(kind, words.refusals[kind])
    late = _LATE.search(text) is not None or _BEFORE.search(text) is not None
    if late and setting.previous is None and _needs_previous(text):
        told = "There is no question before this one to go on from; ask it whole."
        return _refused(RefusalKind.NOT_UNDERSTOOD, told)
    draft = _Draft(text)
    shift = _take_shift(draft) if setting.previous and setting.previous.during else None
    _take_ids(draft)
    _take_times(draft, setting)
    named = setting.inputs.named_in(draft.text)
    if named.several:
        return _ambiguous(named.several)
    if named.unknown:
        told = f"No stored input is called {clean(named.unknown, 80)!r}"
        return _refused(RefusalKind.UNKNOWN_INPUT, f"{told}; 'vidette incidents' lists what is stored.")
    for start, end in named.spans:
        draft.blank(start, end)
    if named.inputs:
        draft.add("inputs", named.inputs)
    _take_severities(draft)
    _take_limit(draft)
    unread = _take_phrases(draft)
    if _NOT.intersection(unread):
        return _refused(
            RefusalKind.NOT_UNDERSTOOD, "Chat cannot leave things out; ask for what you want to see."
        )
    follows = setting.previous if late else None
    try:
        query = _query(draft, setting, follows, shift)
    except (ValidationError, ValueError):
        return Reading(unread=unread or tuple(normal(text).split()))
    return Reading(query=query, unread=unread)


def _needs_previous(text: str) -> bool:
    return re.search(r"\b(?:those|them|these|that|it|same|before|earlier)\b", text) is not None


def _refused(kind: RefusalKind, text: str) -> Reading:
    return Reading(refusal=Refusal(kind=kind, text=text))


def _ambiguous(several: tuple[str, ...]) -> Reading:
    shown = ", ".join(clean(name, 80) for name in several[:5])
    more = f" and {len(several) - 5} more" if len(several) > 5 else ""
    return _refused(RefusalKind.AMBIGUOUS_INPUT, f"Several inputs have that name: {shown}{more}; which one?")


def _take_shift(draft: _Draft) -> tuple[str, int] | None:
    """``the day before``: the unit, or ``all`` for the whole range, and 1 back or -1 on."""
    match = _BEFORE.search(draft.text)
    if match is None:
        return None
    draft.blank(match.start(), match.end())
    return ("all", 1) if match["all"] else (match["unit"], -1 if match["way"] == "after" else 1)


def _take_ids(draft: _Draft) -> None:
    for pattern, group in ((_NAMED_ID, 1), (_ID, 0)):
        for match in pattern.finditer(draft.text):
            draft.add("ids", (match[group],))
            draft.blank(match.start(), match.end())


def _take_times(draft: _Draft, setting: Setting) -> None:
    draft.ranges = find_ranges(draft.text, setting.now, setting.zone)
    for found in draft.ranges:
        draft.blank(found.start, found.end)


def _take_severities(draft: _Draft) -> None:
    """``major or worse``, ``at least minor``, ``worse than minor``."""
    for match in _AT_LEAST.finditer(draft.text):
        least = Severity(match["a"] or match["b"] or match["c"])
        beyond = 1 if match["c"] else 0
        draft.add("severities", [s.value for s in Severity if s.rank >= least.rank + beyond])
        draft.blank(match.start(), match.end())


def _take_limit(draft: _Draft) -> None:
    """``the last 5``, ``top 3``, ``three longest``."""
    match = _LIMIT.search(draft.text) or _LIMIT_AFTER.search(draft.text)
    if match is None:
        return
    number = int(match["n"]) if match["n"].isdigit() else _COUNTS[match["n"]]
    draft.values["limit"] = min(max(number, 1), MAX_ROWS)
    which = {"top": None, "last": "newest", "latest": "newest", "recent": "newest", "most recent": "newest"}
    order = which.get(match["which"], "oldest" if match["which"] == "first" else match["which"])
    if order:
        draft.orders.append(order)
    draft.blank(match.start(), match.end())
    if match["which"] == "top":
        _take_top(draft, match.end())


def _take_top(draft: _Draft, at: int) -> None:
    """``top 3 channels`` counts by channel; ``top 3 incidents`` does not."""
    counted = _COUNTED.match(draft.text, at)
    if counted:
        draft.groups.append(next(name for name, word in counted.groupdict().items() if word))
        draft.blank(*counted.span())


def _take_phrases(draft: _Draft) -> tuple[str, ...]:
    """Put each phrase where it belongs; what no phrase and no plain word covers is returned."""
    words = vocabulary()
    text = words.spelled(normal(draft.text))
    draft.text = text
    rest = []
    at = 0
    for match, meanings in words.found(text):
        rest.append(text[at : match.start()])
        at = match.end()
        _put(draft, meanings)
    rest.append(text[at:])
    left = " ".join(rest)
    if _MOST.search(left) or _MOST.search(text):
        draft.shapes.append("most")
        left = _MOST.sub(" ", left)
    return tuple(word for word in left.split() if word not in words.plain)


def _put(draft: _Draft, meanings: tuple[Meaning, ...]) -> None:
    meaning = meanings[0]
    match meaning.field:
        case "family":
            draft.values["family"] = (*draft.values.get("family", ()), *meaning.values)
        case "group":
            draft.groups += meaning.values
        case "shape":
            draft.shapes += meaning.values
        case "order":
            draft.orders += meaning.values
        case name:
            draft.add(_PLURALS[name], meaning.values)


_PLURALS = {
    "check": "checks",
    "cause": "causes",
    "severity": "severities",
    "state": "states",
    "route": "routes",
}
_FILTERS = ("ids", "inputs", "checks", "causes", "severities", "states", "routes")


def _query(
    draft: _Draft, setting: Setting, previous: IncidentQuery | None, shift: tuple[str, int] | None
) -> IncidentQuery:
    """The query of what was read, over the one before where the question goes on from it.

    Raises:
        ValueError: what was read makes no query.
    """
    base = previous.model_dump() if previous else {}
    values = {name: draft.values[name] for name in _FILTERS if name in draft.values}
    _add_family(draft, values)
    during, against = _ranges(draft, setting)
    shape = _shape(draft, against is not None, previous)
    if shift and previous and previous.during:
        during = _moved(previous.during, shift, setting.zone)
    merged = base | values | {"shape": shape, "zone": setting.zone.key}
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
    elif shape is Shape.LIST and _single(draft):
        merged["limit"] = 1
    return IncidentQuery.model_validate(merged)


def _add_family(draft: _Draft, values: dict[str, Any]) -> None:
    """``audio problems`` are all checks of sound; beside a check or a cause it says nothing new."""
    if "family" in draft.values and not values.get("checks") and not values.get("causes"):
        names = [check for name in draft.values["family"] for check in vocabulary().families[name]]
        values["checks"] = tuple(dict.fromkeys(names))


def _ranges(draft: _Draft, setting: Setting) -> tuple[TimeRange | None, TimeRange | None]:
    """The range of the question, and the one that it is compared with."""
    found = [item.range for item in draft.ranges]
    if not found:
        return None, None
    if "compare" in draft.shapes and len(found) == 2:
        return found[0], found[1]
    whole = found[0]
    for other in found[1:]:
        since = max((t for t in (whole.since, other.since) if t), default=None)
        until = min((t for t in (whole.until, other.until) if t), default=None)
        whole = TimeRange(since=since, until=until)
    return whole, None


def _shape(draft: _Draft, compared: bool, previous: IncidentQuery | None) -> Shape:
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


def _order(draft: _Draft, shape: Shape) -> Order | None:
    if shape is Shape.LONGEST:
        return Order.LONGEST
    return Order(draft.orders[-1]) if draft.orders else None


def _single(draft: _Draft) -> bool:
    """``the latest incident``, ``when was the last freeze``: one is asked for."""
    return (
        re.search(
            r"\b(?:the (?:last|latest|newest|oldest|first|earliest|most recent|worst|most severe)"
            r"|when was the)\b"
            r"(?!.*\b(?:incidents|ones|freezes|alarms|events|defects|faults|problems|issues|alerts|errors)\b)",
            draft.text,
        )
        is not None
    )


def _moved(during: TimeRange, shift: tuple[str, int], zone: ZoneInfo) -> TimeRange:
    """The range before, or after, of the same length."""
    unit, way = shift
    if unit == "all":
        if during.since is None or during.until is None:
            raise ValueError("an open range has none before it")
        return shifted(during, during.until - during.since, zone)
    name = "day" if unit == "night" else unit
    return shifted(during, relativedelta(**{f"{name}s": way}), zone)  # type: ignore[arg-type]
