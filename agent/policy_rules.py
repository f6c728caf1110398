"""What a rule of the policy asks for and answers: the rules of defects, and the adjustments by context."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict, Field

from agent.context import Audience, Context, Delivery, Feedback, SlotKind, Tier
from agent.vocabulary import Action, Intent, Route, Severity
from pipeline.model import Cause, DefectEvent, Incident

__all__ = ["Adjustment", "Answer", "Decision", "Rule", "bad_s"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policy says of an incident, and by which rule.

    ``actions``, ``routes`` and ``intents`` are what a model may say, the policy's own choice first;
    ``ceiling`` is the worst severity that it may say.
    """

    floor: Severity
    ceiling: Severity
    route: Route
    action: Action
    intent: Intent
    rule: str
    actions: tuple[Action, ...]
    routes: tuple[Route, ...]
    intents: tuple[Intent, ...]


class Answer(BaseModel):
    """What a rule says, and what a model may say instead."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    floor: Severity
    ceiling: Severity = Severity.CRITICAL
    route: Route
    action: Action
    intent: Intent
    also_actions: tuple[Action, ...] = ()
    also_routes: tuple[Route, ...] = ()
    also_intents: tuple[Intent, ...] = ()

    def decision(self, name: str) -> Decision:
        """The decision, by the rule of that name."""
        return Decision(
            floor=self.floor,
            ceiling=max(self.floor, self.ceiling, key=lambda s: s.rank),
            route=self.route,
            action=self.action,
            intent=self.intent,
            rule=name,
            actions=tuple(dict.fromkeys((self.action, *self.also_actions))),
            routes=tuple(dict.fromkeys((self.route, *self.also_routes))),
            intents=tuple(dict.fromkeys((self.intent, *self.also_intents))),
        )


class _Conditions(BaseModel):
    """All must hold. What is not asked for is accepted; what nobody knows matches nothing asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = Field(min_length=1, max_length=60)
    cause: tuple[Cause, ...] = ()
    checks: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    min_s: float | None = Field(None, ge=0)
    max_s: float | None = Field(None, gt=0)
    min_share: float | None = Field(None, ge=0, le=1)
    min_events: int | None = Field(None, ge=1)
    before_s: float | None = Field(None, gt=0)
    after_s: float | None = Field(None, ge=0)
    min_value: float | None = Field(None, ge=0)
    max_value: float | None = Field(None, gt=0)
    min_confidence: float | None = Field(None, ge=0, le=1)
    max_confidence: float | None = Field(None, gt=0, le=1)
    tier: tuple[Tier, ...] = ()
    delivery: tuple[Delivery, ...] = ()
    audience: tuple[Audience, ...] = ()
    on: tuple[SlotKind, ...] = ()
    not_on: tuple[SlotKind, ...] = ()
    maintenance: bool | None = None
    min_false_alarms: int | None = Field(None, ge=1)

    def matches(self, incident: Incident, programme_s: float | None, context: Context) -> bool:
        """Whether every condition holds; ``programme_s`` is the programme's length, if known."""
        events = [e for e in incident.events if self._names(e)]
        length_s = bad_s(incident.events)
        share = min(length_s / programme_s, 1.0) if programme_s else 0.0
        return (
            (not self.cause or incident.cause in self.cause)
            and bool(events)
            and not any(e.check in self.without for e in incident.events)
            and _within(
                max((e.confidence for e in events), default=0.0), self.min_confidence, self.max_confidence
            )
            and _within(length_s, self.min_s, self.max_s)
            and _within(share, self.min_share, None)
            and len(incident.events) >= (self.min_events or 0)
            and _within(incident.start_s, self.after_s, self.before_s)
            and (
                (self.min_value is None and self.max_value is None)
                or any(_within(abs(e.value), self.min_value, self.max_value) for e in events)
            )
            and self._known(incident, context)
        )

    def _known(self, incident: Incident, context: Context) -> bool:
        """Whether what is known of the input is what the rule asks for."""
        alarms = sum(old.feedback is Feedback.FALSE_ALARM for old in context.recent)
        on = context.on(incident)
        return (
            (not self.tier or context.tier in self.tier)
            and (not self.delivery or context.delivery in self.delivery)
            and (not self.audience or context.audience in self.audience)
            and (not self.on or any(kind in self.on for kind in on))
            and not any(kind in self.not_on for kind in on)
            and (self.maintenance is None or context.under_maintenance(incident) is self.maintenance)
            and alarms >= (self.min_false_alarms or 0)
        )

    def _names(self, event: DefectEvent) -> bool:
        """Whether the event is of the checks and kinds that the rule asks for."""
        kind = str(event.evidence.get("kind", ""))
        return (not self.checks or event.check in self.checks) and (
            not self.kinds or any(word in kind for word in self.kinds)
        )


