"""From incidents to verdicts: ask the model, check what it says, and never be without an answer.

case -> facts -> opinion -> verified? -> repaired once? -> the template's words
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from agent.calls import ModelCall
from agent.context import Context
from agent.models.base import Draft, ModelError, Opinion, TriageModel
from agent.models.rules import Rules, template_draft
from agent.policy import Policy
from agent.policy_rules import Decision
from agent.tracing import trace_call, traced
from agent.triage.allowed import Allowed, allowed_of
from agent.triage.believed import believed, left_standing, without_plans
from agent.triage.facts import Facts, facts_of
from agent.triage.outside import fence, tidy_media
from agent.triage.reasons import Reason, quoted
from agent.triage.verify import MAX_TITLE, Violation, cited, verify
from agent.triage.words import template_summary, template_title
from agent.verdict import Action, Case, Intent, Severity, Source, Verdict
from pipeline.model import Cause, Incident, ScanResult
from pipeline.text import clean

__all__ = ["MAX_ASKED", "assess_incidents", "case_of", "judge_case"]

MAX_ASKED = 50
"""Incidents of one input that a model is asked about, the worst first; the rules judge the rest."""

MAX_NOTES = 4

RULES = Rules()


@dataclass(frozen=True, slots=True)
class _Words:
    title: str
    summary: str
    source: Source
    notes: tuple[str, ...] = ()


def assess_incidents(
    scan: ScanResult,
    policy: Policy,
    model: TriageModel,
    context: Context | None = None,
    record: Callable[[ModelCall], None] | None = None,
) -> dict[str, Verdict]:
    """A verdict for every incident of a scan, by its id. A model that fails on one costs no other.

    Args:
        scan: with its incidents.
        policy: gives floors, and what a model may choose from.
        model: is asked about each incident, the worst of many.
        context: all that is known of the input; each case gets what concerns it.
        record: is told of every call of a model.
    """
    with traced("triage", {"vidette.incidents": len(scan.incidents), "vidette.model": model.name}):
        return _assessed(scan, [case_of(i, scan, policy, context) for i in scan.incidents], model, record)


def _assessed(
    scan: ScanResult,
    cases: Sequence[Case],
    model: TriageModel,
    record: Callable[[ModelCall], None] | None,
) -> dict[str, Verdict]:
    worst_first = sorted(cases, key=lambda case: (-case.floor.rank, case.incident.start_s))
    asked = {case.incident.id for case in worst_first[:MAX_ASKED]}
    # Cases of one cause after each other: a local model keeps what their prompts share.
    in_turn = sorted(cases, key=lambda case: (case.incident.cause, case.incident.start_s))
    spared = f"the policy's words: the model is asked about {MAX_ASKED} incidents of one input"
    verdicts = {
        case.incident.id: judge_case(case, model, record)
        if case.incident.id in asked
        else _by_template(case, facts_of(case), spared)
        for case in in_turn
    }
    return {incident.id: verdicts[incident.id] for incident in scan.incidents}


def case_of(incident: Incident, scan: ScanResult, policy: Policy, context: Context | None = None) -> Case:
    """An incident, what the policy says of it, what concerns it, and what others wrote, fenced.

    What a note contradicts of the context lowers nothing, and is left out.
    """
    told = believed((context or Context()).concerning(incident), incident)
    known = told.context
    decision = policy.decide(incident, scan.media, known)
    unplanned = policy.decide(incident, scan.media, without_plans(known))
    if left_standing(incident, known):
        decision = policy.left_standing.adjusted(decision)
    # A card that was planned, and is not: somebody left it there.
    if unplanned.intent is not Intent.PLANNED and incident.cause is Cause.PLANNED_CONTENT:
        unplanned = policy.left_standing.adjusted(unplanned)
    media = tidy_media(scan.media) if scan.media else None
    return Case(
        incident=incident,
        media=media,
        coverage=scan.coverage,
        floor=decision.floor,
        route=decision.route,
        action=decision.action,
        intent=decision.intent,
        actions=decision.actions,
        routes=decision.routes,
        intents=decision.intents,
        ceiling=decision.ceiling,
        outside=fence(scan.url, media.tags if media else {}),
        context=known,
        doubted=told.doubted,
        without_context=policy.decide(incident, scan.media).floor,
        without_plans=_worse(unplanned, decision),
    )


def _worse(other: Decision, decision: Decision) -> Decision | None:
    """The other decision, where it is more severe than this one, or no longer planned."""
    unplanned = decision.intent is Intent.PLANNED and other.intent is not Intent.PLANNED
    least = decision.floor.rank + (0 if unplanned else 1)
    return other if other.floor.rank >= least else None


def judge_case(case: Case, model: TriageModel, record: Callable[[ModelCall], None] | None = None) -> Verdict:
    """The model's verdict within what the policy allows, in words that were verified."""
    facts, told = facts_of(case), _Recorded(model, record)
    try:
        opinion = told.judge(case, facts)
    except ModelError as exc:
        return _by_template(case, facts, f"{model.name} failed: {clean(str(exc), 160)}")
    reason = quoted(opinion.quote, case, read=opinion.read) if opinion.quote else None
    draft, notes = _within(opinion.draft, _allowed(case, reason, read=opinion.read))
    lowered = draft.severity.rank < case.floor.rank
    kept = replace(opinion, draft=draft, quote=reason.text if reason and lowered else "")
    words = _worded(case, facts, told, kept)
    return _verdict(case, facts, model, kept, words, (*opinion.notes, *notes))


