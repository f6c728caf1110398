"""A picture that turned soft within its shot, or that no camera would leave so soft."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Evidence, Finding, Line
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]

LOST_EDGES = 0.92
"""Edges lose height with sharpness: where they keep it, it is other detail that came."""


class BlurSettings(CheckSettings):
    """What a shot begins with is its own; only what it loses at once is a fault."""

    min_s: float = Field(2.0, ge=0, le=3600, description="how long it must be bad to be a defect")
    recover_s: float = Field(0.5, ge=0, le=3600, description="good time that ends a defect")
    merge_s: float = Field(0.2, ge=0, le=3600, description="good time that is bridged before it is one")
    sharp_part: float = Field(
        0.68, gt=0, le=1, description="sharpness, as a part of what the shot had before it fell"
    )
    soft_ratio: float = Field(
        0.8, gt=0, le=4, description="and second over first differences at the richest blocks"
    )
    floor_ratio: float = Field(
        0.25, ge=0, le=4, description="or that ratio alone, whatever the shot was before"
    )


def _lanes(table: Table, settings: BlurSettings) -> Sequence[Lane]:
    ratio, part = table["bend_ratio"], table["sharp_part"]
    fell = (part <= settings.sharp_part) & (table["edge_part"] <= LOST_EDGES)
    fell &= ratio <= settings.soft_ratio
    soft = (ratio > 0) & (ratio <= settings.floor_ratio)
    facts = {"ratio": ratio, "part": np.minimum(part, 1.0), "fell": fell.astype(np.float64)}
    return [Lane(table.start_s, table.end_s, fell | soft, facts)]


def _describe(span: Span, settings: BlurSettings) -> Finding:
    part, fell = span.mean["part"], span.mean["fell"] >= 0.5
    confidence = min(0.95, 0.6 + (settings.sharp_part - part)) if fell else 0.4
    evidence: Evidence = {
        "kind": "softer than its shot was" if fell else "soft all through",
        "bend_ratio": round(span.mean["ratio"], 3),
        "pictures": span.rows,
    }
    return Finding(part, confidence, evidence)


CHECK = Check(
    id="blur",
    title="Blurred picture",
    unit="of the shot's sharpness",
    needs=("video",),
    settings=BlurSettings,
    reads=(Kind.PICTURES,),
    lanes=_lanes,
    describe=_describe,
    lines=(Line("sharp_part", lambda s: float(s.sharp_part), "below"),),
)
