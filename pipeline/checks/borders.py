"""Black bars at the edges: letterbox, pillarbox, both; and when they come, go or change."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Evidence, Finding
from pipeline.hold import Lane, Span
from pipeline.series.borders import SIDES
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]


class BordersSettings(CheckSettings):
    """FFmpeg's cropdetect, with a memory for scenes that are too dark to tell."""

    min_s: float = Field(5.0, ge=0, le=3600, description="how long it must be bad to be a defect")
    least_share: float = Field(
        0.02, gt=0, lt=0.5, description="share of the height or width from which on a bar is one"
    )
    letterbox: bool = Field(True, description="whether bars at top and bottom alone are a defect")
    pillarbox: bool = Field(True, description="whether bars at left and right alone are a defect")
    one_side: bool = Field(True, description="whether a bar without one opposite is a defect")
    accept_first: bool = Field(
        False, description="whether the bars with which the stream begins are accepted: then others are told"
    )


def _lanes(table: Table, settings: BordersSettings) -> Sequence[Lane]:
    sizes = {side: np.nan_to_num(np.asarray(table[f"border_{side}"], np.float64)) for side in SIDES}
    height, width = table.stream.height or 0, table.stream.width or 0
    least = {side: settings.least_share * (height if side in ("top", "bottom") else width) for side in SIDES}
    there = {side: sizes[side] >= max(least[side], 1.0) for side in SIDES}
    across, down = there["top"] & there["bottom"], there["left"] & there["right"]
    single = (there["top"] ^ there["bottom"]) | (there["left"] ^ there["right"])
    # An edge that was never seen is not a missing bar.
    known = np.isfinite(sum(table[f"border_{side}"] for side in SIDES))
    told = (table["border_moved"] > 0) | (not settings.accept_first)
    kinds = {
        "windowbox": across & down,
        "letterbox": across & ~down & settings.letterbox,
        "pillarbox": down & ~across & settings.pillarbox,
        "one side": single & known & ~(across | down) & settings.one_side,
    }
    facts = {
        **sizes,
        "moved": table["border_moved"],
        "height": np.full(len(table), height),
        "width": np.full(len(table), width),
    }
    return [Lane(table.start_s, table.end_s, bad & told, facts, name=kind) for kind, bad in kinds.items()]


def _describe(span: Span, settings: BordersSettings) -> Finding:
    top, bottom, left, right = (round(span.mean[side]) for side in SIDES)
    height, width = round(span.mean["height"]), round(span.mean["width"])
    evidence: Evidence = {"kind": span.name, "top": top, "bottom": bottom, "left": left, "right": right}
    covered = 0.0
    if height and width:
        active_x, active_y = max(width - left - right, 0), max(height - top - bottom, 0)
        evidence["active"] = f"{active_x}x{active_y}+{left}+{top}"
        covered = 1.0 - active_x * active_y / (height * width)
    evidence["since_the_start"] = "yes" if span.high["moved"] == 0 else "no"
    varies = any(span.high[side] - span.low[side] > 0.5 for side in SIDES)
    evidence["size"] = "changes" if varies else "stays"
    return Finding(covered, 0.6 if span.name == "one side" else 0.9, evidence)


CHECK = Check(
    id="borders",
    title="Black borders",
    unit="share",
    needs=("video",),
    settings=BordersSettings,
    reads=(Kind.PICTURES,),
    lanes=_lanes,
    describe=_describe,
)
