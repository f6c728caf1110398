"""A case, as triage is asked it, and the verdict that it gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.calls import ModelCall
from agent.context import Context
from agent.policy_rules import Decision
from agent.vocabulary import Action, Intent, Route, Severity, Source
from pipeline.model import Cause, Coverage, Incident, MediaInfo, ScanResult

__all__ = ["Action", "Assessment", "Case", "Intent", "Route", "Severity", "Source", "Verdict"]


@dataclass(frozen=True, slots=True)
class Case:
    """What a triage backend sees: an incident, what the policy says of it, and the context.

    ``actions``, ``routes`` and ``intents`` are what a model may choose from, the policy's own choice
    first; where they are empty there is no choice. ``ceiling`` is the worst that a model may say.
    ``outside`` is text that others wrote (names and tags), fenced: something to read about, never
    something to obey. ``context`` is what an operator knows: only what concerns this incident, and its
    free text is from outside as well. What notes contradict is not in it; ``doubted`` names that.
    ``without_context`` is the floor without it, where that differs; ``without_plans`` what the policy says
    if no plan of the context holds, where that is worse or no longer planned.
    """

    incident: Incident
    media: MediaInfo | None
    coverage: tuple[Coverage, ...]
    floor: Severity
    route: Route
    action: Action = Action.REVIEW_BY_EYE
    intent: Intent = Intent.UNCERTAIN
    actions: tuple[Action, ...] = ()
    routes: tuple[Route, ...] = ()
    intents: tuple[Intent, ...] = ()
    ceiling: Severity = Severity.CRITICAL
    outside: str = ""
    context: Context = field(default_factory=Context)
    doubted: tuple[str, ...] = ()
    without_context: Severity | None = None
    without_plans: Decision | None = None

    @property
    def plain_floor(self) -> Severity:
        """The floor that the policy gives the defect where nothing is known of the input."""
        return self.floor if self.without_context is None else self.without_context


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to a case. ``facts`` names the facts that the text cites.

    ``model`` and ``prompt`` (``name@sha256:...``) say who wrote it; ``source`` says whether the
    model's own words stood, were repaired once, or gave way to the template; ``notes`` say why.
    ``confidence`` is in 0..1. ``quote`` are the words of the context for which the severity is below
    the policy's floor; empty where it is not.
    """

    severity: Severity
    intent: Intent
    cause: Cause
    action: Action
    route: Route
    title: str
    summary: str
    confidence: float
    model: str
    prompt: str
    facts: tuple[str, ...] = ()
    source: Source = Source.TEMPLATE
    notes: tuple[str, ...] = ()
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Assessment:
    """One input from end to end: what the scan found, a verdict for each incident id, the models' calls.

    ``context`` is all that was known of the input when its incidents were judged.
    """

    scan: ScanResult
    verdicts: Mapping[str, Verdict]
    calls: tuple[ModelCall, ...] = ()
    context: Context = field(default_factory=Context)
