"""Ranges of time in words: ``last night``, ``since Monday``, ``in the last 2 hours``, ``12 November``.

A day begins at midnight of the asker's time zone, a week on Monday. The night goes from 18:00 to
06:00 of the next day; ``last night`` is the one that the last morning ended. A weekday or a date
without a year is the last one that has begun.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from re import Match
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from agent.query.model import TimeRange

__all__ = ["COUNTS", "MONTHS", "WEEKDAYS", "FoundRange", "find_ranges", "shifted"]

NIGHT_BEGINS, NIGHT_ENDS = 18, 6
PARTS = {"morning": (6, 12), "afternoon": (12, 18), "evening": (18, 24)}

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_NUMBERS = "one two three four five six seven eight nine ten eleven twelve"
_TENS = {
    "fifteen": 15,
    "twenty": 20,
    "twenty-four": 24,
    "thirty": 30,
    "forty-eight": 48,
    "sixty": 60,
    "ninety": 90,
}
COUNTS = {word: number for number, word in enumerate(_NUMBERS.split(), 1)} | _TENS
COUNTS |= {"a": 1, "an": 1, "couple": 2, "couple of": 2, "a couple of": 2}
UNITS = {
    "minute": relativedelta(minutes=1),
    "hour": relativedelta(hours=1),
    "day": relativedelta(days=1),
    "week": relativedelta(weeks=1),
    "month": relativedelta(months=1),
    "fortnight": relativedelta(weeks=2),
    "year": relativedelta(years=1),
}
LETTERS = {"h": "hour", "d": "day", "w": "week", "m": "minute", "y": "year"}
MAX_COUNT = 10_000

_WEEKDAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?s?"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DATE = (
    r"(?:\d{4}-\d{2}-\d{2}\b|\d{1,2}[/.]\d{1,2}[/.]\d{4}\b"
    rf"|(?:the\s+)?\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}\b\.?(?:\s+\d{{4}})?"
    rf"|{_MONTH}\b\.?\s+(?:the\s+)?\d{{1,2}}(?:st|nd|rd|th)?\b(?!:)(?:,?\s+\d{{4}})?"
    r"|(?:the\s+)?\d{1,2}(?:st|nd|rd|th)\b(?!\s+(?:incidents?|ones?|times?|hours?|days?|weeks?)\b))"
)
_DAY = (
    r"(?:today|yesterday|(?:the\s+)?day\s+before\s+yesterday"
    rf"|(?:last\s+|this\s+|past\s+)?{_WEEKDAY}|{_DATE}"
    r"|(?:\d+|an?|one|two|three|four|five|six|seven)\s+(?:days?|weeks?)\s+ago)"
)
_CLOCK = r"(?:\d{1,2}[:.]\d{2}(?:\s*[ap]\.?m\b\.?)?|\d{1,2}\s*[ap]\.?m\b\.?|noon|midday|midnight)"
_ZONE = r"(?:\s+(?:utc|gmt|z)\b)?"
_ISO = r"\d{4}-\d{2}-\d{2}[t ]\d{2}:\d{2}(?::\d{2})?(?:z|[+-]\d{2}:?\d{2})?"
_PART = r"(?:morning|afternoon|evening|night)"
_POINT = (
    rf"(?:{_ISO}|(?:{_DAY})(?:,?\s+(?:{_PART}\s+)?(?:at\s+)?{_CLOCK}{_ZONE})?"
    rf"|{_CLOCK}{_ZONE}(?:\s+(?:on\s+)?{_DAY})?)"
)
_COUNT = rf"(?:\d{{1,5}}|{'|'.join(sorted(COUNTS, key=len, reverse=True))})"
_UNIT = r"(?:minutes?|mins?|hours?|hrs?|days?|weeks?|fortnights?|months?|years?)"


@dataclass(frozen=True, slots=True)
class FoundRange:
    """A range of time, and which characters of the question said it."""

    range: TimeRange
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Clock:
    """Now, in the asker's zone."""

    now: datetime

    def at(self, day: date, hour: int = 0, minute: int = 0) -> datetime:
        """That wall-clock time of that day; hour 24 is the next midnight."""
        midnight = datetime.combine(day, time(), self.now.tzinfo)
        if hour == 24:
            return datetime.combine(day + timedelta(days=1), time(), self.now.tzinfo)
        return midnight.replace(hour=hour, minute=minute)

    def day(self, text: str) -> date:
        """The day that a phrase of ``_DAY`` names."""
        words = " ".join(text.split())
        if words == "day before yesterday":
            words = f"the {words}"
        today = self.now.date()
        if words in ("today", "yesterday", "the day before yesterday"):
            return today - timedelta(days=("today", "yesterday", "the day before yesterday").index(words))
        if ago := re.fullmatch(r"(\w+) (day|week)s? ago", words):
            return today - timedelta(days=_count(ago[1]) * (7 if ago[2] == "week" else 1))
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", words):
            return date.fromisoformat(words)
        if name := re.fullmatch(rf"(?:(last|this|past) )?({_WEEKDAY})", words):
            number = next(i for i, full in enumerate(WEEKDAYS) if full.startswith(name[2][:3]))
            back = (today.weekday() - number) % 7
            return today - timedelta(days=back or (7 if name[1] in ("last", "past") else 0))
        return self._date(words)

    def _date(self, words: str) -> date:
        if slashed := re.fullmatch(r"(\d+)[/.](\d+)[/.](\d+)", words):
            day, month, year = (int(item) for item in slashed.groups())
            if day <= 12 and day != month and "/" in words:
                raise ValueError(f"the day or the month may come first: {words}")
            return date(year, month, day)
        if not re.search(_MONTH, words):
            return self._day_of_month(int(re.findall(r"\d+", words)[0]))
        month = next(i for i, full in enumerate(MONTHS, 1) if re.search(rf"\b{full[:3]}", words))
        numbers = [int(item) for item in re.findall(r"\d+", words)]
        years = [item for item in numbers if item > 31]
        number = next(item for item in numbers if item <= 31)
        if years:
            return date(years[0], month, number)
        found = date(self.now.year, month, number)
        return found if found <= self.now.date() else found.replace(year=found.year - 1)

    def _day_of_month(self, number: int) -> date:
        """``the 20th``: the last one that has begun."""
        first = self.now.date().replace(day=1)
        if number > self.now.day:
            first -= UNITS["month"]
        return first.replace(day=number)

    def point(self, text: str) -> tuple[datetime, datetime]:
        """The first instant of what a phrase of ``_POINT`` names, and the first after it."""
        if re.fullmatch(_ISO, text):
            instant = datetime.fromisoformat(text.upper())
            instant = instant if instant.tzinfo else instant.replace(tzinfo=self.now.tzinfo)
            return instant, instant
        told = re.search(_CLOCK, _without_dates(text))
        named = re.search(_DAY, text)
        clock = self
        if re.search(r"\b(?:utc|gmt)\b|\dz\b|\sz\b", text):
            clock = _Clock(self.now.astimezone(ZoneInfo("UTC")))
        day = clock.day(named[0]) if named else clock.now.date()
        if told is None:
            return clock.at(day), clock.at(day, 24)
        hour, minute = _hour(told[0])
        if hour < 12 and re.search(r"\b(?:afternoon|evening)\b", text):
            hour += 12
        instant = clock.at(day, hour, minute)
        if named is None and instant > clock.now:
            instant = clock.at(day - timedelta(days=1), hour, minute)
        return instant, instant

    def month(self, name: str, year: str | None) -> TimeRange:
        """A whole month: of that year, or the last one that has begun."""
        number = next(i for i, full in enumerate(MONTHS, 1) if full.startswith(name[:3]))
        chosen = int(year) if year else self.now.year - (number > self.now.month)
        first = date(chosen, number, 1)
        return TimeRange(since=self.at(first), until=self.at(first + relativedelta(months=1)))

    def night(self, day: date) -> TimeRange:
        """The night that begins on that day."""
        ends = self.at(day + timedelta(days=1), NIGHT_ENDS)
        return TimeRange(since=self.at(day, NIGHT_BEGINS), until=ends)

    def part(self, day: date, name: str) -> TimeRange:
        """A part of that day."""
        if name == "night":
            return self.night(day)
        begins, ends = PARTS[name]
        return TimeRange(since=self.at(day, begins), until=self.at(day, ends))


