"""A track that is declared and yields nothing, or that the profile expects and is not there."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Conclusion, Finding, NotAssessable, Programme

__all__ = ["CHECK"]


class MissingTrackSettings(CheckSettings):
    """What must be there besides what the container declares."""

    video_tracks: int = Field(0, ge=0, le=64, description="video tracks that must be there")
    audio_tracks: int = Field(0, ge=0, le=64, description="audio tracks that must be there")


def _conclude(programme: Programme, settings: MissingTrackSettings) -> Sequence[Conclusion | NotAssessable]:
    found: list[Conclusion | NotAssessable] = []
    for totals in programme.streams:
        if totals.rows == 0 and not programme.complete:
            found.append(NotAssessable("*", "the scan was stopped before the end of the programme"))
        elif totals.rows == 0:
            kind = "picture" if totals.info.is_video else "sound"
            evidence = {"kind": f"declared, but no {kind} could be decoded", "codec": totals.info.codec}
            found.append(Conclusion(totals.info.id, 0.0, programme.end_s, Finding(1.0, 0.98, evidence)))
    for kind, wanted in (("v", settings.video_tracks), ("a", settings.audio_tracks)):
        have = sum(totals.info.id.startswith(kind) for totals in programme.streams)
        for missing in range(have, wanted):
            evidence = {"kind": "expected by the profile, not in the container"}
            stream = f"{kind}:{missing}"
            found.append(Conclusion(stream, 0.0, programme.end_s, Finding(1.0, 0.99, evidence)))
    return found


CHECK = Check(
    id="missing_track",
    title="Missing track",
    unit="tracks",
    needs=("media",),
    settings=MissingTrackSettings,
    conclude=_conclude,
)
