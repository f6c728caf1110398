"""Breaks of a few milliseconds or one sample within a programme, and buffers that are played again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Evidence, Finding
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]


class DropoutSettings(CheckSettings):
    """Holes with hard edges, steps in the wave, repetitions; breaks that follow closely are one defect."""

    recover_s: float = Field(0.2, ge=0, le=3600, description="good time that ends a defect")
    hole_ms: float = Field(1.0, ge=1, le=250, description="shortest hole")
    click: float = Field(
        24.0,
        gt=0,
        le=1e6,
        description="how far a sample stands out: so many times, at a tenth of full scale",
    )
    repeat: float = Field(
        55.0,
        ge=30,
        le=1e6,
        description="how much more alike a buffer is to the one before than what is beside it",
    )


def _lanes(table: Table, settings: DropoutSettings) -> Sequence[Lane]:
    hole, starts = table["hole"].max(axis=1), table["hole_starts"].max(axis=1)
    repeat = table["repeat"].max(axis=1) >= settings.repeat
    # The edges of a hole are no clicks, and those of a repetition are its own.
    click = (table["click"] * (table["hole"] == 0)).max(axis=1) >= settings.click
    facts = {
        "hole_ms": hole,
        "holes": starts,
        "clicks": (click & ~repeat) * 1.0,
        "repeats": repeat * 1.0,
        "buffer_ms": np.where(repeat, table["repeat_ms"].max(axis=1), 0.0),
    }
    return [Lane(table.start_s, table.end_s, (hole > 0) | click | repeat, facts)]


def _describe(span: Span, settings: DropoutSettings) -> Finding | None:
    holes, clicks = (round(span.mean[name] * span.rows) for name in ("holes", "clicks"))
    gap_ms = span.mean["hole_ms"] * span.rows
    if span.high["repeats"]:
        again: Evidence = {
            "kind": "repeated buffer",
            "buffer_ms": round(span.high["buffer_ms"], 1),
            "holes": holes,
            "clicks": clicks,
        }
        return Finding(1 + holes + clicks, 0.85, again)
    if not clicks and gap_ms < settings.hole_ms:
        return None
    kind = "hole and click" if holes and clicks else "hole" if holes else "click"
    evidence: Evidence = {"kind": kind, "holes": holes, "clicks": clicks, "gap_ms": round(gap_ms, 1)}
    return Finding(max(holes, 1) if not clicks else holes + clicks, 0.9 if holes else 0.8, evidence)


CHECK = Check(
    id="dropout",
    title="Dropout",
    unit="breaks",
    needs=("audio",),
    settings=DropoutSettings,
    reads=(Kind.SOUNDS,),
    lanes=_lanes,
    describe=_describe,
)
