"""Of which part of the signal a note speaks: picture or sound, dark or standing, loud or bright."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set

from agent.triage.lengths import NUMBERS
from agent.triage.note_words import clauses_of, parts_of, phrases_of, word_lists
from pipeline.model import Incident

__all__ = ["SKEWS", "names_other_part", "names_part", "of_other_part"]

TOPICS: Mapping[str, tuple[str, ...]] = {
    "loud": ("loudness",),
    "peaks": ("true_peak", "clipping"),
    "grade": ("levels",),
    "flashing": ("flash", "flicker"),
    "edges": ("borders",),
    "fields": ("interlace",),
    "subtitles": (),
}
"""The lists of words that speak of what a delivery can be off by, and the checks of it."""

SKEWS = frozenset({"av_skew", "av_content"})
"""Checks of sound against picture: a note may name either, and their values are times, in seconds."""

STILL = frozenset({"freeze", "slate", "duplicate_frames"})
DARK = frozenset({"black"})
DAMAGE = frozenset({"decode_error", "corrupt_frame", "truncated"})
"""Checks of what no edit makes: the stream itself is broken."""

_STILL_SO = re.compile(
    r"(?<!\ba )(?<!\bthe )(?<!\bone )(?<!\bthis )(?<!\bas )(?<!\bstands )(?<!\bstand )(?<!\bstanding )"
    r"(?<!\bholds )\bstill\b(?=[ ,]+[a-z])"
    r"(?! (?:picture|image|frame|card|photo|shot|photograph|page|slide|graphic|logo)s?\b)"
    r"|\b(?:the|a|grand|music|home|away)[ -]?stands?\b"
)
"""Words where they say that something goes on, or where people sit, not that a picture stands."""

_AS_EVER = re.compile(
    r"\b([a-z]+)(?: and (?:the )?rest)? (?:(?:is|are|stays?|remains?) (?:all )?"
    r"(?:fine|ok|okay|normal|clean)"
    r"|(?:(?:runs?|goes|go|plays?|keeps?|stays?|carr(?:y|ies)) )?(?:normally|as (?:usual|normal|always)))\b"
)
"""A part of the signal, and behind it that it is as it should be."""

_GOES_ON = re.compile(
    r"\b(?:unaffected|untouched|not affected|not touched|(?:do|does) not (?:pass|go|run) through"
    r"|(?<!not )(?<!n't )(?<!never )(?:(?:runs?|goes|go|plays?|keeps?|sings?|carr(?:y|ies)) on(?! [a-z]+ing)"
    r"|continues?|keeps? (?:on )?[a-z]+ing|right through|stays? in full))\b"
)
"""The same anywhere in a clause that names that part alone."""

_ORDINALS = ("first", "second", "third", "fourth")
_TRACK = re.compile(
    rf"\btracks? (\d|{'|'.join(NUMBERS[:8])})\b|\b({'|'.join(_ORDINALS)}) (?:sound |audio )?track\b"
)


def of_other_part(text: str, incident: Incident) -> bool:
    """Whether a note speaks of something else than what is at fault.

    Of sound alone where pictures are at fault too, or the reverse; of a picture that stands where it is
    black, or the reverse; of another thing that a delivery can be off by; of an effect that was made,
    where the stream is damaged.
    """
    plain = _STILL_SO.sub(" ", text.lower())
    words = parts_of(plain) | phrases_of(plain)
    streams = {event.stream[:1] for event in incident.events if event.check not in SKEWS}
    picture, sound, seen = (words & word_lists()[name] for name in ("picture", "sound", "seen"))
    shown = picture | seen | (words & (word_lists()["dark"] | word_lists()["stands"]))
    if (sound and not shown and "v" in streams) or (picture and not sound and "a" in streams):
        return True
    if streams & _unharmed(plain, incident) or _of_other_track(plain, incident):
        return True
    return any(other(words, incident) for other in (_of_other_look, _of_other_topic, _of_the_work_itself))


def names_part(text: str) -> bool:
    """Whether a text names picture or sound, or what stands in their place."""
    return bool(parts_of(text) & (word_lists()["picture"] | word_lists()["seen"] | word_lists()["sound"]))


def names_other_part(text: str, incident: Incident) -> bool:
    """Whether all that a text names, sound or picture, is not at fault."""
    named = _named(parts_of(text))
    return bool(named) and not named & {event.stream[:1] for event in incident.events}


def _unharmed(text: str, incident: Incident) -> frozenset[str]:
    """The parts, ``v`` or ``a``, that a text says are as they should be."""
    told = [_named({found[1]}) for found in _AS_EVER.finditer(text)]
    going = [clause for clause in clauses_of(text) if _GOES_ON.search(clause)]
    told += [_named(parts_of(clause)) for clause in going if not _of_other_track(clause, incident)]
    return frozenset(part for parts in told if len(parts) == 1 for part in parts)


def _of_other_track(text: str, incident: Incident) -> bool:
    """Whether a text speaks of numbered sound tracks, and of none that is at fault."""
    told = {_number(word) for found in _TRACK.finditer(text) for word in found.groups() if word}
    streams = (event.stream.partition(":") for event in incident.events)
    own = {int(index) + 1 for kind, _, index in streams if kind == "a" and index.isdigit()}
    return bool(told and own) and not told & own


def _number(word: str) -> int:
    return int(word) if word.isdigit() else (_ORDINALS if word in _ORDINALS else NUMBERS).index(word) + 1


def _named(words: Set[str]) -> frozenset[str]:
    """The parts that words speak of; what speaks of their absence alone does not count."""
    lists = word_lists()
    there = words - lists["absence"]
    named = {"a": lists["sound"] | lists["heard"], "v": lists["picture"] | lists["seen"]}
    return frozenset(part for part, list_ in named.items() if there & list_)


def _of_other_look(words: frozenset[str], incident: Incident) -> bool:
    checks = {event.check for event in incident.events if event.stream.startswith("v")}
    stands, dark = words & word_lists()["stands"], words & word_lists()["dark"]
    if stands and not dark:
        return bool(checks & {"black", "solid_color"}) and not checks & STILL
    stands |= words & word_lists()["seen"]
    return bool(dark and not stands and checks & (STILL | {"solid_color"}) and not checks & DARK)


def _of_other_topic(words: frozenset[str], incident: Incident) -> bool:
    checks = {event.check for event in incident.events}
    told = {topic for topic in TOPICS if words & word_lists()[topic]}
    own = {topic for topic, mine in TOPICS.items() if checks.intersection(mine)}
    if told == {"subtitles"} and not own:
        return not words & (word_lists()["sound"] | word_lists()["picture"])
    if told == {"flashing"} and checks & DAMAGE:
        return True
    return bool(told and own) and not told & own


def _of_the_work_itself(words: frozenset[str], incident: Incident) -> bool:
    """Whether a note speaks of what was made so, where the stream that carries it is damaged."""
    checks = {event.check for event in incident.events}
    return bool(words & word_lists()["made"] and checks & DAMAGE) and not words & word_lists()["carried"]
