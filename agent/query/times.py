"""Ranges of time in words: ``last night``, ``since Monday``, ``in the last 2 hours``, ``12 November``.

A day begins at midnight of the asker's time zone, a week on Monday. The night goes from 18:00 to
06:00 of the next day; ``last night`` is the one that the last morning ended. A weekday or a date
without a year is the last one that has begun.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from re import Match
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from agent.query.clock import (
    CLOCK,
    COUNT,
    DATE,
    DAY,
    ISO,
    LETTERS,
    MONTH,
    NIGHT_ENDS,
    PART,
    POINT,
    UNIT,
    UNITS,
    ZONE,
    Clock,
    count_of,
    without_dates,
)
from agent.query.model import TimeRange

__all__ = ["FoundRange", "find_ranges", "shifted"]


@dataclass(frozen=True, slots=True)
class FoundRange:
    """A range of time, and which characters of the question said it."""

    range: TimeRange
    start: int
    end: int


_Made = Callable[[Clock, Match[str]], TimeRange]


def find_ranges(question: str, now: datetime, zone: ZoneInfo) -> list[FoundRange]:
    """The ranges of time that a question names, in its order; ``now`` is an aware time.

    A phrase that names no possible time (31 February, 25:99) is not found.
    """
    text, clock = question.lower(), Clock(now.astimezone(zone))
    return _found(text, clock, _since_edges(text, clock))


def _found(text: str, clock: Clock, first: list[FoundRange]) -> list[FoundRange]:
    """The ranges of a text in lower case, beside those that were found first."""
    found = list(first)
    for pattern, made in _PHRASES:
        for match in pattern.finditer(text):
            if any(match.start() < other.end and other.start < match.end() for other in found):
                continue
            try:
                found.append(FoundRange(made(clock, match), match.start(), match.end()))
            except (ValueError, OverflowError):
                continue
    return sorted(found, key=lambda item: item.start)


MAX_EDGES = 3
LONGEST_INNER = 60
_EDGE = re.compile(r"\b(?:since|from)\s+(?:the\s+(?P<edge>start|beginning|end)\s+(?=of\b))?")
_TURNED = re.compile(r"\s+(?:(?P<ended>ended|finished|was over)|started|began|begun)\b")


def _since_edges(text: str, clock: Clock) -> list[FoundRange]:
    """``since the end of last week``, ``since the weekend began``: from an edge of another range on."""
    found = []
    for match in list(_EDGE.finditer(text))[:MAX_EDGES]:
        rest = text[match.end() :]
        inner = next((item for item in _found(rest[:LONGEST_INNER], clock, []) if item.start == 0), None)
        if inner is None:
            continue
        turned = _TURNED.match(rest, inner.end)
        weekend = match[0].startswith("since") and re.search(r"week-?end$", rest[: inner.end])
        if not (match["edge"] or turned or weekend):
            continue
        ended = match["edge"] == "end" or (turned is not None and turned["ended"] is not None)
        since = inner.range.until if ended else inner.range.since
        end = match.end() + (turned.end() if turned else inner.end)
        found.append(FoundRange(TimeRange(since=since), match.start(), end))
    return found


def shifted(during: TimeRange, back: relativedelta | timedelta, zone: ZoneInfo) -> TimeRange:
    """The same range, earlier by ``back`` on the asker's wall clock."""
    moved = {
        key: None if value is None else value.astimezone(zone) - back
        for key, value in (("since", during.since), ("until", during.until))
    }
    return TimeRange(**moved)


def _unit(text: str) -> relativedelta:
    text = LETTERS.get(text, text)
    begins = "ho" if text.startswith("hr") else text[:2]
    return next(span for name, span in UNITS.items() if name.startswith(begins))


def _last_units(clock: Clock, found: Match[str]) -> TimeRange:
    named = found.groupdict()
    span = _unit(named["unit"] or named["past"] or "") * count_of(named["count"] or "1")
    return TimeRange(since=clock.now - span, until=clock.now)


def _whole_unit(clock: Clock, found: Match[str]) -> TimeRange:
    """This, or the last, week, month or year; a day is a day."""
    today, unit = clock.now.date(), found["whole"]
    first = _first_of(today, unit)
    if found["which"] in ("this", "the current", ""):
        return TimeRange(since=clock.at(first), until=clock.now)
    return TimeRange(since=clock.at(first - UNITS[unit]), until=clock.at(first))


def _before_last(clock: Clock, found: Match[str]) -> TimeRange:
    today, unit = clock.now.date(), found["whole"]
    first = _first_of(today, unit)
    return TimeRange(since=clock.at(first - UNITS[unit] * 2), until=clock.at(first - UNITS[unit]))


