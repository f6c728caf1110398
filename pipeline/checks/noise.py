"""Snow over the whole picture, or grain that comes up at once within a shot."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Evidence, Finding
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]

SNOW, GRAIN = "snow", "grain"


class NoiseSettings(CheckSettings):
    """Grain that is there from the beginning of a shot is content: only what comes up within it counts."""

    min_s: float = Field(1.0, ge=0, le=3600, description="how long it must be bad to be a defect")
    recover_s: float = Field(0.5, ge=0, le=3600, description="good time that ends a defect")
    merge_s: float = Field(0.2, ge=0, le=3600, description="good time that is bridged before it is one")
    snow_share: float = Field(0.7, gt=0, le=1, description="share of the picture that is snow")
    rise: float = Field(0.8, gt=0, le=128, description="levels by which the floor of the noise has risen")


def _lanes(table: Table, settings: NoiseSettings) -> Sequence[Lane]:
    snow, rise = table["snow_share"], table["grain_rise"]
    snowing = snow >= settings.snow_share
    times = table.start_s, table.end_s
    facts = {"snow": snow, "rise": rise, "before": table["grain_before"]}
    return [
        Lane(*times, snowing, facts, name=SNOW),
        Lane(*times, (rise >= settings.rise) & ~snowing, facts, name=GRAIN),
    ]


def _describe(span: Span, settings: NoiseSettings) -> Finding:
    if span.name == SNOW:
        snow = span.mean["snow"]
        return Finding(snow, 0.95, {"kind": "snow", "snow_share": round(snow, 4)})
    rise, before = span.mean["rise"], span.mean["before"]
    evidence: Evidence = {
        "kind": "grain came up within a shot",
        "rise_levels": round(rise, 2),
        "before_levels": round(before, 2),
    }
    return Finding(rise, min(0.95, 0.6 + 0.1 * rise), evidence)


CHECK = Check(
    id="noise",
    title="Noise",
    unit="levels, or share of snow",
    needs=("video",),
    settings=NoiseSettings,
    reads=(Kind.PICTURES,),
    lanes=_lanes,
    describe=_describe,
)
