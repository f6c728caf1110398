"""Values to rows and back. Nothing here talks to a database."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from agent.store.tables import EventRow, IncidentRow, InputRow, ScanRow, VerdictRow
from agent.text import encodable, finite
from agent.verdict import Action, Intent, Route, Severity, Source, Verdict
from pipeline.model import Cause, DefectEvent, EventState, Incident, ScanResult

__all__ = [
    "StoredIncident",
    "StoredVerdict",
    "assembled",
    "event_values",
    "incident_values",
    "plain",
    "scan_values",
    "stored_incident",
    "verdict_values",
]

Columns = Row[*tuple[Any, ...]]
"""A row of columns that have the names of an object's fields; far cheaper than the object."""

CONFIDENCE_DIGITS = 3
"""A model's confidence may differ in the last bits from run to run; that is no change of mind."""


@dataclass(frozen=True, slots=True)
class StoredVerdict:
    """A verdict, and since when it has held (UTC)."""

    verdict: Verdict
    judged_at: datetime


@dataclass(frozen=True, slots=True)
class StoredIncident:
    """An incident as the store knows it. Times are UTC.

    ``url`` is the input as it was last named, ``incident.input`` its resolved path or whole URL.
    ``verdict`` is the one that holds now, ``history`` every one there has been, oldest first.
    ``gone_at`` is when a later complete scan no longer found it; None while it stands. ``status`` is where
    people are with it: ``open``, ``acknowledged`` or ``resolved``; ``revision`` grows with every change.
    ``context`` is the table of all that was known of the input when it was last scanned.
    """

    incident: Incident
    url: str
    verdict: Verdict | None
    history: tuple[StoredVerdict, ...]
    profile: str
    first_seen_at: datetime
    last_seen_at: datetime
    gone_at: datetime | None
    status: str = "open"
    muted: bool = False
    assignee: str | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)
    revision: int = 1
    context: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def plain(value: object) -> Any:
    """``value`` as JSON takes it: no NaN, no lone surrogates, no tuples, no dataclasses."""
    if isinstance(value, bool | int) or value is None:
        return value
    if isinstance(value, str):
        return encodable(str(value))
    if isinstance(value, float):
        return finite(value)
    if isinstance(value, Mapping):
        return {encodable(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [plain(item) for item in value]
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return encodable(str(value))


def scan_values(scan: ScanResult) -> dict[str, Any]:
    """Columns of ``scans`` that come from the scan itself."""
    return {
        "status": scan.status.value,
        "error": None if scan.error is None else encodable(scan.error),
        "interrupted": scan.interrupted,
        "covered_s": scan.covered_s,
        "media": plain(scan.media),
        "coverage": plain(scan.coverage),
        "loudness": plain(scan.loudness),
        "timing": plain(scan.timing),
        "mode": scan.mode.value,
    }


def incident_values(incident: Incident) -> dict[str, Any]:
    """Columns of ``incidents`` that the newest scan decides."""
    return {
        "cause": incident.cause.value,
        "start_s": incident.start_s,
        "end_s": incident.end_s,
        "state": incident.state.value,
        "reasons": plain(incident.reasons),
        "next_likely": encodable(incident.next_likely),
    }


def event_values(event: DefectEvent) -> dict[str, Any]:
    """Columns of ``events`` but the keys."""
    return {
        "check": event.check,
        "stream": event.stream,
        "start_s": event.start_s,
        "end_s": event.end_s,
        "state": event.state.value,
        "value": event.value,
        "unit": event.unit,
        "confidence": event.confidence,
        "evidence": plain(event.evidence),
    }


def verdict_values(verdict: Verdict) -> dict[str, Any]:
    """Columns of ``verdicts`` that make one differ from another."""
    return {
        "severity": verdict.severity.value,
        "intent": verdict.intent.value,
        "cause": verdict.cause.value,
        "action": verdict.action.value,
        "route": verdict.route.value,
        "title": encodable(verdict.title),
        "summary": encodable(verdict.summary),
        "confidence": round(verdict.confidence, CONFIDENCE_DIGITS),
        "model": encodable(verdict.model),
        "prompt": encodable(verdict.prompt),
        "facts": plain(verdict.facts),
        "source": verdict.source.value,
        "notes": plain(verdict.notes),
        "quote": encodable(verdict.quote),
    }


def stored_incident(row: IncidentRow) -> StoredIncident:
    """The incident with what it is made of now, and all that was thought of it."""
    events = [event for event in row.events if event.scan_id == row.last_scan_id]
    return assembled(row, row.input, row.last_scan, events, row.verdicts)


def assembled(
    row: IncidentRow | Columns,
    named: InputRow | Columns,
    scan: ScanRow | Columns,
    events: Iterable[EventRow | Columns],
    verdicts: Iterable[VerdictRow | Columns],
) -> StoredIncident:
    """The incident of a row: its input, its last scan, what it was made of then, its verdicts in order."""
    history = tuple(StoredVerdict(_verdict(verdict), verdict.judged_at) for verdict in verdicts)
    return StoredIncident(
        incident=_incident(row, named.identity, tuple(map(_event, events))),
        url=named.url,
        verdict=history[-1].verdict if history else None,
        history=history,
        profile=scan.profile,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        gone_at=row.gone_at,
        status=row.status,
        muted=row.muted,
        assignee=row.assignee,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        resolved_at=row.resolved_at,
        resolved_by=row.resolved_by,
        labels=row.labels,
        revision=row.revision,
        context=scan.context or {},
    )


def _incident(row: IncidentRow | Columns, identity: str, events: tuple[DefectEvent, ...]) -> Incident:
    return Incident(
        id=row.id,
        input=identity,
        cause=Cause(row.cause),
        events=events,
        start_s=row.start_s,
        end_s=row.end_s,
        state=EventState(row.state),
        reasons=tuple(row.reasons),
        next_likely=row.next_likely,
    )


def _event(row: EventRow | Columns) -> DefectEvent:
    return DefectEvent(
        id=row.id,
        check=row.check,
        stream=row.stream,
        start_s=row.start_s,
        end_s=row.end_s,
        state=EventState(row.state),
        # SQLite keeps infinities, and NaN as NULL.
        value=math.nan if row.value is None else row.value,
        unit=row.unit,
        confidence=row.confidence,
        evidence=row.evidence,
    )


def _verdict(row: VerdictRow | Columns) -> Verdict:
    return Verdict(
        severity=Severity(row.severity),
        intent=Intent(row.intent),
        cause=Cause(row.cause),
        action=Action(row.action),
        route=Route(row.route),
        title=row.title,
        summary=row.summary,
        confidence=row.confidence,
        model=row.model,
        prompt=row.prompt,
        facts=tuple(row.facts),
        source=Source(row.source),
        notes=tuple(row.notes),
        quote=row.quote,
    )