def _first_of(today: date, unit: str) -> date:
    """The first day of the week, month or year that a day is of."""
    return {
        "week": today - timedelta(days=today.weekday()),
        "month": today.replace(day=1),
        "year": today.replace(month=1, day=1),
    }[unit]


def _nights_ago(number: int) -> _Made:
    return lambda clock, _: clock.night(clock.now.date() - timedelta(days=number))


def _tonight(clock: Clock, found: Match[str]) -> TimeRange:
    today = clock.now.date()
    return clock.night(today - timedelta(days=1) if clock.now.hour < NIGHT_ENDS else today)


def _weekend(clock: Clock, found: Match[str]) -> TimeRange:
    today = clock.now.date()
    saturday = today - timedelta(days=(today.weekday() - 5) % 7)
    if (found["which"] or "").startswith("last") and today.weekday() >= 5:
        saturday -= timedelta(days=7)
    return TimeRange(since=clock.at(saturday), until=clock.at(saturday + timedelta(days=2)))


_BARE = r"(?:the\s+)?\d{1,2}(?:st|nd|rd|th)?"


def _between(clock: Clock, found: Match[str]) -> TimeRange:
    """From a point to another; an hour without a day is of the other's day, a day is whole."""
    first, last = found["first"], found["last"]
    day = found.groupdict().get("day")
    if day:
        first, last = f"{day} {first}", f"{day} {last}"
    elif re.fullmatch(_BARE, first) and re.search(DATE, last) and not re.search(CLOCK, without_dates(last)):
        month = re.search(MONTH, last)
        first = f"{re.findall(r'[0-9]+', first)[0]}{' ' + month[0] if month else 'th'}"
    elif first.isdigit():
        half = re.search(r"[ap]\.?m", last)
        first += half[0] if half else ":00"
    if re.search(DAY, last) and not re.search(DAY, first):
        first = f"{first} {re.search(DAY, last)[0]}"  # type: ignore[index]
    elif re.search(DAY, first) and not re.search(DAY, last):
        last = f"{last} {re.search(DAY, first)[0]}"  # type: ignore[index]
    since, (last_begins, until) = clock.point(first)[0], clock.point(last)
    if until <= since and last_begins < since and not re.search(DAY, last):
        until += timedelta(days=1)
    return TimeRange(since=since, until=until)


def _since(clock: Clock, found: Match[str]) -> TimeRange:
    if found["word"] == "after" and not re.search(CLOCK, without_dates(found["point"])):
        return TimeRange(since=clock.point(found["point"])[1])
    return TimeRange(since=clock.point(found["point"])[0])


def _until(clock: Clock, found: Match[str]) -> TimeRange:
    point = found["point"] if re.search(DAY, found["point"]) else f"{found['point']} today"
    begins, ends = clock.point(point)
    return TimeRange(until=begins if found["word"] == "before" else ends)


def _clock_on_day(clock: Clock, found: Match[str]) -> TimeRange:
    """``around 14:00 yesterday``: half an hour either side."""
    begins, _ = clock.point(found["point"])
    return TimeRange(since=begins - timedelta(minutes=30), until=begins + timedelta(minutes=30))


def _day(clock: Clock, found: Match[str]) -> TimeRange:
    day = clock.day(found["day"])
    return TimeRange(since=clock.at(day), until=clock.at(day, 24))


