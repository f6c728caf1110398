"""A picture that does not move, under grain or with a clock running over it.

Three questions are asked of each picture: how much of it moved since the one before, how far it has
drifted from the picture with which the stillness began, and over how much of it anything moved since
then. A key frame that draws a still anew moves much and drifts nowhere: it is bridged. A slow pan moves
little and drifts, someone who walks through a wide scene moves little and gets about: both break the hold.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Evidence, Finding, Line, decibels
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]


REDRAWN_LEVEL = 8.0
"""Mean change, in levels, of a key frame that shows the same still; cuts change more than this."""


class FreezeSettings(CheckSettings):
    """FFmpeg's freezedetect has d=2 and n=-60 dB; grain and clocks are allowed for here."""

    min_s: float = Field(2.0, ge=0, le=3600, description="how long it must be bad to be a defect")
    recover_s: float = Field(0.1, ge=0, le=3600, description="good time that ends a defect")
    merge_s: float = Field(0.1, ge=0, le=3600, description="good time that is bridged before it is one")
    moved_share: float = Field(0.03, ge=0, le=1, description="share of the picture that may move")
    drift_share: float = Field(0.04, ge=0, le=1, description="share that may differ from the first picture")
    roamed_share: float = Field(
        0.03, ge=0, le=1, description="share over which something may have moved since then"
    )


def _lanes(table: Table, settings: FreezeSettings) -> Sequence[Lane]:
    moved, drift = table["moved_share"], table["drift_share"]
    # A flat picture has nothing that could move; the black and solid colour checks speak of it.
    flat = (table["even_share"] >= 0.98) | (table["dark_share"] >= 0.98)
    bad = (moved <= settings.moved_share) & ~flat
    change = np.nan_to_num(table["change_mean"], nan=255.0)
    facts = {"change": change, "moved_share": moved, "still": (change < 0.05).astype(np.float64)}
    # A key frame draws the whole picture again; a coarse one differs in every cell, yet only a little.
    redrawn = table["key_frame"] & (change < REDRAWN_LEVEL)
    # A clock stays where it is; what lives gets about.
    roams = table["roamed_share"] > settings.roamed_share
    breaks = ((drift > settings.drift_share) & ~redrawn) | roams | flat
    # What repeats is the picture before: the freeze is as old as that one.
    shown_since = table.start_s - table["step_s"]
    return [Lane(shown_since, table.end_s, bad, facts, breaks=breaks)]


def _describe(span: Span, settings: FreezeSettings) -> Finding:
    level_db = float(decibels(np.array([span.mean["change"] / 255.0]))[0])
    if span.mean["still"] > 0.9:
        kind, confidence = "repeated pictures", 0.95
    elif span.mean["moved_share"] > 0.002:
        kind, confidence = "still with a small moving part", 0.7
    else:
        kind, confidence = "still under grain", 0.6
    evidence: Evidence = {
        "kind": kind,
        "moved_share": round(span.mean["moved_share"], 4),
        "pictures": span.rows,
    }
    return Finding(level_db, confidence, evidence)


CHECK = Check(
    id="freeze",
    title="Frozen picture",
    unit="dB",
    needs=("video",),
    settings=FreezeSettings,
    reads=(Kind.PICTURES,),
    lanes=_lanes,
    describe=_describe,
    lines=(Line("moved_share", lambda s: float(s.moved_share), "below"),),
)
