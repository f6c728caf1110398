"""Programme loudness off its target, and short stretches above a limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field

from pipeline.checks.contract import (
    Check,
    CheckSettings,
    Conclusion,
    Evidence,
    Finding,
    Line,
    NotAssessable,
    Programme,
)
from pipeline.hold import Lane, Span
from pipeline.series.table import Kind, Table

__all__ = ["CHECK"]


class LoudnessSettings(CheckSettings):
    """EBU R128: -23 LUFS +-0.5 (live +-1); ATSC A/85: -24 LKFS +-2; BS.1770-4 gating.

    The default only asks whether the programme is far from anything that is broadcast.
    """

    target_lufs: float = Field(-23.0, ge=-70, le=0, description="programme loudness wanted")
    tolerance_lu: float = Field(10.0, gt=0, le=40, description="how far off is accepted")
    least_s: float = Field(3.0, ge=0.4, le=3600, description="shorter programmes are not judged")
    max_short_term_lufs: float = Field(
        0.0, ge=-70, le=0, description="most over 3 s; 0 for no limit (R128 s1: -18)"
    )
    max_momentary_lufs: float = Field(0.0, ge=-70, le=0, description="most over 0.4 s; 0 for no limit")


WINDOWS = (
    ("short-term", "short_term_lufs", "max_short_term_lufs"),
    ("momentary", "momentary_lufs", "max_momentary_lufs"),
)
"""Lane, column, and the setting that is its limit (EBU Tech 3341: over 3 s and over 0.4 s)."""


def _lanes(table: Table, settings: LoudnessSettings) -> Sequence[Lane]:
    return [
        Lane(
            table.start_s,
            table.end_s,
            table[column] > getattr(settings, limit),
            {"level": table[column]},
            name=name,
        )
        for name, column, limit in WINDOWS
        if getattr(settings, limit) < 0
    ]


def _describe(span: Span, settings: LoudnessSettings) -> Finding:
    limit = {name: float(getattr(settings, setting)) for name, _, setting in WINDOWS}[span.name]
    highest = span.high["level"]
    evidence: Evidence = {
        "kind": f"{span.name} loudness",
        "limit_lufs": limit,
        "over_lu": round(highest - limit, 1),
    }
    return Finding(highest, 0.99, evidence)


def _conclude(programme: Programme, settings: LoudnessSettings) -> Sequence[Conclusion | NotAssessable]:
    return list(_each(programme, settings))


def _each(programme: Programme, settings: LoudnessSettings) -> Iterator[Conclusion | NotAssessable]:
    for totals in programme.streams:
        stream = totals.info.id
        if totals.info.is_video or not totals.rows:
            continue
        level = totals.loudness.integrated_lufs if totals.loudness else None
        if not programme.complete:
            yield NotAssessable(stream, "the scan was stopped before the end of the programme")
        elif totals.samples_s < settings.least_s:
            yield NotAssessable(stream, f"the programme is shorter than {settings.least_s:g} s")
        elif level is None:
            yield NotAssessable(stream, "nothing rises above the gate of -70 LUFS")
        elif abs(level - settings.target_lufs) > settings.tolerance_lu:
            evidence = {
                "target_lufs": settings.target_lufs,
                "tolerance_lu": settings.tolerance_lu,
                "off_lu": round(level - settings.target_lufs, 1),
            }
            finding = Finding(level, 0.99, evidence)
            yield Conclusion(stream, totals.first_s or 0.0, totals.end_s or 0.0, finding)


CHECK = Check(
    id="loudness",
    title="Programme loudness",
    unit="LUFS",
    needs=("audio",),
    settings=LoudnessSettings,
    reads=(Kind.LOUDNESS,),
    lanes=_lanes,
    describe=_describe,
    conclude=_conclude,
    lines=(
        Line("short_term_lufs", lambda s: float(s.target_lufs + s.tolerance_lu), "above"),
        Line("short_term_lufs", lambda s: float(s.target_lufs - s.tolerance_lu), "below"),
    ),
)
