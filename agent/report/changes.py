"""What another profile changes: the events of one decision held against those of another."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.model import DefectEvent

__all__ = ["Changes", "compare"]

SAME_WITHIN_S = 0.0005
"""Times that agree to the millisecond are the same."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Events that only one side has, pairs that moved, and how many are as they were."""

    gained: tuple[DefectEvent, ...]
    lost: tuple[DefectEvent, ...]
    moved: tuple[tuple[DefectEvent, DefectEvent], ...]
    unchanged: int

    def __bool__(self) -> bool:
        return bool(self.gained or self.lost or self.moved)


def compare(before: Sequence[DefectEvent], after: Sequence[DefectEvent]) -> Changes:
    """Pair the events of the same check and stream: first those with equal times, then by overlap."""
    same, old, new = _pair(before, after, _at_the_same_time)
    moved, lost, gained = _pair(old, new, _overlapping)
    return Changes(gained, lost, moved, len(same))


def _pair(
    before: Sequence[DefectEvent],
    after: Sequence[DefectEvent],
    fits: Callable[[DefectEvent, DefectEvent], bool],
) -> tuple[tuple[tuple[DefectEvent, DefectEvent], ...], tuple[DefectEvent, ...], tuple[DefectEvent, ...]]:
    """The pairs that fit, and what is left on either side."""
    pairs: list[tuple[DefectEvent, DefectEvent]] = []
    alone: list[DefectEvent] = []
    rest = list(after)
    for event in before:
        at = next((n for n, other in enumerate(rest) if _alike(event, other) and fits(event, other)), None)
        if at is None:
            alone.append(event)
        else:
            pairs.append((event, rest.pop(at)))
    return tuple(pairs), tuple(alone), tuple(rest)


def _alike(one: DefectEvent, other: DefectEvent) -> bool:
    return (one.check, one.stream) == (other.check, other.stream)


def _at_the_same_time(one: DefectEvent, other: DefectEvent) -> bool:
    starts = abs(one.start_s - other.start_s) < SAME_WITHIN_S
    return starts and (one.end_s == other.end_s or abs(_end_s(one) - _end_s(other)) < SAME_WITHIN_S)


def _overlapping(one: DefectEvent, other: DefectEvent) -> bool:
    return one.start_s <= _end_s(other) and other.start_s <= _end_s(one)


def _end_s(event: DefectEvent) -> float:
    return math.inf if event.end_s is None else event.end_s
