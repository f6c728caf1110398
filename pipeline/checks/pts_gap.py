"""Holes in the time stamps."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Finding
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]


class PtsGapSettings(CheckSettings):
    """A hole is a step far above the rate that the stream has kept; a variable rate has none."""

    video_s: float = Field(0.2, gt=0, le=3600, description="longest hole between pictures")
    audio_s: float = Field(0.1, gt=0, le=3600, description="longest hole between samples")
    steady_share: float = Field(0.8, ge=0, le=1, description="share of steps near the typical one")


def _lanes(table: Table, settings: PtsGapSettings) -> Sequence[Lane]:
    if table.kind is Kind.SOUNDS:
        gap = table["gap_s"]
        return [Lane(table.start_s - gap, table.start_s, gap > settings.audio_s, {"gap_s": gap})]
    typical, step = table["typical_step_s"], table["step_s"]
    gap = step - typical
    bad = (gap > settings.video_s) & (step > 3 * typical) & (table["steady_share"] >= settings.steady_share)
    return [Lane(table.start_s - gap, table.start_s, bad, {"gap_s": gap})]


def _describe(span: Span, settings: PtsGapSettings) -> Finding:
    return Finding(span.high["gap_s"], 0.97, {"missing_s": round(span.high["gap_s"], 3)})


CHECK = Check(
    id="pts_gap",
    title="Gap in time stamps",
    unit="s",
    needs=("video", "audio"),
    settings=PtsGapSettings,
    reads=(Kind.PICTURES, Kind.SOUNDS),
    lanes=_lanes,
    describe=_describe,
)
