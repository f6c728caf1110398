"""Filmstrips: a few pictures round each incident, so that a person can see for himself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from agent.verdict import Assessment, Verdict
from pipeline.decode.stills import Still, grab
from pipeline.model import Incident, ScanResult, ScanStatus, StreamInfo

__all__ = ["MAX_STRIPS", "FilmFrame", "Filmstrip", "filmstrips_for", "wanted_times", "worst_first"]

MAX_STRIPS = 40
"""Incidents of one input that get a filmstrip: five pictures each are up to 3 MB of report."""

AROUND_S = 1.0
"""How long before its start and after its end an incident is shown."""

LAST_S = 0.001
"""The last bad picture is on show this long before the incident ends."""

LABELS = ("before", "onset", "middle", "end", "after")
KEEP_FIRST = ("onset", "end", "middle", "before", "after")
"""Which label a picture keeps that is due for several."""


@dataclass(frozen=True, slots=True)
class FilmFrame:
    """One picture: what it is of the incident, when it is on show, and the JPEG."""

    label: str
    time_s: float
    jpeg: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Filmstrip:
    """The pictures of one incident, in order of time, and the stream they are from."""

    stream: str
    frames: tuple[FilmFrame, ...]


def filmstrips_for(
    assessments: Sequence[Assessment], *, sources: Mapping[str, str] | None = None
) -> dict[str, Filmstrip]:
    """Incident id -> filmstrip, for the worst MAX_STRIPS incidents of each input that has video.

    ``sources`` maps the URL of a scan to the one to open, where that was cleaned of credentials.
    An incident whose pictures cannot be had is left out.
    """
    strips: dict[str, Filmstrip] = {}
    for assessment in assessments:
        scan = assessment.scan
        url = (sources or {}).get(scan.url, scan.url)
        chosen = worst_first(assessment)[:MAX_STRIPS]
        for stream in _video_streams(scan):
            theirs = [incident for incident in chosen if _shown_on(incident, scan) == stream.id]
            strips.update(_strips(url, stream, theirs, _end_s(scan)))
    return strips


def worst_first(assessment: Assessment) -> list[Incident]:
    """The incidents, the most severe first, then by time; one without a verdict comes before all."""
    return sorted(
        assessment.scan.incidents,
        key=lambda incident: (-_rank(assessment.verdicts.get(incident.id)), incident.start_s),
    )


def wanted_times(incident: Incident, first_s: float, end_s: float) -> dict[str, float]:
    """Label -> time, within the pictures of an input that run from ``first_s`` to ``end_s``."""
    start_s = min(max(incident.start_s, first_s), end_s)
    last_s = end_s if incident.end_s is None else min(max(incident.end_s, start_s), end_s)
    times = {
        "before": start_s - AROUND_S,
        "onset": start_s,
        "middle": (start_s + last_s) / 2,
        "end": max(start_s, last_s - LAST_S),
        "after": last_s + AROUND_S,
    }
    if start_s - first_s < LAST_S:
        del times["before"]
    if end_s - last_s < LAST_S:
        del times["after"]
    return {label: min(max(time_s, first_s), end_s) for label, time_s in times.items()}


def _rank(verdict: Verdict | None) -> int:
    return 4 if verdict is None else verdict.severity.rank


def _video_streams(scan: ScanResult) -> list[StreamInfo]:
    if scan.status is not ScanStatus.OK or scan.media is None:
        return []
    return [stream for stream in scan.media.streams if stream.is_video]


def _shown_on(incident: Incident, scan: ScanResult) -> str:
    """The video stream that the incident is on, or the first one."""
    streams = [stream.id for stream in _video_streams(scan)]
    return next((event.stream for event in incident.events if event.stream in streams), streams[0])


def _end_s(scan: ScanResult) -> float:
    """Where the pictures end, as far as the scan can tell."""
    declared_s = scan.media.duration_s if scan.media else None
    return scan.covered_s or declared_s or max((i.end_s or i.start_s for i in scan.incidents), default=0.0)


def _strips(
    url: str, stream: StreamInfo, incidents: Sequence[Incident], end_s: float
) -> Iterator[tuple[str, Filmstrip]]:
    """Incident id and filmstrip, with one visit to the input for all of them."""
    first_s = max(0.0, stream.start_s or 0.0)
    wanted = {incident.id: wanted_times(incident, first_s, max(end_s, first_s)) for incident in incidents}
    stills = grab(url, stream.id, sorted({time_s for times in wanted.values() for time_s in times.values()}))
    for incident_id, times in wanted.items():
        frames = tuple(_frames(times, stills))
        if frames:
            yield incident_id, Filmstrip(stream.id, frames)


def _frames(times: Mapping[str, float], stills: Iterable[Still]) -> Iterator[FilmFrame]:
    """The pictures on show at those times, each once, under one label."""
    known = sorted(stills, key=lambda still: still.time_s)
    labels: dict[int, str] = {}
    for label in sorted(times, key=KEEP_FIRST.index):
        shown = [n for n, still in enumerate(known) if still.time_s <= times[label] + LAST_S / 2]
        if shown and shown[-1] not in labels:
            labels[shown[-1]] = label
    for n in sorted(labels, key=lambda n: LABELS.index(labels[n])):
        still = known[n]
        yield FilmFrame(labels[n], still.time_s, still.jpeg, still.width, still.height)
