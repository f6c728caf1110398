"""What is kept of an incident for whoever looks at it later: pictures, and measurements around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from agent.report.filmstrips import Filmstrip, worst_first
from agent.store import Store
from agent.store.evidence import StoredStill, keep_signals, keep_stills
from agent.text import finite
from agent.verdict import Assessment
from pipeline.model import Incident, ScanResult, Signal

__all__ = ["keep_evidence", "signals_around"]

MOST_INCIDENTS = 100
"""Of one input, the worst first: signals of each are some 10 kB."""
MARGIN_S = 5.0
MOST_BUCKETS = 240
"""Buckets of one signal: more than the pixels of a small plot, and few enough to send."""
DIGITS = 4


def keep_evidence(store: Store, assessment: Assessment, strips: Mapping[str, Filmstrip]) -> None:
    """Store filmstrips (by incident id) and signals of the worst incidents.

    Raises:
        StoreError: the database cannot be written.
    """
    scan = assessment.scan
    for incident in worst_first(assessment)[:MOST_INCIDENTS]:
        strip, signals = strips.get(incident.id), signals_around(incident, scan)
        if strip is None and not signals:
            continue
        with store.noting() as session:
            if strip is not None:
                stills = [
                    StoredStill(f.label, strip.stream, f.time_s, f.width, f.height, f.jpeg)
                    for f in strip.frames
                ]
                keep_stills(session, incident.id, stills)
            if signals:
                keep_signals(session, incident.id, signals)


def signals_around(incident: Incident, scan: ScanResult) -> list[dict[str, Any]]:
    """Each signal from shortly before the incident to shortly after it, with the lines drawn on it."""
    end_s = incident.end_s if incident.end_s is not None else scan.covered_s
    margin_s = max(MARGIN_S, 0.25 * (end_s - incident.start_s))
    checks = {event.check for event in incident.events}
    cut = [_cut(signal, incident.start_s - margin_s, end_s + margin_s) for signal in scan.signals]
    return [
        {
            **found,
            "thresholds": [
                {"check": line.check, "level": finite(line.level), "bad": line.bad}
                for line in scan.thresholds
                if line.column == found["column"] and line.check in checks
            ],
        }
        for found in cut
        if found["time_s"]
    ]


def _cut(signal: Signal, from_s: float, to_s: float) -> dict[str, Any]:
    first, last = np.searchsorted(signal.time_s, (from_s, to_s))
    first, last = max(int(first) - 1, 0), int(last)
    starts = np.unique(np.linspace(first, last, MOST_BUCKETS + 1).astype(int))[:-1]
    if last <= first or not len(starts):
        return {"column": signal.column, "time_s": []}
    inside = slice(first, last)
    low = np.minimum.reduceat(signal.low[inside], starts - first)
    high = np.maximum.reduceat(signal.high[inside], starts - first)
    return {
        "stream": signal.stream,
        "column": signal.column,
        "unit": signal.unit,
        "time_s": [finite(float(value), 3) for value in signal.time_s[starts]],
        "low": [finite(float(value), DIGITS) for value in low],
        "high": [finite(float(value), DIGITS) for value in high],
    }
