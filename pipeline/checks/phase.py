"""Two channels of a pair against each other: out of phase, or the same where stereo is declared."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Evidence, Finding, decibels
from pipeline.checks.layouts import channel_names, lone_channel
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]

PAIRS = frozenset({("FL", "FR"), ("BL", "BR"), ("SL", "SR"), ("TFL", "TFR"), ("TBL", "TBR")})
FRONT = ("FL", "FR")
DUAL_MONO = "dual mono"


class PhaseSettings(CheckSettings):
    """Out of phase cancels in mono; dual mono is minor, for a voice alone is often just that."""

    min_s: float = Field(2.0, ge=0, le=3600, description="how long it must be bad to be a defect")
    recover_s: float = Field(10.0, ge=0, le=3600, description="good time that ends a defect")
    merge_s: float = Field(10.0, ge=0, le=3600, description="good time that is bridged before it is one")
    correlation: float = Field(-0.7, ge=-1, le=0, description="correlation over 0.5 s is below this")
    level_dbfs: float = Field(-50.0, ge=-120, le=0, description="RMS of both channels is above this")
    dual_mono_s: float = Field(60.0, ge=0, le=86400, description="how long both may be the same")
    apart_db: float = Field(-50.0, ge=-90, le=0, description="the same: their difference is below this")


def _lanes(table: Table, settings: PhaseSettings) -> Sequence[Lane]:
    count = table["rms"].shape[1]
    names = channel_names(table.stream.channel_layout, count)
    lanes = []
    for n, pair in enumerate(pairwise(names)):
        if pair in PAIRS:
            lanes.append(_against(table, settings, n, " and ".join(pair)))
        if pair == FRONT:
            lanes.append(_same(table, settings, n))
    return lanes


def _levels(table: Table, n: int) -> NDArray[np.float64]:
    return np.asarray(table["rms"][:, n : n + 2], np.float64)


def _against(table: Table, settings: PhaseSettings, n: int, name: str) -> Lane:
    left, right = _levels(table, n).T
    product = np.maximum(left * right, 1e-12)
    own = np.clip((left**2 + right**2 - table["apart"][:, n] ** 2.0) / (2 * product), -1.0, 1.0)
    loud = decibels(np.minimum(left, right)) > settings.level_dbfs
    around = table["correlation"][:, n] < settings.correlation
    # Half a second says that it is out of phase, the window itself says from when to when.
    bad = loud & around & (own < settings.correlation / 2)
    return Lane(table.start_s, table.end_s, bad, {"correlation": own}, breaks=loud & ~around, name=name)


def _same(table: Table, settings: PhaseSettings, n: int) -> Lane:
    levels = _levels(table, n).max(axis=1)
    apart = decibels(table["apart"][:, n]) - decibels(levels)
    loud = decibels(levels) > settings.level_dbfs
    alike = loud & (apart < settings.apart_db)
    return Lane(table.start_s, table.end_s, alike, {"apart": apart}, breaks=loud & ~alike, name=DUAL_MONO)


def _describe(span: Span, settings: PhaseSettings) -> Finding | None:
    if span.name == DUAL_MONO:
        if span.duration_s < settings.dual_mono_s:
            return None
        return Finding(1.0, 0.5, {"kind": DUAL_MONO, "apart_db": round(span.mean["apart"], 1)})
    value = span.mean["correlation"]
    evidence: Evidence = {
        "kind": "out of phase",
        "channels": span.name,
        "lowest": round(span.low["correlation"], 2),
    }
    return Finding(value, round(min(0.98, 0.6 + 0.4 * abs(value)), 3), evidence)


CHECK = Check(
    id="phase",
    title="Phase",
    unit="correlation",
    needs=("audio",),
    settings=PhaseSettings,
    reads=(Kind.SOUNDS,),
    lanes=_lanes,
    describe=_describe,
    unfit=lone_channel,
)
