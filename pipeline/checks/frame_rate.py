"""A rate that is not the one declared, or that varies where one is declared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Evidence, Finding
from pipeline.hold import Lane, Span
from pipeline.model import StreamInfo
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]

HIGHEST_HZ = 240.0
"""Above this a declared rate is a time base that was taken for one."""

ROUND_HZ = 0.002
"""A rate that somebody declared is a whole number, or one of 1000/1001; a mean over the file is not."""

HALF_MS = 0.0005


class FrameRateSettings(CheckSettings):
    """Two seconds of uneven steps, five of another rate: a hole or a burst is another check's matter."""

    min_s: float = Field(2.0, ge=0, le=3600, description="how long it must be bad to be a defect")
    recover_s: float = Field(2.0, ge=0, le=3600, description="good time that ends a defect")
    merge_s: float = Field(1.0, ge=0, le=3600, description="good time that is bridged before it is one")
    off_share: float = Field(0.01, gt=0, le=1, description="how far off the declared rate is accepted")
    steady_share: float = Field(0.8, ge=0, le=1, description="share of steps near the usual one")
    off_s: float = Field(5.0, ge=0, le=3600, description="how long another rate must go on")


def _unfit(stream: StreamInfo) -> str | None:
    rate = stream.frame_rate
    return None if rate and rate <= HIGHEST_HZ else "the container declares no rate"


def _looks_declared(rate_hz: float) -> bool:
    """Whether a rate was declared: the mean of an MP4 with one hole is another number."""
    return min(abs(near - round(near)) for near in (rate_hz, 1.001 * rate_hz)) <= ROUND_HZ


def _lanes(table: Table, settings: FrameRateSettings) -> Sequence[Lane]:
    rate = table.stream.frame_rate
    if rate is None or rate > HIGHEST_HZ:
        return []
    mean_s, steady = table["mean_step_s"], table["steady_share"]
    known = np.isfinite(mean_s)
    measured = 1.0 / np.where(known, mean_s, 1.0 / rate)
    # Of the first few pictures nothing is known: their share is 0.
    varies = (steady < settings.steady_share) & (known | (steady > 0))
    # A rate that was guessed from stamps in whole milliseconds is as rough as they are.
    rough_s = HALF_MS if abs(1000 / rate - round(1000 / rate)) < 1e-3 else 0.0
    far = np.abs(1.0 / measured - 1.0 / rate) > max(settings.off_share / rate, rough_s)
    off = known & ~varies & far & _looks_declared(rate)
    facts = {
        "measured_hz": measured,
        "declared_hz": np.full(len(table), rate),
        "steady_share": steady,
        "known": known.astype(np.float64),
    }
    start_s, end_s = table.start_s, table.end_s
    return [
        Lane(start_s, end_s, varies, facts, name="varies"),
        Lane(start_s, end_s, off, facts, name="off"),
    ]


def _describe(span: Span, settings: FrameRateSettings) -> Finding | None:
    if span.name == "varies" and span.low["known"] == 0:
        # It has varied from the first pictures on: that is how it was made.
        return None
    if span.name == "off" and span.duration_s < settings.off_s:
        return None
    evidence: Evidence = {
        "kind": "the rate varies" if span.name == "varies" else "another rate than declared",
        "declared_hz": round(span.mean["declared_hz"], 3),
        "measured_hz": round(span.mean["measured_hz"], 3),
        "steady_share": round(span.mean["steady_share"], 3),
    }
    # Phones and screen recorders vary on purpose; a wrong rate is no choice.
    return Finding(span.mean["measured_hz"], 0.6 if span.name == "varies" else 0.9, evidence)


CHECK = Check(
    id="frame_rate",
    title="Frame rate not as declared",
    unit="Hz",
    needs=("video",),
    settings=FrameRateSettings,
    reads=(Kind.PICTURES,),
    lanes=_lanes,
    describe=_describe,
    unfit=_unfit,
)
