"""What of a context may justify a severity below the policy's floor, and the check of a quote of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from agent.context import Relation, Slot, SlotKind, Tier
from agent.triage.believed import taken_back
from agent.triage.channels import of_other_channel, spared, without_name
from agent.triage.named_times import fits_in_time
from agent.triage.notes import gives_reason, only_proposed, readable, revoked
from agent.triage.scope import outlasts
from agent.triage.signal_part import names_part, of_other_part
from agent.triage.versions import of_other_version
from agent.verdict import Case

__all__ = ["Reason", "ReasonKind", "explains", "quoted", "reasons_of", "tells_of_break"]

SHORTEST_QUOTE = 4


class ReasonKind(StrEnum):
    """Where a reason stands in the context."""

    TIER = "tier"
    SLOT = "schedule"
    MAINTENANCE = "maintenance"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Reason:
    """One entry of the context that can be quoted; ``text`` is what it says, letter by letter."""

    kind: ReasonKind
    text: str


def reasons_of(case: Case, *, read: bool = False) -> tuple[Reason, ...]:
    """Everything in the context of a case that can be given as a reason to lower its severity.

    An entry must share its time with the incident: a note by when it holds and by the times that it
    names, a schedule entry and planned work by covering it. A note must not name another channel, speak
    of another part of the signal, or of a shorter time, and no later note may take it back; and it must
    hold a word that gives a reason, unless a calibrated reader has ``read`` one in it.
    """
    return tuple(dict.fromkeys(_found(case, read)))


def quoted(quote: str, case: Case, *, read: bool = False) -> Reason | None:
    """The reason that a quote is taken from, word by word; None where there is none.

    A part of a note must hold the word that gives the reason; ``read`` as in ``reasons_of``.
    """
    wanted = quote.strip()
    for reason in reasons_of(case, read=read):
        whole = wanted == reason.text
        part = len(wanted) >= SHORTEST_QUOTE and f" {wanted} " in f" {reason.text} "
        if whole or (part and (reason.kind is not ReasonKind.NOTE or gives_reason(wanted))):
            return reason
    return None


def _found(case: Case, read: bool) -> Iterator[Reason]:
    context, incident = case.context, case.incident
    if context.tier is Tier.TEST:
        yield Reason(ReasonKind.TIER, Tier.TEST.value)
    for slot in context.schedule:
        if context.relation(slot.period, incident) is not Relation.COVERS:
            continue
        if slot.kind.no_programme:
            yield Reason(ReasonKind.SLOT, slot.kind.value)
        elif read and tells_of_break(slot) and explains(slot.title, case, read=True):
            yield Reason(ReasonKind.SLOT, slot.title)
    for work in context.maintenance:
        if context.relation(work.period, incident) is Relation.COVERS:
            told = work.what if work.what and readable(work.what) else ReasonKind.MAINTENANCE.value
            yield Reason(ReasonKind.MAINTENANCE, told)
    for note in context.notes:
        together = context.relation(note.holds, incident).together
        if together and explains(note.text, case, read=read) and not taken_back(note, context, incident):
            yield Reason(ReasonKind.NOTE, note.text)


def tells_of_break(slot: Slot) -> bool:
    """Whether the title of a break says what is seen or heard in it: ``Interval, microphones off``."""
    return slot.kind is SlotKind.BREAK and names_part(slot.title)


def explains(text: str, case: Case, *, read: bool = False) -> bool:
    """Whether free text can explain an incident: it is of its channel, part, length and named time.

    Whether its entry shares time with the incident is for the caller to know; ``read`` as in ``reasons_of``.
    """
    context, incident = case.context, case.incident
    return (
        readable(text)
        and (read or gives_reason(text))
        and not revoked(text, read=read)
        and not only_proposed(text)
        and fits_in_time(text, incident, context)
        and not of_other_part(without_name(text, context.service), incident)
        and not of_other_channel(text, context.service)
        and not spared(text, context.service)
        and not (context.starts_at is None and of_other_version(text))
        and not outlasts(incident, text)
    )
