"""The values that flow: frozen, with units in their names, on one clock.

Every time is in seconds from the start of the input (the earliest presentation time stamp that its
container declares). ``start_s`` is the presentation time of the first bad frame or sample, ``end_s``
the end of the last bad one: its time plus its duration.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Cause",
    "Coverage",
    "CoverageStatus",
    "DefectEvent",
    "EventState",
    "Fault",
    "FaultKind",
    "Incident",
    "Loudness",
    "MediaInfo",
    "Mode",
    "ScanResult",
    "ScanStatus",
    "Signal",
    "StreamInfo",
    "Suppressed",
    "Threshold",
    "Timing",
    "fingerprint",
]


class FaultKind(StrEnum):
    """What a container or a decoder can complain of."""

    DECODE_ERROR = "decode_error"
    CORRUPT_FRAME = "corrupt_frame"
    PTS_BACKWARD = "pts_backward"
    DEMUX_ERROR = "demux_error"


@dataclass(frozen=True, slots=True)
class Fault:
    """One complaint of the container or the decoder. Damage is data, not an exception."""

    kind: FaultKind
    stream: str
    start_s: float
    end_s: float
    detail: str = ""


class EventState(StrEnum):
    """Where an event is in its life."""

    ONSET = "onset"
    ONGOING = "ongoing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class DefectEvent:
    """One check that failed over one interval of one stream.

    ``value`` is the check's own figure over the interval, in ``unit``; ``confidence`` is in 0..1, with
    what went on beside it weighed in; ``evidence`` holds further numbers and short words, ready for
    JSON: ``for`` and ``against`` say what was weighed, ``confidence_alone`` what the check alone said.
    """

    id: str
    check: str
    stream: str
    start_s: float
    end_s: float | None
    state: EventState
    value: float
    unit: str
    confidence: float
    evidence: Mapping[str, float | int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suppressed:
    """An event that is told, and of which nothing follows; ``kind`` says by what: ``planned``, ``waived``."""

    event: DefectEvent
    kind: str
    reason: str


class Cause(StrEnum):
    """What probably lies behind an incident (CHECKS: probable causes)."""

    SIGNAL_LOSS = "signal_loss"
    PICTURE_LOSS = "picture_loss"
    AUDIO_LOSS = "audio_loss"
    SOURCE_STALL = "source_stall"
    ENCODER_FREEZE = "encoder_freeze"
    BITSTREAM_CORRUPTION = "bitstream_corruption"
    COMPRESSION = "compression"
    AUDIO_DISTORTION = "audio_distortion"
    LOUDNESS_VIOLATION = "loudness_violation"
    SYNC_ERROR = "sync_error"
    PACKAGING = "packaging"
    TRANSPORT = "transport"
    PLANNED_CONTENT = "planned_content"
    PHOTOSENSITIVITY = "photosensitivity"
    COMPLIANCE = "compliance"
    UNKNOWN = "unknown"


class CoverageStatus(StrEnum):
    """What can be said of one check on one stream. Silence is never taken for health."""

    CLEAN = "clean"
    FAILED = "failed"
    NOT_ASSESSABLE = "not_assessable"


@dataclass(frozen=True, slots=True)
class Coverage:
    """Whether a check could look, and what it saw; ``stream`` is ``*`` for the input as a whole."""

    check: str
    stream: str
    status: CoverageStatus
    reason: str | None = None
    start_s: float = 0.0
    end_s: float | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """What happened together, as one thing, with a probable cause and the reasons for it.

    ``id`` is a stable fingerprint: the same input and defect give the same id on every run.
    ``reasons`` are sentences that name the evidence; ``next_likely`` says what would have to be
    seen for the next likely cause.
    """

    id: str
    input: str
    cause: Cause
    events: tuple[DefectEvent, ...]
    start_s: float
    end_s: float | None
    state: EventState
    reasons: tuple[str, ...] = ()
    next_likely: str = ""


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """One elementary stream: ``id`` is ``v:0``, ``a:1``; absent facts are None."""

    id: str
    codec: str
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None
    pixel_format: str | None = None
    channels: int | None = None
    channel_layout: str | None = None
    sample_rate_hz: int | None = None
    language: str | None = None
    start_s: float | None = None
    duration_s: float | None = None

    @property
    def is_video(self) -> bool:
        """Whether the id is that of a video stream."""
        return self.id.startswith("v:")


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What the container declares; ``duration_s`` is None where it declares none."""

    format: str
    duration_s: float | None
    streams: tuple[StreamInfo, ...]
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loudness:
    """Programme loudness of one audio stream (EBU R128, Tech 3342, BS.1770-4 annex 2)."""

    stream: str
    integrated_lufs: float | None
    range_lu: float | None
    true_peak_dbtp: float | None


@dataclass(frozen=True, slots=True)
class Signal:
    """One measured column, thinned for a plot: the lowest and highest value of each bucket.

    ``time_s``, ``low`` and ``high`` have one shape, (n,); a bucket runs to the next one's time.
    """

    stream: str
    column: str
    unit: str
    time_s: NDArray[np.float64]
    low: NDArray[np.float32]
    high: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Threshold:
    """Where a check draws its line on a column: bad ``above`` it or bad ``below`` it."""

    check: str
    column: str
    level: float
    bad: str


@dataclass(frozen=True, slots=True)
class Timing:
    """What a scan cost; ``realtime_factor`` is media seconds per wall second."""

    wall_s: float
    cpu_s: float
    realtime_factor: float
    triage_s: float = 0.0


class Mode(StrEnum):
    """How closely pictures are looked at: all of them, or key frames and what is odd around them."""

    FULL = "full"
    PATROL = "patrol"


class ScanStatus(StrEnum):
    """Whether an input could be assessed at all."""

    OK = "ok"
    NOT_ASSESSABLE = "not_assessable"


@dataclass(frozen=True, slots=True)
class ScanResult:
    """Everything that one scan of one input found out. ``url`` is free of credentials."""

    url: str
    status: ScanStatus
    error: str | None = None
    media: MediaInfo | None = None
    events: tuple[DefectEvent, ...] = ()
    incidents: tuple[Incident, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    loudness: tuple[Loudness, ...] = ()
    signals: tuple[Signal, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    timing: Timing | None = None
    covered_s: float = 0.0
    interrupted: bool = False
    mode: Mode = Mode.FULL


def fingerprint(*parts: object) -> str:
    """A short stable id (16 hexadecimal digits) of what is given, in its order."""
    text = "\x1f".join(str(part) for part in parts)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]
