"""The coding grid seen all over the picture: too few bits, not lost ones."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Evidence, Finding, Line
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]

LEAST_SHARE = 0.1
"""A step at the median block says nothing where hardly a block shows it: that is noise."""
LEAST_STEP = 0.25
"""And many blocks that show one say nothing where the median block has none: flat cards, bars, graphics."""
DRAWN_STEP = 20.0
"""Levels of the median step that no quantiser leaves: a picture drawn in squares (pixel art, text)."""


class BlockinessSettings(CheckSettings):
    """Either of the two figures is enough: flat pictures show many blocks, busy ones high steps."""

    min_s: float = Field(2.0, ge=0, le=3600, description="how long it must be bad to be a defect")
    recover_s: float = Field(1.0, ge=0, le=3600, description="good time that ends a defect")
    merge_s: float = Field(0.5, ge=0, le=3600, description="good time that is bridged before it is one")
    grid_share: float = Field(
        0.2, gt=0, le=1, description="share of the blocks, plain ones left out, whose edges stand out"
    )
    grid_step: float = Field(
        2.75, gt=0, le=255, description="or: levels by which the edges of the median block stand out"
    )


def _lanes(table: Table, settings: BlockinessSettings) -> Sequence[Lane]:
    share, step = table["grid_share"], table["grid_step"]
    seen = (share >= settings.grid_share) & (step >= LEAST_STEP)
    seen |= (step >= settings.grid_step) & (share >= LEAST_SHARE)
    facts = {"share": share, "step": step}
    return [Lane(table.start_s, table.end_s, seen & (step < DRAWN_STEP), facts)]


def _describe(span: Span, settings: BlockinessSettings) -> Finding:
    share, step = span.mean["share"], span.mean["step"]
    over = max(share / settings.grid_share, step / settings.grid_step)
    evidence: Evidence = {"grid_step": round(step, 2), "pictures": span.rows}
    return Finding(share, min(0.95, 0.4 + 0.3 * over), evidence)


CHECK = Check(
    id="blockiness",
    title="Compression blocks",
    unit="blocky share",
    needs=("video",),
    settings=BlockinessSettings,
    reads=(Kind.PICTURES,),
    lanes=_lanes,
    describe=_describe,
    lines=(Line("grid_share", lambda s: float(s.grid_share), "above"),),
)