_Made = Callable[[_Clock, Match[str]], TimeRange]


def find_ranges(question: str, now: datetime, zone: ZoneInfo) -> list[FoundRange]:
    """The ranges of time that a question names, in its order; ``now`` is an aware time.

    A phrase that names no possible time (31 February, 25:99) is not found.
    """
    text, clock = question.lower(), _Clock(now.astimezone(zone))
    found = _since_edges(text, now, zone)
    for pattern, made in _PHRASES:
        for match in pattern.finditer(text):
            if any(match.start() < other.end and other.start < match.end() for other in found):
                continue
            try:
                found.append(FoundRange(made(clock, match), match.start(), match.end()))
            except (ValueError, OverflowError):
                continue
    return sorted(found, key=lambda item: item.start)


_EDGE = re.compile(r"\b(?:since|from)\s+(?:the\s+(?P<edge>start|beginning|end)\s+(?=of\b))?")
_TURNED = re.compile(r"\s+(?:(?P<ended>ended|finished|was over)|started|began|begun)\b")


def _since_edges(text: str, now: datetime, zone: ZoneInfo) -> list[FoundRange]:
    """``since the end of last week``, ``since the weekend began``: from an edge of another range on."""
    found = []
    for match in _EDGE.finditer(text):
        rest = text[match.end() :]
        inner = next((item for item in find_ranges(rest, now, zone) if item.start == 0), None)
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


