"""An input that ends before its container says it does."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from pipeline.checks.contract import Check, CheckSettings, Conclusion, Finding, NotAssessable, Programme

__all__ = ["CHECK"]

INDEXED = ("mov", "matroska", "avi", "wav", "flv", "mxf", "asf", "nut", "wv", "flac", "aiff")
"""Containers that state their duration; elsewhere it is guessed from the bit rate."""


class TruncatedSettings(CheckSettings):
    """Containers round; a second is no rounding."""

    missing_s: float = Field(1.0, gt=0, le=3600, description="how much may be missing at the end")


def _conclude(programme: Programme, settings: TruncatedSettings) -> Sequence[Conclusion | NotAssessable]:
    media = programme.media
    if not programme.complete:
        return [NotAssessable("*", "the scan was stopped before the end of the programme")]
    if media.duration_s is None or not media.format.startswith(INDEXED):
        return [NotAssessable("*", "the container does not state a duration of its own")]
    found: list[Conclusion | NotAssessable] = []
    for totals in programme.streams:
        info = totals.info
        if totals.end_s is None:
            continue
        if info.duration_s is not None:
            declared_s = (info.start_s or 0.0) + info.duration_s
        else:
            declared_s = media.duration_s
        missing_s = declared_s - totals.end_s
        # A stream without a duration of its own may rightly end before the longest one does.
        own = info.duration_s is not None or totals.end_s >= programme.end_s
        if own and missing_s > settings.missing_s:
            evidence = {"declared_s": round(declared_s, 3), "decoded_s": round(totals.end_s, 3)}
            finding = Finding(missing_s, 0.97, evidence)
            found.append(Conclusion(info.id, totals.end_s, declared_s, finding))
    return found


CHECK = Check(
    id="truncated",
    title="Truncated input",
    unit="s",
    needs=("media",),
    settings=TruncatedSettings,
    conclude=_conclude,
)
