"""What the container and the decoder say: damage, and time that runs back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Finding
from pipeline.hold import Lane, Span
from pipeline.model import FaultKind
from pipeline.series.table import Kind, Table

__all__ = ["CORRUPT_FRAME", "DECODE_ERROR", "PTS_BACKWARD"]


class FaultSettings(CheckSettings):
    """Faults that come in a row are one defect."""

    recover_s: float = Field(1.0, ge=0, le=3600, description="good time that ends a defect")


def _lane(table: Table, *kinds: FaultKind, name: str = "") -> Lane:
    bad = np.isin(table["kind"], [str(kind) for kind in kinds])
    return Lane(table.start_s, table.end_s, bad, name=name)


def _decode_lanes(table: Table, settings: FaultSettings) -> Sequence[Lane]:
    return [_lane(table, FaultKind.DECODE_ERROR, FaultKind.DEMUX_ERROR)]


def _backward_lanes(table: Table, settings: FaultSettings) -> Sequence[Lane]:
    return [_lane(table, FaultKind.PTS_BACKWARD)]


def _corrupt_lanes(table: Table, settings: FaultSettings) -> Sequence[Lane]:
    # Faults come at once and pictures by the table: in one lane they would be out of order.
    if table.kind is Kind.FAULTS:
        return [_lane(table, FaultKind.CORRUPT_FRAME, name="container")]
    return [Lane(table.start_s, table.end_s, table["corrupt"])]


def _count(span: Span, settings: FaultSettings) -> Finding:
    return Finding(float(span.rows), 0.98, {"count": span.rows})


def _count_frames(span: Span, settings: FaultSettings) -> Finding:
    told_by = span.name or "decoder"
    return Finding(float(span.rows), 0.98, {"count": span.rows, "told_by": told_by})


DECODE_ERROR = Check(
    id="decode_error",
    title="Decoding errors",
    unit="errors",
    needs=("media",),
    settings=FaultSettings,
    reads=(Kind.FAULTS,),
    lanes=_decode_lanes,
    describe=_count,
)

CORRUPT_FRAME = Check(
    id="corrupt_frame",
    title="Corrupt frames",
    unit="frames",
    needs=("media",),
    settings=FaultSettings,
    reads=(Kind.FAULTS, Kind.PICTURES),
    lanes=_corrupt_lanes,
    describe=_count_frames,
)

PTS_BACKWARD = Check(
    id="pts_backward",
    title="Time stamps running back",
    unit="stamps",
    needs=("media",),
    settings=FaultSettings,
    reads=(Kind.FAULTS,),
    lanes=_backward_lanes,
    describe=_count,
)
