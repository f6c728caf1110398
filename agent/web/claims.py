"""Which words of a verdict are measurements, and where on the page each of them stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from agent.triage.facts import facts_of
from agent.verdict import Case, Verdict
from pipeline.model import Incident

__all__ = ["MAX_EVENTS", "TIMES", "Piece", "event_anchor", "pieces"]

TIMES = "times"
"""Anchor of the times of the incident as a whole."""

MAX_EVENTS = 40
"""As many events as triage makes facts of."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text; ``anchor`` is where its measurement stands, empty where it is none."""

    text: str
    anchor: str = ""


def event_anchor(number: int) -> str:
    """The anchor of the event at that place of its incident, from 0."""
    return f"event-{number}"


def pieces(text: str, incident: Incident, verdict: Verdict) -> list[Piece]:
    """A text cut at the facts of its incident, in order; together they are the text."""
    anchors = _anchors(incident, verdict)
    known = "|".join(re.escape(told) for told in sorted(anchors, key=len, reverse=True)) or "(?!)"
    found, at = [], 0
    for match in re.finditer(rf"(?<![\w.:])(?:{known})(?![\w:])", text):
        found += [Piece(text[at : match.start()]), Piece(match.group(), anchors[match.group()])]
        at = match.end()
    return [piece for piece in (*found, Piece(text[at:])) if piece.text]


def _anchors(incident: Incident, verdict: Verdict) -> dict[str, str]:
    """How each fact may be written -> where it stands; an event says more than the incident's times."""
    found: dict[str, str] = {}
    for number, event in enumerate(incident.events[:MAX_EVENTS]):
        for told in _renderings(replace(incident, events=(event,)), verdict, f"{event.check}."):
            found.setdefault(told, event_anchor(number))
    for told in _renderings(incident, verdict, "incident."):
        found.setdefault(told, TIMES)
    return found


def _renderings(incident: Incident, verdict: Verdict, prefix: str) -> Iterator[str]:
    case = Case(incident, None, (), verdict.severity, verdict.route)
    for fact in facts_of(case).facts:
        if fact.name.startswith(prefix):
            yield from fact.renderings
