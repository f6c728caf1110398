"""Hum of the mains: steady lines at 50 or 60 Hz and their harmonics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Finding, decibels
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]


class HumSettings(CheckSettings):
    """Lines that stand still for 2 s, at least 15 dB over what is beside them."""

    min_s: float = Field(2.0, ge=0, le=3600, description="how long it must be bad to be a defect")
    recover_s: float = Field(5.0, ge=0, le=3600, description="good time that ends a defect")
    merge_s: float = Field(1.0, ge=0, le=3600, description="good time that is bridged before it is one")
    level_dbfs: float = Field(-60.0, ge=-120, le=0, description="RMS of all lines together is above this")
    lines: int = Field(2, ge=1, le=6, description="lines needed, of the first six harmonics")


def _lanes(table: Table, settings: HumSettings) -> Sequence[Lane]:
    level = decibels(table["hum"])
    found = (table["hum_lines"] >= settings.lines) & (level > settings.level_dbfs)
    most = np.where(found, level, -np.inf).argmax(axis=1)
    rows = np.arange(len(most))
    names = {"level_dbfs": level, **{name: table[name] for name in ("hum_hz", "hum_lines", "hum_over_db")}}
    facts = {name: values[rows, most] for name, values in names.items()}
    return [Lane(table.start_s, table.end_s, np.any(found, axis=1), facts)]


def _describe(span: Span, settings: HumSettings) -> Finding:
    evidence = {
        "mains_hz": round(span.mean["hum_hz"], 2),
        "lines": round(span.high["hum_lines"]),
        "over_db": round(span.high["hum_over_db"], 1),
    }
    return Finding(span.mean["level_dbfs"], min(0.95, 0.5 + 0.1 * span.mean["hum_lines"]), evidence)


CHECK = Check(
    id="hum",
    title="Hum",
    unit="dBFS",
    needs=("audio",),
    settings=HumSettings,
    reads=(Kind.SOUNDS,),
    lanes=_lanes,
    describe=_describe,
)