_PHRASES: tuple[tuple[re.Pattern[str], _Made], ...] = tuple(
    (re.compile(rf"\b(?:{pattern})(?!\w)"), made)
    for pattern, made in (
        (
            rf"(?P<day>{DAY}),?\s+(?:(?:between|from)\s+)?(?P<first>{CLOCK})(?:\s+(?:and|to|until|till)\s+"
            rf"|\s*[-\u2013]\s*)(?P<last>{CLOCK})",
            _between,
        ),
        (
            rf"between\s+(?P<first>{POINT}|\d{{1,2}})\s+(?:and|to)\s+(?P<last>{POINT})",
            _between,
        ),
        (
            rf"from\s+(?P<first>{POINT}|\d{{1,2}})\s+(?:to|until|till|through|up\s+to)\s+(?P<last>{POINT})",
            _between,
        ),
        (
            rf"(?P<first>{CLOCK}|{DAY},?\s+(?:at\s+)?{CLOCK})\s*(?:-|\u2013|\bto|\buntil|\btill)\s*(?P<last>{POINT})",
            _between,
        ),
        (
            rf"(?P<first>{DATE}|\d{{1,2}})\s*(?:[-\u2013]|\bto|\bthrough|\bthru|\btill|\buntil)"
            rf"\s*(?P<last>{DATE})",
            _between,
        ),
        (rf"(?P<first>\d{{1,2}})\s*[-\u2013]\s*(?P<last>{CLOCK}(?:\s+(?:on\s+)?{DAY})?)", _between),
        (r"since\s+last\s+night", lambda c, _: TimeRange(since=c.night(c.now.date() - timedelta(1)).since)),
        (
            r"since\s+(?:the\s+)?(?P<which>this|last)\s+(?P<whole>week|month|year)",
            lambda c, m: TimeRange(since=_whole_unit(c, m).since),
        ),
        (
            rf"since\s+(?:(?P<which>this)\s+|(?P<day>{DAY})\s+)(?P<part>morning|afternoon|evening|night)(?!\s+(?:at\s+)?\d)",
            lambda c, m: TimeRange(since=c.part(c.day(m["day"] or "today"), m["part"]).since),
        ),
        (rf"(?P<word>since|after|starting)\s+(?P<point>{POINT})", _since),
        (rf"(?P<word>from)\s+(?P<point>{POINT})\s+on(?:wards?)?\b", _since),
        (rf"(?<!day )(?<!night )(?P<word>before|until|till|up\s+to)\s+(?P<point>{POINT})", _until),
        (
            rf"(?:in|over|during|within|for)?\s*(?:the\s+)?(?:last|past|previous)\s+(?P<count>{COUNT})"
            rf"(?:\s+(?P<unit>{UNIT})|\s?(?P<past>(?<=\d)[hdwm]|(?<=\d)(?:hrs?|mins?)|(?<=\d\s)[hd]))",
            _last_units,
        ),
        (
            r"(?:in|over|during|within|for)?\s*(?:the\s+)?(?P<count>)"
            r"(?:last\s+(?P<unit>minute|hour|day|fortnight)"
            r"|past\s+(?P<past>minute|hour|day|week|fortnight|month|year))",
            _last_units,
        ),
        (
            r"(?:in|over|during|within|for)?\s*(?:the\s+)?(?:last|past)\s+half(?:\s+an)?\s+hour",
            lambda c, _: TimeRange(since=c.now - timedelta(minutes=30), until=c.now),
        ),
        (r"(?:the\s+)?night\s+before\s+last", _nights_ago(2)),
        (r"(?:in\s+|during\s+)?the\s+(?P<whole>week|month|year)\s+before\s+last", _before_last),
        (r"(?:during\s+|over\s+)?last\s+night|overnight", _nights_ago(1)),
        (r"tonight|this\s+night", _tonight),
        (
            r"(?:in|over|during|for|of)?\s*(?P<which>this|last|the\s+current|(?:the\s+)?previous)"
            r"\s+(?:calendar\s+)?(?P<whole>week|month|year)",
            _whole_unit,
        ),
        (r"(?:of|in|during)\s+the\s+(?P<whole>week|month|year)(?P<which>)", _whole_unit),
        (r"(?:on|over|at|during)?\s*(?:the\s+)?(?P<which>last\s+|this\s+|past\s+)?week-?end", _weekend),
        (
            rf"(?:on\s+)?(?P<day>{DAY})(?:'s|\s+in\s+the|\s+at)?\s+(?P<part>{PART})",
            lambda c, m: c.part(c.day(m["day"]), m["part"]),
        ),
        (
            r"(?:in\s+|during\s+)?(?:this|the)\s+(?P<part>morning|afternoon|evening)(?!\s+of)",
            lambda c, m: c.part(c.now.date(), m["part"]),
        ),
        (
            rf"(?:in\s+|during\s+)?(?:the\s+)?(?P<part>{PART})\s+of\s+(?P<day>{DAY})",
            lambda c, m: c.part(c.day(m["day"]), m["part"]),
        ),
        (
            rf"(?:(?:on|at|around|about|near)\s+)?"
            rf"(?P<point>{ISO}|{DAY},?\s+(?:(?:at|around|about)\s+)?{CLOCK}{ZONE})",
            _clock_on_day,
        ),
        (
            rf"(?:at|around|about|near)\s+(?P<point>{CLOCK}{ZONE}(?:\s+(?:on\s+)?{DAY})?)",
            _clock_on_day,
        ),
        (rf"(?:on\s+|of\s+|from\s+)?(?P<day>{DAY})", _day),
        (
            r"(?:(?:during|through|throughout|over|in|of|from)\s+)?the\s+night(?!\s+(?:before|after|earlier|of|crew|team))"
            r"|night(?=\s+(?:shift|report|log|summary)\b)",
            _nights_ago(1),
        ),
        (
            rf"(?:in|during|of|for)\s+(?P<month>{MONTH})(?:\s+(?P<year>\d{{4}}))?",
            lambda c, m: c.month(m["month"], m["year"]),
        ),
    )
)
"""What is tried first takes its characters; the most that a phrase can say comes before the least."""
