"""Pictures shown again where the shot's own cadence has none: stutter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Evidence, Finding
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]

FEW_FLASHES = 2
"""Transitions within a second: one flash."""


class DuplicateFramesSettings(CheckSettings):
    """Half a second: one late picture is seen by nobody."""

    min_s: float = Field(0.5, ge=0, le=3600, description="how long it must be bad to be a defect")
    recover_s: float = Field(0.45, ge=0, le=3600, description="good time that ends a defect")
    merge_s: float = Field(0.45, ge=0, le=3600, description="good time that is bridged before it is one")
    excess: float = Field(
        0.08, ge=0, le=1, description="share of repeats above one and a half times the shot's own"
    )
    caught_up_excess: float = Field(
        0.04, ge=0, le=1, description="the same for repeats after which the picture goes twice as far"
    )
    least: int = Field(3, ge=1, le=1000, description="repeats that make a defect")


def _lanes(table: Table, settings: DuplicateFramesSettings) -> Sequence[Lane]:
    excess = table["repeat_excess"]
    # No cadence of content catches up: there the next picture goes as far as any.
    least = np.where(table["repeat"] > 1, settings.caught_up_excess, settings.excess)
    # Between the flashes of a strobe the light comes and goes, and what the camera does is not seen.
    steady = table["flash_count"] <= FEW_FLASHES
    bad = (table["repeat"] > 0) & (excess >= least) & steady
    return [Lane(table["judged_s"], table["judged_end_s"], bad, {"excess": excess})]


def _describe(span: Span, settings: DuplicateFramesSettings) -> Finding | None:
    if span.rows < settings.least:
        return None
    # More repeats, more certain: four pictures in ten are no chance of coding.
    confidence = min(0.95, 0.6 + 0.02 * span.rows + 0.4 * max(span.high["excess"], 0.0))
    evidence: Evidence = {
        "repeats": span.rows,
        "a_second": round(span.rows / max(span.duration_s, 0.1), 2),
        "excess_share": round(span.high["excess"], 3),
    }
    return Finding(span.rows, confidence, evidence)


CHECK = Check(
    id="duplicate_frames",
    title="Repeated pictures",
    unit="pictures",
    needs=("video",),
    settings=DuplicateFramesSettings,
    reads=(Kind.PICTURES,),
    lanes=_lanes,
    describe=_describe,
)
