"""Whether the times and dates that people write hold an incident: times of day, days, places of a file.

A time of day is taken for UTC. A date that stands beside a mail or a signature is when something was
agreed, and says nothing of when it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from agent.context import Context, Delivery, until_s
from agent.triage.clocks import CLOCK, plain_times
from agent.triage.lengths import lengths_in, longest_told_s
from pipeline.model import Incident

__all__ = ["fits_in_time", "named_date_fits", "named_place_fits", "named_time_fits"]

TIME_SLACK = timedelta(minutes=5)
AROUND = timedelta(minutes=30)
"""How far a single time that a note names may lie from the incident."""

EARLY = timedelta(minutes=10)
"""How far before it, unless the note says that it is only about so."""

HALF_DAY = timedelta(hours=12)
FILES = frozenset({Delivery.ON_DEMAND, Delivery.ARCHIVE})
PLACE_SLACK_S = 60.0
ABOUT = 0.15
"""How far from the place that a note names a defect may begin, as a share of it."""

_RANGE = re.compile(
    rf"(?<![\d:.]){CLOCK}\s*(?:-|\u2013|to|until|till)\s*{CLOCK}(?!\d|[:.]\d)"
    rf"|\bbetween {CLOCK} and {CLOCK}(?!\d|[:.]\d)"
)
_UNTIL = re.compile(rf"(?:until|till|by|(?<!not )(?<!never )before)\s+{CLOCK}(?!\d|[:.]\d)")
_FROM = re.compile(rf"(?:from|after|since|not before|never before|not earlier than)\s+{CLOCK}(?!\d|[:.]\d)")
_LASTING = re.compile(r"(?: on| onwards)?,?(?: and)? for [a-z0-9 .-]{3,40}")
_ABOUT = re.compile(r"\b(?:about|around|roughly|towards|near|some time|circa|ca\.?) $")
_TOMORROW = re.compile(r"\btomorrow\b[^.;!?]*")
_STAMP = re.compile(rf"\s*{CLOCK}(?![\d:.])(?!\s*(?:-|\u2013|to\b|until\b|till\b|on\b))[:,]?\s")
_UNTIL_THEN = re.compile(r"\b(?:until|till|before|up to) (?:then|that)\b")
_FROM_THEN = re.compile(r"\b(?:from|after|since) (?:then|that)\b")
_SINGLE = re.compile(rf"(?<![\d:.]){CLOCK}(?!\d|[:.]\d)")

_PLACE = r"(\d{1,2}):([0-5]\d)(?::([0-5]\d))?(?:[:;.]\d{2})?"
_PLACES = re.compile(rf"(?<![\d:]){_PLACE}\s*(?:-|\u2013|to|until|till)\s*{_PLACE}(?![\d:])")
_MINUTES_OF = re.compile(r"\bmin(?:ute)?s? (\d{1,3}) ?(?:-|to|until|till) ?(?:min(?:ute)? )?(\d{1,3})\b(?!:)")
_IN_PARTS = re.compile(r"\b(?:reel|act|disc|side|tape|part)s?\b")
MOST_FIRST_HOUR = 10
"""Time codes of a programme start at a whole hour, mostly the first or the tenth."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ENDS = {"jan": "uary", "feb": "ruary", "mar": "ch", "apr": "il", "jun": "e", "jul": "y", "aug": "ust",
         "sep": "t(?:ember)?|ember", "oct": "ober", "nov": "ember", "dec": "ember"}  # fmt: skip
