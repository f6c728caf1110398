"""What the API answers, for the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from agent.context_file import ContextTable
from agent.store.jobs import JobState
from agent.store.life import FeedbackKind, Status
from agent.verdict import Action, Intent, Route, Severity, Source
from pipeline.model import Cause, CoverageStatus, EventState, Mode, ScanStatus

__all__ = [
    "ChangeList",
    "FeedbackList",
    "IncidentDetail",
    "IncidentList",
    "ReplayAnswer",
    "ScanDetail",
    "ScanLine",
    "ScanList",
    "SessionAnswer",
    "SignalList",
    "VerdictList",
    "Waiver",
    "WaiverList",
]


LINE: dict[str, Any] = {
    "id": "e3762b487ea4a0d6",
    "url": "news.mp4",
    "cause": "picture_loss",
    "title": "Picture black for 3.0 s at 00:00:02.000",
    "severity": "minor",
    "status": "open",
    "muted": False,
    "assignee": None,
    "state": "resolved",
    "start_s": 2.0,
    "end_s": 5.0,
    "first_seen_at": "2026-11-26T00:08:02.137644Z",
    "last_seen_at": "2026-11-26T00:08:02.137644Z",
    "gone_at": None,
    "labels": {"channel": "one"},
    "revision": 1,
}
SCAN: dict[str, Any] = {
    "id": "a94637c678863124",
    "url": "news.mp4",
    "state": "queued",
    "status": None,
    "error": None,
    "profile": "default",
    "mode": "full",
    "labels": {},
    "attempts": 0,
    "cancel_asked": False,
    "created_at": "2026-11-26T00:08:00.354578Z",
    "created_by": "first",
    "started_at": None,
    "ended_at": None,
    "progress": {"done_s": None, "duration_s": None, "frames": None},
}


class SessionAnswer(BaseModel):
    """Who is asking, and what he may do."""

    name: str
    scope: str
    expires_at: datetime | None


class Event(BaseModel):
    """One check that failed over one interval of one stream."""

    id: str
    check: str
    stream: str
    start_s: float | None
    end_s: float | None
    state: EventState
    value: float | None
    unit: str
    confidence: float | None
    evidence: dict[str, float | int | str | None]


class Verdict(BaseModel):
    """What triage says of an incident. All text is untrusted."""

    severity: Severity
    intent: Intent
    cause: Cause
    action: Action
    route: Route
    title: str
    summary: str
    confidence: float | None
    model: str
    prompt: str
    facts: list[str]
    source: Source
    notes: list[str]
    quote: str = ""


class JudgedVerdict(BaseModel):
    """A verdict, and since when it has held."""

    judged_at: datetime
    verdict: Verdict


class IncidentLine(BaseModel):
    """An incident in a list."""

    id: str
    url: str
    cause: Cause
    title: str | None
    severity: Severity | None
    status: Status
    muted: bool
    assignee: str | None
    state: EventState
    start_s: float
    end_s: float | None
    first_seen_at: datetime
    last_seen_at: datetime
    gone_at: datetime | None
    labels: dict[str, str]
    revision: int


class IncidentList(BaseModel):
    """A page of incidents; `next` is the cursor of the next one."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"incidents": [LINE], "next": None}]})

    incidents: list[IncidentLine]
    next: str | None


class StillLink(BaseModel):
    """One picture of the filmstrip, and where it is."""

    label: str
    stream: str
    time_s: float
    width: int
    height: int
    href: str


class IncidentDetail(BaseModel):
    """An incident with all that is known of it; `events`, `verdict` and `history` as in the JSON report.

    `context` is what concerned it when it was judged: of the request, of the service's file and of the store.
    """

    id: str
    url: str
    input: str
    cause: Cause
    status: Status
    severity: Severity | None
    muted: bool
    assignee: str | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    state: EventState
    start_s: float | None
    end_s: float | None
    reasons: list[str]
    next_likely: str
    profile: str
    first_seen_at: datetime
    last_seen_at: datetime
    gone_at: datetime | None
    labels: dict[str, str]
    revision: int
    events: list[Event]
    verdict: Verdict | None
    context: ContextTable
    stills: list[StillLink]
    links: dict[str, str]


