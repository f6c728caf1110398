"""The template: what is said of a case without a model, from its facts and the shipped phrases."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from agent.triage.facts import Facts
from agent.triage.phrases import Effect, phrases
from agent.verdict import Action, Case
from pipeline.model import DefectEvent, Incident

__all__ = ["headlines", "join_slots", "summary_lead", "template_summary", "template_title", "title_tail"]

NAMED_CHECKS = 2
NAMED_STREAMS = 3
TELLING_S = 0.5
"""What is shorter has a moment, and no length that an operator would tell."""


def template_title(case: Case, facts: Facts) -> str:
    """``Picture and sound lost for 3.0 s at 00:00:12.000``."""
    return headlines(case.incident)[0] + title_tail(case.incident, facts)


def template_summary(case: Case, facts: Facts, action: Action | None = None) -> str:
    """One sentence: what, where, from when until when, what it meant, and what to do."""
    effect = join_slots(phrases().effect(case.incident))
    advice = phrases().actions[action or case.action]
    return f"{summary_lead(case.incident, facts)}, so {effect}: {advice}."


def headlines(incident: Incident) -> tuple[str, ...]:
    """How a title may begin, the usual way first: the check's name, or the cause's for several."""
    checks = _checks(incident)
    cause = phrases().causes[incident.cause].title
    if len(checks) == 1:
        return (phrases().check(next(iter(checks))).title,)
    return cause


def title_tail(incident: Incident, facts: Facts) -> str:
    """How a title ends: how long and when, or for a matter of the whole programme its value."""
    checks = _checks(incident)
    spoken = [phrases().check(check) for check in checks]
    only = next(iter(checks.values())) if len(checks) == 1 else []
    if all(check.whole for check in spoken):
        return _value(only, facts)
    if spoken[0].point:
        told = _value(only, facts) if spoken[0].value != "missing" else ""
    elif not _continuous(incident):
        told = _count(facts)
    else:
        told = _length(incident, facts)
    start = facts.named("incident.start_s")
    since = "since" if incident.end_s is None else "at" if _continuous(incident) else "from"
    return told + (f" {since} {start}" if start else "")


def summary_lead(incident: Incident, facts: Facts) -> str:
    """``Picture black on v:0 and sound silent on a:0 from 00:00:12.000 until 00:00:15.000``."""
    checks = _checks(incident)
    named = [_where(check, events, facts) for check, events in list(checks.items())[:NAMED_CHECKS]]
    lead = " and ".join([named[0], *(_lowered(text) for text in named[1:])])
    spoken = [phrases().check(check) for check in checks]
    if all(check.whole for check in spoken):
        return lead
    if len(checks) == 1 and not _continuous(incident):
        lead += _count(facts)
    start, end = facts.named("incident.start_s"), facts.named("incident.end_s")
    if start is None:
        return lead
    if end is None:
        return f"{lead} since {start}"
    if all(check.point for check in spoken) or not _length(incident, facts):
        return f"{lead} at {start}"
    return f"{lead} from {start} until {end}"


def join_slots(effect: Effect, picks: Sequence[int] = ()) -> str:
    """One choice of each slot, the first where nothing is picked."""
    chosen = [*picks, *[0] * (len(effect) - len(picks))]
    return " ".join(slot[pick] for slot, pick in zip(effect, chosen, strict=True))


def _checks(incident: Incident) -> Mapping[str, list[DefectEvent]]:
    """The events of each check, what the cause puts first in front, then by time."""
    first = phrases().causes[incident.cause].first
    rank = {check: place for place, check in enumerate(first)}
    found: dict[str, list[DefectEvent]] = {}
    for event in sorted(incident.events, key=lambda e: (rank.get(e.check, len(rank)), e.start_s)):
        found.setdefault(event.check, []).append(event)
    return found


def _where(check: str, events: list[DefectEvent], facts: Facts) -> str:
    """The check's title, its streams, and its value where that says something."""
    streams = list(dict.fromkeys(event.stream for event in events))
    told = [s for s in streams if facts.named(f"{check}.{s}.stream")][:NAMED_STREAMS]
    where = f" on {' and '.join(told)}" if told else ""
    return phrases().check(check).title + where + _value(events, facts)


def _value(events: list[DefectEvent], facts: Facts) -> str:
    """The value of a check's only event: of several no single one speaks for the rest."""
    if len(events) != 1:
        return ""
    event = events[0]
    spoken = phrases().check(event.check).value
    value = facts.named(f"{event.check}.{event.stream}.value")
    # "Decoding errors with 1 error" says nothing that "at" does not.
    says = spoken and value and not (spoken == "with" and event.value == 1)
    return f" {spoken} {value}" if says else ""


def _count(facts: Facts) -> str:
    count = facts.named("incident.events")
    return f" with {count}" if count else ""


def _length(incident: Incident, facts: Facts) -> str:
    """`` for 3.0 s``; nothing for what is over before anybody sees it, and while it goes on."""
    length = facts.named("incident.duration_s")
    if incident.end_s is None or incident.end_s - incident.start_s < TELLING_S or not length:
        return ""
    return f" for {length}"


def _continuous(incident: Incident) -> bool:
    """Whether the events leave no gap worth telling between them."""
    reach_s, gaps_s = incident.start_s, 0.0
    for event in sorted(incident.events, key=lambda e: e.start_s):
        gaps_s += max(0.0, event.start_s - reach_s)
        reach_s = max(reach_s, event.end_s if event.end_s is not None else math.inf)
    length_s = (incident.end_s if incident.end_s is not None else reach_s) - incident.start_s
    return gaps_s <= 0.1 * length_s if math.isfinite(length_s) else gaps_s == 0


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
