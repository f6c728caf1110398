"""Takes out of a question what patterns tell: ids, times, severities, states, limits, routes, groups."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.query.composing import Draft
from agent.query.model import MAX_ROWS
from agent.query.times import find_ranges
from agent.query.vocabulary import Meaning, normal, vocabulary
from agent.query.zones import zone_named
from agent.verdict import Route, Severity

__all__ = [
    "take_groups",
    "take_ids",
    "take_limit",
    "take_phrases",
    "take_routes",
    "take_severities",
    "take_times",
    "take_undone",
]

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
    r"|\b(?P<b>critical|major|minor|info)\s+(?:(?:or|and)\s+"
    r"(?:worse|higher|above|over|up(?:wards?)?|more severe)|upwards?)\b"
    r"|\b(?:worse|more severe)\s+than\s+(?P<c>major|minor|info)\b"
)
_COUNTED_MOST = re.compile(
    rf"\b(?:top\s+)?(?P<n>{_NUMBER})\s+(?:worst\s+|busiest\s+)?(?P<what>channels|streams|feeds|files|inputs|sources|services|causes)"
    r"\s+(?:with|that had|having|by)(?:\s+the)?(?:\s+(?:most|highest number of|largest number of))?\b"
)
_MOST = re.compile(r"\b(?:most|fewest|least)\b")
_UNDONE = re.compile(
    r"\b(?:not|isn't|aren't|wasn't|weren't|hasn't|haven't|never|nobody|no one|no-one|yet to|still to"
    r"|still needs? to|without|awaiting|waiting for)\s+(?:an?\s+|any\s+)?"
    r"(?:has\s+|have\s+|been\s+|be\s+|yet\s+|got\s+|get\s+|being\s+)*"
    r"(?:(?P<seen>acknowledge?ments?|acknowledged?|acked|ack'd|ack|picked up|taken care of|taken on|taken"
    r"|touched|looked at|seen to)"
    r"|(?P<done>resolved?|closed?|fixed|fix|done|solved|cleared))\b"
    r"(?:\s+(?:it|them|yet))*"
)


def take_undone(draft: Draft) -> None:
    """``nobody has acknowledged``, ``isn't resolved yet``: the states before it."""
    for match in _UNDONE.finditer(draft.text):
        draft.add("states", ("open",) if match["seen"] else ("open", "acknowledged"))
        draft.blank(*match.span())


def take_ids(draft: Draft) -> None:
    """Ids of incidents: ``incident ab12``, or eight signs that can be nothing else."""
    for pattern, group in ((_NAMED_ID, 1), (_ID, 0)):
        for match in pattern.finditer(draft.text):
            draft.add("ids", (match[group],))
            draft.blank(match.start(), match.end())


def take_times(draft: Draft, now: datetime, own: ZoneInfo) -> None:
    """Ranges of time, in the zone that the question names, or in the asker\'s own."""
    zone, spans = zone_named(draft.text, own)
    for start, end in spans:
        draft.blank(start, end)
    draft.ranges = find_ranges(draft.text, now, zone)
    for found in draft.ranges:
        # "Last week's incidents": what follows belongs to the time.
        owned = 2 if draft.text.startswith("'s", found.end) else 0
        draft.blank(found.start, found.end + owned)


def take_severities(draft: Draft) -> None:
    """``major or worse``, ``at least minor``, ``worse than minor``."""
    for match in _AT_LEAST.finditer(draft.text):
        least = Severity(match["a"] or match["b"] or match["c"])
        beyond = 1 if match["c"] else 0
        draft.add("severities", [s.value for s in Severity if s.rank >= least.rank + beyond])
        draft.blank(match.start(), match.end())


def take_limit(draft: Draft) -> None:
    """``the last 5``, ``top 3``, ``three longest``."""
    _take_counted(draft)
    match = _LIMIT.search(draft.text) or _LIMIT_AFTER.search(draft.text)
    if match is None:
        return
    draft.values["limit"] = min(max(_number(match["n"]), 1), MAX_ROWS)
    which = {"top": None, "last": "newest", "latest": "newest", "recent": "newest", "most recent": "newest"}
    order = which.get(match["which"], "oldest" if match["which"] == "first" else match["which"])
    if order:
        draft.orders.append(order)
    draft.blank(match.start(), match.end())
    if match["which"] == "top":
        _take_top(draft, match.end())


def _take_counted(draft: Draft) -> None:
    """``the three channels with the most``: groups, and how many."""
    match = _COUNTED_MOST.search(draft.text)
    if match is None:
        return
    draft.values["limit"] = min(max(_number(match["n"]), 1), MAX_ROWS)
    draft.groups.append("cause" if match["what"].startswith("cause") else "input")
    draft.blank(*match.span())


def _number(text: str) -> int:
    return int(text) if text.isdigit() else _COUNTS[text]


def _take_top(draft: Draft, at: int) -> None:
    """``top 3 channels`` counts by channel; ``top 3 incidents`` does not."""
    counted = _COUNTED.match(draft.text, at)
    if counted:
        draft.groups.append(next(name for name, word in counted.groupdict().items() if word))
        draft.blank(*counted.span())


