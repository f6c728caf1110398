"""What a check is: columns in, lanes of bad rows out, and words for what was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from pipeline.hold import Lane, Span
from pipeline.model import Loudness, MediaInfo, StreamInfo
from pipeline.series.table import Kind, Table

__all__ = [
    "Check",
    "CheckSettings",
    "Conclusion",
    "Evidence",
    "Finding",
    "Line",
    "NotAssessable",
    "Onsets",
    "Programme",
    "StreamTotals",
    "decibels",
]

Evidence = dict[str, float | int | str]
"""Further numbers and short words, ready for JSON."""

SILENCE_DB = -120.0


class CheckSettings(BaseModel):
    """What every check can be told; a profile's table of the check's name."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    enabled: bool = Field(default=True, description="whether the check is made at all")
    min_s: float = Field(default=0.0, ge=0, le=3600, description="how long it must be bad to be a defect")
    recover_s: float = Field(default=0.0, ge=0, le=3600, description="good time that ends a defect")
    merge_s: float = Field(
        default=0.0, ge=0, le=3600, description="good time that is bridged before it is one"
    )


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check says of a span: its figure in the check's unit, confidence 0..1, evidence."""

    value: float
    confidence: float
    evidence: Mapping[str, float | int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conclusion:
    """A finding about the programme as a whole, with its own interval and stream."""

    stream: str
    start_s: float
    end_s: float
    finding: Finding
    name: str = ""


@dataclass(frozen=True, slots=True)
class StreamTotals:
    """One stream at the end of a scan; times are None and rows 0 where nothing was decoded."""

    info: StreamInfo
    rows: int
    first_s: float | None
    end_s: float | None
    samples_s: float = 0.0
    loudness: Loudness | None = None


@dataclass(frozen=True, slots=True)
class Onsets:
    """Times (s, rising) at which something sudden is seen or heard in a stream; bounded in number.

    ``kind`` says what: a ``rise`` of sound, a ``jolt`` or a ``strike`` of the picture; ``strength``, how
    far each stands out of what is usual. Empty, all are alike.
    """

    stream: str
    at_s: tuple[float, ...]
    kind: str
    strength: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Programme:
    """Everything that can only be said at the end; ``complete`` is False for a scan that was stopped.

    ``onsets`` are added by whoever decides, from the tables: they are not kept beside a series.
    """

    media: MediaInfo
    streams: tuple[StreamTotals, ...]
    end_s: float
    complete: bool = True
    onsets: tuple[Onsets, ...] = ()


@dataclass(frozen=True, slots=True)
class NotAssessable:
    """Why a check can say nothing of a stream."""

    stream: str
    reason: str


@dataclass(frozen=True, slots=True)
class Line:
    """Where the check draws its line on a column, for plots: bad above it, or bad below it."""

    column: str
    level: Callable[[Any], float]
    bad: str


@dataclass(frozen=True, slots=True)
class Check:
    """One entry of the catalogue.

    A check either reads tables (``lanes`` and ``describe``, its time kept by ``Hold``) or concludes
    at the end (``conclude``). ``needs`` names what must be there: ``video``, ``audio`` or ``media``.
    ``unfit`` says why a stream cannot be judged, if it cannot.
    """

    id: str
    title: str
    unit: str
    needs: tuple[str, ...]
    settings: type[CheckSettings]
    reads: tuple[Kind, ...] = ()
    lanes: Callable[[Table, Any], Sequence[Lane]] | None = None
    describe: Callable[[Span, Any], Finding | None] | None = None
    conclude: Callable[[Programme, Any], Sequence[Conclusion | NotAssessable]] | None = None
    unfit: Callable[[StreamInfo], str | None] | None = None
    lines: tuple[Line, ...] = ()


def decibels(linear: NDArray[np.floating]) -> NDArray[np.float64]:
    """Linear full scale to dBFS, nothing below -120."""
    return 20 * np.log10(np.maximum(np.asarray(linear, np.float64), 10 ** (SILENCE_DB / 20)))
