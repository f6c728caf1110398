"""A stream whose channels, layout or sample rate change half-way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.checks.contract import Check, CheckSettings, Evidence, Finding
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]


class AudioChangeSettings(CheckSettings):
    """Each change is one defect, at the first sample of what is new."""


def _lanes(table: Table, settings: AudioChangeSettings) -> Sequence[Lane]:
    facts = {
        "channels": np.full(len(table), table["rms"].shape[1]),
        **{name: table[name] for name in ("was_channels", "rate_hz", "was_rate_hz")},
    }
    return [Lane(table.start_s, table.end_s, table["changed"].astype(bool), facts)]


def _describe(span: Span, settings: AudioChangeSettings) -> Finding:
    channels, was_channels = round(span.high["channels"]), round(span.high["was_channels"])
    rate_hz, was_rate_hz = round(span.high["rate_hz"]), round(span.high["was_rate_hz"])
    names = {"channels": channels != was_channels, "sample rate": rate_hz != was_rate_hz}
    kind = " and ".join(name for name, differs in names.items() if differs) or "layout"
    evidence: Evidence = {
        "kind": kind,
        "channels": channels,
        "channels_before": was_channels,
        "rate_hz": rate_hz,
        "rate_before_hz": was_rate_hz,
    }
    return Finding(float(channels), 0.97, evidence)


CHECK = Check(
    id="audio_change",
    title="Change of the sound's layout",
    unit="channels",
    needs=("audio",),
    settings=AudioChangeSettings,
    reads=(Kind.SOUNDS,),
    lanes=_lanes,
    describe=_describe,
)
