"""One channel silent while others are not; an empty LFE, centre or surround is legal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Evidence, Finding, decibels
from pipeline.checks.layouts import channel_names, lone_channel
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]


class ChannelSilenceSettings(CheckSettings):
    """A dead leg: below the silence level while the loudest other channel is well above it."""

    min_s: float = Field(5.0, ge=0, le=3600, description="how long it must be bad to be a defect")
    recover_s: float = Field(10.0, ge=0, le=3600, description="good time that ends a defect")
    merge_s: float = Field(10.0, ge=0, le=3600, description="good time that is bridged before it is one")
    level_dbfs: float = Field(-60.0, ge=-120, le=0, description="RMS of the dead channel is below this")
    other_dbfs: float = Field(-50.0, ge=-120, le=0, description="RMS of the loudest other is above this")
    ignore: tuple[str, ...] = Field(
        ("LFE", "LFE2", "FC", "BC", "BL", "BR", "SL", "SR", "TFL", "TFR", "TBL", "TBR"),
        strict=False,
        description="channels that may be empty; surrounds are, in most programmes",
    )


def _lanes(table: Table, settings: ChannelSilenceSettings) -> Sequence[Lane]:
    level = decibels(table["rms"])
    count = level.shape[1]
    names = channel_names(table.stream.channel_layout, count)
    if count < 2:
        return []
    lanes = []
    for n, name in enumerate(names):
        if name in settings.ignore:
            continue
        others = np.delete(level, n, axis=1).max(axis=1)
        silent = level[:, n] < settings.level_dbfs
        # The dead leg's own signal, not a pause of the programme, is what ends it.
        bad = silent & (others > settings.other_dbfs)
        facts = {"level_dbfs": level[:, n], "other_dbfs": others}
        lanes.append(Lane(table.start_s, table.end_s, bad, facts, breaks=~silent, name=name))
    return lanes


def _describe(span: Span, settings: ChannelSilenceSettings) -> Finding:
    evidence: Evidence = {"channel": span.name, "other_dbfs": round(span.mean["other_dbfs"], 1)}
    return Finding(span.mean["level_dbfs"], 0.95, evidence)


CHECK = Check(
    id="channel_silence",
    title="Silent channel",
    unit="dBFS",
    needs=("audio",),
    settings=ChannelSilenceSettings,
    reads=(Kind.SOUNDS,),
    lanes=_lanes,
    describe=_describe,
    unfit=lone_channel,
)
