"""Hand-built assessments for the tests of the store, the document and the tables."""

from __future__ import annotations

from dataclasses import replace

from agent.verdict import Action, Assessment, Intent, Route, Severity, Verdict
from pipeline.model import (
    Cause,
    Coverage,
    CoverageStatus,
    DefectEvent,
    EventState,
    Incident,
    Loudness,
    MediaInfo,
    ScanResult,
    ScanStatus,
    StreamInfo,
    Timing,
)

__all__ = ["BLACK", "SILENCE", "assessment", "coverage", "incident", "scan", "verdict"]

BLACK = DefectEvent(
    id="b1ac000000000001",
    check="black",
    stream="v:0",
    start_s=12.0,
    end_s=15.04,
    state=EventState.RESOLVED,
    value=0.999,
    unit="dark share",
    confidence=0.98,
    evidence={"saturation_p10": 0.4, "kind": "plain"},
)
SILENCE = replace(
    BLACK,
    id="511e000000000002",
    check="silence",
    stream="a:0",
    value=float("-inf"),
    unit="dBFS",
    evidence={"lowest_dbfs": float("-inf")},
)


def incident(identity: str = "1nc1de0000000001", *events: DefectEvent, **changes: object) -> Incident:
    """Black and silence together, or what is given."""
    made = Incident(
        id=identity,
        input="/media/a.mp4",
        cause=Cause.SIGNAL_LOSS,
        events=events or (BLACK, SILENCE),
        start_s=12.0,
        end_s=15.04,
        state=EventState.RESOLVED,
        reasons=("99.9 % of the picture is dark", "sound was gone as well"),
        next_likely="picture_loss, if the sound had gone on",
    )
    return replace(made, **changes)


def verdict(**changes: object) -> Verdict:
    """A critical loss of signal, or what is given."""
    made = Verdict(
        severity=Severity.CRITICAL,
        intent=Intent.FAULT,
        cause=Cause.SIGNAL_LOSS,
        action=Action.SWITCH_TO_BACKUP,
        route=Route.PLAYOUT,
        title="Signal lost for 3.04 s",
        summary="Picture and sound are gone from 12.000 s to 15.040 s.",
        confidence=0.9,
        model="rules",
        prompt="none",
        facts=("start_s", "end_s"),
    )
    return replace(made, **changes)


def coverage(**status: CoverageStatus) -> tuple[Coverage, ...]:
    """What can be said of black on v:0 and silence on a:0; failed where nothing is given."""
    given = {"black": CoverageStatus.FAILED, "silence": CoverageStatus.FAILED} | status
    streams = {"black": "v:0", "silence": "a:0"}
    reasons = {CoverageStatus.NOT_ASSESSABLE: "nothing could be decoded"}
    return tuple(
        Coverage(check, streams[check], found, reasons.get(found), 0.0, 40.0)
        for check, found in given.items()
    )


def scan(*incidents: Incident, **changes: object) -> ScanResult:
    """A scan of forty seconds that found those incidents."""
    made = ScanResult(
        url="a.mp4",
        status=ScanStatus.OK,
        media=MediaInfo(
            "mov,mp4",
            40.0,
            (
                StreamInfo("v:0", "h264", 1920, 1080, 30.0, "yuv420p", start_s=0.0, duration_s=40.0),
                StreamInfo("a:0", "aac", channels=2, channel_layout="stereo", sample_rate_hz=48000),
            ),
            {"title": "A [red]film[/red]"},
        ),
        events=tuple(event for found in incidents for event in found.events),
        incidents=incidents,
        coverage=coverage(),
        loudness=(Loudness("a:0", -23.1, 5.0, -1.2),),
        timing=Timing(7.1, 7.0, 5.7, 1.2),
        covered_s=40.0,
    )
    return replace(made, **changes)


def assessment(*incidents: Incident, judged: Verdict | None = None, **changes: object) -> Assessment:
    """A scan with the same verdict for each of its incidents."""
    found = scan(*incidents, **changes)
    return Assessment(found, {item.id: judged or verdict() for item in incidents})
