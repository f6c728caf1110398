"""What an operator knows of an input and a detector does not, and what of it concerns an incident.

Times are either wall-clock (aware ``datetime``) or seconds from the start of the input. A live input,
and a file that says when it goes out, has ``starts_at``: the wall-clock time of its second 0. Without
it nothing can be said of wall-clock entries, and they concern no incident.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from agent.vocabulary import Severity
from pipeline.model import Cause, Incident

__all__ = [
    "Audience",
    "Context",
    "Delivery",
    "Feedback",
    "Maintenance",
    "Note",
    "Period",
    "Recent",
    "Relation",
    "RunBookEntry",
    "Slot",
    "SlotKind",
    "Tier",
    "joined",
    "until_s",
]

NEAR_S = 300.0
"""What ends or begins so shortly beside an incident is told with it."""

SLACK_S = 5.0
"""Playout is seconds late now and then, and a check can begin a picture early."""

NOTE_BEFORE_S, NOTE_HOLDS_S = 1800.0, 43_200.0
"""A note without a period of its own concerns what begins up to a shift after it was written, or a
little before: people write down what they have just seen."""

MAX_ENTRIES = 6
"""Of each kind, the nearest first: a prompt is no archive."""


class Tier(StrEnum):
    """What the service is worth."""

    PREMIUM = "premium"
    STANDARD = "standard"
    LOW = "low"
    TEST = "test"


class Delivery(StrEnum):
    """How it reaches its audience: ``linear`` is a channel that is made of files and loops."""

    LIVE = "live"
    LINEAR = "linear"
    ON_DEMAND = "on_demand"
    ARCHIVE = "archive"
    CONTRIBUTION = "contribution"


class Audience(StrEnum):
    """How many watch at that time."""

    NONE = "none"
    SMALL = "small"
    NORMAL = "normal"
    LARGE = "large"


class SlotKind(StrEnum):
    """What is on."""

    PROGRAMME = "programme"
    BREAK = "break"
    SLATE = "slate"
    OFF_AIR = "off_air"
    TEST = "test"
    BARS = "bars"

    @property
    def no_programme(self) -> bool:
        """Whether nobody is promised anything to see."""
        return self in (SlotKind.SLATE, SlotKind.OFF_AIR, SlotKind.TEST, SlotKind.BARS)


class Feedback(StrEnum):
    """What people said of an earlier verdict."""

    NONE = "none"
    CONFIRMED = "confirmed"
    FALSE_ALARM = "false_alarm"
    PLANNED = "planned"
    TOO_SEVERE = "too_severe"
    NOT_SEVERE_ENOUGH = "not_severe_enough"


class Relation(StrEnum):
    """How an entry lies to an incident in time."""

    COVERS = "covers"
    OVERLAPS = "overlaps"
    JUST_BEFORE = "just_before"
    JUST_AFTER = "just_after"
    APART = "apart"
    UNKNOWN = "unknown"

    @property
    def together(self) -> bool:
        """Whether they share any time."""
        return self in (Relation.COVERS, Relation.OVERLAPS)


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start`` to ``end``, wall-clock or seconds of the input; None where it is open."""

    start: datetime | float | None = None
    end: datetime | float | None = None

    def relation(self, incident: Incident, starts_at: datetime | None) -> Relation:
        """How the period lies to the incident; ``unknown`` where the clocks cannot be joined."""
        start_s, end_s = _second(self.start, starts_at, -math.inf), _second(self.end, starts_at, math.inf)
        if start_s is None or end_s is None:
            return Relation.UNKNOWN
        first_s, last_s = incident.start_s, until_s(incident)
        if first_s < end_s and last_s >= start_s:
            within = first_s >= start_s - SLACK_S and last_s <= end_s + SLACK_S
            return Relation.COVERS if within else Relation.OVERLAPS
        if end_s <= first_s:
            return Relation.JUST_BEFORE if first_s - end_s <= NEAR_S else Relation.APART
        return Relation.JUST_AFTER if start_s - last_s <= NEAR_S else Relation.APART

    def gap_s(self, incident: Incident, starts_at: datetime | None) -> float:
        """How far from the incident, 0 where they share time, infinite where nobody can say."""
        start_s, end_s = _second(self.start, starts_at, -math.inf), _second(self.end, starts_at, math.inf)
        if start_s is None or end_s is None:
            return math.inf
        return max(0.0, start_s - until_s(incident), incident.start_s - end_s)


@dataclass(frozen=True, slots=True)
class Slot:
    """One entry of the schedule."""

    kind: SlotKind
    period: Period
    title: str = ""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Planned work; ``what`` is free text."""

    period: Period
    what: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody wrote; ``period`` is when it holds, where they said so.

    A note with neither a period nor a time always holds.
    """

    text: str
    author: str = ""
    at: datetime | float | None = None
    period: Period | None = None

    @property
    def holds(self) -> Period:
        """When it holds: as it says, or for a shift from when it was written, or always."""
        if self.period is not None:
            return self.period
        if self.at is None:
            return Period()
        if isinstance(self.at, datetime):
            early, late = timedelta(seconds=NOTE_BEFORE_S), timedelta(seconds=NOTE_HOLDS_S)
            return Period(self.at - early, self.at + late)
        return Period(self.at - NOTE_BEFORE_S, self.at + NOTE_HOLDS_S)


