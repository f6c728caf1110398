"""Days and times of day in words, on the asker's clock: the patterns, and what instant each is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from agent.query.model import TimeRange

__all__ = [
    "CLOCK",
    "COUNT",
    "COUNTS",
    "DATE",
    "DAY",
    "ISO",
    "LETTERS",
    "MONTH",
    "MONTHS",
    "NIGHT_ENDS",
    "PART",
    "POINT",
    "UNIT",
    "UNITS",
    "WEEKDAYS",
    "ZONE",
    "Clock",
    "count_of",
    "without_dates",
]

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

WEEKDAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?s?"
MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
DATE = (
    r"(?:\d{4}-\d{2}-\d{2}\b|\d{1,2}[/.]\d{1,2}[/.]\d{4}\b"
    rf"|(?:the\s+)?\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{MONTH}\b\.?(?:\s+\d{{4}})?"
    rf"|{MONTH}\b\.?\s+(?:the\s+)?\d{{1,2}}(?:st|nd|rd|th)?\b(?!:)(?:,?\s+\d{{4}})?"
    r"|(?:the\s+)?\d{1,2}(?:st|nd|rd|th)\b(?!\s+(?:incidents?|ones?|times?|hours?|days?|weeks?)\b))"
)
DAY = (
    r"(?:today|yesterday|(?:the\s+)?day\s+before\s+yesterday"
    rf"|(?:last\s+|this\s+|past\s+)?{WEEKDAY}|{DATE}"
    r"|(?:\d+|an?|one|two|three|four|five|six|seven)\s+(?:days?|weeks?)\s+ago)"
)
CLOCK = r"(?:\d{1,2}[:.]\d{2}(?:\s*[ap]\.?m\b\.?)?|\d{1,2}\s*[ap]\.?m\b\.?|noon|midday|midnight)"
ZONE = r"(?:\s+(?:utc|gmt|z)\b)?"
ISO = r"\d{4}-\d{2}-\d{2}[t ]\d{2}:\d{2}(?::\d{2})?(?:z|[+-]\d{2}:?\d{2})?"
PART = r"(?:morning|afternoon|evening|night)"
POINT = (
    rf"(?:{ISO}|(?:{DAY})(?:,?\s+(?:{PART}\s+)?(?:at\s+)?{CLOCK}{ZONE})?"
    rf"|{CLOCK}{ZONE}(?:\s+(?:on\s+)?{DAY})?)"
)
COUNT = rf"(?:\d{{1,5}}|{'|'.join(sorted(COUNTS, key=len, reverse=True))})"
UNIT = r"(?:minutes?|mins?|hours?|hrs?|days?|weeks?|fortnights?|months?|years?)"


@dataclass(frozen=True, slots=True)
class Clock:
    """Now, in the asker's zone."""

    now: datetime

    def at(self, day: date, hour: int = 0, minute: int = 0) -> datetime:
        """That wall-clock time of that day; hour 24 is the next midnight."""
        midnight = datetime.combine(day, time(), self.now.tzinfo)
        if hour == 24:
            return datetime.combine(day + timedelta(days=1), time(), self.now.tzinfo)
        return midnight.replace(hour=hour, minute=minute)

    def day(self, text: str) -> date:
        """The day that a phrase of ``DAY`` names."""
        words = " ".join(text.split())
        if words == "day before yesterday":
            words = f"the {words}"
        today = self.now.date()
        if words in ("today", "yesterday", "the day before yesterday"):
            return today - timedelta(days=("today", "yesterday", "the day before yesterday").index(words))
        if ago := re.fullmatch(r"(\w+) (day|week)s? ago", words):
            return today - timedelta(days=count_of(ago[1]) * (7 if ago[2] == "week" else 1))
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", words):
            return date.fromisoformat(words)
        if name := re.fullmatch(rf"(?:(last|this|past) )?({WEEKDAY})", words):
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
        if not re.search(MONTH, words):
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
        """The first instant of what a phrase of ``POINT`` names, and the first after it."""
        if re.fullmatch(ISO, text):
            instant = datetime.fromisoformat(text.upper())
            instant = instant if instant.tzinfo else instant.replace(tzinfo=self.now.tzinfo)
            return instant, instant
        told = re.search(CLOCK, without_dates(text))
        named = re.search(DAY, text)
        clock = self
        if re.search(r"\b(?:utc|gmt)\b|\dz\b|\sz\b", text):
            clock = Clock(self.now.astimezone(ZoneInfo("UTC")))
        day = clock.day(named[0]) if named else clock.now.date()
        if told is None:
            return clock.at(day), clock.at(day, 24)
        hour, minute = hour_of(told[0])
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


def count_of(text: str) -> int:
    """A number in digits or words.

    Raises:
        ValueError: it is none of units.
    """
    number = int(text) if text.isdigit() else COUNTS[text]
    if not 0 < number <= MAX_COUNT:
        raise ValueError(f"not a number of units: {text}")
    return number


def hour_of(text: str) -> tuple[int, int]:
    """Hour and minute of a time of day; 24 and 0 for the end of it.

    Raises:
        ValueError: there is no such time.
    """
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


def without_dates(text: str) -> str:
    """The text without its dates, whose numbers are no hours."""
    return re.sub(DATE, " ", text)