def _count(text: str) -> int:
    number = int(text) if text.isdigit() else COUNTS[text]
    if not 0 < number <= MAX_COUNT:
        raise ValueError(f"not a number of units: {text}")
    return number


def _hour(text: str) -> tuple[int, int]:
    if text in ("noon", "midday", "midnight"):
        return (0 if text == "midnight" else 12), 0
    numbers = [int(item) for item in re.findall(r"\d+", text)]
    hour, minute = numbers[0], numbers[1] if len(numbers) > 1 else 0
    half = re.search(r"([ap])\.?m", text)
    if half:
        if not 1 <= hour <= 12:
            raise ValueError(f"not a time: {text}")
        hour = hour % 12 + (12 if half[1] == "p" else 0)
    if hour == 24 and minute == 0:
        return 24, 0
    time(hour, minute)
    return hour, minute


def _without_dates(text: str) -> str:
    return re.sub(_DATE, " ", text)


def _unit(text: str) -> relativedelta:
    text = LETTERS.get(text, text)
    begins = "ho" if text.startswith("hr") else text[:2]
    return next(span for name, span in UNITS.items() if name.startswith(begins))


def _last_units(clock: _Clock, found: Match[str]) -> TimeRange:
    named = found.groupdict()
    span = _unit(named["unit"] or named["past"] or "") * _count(named["count"] or "1")
    return TimeRange(since=clock.now - span, until=clock.now)


def _whole_unit(clock: _Clock, found: Match[str]) -> TimeRange:
    """This, or the last, week, month or year; a day is a day."""
    today, unit = clock.now.date(), found["whole"]
    first = _first_of(today, unit)
    if found["which"] in ("this", "the current", ""):
        return TimeRange(since=clock.at(first), until=clock.now)
    return TimeRange(since=clock.at(first - UNITS[unit]), until=clock.at(first))


def _before_last(clock: _Clock, found: Match[str]) -> TimeRange:
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