_ROUTES = "|".join(route.value for route in Route)
_DESK = r"(?:team|desk|department|dept|people|folks|guys|crew|queue|group)"
_ROUTED = re.compile(
    r"\b(?:(?:routed|sent|assigned|passed|handed|went|gone|goes?|going|landed|escalated|given|forwarded|filed)"
    rf"\s+(?:over\s+|on\s+)?(?:to|with|for|at)\s+(?:the\s+)?(?P<to>{_ROUTES})(?:\s+{_DESK})?"
    rf"|(?:for\s+)?(?:the\s+)?(?P<desk>{_ROUTES})\s+{_DESK}(?:'s)?)(?![\w\-/.])"
)


def take_routes(draft: Draft) -> None:
    """``sent to playout``, ``the audio desk``: who an incident went to."""
    for match in _ROUTED.finditer(draft.text):
        draft.add("routes", (match["to"] or match["desk"],))
        draft.blank(*match.span())


_NOUNS = (
    r"(?:(?P<input>channels?|streams?|feeds?|files?|inputs?|sources?|services?)"
    r"|(?P<check>checks?|defects?|defect types?|kinds? of defects?)|(?P<cause>(?:root |probable )?causes?)"
    r"|(?P<severity>severit(?:y|ies)|severity levels?|priorit(?:y|ies))|(?P<state>states?|status|statuses)"
    r"|(?P<route>teams?|desks?|routes?|departments?)|(?P<day>days?|dates?|weekdays?)|(?P<hour>hours?))\b"
)
_GROUPED = re.compile(
    r"\b(?:by|per|into|(?:spread |distributed |split )?(?:over|across)"
    r"|(?:distribution|breakdown|split|spread) (?:of|by|per|over|across)"
    r"|(?:of|for|on) (?:each|every))\s+(?:the\s+|all\s+(?:the\s+)?)?(?:different\s+)?" + _NOUNS
)
_TWICE = re.compile(
    r"\b(?:(?P<input>channel|stream|feed|file|input)|(?P<cause>cause)|(?P<day>day)|(?P<hour>hour)|(?P<route>team))"
    r"[\s\-]+(?:by|for|after)[\s\-]+(?:channel|stream|feed|file|input|cause|day|hour|team)\b"
)
_SPLIT = re.compile(rf"\b{_NOUNS}\s+(?:breakdown|break-down|split|distribution|statistics|stats)\b")
_ORDERED = re.compile(
    r"\b(?:ranked|rank|sorted|sort|ordered|order|arranged)\s+(?:(?:it|them|those|these)\s+)?by\s+(?:the\s+)?"
    r"(?:(?P<worst>severity|importance|priority|urgency)|(?P<longest>duration|length)|(?P<oldest>time|date))\b"
)


def take_groups(draft: Draft) -> None:
    """``per desk``, ``spread over the causes``; and ``ranked by severity``, which only sounds like it."""
    for match in _ORDERED.finditer(draft.text):
        draft.orders.append(next(name for name, word in match.groupdict().items() if word))
        draft.blank(*match.span())
    for pattern in (_TWICE, _SPLIT, _GROUPED):
        for match in pattern.finditer(draft.text):
            draft.groups.append(next(name for name, word in match.groupdict().items() if word))
            draft.blank(*match.span())


def take_phrases(draft: Draft) -> tuple[str, ...]:
    """Put each phrase where it belongs; what no phrase and no plain word covers is returned."""
    words = vocabulary()
    text = normal(draft.text)
    draft.text = text
    rest = []
    at = 0
    for match, meanings in words.found(text):
        rest.append(text[at : match.start()])
        at = match.end()
        _put(draft, meanings, match[0])
    rest.append(text[at:])
    left = " ".join(_loosely(draft, segment) for segment in rest)
    # Fewest cannot be asked for: all groups are told, and the last is it.
    draft.one &= "most" in text.split() or (not _MOST.search(text) and _BEST.search(text) is not None)
    left = _MOST.sub(" ", left)
    return tuple(word for word in left.split() if _ENDING.sub("", word) not in words.plain)


_ONE_GROUP = re.compile(
    r"(?:which|what|most|the most|worst|noisiest|top|main|leading|biggest|commonest)\b.*(?<!s)$|.*\bcause$"
)
_BEST = re.compile(r"\b(?:worst|noisiest|top|main|leading|biggest|commonest)\b")
_ENDING = re.compile(r"'(?:s|ve|d|re|m)$")


_BETWEEN = frozenset(
    ("the", "a", "an", "is", "was", "are", "were", "been", "being", "be", "got", "get", "has", "had")
)


def _loosely(draft: Draft, segment: str) -> str:
    """A stretch that no phrase covers, read again without its small words: ``the signal was lost``."""
    text = " ".join(word for word in segment.split() if word not in _BETWEEN)
    if text == segment:
        return segment
    rest = []
    at = 0
    for match, meanings in vocabulary().found(text):
        rest.append(text[at : match.start()])
        at = match.end()
        _put(draft, meanings, match[0])
    return " ".join((*rest, text[at:]))


def _put(draft: Draft, meanings: tuple[Meaning, ...], phrase: str) -> None:
    meaning = meanings[0]
    match meaning.field:
        case "family":
            draft.values["family"] = (*draft.values.get("family", ()), *meaning.values)
        case "group":
            draft.groups += meaning.values
            draft.one |= _ONE_GROUP.match(phrase) is not None
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
