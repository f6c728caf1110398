"""What happened together is one thing, with a probable cause and the reasons for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.model import Cause, DefectEvent, EventState, Incident, fingerprint

__all__ = ["correlate"]

TOUCH_S = 0.1
"""Events this near to each other touch: about two frames."""
THROUGHOUT = 0.9
"""An event over this share of the programme is a property of it; others do not join it in passing."""

LEVEL_CHECKS = frozenset({"clipping", "true_peak", "loudness"})
"""How the sound was made: one matter however often it shows, and no part of a loss that it is beside."""


def correlate(events: Sequence[DefectEvent], input_name: str, duration_s: float) -> tuple[Incident, ...]:
    """Incidents in order of time; every event is in exactly one."""
    groups: dict[tuple[str, bool], list[DefectEvent]] = {}
    for event in sorted(events, key=lambda e: (e.start_s, e.id)):
        family = "level" if event.check in LEVEL_CHECKS else "signal"
        long = family == "signal" and duration_s > 0 and _length_s(event) >= THROUGHOUT * duration_s
        groups.setdefault((family, long), []).append(event)
    clusters = [
        cluster
        for (family, _), group in groups.items()
        for cluster in ([group] if family == "level" else _clusters(group))
    ]
    incidents = [_incident(cluster, input_name) for cluster in clusters]
    return tuple(sorted(incidents, key=lambda i: (i.start_s, i.id)))


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


def _incident(events: list[DefectEvent], input_name: str) -> Incident:
    cause, reasons, next_likely = _explain(_Evidence(events))
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


@dataclass(frozen=True, slots=True)
class _Evidence:
    """The questions that the rules ask of a cluster."""

    events: Sequence[DefectEvent]

    def of(self, *checks: str) -> list[DefectEvent]:
        return [event for event in self.events if event.check in checks]

    def together(self, left: Sequence[DefectEvent], right: Sequence[DefectEvent]) -> bool:
        """Whether two overlap by at least half of the shorter."""
        for a in left:
            for b in right:
                shared = min(_reach_s(a), _reach_s(b)) - max(a.start_s, b.start_s)
                if shared > 0 and shared >= 0.5 * min(_length_s(a), _length_s(b)):
                    return True
        return False


_Explanation = tuple[Cause, tuple[str, ...], str]


def _explain(evidence: _Evidence) -> _Explanation:
    for rule in _RULES:
        found = rule(evidence)
        if found is not None:
            return found
    return Cause.UNKNOWN, tuple(_say(event) for event in evidence.events[:3]), ""


def _say(event: DefectEvent) -> str:
    until = "on" if event.end_s is None else f"to {event.end_s:.3f} s"
    return f"{event.check} on {event.stream} from {event.start_s:.3f} s {until}"


def _times(count: float) -> str:
    return "once" if round(count) == 1 else f"{count:.0f} times"


def _missing(evidence: _Evidence) -> _Explanation | None:
    missing = evidence.of("missing_track")
    if not missing:
        return None
    video = any(event.stream.startswith("v:") for event in missing)
    audio = any(event.stream.startswith("a:") for event in missing)
    cause = Cause.SIGNAL_LOSS if video and audio else Cause.PICTURE_LOSS if video else Cause.AUDIO_LOSS
    reasons = tuple(f"{event.stream}: {event.evidence.get('kind', 'missing')}" for event in missing)
    return cause, reasons, "packaging, if the track is there in the source"


def _truncated(evidence: _Evidence) -> _Explanation | None:
    found = evidence.of("truncated")
    if not found:
        return None
    reasons = tuple(
        f"{e.stream} ends at {e.start_s:.3f} s, {e.value:.3f} s before its container says" for e in found
    )
    return Cause.TRANSPORT, reasons, "packaging, if the source has the same length"


def _damage(evidence: _Evidence) -> _Explanation | None:
    found = evidence.of("decode_error", "corrupt_frame")
    if not found:
        return None
    count = round(sum(event.value for event in found))
    reasons = [f"the decoder or container complained {_times(count)}"]
    reasons += [_say(event) for event in evidence.of("freeze", "solid_color", "pts_gap")[:2]]
    return Cause.BITSTREAM_CORRUPTION, tuple(reasons), "transport, if packets are missing as well"


def _stall(evidence: _Evidence) -> _Explanation | None:
    freezes, gaps, silences = evidence.of("freeze"), evidence.of("pts_gap"), evidence.of("silence")
    if freezes and gaps:
        reasons = (_say(freezes[0]), f"time stamps have a hole of {gaps[0].value:.3f} s")
        return Cause.SOURCE_STALL, reasons, "encoder_freeze, if the time stamps ran on"
    if freezes and evidence.together(freezes, silences):
        reasons = (_say(freezes[0]), f"sound was gone as well: {_say(silences[0])}")
        return Cause.SOURCE_STALL, reasons, "signal_loss, if the picture had gone black"
    return None


def _signal_loss(evidence: _Evidence) -> _Explanation | None:
    dark, silences = evidence.of("black", "solid_color"), evidence.of("silence")
    if not evidence.together(dark, silences):
        return None
    reasons = (_say(dark[0]), f"sound was gone as well: {_say(silences[0])}")
    return Cause.SIGNAL_LOSS, reasons, "picture_loss, if the sound had gone on"


def _freeze(evidence: _Evidence) -> _Explanation | None:
    freezes = evidence.of("freeze")
    if not freezes:
        return None
    reasons = (_say(freezes[0]), "time stamps ran on, and no loss of sound goes with it")
    return Cause.ENCODER_FREEZE, reasons, "source_stall, if data or time stamps had a hole"


def _picture_loss(evidence: _Evidence) -> _Explanation | None:
    dark = evidence.of("black", "solid_color")
    if not dark:
        return None
    return Cause.PICTURE_LOSS, (_say(dark[0]),), "signal_loss, if the sound were gone as well"


def _audio_loss(evidence: _Evidence) -> _Explanation | None:
    silent = evidence.of("silence", "channel_silence")
    if not silent:
        return None
    return Cause.AUDIO_LOSS, (_say(silent[0]),), "signal_loss, if the picture were gone as well"


def _stamps(evidence: _Evidence) -> _Explanation | None:
    gaps, backward, skew = evidence.of("pts_gap"), evidence.of("pts_backward"), evidence.of("av_skew")
    if gaps:
        reasons = (f"time stamps of {gaps[0].stream} have a hole of {gaps[0].value:.3f} s",)
        return Cause.TRANSPORT, reasons, "source_stall, if the picture stood still before the hole"
    if skew:
        kind = skew[0].evidence.get("kind", "tracks are apart")
        return Cause.SYNC_ERROR, (f"{kind} by {skew[0].value:.3f} s",), "packaging, if an edit list is wrong"
    if backward:
        reasons = (f"time stamps of {backward[0].stream} ran back {_times(backward[0].value)}",)
        return Cause.PACKAGING, reasons, "transport, if packets came out of order"
    return None


def _levels(evidence: _Evidence) -> _Explanation | None:
    clipped, loud = evidence.of("clipping"), evidence.of("loudness")
    if clipped:
        reasons = (f"up to {clipped[0].value:.0f} samples in a row stand at full scale",)
        return Cause.AUDIO_DISTORTION, reasons, "loudness_violation, if only the level were high"
    if loud:
        reasons = (f"programme loudness is {loud[0].value:.1f} LUFS",)
        return Cause.LOUDNESS_VIOLATION, reasons, "audio_distortion, if samples stood at full scale"
    peaks = evidence.of("true_peak")
    if peaks:
        reasons = (f"true peak reaches {max(event.value for event in peaks):.1f} dBTP",)
        return Cause.LOUDNESS_VIOLATION, reasons, "audio_distortion, if samples stood at full scale"
    return None


_RULES: tuple[Callable[[_Evidence], _Explanation | None], ...] = (
    _missing,
    _truncated,
    _damage,
    _stall,
    _signal_loss,
    _freeze,
    _picture_loss,
    _audio_loss,
    _stamps,
    _levels,
)
"""Asked in this order; the first that answers has the cause."""
