"""Reads a question by rules: what it surely says, and the words that no rule knows.

text -> refused? -> times -> ids -> inputs -> phrases -> a query, and what was left over
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from agent.query.clock import COUNTS
from agent.query.composing import Draft, moved, query_of
from agent.query.model import (
    IncidentQuery,
    Refusal,
    RefusalKind,
)
from agent.query.names import Inputs
from agent.query.taking import (
    take_groups,
    take_ids,
    take_limit,
    take_phrases,
    take_routes,
    take_severities,
    take_times,
    take_undone,
)
from agent.query.tidy import mended, plain_text
from agent.query.times import FoundRange
from agent.query.vocabulary import normal, vocabulary
from pipeline.text import clean

__all__ = ["MAX_QUESTION", "Reading", "Setting", "read"]

MAX_QUESTION = 500
"""Characters of a question; what is longer is no question."""

_NOT = frozenset(
    (
        "not",
        "except",
        "excluding",
        "without",
        "besides",
        "isn't",
        "aren't",
        "wasn't",
        "weren't",
        "no",
        "never",
    )
)
_LEFT_OUT = re.compile(
    r"\b(?:except(?:ing)?|excluding|exclude|apart from|aside from|other than|but not|minus|ignoring"
    r"|leav(?:e|ing) out|everything but|all but|anything but)\b"
    r"|\bwithout\b(?=.*\b(?:ones|incidents|events|problems|issues|stuff|those|alarms)\b)"
)
_FRAGMENT_NOUN = re.compile(
    r"\b(?:incidents?|everything|anything|all|alarms?|events?|defects?|faults?|problems?|issues?|alerts?|errors?)\b"
)
_LATE = re.compile(
    r"^(?:ok |okay |then )*(?:and|try|what about|how about|only|just|but|or|same|those|them|these"
    r"|which of (?:those|them|these)"
    r"|how many of (?:those|them|these)|of (?:those|them|these)|now|the same|also|what of)\b"
    r"|\b(?:of (?:those|them|these)|the same (?:for|on|but))\b"
    r"|\b(?:show|group|list|count|sort|order) (?:them|those|these)\b"
)
_BEFORE = re.compile(
    r"\b(?:the\s+)?(?P<unit>hour|day|night|week|month|year)\s+(?P<way>before|earlier|prior|after)(?:\s+(?:that|it))?"
    r"(?!\s+(?:yesterday|last))\b|\b(?P<all>before\s+(?:that|then))\b"
    r"|\bthe\s+(?:previous|prior|preceding)\s+(?P<prior>hour|day|night|week|month|year)\b"
)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a question is asked in: an aware time, the asker's zone, the inputs, the query before it."""

    now: datetime
    zone: ZoneInfo
    inputs: Inputs
    previous: IncidentQuery | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A query or a refusal; ``unread`` are words that no rule knows, in their order.

    ``taken`` are words of the question, and what a model took each for.
    It is sure where there is nothing unread, or where it refuses for a reason of its own.
    """

    query: IncidentQuery | None = None
    refusal: Refusal | None = None
    unread: tuple[str, ...] = ()
    taken: tuple[tuple[str, str], ...] = ()

    @property
    def sure(self) -> bool:
        """Whether no model needs to be asked."""
        return not self.unread and (self.query is not None or self.refusal is not None)


def read(question: str, setting: Setting) -> Reading:
    """What the rules make of a question."""
    words = vocabulary()
    text = plain_text(clean(question, MAX_QUESTION + 1))
    if not normal(text) or len(text) > MAX_QUESTION:
        return _refused(RefusalKind.EMPTY, words.refusals[RefusalKind.EMPTY])
    # A name may hold any words, orders too: what is in one refuses nothing.
    kind = words.refusal(setting.inputs.without_names(text))
    if kind is not None:
        return _refused(kind, words.refusals[kind])
    if _LEFT_OUT.search(text):
        return _refused(RefusalKind.NOT_UNDERSTOOD, LEAVES_NOTHING_OUT)
    text = mended(text, setting.inputs.words)
    draft = Draft(text)
    take_ids(draft)
    take_times(draft, setting.now, setting.zone)
    shift = _take_shift(draft, setting)
    late = _LATE.search(text) is not None or shift is not None
    if (late or _BEFORE.search(draft.text)) and setting.previous is None and _needs_previous(draft.text):
        told = "There is no question before this one to go on from; ask it whole."
        return _refused(RefusalKind.NOT_UNDERSTOOD, told)
    refusal = _take_inputs(draft, setting)
    if refusal is not None:
        return refusal
    take_undone(draft)
    take_severities(draft)
    take_limit(draft)
    take_routes(draft)
    take_groups(draft)
    unread = take_phrases(draft)
    named = setting.inputs.held_by(unread, several=_SEVERAL.search(text) is not None)
    if named.several:
        return _ambiguous(named.several)
    if named.inputs:
        draft.add("inputs", named.inputs)
        unread = tuple(word for word in unread if not setting.inputs.holds(word))
    # "The two news channels": the number says no more than the names.
    unread = tuple(word for word in unread if COUNTS.get(word) != len(draft.values.get("inputs", ())))
    if _NOT.intersection(unread):
        return _refused(RefusalKind.NOT_UNDERSTOOD, LEAVES_NOTHING_OUT)
    follows = setting.previous if late or _fragment(draft, text) else None
    try:
        query = query_of(draft, setting.zone, follows, shift if follows else None)
    except (ValidationError, ValueError):
        return Reading(unread=unread or tuple(normal(text).split()))
    return Reading(query=query, unread=unread)


LEAVES_NOTHING_OUT = "Chat cannot leave things out; ask for what you want to see."
_SEVERAL = re.compile(r"\b(?:both|two|three|all|every|each|channels|streams|feeds|files|inputs|studios)\b")


def _fragment(draft: Draft, text: str) -> bool:
    """Whether a question says only how, or which of those: it goes on from the one before."""
    own = ("ids", "inputs", "checks", "causes", "family")
    return not (
        draft.ranges or any(name in draft.values for name in own) or _FRAGMENT_NOUN.search(text) is not None
    )


def _needs_previous(text: str) -> bool:
    return re.search(r"\b(?:those|them|these|that|it|same|before|earlier)\b", text) is not None


def _refused(kind: RefusalKind, text: str) -> Reading:
    return Reading(refusal=Refusal(kind=kind, text=text))


def _ambiguous(several: tuple[str, ...]) -> Reading:
    shown = ", ".join(clean(name, 80) for name in several[:5])
    more = f" and {len(several) - 5} more" if len(several) > 5 else ""
    return _refused(RefusalKind.AMBIGUOUS_INPUT, f"Several inputs have that name: {shown}{more}; which one?")


def _take_shift(draft: Draft, setting: Setting) -> tuple[str, int] | None:
    """``the day before``: the unit, or ``all`` for the whole range, and 1 back or -1 on.

    After a range of the same question (``last week against the week before``) it is a second range.
    """
    match = _BEFORE.search(draft.text)
    if match is None:
        return None
    shift = (
        ("all", 1)
        if match["all"]
        else (match["unit"] or match["prior"], -1 if match["way"] == "after" else 1)
    )
    before = [found for found in draft.ranges if found.end <= match.start()]
    if before:
        try:
            other = moved(before[-1].range, shift, setting.zone)
        except ValueError:
            return None
        draft.ranges.append(FoundRange(other, *match.span()))
    elif not (setting.previous and setting.previous.during):
        return None
    draft.blank(*match.span())
    return None if before else shift


def _take_inputs(draft: Draft, setting: Setting) -> Reading | None:
    """The inputs that are named; a refusal where a name is unknown, or fits several."""
    named = setting.inputs.named_in(draft.text)
    if named.several:
        return _ambiguous(named.several)
    if named.unknown:
        told = f"No stored input is called {clean(named.unknown, 80)!r}"
        return _refused(RefusalKind.UNKNOWN_INPUT, f"{told}; 'vidette incidents' lists what is stored.")
    for start, end in named.spans:
        draft.blank(start, end)
    if named.inputs:
        draft.add("inputs", named.inputs)
    return None
