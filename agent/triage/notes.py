"""Reads what people wrote, as far as code can: is it a reason, does it hold now, does it give orders?

Free text is never obeyed. What gives orders, hides itself or is in no language that is read here is
left out of a prompt altogether, so that it cannot even tip the scales.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib import resources

from pipeline.model import Incident

__all__ = [
    "Claim",
    "claims_of",
    "denies",
    "gives_orders",
    "gives_reason",
    "of_other_part",
    "only_proposed",
    "plans_named",
    "readable",
    "revoked",
    "tells_of_card",
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

_WORD = re.compile(r"[a-z]+(?:['-][a-z]+)*")
_SPLIT = re.compile(r"\b(?:[a-z][ ._-]){4,}[a-z]\b")
_MIXED = re.compile(r"[a-z]+[0-9@$!|]+[a-z]+", re.IGNORECASE)
_CLAUSE = re.compile(r"[.;:!?()]\s*|,\s+|\s-+\s|\b(?:but|however|instead|so|because)\b")
_STILL_SO = re.compile(
    r"(?<!\ba )(?<!\bthe )(?<!\bone )(?<!\bthis )(?<!\bas )(?<!\bstands )(?<!\bstand )(?<!\bstanding )"
    r"(?<!\bholds )\bstill\b(?=[ ,]+[a-z])"
    r"(?! (?:picture|image|frame|card|photo|shot|photograph|page|slide|graphic|logo)s?\b)"
)
"""The word where it says that something goes on, not that a picture stands."""

_UNHARMED = re.compile(
    r"\b([a-z]+) (?:(?:is|are|stays?|remains?) (?:all )?"
    r"(?:fine|ok|okay|normal|unaffected|untouched|clean|not affected|not touched)"
    r"|(?:runs?|goes|go|plays?) (?:on|normally|as (?:usual|normal|always))|carr(?:y|ies) on|continues?)\b"
)

_ASKED = (
    r"(?:to|please|kindly|and|or|then|must|should|shall|will|can|could|would|may|now|always|just|only|you"
    r"|never|not|don't)"
)
_OBJECT = r"(?:as|like|it|its|this|that|these|those|them|all|every\w*|any\w*|each|both|with|yes|no)\b"
_NUMBER = r"(?:[0-9ivx]+|one|two|three|four|five)\b"
"""What stands before and behind a word that asks for something, and what behind one that counts."""


def readable(text: str) -> bool:
    """Whether a note is plain enough to be shown, and gives no orders."""
    return _plain(text) and not gives_orders(text)


def gives_orders(text: str) -> bool:
    """Whether a note speaks to its reader, or in the words of verdicts."""
    words = _parts(text)
    if words & _lists()["orders"] or _asking().search(text.lower()) or _says_how_to_treat(text, words):
        return True
    return bool(words & _lists()["laws"] and words & _lists()["verdicts"])


def gives_reason(text: str) -> bool:
    """Whether a note says, without taking it back, why something was meant or is missed by nobody."""
    return bool(_words(text) & _lists()["reasons"]) and not denies(text)


def revoked(text: str, *, read: bool = False) -> bool:
    """Whether a note takes a plan back, in so many words; if it was ``read``, in a plain clause."""
    return Claim.REVOKED in claims_of(text) if read else bool(_phrases(text) & _lists()["revoked"])


def only_proposed(text: str) -> bool:
    """Whether a note tells of what somebody would like, and of nobody who agreed."""
    words = _parts(text)
    return bool(words & _lists()["proposals"]) and not words & _lists()["consents"]


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


def tells_of_card(text: str) -> bool:
    """Whether a note speaks of what stands in the place of a programme: a card, bars, a tone."""
    return bool(_parts(text) & _lists()["stands_in"])


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
    plain = _STILL_SO.sub(" ", text.lower())
    words = _parts(plain)
    streams = {event.stream[:1] for event in incident.events if event.check not in BOTH}
    picture, sound, seen = (words & _lists()[name] for name in ("picture", "sound", "seen"))
    if (sound and not picture | seen and "v" in streams) or (picture and not sound and "a" in streams):
        return True
    if streams & _unharmed(plain):
        return True
    return _of_other_look(words, incident) or _of_other_topic(words, incident)


def _unharmed(text: str) -> frozenset[str]:
    """The parts, ``v`` or ``a``, that a text says are as they should be."""
    before = (found[1] for found in _UNHARMED.finditer(text))
    return frozenset("a" if word in _lists()["sound"] else "v" for word in before if word in _named_parts())


@cache
def _named_parts() -> frozenset[str]:
    return _lists()["picture"] | _lists()["seen"] | _lists()["sound"]


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


def _says_how_to_treat(text: str, words: frozenset[str]) -> bool:
    """Whether a note says how something is to be treated, and not plainly as the real thing."""
    told = [clause for clause in _clauses(text) if _parts(clause) & _lists()["treatment"]]
    if told and words & _lists()["verdicts"]:
        return True
    return any(_parts(clause) & _lists()["of_test"] or not _earnest().search(clause) for clause in told)


@cache
def _earnest() -> re.Pattern[str]:
    return re.compile(rf"\b(?:as|like) (?:(?:if|it|were|an?|any|the|our|on) )*{_any_of('in_earnest')}")


def _any_of(name: str) -> str:
    """A pattern for the words of a list."""
    return rf"(?:{'|'.join(sorted(_lists()[name]))})\b"


@cache
def _asking() -> re.Pattern[str]:
    """A word of the list ``asks`` where it begins a clause, follows who is asked, or takes an object."""
    word = _any_of("asks")
    noun = rf"(?!{_any_of('nouns')}\s+{_any_of('after_nouns')})"
    asked = rf"(?:^|[^a-z0-9' -]\s*|\s-+\s+|\b{_ASKED}\s+){noun}{word}(?!\s+{_NUMBER})"
    return re.compile(rf"{asked}|\b{word}\s+{_OBJECT}")


@cache
def _lists() -> Mapping[str, frozenset[str]]:
    text = resources.files("agent.triage").joinpath("notes.toml").read_text("utf-8")
    return {name: frozenset(words.split()) for name, words in tomllib.loads(text).items()}