_NAMES = "|".join(rf"{month}(?:{end})?" for month, end in _ENDS.items())
# In small letters it is a verb.
_MONTH = rf"(?P<month>(?i:{_NAMES})|May|MAY)"
_DATES = (
    re.compile(rf"\b(?P<day>[12]?\d|3[01])(?:st|nd|rd|th)?(?: of)? {_MONTH}\b"),
    re.compile(rf"\b{_MONTH}\.? (?P<day>[12]?\d|3[01])(?:st|nd|rd|th)?\b(?!:\d)"),
    re.compile(r"\b(?i:the|on|mon|tue|wed|thu|fri|sat|sun)(?i:day|sday|nesday|rsday|urday)?,? (?:the )?"
               r"(?P<day>[12]?\d|3[01])(?:st|nd|rd|th)\b"),
)  # fmt: skip
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ALL_DAY = re.compile(rf"\b(?:all|whole|entire)(?: day)?(?: of| on)? ({'|'.join(_WEEK)})[a-z]*day\b")
_OPENS = re.compile(r"\b(?:from|since|starting|as of|after)\b[a-z ]*$")
_CLOSES = re.compile(r"\b(?:until|till|through|by|before|up to|to|valid to|end of)\b[a-z ]*$")
_AGREED = re.compile(
    r"\b(?:mail|mailed|letter|agreed|approved|approval|signed|ok|okayed|confirmed|passed|accepted|ordered|waiver|dated"
    r"|test|tested|certificate|wrote|written|granted|decision|shot|filmed|recorded|made|report|call|phone)\b[^.;]*$"
)
BEFORE = 40
"""So many letters before a date say what it is of."""


def fits_in_time(text: str, incident: Incident, context: Context, *, since: bool = False) -> bool:
    """Whether what a note names of times holds the incident; of a file without a clock, of its places."""
    if context.starts_at is None and context.delivery in FILES:
        return named_place_fits(text, incident)
    return named_time_fits(text, incident, context.starts_at, since=since)


def named_time_fits(
    text: str, incident: Incident, starts_at: datetime | None, *, since: bool = False
) -> bool:
    """Whether the times of day and the dates that a note names, taken for UTC, hold the incident.

    A note that names none always fits; one that does fits nothing where the clock is not known. With
    ``since``, a single time is when something became so: what comes half a day after it fits as well.
    """
    if starts_at is None:
        return _named(plain_times(text)) is None
    first = starts_at.astimezone(UTC) + timedelta(seconds=incident.start_s)
    day = first.replace(hour=0, minute=0, second=0, microsecond=0)
    found = _named(plain_times(text, (first - day).total_seconds()), since=since)
    last = starts_at.astimezone(UTC) + timedelta(seconds=until_s(incident))
    if not since and not named_date_fits(text, first.date()):
        return False
    if found is None:
        return True
    start, end = found
    return any(_holds(day + timedelta(days=n), start, end, first, last) for n in (-1, 0))


def named_place_fits(text: str, incident: Incident) -> bool:
    """Whether the places of a file that a note names hold the incident.

    Ranges, as ``1:08 to 1:13``, ``minute 25 to 30`` or in time code, hold all of it: hours or minutes may be
    meant, and time code may begin at any whole hour. What comes ``20 minutes in`` begins about there; of a
    reel or an act that says nothing of the file. A single time is mostly that of a mail.
    """
    plain = plain_times(text)
    ranges, points = list(_places(plain)), [] if _IN_PARTS.search(plain) else list(lengths_in(plain))
    first, last = incident.start_s, until_s(incident)
    if not ranges and not points:
        return True
    return any(
        first >= start - PLACE_SLACK_S and last <= end + PLACE_SLACK_S for start, end in ranges
    ) or any(abs(first - at) <= max(2 * PLACE_SLACK_S, at * ABOUT) for at in points)


def named_date_fits(text: str, day: date) -> bool:
    """Whether one of the dates that a note names is the day, or the day before, whose night it is."""
    told = [*_dated(text, day), *_weekdays(text, day)]
    return not told or any(start <= day and day - timedelta(days=1) <= end for start, end in told)


def _dated(text: str, day: date) -> list[tuple[date, date]]:
    """The days that a text speaks of, each as a range; those on which something was agreed are left out."""
    ranges: list[tuple[date, date]] = []
    last = -BEFORE
    for found in _found_dates(text):
        before = text[max(0, found.start() - BEFORE) : found.start()].lower()
        if _AGREED.search(before):
            continue
        closes = bool(_CLOSES.search(before))
        named = _date_of(found, day, coming=closes)
        if named is None:
            continue
        if closes and ranges and found.start() - last < BEFORE:
            ranges[-1] = ranges[-1][0], named
        elif closes:
            ranges.append((date.min, named))
        else:
            ranges.append((named, date.max if _OPENS.search(before) else named))
        last = found.end()
    return ranges


