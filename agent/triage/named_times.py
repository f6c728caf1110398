"""Whether the times that people write hold an incident: times of day, with their days, and places of a file.

A time of day is taken for UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from agent.context import Context, Delivery, until_s
from agent.triage.clocks import CLOCK, ONE_CLOCK, SMALL_HOURS, plain_times
from agent.triage.lengths import lengths_in, longest_told_s
from agent.triage.moved_times import as_moved
from agent.triage.named_dates import named_date_fits
from agent.triage.named_places import named_place_fits, names_place_of
from agent.triage.note_words import sentences_of, speaks_of
from pipeline.model import Incident

__all__ = ["FILES", "fits_in_time", "named_time_fits"]

TIME_SLACK = timedelta(minutes=5)
AROUND = timedelta(minutes=30)
"""How far a single time that a note names may lie from the incident."""

EARLY = timedelta(minutes=10)
"""How far before it, unless the note says that it is only about so."""

HALF_DAY = timedelta(hours=12)
FILES = frozenset({Delivery.ON_DEMAND, Delivery.ARCHIVE})

_RANGE = re.compile(
    rf"(?<![\d:.]){CLOCK}\s*(?:-|\u2013|to|until|till)\s*{CLOCK}(?!\d|[:.]\d)"
    rf"|\bbetween {CLOCK} and {CLOCK}(?!\d|[:.]\d)"
)
_UNTIL = re.compile(
    rf"(?:until|till|by|up to|extended(?: by [a-z0-9 ]{{1,20}})? to|until (?:the )?[a-z ]{{3,40}} at"
    rf"|(?<!not )(?<!never )before)\s+{CLOCK}(?!\d|[:.]\d)"
)
_UNTIL_DAY = re.compile(
    r"\b(?:until|till) ((?:mon|tues|wednes|thurs|fri|satur|sun)day)"
    r"(?: at| morning| evening| night)? (noon|midnight|[\d:.h]+(?: ?utc| ?z)?\b)",
    re.IGNORECASE,
)
_NOBODY_BEFORE = re.compile(r"\b(nobody|nothing|no one)\b([^.;!?]{0,30}?) before (?=\d)")
_CLOSES_AT = re.compile(
    rf"\b(?:(?:closes?|shuts?|signs? off)(?: down)?(?: on [a-z0-9 ]{{3,20}})?"
    rf"|goes (?:dark|off air|off)|switched off)"
    rf" at {CLOCK}(?!\d|[:.]\d)"
)
_THEN_UNTIL = re.compile(rf"\bfrom then(?: on)? (?:until|till|to) {CLOCK}(?!\d|[:.]\d)")
_AS_EVER = re.compile(
    r"(?:^|(?<=[.;!?] ))[^.;!?]*"
    r"\b(?:in full|as (?:usual|normal|always)|normally|not affected|untouched"
    r"|(?:is|are|has|have|needs?) to be (?:recorded|shown|sent|seen|heard|there)"
    r" with (?:picture and sound|sound and picture|both))\b[^.;!?]*[.;!?]?"
)
"""A sentence of what goes on: its times are none of a plan."""
_FROM = re.compile(
    rf"(?:from|after|since|(?:time|shortly|just|soon) past|not before|never before|not earlier than)"
    rf"\s+{CLOCK}(?!\d|[:.]\d)"
)
_LASTING = re.compile(r"(?: on| onwards)?,?(?: and)? for [a-z0-9 .-]{3,40}")
_ABOUT = re.compile(r"\b(?:about|around|roughly|towards|near|some time|circa|ca\.?) $")
_TOMORROW = re.compile(r"\btomorrow\b[^.;!?]*")
_STAMP = re.compile(rf"\s*{CLOCK}(?![\d:.])(?!\s*(?:-|\u2013|to\b|until\b|till\b|on\b))[:,]?\s")
_UNTIL_THEN = re.compile(
    r"\b(?:until|till|before|up to)"
    r" (?:then|that|(?:they|it|he|she) (?:starts?|begins?|sits? down|comes?|opens?))\b"
)
_BEFORE_THAT = re.compile(r"[.;!?] before (?:then|that)\b")
_DAY_WORDS = re.compile(r"\b(?:Midnight|Midday|Noon)\b")
_THE_USUAL = re.compile(
    r"\b(?:the usual|as usual|back to normal|runs? normally|without (?:a|any) (?:pause|break))\b"
)
_FROM_THEN = re.compile(r"\b(?:from|after|since) (?:then|that)\b")
_NONE = re.compile(
    r"\b(?:no(?! (?:pictures?|sound|signal|programme|feed|audio|video|carrier)\b)|not|nothing|never)\b"
    r"[^.;!?]*$"
)
_NOTHING_BEFORE = re.compile(
    r"\b(?:no (?:signal|picture|sound|programme|feed|carrier|video|audio)|nothing)\b[^.;!?]*"
    r"\bbefore (?:that|then)\b"
)
"""That nothing is there before a time is the effect, not its absence."""
_NOTHING_SINCE = re.compile(
    rf"\b(?:not|nothing|never|nobody) [^.;!?,]{{0,30}}?\b(?:again|more) (?:from|after|since) {CLOCK}"
    r"(?!\d|[:.]\d)"
)
_DONE_AT = re.compile(
    r"\b(?:(?:completed|done|restored|back (?:up|on air|in service)) at|(?:back|again) since)"
    rf" {CLOCK}(?!\d|[:.]\d)"
)
"""What was done at a time holds no longer."""
_GIVEN_BACK = re.compile(
    rf"\b(?:handed|given|went|goes|gone|gave it|handed it) back to (?:the |our )?"
    rf"[a-z]+(?: [a-z]+){{0,2}}? at {CLOCK}"
    r"(?!\d|[:.]\d)"
)
"""From when on a line is no longer ours."""
_ONLY_AFTER = re.compile(r"\bonly after (?:it|that|then)\b")
_NEITHER = re.compile(r"\b(?:neither|no) (?:picture|sound|signal|programme|feed|carrier)\b")
_ENDING = re.compile(rf"\b(?:ends?|ended|finish(?:es|ed)?|stops?|is over) (?:at|by) {CLOCK}(?!\d|[:.]\d)")
_AND_AGAIN = re.compile(
    rf"\bat {CLOCK}(?:,? [a-z]+){{0,3}}? and (?:[a-z]+ ){{0,3}}?"
    rf"(?:again|back|reopens?|opens|returns?|resumes?)(?: [a-z]+){{0,3}}? (?:at|by) {CLOCK}(?!\d|[:.]\d)"
    rf"|\bat {CLOCK}, (?:it |they )?(?:comes?|is|are|goes|go) (?:again )?"
    rf"(?:off|out|away|down|back|up|on)(?: again)?"
    rf" (?:at|by) {CLOCK}(?!\d|[:.]\d)"
)
"""Closed at one time and open again at the other."""
_LISTED = re.compile(rf"\bat {CLOCK}(?:, (?:at )?{CLOCK})*,? and (?:at )?{CLOCK}(?!\d|[:.]\d)")

_Span = tuple[timedelta | None, timedelta | None]
"""From when and until when of a day; one that is open reaches half a day."""

_REST_OF = re.compile(r"\bfor the rest of (?:the )?(?:day|evening|night|[a-z]+day)\b")
_NOT_AT = re.compile(rf"\bnot at {CLOCK}(?!\d|[:.]\d)")
_GONE_AT = re.compile(
    rf"\b(?:deleted|removed|wiped|thrown away)(?: again)? (?:at|by|before) {CLOCK}(?!\d|[:.]\d)"
)
"""When what a note tells of is thrown away is not when it was."""


def fits_in_time(text: str, incident: Incident, context: Context, *, since: bool = False) -> bool:
    """Whether what a note names of times holds the incident; of a file without a clock, of its places."""
    text = _without_names(text, context.service)
    rest = _AS_EVER.sub("", text)
    text = rest if rest.strip() else text
    if context.delivery in FILES:
        if context.starts_at is None:
            return named_place_fits(text, incident)
        if names_place_of(text, incident):
            return True
    return named_time_fits(text, incident, context.starts_at, since=since)


def _without_names(text: str, service: str) -> str:
    """A text without the times of day in the name of its channel: ``Midnight Laughs``."""
    names = set(_DAY_WORDS.findall(service))
    return re.sub(rf"\b(?:{'|'.join(names)})\b(?= [A-Z])", " ", text) if names else text


def named_time_fits(
    text: str, incident: Incident, starts_at: datetime | None, *, since: bool = False
) -> bool:
    """Whether the times of day and the dates that a note names, taken for UTC, hold the incident.

    A note that names none always fits; one that does fits nothing where the clock is not known. With
    ``since``, a single time is when something became so: what comes half a day after it fits as well.
    """
    if starts_at is None:
        return not _named(plain_times(text)) or names_place_of(text, incident)
    text = _until_day(text, starts_at)
    first = starts_at.astimezone(UTC) + timedelta(seconds=incident.start_s)
    day = first.replace(hour=0, minute=0, second=0, microsecond=0)
    found = _named(plain_times(text, (first - day).total_seconds()), since=since)
    last = starts_at.astimezone(UTC) + timedelta(seconds=until_s(incident))
    if not since and not named_date_fits(text, first.date(), night=first.hour < SMALL_HOURS):
        return False
    return not found or any(
        _holds(day + timedelta(days=n), *span, first, last) for span in found for n in (-1, 0)
    )


def _until_day(text: str, starts_at: datetime) -> str:
    """A text without *until Friday noon* where it is not Friday yet, and with *until noon* where it is."""
    today = f"{starts_at:%A}".lower()
    return _UNTIL_DAY.sub(lambda found: f"until {found[2]}" if found[1].lower() == today else " ", text)


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


def _named(text: str, *, since: bool = False) -> list[_Span]:
    """The spans of the day that a text names, any of which may hold; none where it names no time."""
    if since:
        text = _TOMORROW.sub(" ", text)
        if (found := ONE_CLOCK.search(text)) and not _RANGE.search(text):
            at = _time(found[1], found[2])
            return [(at, at + HALF_DAY)]
    text = _NOBODY_BEFORE.sub(
        r"\1\2 not before ", as_moved(_without_stamp(_NOT_AT.sub(" ", _GONE_AT.sub(" ", text))))
    )
    if (found := _NOTHING_SINCE.search(text)) and not _RANGE.search(text):
        return [(None, _time(found[1], found[2]))]
    if (found := _NOTHING_BEFORE.search(text)) and (single := ONE_CLOCK.search(text, 0, found.start())):
        return [(None, _time(single[1], single[2]))]
    if found := _RANGE.search(text) or _AND_AGAIN.search(text):
        hours = [part for part in found.groups() if part is not None]
        return [(_time(hours[0], hours[1]), _time(hours[2], hours[3]))]
    if found := _LISTED.search(text):
        return [_around(text, one) for one in ONE_CLOCK.finditer(text, found.start(), found.end())]
    span = _open_span(text) or _span(text)
    return [span] if span else []


def _open_span(text: str) -> _Span | None:
    """What begins or ends where a text says so."""
    if (found := ONE_CLOCK.search(text)) and (last := _THEN_UNTIL.search(text, found.end())):
        return _time(found[1], found[2]), _time(last[1], last[2])
    if (single := _FROM.search(text) or ONE_CLOCK.search(text)) and (opened := _opened(text, single)):
        return opened
    if found := _GIVEN_BACK.search(text):
        return _time(found[1], found[2]), None
    if found := _UNTIL.search(text):
        if _ONLY_AFTER.search(text, found.end()):
            return _time(found[1], found[2]), None
        start = _FROM.search(text, 0, found.start())
        return _time(start[1], start[2]) if start else None, _time(found[1], found[2])
    if found := _DONE_AT.search(text):
        return None, _time(found[1], found[2])
    if found := _CLOSES_AT.search(text):
        return _time(found[1], found[2]), None
    return None


def _span(text: str) -> _Span | None:
    """From a time on, or about it; as long as is told behind it."""
    found = _FROM.search(text) or ONE_CLOCK.search(text)
    if found is None:
        return None
    if (far_in := lengths_in(text)) and found.re is not _FROM:
        at = _time(found[1], found[2]) + timedelta(seconds=far_in[0])
        return at - EARLY, at + AROUND
    at, lasting = _time(found[1], found[2]), _LASTING.match(text, found.end())
    length_s = longest_told_s(lasting[0]) if lasting else None
    if length_s is not None:
        return at, at + timedelta(seconds=length_s)
    return (at, None) if found.re is _FROM or _REST_OF.search(text) else _around(text, found)


def _around(text: str, single: re.Match[str]) -> _Span:
    """About a single time."""
    at = _time(single[1], single[2])
    return at - (AROUND if _ABOUT.search(text, 0, single.start()) else EARLY), at + AROUND


def _lasts(text: str, single: re.Match[str]) -> bool:
    """Whether a sentence says from when, and for how long: ``for half an hour from 20:15``."""
    if single.re is not _FROM:
        return False
    before, behind = text[: single.start()], text[single.start() :]
    return longest_told_s(sentences_of(before)[-1] + sentences_of(behind)[0]) is not None


def _opened(text: str, single: re.Match[str]) -> _Span | None:
    """From when or, by *until then*, until when something is told to be; None where nothing is told.

    ``Ends at 22:10. After that`` and ``at 22:10 ... until then`` speak of what ends, ``at 22:10. Before
    that`` of what begins. What is said of no time before (*no card until then*) says nothing, nor does what
    lasts for a told length from then on.
    """
    if (ending := _ENDING.search(text)) and (then := _FROM_THEN.search(text, ending.end())):
        at = _time(ending[1], ending[2])
        missing = speaks_of(sentences_of(text[then.end() :])[0], "absence", "stands", "seen", "dark")
        return (at, None) if missing else (None, at)
    for pattern, opens in ((_BEFORE_THAT, True), (_UNTIL_THEN, False), (_FROM_THEN, True)):
        then = pattern.search(text, single.end())
        if then is None or _NONE.search(text, single.end(), then.start()):
            continue
        if pattern is _UNTIL_THEN and (_lasts(text, single) or "later" in text[single.end() : then.start()]):
            continue
        last = [*ONE_CLOCK.finditer(text, 0, then.start())][-1]
        at = _time(last[1], last[2])
        told = sentences_of(text[then.end() :])[0]
        if pattern is _FROM_THEN and _THE_USUAL.search(told):
            opens = False
        # "Before that the card stands" tells what ends then.
        if pattern is _BEFORE_THAT:
            missing = speaks_of(told, "absence") or bool(_NEITHER.search(told))
            opens = speaks_of(told, "heard") or not (missing or speaks_of(told, "stands", "seen"))
        return (at, None) if opens else (None, at)
    return None


def _without_stamp(text: str) -> str:
    """A line of a log without when it was written, where it names another time."""
    stamp = _STAMP.match(text)
    rest = text[stamp.end() :] if stamp else ""
    return rest if ONE_CLOCK.search(rest) else text


def _time(hour: str, minute: str) -> timedelta:
    return timedelta(hours=int(hour), minutes=int(minute))
