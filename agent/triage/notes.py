"""Reads what people wrote, as far as code can: is it a reason, does it hold now, does it give orders?

Free text is never obeyed. What gives orders, hides itself or is in no language that is read here is
left out of a prompt altogether, so that it cannot even tip the scales.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from importlib import resources

from agent.context import until_s
from pipeline.model import Incident

__all__ = [
    "Claim",
    "claims_of",
    "denies",
    "gives_orders",
    "gives_reason",
    "named_time_fits",
    "of_other_part",
    "plans_named",
    "readable",
    "revoked",
]

TOPICS: Mapping[str, tuple[str, ...]] = {
    "loud": ("loudness", "true_peak", "clipping"),
    "grade": ("levels",),
    "flashing": ("flash",),
    "subtitles": (),
}
"""The lists of words that speak of what a delivery can be off by, and the checks of it."""

PLANS = ("of_work", "of_test", "of_card", "of_rest")
"""The lists of words by which plans are told apart."""

LONGEST_PHRASE = 4
"""Words of a list may be joined by hyphens: so many at most stand for a phrase."""

BOTH = frozenset({"av_skew", "av_content"})
"""Checks of sound against picture: a note may name either."""

STILL = frozenset({"freeze", "slate", "duplicate_frames"})
DARK = frozenset({"black"})

LONGEST_WORD = 20
"""Longer ones are encoded, or two that were joined to get past this."""

FLOOD = 8
"""So many words, most of them again and again, are written for a counter of words and for nobody else."""

TIME_SLACK = timedelta(minutes=5)
AROUND = timedelta(minutes=30)
"""How far a single time that a note names may lie from the incident."""

HALF_DAY = timedelta(hours=12)

_WORD = re.compile(r"[a-z]+(?:['-][a-z]+)*")
_SPLIT = re.compile(r"\b(?:[a-z][ ._-]){4,}[a-z]\b")
_MIXED = re.compile(r"[a-z]+[0-9@$!|]+[a-z]+", re.IGNORECASE)
_CLAUSE = re.compile(r"[.;:!?()]\s*|,\s+|\s-+\s|\b(?:but|however|instead|so|because)\b")
_CLOCK = r"([01]?\d|2[0-3])[:.]([0-5]\d)"
_RANGE = re.compile(rf"(?<![\d:.]){_CLOCK}\s*(?:-|\u2013|to|until|till)\s*{_CLOCK}(?![\d:]|\.\d)")
_UNTIL = re.compile(rf"(?:until|till|by)\s+{_CLOCK}(?![\d:]|\.\d)")
_FROM = re.compile(rf"(?:from|after|since)\s+{_CLOCK}(?![\d:]|\.\d)")
_STILL_SO = re.compile(
    r"(?<!\ba )(?<!\bthe )(?<!\bone )(?<!\bthis )(?<!\bas )(?<!\bstands )(?<!\bstand )(?<!\bstanding )"
    r"(?<!\bholds )\bstill\b(?=[ ,]+[a-z])"
    r"(?! (?:picture|image|frame|card|photo|shot|photograph|page|slide|graphic|logo)s?\b)"
)
"""The word where it says that something goes on, not that a picture stands."""

_UNTIL_THEN = re.compile(r"\b(?:until|till|before|up to) (?:then|that)\b")
_SINGLE = re.compile(rf"(?<![\d:.]){_CLOCK}(?![\d:]|\.\d)")


def readable(text: str) -> bool:
    """Whether a note is plain enough to be shown, and gives no orders."""
    return _plain(text) and not gives_orders(text)


def gives_orders(text: str) -> bool:
    """Whether a note speaks to its reader, or in the words of verdicts."""
    return bool(_parts(text) & _lists()["orders"])


def gives_reason(text: str) -> bool:
    """Whether a note says, without taking it back, why something was meant or is missed by nobody."""
    return bool(_words(text) & _lists()["reasons"]) and not denies(text)


def revoked(text: str) -> bool:
    """Whether a note takes a plan back, in so many words."""
    return bool(_phrases(text) & _lists()["revoked"])


class Claim(StrEnum):
    """What a note says against a table of the context."""

    REVOKED = "revoked"
    IDLE = "idle"
    FINISHED = "finished"
    IN_USE = "in_use"


def claims_of(text: str) -> frozenset[Claim]:
    """What a note says against plans, clause by clause; one that leaves it open says nothing."""
    return frozenset(claim for clause in _clauses(text) for claim in Claim if _says(clause, claim))


def plans_named(text: str) -> frozenset[str]:
    """The kinds of plans that a text speaks of, by the lists ``PLANS``."""
    words = _parts(text)
    return frozenset(name for name in PLANS if words & _lists()[name])


def _says(clause: str, claim: Claim) -> bool:
    """Whether a clause holds a word of the claim, and nothing beside it that leaves it open."""
    found = _phrases(clause) & _lists()[claim]
    said = {part for phrase in found for part in phrase.split("-")}
    return bool(found) and not (_words(clause) - said) & _lists()["open_words"]


def _clauses(text: str) -> list[str]:
    return [clause for clause in _CLAUSE.split(text.lower()) if clause.strip()]


def denies(text: str) -> bool:
    """Whether a note says that something is not so, or no longer."""
    return bool(_words(text) & _lists()["denials"])


def of_other_part(text: str, incident: Incident) -> bool:
    """Whether a note speaks of something else than what is at fault.

    Of sound alone where pictures are at fault too, or the reverse; of a picture that stands where it is
    black, or the reverse; of another thing that a delivery can be off by.
    """
    words = _parts(_STILL_SO.sub(" ", text.lower()))
    streams = {event.stream[:1] for event in incident.events if event.check not in BOTH}
    picture, sound = words & _lists()["picture"], words & _lists()["sound"]
    if (sound and not picture and "v" in streams) or (picture and not sound and "a" in streams):
        return True
    return _of_other_look(words, incident) or _of_other_topic(words, incident)


def _of_other_look(words: frozenset[str], incident: Incident) -> bool:
    checks = {event.check for event in incident.events if event.stream.startswith("v")}
    stands, dark = words & _lists()["stands"], words & _lists()["dark"]
    if stands and not dark:
        return bool(checks & {"black", "solid_color"}) and not checks & STILL
    return bool(dark and not stands and checks & (STILL | {"solid_color"}) and not checks & DARK)


def _of_other_topic(words: frozenset[str], incident: Incident) -> bool:
    checks = {event.check for event in incident.events}
    told = {topic for topic in TOPICS if words & _lists()[topic]}
    own = {topic for topic, mine in TOPICS.items() if checks.intersection(mine)}
    return bool(told) and not told & own and bool(own or told == {"subtitles"})


def named_time_fits(
    text: str, incident: Incident, starts_at: datetime | None, *, since: bool = False
) -> bool:
    """Whether the times of day that a note names, taken for UTC, hold the incident.

    A note that names none always fits; one that does fits nothing where the clock is not known. With
    ``since``, a single time is when something became so: what comes half a day after it fits as well.
    """
    found = _named(text.lower(), since=since)
    if found is None:
        return True
    if starts_at is None:
        return False
    first = starts_at.astimezone(UTC) + timedelta(seconds=incident.start_s)
    last = starts_at.astimezone(UTC) + timedelta(seconds=until_s(incident))
    start, end = found
    days = (first.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=n) for n in (-1, 0))
    return any(_holds(day, start, end, first, last) for day in days)


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
    if found := _RANGE.search(text):
        return _time(found[1], found[2]), _time(found[3], found[4])
    if found := _UNTIL.search(text):
        return None, _time(found[1], found[2])
    found, then = _FROM.search(text) or _SINGLE.search(text), _UNTIL_THEN.search(text)
    if found and then and then.start() > found.end():
        return None, _time(found[1], found[2])
    if found := _FROM.search(text):
        return _time(found[1], found[2]), None
    if found := _SINGLE.search(text):
        at = _time(found[1], found[2])
        return (at, at + HALF_DAY) if since else (at - AROUND, at + AROUND)
    return None


def _time(hour: str, minute: str) -> timedelta:
    return timedelta(hours=int(hour), minutes=int(minute))


def _plain(text: str) -> bool:
    """Words and numbers of ASCII, of a usual length, with nothing spelt out or mixed."""
    if not text.isascii() or _SPLIT.search(text.lower()):
        return False
    words = text.split()
    if len(words) >= FLOOD and len(set(words)) < len(words) / 2:
        return False
    return all(len(word) <= LONGEST_WORD for word in words) and not any(map(_MIXED.search, words))


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower()))


def _phrases(text: str) -> frozenset[str]:
    """Words, and neighbours joined by hyphens as the lists write phrases."""
    words = _WORD.findall(text.lower())
    lengths = range(1, LONGEST_PHRASE + 1)
    return frozenset("-".join(words[at : at + n]) for n in lengths for at in range(len(words) - n + 1))


def _parts(text: str) -> frozenset[str]:
    """Words, and the parts of those with a hyphen."""
    words = _words(text)
    return words | {part for word in words for part in re.split("['-]", word)}


@cache
def _lists() -> Mapping[str, frozenset[str]]:
    text = resources.files("agent.triage").joinpath("notes.toml").read_text("utf-8")
    return {name: frozenset(words.split()) for name, words in tomllib.loads(text).items()}
