"""How far a note reaches: is it of this channel, and does it allow for so long an incident?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.policy_rules import bad_s
from agent.triage.clocks import HOURS
from agent.triage.phrases import phrases
from pipeline.model import Incident

__all__ = ["longest_told_s", "of_other_channel", "outlasts"]

_WORD = re.compile(r"[a-z0-9]+")
_TOLD = re.compile(r"\d{1,2}[:.]\d\d\w*|\d{4,}\w*|([a-z0-9]+)|[^\w\s-]")
_KINDS = frozenset({"tv", "radio", "channel", "kanal", "canal", "sender", "telewizja"})
_ORDINALS = (
    *HOURS,
    *("thirteen", "fourteen", "fifteen"),
)
_NUMBER_WORDS = {word: number for number, word in enumerate(_ORDINALS, 1)} | {
    **{"a": 1, "an": 1, "half": 1, "few": 5},
    **{"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60},
}
_DIRECTIONS = (
    "north",
    "south",
    "east",
    "west",
    "nord",
    "sued",
    "sud",
    "est",
    "ovest",
    "ouest",
    "sur",
    "oost",
)
_LETTERS = frozenset("bcdefghjklmnopqrstuvwxyz")
_UNITS = {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600}
_LENGTH = re.compile(
    r"(?<![\w:.])(?:(\d{1,3}(?:\.\d)?)[ -]?(s|secs?|seconds?|mins?|minutes?|h|hours?)"
    rf"|(?<!of )({'|'.join(_NUMBER_WORDS)})[ -](secs?|seconds?|mins?|minutes?|hours?))(?![\w:])"
)

LENIENCE, SLACK_S = 1.5, 10.0
"""What people write is about so long; what goes on much longer is something else."""


def of_other_channel(text: str, service: str) -> bool:
    """Whether a note names a sister of the channel, and not the channel itself.

    Sisters share their first word and differ in what follows: ``Sport 1`` and ``Sport 2``, ``Regio
    Nord`` and ``Regio Sued``, ``Plenum`` and ``Plenum Two``, ``TV Coast`` and ``TV Inland``.
    """
    name, told = _WORD.findall(service.lower()), list(_told(text.lower()))
    if not name:
        return False
    length = len(name)
    sister = False
    for at in range(len(told)):
        if told[at] != name[0]:
            continue
        following = told[at : at + length]
        after = told[at + length] if at + length < len(told) else ""
        if following == name and not (length == 1 and _tells_apart(after)):
            return False
        if following[:-1] == name[:-1] and length > 1 and len(following) == length:
            sister = sister or _tells_apart(following[-1])
        elif length == 1 and _tells_apart(after):
            sister = True
    return sister or (length > 1 and _of_same_kind(text, name))


def _told(text: str) -> Iterator[str]:
    """Words; a mark between two of them and a time of day count as an empty one."""
    for found in _TOLD.finditer(text):
        yield found[1] or ""


def _of_same_kind(text: str, name: list[str]) -> bool:
    """Whether a name follows the kind of channel (``TV``), which is not the own one."""
    if name[0] not in _KINDS:
        return False
    others = re.findall(rf"(?i:\b{name[0]}) ([A-Z][a-z]+)", text)
    return bool(others) and name[1] not in {other.lower() for other in others}


def outlasts(incident: Incident, text: str) -> bool:
    """Whether an incident goes on much longer than the longest time that a note speaks of."""
    if all(
        phrases().check(event.check).whole or phrases().check(event.check).point for event in incident.events
    ):
        return False
    told_s = longest_told_s(text)
    return told_s is not None and bad_s(incident.events) > LENIENCE * told_s + SLACK_S


def longest_told_s(text: str) -> float | None:
    """The longest length of time that a text names, in seconds; None where it names none."""
    return max(_lengths(text.lower()), default=None)


def _lengths(text: str) -> Iterator[float]:
    for digits, unit, word, unit_of_word in _LENGTH.findall(text):
        count, told = float(digits or _NUMBER_WORDS.get(word, 0)), unit or unit_of_word
        yield count * _UNITS[told if len(told) == 1 else told.removesuffix("s")]


def _tells_apart(word: str) -> bool:
    """Whether a word is of the kind that tells sister channels apart."""
    return word.isdigit() or word in _ORDINALS or word in _DIRECTIONS or word in _LETTERS
