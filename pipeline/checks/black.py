"""Black pictures, with a logo or without; a dark scene with a tint is not black."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Evidence, Finding, Line
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]


class BlackSettings(CheckSettings):
    """FFmpeg's blackdetect: d=2, pic_th=0.98, pix_th=0.10 (the last is part of the measurement)."""

    min_s: float = Field(2.0, ge=0, le=3600, description="how long it must be bad to be a defect")
    dark_share: float = Field(0.98, gt=0, le=1, description="share of the picture that must be dark")
    grey_share: float = Field(0.85, ge=0, le=1, description="share that must be without colour")
    logo_box_share: float = Field(0.06, ge=0, le=1, description="largest box of a logo over black")
    logo_black_share: float = Field(0.85, ge=0, le=1, description="share that must be flat black round it")


def _lanes(table: Table, settings: BlackSettings) -> Sequence[Lane]:
    dark, box = table["dark_share"], table["lit_box_share"]
    plain = dark >= settings.dark_share
    # A lamp at night also leaves a small lit box: round a logo the rest must be flat black.
    logo = (box <= settings.logo_box_share) & (table["black_block_share"] >= settings.logo_black_share)
    bad = (plain | logo) & (table["grey_share"] >= settings.grey_share)
    facts = {
        "dark_share": dark,
        "luma_mean": table["luma_mean"],
        "luma_std": table["luma_std"],
        "box": box,
        "flat": table["black_block_share"],
    }
    return [Lane(table.start_s, table.end_s, bad, facts)]


def _describe(span: Span, settings: BlackSettings) -> Finding:
    with_logo = span.mean["dark_share"] < settings.dark_share
    flat = span.mean["flat"]
    confidence = 0.85 if with_logo else 0.6 + 0.39 * flat
    evidence: Evidence = {
        "luma_mean": round(span.mean["luma_mean"], 2),
        "luma_std": round(span.mean["luma_std"], 2),
        "flat_black_share": round(flat, 4),
        "kind": "black with a logo" if with_logo else "black",
    }
    if with_logo:
        evidence["logo_box_share"] = round(span.mean["box"], 4)
    return Finding(span.mean["dark_share"], confidence, evidence)


CHECK = Check(
    id="black",
    title="Black picture",
    unit="dark share",
    needs=("video",),
    settings=BlackSettings,
    reads=(Kind.PICTURES,),
    lanes=_lanes,
    describe=_describe,
    lines=(Line("dark_share", lambda s: float(s.dark_share), "above"),),
)
