"""How sure each event is, seen with what else went on at the time: a stage between decide and correlate.

A check sees its own columns. Whether a still picture is a fault or a drawing that is held is written
beside them: in the sound, the packets, the cuts, the key frames. Each sign that is there moves the
event's confidence on the scale of log-odds, so that what is nearly certain moves little and what is
doubtful moves much. The signs are told in the event's evidence, under ``for`` and ``against``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.model import DefectEvent
from pipeline.timeline import Timeline

__all__ = ["SIGNS", "Scene", "Sign", "corroborate"]

LEAST, MOST = 0.02, 0.99
"""Confidence stays within these, whatever speaks for or against an event."""
NEAR_S = 0.08
"""Two times this near are one: two frames."""
BEFORE_S = 1.0
"""A fault up to so long before an event can be what it comes from."""
EDGE_S = 0.5
AUDIBLE_DBFS = -50.0
FADE_S = 0.6
FADE_STEPS = 3
"""A fade reaches black in at least so many steps."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The questions that signs ask: of the other events, and of the timeline."""

    events: Sequence[DefectEvent]
    timeline: Timeline

    def beside(self, event: DefectEvent, *checks: str, share: float = 0.5) -> bool:
        """Whether an event of these checks overlaps this one by that share of the shorter of them."""
        for other in self.events:
            if other.check not in checks or other is event:
                continue
            shared_s = min(_end_s(event), _end_s(other)) - max(event.start_s, other.start_s)
            shorter_s = min(_end_s(event) - event.start_s, _end_s(other) - other.start_s)
            if shared_s >= -NEAR_S and shared_s >= share * shorter_s - NEAR_S:
                return True
        return False

    def touched(self, event: DefectEvent, *checks: str) -> bool:
        """Whether an event of these checks overlaps or touches this one."""
        return self.beside(event, *checks, share=0.0)

    def complained(self, event: DefectEvent) -> bool:
        """Whether container or decoder complained of such a stream in it or shortly before it."""
        return any(
            fault.start_s <= _end_s(event) + NEAR_S
            and fault.end_s >= event.start_s - BEFORE_S
            and (fault.stream == "*" or fault.stream[:2] == event.stream[:2])
            for fault in self.timeline.faults
        )

    def begins_with_cut(self, event: DefectEvent) -> bool:
        """Whether it begins with the first picture of a shot; the first of all is none."""
        return event.start_s > EDGE_S and self._near(self.timeline.cuts, event, event.start_s)

    def ends_with_cut(self, event: DefectEvent) -> bool:
        """Whether a new shot follows it."""
        return event.end_s is not None and self._near(self.timeline.cuts, event, event.end_s)

    def outlasts_cuts(self, event: DefectEvent) -> bool:
        """Whether there are cuts within it."""
        return self._within(self.timeline.cuts, event) > 0

    def ends_with_key(self, event: DefectEvent) -> bool:
        """Whether the next key frame ends it."""
        return event.end_s is not None and self._near(self.timeline.keys, event, event.end_s)

    def outlasts_keys(self, event: DefectEvent) -> bool:
        """Whether there are two key frames or more within it: the second would have mended it."""
        return self._within(self.timeline.keys, event) > 1

    def sound_goes_on(self, event: DefectEvent) -> bool:
        """Whether something is heard through most of it, on any track."""
        for times, levels in self.timeline.sound.values():
            first, stop = np.searchsorted(times, (event.start_s - 1e-6, _end_s(event) - 1e-6))
            if stop > first and np.mean(levels[first:stop] > AUDIBLE_DBFS) > 0.8:
                return True
        return False

    def at_edge(self, event: DefectEvent) -> bool:
        """Whether it is the first or the last of the programme, and not all of it."""
        return (event.start_s <= EDGE_S) != (_end_s(event) >= self.timeline.end_s - EDGE_S)

    def fades(self, event: DefectEvent) -> bool:
        """Whether the light falls to it in steps, and rises from it in steps; an edge needs none."""
        known = self.timeline.light.get(event.stream)
        if known is None or event.end_s is None:
            return False
        times, light = known
        sides = []
        if event.start_s > EDGE_S:
            sides.append(light[_slice(times, event.start_s - FADE_S, event.start_s)])
        if event.end_s < self.timeline.end_s - EDGE_S:
            sides.append(light[_slice(times, event.end_s, event.end_s + FADE_S)][::-1])
        return bool(sides) and all(_falls(side) for side in sides)

    def _near(self, known: Mapping[str, np.ndarray], event: DefectEvent, time_s: float) -> bool:
        times = known.get(event.stream)
        return times is not None and bool(np.any(np.abs(times - time_s) <= NEAR_S))

    def _within(self, known: Mapping[str, np.ndarray], event: DefectEvent) -> int:
        times = known.get(event.stream)
        if times is None:
            return 0
        return int(np.count_nonzero((times > event.start_s + NEAR_S) & (times < _end_s(event) - NEAR_S)))


