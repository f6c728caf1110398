"""Colour bars and test cards: yellow, cyan, green, magenta, red and blue, side by side in that order."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Evidence, Finding, Line
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]

CARD_SHARE = 0.25
"""With less of the height than this the bars are part of a test card."""
FULL_SHARE = 0.85


class ColorBarsSettings(CheckSettings):
    """SMPTE (EG 1, RP 219) and EBU bars, at 75 % or 100 %."""

    min_s: float = Field(1.0, ge=0, le=3600, description="how long it must be bad to be a defect")
    bars_share: float = Field(0.08, gt=0, le=1, description="share of the height that shows the bars")


def _lanes(table: Table, settings: ColorBarsSettings) -> Sequence[Lane]:
    share = table["bars_share"]
    facts = {"share": share, "level": table["bars_level"]}
    return [Lane(table.start_s, table.end_s, share >= settings.bars_share, facts)]


def _describe(span: Span, settings: ColorBarsSettings) -> Finding:
    share = span.mean["share"]
    kind = (
        "test card" if share < CARD_SHARE else "bars over the whole height" if share >= FULL_SHARE else "bars"
    )
    evidence: Evidence = {"kind": kind, "level_percent": 100 if span.mean["level"] > 87.5 else 75}
    return Finding(share, 0.8 if share < CARD_SHARE else 0.97, evidence)


CHECK = Check(
    id="color_bars",
    title="Colour bars",
    unit="share",
    needs=("video",),
    settings=ColorBarsSettings,
    reads=(Kind.PICTURES,),
    lanes=_lanes,
    describe=_describe,
    lines=(Line("bars_share", lambda s: float(s.bars_share), "above"),),
)
