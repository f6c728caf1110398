"""What triage says of an incident: the closed vocabulary and the value that carries it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pipeline.model import Cause, Coverage, Incident, MediaInfo, ScanResult

__all__ = ["Action", "Assessment", "Case", "Intent", "Route", "Severity", "Source", "Verdict"]


class Severity(StrEnum):
    """How bad it is, worst first."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    INFO = "info"

    @property
    def rank(self) -> int:
        """3 for critical down to 0 for info, so that severities compare."""
        return 3 - list(Severity).index(self)


class Intent(StrEnum):
    """Whether somebody meant it."""

    FAULT = "fault"
    PLANNED = "planned"
    UNCERTAIN = "uncertain"


class Action(StrEnum):
    """What to do next."""

    SWITCH_TO_BACKUP = "switch_to_backup"
    CHECK_SOURCE = "check_source"
    RESTART_ENCODER = "restart_encoder"
    CHECK_AUDIO_ROUTING = "check_audio_routing"
    CORRECT_LEVELS = "correct_levels"
    CHECK_TRANSPORT = "check_transport"
    REPACKAGE = "repackage"
    REQUEST_REDELIVERY = "request_redelivery"
    REVIEW_BY_EYE = "review_by_eye"
    NONE = "none"


class Route(StrEnum):
    """Whose it is."""

    PLAYOUT = "playout"
    ENCODING = "encoding"
    AUDIO = "audio"
    TRANSPORT = "transport"
    PACKAGING = "packaging"
    COMPLIANCE = "compliance"
    QC = "qc"


class Source(StrEnum):
    """Where the words of a verdict come from."""

    MODEL = "model"
    REPAIRED = "repaired"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class Case:
    """What a triage backend sees: an incident, what the policy says of it, and the context.

    ``actions``, ``routes`` and ``intents`` are what a model may choose from, the policy's own choice
    first; where they are empty there is no choice. ``ceiling`` is the worst that a model may say.
    ``outside`` is text that others wrote (names and
    tags), fenced: something to read about, never something to obey.
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


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to a case. ``facts`` names the facts that the text cites.

    ``model`` and ``prompt`` (``name@sha256:...``) say who wrote it; ``source`` says whether the
    model's own words stood, were repaired once, or gave way to the template; ``notes`` say why.
    ``confidence`` is in 0..1.
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


@dataclass(frozen=True, slots=True)
class Assessment:
    """One input from end to end: what the scan found, and a verdict for each incident id."""

    scan: ScanResult
    verdicts: Mapping[str, Verdict]