_Seen = Callable[[Scene, DefectEvent], bool]


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that can be seen beside an event: what it says, and its weight in log-odds.

    A weight above 0 speaks for a defect, one below 0 against it; 0.7 doubles the odds or halves them.
    """

    says: str
    weight: float
    seen: _Seen


def corroborate(events: Iterable[DefectEvent], timeline: Timeline) -> tuple[DefectEvent, ...]:
    """The same events in the same order, each as sure as all that was seen makes it."""
    scene = Scene(tuple(events), timeline)
    return tuple(_weighed(event, scene) for event in scene.events)


def _weighed(event: DefectEvent, scene: Scene) -> DefectEvent:
    seen = [sign for sign in SIGNS.get(event.check, ()) if sign.seen(scene, event)]
    if not seen:
        return event
    alone = min(max(event.confidence, LEAST), MOST)
    odds = math.log(alone / (1 - alone)) + sum(sign.weight for sign in seen)
    sure = round(min(max(1 / (1 + math.exp(-odds)), LEAST), MOST), 3)
    told = {
        side: "; ".join(sign.says for sign in seen if (sign.weight > 0) is good)
        for side, good in (("for", True), ("against", False))
    }
    evidence = {**event.evidence, **{side: text for side, text in told.items() if text}}
    return replace(event, confidence=sure, evidence={**evidence, "confidence_alone": event.confidence})


def _end_s(event: DefectEvent) -> float:
    return event.end_s if event.end_s is not None else float("inf")


def _slice(times: np.ndarray, start_s: float, end_s: float) -> slice:
    first, stop = np.searchsorted(times, (start_s - 1e-6, end_s - 1e-6))
    return slice(int(first), int(stop))


def _falls(light: np.ndarray) -> bool:
    """Whether light falls to dark by many small steps, and by no great one."""
    if len(light) < FADE_STEPS:
        return False
    fall = light.max() - light.min()
    steps = -np.diff(light)
    down = steps > 0.02 * fall
    return bool(fall > 8 and down.sum() >= FADE_STEPS and steps.max(initial=0.0) <= 0.5 * fall)


def _beside(says: str, weight: float, *checks: str) -> Sign:
    return Sign(says, weight, lambda scene, event: scene.beside(event, *checks))


def _touched(says: str, weight: float, *checks: str) -> Sign:
    return Sign(says, weight, lambda scene, event: scene.touched(event, *checks))


def _complained(weight: float) -> Sign:
    return Sign("container or decoder complained at the time", weight, Scene.complained)


_SILENT = "the sound is gone at the same time"
_HOLE = "time stamps have a hole there"
_WHOLE_SHOT = "it is a whole shot, from cut to cut"


def _whole_shot(weight: float) -> Sign:
    return Sign(_WHOLE_SHOT, weight, lambda s, e: s.begins_with_cut(e) and s.ends_with_cut(e))


def _goes_on(weight: float) -> Sign:
    return Sign("the sound goes on", weight, Scene.sound_goes_on)


def _at_edge(weight: float) -> Sign:
    return Sign("it is the first or the last of the programme", weight, Scene.at_edge)


SIGNS: Mapping[str, tuple[Sign, ...]] = {
    "freeze": (
        _beside(_SILENT, 1.2, "silence"),
        _touched(_HOLE, 2.0, "pts_gap", "pts_backward"),
        _complained(1.5),
        _beside("it is a still card or bars", -1.5, "slate", "color_bars"),
        _goes_on(-0.8),
        _whole_shot(-1.5),
        Sign(
            "it begins with a cut",
            -0.8,
            lambda s, e: s.begins_with_cut(e) and not s.ends_with_cut(e),
        ),
    ),
    "block_corruption": (
        _complained(2.0),
        _touched(_HOLE, 1.0, "pts_gap", "pts_backward"),
        Sign("it lasts till the next key frame", 1.2, Scene.ends_with_key),
        Sign("key frames do not mend it", -1.0, Scene.outlasts_keys),
        Sign("it begins with a cut", -1.0, Scene.begins_with_cut),
    ),
    "black": (
        _beside(_SILENT, 1.0, "silence"),
        _complained(1.0),
        Sign("it fades in and out", -1.2, Scene.fades),
        _at_edge(-0.7),
        _goes_on(-0.4),
    ),
    "solid_color": (
        _beside(_SILENT, 1.0, "silence"),
        _complained(1.5),
        Sign("it fades in and out", -1.2, Scene.fades),
        _goes_on(-0.4),
    ),
    "silence": (
        _beside("the picture is gone or stands still", 1.0, "black", "solid_color", "freeze", "color_bars"),
        _touched(_HOLE, 1.0, "pts_gap", "pts_backward"),
        _complained(1.0),
        _beside("a card is shown", -0.7, "slate"),
        _at_edge(-0.7),
    ),
    "channel_silence": (_complained(1.0), _at_edge(-0.4)),
    "blockiness": (
        _beside("the picture is soft as well", 0.5, "blur"),
        Sign("it outlasts cuts", 0.7, Scene.outlasts_cuts),
        Sign("container or decoder complained at the time: damage looks so, too", -0.8, Scene.complained),
    ),
    "blur": (
        _beside("the picture is coarse as well", 0.7, "blockiness"),
        Sign("it outlasts cuts: more than one shot is soft", 1.0, Scene.outlasts_cuts),
        _whole_shot(-1.2),
        _beside("the picture stands still", -0.5, "freeze", "slate"),
    ),
    "noise": (
        _beside(_SILENT, 0.7, "silence"),
        Sign("it outlasts cuts", 0.8, Scene.outlasts_cuts),
        _whole_shot(-1.2),
    ),
    "flash": (
        _beside("the picture flickers", 0.5, "flicker"),
        _beside("blocks are broken at the time", -0.5, "block_corruption"),
    ),
    "flicker": (
        Sign("it outlasts cuts", 0.5, Scene.outlasts_cuts),
        _whole_shot(-0.8),
        _beside("the picture flashes", -0.5, "flash"),
    ),
    "interlace": (
        Sign("it outlasts cuts", 0.7, Scene.outlasts_cuts),
        _whole_shot(-0.8),
    ),
    "levels": (_beside("it is a test picture", -1.0, "color_bars"),),
    "borders": (
        Sign("it outlasts cuts", 0.3, Scene.outlasts_cuts),
        _whole_shot(-0.7),
        _beside("the picture is dark", -1.0, "black"),
    ),
    "color_bars": (
        _beside("a tone goes with it", 1.5, "tone"),
        _beside("it stands still", 0.3, "freeze"),
    ),
    "slate": (
        _beside("a tone goes with it", 1.0, "tone"),
        _beside("it stands still", 0.5, "freeze"),
    ),
    "tone": (_beside("bars or a card go with it", 1.5, "color_bars", "slate"),),
    "duplicate_frames": (
        _touched("pictures are left out as well", 1.5, "dropped_frames"),
        _touched(_HOLE, 1.0, "pts_gap", "pts_backward"),
        _complained(0.7),
        _beside("the picture stands still", -1.0, "freeze", "slate"),
    ),
    "dropped_frames": (
        _touched("pictures are repeated as well", 1.0, "duplicate_frames"),
        _touched(_HOLE, 1.5, "pts_gap", "pts_backward"),
        _complained(1.0),
        Sign("it is at a cut", -1.0, Scene.begins_with_cut),
    ),
    "dropout": (
        _touched(_HOLE, 1.5, "pts_gap", "pts_backward"),
        _complained(1.5),
        _touched("the picture is hit at the same time", 1.0, "block_corruption", "freeze", "dropped_frames"),
    ),
    "hum": (_beside("a tone is sent", -1.0, "tone"),),
    "phase": (_beside("a tone is sent", -0.7, "tone"),),
    "av_content": (_touched("the tracks are apart by their time stamps", 1.0, "av_skew"),),
}
"""What speaks for and against an event of each check; a check that is not here stands by itself."""
