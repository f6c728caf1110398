"""Runs of samples at full scale."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Finding
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]


REFERENCE_HZ = 48_000


class ClippingSettings(CheckSettings):
    """Flat tops: some samples in a row at the largest value that the format holds."""

    recover_s: float = Field(1.0, ge=0, le=3600, description="good time that ends a defect")
    run_samples: int = Field(3, ge=1, le=10000, description="samples in a row at full scale, at 48 kHz")
    windows: int = Field(3, ge=1, le=10000, description="windows of 10 ms with such a run")


def _lanes(table: Table, settings: ClippingSettings) -> Sequence[Lane]:
    run = table["clip_run"].max(axis=1)
    rate_hz = table.stream.sample_rate_hz or REFERENCE_HZ
    # A flat top lasts a time, not a number of samples; one sample is a peak and no top.
    needed = max(2, min(settings.run_samples, math.ceil(settings.run_samples * rate_hz / REFERENCE_HZ)))
    flat = run >= needed
    # Coding bends the flat tops: what is over full scale near some that are left belongs to them.
    return [Lane(table.start_s, table.end_s, run > 0, {"flat": flat * 1.0, "run": run * flat})]


def _describe(span: Span, settings: ClippingSettings) -> Finding | None:
    windows = round(span.mean["flat"] * span.rows)
    if windows < settings.windows:
        return None
    evidence = {"windows": windows, "mean_run_samples": round(span.mean["run"] * span.rows / windows, 1)}
    return Finding(span.high["run"], min(0.99, 0.7 + 0.02 * windows), evidence)


CHECK = Check(
    id="clipping",
    title="Clipping",
    unit="samples",
    needs=("audio",),
    settings=ClippingSettings,
    reads=(Kind.SOUNDS,),
    lanes=_lanes,
    describe=_describe,
)
