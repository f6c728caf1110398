"""What of a context is believed: a table that a note contradicts lowers nothing, nor work without effect.

A schedule, a calendar of works and a table of services are read by machines, and lower a severity by
themselves. People write beside them that the work was called off, or that the test feed carries the
real programme. Where the two contradict each other, the one that is worse for the incident stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from agent.context import Audience, Context, Maintenance, Note, Slot, SlotKind, Tier
from agent.triage.channels import of_other_channel, without_name
from agent.triage.named_times import fits_in_time
from agent.triage.notes import Claim, claims_of, only_proposed, plans_named, readable, tells_of_card
from agent.triage.scope import outlasts
from agent.triage.signal_part import names_other_part
from pipeline.model import Cause, Incident

__all__ = ["Believed", "believed", "left_standing", "taken_back", "without_plans"]

_PLANS: dict[SlotKind, str] = {
    SlotKind.TEST: "of_test",
    SlotKind.SLATE: "of_card",
    SlotKind.BARS: "of_card",
    SlotKind.OFF_AIR: "of_rest",
}
"""By what words a note names a schedule entry of each kind."""

_Said = list[tuple[str, frozenset[Claim]]]
"""Notes, and what each says against plans."""


@dataclass(frozen=True, slots=True)
class Believed:
    """The context without what notes contradict, and what that was, in words."""

    context: Context
    doubted: tuple[str, ...]


def believed(context: Context, incident: Incident) -> Believed:
    """What may lower the severity of an incident, as far as the words of notes can be read.

    Args:
        context: the part that concerns the incident.
        incident: decides by its time which notes are of it.
    """
    notes = [note.text for note in context.notes if _speaks(note.text, context, incident)]
    said = [(text, _claims(text, context, incident)) for text in notes]
    works = tuple(w for w in context.maintenance if not _against_work(w, said, context, incident))
    slots = tuple(s for s in context.schedule if not _against_slot(s, said))
    in_use = any(Claim.IN_USE in claims for _, claims in said)
    test = context.tier is Tier.TEST and in_use
    nobody = context.audience is Audience.NONE and in_use
    kept = replace(
        context,
        maintenance=works,
        schedule=slots,
        tier=None if test else context.tier,
        audience=None if nobody else context.audience,
    )
    doubts = {
        "planned work": len(works) < len(context.maintenance),
        "the schedule": len(slots) < len(context.schedule),
        "the tier test": test,
        "the audience none": nobody,
    }
    return Believed(kept, tuple(name for name, doubted in doubts.items() if doubted))


def without_plans(context: Context) -> Context:
    """The same if no plan held: nothing but programmes, no planned work, no test, and somebody watches."""
    return replace(
        context,
        maintenance=(),
        schedule=tuple(s for s in context.schedule if s.kind is SlotKind.PROGRAMME),
        tier=None if context.tier is Tier.TEST else context.tier,
        audience=None if context.audience is Audience.NONE else context.audience,
    )


def left_standing(incident: Incident, context: Context) -> bool:
    """Whether a card, bars or a tone stand at another time, or much longer, than a note gives them.

    Whoever tells when a card stands tells as well when it does not, unless a later note is of this time, or
    something else of the context plans it.
    """
    planned = context.tier is Tier.TEST or context.under_maintenance(incident)
    planned |= any(kind.no_programme for kind in context.on(incident))
    return (
        incident.cause is Cause.PLANNED_CONTENT
        and not planned
        and any(
            tells_of_card(note.text)
            and not only_proposed(note.text)
            and _own(note.text, context)
            and not _allows(note.text, context, incident)
            and not any(_allows(later.text, context, incident) for later in _after(note, context))
            for note in context.notes
        )
    )


def taken_back(note: Note, context: Context, incident: Incident) -> bool:
    """Whether a note that was written after this one takes back what it says."""
    return any(
        _speaks(later.text, context, incident) and Claim.REVOKED in claims_of(later.text)
        for later in _after(note, context)
    )


def _after(note: Note, context: Context) -> Iterator[Note]:
    """The notes after one: by when they were written where one clock tells, else by their order."""
    place = context.notes.index(note)
    for at, other in enumerate(context.notes):
        if isinstance(note.at, datetime) and isinstance(other.at, datetime):
            later = other.at > note.at
        else:
            later = at > place
        if later:
            yield other


def _speaks(text: str, context: Context, incident: Incident) -> bool:
    """Whether a note can be read, and is of this channel and time."""
    return _own(text, context) and fits_in_time(text, incident, context, since=True)


def _own(text: str, context: Context) -> bool:
    return readable(text) and not of_other_channel(text, context.service)


def _allows(text: str, context: Context, incident: Incident) -> bool:
    """Whether a note is of this channel, and of the time and the length of the incident."""
    return _own(text, context) and fits_in_time(text, incident, context) and not outlasts(incident, text)


def _claims(text: str, context: Context, incident: Incident) -> frozenset[Claim]:
    """What a text says against plans of this channel, and of what is at fault."""

    def concerns(clause: str) -> bool:
        part = without_name(clause, context.service)
        return not of_other_channel(clause, context.service) and not names_other_part(part, incident)

    return claims_of(text, concerns)


def _against_work(work: Maintenance, said: _Said, context: Context, incident: Incident) -> bool:
    if Claim.IDLE in _claims(work.what, context, incident):
        return True
    own = frozenset({"of_work"}) | plans_named(work.what)
    return any(claims - {Claim.IN_USE} and _of_plan(text, own) for text, claims in said)


def _against_slot(slot: Slot, said: _Said) -> bool:
    if not slot.kind.no_programme:
        return False
    own = frozenset({_PLANS[slot.kind]}) | plans_named(slot.title)
    return any(claims and _of_plan(text, own) for text, claims in said)


def _of_plan(text: str, own: frozenset[str]) -> bool:
    """Whether a note speaks of a plan of these kinds: it names one of them, or none at all."""
    named = plans_named(text)
    return not named or bool(named & own)
