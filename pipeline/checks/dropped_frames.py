"""Pictures that are missing: holes in even time stamps, or jumps of even motion."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Evidence, Finding
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]

HALF = 0.5
ROUNDING_S = 1e-6


class DroppedFramesSettings(CheckSettings):
    """Half a second of it, or several pictures lost at once, which the stamps alone can prove."""

    min_s: float = Field(0.0, ge=0, le=3600, description="how long it must be bad to be a defect")
    recover_s: float = Field(0.45, ge=0, le=3600, description="good time that ends a defect")
    merge_s: float = Field(0.45, ge=0, le=3600, description="good time that is bridged before it is one")
    excess: float = Field(
        0.04, ge=0, le=1, description="share of jumps above one and a half times the shot's own"
    )
    hole_excess: float = Field(
        0.03, ge=0, le=1, description="share of holes above one and a half times the shot's own"
    )
    least: int = Field(3, ge=1, le=1000, description="jumps or holes that make a defect")
    lasting_s: float = Field(0.5, ge=0, le=3600, description="how long jumps or small holes must go on")
    lost: int = Field(3, ge=1, le=1000, description="pictures lost in one hole that are a defect alone")
    gap_s: float = Field(0.2, gt=0, le=3600, description="holes above this are gaps in the time stamps")


def _lanes(table: Table, settings: DroppedFramesSettings) -> Sequence[Lane]:
    start_s, end_s = table["judged_s"], table["judged_end_s"]
    hole, jump = table["hole"], table["jump"]
    large = (hole >= settings.lost - HALF) & (table["hole_excess"] > 0)
    # What ``pts_gap`` tells of is not told twice.
    gap = (hole > 2) & (table["hole_s"] > settings.gap_s + ROUNDING_S)
    holes = (((hole > 0) & (table["hole_excess"] >= settings.hole_excess)) | large) & ~gap
    jumps = (jump > 0) & (hole == 0) & (table["jump_excess"] >= settings.excess)
    # What is lost lies before the picture that is there.
    since_s = start_s - table["hole_s"]
    return [
        Lane(since_s, end_s, holes, {"size": hole}, name="stamps"),
        Lane(start_s, end_s, jumps, {"size": jump}, name="motion"),
    ]


def _describe(span: Span, settings: DroppedFramesSettings) -> Finding | None:
    lasting = span.rows >= settings.least and span.duration_s >= settings.lasting_s
    by_stamps = span.name == "stamps"
    if not lasting and not (by_stamps and span.high["size"] >= settings.lost - HALF):
        return None
    evidence: Evidence = {
        "kind": "holes in the time stamps" if by_stamps else "jumps of motion",
        "places": span.rows,
        "largest": round(span.high["size"], 2),
    }
    confidence = 0.9 if by_stamps else min(0.85, 0.5 + 0.04 * span.rows)
    return Finding(span.rows, confidence, evidence)


CHECK = Check(
    id="dropped_frames",
    title="Missing pictures",
    unit="places",
    needs=("video",),
    settings=DroppedFramesSettings,
    reads=(Kind.PICTURES,),
    lanes=_lanes,
    describe=_describe,
)