@dataclass(frozen=True, slots=True)
class _Recorded:
    """A model whose calls are told to somebody, whether they went well or not."""

    model: TriageModel
    record: Callable[[ModelCall], None] | None

    def judge(self, case: Case, facts: Facts, complaints: tuple[str, ...] = ()) -> Opinion:
        try:
            opinion = self.model.judge(case, facts, complaints)
        except ModelError as exc:
            self._tell(exc.calls)
            raise
        self._tell(opinion.calls)
        return opinion

    def _tell(self, calls: Iterable[ModelCall]) -> None:
        for call in calls:
            trace_call(call)
            if self.record is not None:
                self.record(call)


def _by_template(case: Case, facts: Facts, note: str) -> Verdict:
    """The policy's decision in the template's words, and why."""
    draft = template_draft(case, facts)
    words = _Words(draft.title, draft.summary, Source.TEMPLATE, (note,))
    return _verdict(case, facts, RULES, Opinion(draft, 1.0), words, ())


def _allowed(case: Case, reason: Reason | None, *, read: bool) -> Allowed:
    """What may be said with the reason that is given: without one, nothing below the floor."""
    allowed = allowed_of(case, read=read)
    if reason is not None:
        return allowed
    own = (case.intent, *case.intents)
    return replace(
        allowed,
        severities=tuple(s for s in allowed.severities if s.rank >= case.floor.rank),
        intents=tuple(i for i in allowed.intents if i is not Intent.PLANNED or i in own),
        causes=tuple(
            c
            for c in allowed.causes
            if c is not Cause.PLANNED_CONTENT or case.incident.cause in (c, Cause.UNKNOWN)
        ),
        actions=tuple(
            a for a in allowed.actions if a is not Action.NONE or a in (case.action, *case.actions)
        ),
    )


def _within(draft: Draft, allowed: Allowed) -> tuple[Draft, tuple[str, ...]]:
    """The draft with everything that may not be said replaced by what the policy says."""
    severity = _clamped(draft.severity, allowed.severities)
    chosen = {
        "severity": severity,
        "intent": draft.intent if draft.intent in allowed.intents else allowed.intents[0],
        "cause": draft.cause if draft.cause in allowed.causes else allowed.causes[0],
        "action": draft.action if draft.action in allowed.actions else allowed.actions[0],
        "route": draft.route if draft.route in allowed.routes else allowed.routes[0],
    }
    said = {key: getattr(draft, key) for key in chosen}
    notes = tuple(
        f"{key} {said[key].value} is not allowed here: {value.value} stands"
        for key, value in chosen.items()
        if value is not said[key]
    )
    return draft.model_copy(update=chosen), notes


def _clamped(severity: Severity, allowed: tuple[Severity, ...]) -> Severity:
    """The allowed severity that is nearest: at least the floor, at most what a model may raise to."""
    return min(allowed, key=lambda other: abs(other.rank - severity.rank))


def _worded(case: Case, facts: Facts, model: _Recorded, opinion: Opinion) -> _Words:
    """The draft's words if they hold, after one repair if need be; else the template's."""
    draft = opinion.draft
    wrong = _wrong(draft, facts)
    if not wrong:
        return _Words(draft.title, draft.summary, opinion.source)
    notes = tuple(f"rejected: {clean(violation, 120)}" for violation in wrong)
    try:
        second = model.judge(case, facts, wrong).draft
    except ModelError as exc:
        notes += (f"the repair failed: {clean(str(exc), 160)}",)
    else:
        still = _wrong(second, facts)
        if not still:
            return _Words(second.title, second.summary, Source.REPAIRED, notes)
        notes += tuple(f"rejected again: {clean(violation, 120)}" for violation in still)
    return _template(case, facts, draft.action, notes)


def _template(case: Case, facts: Facts, action: Action, notes: tuple[str, ...] = ()) -> _Words:
    title, summary = template_title(case, facts), template_summary(case, facts, action)
    return _Words(title, summary, Source.TEMPLATE, notes)


def _wrong(draft: Draft, facts: Facts) -> tuple[str, ...]:
    return (
        *_told("title", verify(draft.title, facts, limit=MAX_TITLE)),
        *_told("summary", verify(draft.summary, facts)),
    )


def _told(where: str, violations: Iterable[Violation]) -> tuple[str, ...]:
    return tuple(f"{where}: {violation}" for violation in violations)


def _verdict(
    case: Case,
    facts: Facts,
    model: TriageModel,
    opinion: Opinion,
    words: _Words,
    notes: tuple[str, ...],
) -> Verdict:
    draft = opinion.draft
    return Verdict(
        severity=draft.severity,
        intent=draft.intent,
        cause=draft.cause,
        action=draft.action,
        route=draft.route,
        title=words.title,
        summary=words.summary,
        confidence=round(_detected(case.incident) * min(max(opinion.confidence, 0.0), 1.0), 3),
        model=opinion.model or model.name,
        prompt=opinion.prompt or model.prompt,
        facts=cited((words.title, words.summary), facts),
        source=words.source,
        notes=(*_doubts(case), *notes, *words.notes)[:MAX_NOTES],
        quote=opinion.quote,
    )


def _doubts(case: Case) -> tuple[str, ...]:
    return (f"a note contradicts {' and '.join(case.doubted)}: not counted",) if case.doubted else ()


def _detected(incident: Incident) -> float:
    """How sure the checks are that it happened: the mean of its events, 0..1."""
    sure = [min(max(event.confidence, 0.0), 1.0) for event in incident.events]
    return sum(sure) / len(sure) if sure else 0.0