def _weekdays(text: str, day: date) -> Iterator[tuple[date, date]]:
    """The days of the week that a text speaks of as a whole, the nearest of each."""
    for found in _ALL_DAY.finditer(text.lower()):
        away = (_WEEK.index(found[1]) - day.weekday() + 3) % 7 - 3
        yield (at := day + timedelta(days=away)), at


def _found_dates(text: str) -> list[re.Match[str]]:
    """Dates in their order, none of them twice."""
    found = {match.start("day"): match for pattern in reversed(_DATES) for match in pattern.finditer(text)}
    return [found[at] for at in sorted(found)]


def _date_of(found: re.Match[str], day: date, *, coming: bool) -> date | None:
    """The date meant: of the nearest year; of this month or, ``coming``, the next; None if none is."""
    number, month = int(found["day"]), found.groupdict().get("month")
    try:
        if month is not None:
            near = [date(day.year + n, _MONTHS.index(month[:3].lower()) + 1, number) for n in (-1, 0, 1)]
            return min(near, key=lambda one: abs(one - day))
        first = day.replace(day=1)
        later = coming and number < day.day
        return (first + timedelta(days=31) if later else first).replace(day=number)
    except ValueError:
        return None


def _places(text: str) -> Iterator[tuple[float, float]]:
    for found in _MINUTES_OF.finditer(text):
        yield float(found[1]) * 60, float(found[2]) * 60
    for found in _PLACES.finditer(text):
        ends = found.groups()[:3], found.groups()[3:]
        if None not in (ends[0][2], ends[1][2]):
            start, end = (int(h) * 3600.0 + int(m) * 60 + int(s) for h, m, s in ends)
            for hour in range(min(int(ends[0][0]), MOST_FIRST_HOUR) + 1):
                yield start - hour * 3600, end - hour * 3600
        else:
            start, end = (int(a) * 60.0 + int(b) for a, b, _ in ends)
            yield start, end
            yield start * 60, end * 60


def _holds(
    day: datetime, start: timedelta | None, end: timedelta | None, first: datetime, last: datetime
) -> bool:
    """Whether an incident lies within two times of a day, an open one being half a day away."""
    if start is not None and end is not None:
        begins, ends = day + start, day + end + (timedelta(days=1) if end <= start else timedelta())
    elif end is not None:
        begins, ends = day + end - HALF_DAY, day + end
    else:
        begins = day + (start or timedelta())
        ends = begins + HALF_DAY
    return first >= begins - TIME_SLACK and last <= ends + TIME_SLACK


def _named(text: str, *, since: bool = False) -> tuple[timedelta | None, timedelta | None] | None:
    if since:
        text = _TOMORROW.sub(" ", text)
        if (found := _SINGLE.search(text)) and not _RANGE.search(text):
            at = _time(found[1], found[2])
            return at, at + HALF_DAY
    text = _without_stamp(text)
    if found := _RANGE.search(text):
        hours = [part for part in found.groups() if part is not None]
        return _time(hours[0], hours[1]), _time(hours[2], hours[3])
    single = _FROM.search(text) or _SINGLE.search(text)
    for pattern, opens in ((_UNTIL_THEN, False), (_FROM_THEN, True)):
        then = pattern.search(text)
        if single and then and then.start() > single.end():
            at = _time(single[1], single[2])
            return (at, None) if opens else (None, at)
    if found := _UNTIL.search(text):
        return None, _time(found[1], found[2])
    if found := _FROM.search(text):
        start, lasting = _time(found[1], found[2]), _LASTING.match(text, found.end())
        length_s = longest_told_s(lasting[0]) if lasting else None
        return start, start + timedelta(seconds=length_s) if length_s else None
    if found := _SINGLE.search(text):
        at = _time(found[1], found[2])
        return at - (AROUND if _ABOUT.search(text, 0, found.start()) else EARLY), at + AROUND
    return None


def _without_stamp(text: str) -> str:
    """A line of a log without when it was written, where it names another time."""
    stamp = _STAMP.match(text)
    rest = text[stamp.end() :] if stamp else ""
    return rest if _SINGLE.search(rest) else text


def _time(hour: str, minute: str) -> timedelta:
    return timedelta(hours=int(hour), minutes=int(minute))
