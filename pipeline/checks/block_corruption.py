"""Blocks that are torn out of the picture: what lost and damaged packets leave on the screen.

A block is torn when a step stands at its edge that the picture before did not have and that neither the
texture on both sides nor the movement of the whole picture explains. What the decoder marks as damaged
is taken at its word where anything moves, for concealment leaves no steps.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Evidence, Finding, Line
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]


class BlockCorruptionSettings(CheckSettings):
    """One picture is enough: damage is seen at once, and stands until the next key frame."""

    recover_s: float = Field(0.5, ge=0, le=3600, description="good time that ends a defect")
    damage_share: float = Field(
        0.008, gt=0, le=1, description="share of the picture's 16 x 16 blocks that are damaged"
    )


def _lanes(table: Table, settings: BlockCorruptionSettings) -> Sequence[Lane]:
    damage = table["damage_share"]
    facts = {
        "damage": damage,
        "torn": table["torn_share"],
        "marked": table["corrupt"].astype(np.float64),
    }
    return [Lane(table.start_s, table.end_s, damage >= settings.damage_share, facts)]


def _describe(span: Span, settings: BlockCorruptionSettings) -> Finding:
    damage, torn = span.high["damage"], span.high["torn"]
    marked = span.high["marked"] > 0
    seen = torn >= settings.damage_share
    # Steps alone may be drawn by content; a mark alone may be of damage that nobody sees.
    confidence = 0.95 if marked and seen else 0.6 if marked else min(0.9, 0.6 + 5 * torn)
    evidence: Evidence = {
        "torn_share": round(torn, 4),
        "marked_by_decoder": "yes" if marked else "no",
        "pictures": span.rows,
    }
    return Finding(damage, confidence, evidence)


CHECK = Check(
    id="block_corruption",
    title="Broken blocks",
    unit="damaged share",
    needs=("video",),
    settings=BlockCorruptionSettings,
    reads=(Kind.PICTURES,),
    lanes=_lanes,
    describe=_describe,
    lines=(Line("damage_share", lambda s: float(s.damage_share), "above"),),
)
"""The lane holds what stands since the last key frame, so a defect ends where the picture is drawn anew."""
