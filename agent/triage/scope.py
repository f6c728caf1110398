"""How far a note reaches: is it of this channel, and does it allow for so long an incident?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.policy_rules import bad_s
from agent.triage.lengths import NUMBERS, longest_told_s
from agent.triage.phrases import phrases
from agent.triage.signal_part import SKEWS
from pipeline.model import Incident

__all__ = ["of_other_channel", "outlasts", "without_name"]

_WORD = re.compile(r"[a-z0-9]+")
_NAME = re.compile(r"\b[A-Z]\w*")
_TOLD = re.compile(r"\d{1,2}[:.]\d\d\w*|\d{4,}\w*|([a-z0-9]+)|[^\w\s-]")
_KINDS = frozenset({"tv", "radio", "channel", "kanal", "canal", "sender", "telewizja"})
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
LENIENCE, SLACK_S = 1.5, 10.0
"""What people write is about so long; what goes on much longer is something else."""


def of_other_channel(text: str, service: str) -> bool:
    """Whether a note names a sister of the channel, and not the channel itself.

    Sisters share their first word and differ in what follows: ``Sport 1`` and ``Sport 2``, ``Regio
    Nord`` and ``Regio Sued``, ``Plenum`` and ``Plenum Two``, ``TV Coast`` and ``TV Inland``. The first words
    may be left out, ``Path 1`` beside ``Derby Path 2``, and ``P2`` or ``on 2`` is short for the latter.
    """
    name, told = _WORD.findall(service.lower()), list(_told(text.lower()))
    if not name or _in_short(text.lower(), name):
        return False
    ends = range(max(len(name) - 1, 1) if _tells_apart(name[-1]) else 1)
    found = next((sister for at in ends if (sister := _of_sister(told, name[at:])) is not None), None)
    if found is not None:
        return found
    return len(name) > 1 and any(other(text, name) for other in (_of_same_kind, _of_same_end, _of_region))


def _in_short(text: str, name: list[str]) -> bool:
    """Whether a note calls the channel by its number: ``P2`` or ``on 2``, of ``Path 2``."""
    if len(name) == 1 or not name[-1].isdigit():
        return False
    return bool(re.search(rf"\b(?:{name[-2][0]}|on ){name[-1]}\b(?![:.]\d)", text))


def _of_sister(told: list[str], name: list[str]) -> bool | None:
    """Whether words name a sister and not the channel itself; None where they name neither."""
    length, sister = len(name), None
    for at in range(len(told)):
        if told[at] != name[0]:
            continue
        following = told[at : at + length]
        after = told[at + length] if at + length < len(told) else ""
        if following == name and not (length == 1 and _tells_apart(after)):
            return False
        alike = following[:-1] == name[:-1] and length > 1 and len(following) == length
        if (alike and _tells_apart(following[-1])) or (length == 1 and _tells_apart(after)):
            sister = True
    return sister


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


def _of_region(text: str, name: list[str]) -> bool:
    """Whether the name goes on with a country, as in ``Arena KR``, which the own one does not."""
    countries = re.findall(rf"(?i:\b{' '.join(name[:-1])}) ([A-Z]{{2}})\b", text)
    return bool(countries) and name[-1] not in {country.lower() for country in countries}


def without_name(text: str, service: str) -> str:
    """A text without the name of its channel and its parts, which may be words of sound or picture."""
    named = _NAME.findall(service)
    return re.sub(rf"\b(?:{'|'.join(named)})\b", " ", text) if named else text


def _of_same_end(text: str, name: list[str]) -> bool:
    """Whether a name ends as the own one and begins otherwise: ``on Small Hall Live``, of ``Arena Live``."""
    other = rf"((?:[A-Z][\w'-]* )+)(?i:{name[-1]})\b"
    before = re.findall(rf"\b(?:on|of|at|for|from|to|in) {other}", text) + re.findall(rf"^{other}:", text)
    return bool(before) and not any(word in other.lower().split() for other in before for word in name[:-1])


def outlasts(incident: Incident, text: str) -> bool:
    """Whether an incident goes on much longer than the longest time that a note speaks of.

    Of sound against picture it is how far they are apart that must not be much more.
    """
    told_s = longest_told_s(text)
    if told_s is None:
        return False
    if all(event.check in SKEWS for event in incident.events):
        return max(abs(event.value) for event in incident.events) > LENIENCE * told_s
    spoken = [phrases().check(event.check) for event in incident.events]
    if all(check.whole or check.point for check in spoken):
        return False
    return bad_s(incident.events) > LENIENCE * told_s + SLACK_S


def _tells_apart(word: str) -> bool:
    """Whether a word is of the kind that tells sister channels apart."""
    return word.isdigit() or word in NUMBERS or word in _DIRECTIONS or word in _LETTERS