def _tonight(clock: _Clock, found: Match[str]) -> TimeRange:
    today = clock.now.date()
    return clock.night(today - timedelta(days=1) if clock.now.hour < NIGHT_ENDS else today)


def _weekend(clock: _Clock, found: Match[str]) -> TimeRange:
    today = clock.now.date()
    saturday = today - timedelta(days=(today.weekday() - 5) % 7)
    if (found["which"] or "").startswith("last") and today.weekday() >= 5:
        saturday -= timedelta(days=7)
    return TimeRange(since=clock.at(saturday), until=clock.at(saturday + timedelta(days=2)))


_BARE = r"(?:the\s+)?\d{1,2}(?:st|nd|rd|th)?"


def _between(clock: _Clock, found: Match[str]) -> TimeRange:
    """From a point to another; an hour without a day is of the other's day, a day is whole."""
    first, last = found["first"], found["last"]
    day = found.groupdict().get("day")
    if day:
        first, last = f"{day} {first}", f"{day} {last}"
    elif (
        re.fullmatch(_BARE, first) and re.search(_DATE, last) and not re.search(_CLOCK, _without_dates(last))
    ):
        month = re.search(_MONTH, last)
        first = f"{re.findall(r'[0-9]+', first)[0]}{' ' + month[0] if month else 'th'}"
    elif first.isdigit():
        half = re.search(r"[ap]\.?m", last)
        first += half[0] if half else ":00"
    if re.search(_DAY, last) and not re.search(_DAY, first):
        first = f"{first} {re.search(_DAY, last)[0]}"  # type: ignore[index]
    elif re.search(_DAY, first) and not re.search(_DAY, last):
        last = f"{last} {re.search(_DAY, first)[0]}"  # type: ignore[index]
    since, (last_begins, until) = clock.point(first)[0], clock.point(last)
    if until <= since and last_begins < since and not re.search(_DAY, last):
        until += timedelta(days=1)
    return TimeRange(since=since, until=until)


def _since(clock: _Clock, found: Match[str]) -> TimeRange:
    if found["word"] == "after" and not re.search(_CLOCK, _without_dates(found["point"])):
        return TimeRange(since=clock.point(found["point"])[1])
    return TimeRange(since=clock.point(found["point"])[0])


def _until(clock: _Clock, found: Match[str]) -> TimeRange:
    point = found["point"] if re.search(_DAY, found["point"]) else f"{found['point']} today"
    begins, ends = clock.point(point)
    return TimeRange(until=begins if found["word"] == "before" else ends)


def _clock_on_day(clock: _Clock, found: Match[str]) -> TimeRange:
    """``around 14:00 yesterday``: half an hour either side."""
    begins, _ = clock.point(found["point"])
    return TimeRange(since=begins - timedelta(minutes=30), until=begins + timedelta(minutes=30))


def _day(clock: _Clock, found: Match[str]) -> TimeRange:
    day = clock.day(found["day"])
    return TimeRange(since=clock.at(day), until=clock.at(day, 24))


