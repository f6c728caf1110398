"""Stored values as the documents that ``models`` describes, and answers with an ETag."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from fastapi import Request, Response
from pydantic_core import to_json

from agent.api.problems import Problem
from agent.context_file import read_context
from agent.context_table import context_table
from agent.report.document import event_document, incident_document, verdict_document
from agent.store import StoredIncident
from agent.store.changes import Change
from agent.store.evidence import StoredStill
from agent.store.jobs import StoredJob
from agent.store.life import StoredFeedback
from agent.store.listing import IncidentLine
from agent.store.waivers import StoredWaiver
from agent.text import encodable, finite
from pipeline.errors import ProfileError

__all__ = [
    "change_document",
    "feedback_document",
    "incident_detail",
    "incident_tag",
    "job_document",
    "json_answer",
    "line_document",
    "require_match",
    "tagged",
    "verdicts_document",
    "waiver_document",
]

Document = dict[str, Any]

STANDING = (
    "status",
    "muted",
    "assignee",
    "acknowledged_at",
    "acknowledged_by",
    "resolved_at",
    "resolved_by",
    "profile",
    "first_seen_at",
    "last_seen_at",
    "gone_at",
    "labels",
    "revision",
)
"""What a StoredIncident says of where people are with it."""


def json_answer(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(_dumped(document), status, dict(headers or {}), "application/json")


def tagged(request: Request, document: object, tag: str | None = None) -> Response:
    """A JSON answer with an ETag; 304 without a body where the client has it already."""
    body = _dumped(document)
    etag = f'"{tag or hashlib.sha256(body).hexdigest()[:20]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if etag in _tags(request.headers.get("if-none-match", "")):
        return Response(None, 304, headers)
    return Response(body, 200, headers, "application/json")


def require_match(request: Request, tag: str) -> None:
    """Refuse a change of something that is no longer what the client has seen (``If-Match``).

    Raises:
        Problem: 412.
    """
    wanted = request.headers.get("if-match")
    if wanted is not None and wanted.strip() != "*" and f'"{tag}"' not in _tags(wanted):
        raise Problem(412, "it was changed meanwhile; get it again and look", {"ETag": f'"{tag}"'})


def incident_tag(revision: int, last_seen_at: datetime) -> str:
    """What an incident is known by in ETags: another with every change, and every scan that finds it."""
    return f"{revision}-{int(last_seen_at.timestamp() * 1e6):x}"


def line_document(line: IncidentLine) -> Document:
    """An incident in a list; written out, for most answers are made of hundreds of these."""
    return {
        "id": line.id,
        "url": line.url,
        "cause": line.cause,
        "title": line.title,
        "severity": line.severity,
        "status": line.status,
        "muted": line.muted,
        "assignee": line.assignee,
        "state": line.state,
        "start_s": finite(line.start_s),
        "end_s": finite(line.end_s),
        "first_seen_at": line.first_seen_at,
        "last_seen_at": line.last_seen_at,
        "gone_at": line.gone_at,
        "labels": line.labels,
        "revision": line.revision,
    }


def incident_detail(found: StoredIncident, stills: list[StoredStill]) -> Document:
    """An incident with all that is known of it."""
    incident, verdict = found.incident, found.verdict
    own = f"/v1/incidents/{incident.id}"
    base = incident_document(incident, verdict)
    names = ("verdicts", "history", "signals", "clip", "feedback")
    return {
        **base,
        "url": encodable(found.url),
        "input": encodable(incident.input),
        "events": [event_document(event) for event in incident.events],
        "severity": None if verdict is None else verdict.severity.value,
        "context": _concerning(found),
        **{name: _plain(getattr(found, name)) for name in STANDING},
        "stills": [_still_document(own, still) for still in stills],
        "links": {"self": own, **{name: f"{own}/{name}" for name in names}},
    }


def _concerning(found: StoredIncident) -> Document:
    """What of the stored context concerns the incident."""
    try:
        known = read_context(found.context, "the stored context")
    except ProfileError:
        # Of a version that knew checks which are gone.
        return {}
    return context_table(known.concerning(found.incident))


def verdicts_document(found: StoredIncident) -> Document:
    """Every verdict that an incident has had."""
    rows = [
        {"judged_at": _plain(item.judged_at), "verdict": verdict_document(item.verdict)}
        for item in found.history
    ]
    return {"verdicts": rows}


def change_document(change: Change) -> Document:
    """One thing that happened."""
    return {
        "id": change.id,
        "at": _plain(change.at),
        "kind": change.kind,
        "incident": change.incident_id,
        "scan": change.job_id,
        "actor": change.actor,
        "data": change.data,
    }


def feedback_document(given: StoredFeedback) -> Document:
    """What was said of a verdict."""
    return {field.name: _plain(getattr(given, field.name)) for field in dataclasses.fields(given)}


def waiver_document(waiver: StoredWaiver, at: datetime) -> Document:
    """A waiver, and whether it stands."""
    wanted = waiver.request
    return {
        "id": waiver.id,
        "input": wanted.input,
        "checks": list(wanted.checks),
        "start_s": wanted.start_s,
        "end_s": wanted.end_s,
        "reason": wanted.reason,
        "incident": wanted.incident_id,
        "created_at": _plain(waiver.created_at),
        "created_by": waiver.created_by,
        "expires_at": _plain(wanted.expires_at),
        "revoked_at": _plain(waiver.revoked_at),
        "revoked_by": waiver.revoked_by,
        "stands": waiver.stands(at),
    }


def job_document(job: StoredJob) -> Document:
    """A scan that was asked for; never the address that is opened, which may hold a password."""
    request = job.request
    return {
        "id": job.id,
        "url": request.shown,
        "state": job.state.value,
        "status": _plain(job.status),
        "error": job.error,
        "profile": request.profile,
        "mode": request.mode.value,
        "labels": dict(request.labels),
        "attempts": job.attempts,
        "cancel_asked": job.cancel_asked,
        "created_at": _plain(job.created_at),
        "created_by": job.created_by,
        "started_at": _plain(job.started_at),
        "ended_at": _plain(job.ended_at),
        "progress": {
            "done_s": finite(job.done_s),
            "duration_s": finite(job.duration_s),
            "frames": job.frames,
        },
    }


def _still_document(own: str, still: StoredStill) -> Document:
    return {
        "label": still.label,
        "stream": still.stream,
        "time_s": still.time_s,
        "width": still.width,
        "height": still.height,
        "href": f"{own}/stills/{still.label}.jpg",
    }


def _tags(header: str) -> set[str]:
    return {part.strip().removeprefix("W/") for part in header.split(",")}


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return finite(value)
    return dict(value) if isinstance(value, Mapping) else value


def _dumped(document: object) -> bytes:
    """UTC times end in Z; a number that JSON does not know is null."""
    return to_json(document, inf_nan_mode="null")
