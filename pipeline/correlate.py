"""What happened together is one thing, with a probable cause and the reasons for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.causes import Evidence, explain
from pipeline.model import DefectEvent, EventState, Incident, fingerprint

__all__ = ["correlate"]

TOUCH_S = 0.1
"""Events this near to each other touch: about two frames."""
THROUGHOUT = 0.9
"""An event over this share of the programme is a property of it; others do not join it in passing."""
WITHIN = 0.8
"""A flaw that lies so far within a loss or damage is a part of what that looks like."""

SIGNAL = "signal"
FAMILIES: Mapping[str, str] = {
    "clipping": "level",
    "true_peak": "level",
    "loudness": "level",
    "blockiness": "compression",
    "blur": "compression",
    "levels": "legality",
    "borders": "shape",
    "interlace": "fields",
    "noise": "noise",
    "flicker": "flicker",
    "flash": "flash",
    "phase": "stereo",
    "dc_offset": "offset",
    "hum": "hum",
    "av_skew": "sync",
    "av_content": "sync",
    "frame_rate": "rate",
    "audio_change": "layout",
}
"""How something was made is a matter of its own, and no part of a loss that it is beside; all
checks that are not here tell of the signal, and what they find at one time is one incident."""
ONE_MATTER = frozenset({"level", "legality", "shape", "fields", "stereo", "offset", "hum", "rate"})
"""Families that are one incident an input, however often they show."""
APART = frozenset({"level", "flash", "sync", "rate", "layout"})
"""Families that matter by themselves, even within a loss."""


def correlate(events: Sequence[DefectEvent], input_name: str, duration_s: float) -> tuple[Incident, ...]:
    """Incidents in order of time; every event is in exactly one."""
    ordered = sorted(events, key=lambda e: (e.start_s, e.id))
    # A flaw within a loss or damage is a part of what that looks like.
    hosts = [event for event in ordered if _family(event) == SIGNAL]
    groups: dict[tuple[str, bool], list[DefectEvent]] = {}
    for event in ordered:
        family = _family(event)
        host = None if family in APART or family == SIGNAL else _host(event, hosts)
        joined = host or event
        long = _family(joined) == SIGNAL and _throughout(joined, duration_s)
        groups.setdefault((_family(joined), long), []).append(event)
    clusters = [
        cluster
        for (family, _), group in groups.items()
        for cluster in ([group] if family in ONE_MATTER else _clusters(group))
    ]
    incidents = [_incident(cluster, input_name, duration_s) for cluster in clusters]
    return tuple(sorted(incidents, key=lambda i: (i.start_s, i.id)))


def _family(event: DefectEvent) -> str:
    return FAMILIES.get(event.check, SIGNAL)


def _host(event: DefectEvent, hosts: Sequence[DefectEvent]) -> DefectEvent | None:
    """The loss or damage on a stream of the same kind within which a flaw lies."""
    for host in hosts:
        shared_s = min(_reach_s(event), _reach_s(host)) - max(event.start_s, host.start_s)
        lies_in = shared_s >= max(0.0, WITHIN * (_reach_s(event) - event.start_s))
        if lies_in and event.stream[:2] == host.stream[:2]:
            return host
    return None


def _throughout(event: DefectEvent, duration_s: float) -> bool:
    return duration_s > 0 and _length_s(event) >= THROUGHOUT * duration_s


def _length_s(event: DefectEvent) -> float:
    return (event.end_s if event.end_s is not None else event.start_s) - event.start_s


def _reach_s(event: DefectEvent) -> float:
    return event.end_s if event.end_s is not None else float("inf")


def _clusters(events: Sequence[DefectEvent]) -> list[list[DefectEvent]]:
    clusters: list[list[DefectEvent]] = []
    reach_s = 0.0
    for event in events:
        if clusters and event.start_s <= reach_s + TOUCH_S:
            clusters[-1].append(event)
        else:
            clusters.append([event])
            reach_s = event.start_s
        reach_s = max(reach_s, _reach_s(event))
    return clusters


def _incident(events: list[DefectEvent], input_name: str, duration_s: float) -> Incident:
    cause, reasons, next_likely = explain(Evidence(events, duration_s))
    ends = [event.end_s for event in events]
    open_ended = any(end is None for end in ends)
    return Incident(
        id=fingerprint("incident", events[0].id),
        input=input_name,
        cause=cause,
        events=tuple(events),
        start_s=min(event.start_s for event in events),
        end_s=None if open_ended else max(end for end in ends if end is not None),
        state=EventState.ONGOING if open_ended else EventState.RESOLVED,
        reasons=reasons,
        next_likely=next_likely,
    )
