"""Times of day as people write them, written the one way that is read: ``HH:MM``, without a zone."""

from __future__ import annotations

import re

__all__ = ["CLOCK", "HOURS", "ONE_CLOCK", "SMALL_HOURS", "plain_times", "written_clock"]

CLOCK = r"([01]?\d|2[0-3])[:.]([0-5]\d)"
ONE_CLOCK = re.compile(rf"(?<![\d:.]){CLOCK}(?!\d|[:.]\d)")
"""A time of day that stands alone, and is no part of a time code."""

HOURS = tuple("one two three four five six seven eight nine ten eleven twelve".split())  # noqa: SIM905
"""The hours of half a day in words."""

_HOUR_WORDS = {word: number for number, word in enumerate(HOURS, 1)}
_HOUR = rf"(?:1[0-2]|0?[1-9]|{'|'.join(HOURS)})"
_HALF_OF_DAY = (
    r"(?:(?P<am>a\.?m\b\.?|in the morning)|(?P<pm>p\.?m\b\.?|in the (?:afternoon|evening)|at night))"
)
SMALL_HOURS = 6
"""Until this hour it is night after midnight, and not before."""

_MINUTES = {"half": 30, "quarter": 15, "a quarter": 15, "twenty-five": 25, "twenty": 20, "ten": 10, "five": 5}
_MINUTES_ABOUT = 15
_TILL = r"(?:-|to|till|until|and)"
_ZONE = r"\s?(?:z|utc|gmt|hrs?|h)\b"
_OF_DAY = rf"(?: {_HALF_OF_DAY})?"

# "From five to nine" is four hours, unless it goes on: "from five to nine until half past".
_HOURS_APART = (
    r"(?<!\bfrom )(?<!\bbetween )|(?=[a-z -]{0,30}\b(?:until|till|and)\b)|(?=half|quarter|twenty|a )"
)
_SPOKEN = re.compile(
    rf"(?:{_HOURS_APART}|(?=[a-z-]+ (?:minutes )?(?:past|after)\b))"
    rf"\b({'|'.join(_MINUTES)})(?: minutes)? (past|to|after|before) ({_HOUR})\b"
    rf"(?![:.]\d|[ -](?:s|ms|sec|min|second|minute|hour|day|time|frame)s?\b|[ -]per\b){_OF_DAY}"
)
_PAIR = re.compile(rf"\b({_HOUR}) ?(?:-|to|till|until) ?({_HOUR}) ?{_HALF_OF_DAY}")
_TWELVE = re.compile(rf"\b({_HOUR})(?:[:.]([0-5]\d))? ?{_HALF_OF_DAY}")
_JOINED = re.compile(
    rf"(?<![\w:.])([01]\d|2[0-3])([0-5]\d)(?={_ZONE}|\s?{_TILL}\s?(?:[01]\d|2[0-3])[0-5]\d{_ZONE})"
)
_JOINED_PAIR = re.compile(
    rf"(?<![\w:.-])(0\d|1[0-8]|2[1-3])([0-5]\d)(\s?{_TILL}\s?)([01]\d|2[0-3])([0-5]\d)(?![\w:]|[.-]\d)"
)
_JOINED_FROM = re.compile(
    r"\b(at|from|until|till|by|after|before|since) ([01]\d|2[0-3])([0-5]\d)\b(?![:.]\d)"
)
"""Without a zone, four digits may be a year: of two that begin as none does, all are times."""
_NAMED_ZONE = re.compile(rf"(?<![\d:.])({CLOCK}){_ZONE}")
_WITH_H = re.compile(r"(?<![\w:.])([01]?\d|2[0-3])h([0-5]\d)\b")
_AT_H = re.compile(r"\b(at|from|until|till|by|before|after|since) ([01]?\d|2[0-3])h(?![\w:]| ?\d)")
# Without a sign of the clock, "5 to 6 h" is a length.
_TO, _FULL = rf"( ?{_TILL} ?)", r"([01]?\d|2[0-3])"
_HOURS_H = re.compile(
    rf"(?<![\w:.]){_FULL} ?(?:h{_TO}{_FULL} ?h|{_TO}{_FULL} ?(?:utc|gmt|z))\b"
    rf"|(?<=from ){_FULL}{_TO}{_FULL} ?(?:h|hrs)\b"
)
_WHOLE = re.compile(
    rf"\b(until|till|before|from|after|since|past) ({_HOUR}|1[3-9]|2[0-3])(?:{_ZONE}|( o'clock))(?![\d:.])"
)
_ENDS = r"(?=\s*(?:$|[.,;:!?()-]|utc|gmt|sharp|o'clock|on\b|onwards|tonight|today|until|till))"
_BARE = re.compile(
    rf"\b(at|until|till|before|from|after|since|by)( about| around)? ({_HOUR})\b(?![:.]\d){_ENDS}"
)
_BARE_PAIR = re.compile(rf"(\bfrom|\bbetween|,) ({_HOUR}) (to|and|till|until) ({_HOUR})\b(?![:.]\d){_ENDS}")
_BARE_FIRST = re.compile(
    rf"(?:(?<=from )|(?<=between )|(?<=, )|(?<=: )|(?<=day ))({_HOUR})(?= {_TILL} {CLOCK}(?!\d))"
)
_BARE_LAST = re.compile(rf"({CLOCK} {_TILL}) ({_HOUR})\b(?![:.]\d){_ENDS}")
_PAST = re.compile(
    rf"({CLOCK}[^.;:!?]{{0,40}}?\b(?:until|till|to|by|back at) (?:about )?)({'|'.join(_MINUTES)}) past\b"
    rf"(?! (?:{_HOUR})\b)"
)
"""``Just after 07:00, done by quarter past``: of the hour that was named."""
_OF_TWELVE = re.compile(
    rf"\b({'|'.join(_MINUTES)})(?: minutes)? (past|to|after|before) (noon|midday|midnight)\b"
)
_NOON, _MIDNIGHT = re.compile(r"\b(?:noon|midday)\b"), re.compile(r"\bmidnight\b")


