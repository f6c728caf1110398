"""Luma or chroma outside the legal range, or colours that no legal RGB makes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Evidence, Finding
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]


class LevelsSettings(CheckSettings):
    """EBU R103: luma in -1..103 %, R, G and B in -5..105 %, with 1 % of the picture let off."""

    min_s: float = Field(1.0, ge=0, le=3600, description="how long it must be bad to be a defect")
    recover_s: float = Field(1.0, ge=0, le=3600, description="good time that ends a defect")
    merge_s: float = Field(0.5, ge=0, le=3600, description="good time that is bridged before it is one")
    luma_share: float = Field(0.01, gt=0, le=1, description="share of luma outside its legal range")
    chroma_share: float = Field(0.01, gt=0, le=1, description="share of chroma outside its legal range")
    gamut_share: float = Field(0.01, gt=0, le=1, description="share in colours outside legal RGB")


def _lanes(table: Table, settings: LevelsSettings) -> Sequence[Lane]:
    low, high = table["luma_low_share"], table["luma_high_share"]
    chroma, gamut = table["chroma_illegal_share"], table["gamut_share"]
    # What damaged blocks and flashes show is no matter of levels: it comes and goes with them.
    explained = (table["damage_share"] > 0) | (table["flash_count"] > 0)
    gamut = np.where(explained, 0.0, gamut)
    bad = low + high >= settings.luma_share
    bad |= (chroma >= settings.chroma_share) | (gamut >= settings.gamut_share)
    # A lost signal is often an illegal colour: that is for the black and solid colour checks to say.
    lost = (table["flat_share"] >= 0.98) | (table["dark_share"] >= 0.98)
    worst = np.maximum(low + high, np.maximum(chroma, gamut))
    facts = {"low": low, "high": high, "chroma": chroma, "gamut": gamut, "worst": worst}
    return [Lane(table.start_s, table.end_s, bad & ~lost, facts)]


def _describe(span: Span, settings: LevelsSettings) -> Finding:
    low, high = span.mean["low"], span.mean["high"]
    if low + high < settings.luma_share:
        kind = "chroma" if span.mean["chroma"] >= settings.chroma_share else "colours outside RGB"
    elif min(low, high) >= 0.2 * max(low, high):
        kind = "luma below black and above white: full range taken for limited?"
    else:
        kind = "luma below black" if low > high else "luma above white"
    evidence: Evidence = {
        "kind": kind,
        "below_black_share": round(low, 4),
        "above_white_share": round(high, 4),
        "chroma_share": round(span.mean["chroma"], 4),
        "gamut_share": round(span.mean["gamut"], 4),
    }
    return Finding(span.mean["worst"], min(0.95, 0.7 + 5 * span.mean["worst"]), evidence)


CHECK = Check(
    id="levels",
    title="Levels outside the legal range",
    unit="share",
    needs=("video",),
    settings=LevelsSettings,
    reads=(Kind.PICTURES,),
    lanes=_lanes,
    describe=_describe,
)
