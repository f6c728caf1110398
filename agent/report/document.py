"""The documents that programs read: ``vidette.report/1`` and its sisters.

The shape is a contract: fields are added, never renamed or taken away. All text is valid Unicode,
all numbers are finite: what is unknown or has no value is null.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from agent.text import encodable, finite
from agent.verdict import Assessment, Verdict
from pipeline.model import (
    Coverage,
    DefectEvent,
    Incident,
    Loudness,
    MediaInfo,
    ScanResult,
    StreamInfo,
    Suppressed,
    Timing,
)

__all__ = [
    "SCHEMA",
    "coverage_document",
    "event_document",
    "incident_document",
    "input_document",
    "media_document",
    "render_json",
    "report_document",
    "suppressed_document",
    "verdict_document",
]

SCHEMA = "vidette.report/1"

Document = dict[str, Any]


def report_document(assessments: Sequence[Assessment]) -> Document:
    """One document for all inputs of a check, in their order."""
    return {"schema": SCHEMA, "inputs": [input_document(assessment) for assessment in assessments]}


def render_json(document: Mapping[str, Any]) -> str:
    """Indented JSON in ASCII, so that no terminal and no locale can spoil it."""
    return json.dumps(document, indent=2, allow_nan=False)


def input_document(assessment: Assessment) -> Document:
    """One input: its media, events, incidents with verdicts, coverage, loudness and cost."""
    scan = assessment.scan
    loudness = [_loudness(item) for item in scan.loudness]
    return {
        "url": encodable(scan.url),
        "status": scan.status.value,
        "error": None if scan.error is None else encodable(scan.error),
        "mode": scan.mode.value,
        "interrupted": scan.interrupted,
        "covered_s": finite(scan.covered_s),
        "media": None if scan.media is None else media_document(scan.media),
        "events": [event_document(event) for event in scan.events],
        "incidents": _incidents(scan, assessment.verdicts),
        "suppressed": [suppressed_document(item) for item in scan.suppressed],
        "coverage": [coverage_document(item) for item in scan.coverage],
        "loudness": loudness[0] if loudness else None,
        "loudness_streams": loudness,
        "timing": None if scan.timing is None else _timing(scan.timing),
    }


def media_document(media: MediaInfo) -> Document:
    """What the container declares."""
    return {
        "format": encodable(media.format),
        "duration_s": finite(media.duration_s),
        "streams": [_stream(stream) for stream in media.streams],
        "tags": {encodable(key): encodable(value) for key, value in media.tags.items()},
    }


def event_document(event: DefectEvent) -> Document:
    """One event; ``end_s`` is null while it goes on."""
    return {
        "id": event.id,
        "check": event.check,
        "stream": event.stream,
        "start_s": finite(event.start_s),
        "end_s": finite(event.end_s),
        "state": event.state.value,
        "value": finite(event.value),
        "unit": event.unit,
        "confidence": finite(event.confidence),
        "evidence": {encodable(key): _fact(value) for key, value in event.evidence.items()},
    }


def suppressed_document(item: Suppressed) -> Document:
    """An event of which nothing follows, and why."""
    return {
        "event": event_document(item.event),
        "kind": item.kind,
        "reason": encodable(item.reason),
    }


def incident_document(incident: Incident, verdict: Verdict | None) -> Document:
    """One incident; its events are named by their ids."""
    return {
        "id": incident.id,
        "cause": incident.cause.value,
        "start_s": finite(incident.start_s),
        "end_s": finite(incident.end_s),
        "state": incident.state.value,
        "events": [event.id for event in incident.events],
        "reasons": [encodable(reason) for reason in incident.reasons],
        "next_likely": encodable(incident.next_likely),
        "verdict": None if verdict is None else verdict_document(verdict),
    }


def verdict_document(verdict: Verdict) -> Document:
    """What triage says, by whom, from which facts."""
    return {
        "severity": verdict.severity.value,
        "intent": verdict.intent.value,
        "cause": verdict.cause.value,
        "action": verdict.action.value,
        "route": verdict.route.value,
        "title": encodable(verdict.title),
        "summary": encodable(verdict.summary),
        "confidence": finite(verdict.confidence),
        "model": encodable(verdict.model),
        "prompt": encodable(verdict.prompt),
        "facts": [encodable(fact) for fact in verdict.facts],
        "source": verdict.source.value,
        "notes": [encodable(note) for note in verdict.notes],
        "quote": encodable(verdict.quote),
    }


def coverage_document(item: Coverage) -> Document:
    """Whether a check could look, and what it saw."""
    return {
        "check": item.check,
        "stream": item.stream,
        "status": item.status.value,
        "reason": None if item.reason is None else encodable(item.reason),
        "start_s": finite(item.start_s),
        "end_s": finite(item.end_s),
    }


def _incidents(scan: ScanResult, verdicts: Mapping[str, Verdict]) -> list[Document]:
    return [incident_document(incident, verdicts.get(incident.id)) for incident in scan.incidents]


def _stream(stream: StreamInfo) -> Document:
    """The facts that a stream of its kind has; a fact of the kind that is unknown is null."""
    shared = {
        "id": stream.id,
        "codec": encodable(stream.codec),
        "language": None if stream.language is None else encodable(stream.language),
        "start_s": finite(stream.start_s),
        "duration_s": finite(stream.duration_s),
    }
    if stream.is_video:
        return {
            **shared,
            "width": stream.width,
            "height": stream.height,
            "frame_rate": finite(stream.frame_rate),
            "pixel_format": stream.pixel_format,
        }
    return {
        **shared,
        "channels": stream.channels,
        "channel_layout": stream.channel_layout,
        "sample_rate_hz": stream.sample_rate_hz,
    }


def _loudness(item: Loudness) -> Document:
    return {
        "stream": item.stream,
        "integrated_lufs": finite(item.integrated_lufs),
        "range_lu": finite(item.range_lu),
        "true_peak_dbtp": finite(item.true_peak_dbtp),
    }


def _timing(timing: Timing) -> Document:
    return {
        "wall_s": finite(timing.wall_s),
        "cpu_s": finite(timing.cpu_s),
        "realtime_factor": finite(timing.realtime_factor),
        "triage_s": finite(timing.triage_s),
    }


def _fact(value: float | int | str) -> float | int | str | None:
    if isinstance(value, str):
        return encodable(value)
    return value if isinstance(value, int) else finite(value)