def plain_times(text: str, near_s: float | None = None) -> str:
    """A text in small letters, its times of day rewritten.

    ``3 pm``, ``0230Z``, ``22h15`` and ``half past eleven at night`` become ``15:00``, ``02:30``, ``22:15``
    and ``23:30``. What may be of either half of the day, as ``quarter past ten``, is taken for the half
    that is nearer to ``near_s`` seconds of the day; without that it is left as it is.
    """
    text = _OF_TWELVE.sub(_about_twelve, text.lower())
    text = _NOON.sub("12:00", _MIDNIGHT.sub("00:00", text))
    text = _WITH_H.sub(r"\1:\2", text)
    text = _HOURS_H.sub(_whole_hours, text)
    text = _AT_H.sub(r"\1 \2:00", text)
    text = _SPOKEN.sub(lambda m: _spoken(m, near_s), text)
    text = _PAIR.sub(lambda m: f"{_written(m, m[1])}-{_written(m, m[2])}", text)
    text = _TWELVE.sub(lambda m: _written(m, m[1], int(m[2] or 0)), text)
    text = _WHOLE.sub(lambda m: f"{m[1]} {_whole(m, near_s)}", text)
    text = _JOINED.sub(r"\1:\2", text)
    if _JOINED_PAIR.search(text):
        text = _JOINED_PAIR.sub(r"\1:\2\3\4:\5", _JOINED_FROM.sub(r"\1 \2:\3", text))
    if near_s is not None:
        text = _BARE_PAIR.sub(lambda m: _bare_pair(m, near_s), text)
        text = _BARE_FIRST.sub(lambda m: _nearest(_number(m[1]) * 60, near_s), text)
        text = _BARE_LAST.sub(lambda m: f"{m[1]} {_nearest(_number(m[4]) * 60, near_s)}", text)
        text = _BARE.sub(lambda m: f"{m[1]} {_nearest(_number(m[3]) * 60, near_s)}", text)
    text = _PAST.sub(lambda m: f"{m[1]}{int(m[2]):02d}:{_MINUTES[m[4]]:02d}", text)
    return _NAMED_ZONE.sub(r"\1", text)


