"""A still card: words or a logo on a plain ground, or credits on black."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Evidence, Finding, Line
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]

REDRAWN_LEVEL = 8.0
"""Mean change, in levels, of a key frame that shows the same still."""
PAGE_LEVEL = 180.0
"""On a ground as light as this it may as well be a page of a presentation."""


class SlateSettings(CheckSettings):
    """Luma of few levels, and no movement but that of a clock."""

    min_s: float = Field(3.0, ge=0, le=3600, description="how long it must be bad to be a defect")
    merge_s: float = Field(0.1, ge=0, le=3600, description="good time that is bridged before it is one")
    recover_s: float = Field(0.1, ge=0, le=3600, description="good time that ends a defect")
    entropy: float = Field(0.28, gt=0, le=1, description="most entropy of luma, as a share of 8 bits")
    moved_share: float = Field(0.08, ge=0, le=1, description="share of the picture that may move at once")
    moved_mean: float = Field(
        0.02, ge=0, le=1, description="and on average: a clock ticks, and a presenter never stands still"
    )
    credits_share: float = Field(
        0.9, gt=0, le=1, description="share of black ground and text on it that makes credits"
    )
    text_share: float = Field(0.01, gt=0, le=1, description="least share of text in credits")


def _lanes(table: Table, settings: SlateSettings) -> Sequence[Lane]:
    black, text = table["black_block_share"], table["text_share"]
    # Black, with a logo or without, one colour and bars have checks of their own.
    # Thin words on black leave it dark; so do lamps at night, which move.
    words = (text >= settings.text_share) & (table["moved_share"] <= 0.01)
    dark = (table["dark_share"] >= 0.98) & ~words
    empty = dark | (table["flat_share"] >= 0.98)
    logo = (table["lit_box_share"] <= 0.06) & (black >= 0.85)
    other = empty | logo | (table["bars_share"] > 0)
    still = table["moved_share"] <= settings.moved_share
    still |= table["key_frame"] & (table["change_mean"] < REDRAWN_LEVEL)
    card = still & (table["luma_entropy"] <= settings.entropy)
    roll = (black + text >= settings.credits_share) & (text >= settings.text_share) & (black >= 0.4)
    facts = {
        "entropy": table["luma_entropy"],
        "ground": table["colour_y"],
        "black": black,
        "roll": (roll & ~still).astype(float),
        "moved": table["moved_share"],
    }
    return [Lane(table.start_s - table["step_s"] * still, table.end_s, (card | roll) & ~other, facts)]


def _describe(span: Span, settings: SlateSettings) -> Finding | None:
    entropy, ground = span.mean["entropy"], span.mean["ground"]
    rolling = span.mean["roll"] > 0.2
    if span.mean["moved"] > settings.moved_mean and not rolling:
        return None
    page = ground >= PAGE_LEVEL and not rolling
    confidence = 0.95 - 0.5 * max(entropy - 0.15, 0.0) - (0.2 if page else 0.0) - (0.1 if rolling else 0.0)
    kind = "credits on black" if rolling else "page or card on a light ground" if page else "card"
    evidence: Evidence = {
        "kind": kind,
        "luma_entropy": round(entropy, 3),
        "ground_luma": round(ground, 1),
        "moved_share": round(span.mean["moved"], 4),
    }
    return Finding(entropy, min(max(confidence, 0.3), 0.95), evidence)


CHECK = Check(
    id="slate",
    title="Slate",
    unit="entropy",
    needs=("video",),
    settings=SlateSettings,
    reads=(Kind.PICTURES,),
    lanes=_lanes,
    describe=_describe,
    lines=(Line("luma_entropy", lambda s: float(s.entropy), "below"),),
)