class VerdictList(BaseModel):
    """Every verdict that an incident has had, oldest first."""

    verdicts: list[JudgedVerdict]


class Change(BaseModel):
    """One thing that happened. The text in `data` is untrusted."""

    id: int
    at: datetime
    kind: str
    incident: str | None
    scan: str | None
    actor: str
    data: dict[str, Any]


class ChangeList(BaseModel):
    """What happened, oldest first."""

    changes: list[Change]


class Threshold(BaseModel):
    """Where a check draws its line on a signal."""

    check: str
    level: float | None
    bad: str


class Signal(BaseModel):
    """One measured column around an incident: the lowest and the highest value of each bucket of time."""

    stream: str
    column: str
    unit: str
    time_s: list[float | None]
    low: list[float | None]
    high: list[float | None]
    thresholds: list[Threshold]


class SignalList(BaseModel):
    """What was measured around an incident."""

    signals: list[Signal]


class GivenFeedback(BaseModel):
    """What was said of a verdict; `said` is what the verdict was then."""

    id: int
    at: datetime
    actor: str
    kind: FeedbackKind
    severity: Severity | None
    cause: Cause | None
    note: str
    said: dict[str, Any] | None


class FeedbackList(BaseModel):
    """What people said of an incident, oldest first."""

    feedback: list[GivenFeedback]


class Waiver(BaseModel):
    """A waiver; it stands until it ends or is taken back."""

    id: int
    input: str
    checks: list[str]
    start_s: float | None
    end_s: float | None
    reason: str
    incident: str | None
    created_at: datetime
    created_by: str
    expires_at: datetime
    revoked_at: datetime | None
    revoked_by: str | None
    stands: bool


class WaiverList(BaseModel):
    """Waivers in order of their ids; `next` is the id to go on after."""

    waivers: list[Waiver]
    next: int | None


class Progress(BaseModel):
    """How far a scan is."""

    done_s: float | None
    duration_s: float | None
    frames: int | None


class Coverage(BaseModel):
    """Whether a check could look, and what it saw."""

    check: str
    stream: str
    status: CoverageStatus
    reason: str | None
    start_s: float | None
    end_s: float | None


class Suppressed(BaseModel):
    """An event of which nothing followed: it was planned, or waived."""

    kind: str
    reason: str
    check: str
    stream: str
    start_s: float
    end_s: float | None


class ScanLine(BaseModel):
    """A scan that was asked for; `status` is how it came out when it is done."""

    model_config = ConfigDict(json_schema_extra={"examples": [SCAN]})

    id: str
    url: str
    state: JobState
    status: ScanStatus | None
    error: str | None
    profile: str
    mode: Mode
    labels: dict[str, str]
    attempts: int
    cancel_asked: bool
    created_at: datetime
    created_by: str
    started_at: datetime | None
    ended_at: datetime | None
    progress: Progress


class ScanList(BaseModel):
    """A page of scans, the newest first."""

    scans: list[ScanLine]
    next: str | None


class ScanResult(BaseModel):
    """What a scan found out."""

    media: dict[str, Any] | None
    coverage: list[Coverage]
    loudness: list[dict[str, Any]]
    timing: dict[str, Any] | None
    interrupted: bool
    covered_s: float
    suppressed: list[Suppressed]
    incidents: list[IncidentLine]


class ScanDetail(ScanLine):
    """A scan with what it found; `context` is what it was asked for with."""

    context: ContextTable | None
    result: ScanResult | None


class Changes(BaseModel):
    """What another profile changes: events that come, go and move."""

    gained: list[dict[str, Any]]
    lost: list[dict[str, Any]]
    moved: list[dict[str, Any]]
    unchanged: int


class ReplayAnswer(BaseModel):
    """What a scan would have found under another profile, and what that changes."""

    profile: str
    against: str
    changes: Changes
    events: list[Event]
    coverage: list[Coverage]
