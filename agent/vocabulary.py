"""The closed words of triage: what a verdict may say."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Action", "Intent", "Route", "Severity", "Source"]


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
