"""Fields where whole pictures are declared, or fields in the wrong order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Evidence, Finding
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]

COMBED, ORDER = "combed", "order"
TELECINE_RATE_HZ = (28.5, 31.0)
TELECINE_SHARE = (0.35, 0.7)
"""Of pictures at 24 a second that are spread over fields of 30, two in five are of two times, and the
order of fields shows in three."""
LEAST_DENSITY = 0.3
"""Fewer of a span's pictures than this are chance, not fields."""


class InterlaceSettings(CheckSettings):
    """Only what moves can say; the score is 0 where both fields are of one time."""

    min_s: float = Field(1.0, ge=0, le=3600, description="how long it must be bad to be a defect")
    recover_s: float = Field(1.0, ge=0, le=3600, description="good time that ends a defect")
    merge_s: float = Field(0.5, ge=0, le=3600, description="good time that is bridged before it is one")
    comb_share: float = Field(0.3, gt=0, le=1, description="share of the moving blocks that is combed")
    order_score: float = Field(0.12, gt=0, le=1, description="how clear the order of the fields must be")
    blocks: int = Field(12, ge=1, le=100000, description="moving blocks that it takes to see the order")


def _lanes(table: Table, settings: InterlaceSettings) -> Sequence[Lane]:
    score, declared = table["order_score"], table["declared_order"]
    seen = table["order_blocks"] >= settings.blocks
    ordered = seen & (np.abs(score) >= settings.order_score)
    combed = (table["comb_share"] >= settings.comb_share) & seen
    facts = {
        "score": score,
        "size": np.abs(score),
        "comb": table["comb_share"],
        "period_s": table.end_s - table.start_s,
    }
    whole = table["interlaced"] == 0
    wrong = seen & (score * declared <= -settings.order_score)
    return [
        Lane(table.start_s, table.end_s, whole & (combed | ordered), facts, name=COMBED),
        Lane(table.start_s, table.end_s, wrong, facts, name=ORDER),
    ]


def _describe(span: Span, settings: InterlaceSettings) -> Finding | None:
    density = span.rows * span.mean["period_s"] / span.duration_s if span.duration_s else 1.0
    score, comb = span.mean["score"], span.mean["comb"]
    # The sign of chance changes from picture to picture; that of fields does not.
    steady = abs(score) >= 0.7 * span.mean["size"]
    if density < LEAST_DENSITY or not (steady or comb >= settings.comb_share):
        return None
    first = ("top" if score > 0 else "bottom") if steady else "unclear"
    evidence: Evidence = {
        "kind": "wrong order of fields" if span.name == ORDER else _combed(span, density),
        "first_field": first,
        "combed_share": round(comb, 4),
        "order_score": round(score, 4),
        "picture_share": round(min(density, 1.0), 3),
    }
    return Finding(max(abs(score), comb), min(0.97, 0.5 + 0.3 * density + max(abs(score), comb)), evidence)


def _combed(span: Span, density: float) -> str:
    rate_hz = 1.0 / span.mean["period_s"] if span.mean["period_s"] else 0.0
    low, high = TELECINE_RATE_HZ
    pulled = low <= rate_hz <= high and TELECINE_SHARE[0] <= density <= TELECINE_SHARE[1]
    return "telecine" if pulled else "fields in a progressive stream"


CHECK = Check(
    id="interlace",
    title="Combing or wrong field order",
    unit="share",
    needs=("video",),
    settings=InterlaceSettings,
    reads=(Kind.PICTURES,),
    lanes=_lanes,
    describe=_describe,
)
