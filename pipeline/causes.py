"""What probably lies behind events that belong together: one table of rules, asked in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.model import Cause, DefectEvent

__all__ = ["RULES", "Evidence", "Rule", "explain", "say"]

EDGE_S, EDGE_SHARE = 120.0, 0.1
"""A line-up stands within so much of the head or the tail, and within this share of the programme."""
TOLD = 3
"""Events that the reasons name."""

PICTURE_GONE = ("black", "solid_color")
STUTTER = ("duplicate_frames", "dropped_frames")
DAMAGE = ("decode_error", "corrupt_frame")


@dataclass(frozen=True, slots=True)
class Evidence:
    """The questions that the rules ask of events that belong together."""

    events: Sequence[DefectEvent]
    duration_s: float

    def of(self, *checks: str, stream: str = "", kind: str = "") -> list[DefectEvent]:
        """The events of these checks, on streams and of kinds that begin so."""
        return [
            event
            for event in self.events
            if event.check in checks
            and event.stream.startswith(stream)
            and str(event.evidence.get("kind", "")).startswith(kind)
        ]

    def at_edge(self, event: DefectEvent) -> bool:
        """Whether it lies wholly in the head or the tail of the programme."""
        if self.duration_s <= 0:
            return False
        edge_s = min(EDGE_S, EDGE_SHARE * self.duration_s)
        return _end_s(event) <= edge_s or event.start_s >= self.duration_s - edge_s or self._opens(event)

    def _opens(self, event: DefectEvent) -> bool:
        """Bars at the very first picture are a line-up, however long they stand."""
        return event.start_s <= 1.0 and _end_s(event) <= 0.9 * self.duration_s


_Finder = Callable[[Evidence], Sequence[DefectEvent]]


@dataclass(frozen=True, slots=True)
class Rule:
    """Where ``finds`` gives events, they are the reasons for ``cause``; ``also`` is a further one.

    ``next_likely`` says what would have to be seen for the next likely cause.
    """

    cause: Cause
    finds: _Finder
    next_likely: str
    also: str = ""


def explain(evidence: Evidence) -> tuple[Cause, tuple[str, ...], str]:
    """The probable cause, the reasons for it, and what would point to the next likely one.

    The reasons end with what speaks for and against the events that they name.
    """
    for rule in RULES:
        found = list(rule.finds(evidence))[:TOLD]
        if found:
            reasons = [*(say(event) for event in found), *([rule.also] if rule.also else [])]
            reasons += [told for event in found for told in _weighed(event)]
            return rule.cause, tuple(dict.fromkeys(reasons)), rule.next_likely
    return Cause.UNKNOWN, tuple(say(event) for event in evidence.events[:TOLD]), ""


def say(event: DefectEvent) -> str:
    """One event as a sentence that names its figures."""
    told = _SAID.get(event.check)
    return told(event) if told else _plainly(event)


def _weighed(event: DefectEvent) -> list[str]:
    """What was seen beside it for and against it (``corroborate``)."""
    return [
        f"{side} {event.check} on {event.stream}: {event.evidence[side]}"
        for side in ("for", "against")
        if side in event.evidence
    ]


def _plainly(event: DefectEvent) -> str:
    until = "on" if event.end_s is None else f"to {event.end_s:.3f} s"
    kind = event.evidence.get("kind")
    named = f"{event.check} ({kind})" if kind and kind != event.check else event.check
    return f"{named} on {event.stream} from {event.start_s:.3f} s {until}"


def _times(count: float) -> str:
    return "once" if round(count) == 1 else f"{count:.0f} times"


_SAID: Mapping[str, Callable[[DefectEvent], str]] = {
    "missing_track": lambda e: f"{e.stream}: {e.evidence.get('kind', 'missing')}",
    "truncated": lambda e: f"{e.stream} ends at {e.start_s:.3f} s, {e.value:.3f} s before its container says",
    "decode_error": lambda e: f"the decoder of {e.stream} complained {_times(e.value)}",
    "corrupt_frame": lambda e: f"frames of {e.stream} were marked corrupt {_times(e.value)}",
    "pts_gap": lambda e: f"time stamps of {e.stream} have a hole of {e.value:.3f} s",
    "pts_backward": lambda e: f"time stamps of {e.stream} ran back {_times(e.value)}",
    "av_skew": lambda e: f"{e.evidence.get('kind', 'tracks are apart')} by {e.value:.3f} s",
    "clipping": lambda e: f"up to {e.value:.0f} samples in a row stand at full scale",
    "loudness": lambda e: f"{e.evidence.get('kind', 'programme loudness')} is {e.value:.1f} LUFS",
    "true_peak": lambda e: f"true peak reaches {e.value:.1f} dBTP",
}
"""What an event is where its span is not the point of it; all others tell what, where and when."""


def _end_s(event: DefectEvent) -> float:
    return event.end_s if event.end_s is not None else float("inf")


def _shared_s(a: DefectEvent, b: DefectEvent) -> float:
    return min(_end_s(a), _end_s(b)) - max(a.start_s, b.start_s)


def _any_of(*checks: str, stream: str = "", kind: str = "") -> _Finder:
    return lambda evidence: evidence.of(*checks, stream=stream, kind=kind)


def _along(left: Sequence[str], right: Sequence[str]) -> _Finder:
    """One of each, anywhere in the incident."""

    def find(evidence: Evidence) -> Sequence[DefectEvent]:
        a, b = evidence.of(*left), evidence.of(*right)
        return [a[0], b[0]] if a and b else []

    return find


def _at_once(left: Sequence[str], right: Sequence[str]) -> _Finder:
    """One of each that overlap by at least half of the shorter."""

    def find(evidence: Evidence) -> Sequence[DefectEvent]:
        for a in evidence.of(*left):
            for b in evidence.of(*right):
                shorter_s = min(_end_s(a) - a.start_s, _end_s(b) - b.start_s)
                if _shared_s(a, b) > 0 and _shared_s(a, b) >= 0.5 * shorter_s:
                    return [a, b]
        return []

    return find


def _at_edge(*checks: str) -> _Finder:
    return lambda evidence: [event for event in evidence.of(*checks) if evidence.at_edge(event)]


def _no_track(evidence: Evidence) -> Sequence[DefectEvent]:
    missing = evidence.of("missing_track")
    return missing if len({event.stream[:2] for event in missing}) > 1 else []


def _damage(evidence: Evidence) -> Sequence[DefectEvent]:
    found = evidence.of(*DAMAGE)
    beside = evidence.of("block_corruption", "freeze", "solid_color", "pts_gap")
    return [found[0], *beside[:2]] if found else []


def _peaks(evidence: Evidence) -> Sequence[DefectEvent]:
    peaks = evidence.of("true_peak")
    return [max(peaks, key=lambda event: event.value)] if peaks else []


_MISSING_NEXT = "packaging, if the track is there in the source"

RULES: tuple[Rule, ...] = (
    # Whole tracks first, then damage that somebody told of: what is seen follows from it.
    Rule(Cause.SIGNAL_LOSS, _no_track, _MISSING_NEXT),
    Rule(Cause.PICTURE_LOSS, _any_of("missing_track", stream="v:"), _MISSING_NEXT),
    Rule(Cause.AUDIO_LOSS, _any_of("missing_track"), _MISSING_NEXT),
    Rule(Cause.TRANSPORT, _any_of("truncated"), "packaging, if the source has the same length"),
    Rule(Cause.BITSTREAM_CORRUPTION, _damage, "transport, if packets are missing as well"),
    Rule(
        Cause.BITSTREAM_CORRUPTION,
        _along(("block_corruption",), ("pts_gap",)),
        "transport, if the hole comes without broken blocks",
    ),
    Rule(
        Cause.BITSTREAM_CORRUPTION,
        _any_of("block_corruption"),
        "compression, if the blocks were all over the picture; the source, if the stream itself is sound",
    ),
    # A hole in time outweighs what stands still on the screen; bars and cards stand still by nature.
    Rule(
        Cause.SOURCE_STALL,
        _along(("freeze", "duplicate_frames"), ("pts_gap",)),
        "encoder_freeze, if the time stamps ran on",
    ),
    Rule(
        Cause.PLANNED_CONTENT,
        _at_once(("color_bars", "slate"), ("tone",)),
        "picture_loss, if nobody planned a line-up here",
    ),
    Rule(
        Cause.PLANNED_CONTENT,
        _at_edge("color_bars", "tone"),
        "picture_loss, if it stood in place of the programme",
    ),
    Rule(
        Cause.SIGNAL_LOSS,
        _at_once(("color_bars",), ("silence",)),
        "planned_content, if it stood at the head or the tail, or with a tone",
    ),
    Rule(
        Cause.PICTURE_LOSS,
        _any_of("color_bars"),
        "planned_content, if it stood at the head or the tail, or with a tone",
    ),
    Rule(
        Cause.PLANNED_CONTENT,
        _any_of("slate"),
        "source_stall, if nobody planned a card here",
    ),
    Rule(
        Cause.SIGNAL_LOSS,
        _at_once(PICTURE_GONE, ("silence",)),
        "picture_loss, if the sound had gone on",
    ),
    Rule(
        Cause.SOURCE_STALL,
        _at_once(("freeze",), ("silence",)),
        "signal_loss, if the picture had gone black",
    ),
    Rule(
        Cause.ENCODER_FREEZE,
        _any_of("freeze"),
        "source_stall, if data or time stamps had a hole",
        also="time stamps ran on, and no loss of sound goes with it",
    ),
    Rule(
        Cause.PICTURE_LOSS,
        _any_of(*PICTURE_GONE),
        "signal_loss, if the sound were gone as well",
    ),
    Rule(
        Cause.PICTURE_LOSS,
        _any_of("noise", kind="snow"),
        "signal_loss, if the sound were gone as well",
    ),
    Rule(
        Cause.TRANSPORT,
        _along(("dropout", "dropped_frames"), ("pts_gap",)),
        "audio_loss or encoder_freeze, if the time stamps ran on",
    ),
    Rule(
        Cause.AUDIO_LOSS,
        _any_of("silence", "channel_silence"),
        "signal_loss, if the picture were gone as well",
    ),
    Rule(Cause.AUDIO_LOSS, _any_of("dropout"), "transport, if time stamps had a hole"),
    Rule(
        Cause.ENCODER_FREEZE,
        _any_of(*STUTTER),
        "source_stall, if data or time stamps had a hole",
        also="time stamps ran on, so the pictures were repeated or lost before they were stamped",
    ),
    Rule(
        Cause.TRANSPORT,
        _any_of("pts_gap"),
        "source_stall, if the picture stood still before the hole",
    ),
    # How it was made.
    Rule(Cause.PHOTOSENSITIVITY, _any_of("flash"), "planned_content, if the flashes were cleared"),
    Rule(Cause.SYNC_ERROR, _any_of("av_skew"), "packaging, if an edit list is wrong"),
    Rule(
        Cause.SYNC_ERROR,
        _any_of("av_content"),
        "packaging, if the time stamps of the tracks are apart by the same",
    ),
    Rule(Cause.PACKAGING, _any_of("pts_backward"), "transport, if packets came out of order"),
    Rule(Cause.PACKAGING, _any_of("audio_change"), "audio_loss, if a track or channel went away"),
    Rule(Cause.PACKAGING, _any_of("frame_rate"), "source_stall, if the pictures came late"),
    Rule(Cause.PLANNED_CONTENT, _any_of("tone"), "audio_loss, if the tone took the programme's place"),
    Rule(
        Cause.COMPRESSION,
        _any_of("blockiness"),
        "bitstream_corruption, if the decoder complained",
    ),
    Rule(Cause.COMPRESSION, _any_of("blur"), "planned_content, if the shot is soft by intent"),
    Rule(Cause.COMPLIANCE, _any_of("interlace"), "packaging, if only the mark of the fields is wrong"),
    Rule(Cause.COMPLIANCE, _any_of("levels"), "packaging, if the range is marked wrongly"),
    Rule(Cause.COMPLIANCE, _any_of("borders"), "planned_content, if the programme has that shape"),
    Rule(
        Cause.AUDIO_DISTORTION,
        _any_of("clipping"),
        "loudness_violation, if only the level were high",
    ),
    Rule(Cause.LOUDNESS_VIOLATION, _any_of("loudness"), "audio_distortion, if samples stood at full scale"),
    Rule(Cause.LOUDNESS_VIOLATION, _peaks, "audio_distortion, if samples stood at full scale"),
    Rule(
        Cause.AUDIO_DISTORTION,
        _any_of("phase"),
        "planned_content, if the programme is mono by intent",
    ),
    Rule(Cause.AUDIO_DISTORTION, _any_of("dc_offset", "hum"), "compression, if it came with the encoding"),
    Rule(Cause.AUDIO_DISTORTION, _any_of("noise", stream="a:"), "compression, if it came with the encoding"),
    # A picture that is restless by itself: camera, light or source, and nothing here tells which.
    Rule(
        Cause.UNKNOWN,
        _any_of("flicker"),
        "photosensitivity, if it flashed; planned_content, if the light did it",
    ),
    Rule(
        Cause.UNKNOWN,
        _any_of("noise"),
        "picture_loss, if it were snow; compression, if it came with the encoding",
    ),
)
"""The first rule that finds something has the cause."""