class Rule(Answer, _Conditions):
    """What is said of a defect. The first rule that matches decides."""


class Adjustment(_Conditions):
    """What the context changes of a decision; the first that matches applies, and those that go on before it.

    ``floors`` and ``intents`` are those of the decision that it changes. ``raise_by`` and ``lower_by``
    move the floor by so many severities, then ``at_most`` and ``at_least`` bound it. The action, route
    and intent that are given take the first place. With ``goes_on`` the next that matches applies as well.
    """

    floors: tuple[Severity, ...] = ()
    intents: tuple[Intent, ...] = ()
    goes_on: bool = False
    raise_by: int = Field(0, ge=0, le=3)
    lower_by: int = Field(0, ge=0, le=3)
    at_most: Severity | None = None
    at_least: Severity | None = None
    route: Route | None = None
    action: Action | None = None
    intent: Intent | None = None
    also_actions: tuple[Action, ...] = ()
    also_routes: tuple[Route, ...] = ()
    also_intents: tuple[Intent, ...] = ()

    def fits(self, decision: Decision) -> bool:
        """Whether it is meant for a decision of this floor and intent."""
        return (not self.floors or decision.floor in self.floors) and (
            not self.intents or decision.intent in self.intents
        )

    def adjusted(self, decision: Decision) -> Decision:
        """The decision with the changes made."""
        highest, lowest = Severity.CRITICAL.rank, Severity.INFO.rank
        rank = min(max(decision.floor.rank + self.raise_by - self.lower_by, lowest), highest)
        rank = min(rank, self.at_most.rank) if self.at_most else rank
        rank = max(rank, self.at_least.rank) if self.at_least else rank
        floor = next(s for s in Severity if s.rank == rank)
        action, route = self.action or decision.action, self.route or decision.route
        intent = self.intent or decision.intent
        return replace(
            decision,
            floor=floor,
            ceiling=max(floor, decision.ceiling, key=lambda s: s.rank),
            route=route,
            action=action,
            intent=intent,
            rule=f"{decision.rule}, {self.name}",
            actions=tuple(dict.fromkeys((action, *self.also_actions, *decision.actions))),
            routes=tuple(dict.fromkeys((route, *self.also_routes, *decision.routes))),
            intents=tuple(dict.fromkeys((intent, *self.also_intents, *decision.intents))),
        )


def bad_s(events: Sequence[DefectEvent], *, until_s: float = math.inf) -> float:
    """How long any of the events goes on, overlaps counted once; one without an end until ``until_s``."""
    reach_s, total_s = -math.inf, 0.0
    for event in sorted(events, key=lambda e: e.start_s):
        end_s = event.end_s if event.end_s is not None else max(until_s, event.start_s)
        total_s += max(0.0, end_s - max(event.start_s, reach_s))
        reach_s = max(reach_s, end_s)
    return total_s


def _within(value: float, at_least: float | None, below: float | None) -> bool:
    return (at_least is None or value >= at_least) and (below is None or value < below)