@dataclass(frozen=True, slots=True)
class RunBookEntry:
    """What to do about causes or checks; about everything, where it names none."""

    text: str
    causes: tuple[Cause, ...] = ()
    checks: tuple[str, ...] = ()

    def concerns(self, incident: Incident) -> bool:
        """Whether it names the incident's cause or one of its checks, or nothing at all."""
        if not self.causes and not self.checks:
            return True
        return incident.cause in self.causes or any(e.check in self.checks for e in incident.events)


@dataclass(frozen=True, slots=True)
class Recent:
    """An earlier incident of the same fingerprint: the same input, cause and checks."""

    at: datetime | float
    cause: Cause
    severity: Severity
    feedback: Feedback = Feedback.NONE
    checks: tuple[str, ...] = ()

    def same(self, incident: Incident) -> bool:
        """Whether it is of the incident's kind."""
        seen = {event.check for event in incident.events}
        return self.cause is incident.cause and (not self.checks or bool(seen.intersection(self.checks)))


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of an input, or the part of it that concerns one incident.

    What nobody has said is None or empty, and nothing follows from it. All text is one clean line,
    and untrusted: it is told, quoted and never obeyed.
    """

    service: str = ""
    tier: Tier | None = None
    delivery: Delivery | None = None
    audience: Audience | None = None
    starts_at: datetime | None = None
    schedule: tuple[Slot, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()
    notes: tuple[Note, ...] = ()
    run_book: tuple[RunBookEntry, ...] = ()
    recent: tuple[Recent, ...] = ()

    def concerning(self, incident: Incident) -> Context:
        """The same with only what shares time with the incident or lies shortly beside it.

        The nearest entries of each kind are kept, in their own order of time.
        """

        def near(period: Period) -> bool:
            return self.relation(period, incident) not in (Relation.APART, Relation.UNKNOWN)

        def gap(period: Period) -> float:
            return period.gap_s(incident, self.starts_at)

        slots = sorted((s for s in self.schedule if near(s.period)), key=lambda s: gap(s.period))
        works = sorted((w for w in self.maintenance if near(w.period)), key=lambda w: gap(w.period))
        notes = [note for note in self.notes if self.relation(note.holds, incident).together]
        return replace(
            self,
            schedule=tuple(s for s in self.schedule if s in slots[:MAX_ENTRIES]),
            maintenance=tuple(w for w in self.maintenance if w in works[:MAX_ENTRIES]),
            notes=tuple(notes[-MAX_ENTRIES:]),
            run_book=tuple(entry for entry in self.run_book if entry.concerns(incident))[:MAX_ENTRIES],
            recent=tuple(old for old in self.recent if old.same(incident))[-MAX_ENTRIES:],
        )

    def relation(self, period: Period, incident: Incident) -> Relation:
        """How a period of this context lies to an incident."""
        return period.relation(incident, self.starts_at)

    def on(self, incident: Incident) -> tuple[SlotKind, ...]:
        """The kinds of schedule entries that all of the incident lies within."""
        found = (s.kind for s in self.schedule if self.relation(s.period, incident) is Relation.COVERS)
        return tuple(dict.fromkeys(found))

    def under_maintenance(self, incident: Incident) -> bool:
        """Whether all of the incident lies within planned work."""
        return any(self.relation(w.period, incident) is Relation.COVERS for w in self.maintenance)


def joined(told: Sequence[Context]) -> Context:
    """One context of several: of single facts the first that is said, of lists everything."""
    return Context(
        service=next((c.service for c in told if c.service), ""),
        tier=next((c.tier for c in told if c.tier), None),
        delivery=next((c.delivery for c in told if c.delivery), None),
        audience=next((c.audience for c in told if c.audience), None),
        starts_at=next((c.starts_at for c in told if c.starts_at), None),
        schedule=tuple(item for c in told for item in c.schedule),
        maintenance=tuple(item for c in told for item in c.maintenance),
        notes=tuple(item for c in told for item in c.notes),
        run_book=tuple(item for c in told for item in c.run_book),
        recent=tuple(item for c in told for item in c.recent),
    )


def until_s(incident: Incident) -> float:
    """The end of an incident; while it goes on, the end of what was seen of it so far."""
    if incident.end_s is not None:
        return incident.end_s
    seen = (event.end_s if event.end_s is not None else event.start_s for event in incident.events)
    return max(seen, default=incident.start_s)


def _second(time: datetime | float | None, starts_at: datetime | None, opened: float) -> float | None:
    """A time in seconds of the input; None where there is no clock to tell."""
    if time is None:
        return opened
    if isinstance(time, datetime):
        return None if starts_at is None else (time - starts_at).total_seconds()
    return time
