"""The coding grid seen all over the picture: too few bits, not lost ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Evidence, Finding, Line
from pipeline.hold import Lane, Span
from pipeline.series.seams import SEEN_LEVEL
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]


class BlockinessSettings(CheckSettings):
    """Seams at one column of the grid, on average over half a second, and for a while."""

    min_s: float = Field(2.0, ge=0, le=3600, description="how long it must be bad to be a defect")
    recover_s: float = Field(1.0, ge=0, le=3600, description="good time that ends a defect")
    merge_s: float = Field(0.5, ge=0, le=3600, description="good time that is bridged before it is one")
    seam_level: float = Field(
        0.055, gt=0, le=255, description="levels by which seams stand over the steps beside them, on average"
    )


GRID, NEAR, EDGE_LEVEL = 8, 2.0, 12.0
"""The edge of a bar is measured to two samples. It counts by 6 levels at the most, and by twice that where
half of the picture is plain."""


def _from_bars(table: Table) -> NDArray[np.float64]:
    """What the edges of bars at the sides may add to ``seam_level``, (n,), where they lie on the grid."""
    width = table.stream.width or 0
    edges = np.zeros(len(table))
    for name in ("border_left", "border_right"):
        bar = np.nan_to_num(np.asarray(table[name], np.float64))
        # The grid begins at the left; of the right bar it is the way from there that counts.
        at = bar if name == "border_left" else width - bar
        # A bar of a few samples is a dark edge of the picture.
        edges += (bar > GRID / 2) & (np.abs(at - GRID * np.round(at / GRID)) <= NEAR)
    return edges * EDGE_LEVEL * GRID / max(width, GRID)


def _lanes(table: Table, settings: BlockinessSettings) -> Sequence[Lane]:
    rise, level = table["seam_rise"], table["seam_level"]
    # Colour bars are drawn on the grid: their edges are seams that no coder made.
    bad = (level >= settings.seam_level + _from_bars(table)) & (rise >= SEEN_LEVEL)
    bad &= table["bars_share"] == 0
    # A picture that stands is one sample, however long: that is for the freeze check to say.
    bad &= table["moved_share"] > 0
    facts = {"level": level, "rise": rise, "at": table["seam_at"]}
    # The mean is high some pictures late: those before that showed the grid belong to it.
    return [Lane(table.start_s - table["seam_age_s"], table.end_s, bad, facts)]


def _describe(span: Span, settings: BlockinessSettings) -> Finding:
    rise = span.mean["rise"]
    confidence = min(0.95, 0.4 + 0.2 * span.high["level"] / settings.seam_level)
    evidence: Evidence = {
        "highest_level": round(span.high["level"], 2),
        "grid": "moves" if span.high["at"] > span.low["at"] else f"begins at {span.low['at']:.0f}",
        "pictures": span.rows,
    }
    return Finding(rise, confidence, evidence)


CHECK = Check(
    id="blockiness",
    title="Compression blocks",
    unit="levels",
    needs=("video",),
    settings=BlockinessSettings,
    reads=(Kind.PICTURES,),
    lanes=_lanes,
    describe=_describe,
    lines=(Line("seam_level", lambda s: float(s.seam_level), "above"),),
)
