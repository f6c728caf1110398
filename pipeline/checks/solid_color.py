"""One colour over the picture that is not black: green and grey are what failed decoders show."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Evidence, Finding, Line
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]

NAMED_COLOURS = {
    "green": (145, 54, 34),
    "bright green": (173, 42, 26),
    "grey": (126, 128, 128),
    "white": (235, 128, 128),
    "blue": (41, 240, 110),
    "red": (81, 90, 240),
    "magenta": (106, 202, 222),
    "cyan": (170, 166, 16),
    "yellow": (210, 16, 146),
}
"""Y, Cb, Cr of BT.601 in the legal range; a name is given to the nearest."""


class SolidColorSettings(CheckSettings):
    """One colour over nearly all blocks."""

    min_s: float = Field(0.5, ge=0, le=3600, description="how long it must be bad to be a defect")
    even_share: float = Field(
        0.98, gt=0, le=1, description="share of the picture in one colour, but for 2.5 levels"
    )


def _lanes(table: Table, settings: SolidColorSettings) -> Sequence[Lane]:
    # What the black check takes for black is not told twice: a dark picture without colour.
    black = (table["dark_share"] >= 0.98) & (table["grey_share"] >= 0.85)
    # Fog and snow are flat, too, but no two parts of them are quite of one colour.
    bad = (table["even_share"] >= settings.even_share) & ~black
    facts = {name: table[name] for name in ("even_share", "colour_y", "colour_u", "colour_v")}
    return [Lane(table.start_s, table.end_s, bad, facts)]


def _describe(span: Span, settings: SolidColorSettings) -> Finding:
    y, u, v = (span.mean[f"colour_{plane}"] for plane in "yuv")
    name = min(NAMED_COLOURS, key=lambda n: _distance(NAMED_COLOURS[n], (y, u, v)))
    evidence: Evidence = {"colour": name, "luma": round(y, 1), "cb": round(u, 1), "cr": round(v, 1)}
    return Finding(span.mean["even_share"], 0.95, evidence)


def _distance(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    # Lightness tells the names of colours apart less than hue does.
    weights = (0.3, 1.0, 1.0)
    return sum(w * (x - y) ** 2 for w, x, y in zip(weights, a, b, strict=True))


CHECK = Check(
    id="solid_color",
    title="Solid colour",
    unit="share",
    needs=("video",),
    settings=SolidColorSettings,
    reads=(Kind.PICTURES,),
    lanes=_lanes,
    describe=_describe,
    lines=(Line("even_share", lambda s: float(s.even_share), "above"),),
)