_PHRASES: tuple[tuple[re.Pattern[str], _Made], ...] = tuple(
    (re.compile(rf"\b(?:{pattern})(?!\w)"), made)
    for pattern, made in (
        (
            rf"(?P<day>{_DAY}),?\s+(?:(?:between|from)\s+)?(?P<first>{_CLOCK})(?:\s+(?:and|to|until|till)\s+"
            rf"|\s*[-\u2013]\s*)(?P<last>{_CLOCK})",
            _between,
        ),
        (
            rf"between\s+(?P<first>{_POINT}|\d{{1,2}})\s+(?:and|to)\s+(?P<last>{_POINT})",
            _between,
        ),
        (
            rf"from\s+(?P<first>{_POINT}|\d{{1,2}})\s+(?:to|until|till|through|up\s+to)\s+(?P<last>{_POINT})",
            _between,
        ),
        (
            rf"(?P<first>{_CLOCK}|{_DAY},?\s+(?:at\s+)?{_CLOCK})\s*(?:-|\u2013|\bto|\buntil|\btill)\s*(?P<last>{_POINT})",
            _between,
        ),
        (
            rf"(?P<first>{_DATE}|\d{{1,2}})\s*(?:[-\u2013]|\bto|\bthrough|\bthru|\btill|\buntil)"
            rf"\s*(?P<last>{_DATE})",
            _between,
        ),
        (rf"(?P<first>\d{{1,2}})\s*[-\u2013]\s*(?P<last>{_CLOCK}(?:\s+(?:on\s+)?{_DAY})?)", _between),
        (r"since\s+last\s+night", lambda c, _: TimeRange(since=c.night(c.now.date() - timedelta(1)).since)),
        (
            r"since\s+(?:the\s+)?(?P<which>this|last)\s+(?P<whole>week|month|year)",
            lambda c, m: TimeRange(since=_whole_unit(c, m).since),
        ),
        (
            rf"since\s+(?:(?P<which>this)\s+|(?P<day>{_DAY})\s+)(?P<part>morning|afternoon|evening|night)(?!\s+(?:at\s+)?\d)",
            lambda c, m: TimeRange(since=c.part(c.day(m["day"] or "today"), m["part"]).since),
        ),
        (rf"(?P<word>since|after|starting)\s+(?P<point>{_POINT})", _since),
        (rf"(?P<word>from)\s+(?P<point>{_POINT})\s+on(?:wards?)?\b", _since),
        (rf"(?<!day )(?<!night )(?P<word>before|until|till|up\s+to)\s+(?P<point>{_POINT})", _until),
        (
            rf"(?:in|over|during|within|for)?\s*(?:the\s+)?(?:last|past|previous)\s+(?P<count>{_COUNT})"
            rf"(?:\s+(?P<unit>{_UNIT})|\s?(?P<past>(?<=\d)[hdwm]|(?<=\d)(?:hrs?|mins?)|(?<=\d\s)[hd]))",
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
            rf"(?:on\s+)?(?P<day>{_DAY})(?:'s|\s+in\s+the|\s+at)?\s+(?P<part>{_PART})",
            lambda c, m: c.part(c.day(m["day"]), m["part"]),
        ),
        (
            r"(?:in\s+|during\s+)?(?:this|the)\s+(?P<part>morning|afternoon|evening)(?!\s+of)",
            lambda c, m: c.part(c.now.date(), m["part"]),
        ),
        (
            rf"(?:in\s+|during\s+)?(?:the\s+)?(?P<part>{_PART})\s+of\s+(?P<day>{_DAY})",
            lambda c, m: c.part(c.day(m["day"]), m["part"]),
        ),
        (
            rf"(?:(?:on|at|around|about|near)\s+)?"
            rf"(?P<point>{_ISO}|{_DAY},?\s+(?:(?:at|around|about)\s+)?{_CLOCK}{_ZONE})",
            _clock_on_day,
        ),
        (
            rf"(?:at|around|about|near)\s+(?P<point>{_CLOCK}{_ZONE}(?:\s+(?:on\s+)?{_DAY})?)",
            _clock_on_day,
        ),
        (rf"(?:on\s+|of\s+|from\s+)?(?P<day>{_DAY})", _day),
        (
            r"(?:(?:during|through|throughout|over|in|of|from)\s+)?the\s+night(?!\s+(?:before|after|earlier|of|crew|team))"
            r"|night(?=\s+(?:shift|report|log|summary)\b)",
            _nights_ago(1),
        ),
        (
            rf"(?:in|during|of|for)\s+(?P<month>{_MONTH})(?:\s+(?P<year>\d{{4}}))?",
            lambda c, m: c.month(m["month"], m["year"]),
        ),
    )
)
"""What is tried first takes its characters; the most that a phrase can say comes before the least."""
