"""What a model may answer to a case, and what of the evidence speaks for a worse severity."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from agent.policy_rules import bad_s
from agent.triage.phrases import phrases
from agent.triage.reasons import reasons_of
from agent.verdict import Action, Case, Intent, Route, Severity
from pipeline.model import Cause

__all__ = ["Allowed", "Extent", "Recovery", "Times", "Weight", "allowed_of", "weigh"]

_Value = TypeVar("_Value")

MANY_EVENTS = 5
PART_SHARE, MOST_SHARE = 0.1, 0.5
AT_THE_END_S = 0.1


@dataclass(frozen=True, slots=True)
class Allowed:
    """The values that may stand in a verdict, the policy's own first."""

    severities: tuple[Severity, ...]
    intents: tuple[Intent, ...]
    causes: tuple[Cause, ...]
    actions: tuple[Action, ...]
    routes: tuple[Route, ...]


class Times(StrEnum):
    """How often it happened."""

    ONCE = "once"
    FEW = "few"
    MANY = "many"


class Extent(StrEnum):
    """How much of the programme it takes."""

    SMALL = "small"
    PART = "part"
    MOST = "most"


class Recovery(StrEnum):
    """Whether it was over before the input was."""

    BACK = "back"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Weight:
    """The evidence for a worse severity, in words: a small model can weigh them, and not numbers."""

    times: Times
    extent: Extent
    recovery: Recovery

    @property
    def aggravated(self) -> bool:
        """Whether anything speaks for a worse severity than the floor."""
        return self.times is Times.MANY or self.extent is Extent.MOST or self.recovery is Recovery.GONE


def allowed_of(case: Case, *, read: bool = False) -> Allowed:
    """What the policy and the context leave open.

    Severity: at most one step above the floor, within the policy's ceiling. Below the floor, and planned
    where the policy does not say so, only where the context holds a reason (``read`` as in
    ``reasons_of``); that still has to be quoted.
    """
    above = next((s for s in Severity if s.rank == case.floor.rank + 1), None)
    step = (above,) if above is not None and above.rank <= case.ceiling.rank else ()
    reasons = reasons_of(case, read=read)
    below = tuple(s for s in Severity if s.rank < case.floor.rank) if reasons else ()
    excused = (Intent.PLANNED, Intent.UNCERTAIN) if reasons else ()
    # What the context took off may be put on again.
    plans = case.without_plans
    floors = (case.plain_floor, *((plans.floor,) if plans else ()))
    restored = tuple(s for s in floors if s.rank > case.floor.rank)
    fault = (Intent.FAULT,) if restored else ()
    return Allowed(
        severities=_each((case.floor,), step, restored, below),
        intents=_each(case.intents or (case.intent,), excused, plans.intents if plans else (), fault),
        causes=_causes(case, excused=bool(reasons)),
        actions=_each(
            case.actions or (case.action,), (Action.NONE,) if reasons else (), plans.actions if plans else ()
        ),
        routes=_each(case.routes or (case.route,), plans.routes if plans else ()),
    )


def _each(*groups: tuple[_Value, ...]) -> tuple[_Value, ...]:
    """All values of the groups, each once, in their order."""
    return tuple(dict.fromkeys(value for group in groups for value in group))


def weigh(case: Case) -> Weight | None:
    """How often, how much and whether it ended; None where these say nothing of how bad it is."""
    events = [e for e in case.incident.events if _spans(e.check)]
    if not events:
        return None
    programme_s = case.media.duration_s if case.media else None
    open_ended = any(e.end_s is None for e in events)
    last_s = math.inf if open_ended else max(e.end_s or e.start_s for e in events)
    per_check: dict[tuple[str, str], int] = {}
    for event in events:
        per_check[event.check, event.stream] = per_check.get((event.check, event.stream), 0) + 1
    count = max(per_check.values())
    share = bad_s(events, until_s=programme_s) / programme_s if programme_s else 0.0
    return Weight(
        Times.ONCE if count == 1 else Times.FEW if count < MANY_EVENTS else Times.MANY,
        Extent.SMALL if share < PART_SHARE else Extent.PART if share < MOST_SHARE else Extent.MOST,
        Recovery.GONE if open_ended or _at_end(last_s, programme_s) else Recovery.BACK,
    )


def _causes(case: Case, *, excused: bool) -> tuple[Cause, ...]:
    """What the evidence says; where it says nothing, the causes that such checks can have."""
    planned = (Cause.PLANNED_CONTENT,) if excused else ()
    if case.incident.cause is not Cause.UNKNOWN:
        return tuple(dict.fromkeys((case.incident.cause, *planned)))
    checks = {event.check for event in case.incident.events}
    likely = [cause for cause, told in phrases().causes.items() if checks.intersection(told.first)]
    return tuple(dict.fromkeys((Cause.UNKNOWN, *likely, *planned)))


def _spans(check: str) -> bool:
    spoken = phrases().check(check)
    return not spoken.whole and not spoken.point


def _at_end(last_s: float, programme_s: float | None) -> bool:
    return programme_s is not None and last_s >= programme_s - AT_THE_END_S
