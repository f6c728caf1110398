"""What the page shows of one incident: chosen and placed; no markup here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from agent.report.plots import Plot, plot
from agent.report.words import duration, humanize
from agent.store import StoredIncident
from agent.store.changes import SCAN, Change, ChangeKind, history_of
from agent.store.evidence import StoredStill, signals_of, stills_of
from agent.web.claims import MAX_EVENTS, Piece, pieces
from pipeline.model import DefectEvent, Incident, Signal, Threshold

__all__ = ["IncidentView", "Said", "incident_view", "length"]

MAX_PLOTS = 8
DIGITAL_SILENCE = float("-inf")


@dataclass(frozen=True, slots=True)
class Said:
    """One entry of an incident's history, in words."""

    change: Change
    what: str
    words: str


@dataclass(frozen=True, slots=True)
class IncidentView:
    """An incident with everything; ``more_events`` were found beside those in ``events``."""

    stored: StoredIncident
    severity: str
    title: str
    title_pieces: tuple[Piece, ...]
    summary: tuple[Piece, ...]
    length: str
    events: tuple[DefectEvent, ...]
    more_events: int
    stills: tuple[StoredStill, ...]
    plots: tuple[Plot, ...]
    said: tuple[Said, ...]


def incident_view(session: Session, stored: StoredIncident) -> IncidentView:
    """Everything that is stored of an incident."""
    incident, verdict = stored.incident, stored.verdict
    shown = incident.events[:MAX_EVENTS]
    title = verdict.title if verdict else humanize(incident.cause)
    return IncidentView(
        stored=stored,
        severity=verdict.severity.value if verdict else "unjudged",
        title=title,
        title_pieces=tuple(pieces(title, incident, verdict)) if verdict else (Piece(title),),
        summary=tuple(pieces(verdict.summary, incident, verdict)) if verdict else (),
        length=length(incident.start_s, incident.end_s),
        events=shown,
        more_events=len(incident.events) - len(shown),
        stills=tuple(stills_of(session, incident.id)),
        plots=tuple(_plots(incident, signals_of(session, incident.id))),
        said=tuple(_said(change) for change in history_of(session, incident_id=incident.id)),
    )


def length(start_s: float, end_s: float | None) -> str:
    """How long something lasted, in words."""
    return "ongoing" if end_s is None else duration(end_s - start_s)


def _plots(incident: Incident, signals: Sequence[Mapping[str, Any]]) -> Iterator[Plot]:
    """The signals that the incident's checks judge, with their limits, shaded where they failed."""
    judged = [row for row in signals if row["thresholds"] and row["time_s"]]
    for row in judged[:MAX_PLOTS]:
        signal = _signal(row)
        limits = [
            Threshold(item["check"], signal.column, float(item["level"]), item["bad"])
            for item in row["thresholds"]
            if item["level"] is not None
        ]
        end_s = float(signal.time_s[-1])
        checks = {limit.check for limit in limits}
        shaded = sorted(
            {
                (event.start_s, end_s if event.end_s is None else event.end_s)
                for event in incident.events
                if event.check in checks and _same(event.stream, signal.stream)
            }
        )
        drawn = plot(signal, limits, (max(0.0, float(signal.time_s[0])), end_s), shaded)
        if drawn is not None:
            yield drawn


def _same(one: str, other: str) -> bool:
    """Whether they are of the same stream; ``*`` is of all."""
    return one == other or "*" in (one, other)


def _signal(row: Mapping[str, Any]) -> Signal:
    """A stored signal. JSON has no infinity: a level that is not there is digital silence."""
    level = row["unit"].lower().startswith(("db", "lufs", "lkfs"))
    absent = DIGITAL_SILENCE if level else float("nan")

    def values(name: str) -> NDArray[np.float32]:
        return np.array([absent if value is None else value for value in row[name]], np.float32)

    time_s = np.array([np.nan if value is None else value for value in row["time_s"]], np.float64)
    return Signal(row["stream"], row["column"], row["unit"], time_s, values("low"), values("high"))


def _said(change: Change) -> Said:
    """A change in words. ``data`` holds text of others: it stays text."""
    told, right = change.data, change.data.get("right") or {}
    what = humanize(change.kind.split(".", 1)[-1])
    if change.kind == ChangeKind.INCIDENT_ASSIGNED:
        return Said(change, what, f"to {told.get('assignee') or 'nobody'}")
    if change.actor == SCAN:
        words = [told.get("severity"), told.get("cause")]
    else:
        words = [told.get("feedback"), right.get("severity"), right.get("cause")]
    plain = [humanize(str(word)) for word in words if word]
    return Said(
        change, what, "; ".join(part for part in (", ".join(plain), str(told.get("note") or "")) if part)
    )
