"""True peak above the limit."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Finding, Line, decibels
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]


class TruePeakSettings(CheckSettings):
    """EBU R128: -1 dBTP; ATSC A/85: -2 dBTP; measured as BS.1770-4, annex 2."""

    recover_s: float = Field(1.0, ge=0, le=3600, description="good time that ends a defect")
    # Below -3 dBTP the measurement knows only what raises the programme's maximum.
    limit_dbtp: float = Field(-1.0, ge=-3, le=20, description="highest true peak that is allowed")


def _lanes(table: Table, settings: TruePeakSettings) -> Sequence[Lane]:
    peak = decibels(table["true_peak"].max(axis=1))
    return [Lane(table.start_s, table.end_s, peak > settings.limit_dbtp, {"peak_dbtp": peak})]


def _describe(span: Span, settings: TruePeakSettings) -> Finding:
    evidence = {"over_db": round(span.high["peak_dbtp"] - settings.limit_dbtp, 2), "windows": span.rows}
    return Finding(span.high["peak_dbtp"], 0.99, evidence)


CHECK = Check(
    id="true_peak",
    title="True peak",
    unit="dBTP",
    needs=("audio",),
    settings=TruePeakSettings,
    reads=(Kind.SOUNDS,),
    lanes=_lanes,
    describe=_describe,
    lines=(Line("peak_dbtp", lambda s: float(s.limit_dbtp), "above"),),
)
