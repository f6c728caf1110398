"""Times of day as people write them, written the one way that is read: ``HH:MM``, without a zone."""

from __future__ import annotations

import re

__all__ = ["CLOCK", "HOURS", "plain_times"]

CLOCK = r"([01]?\d|2[0-3])[:.]([0-5]\d)"

HOURS = tuple("one two three four five six seven eight nine ten eleven twelve".split())  # noqa: SIM905
"""The hours of half a day in words."""

_HOUR_WORDS = {word: number for number, word in enumerate(HOURS, 1)}
_HOUR = rf"(?:1[0-2]|0?[1-9]|{'|'.join(HOURS)})"
_HALF_OF_DAY = (
    r"(?:(?P<am>a\.?m\b\.?|in the morning)|(?P<pm>p\.?m\b\.?|in the (?:afternoon|evening)|at night))"
)
_PAST = {"half past": 30, "quarter past": 15, "quarter to": -15}
_ZONE = r"\s?(?:z|utc|gmt|hrs?|h)\b"

_SPOKEN = re.compile(rf"\b(half past|quarter past|quarter to) ({_HOUR}) {_HALF_OF_DAY}")
_PAIR = re.compile(rf"\b({_HOUR}) ?(?:-|to|till|until) ?({_HOUR}) ?{_HALF_OF_DAY}")
_TWELVE = re.compile(rf"\b({_HOUR})(?:[:.]([0-5]\d))? ?{_HALF_OF_DAY}")
_JOINED = re.compile(
    rf"(?<![\w:.])([01]\d|2[0-3])([0-5]\d)(?={_ZONE}|\s?(?:-|to|till|until|and)\s?(?:[01]\d|2[0-3])[0-5]\d{_ZONE})"
)
_NAMED_ZONE = re.compile(rf"(?<![\d:.])({CLOCK}){_ZONE}")
_WHOLE = re.compile(
    rf"\b(until|till|before|from|after|since) ({_HOUR}|1[3-9]|2[0-3])(?:{_ZONE}| o'clock)(?![\d:.])"
)
_NOON, _MIDNIGHT = re.compile(r"\b(?:noon|midday)\b"), re.compile(r"\bmidnight\b")


def plain_times(text: str) -> str:
    """A text in small letters, its times of day rewritten: ``3 pm``, ``0230Z`` and ``half past eleven at
    night`` as ``15:00``, ``02:30`` and ``23:30``. What may be of either half of the day is left as it is."""
    text = _NOON.sub("12:00", _MIDNIGHT.sub("00:00", text.lower()))
    text = _SPOKEN.sub(lambda m: _written(m, m[2], _PAST[m[1]]), text)
    text = _PAIR.sub(lambda m: f"{_written(m, m[1])}-{_written(m, m[2])}", text)
    text = _TWELVE.sub(lambda m: _written(m, m[1], int(m[2] or 0)), text)
    text = _WHOLE.sub(lambda m: f"{m[1]} {_HOUR_WORDS.get(m[2]) or int(m[2]):02d}:00", text)
    text = _JOINED.sub(r"\1:\2", text)
    return _NAMED_ZONE.sub(r"\1", text)


def _written(found: re.Match[str], hour: str, minutes: int = 0) -> str:
    hours = (_HOUR_WORDS.get(hour) or int(hour)) % 12 + (12 if found["pm"] else 0)
    # "Twelve at night" is the one hour of the second half that is none.
    if found["pm"] and "night" in found["pm"] and hours == 12:
        hours = 0
    total = (hours * 60 + minutes) % (24 * 60)
    return f"{total // 60:02d}:{total % 60:02d}"
