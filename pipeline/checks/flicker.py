"""The light of the whole picture swings, again and again, by less than a flash: a lamp, an exposure."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Evidence, Finding
from pipeline.hold import Lane, Span
from pipeline.model import StreamInfo
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]

LEAST_SAMPLES = 64 * 64
"""In a smaller picture whatever moves changes all of it."""


class FlickerSettings(CheckSettings):
    """A swing is from one turn of the light to the next; two of them are a cycle."""

    min_s: float = Field(1.0, ge=0, le=3600, description="how long it must be bad to be a defect")
    merge_s: float = Field(0.6, ge=0.5, le=3600, description="good time that is bridged before it is one")
    rate_hz: float = Field(2.0, ge=1, le=100, description="cycles a second that are flicker")
    swing: float = Field(1.0, ge=0.75, le=36, description="least swing, in levels of luma")


def _unfit(stream: StreamInfo) -> str | None:
    samples = (stream.width or 0) * (stream.height or 0)
    return "the picture is too small to flicker as a whole" if 0 < samples < LEAST_SAMPLES else None


def _lanes(table: Table, settings: FlickerSettings) -> Sequence[Lane]:
    if _unfit(table.stream):
        return []
    swing, turns = table["flicker_swing"], table["flicker_count"]
    bad = (swing >= settings.swing) & (turns >= 2 * settings.rate_hz)
    # A turn that makes it flicker speaks for those before it, back to the first.
    since = table.start_s - table["flicker_age_s"]
    return [Lane(since, table.end_s, bad, {"swing": swing, "turns": turns})]


def _describe(span: Span, settings: FlickerSettings) -> Finding:
    swing, rate_hz = span.mean["swing"], span.high["turns"] / 2
    # What a lamp does is the same again and again.
    even = span.low["swing"] / span.high["swing"]
    evidence: Evidence = {
        "swing_levels": round(swing, 2),
        "largest_swing_levels": round(span.high["swing"], 2),
        "rate_hz": round(rate_hz, 1),
    }
    return Finding(swing, min(0.95, 0.6 + 0.3 * even + 0.01 * min(swing, 5.0)), evidence)


CHECK = Check(
    id="flicker",
    title="Flicker",
    unit="levels",
    needs=("video",),
    settings=FlickerSettings,
    reads=(Kind.PICTURES,),
    lanes=_lanes,
    describe=_describe,
    unfit=_unfit,
)
