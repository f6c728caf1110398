"""Whether the dates and days that people write are those of an incident.

A date that stands beside a mail or a signature is when something was agreed, and says nothing of when it
holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

__all__ = ["named_date_fits"]

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
_NIGHT_OF = re.compile(
    rf"\bnights? (?:of|from) ({'|'.join(_WEEK)})[a-z]*day (?:to|on|into) (?:{'|'.join(_WEEK)})[a-z]*day\b"
)
_EVERY = re.compile(
    rf"\b(?:every |each )?({'|'.join(_WEEK)})[a-z]*days\b(?! (?:and|or|to|till|until)\b)"
    rf"|\b(?:every|each) ({'|'.join(_WEEK)})[a-z]*day\b(?! (?:and|or|to|till|until)\b)"
)
_TODAY = re.compile(r"(?:^|(?<=[.;] ))Today, the \d[^.;]*[.;]?")
"""A sentence that tells today from the day that a note is of."""
_DAY = "(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_ON_DAY = re.compile(
    rf"\b(?:moved|shifted) (?:from [A-Z][a-z]+ )?to {_DAY}\b"
    rf"|\b{_DAY}'s (?:lecture|show|match|programme|edition|service|concert|race|game"
    r"|debate|mass|final|broadcast|episode)\b"
)
_NIGHT_TO = re.compile(rf"\bnight to ({'|'.join(_WEEK)})[a-z]*day\b")
_OPENS = re.compile(r"\b(?:from|since|starting|as of|after)\b[a-z ]*$")
_CLOSES = re.compile(
    rf"\b(?:until|till|through|by|before|up to|valid to|end of)\b[a-z ]*$"
    rf"|\bto (?:and including )?(?:the )?(?:(?:{'|'.join(_WEEK)})[a-z]*day )?(?:the )?$"
)
_PUT_OFF = re.compile(r"\b(?:put off|moved|postponed|shifted|delayed|rescheduled|brought forward)\b[^.;]*$")
_AGREED = re.compile(
    r"\b(?:mail|mailed|letter|agreed|approved|approval|signed|ok|okayed|confirmed|passed|accepted|ordered"
    r"|waiver|dated|test|tested|analyser|ran through|checked|measured|certificate|wrote|written|granted"
    r"|decision|order of|ruling|shot|filmed|recorded|made|report|call|phone)\b[^.;:]*$"
)
BEFORE = 40
"""So many letters before a date say what it is of."""


def named_date_fits(text: str, day: date, *, night: bool = True) -> bool:
    """Whether one of the dates that a note names is the day or, at ``night``, the day before."""
    rest = _TODAY.sub(" ", text)
    dated = _dated(rest, day) or _dated(text, day)
    told = [*dated, *(_one_day(text, day) or _weekdays(text, day)), *_nights(text, day, night=night)]
    return not told or any(start <= day and day - timedelta(days=night) <= end for start, end in told)


def _dated(text: str, day: date) -> list[tuple[date, date]]:
    """The days that a text speaks of, each as a range; those on which something was agreed are left out."""
    ranges: list[tuple[date, date]] = []
    last = -BEFORE
    for found in _found_dates(text):
        before = text[max(0, found.start() - BEFORE) : found.start()].lower()
        if _AGREED.search(text[: found.start()].lower()):
            continue
        closes = bool(_CLOSES.search(before)) and not _PUT_OFF.search(before)
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
    """The days of the week that a text speaks of as a whole, or of all of them, the nearest of each."""
    for found in (match for pattern in (_ALL_DAY, _EVERY) for match in pattern.finditer(text.lower())):
        told = next(word for word in found.groups() if word)
        yield (at := _nearest(told, day)), at


def _one_day(text: str, day: date) -> list[tuple[date, date]]:
    """The single days of the week to which a text moves something, or whose programme it names."""
    told = [next(word for word in found.groups() if word) for found in _ON_DAY.finditer(text)]
    return [(at := _nearest(word.lower()[:3], day), at) for word in told]


def _nearest(weekday: str, day: date) -> date:
    """The day of that name that is nearest to a day."""
    return day + timedelta(days=(_WEEK.index(weekday) - day.weekday() + 3) % 7 - 3)


def _nights(text: str, day: date, *, night: bool) -> Iterator[tuple[date, date]]:
    """The nights from one day of the week to the next that a text speaks of, each as its second day."""
    told = [_WEEK.index(found[1]) + 1 for found in _NIGHT_OF.finditer(text.lower())]
    told += [_WEEK.index(found[1]) for found in _NIGHT_TO.finditer(text.lower())]
    for second_day in told:
        second = _nearest(_WEEK[second_day % len(_WEEK)], day)
        # Before the small hours it is the first of the two days.
        yield (second, second) if night else (second - timedelta(days=1), second - timedelta(days=1))


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
