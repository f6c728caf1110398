"""All channels silent."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Evidence, Finding, Line, decibels
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]

DIGITAL_ZERO_DB = -110.0


class SilenceSettings(CheckSettings):
    """FFmpeg's silencedetect: -60 dB for 2 s."""

    min_s: float = Field(2.0, ge=0, le=3600, description="how long it must be bad to be a defect")
    level_dbfs: float = Field(-60.0, ge=-120, le=0, description="RMS of every channel is below this")


def _lanes(table: Table, settings: SilenceSettings) -> Sequence[Lane]:
    level = decibels(table["rms"].max(axis=1))
    return [Lane(table.start_s, table.end_s, level < settings.level_dbfs, {"level_dbfs": level})]


def _describe(span: Span, settings: SilenceSettings) -> Finding:
    level = span.mean["level_dbfs"]
    digital = span.high["level_dbfs"] <= DIGITAL_ZERO_DB
    evidence: Evidence = {
        "loudest_dbfs": round(span.high["level_dbfs"], 1),
        "kind": "digital silence" if digital else "near silence",
    }
    return Finding(level, 0.98 if digital else 0.9, evidence)


CHECK = Check(
    id="silence",
    title="Silence",
    unit="dBFS",
    needs=("audio",),
    settings=SilenceSettings,
    reads=(Kind.SOUNDS,),
    lanes=_lanes,
    describe=_describe,
    lines=(Line("level_dbfs", lambda s: float(s.level_dbfs), "below"),),
)
