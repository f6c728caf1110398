"""A line-up tone where programme is expected."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Finding, decibels
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]


class ToneSettings(CheckSettings):
    """One steady sine and nothing else, on any channel."""

    min_s: float = Field(2.0, ge=0, le=3600, description="how long it must be bad to be a defect")
    recover_s: float = Field(2.0, ge=0, le=3600, description="good time that ends a defect")
    merge_s: float = Field(0.5, ge=0, le=3600, description="good time that is bridged before it is one")
    frequencies_hz: tuple[float, ...] = Field(
        (1000.0,), strict=False, description="line-up tones, within 200 and 1800 Hz; add 400 or 440"
    )
    tolerance_hz: float = Field(25.0, gt=0, le=200, description="how far off it may be")
    share: float = Field(0.99, gt=0, le=1, description="energy of each window that one sine explains")
    level_dbfs: float = Field(-50.0, ge=-120, le=0, description="RMS of the tone is above this")
    steady_db: float = Field(1.5, gt=0, le=40, description="how much its level may change; notes do")


def _lanes(table: Table, settings: ToneSettings) -> Sequence[Lane]:
    level, hz = decibels(table["rms"]), table["tone_hz"]
    near = np.zeros(hz.shape, bool)
    for wanted_hz in settings.frequencies_hz:
        near |= np.abs(hz - wanted_hz) <= settings.tolerance_hz
    found = near & (table["tone_share"] >= settings.share) & (level > settings.level_dbfs)
    loudest = np.where(found, level, -np.inf).argmax(axis=1)
    rows = np.arange(len(loudest))
    loud = level[rows, loudest]
    facts = {"level_dbfs": loud, "level_squared": loud**2, "hz": hz[rows, loudest]}
    return [Lane(table.start_s, table.end_s, np.any(found, axis=1), facts)]


def _describe(span: Span, settings: ToneSettings) -> Finding | None:
    # The swing of a sine of the same spread: where a coder smears its start, a tone is louder for a moment.
    spread = max(span.mean["level_squared"] - span.mean["level_dbfs"] ** 2, 0.0)
    if np.sqrt(8 * spread) > settings.steady_db:
        return None
    evidence = {"frequency_hz": round(span.mean["hz"], 1), "level_dbfs": round(span.mean["level_dbfs"], 1)}
    return Finding(span.mean["hz"], 0.97, evidence)


CHECK = Check(
    id="tone",
    title="Line-up tone",
    unit="Hz",
    needs=("audio",),
    settings=ToneSettings,
    reads=(Kind.SOUNDS,),
    lanes=_lanes,
    describe=_describe,
)
