"""Of which part of the signal a note speaks: picture or sound, dark or standing, loud or bright."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set

from agent.triage.lengths import NUMBERS
from agent.triage.note_words import clauses_of, parts_of, phrases_of, speaks_of, word_lists
from pipeline.model import Incident

__all__ = ["SKEWS", "names_other_part", "names_part", "of_other_part"]

TOPICS: Mapping[str, tuple[str, ...]] = {
    "loud": ("loudness",),
    "peaks": ("true_peak", "clipping"),
    "grade": ("levels",),
    "flashing": ("flash", "flicker"),
    "sync": ("av_skew", "av_content"),
    "broken": ("block_corruption", "blockiness", "decode_error", "corrupt_frame"),
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

_OTHER_WORDS = re.compile(
    r"(?<!\ba )(?<!\bthe )(?<!\bone )(?<!\bthis )(?<!\bas )(?<!\bstands )(?<!\bstand )(?<!\bstanding )"
    r"(?<!\bholds )\bstill\b(?=[ ,]+[a-z])"
    r"(?! (?:picture|image|frame|card|photo|shot|photograph|page|slide|graphic|logo)s?\b)"
    r"|\b(?:the|a|grand|music|home|away|north|south|east|west|main)[ -]?stands?\b"
    r"|\bvideo[ -](?:calls?|consultations?|conferences?|links?|chats?|referees?|assistants?)\b|\bin sync\b"
    r"|\b(?:appendix|annex|sheet|contract|schedule|report|section|clause)(?: [a-z0-9]{1,3})?,? page \d+\b"
    r"|\b(?:told|informed|warned|announced) on screen\b|\bfrozen (?:roads?|ground|pitch|lake|pipes?)\b"
)
"""Words where they say that something goes on, where people sit or how they talk, not what a picture does."""

_AS_EVER = re.compile(
    r"\b([a-z]+)(?: and (?:the )?rest)?"
    r" (?:(?:is|are|stays?|remains?) (?:all |listed (?:as )?|passed (?:as )?)?"
    r"(?:fine|ok|okay|normal|clean|complete|intact)"
    r"|throughout"
    r"|(?:(?:runs?|goes|go|plays?|keeps?|stays?|carr(?:y|ies)) )?(?:normally|as (?:usual|normal|always)))\b"
)
"""A part of the signal, and behind it that it is as it should be."""

_GOES_ON = re.compile(
    r"\b(?:unaffected|untouched|not affected|not touched|(?:do|does) not (?:pass|go|run) through"
    r"|(?<!not )(?<!n't )(?<!never )(?:(?:runs?|goes|go|plays?|keeps?|sings?|carr(?:y|ies)) on"
    r"(?! [a-z]+ing| and off| in (?:the |complete |full )?(?:dark|darkness|black|silence))"
    r"|continues?|keeps? (?:on )?[a-z]+ing|right through|(?:stays?|is|are) (?:in full|full stereo)\b"
    r"|stays? on the (?:sound|audio|picture)|stays? (?:open|live|on air|as (?:recorded|it was|shot))\b"
    r"|stays? in(?=$| (?:the )?(?:film|cut|programme|show|mix)\b)|underneath"
    r"|remains? part of|(?:leave|keep) the (?:sound|audio|picture)s? (?:up|on|in)|(?:is|are) the finished\b"
    r"|(?:is|are) left alone"
    r"|(?:goes|go|runs?) around the|both (?:legs|sides|channels) (?:are |is )?(?:full|there|on)\b)"
    r"|(?:not|no) part of (?:the|this|that) (?:work|job|change|test|move))\b"
)
"""The same anywhere in a clause that names that part alone."""

_SOUND_AND_WELL = re.compile(
    r"(?<!\bthat )(?<!\bthis )(?<!\bit )\b(?:is|are|stays?|remains?) (?:all )?"
    r"(?:fine|ok|okay|normal|clean|complete|intact)$"
)
_USUAL = re.compile(r"\bas (?:usual|always|normal|before)\b")
_NO_PICTURE = re.compile(r"\b(?:no|without) (?:a |any )?(?:pictures?|vision|video)\b")
_UNTOUCHED = re.compile(r"\b(?:unaffected|untouched|not (?:affected|touched))\b")
_WHILE = re.compile(r"\bwhile\b")
_AND = re.compile(r"\band\b(?! (?:the )?rest\b)")
_SOUND_ONLY = re.compile(r"\b(?:music|sound|audio|commentary|voices?) only\b(?! (?:is|goes|drops|fails))")
"""What is left of a signal, where the text speaks of dark pictures beside it."""
_COLOURED = re.compile(
    r"\b(?:fields?|frames?|screens?|pictures?|cards?) (?:of|in) (?:pure |plain )?"
    r"(?:red|blue|green|white|grey|yellow)\b"
    r"|\b(?:red|blue|green|white|grey|yellow) (?:fields?|frames?|screens?|pictures?)\b"
)
_DENIED = re.compile(r"\b(?:no|not|without|never|none|neither|nothing)\b|n't\b")
"""A clause that says so of a part, unless it is its absence that is as usual."""

_FOUND_CLEAN = re.compile(
    r"\b(?:nothing|no (?:faults?|defects?|damage|errors?|findings?|issues?|problems?))"
    r"(?: (?:(?:was|were|is|are) )?(?:found|seen|heard|noticed|wrong|noted) on| (?:(?:was|were|is|are) )?"
    r"(?:(?:found|seen|heard|noticed|wrong|noted) )?(?:in|with)) (?:the )?([a-z]+)\b"
    r"|\bno (?:restriction|limit|effect|impact|change) (?:on|to|of|in) (?:the )?([a-z]+)\b"
)
"""A part in which nothing was found."""

_SWITCHED_OFF = frozenset({"off", "down", "dead"})
_MOVES = re.compile(
    r"\bmoving pictures?\b|\bpictures? (?:moves?|(?:keeps?|goes on) moving)\b"
    r"|\bpages? (?:still |all )?(?:rotates?|turns?|changes?|scrolls?)"
    r" (?:as (?:usual|normal|always)|normally)\b"
)
_LIT = re.compile(
    r"\b(?:lights?|lamps?|lighting|pictures?) (?:(?:all|will|must|both) )*"
    r"(?:stays?|remains?|are left|is left|keeps?|kept) (?:up|on|lit)\b"
    r"|\bpictures? of [a-z ]{3,20}? stays? (?:up|on)\b|\bcameras? stays? on (?:the|her|his|them|it|stage)\b"
    r"|\bshots?(?: of [a-z ]{3,20}?)? stays?\b"
    r"|\b(?:is|are|stays?) (?:fully|brightly|all) lit\b|\bwith the (?:lights?|lamps?) on\b"
)
"""Words by which a note says that a picture is not dark, or does not stand."""

_DEMANDED = re.compile(
    r"\b(?:(?:has|have|needs?) to (?:be|stay|meet|keep|pass|hold|remain|run)"
    r"|must (?:be|stay|meet|keep|pass|hold|remain|not)|stays? at|not covered|(?:stays?|remains?|is) a must"
    r"|as (?:usual|always|normal|before)|not part of (?:that|this|it)"
    r"|(?:did|do|does) not (?:allow|accept|agree)(?=$)|(?:is|are|was|were) not (?:allowed|accepted|agreed))\b"
)
"""A clause that asks for something, and waives nothing."""

_ORDINALS = ("first", "second", "third", "fourth")
_TRACK = re.compile(
    rf"\b(?:tracks?|pairs?) (\d|{'|'.join(NUMBERS[:8])})\b"
    rf"|\b({'|'.join(_ORDINALS)}) (?:sound |audio )?track\b"
)


def of_other_part(text: str, incident: Incident) -> bool:
    """Whether a note speaks of something else than what is at fault.

    Of sound alone where pictures are at fault too, or the reverse; of a picture that stands where it is
    black, or the reverse; of another thing that a delivery can be off by; of an effect that was made,
    where the stream is damaged.
    """
    plain = _OTHER_WORDS.sub(" ", text.lower())
    words = _words(plain)
    streams = {event.stream[:1] for event in incident.events if event.check not in SKEWS}
    picture, sound, seen = (words & word_lists()[name] for name in ("picture", "sound", "seen"))
    shown = picture | seen | (words & (word_lists()["dark"] | word_lists()["stands"]))
    if (sound and not shown and "v" in streams) or (picture and not sound and "a" in streams):
        return True
    if streams & _unharmed(plain, incident) or _of_other_track(_waived(plain), incident):
        return True
    return any(other(plain, incident) for other in (_of_other_look, _of_other_topic, _of_the_work_itself))


def names_part(text: str) -> bool:
    """Whether a text names picture or sound, or what stands in their place."""
    return speaks_of(text, "picture", "seen", "sound")


def names_other_part(text: str, incident: Incident) -> bool:
    """Whether all that a text names, sound or picture, is not at fault."""
    named = _named(parts_of(text))
    return bool(named) and not named & {event.stream[:1] for event in incident.events}


def _unharmed(text: str, incident: Incident) -> frozenset[str]:
    """The parts, ``v`` or ``a``, that a text says are as they should be."""
    clauses = [part for clause in clauses_of(text) for part in _WHILE.split(clause)]
    there = [one for clause in clauses for one in _AND.split(clause) if not speaks_of(one, "absence")]
    clean = [found for clause in there for found in _AS_EVER.finditer(clause)]
    clean += _FOUND_CLEAN.finditer(text)
    told = [_named({word for word in found.groups() if word}) for found in clean]
    going = [
        clause
        for clause in clauses
        if _GOES_ON.search(clause)
        or (_SOUND_AND_WELL.search(clause) and not speaks_of(clause, "gone"))
        or (_DEMANDED.search(clause) and not parts_of(clause) & word_lists()["absence"])
        or _is_as_usual(clause)
    ]
    if _SOUND_ONLY.search(text) and (parts_of(text) & word_lists()["dark"] or _NO_PICTURE.search(text)):
        told.append(frozenset("a"))
    told += [
        frozenset("a") if _TRACK.search(clause) else _named(parts_of(clause))
        for clause in going
        if not _of_other_track(clause, incident)
    ]
    both = any(
        _named(parts_of(clause)) == {"a", "v"}
        and (_is_as_usual(clause) or _UNTOUCHED.search(clause) or _DEMANDED.search(clause))
        for clause in going
    )
    return frozenset("av" if both else (part for parts in told if len(parts) == 1 for part in parts))


def _is_as_usual(clause: str) -> bool:
    """Whether a clause says of what is there that it is as usual, and not of what is missing."""
    missing = _DENIED.search(clause) or parts_of(clause) & word_lists()["absence"]
    return bool(_USUAL.search(clause)) and not missing


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


def _words(text: str) -> frozenset[str]:
    return parts_of(text) | phrases_of(text)


def _of_other_look(text: str, incident: Incident) -> bool:
    """Whether a note speaks of a picture that stands, where it is black, or the reverse."""
    words = _words(text)
    checks = {event.check for event in incident.events if event.stream.startswith("v")}
    if _COLOURED.search(text) and checks & DARK and not words & word_lists()["dark"]:
        return True
    if (_LIT.search(text) and checks & DARK) or (_MOVES.search(text) and checks & STILL):
        return True
    stands, dark = words & word_lists()["stands"], words & word_lists()["dark"]
    if stands and not dark:
        return bool(checks & {"black", "solid_color"}) and not checks & STILL
    stands |= words & word_lists()["seen"]
    return bool(dark and not stands and checks & (STILL | {"solid_color"}) and not checks & DARK)


def _of_other_topic(text: str, incident: Incident) -> bool:
    """Whether a note speaks of other things that a delivery can be off by, or of this one as a demand."""
    checks = {event.check for event in incident.events}
    own = _topics_of(checks)
    told = _told_topics(text)
    if told == {"subtitles"} and not own:
        other = word_lists()["sound"] | word_lists()["picture"] | _SWITCHED_OFF
        return not parts_of(_waived(text)) & other
    if told == {"flashing"} and checks & DAMAGE:
        return True
    return bool(told and own) and not _told_topics(_waived(text)) & own


def _waived(text: str) -> str:
    """A text without its clauses that ask for something, or say that something goes on."""
    return ", ".join(
        clause for clause in clauses_of(text) if not _DEMANDED.search(clause) and not _GOES_ON.search(clause)
    )


def _told_topics(text: str) -> frozenset[str]:
    words = _words(text)
    return frozenset(topic for topic in TOPICS if words & word_lists()[topic])


def _topics_of(checks: Set[str]) -> frozenset[str]:
    return frozenset(topic for topic, mine in TOPICS.items() if checks & set(mine))


def _of_the_work_itself(text: str, incident: Incident) -> bool:
    """Whether a note speaks of what was made so, where the stream that carries it is damaged."""
    words = _words(text)
    checks = {event.check for event in incident.events}
    return bool(words & word_lists()["made"] and checks & DAMAGE) and not words & word_lists()["carried"]
