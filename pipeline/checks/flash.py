"""Flashes that can harm people with photosensitive epilepsy: a screening, not a certificate."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Evidence, Finding
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]

OFTEN = 4
"""Transitions a second: two flashes."""


class FlashSettings(CheckSettings):
    """ITU-R BT.1702 and WCAG 2.2; what makes a transition is part of the measurement."""

    recover_s: float = Field(1.0, ge=1, le=3600, description="good time that ends a defect")
    flashes: int = Field(3, ge=1, le=60, description="flashes within a second that are still allowed")
    red_flashes: int = Field(3, ge=1, le=60, description="the same of flashes of saturated red")
    extended: bool = Field(True, description="whether two or three flashes a second, for long, are told")
    extended_s: float = Field(
        4.0, gt=0, le=5, description="time within 5 s with two or three flashes a second that is too long"
    )


def _lanes(table: Table, settings: FlashSettings) -> Sequence[Lane]:
    light, red = table["flash_count"], table["red_count"]
    done, red_done = table["flash_area"] > 0, table["red_area"] > 0
    # A row that completes a transition speaks for all of them: it is bad since the first.
    since = table.start_s - table["flash_age_s"]
    long = (table["flash_long_s"] >= settings.extended_s - 1e-6) & (light >= OFTEN) & settings.extended
    return [
        Lane(
            since,
            table.end_s,
            done & (light > 2 * settings.flashes),
            {"count": light, "area": table["flash_area"]},
            name="luminance",
        ),
        Lane(
            table.start_s - table["red_age_s"],
            table.end_s,
            red_done & (red > 2 * settings.red_flashes),
            {"count": red, "area": table["red_area"]},
            name="red",
        ),
        Lane(
            table.start_s - table["flash_long_age_s"],
            table.end_s,
            done & long,
            {"count": light, "area": table["flash_area"]},
            name="extended",
        ),
    ]


def _describe(span: Span, settings: FlashSettings) -> Finding:
    rate_hz = span.high["count"] / 2
    evidence: Evidence = {
        "kind": span.name,
        "flashes_in_a_second": rate_hz,
        "area_share": round(span.mean["area"], 3),
        "screening": "not a certificate",
    }
    if span.name == "extended":
        return Finding(rate_hz, 0.6, evidence)
    return Finding(rate_hz, min(0.95, 0.75 + 0.1 * span.mean["area"] + 0.02 * rate_hz), evidence)


CHECK = Check(
    id="flash",
    title="Harmful flashes",
    unit="flashes/s",
    needs=("video",),
    settings=FlashSettings,
    reads=(Kind.PICTURES,),
    lanes=_lanes,
    describe=_describe,
)
