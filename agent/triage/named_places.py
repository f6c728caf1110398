"""Whether the places of a file that people write are those of an incident: ranges, points, time code."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from agent.context import until_s
from agent.triage.clocks import plain_times
from agent.triage.lengths import lengths_in
from pipeline.model import Incident

__all__ = ["named_place_fits", "names_place_of"]

PLACE_SLACK_S = 60.0
ABOUT = 0.15
"""How far from the place that a note names a defect may begin, as a share of it."""
_PLACE = r"(\d{1,2}):([0-5]\d)(?::([0-5]\d))?(?:[:;.]\d{2})?"
_PLACES = re.compile(rf"(?<![\d:]){_PLACE}\s*(?:-|\u2013|to|until|till)\s*{_PLACE}(?![\d:])")
_MINUTES_OF = re.compile(r"\bmin(?:ute)?s? (\d{1,3}) ?(?:-|to|until|till) ?(?:min(?:ute)? )?(\d{1,3})\b(?!:)")
_POINT = re.compile(r"(?<![\d:])(2[4-9]|[3-9]\d):([0-5]\d)(?![\d:])")
"""Minutes and seconds, which no time of day is."""
_ONE_PLACE = re.compile(rf"(?<![\d:]){_PLACE}(?![\d:])")
EXACT_S = 5.0
"""So near to a defect, what might be a time of day is a place of the file."""
_MIN_AND_S = re.compile(r"(?<![\d:.])(\d{1,3}) min ([0-5]\d)\b(?! ?s)")
_AT_MINUTE = re.compile(
    r"\bat (\d{1,3}) min(?:ute)?s?\b"
    r"|\b(?:at|from|in|near|round|around|after) minute (\d{1,3})\b(?! ?(?:-|to|until|till)\b)"
)
_LAST_FROM = re.compile(rf"\b(?:seconds?|minutes?|min|s) from {_PLACE}(?![\d:])")
_AND_AGAIN_AT = re.compile(rf"\bat {_PLACE}(?=,? and (?:once )?(?:again )?at {_PLACE}(?![\d:]))")
"""The first of two places of a list, which might be a time of day."""
_INTO_ALL = re.compile(r"\binto the (?:file|film|programme|recording)\b")
_IN_PARTS = re.compile(
    r"\b(?:reel|act|disc|side|tape|part)s? (?:\d|[a-c]\b|one|two|three|four|five)"
    r"|\b(?:first|second|third|fourth|last) (?:reel|act|disc|side|tape|part)\b"
)
_HOURS_IN = re.compile(r"(?<![\d:.])(\d{1,2}) ?h(?:ours?)? ([0-5]\d)(?: ?min(?:ute)?s?)?\b(?! ?s)")
"""``1 h 12``: of a file, an hour and 12 minutes in."""
_FROM_PLACE = re.compile(rf"\bfrom {_PLACE},? (?:on|onwards|to the end)\b")
_FROM_MINUTE = re.compile(r"\bfrom (\d{1,3}) min(?:ute)?s? on(?:wards)?\b")
_LENGTH_ON = re.compile(r"\bfrom [a-z0-9 -]{3,30}? (?:in|on),? (?:on|to the end)\b")
_NO_LONGER = re.compile(
    r"(?:^|(?<=[.;!?] ))[^.;!?]*\b(?:no|not|nothing|never)\b[^.;!?]*\b(?:any ?more|any longer)\b"
    r"[^.;!?]*[.;!?]?",
    re.I,
)
"""A sentence of what is there no longer: its places are none of what is."""
_ONE_CODE = re.compile(r"\bat (\d{1,2}):([0-5]\d):([0-5]\d)(?![:\d])")
MOST_FIRST_HOUR = 10
"""Time codes of a programme start at a whole hour, mostly the first or the tenth."""


def named_place_fits(text: str, incident: Incident) -> bool:
    """Whether the places of a file that a note names hold the incident.

    Ranges, as ``1:08 to 1:13``, ``minute 25 to 30`` or in time code, hold all of it: hours or minutes may be
    meant, and time code may begin at any whole hour. What comes ``20 minutes in`` begins about there; of a
    reel or an act that says nothing of the file. A single time is mostly that of a mail.
    """
    kept = _NO_LONGER.sub(" ", text)
    plain = plain_times(_in_code(kept if any(map(str.isdigit, kept)) else text))
    ranges, points = list(_places(plain)), [] if _in_part(plain) else list(lengths_in(plain))
    points += [_seconds_in(found) for found in _ONE_CODE.finditer(plain)]
    points += [float(found[1] or found[2]) * 60 for found in _AT_MINUTE.finditer(plain)]
    if not ranges:
        listed = (
            found for pattern in (_POINT, _AND_AGAIN_AT, _LAST_FROM) for found in pattern.finditer(plain)
        )
        points += [_seconds_in(found) for found in listed]
    ranges += [(_seconds_in(found), math.inf) for found in _FROM_PLACE.finditer(plain)]
    ranges += [(float(found[1]) * 60, math.inf) for found in _FROM_MINUTE.finditer(plain)]
    if _LENGTH_ON.search(plain) and points:
        ranges, points = [*ranges, (min(points), math.inf)], []
    first, last = incident.start_s, until_s(incident)
    if not ranges and not points:
        return True
    return any(
        first >= start - PLACE_SLACK_S and last <= end + PLACE_SLACK_S for start, end in ranges
    ) or any(abs(first - at) <= max(2 * PLACE_SLACK_S, at * ABOUT) for at in points)


def names_place_of(text: str, incident: Incident) -> bool:
    """Whether a text names the very place of an incident: a range that holds it, or where it begins."""
    plain = plain_times(_in_code(text))
    first, last = incident.start_s, until_s(incident)
    if any(start - EXACT_S <= first and last <= end + EXACT_S for start, end in _places(plain)):
        return True
    return any(abs(_seconds_in(found) - first) <= EXACT_S for found in _ONE_PLACE.finditer(plain))


def _in_code(text: str) -> str:
    """``1 h 12`` and ``4 min 12`` in time code."""
    return _MIN_AND_S.sub(r"0:\1:\2", _HOURS_IN.sub(r"\1:\2:00", text))


def _seconds_in(found: re.Match[str]) -> float:
    """How far in a place lies that is told in minutes and seconds, or in hours as well."""
    parts = [int(part) for part in found.groups()[:3] if part]
    return sum(part * 60.0**power for power, part in enumerate(reversed(parts)))


def _in_part(text: str) -> bool:
    """Whether places are told within a reel or an act, and not within the whole."""
    return bool(_IN_PARTS.search(text)) and not _INTO_ALL.search(text)


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
