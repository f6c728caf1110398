"""A constant offset of the samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Finding
from pipeline.checks.layouts import channel_names
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]


class DcOffsetSettings(CheckSettings):
    """One part in a hundred takes headroom, and is heard as a thump wherever the sound is cut."""

    min_s: float = Field(2.0, ge=0, le=3600, description="how long it must be bad to be a defect")
    recover_s: float = Field(2.0, ge=0, le=3600, description="good time that ends a defect")
    merge_s: float = Field(1.0, ge=0, le=3600, description="good time that is bridged before it is one")
    offset: float = Field(0.01, gt=0, le=1, description="mean over 1 s is beyond this share of full scale")
    level_share: float = Field(
        0.03, ge=0, le=1, description="and this share of the level: clipped sound has some of its own"
    )


def _lanes(table: Table, settings: DcOffsetSettings) -> Sequence[Lane]:
    offset, mean = table["offset"], table["mean"]
    bad = np.abs(offset) > np.maximum(settings.offset, settings.level_share * table["rms"])
    names = channel_names(table.stream.channel_layout, offset.shape[1])
    return [
        Lane(table.start_s, table.end_s, bad[:, n], {"mean": mean[:, n]}, name=name)
        for n, name in enumerate(names)
    ]


def _describe(span: Span, settings: DcOffsetSettings) -> Finding | None:
    value = span.mean["mean"]
    if abs(value) <= settings.offset:
        return None
    evidence = {"channel": span.name, "offset_dbfs": round(20 * np.log10(max(abs(value), 1e-6)), 1)}
    return Finding(value, 0.95, evidence)


CHECK = Check(
    id="dc_offset",
    title="DC offset",
    unit="full scale",
    needs=("audio",),
    settings=DcOffsetSettings,
    reads=(Kind.SOUNDS,),
    lanes=_lanes,
    describe=_describe,
)
