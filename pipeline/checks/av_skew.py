"""Sound and picture that start, end or run apart, by their time stamps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field

from pipeline.checks.contract import (
    Check,
    CheckSettings,
    Conclusion,
    Finding,
    NotAssessable,
    Programme,
    StreamTotals,
)

__all__ = ["CHECK"]


class AvSkewSettings(CheckSettings):
    """ITU-R BT.1359: sound may lead by 45 ms and lag by 125 ms.

    Ends are cut by hand more often than they are out of sync: they have a tolerance of their own.
    """

    lead_s: float = Field(0.045, ge=0, le=60, description="how far sound may be ahead")
    lag_s: float = Field(0.125, ge=0, le=60, description="how far sound may be behind")
    end_s: float = Field(0.5, ge=0, le=3600, description="how far apart the tracks may end")


def _conclude(programme: Programme, settings: AvSkewSettings) -> Sequence[Conclusion | NotAssessable]:
    videos = [t for t in programme.streams if t.info.is_video and t.rows]
    sounds = [t for t in programme.streams if not t.info.is_video and t.rows]
    if not videos or not sounds:
        return [NotAssessable("*", "needs both picture and sound")]
    found = [c for sound in sounds for c in _compare(videos[0], sound, programme.complete, settings)]
    return found


def _compare(
    video: StreamTotals, sound: StreamTotals, complete: bool, settings: AvSkewSettings
) -> Iterator[Conclusion]:
    if video.first_s is None or video.end_s is None or sound.first_s is None or sound.end_s is None:
        return
    stream = sound.info.id
    start_s = sound.first_s - video.first_s
    if start_s < -settings.lead_s or start_s > settings.lag_s:
        first, last = sorted((video.first_s, sound.first_s))
        yield Conclusion(stream, first, last, _finding(start_s, "tracks start apart"), "start")
    end_s = sound.end_s - video.end_s
    if complete and abs(end_s) > settings.end_s:
        first, last = sorted((video.end_s, sound.end_s))
        yield Conclusion(stream, first, last, _finding(end_s, "tracks end apart"), "end")


def _finding(offset_s: float, kind: str) -> Finding:
    who = "sound is behind" if offset_s > 0 else "sound is ahead"
    return Finding(offset_s, 0.9, {"kind": kind, "direction": who})


CHECK = Check(
    id="av_skew",
    title="Sound and picture apart",
    unit="s",
    needs=("media",),
    settings=AvSkewSettings,
    conclude=_conclude,
)