def _about_twelve(found: re.Match[str]) -> str:
    """``Half past midnight``, ``ten to noon``."""
    minutes = _MINUTES[found[1]] * (-1 if found[2] in ("to", "before") else 1)
    return written_clock(minutes + (0 if found[3] == "midnight" else 720))


def _whole_hours(found: re.Match[str]) -> str:
    first, joint, last = (part for part in found.groups() if part is not None)
    return f"{int(first):02d}:00{joint}{int(last):02d}:00"


def _whole(found: re.Match[str], near_s: float | None) -> str:
    """A whole hour; one of the clock on the wall in the half of the day that is nearer."""
    minutes = _number(found[2]) * 60
    return (
        _nearest(minutes, near_s)
        if (found[3] or found[2].isalpha()) and near_s is not None and minutes <= 720
        else written_clock(minutes)
    )


def _spoken(found: re.Match[str], near_s: float | None) -> str:
    """``Quarter past ten`` with its half of the day, told or nearest; as it is where neither is known."""
    before = found[2] in ("to", "before")
    if near_s is not None and (hours := _hours_apart(found, near_s)):
        return hours
    minutes = -_MINUTES[found[1]] if before else _MINUTES[found[1]]
    if found["am"] or found["pm"]:
        return _written(found, found[3], minutes)
    return found[0] if near_s is None else _nearest(_number(found[3]) * 60 + minutes, near_s)


def _hours_apart(found: re.Match[str], near_s: float) -> str:
    """``Five to six`` as two hours, where a second of the day lies between them and not about five to six."""
    if found[1] not in _HOUR_WORDS or found[2] != "to" or not (found["am"] or found["pm"]):
        return ""
    first, last = _written(found, found[1]), _written(found, found[3])
    between = first <= written_clock(int(near_s // 60)) <= last
    spoken = _number(found[3]) % 12 * 60 - _MINUTES[found[1]]
    away = abs((near_s / 60 - spoken + 360) % 720 - 360)
    return f"{first}-{last}" if between and away > _MINUTES_ABOUT else ""


def _written(found: re.Match[str], hour: str, minutes: int = 0) -> str:
    hours = _number(hour) % 12 + (12 if found["pm"] else 0)
    # "Twelve at night", "two at night": the small hours are none of the second half.
    if found["pm"] and "night" in found["pm"] and (hours == 12 or hours < 12 + SMALL_HOURS):
        hours -= 12
    return written_clock(hours * 60 + minutes)


def _nearest(minutes: int, near_s: float) -> str:
    """The time of either half of the day that is nearer to a second of the day."""
    halves = (minutes % 1440, (minutes + 720) % 1440)
    return written_clock(min(halves, key=lambda m: abs((m - near_s / 60 + 720) % 1440 - 720)))


def _bare_pair(found: re.Match[str], near_s: float) -> str:
    """Two hours, in the halves of the day that are the shortest time apart, and hold a second of the day."""
    near, first, last = near_s / 60, _number(found[2]) * 60, _number(found[4]) * 60
    spans = [(start, (end - start) % 1440) for start in (first, first + 720) for end in (last, last + 720)]
    start, length = min(spans, key=lambda span: (span[1], (near - span[0]) % 1440 > span[1]))
    return f"{found[1]} {written_clock(start)} {found[3]} {written_clock(start + length)}"


def _number(hour: str) -> int:
    return _HOUR_WORDS.get(hour) or int(hour)


def written_clock(minutes: int) -> str:
    """``HH:MM`` of so many minutes of a day, before or behind it as well."""
    return f"{minutes % 1440 // 60:02d}:{minutes % 60:02d}"
