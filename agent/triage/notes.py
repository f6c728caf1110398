"""Reads what people wrote, as far as code can: is it a reason, does it hold now, does it give orders?

Free text is never obeyed. What gives orders, hides itself or is in no language that is read here is
left out of a prompt altogether, so that it cannot even tip the scales.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from functools import cache

from agent.triage.lengths import NUMBERS
from agent.triage.note_words import any_of, clauses_of, parts_of, phrases_of, speaks_of, word_lists, words_of

__all__ = [
    "Claim",
    "claims_of",
    "denies",
    "gives_orders",
    "gives_reason",
    "only_proposed",
    "plans_named",
    "readable",
    "revoked",
    "tells_of_card",
]

PLANS = ("of_work", "of_test", "of_card", "of_rest")
"""The lists of words by which plans are told apart."""

LONGEST_WORD = 20
"""Longer ones are encoded, or two that were joined to get past this."""

FLOOD = 8
"""So many words, most of them again and again, are written for a counter of words and for nobody else."""

_SPLIT = re.compile(r"\b(?:[a-z][ ._-]){4,}[a-z]\b")
_MIXED = re.compile(r"[a-z]+[0-9@$!|]+[a-z]+", re.IGNORECASE)
_PROPOSED = re.compile(
    r"(?:^|[.;:!?]\s*)ideas?\b|\b(?:an|just|only|good|nice|new) ideas?\b"
    r"|\bwishes (?:to|for|that)\b"
    r"|(?<!spec )(?<!contract )(?<!licence )(?<!license )(?<!law )(?<!script )(?<!score )(?<!sheet )"
    r"(?<!order )(?<![\d.] )\basks\b(?! (?:us|you|them) not to\b)"
    r"(?! (?:us|mcr|noc|playout|the desk) to leave\b)"
    r"|(?<!minute )(?<!minutes )(?<!hour )(?<!hours )\b(?:maybe|perhaps)\b(?! (?:\d|half|an? )"
    rf"| (?:{'|'.join(NUMBERS)})\b)"
)
"""What is proposed in words that say something else as well: the idea of a scene, perhaps ten minutes."""

_OVER = re.compile(r"\b(?:was|were|had been)\b")
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
    words = parts_of(text) - parts_of(" ".join(phrases_of(text) & word_lists()["harmless"]))
    if words & word_lists()["orders"] or _asking().search(text.lower()) or _says_how_to_treat(text):
        return True
    return bool(words & word_lists()["laws"] and words & word_lists()["verdicts"])


def gives_reason(text: str) -> bool:
    """Whether a note says, without taking it back, why something was meant or is missed by nobody."""
    return bool(words_of(text) & word_lists()["reasons"]) and not denies(text)


def revoked(text: str, *, read: bool = False) -> bool:
    """Whether a note takes a plan back, in so many words; if it was ``read``, in a plain clause."""
    if read:
        return Claim.REVOKED in claims_of(text, lambda clause: not parts_of(clause) & word_lists()["items"])
    return bool(phrases_of(text) & word_lists()["revoked"])


def only_proposed(text: str) -> bool:
    """Whether a note tells of what somebody would like, and of nobody who agreed."""
    words = parts_of(text)
    proposed = words & word_lists()["proposals"] or _PROPOSED.search(text.lower())
    return bool(proposed) and not words & word_lists()["consents"]


class Claim(StrEnum):
    """What a note says against a table of the context."""

    REVOKED = "revoked"
    IDLE = "idle"
    FINISHED = "finished"
    IN_USE = "in_use"


def claims_of(text: str, concerns: Callable[[str], bool] = bool) -> frozenset[Claim]:
    """What a note says against plans, clause by clause; one that leaves it open says nothing.

    Only clauses that ``concerns`` holds of are read: the sister line may be on the air, or the other part
    of the signal untouched.
    """
    clauses = [clause for clause in clauses_of(text) if concerns(clause)]
    return frozenset(claim for clause in clauses for claim in Claim if _says(clause, claim))


def plans_named(text: str) -> frozenset[str]:
    """The kinds of plans that a text speaks of, by the lists ``PLANS``."""
    words = parts_of(text)
    return frozenset(name for name in PLANS if words & word_lists()[name])


def tells_of_card(text: str) -> bool:
    """Whether a note speaks of what stands in the place of a programme: a card, bars, a tone."""
    return speaks_of(text, "stands_in")


def _says(clause: str, claim: Claim) -> bool:
    """Whether a clause holds a word of the claim, and nothing beside it that leaves it open."""
    if claim is Claim.IN_USE and _OVER.search(clause):
        return False
    found = phrases_of(clause) & word_lists()[claim]
    said = {part for phrase in found for part in phrase.split("-")}
    return bool(found) and not (words_of(clause) - said) & word_lists()["open_words"]


def denies(text: str) -> bool:
    """Whether a note says that something is not so, or no longer."""
    return bool(words_of(text) & word_lists()["denials"])


def _plain(text: str) -> bool:
    """Words and numbers of ASCII, of a usual length, with nothing spelt out or mixed."""
    if not text.isascii() or _SPLIT.search(text.lower()):
        return False
    words = text.split()
    if len(words) >= FLOOD and len(set(words)) < len(words) / 2:
        return False
    return all(len(word) <= LONGEST_WORD for word in words) and not any(map(_MIXED.search, words))


def _says_how_to_treat(text: str) -> bool:
    """Whether a note says how something is to be treated, and not plainly as the real thing."""
    told = [clause for clause in clauses_of(text) if parts_of(clause) & word_lists()["treatment"]]
    other = word_lists()["of_test"] | (word_lists()["verdicts"] - word_lists()["in_earnest"])
    return any(parts_of(clause) & other or not _earnest().search(clause) for clause in told)


@cache
def _earnest() -> re.Pattern[str]:
    return re.compile(rf"\b(?:as|like) (?:(?:if|it|were|an?|any|the|our|on) )*{any_of('in_earnest')}")


@cache
def _asking() -> re.Pattern[str]:
    """A word of the list ``asks`` where it begins a clause, follows who is asked, or takes an object."""
    word = any_of("asks")
    nouns = any_of("nouns")
    done = rf"{nouns}(?:\s+(?:and (?:the )?[a-z]+ )?{any_of('after_nouns')}|\s*[,;)])"
    noun = rf"(?!{done}|act on\b|print (?:for|from) the\b|(?<=only ){nouns})"
    asked = rf"(?:^|[^a-z0-9' -]\s*|\s-+\s+|\b{_ASKED}\s+){noun}{word}(?!\s+{_NUMBER})"
    return re.compile(rf"{asked}|(?<!\bthe )(?<!\bour )(?<!\btheir )\b{word}\s+{_OBJECT}")
