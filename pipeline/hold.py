"""The one piece of state that checks have: from rows that are bad to intervals that are defects.

A candidate begins with the first bad row. Good time of up to ``merge_s`` inside it is bridged. When it
has lasted ``min_s`` it is a defect, and reported; from then on it takes ``recover_s`` (or ``merge_s``,
if longer) of good time to end it. Its end is the end of its last bad row, never of the good time after.
A row that ``breaks`` ends what runs at once, whatever the times say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["Hold", "Lane", "Span"]

TOLERANCE_S = 1e-6
"""Times are sums of floats: two seconds of frames count as two seconds."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lane:
    """Rows of one question: times (n,), whether each is bad, and the figures that go with it.

    ``facts`` maps a name to (n,) figures, gathered over the bad rows. ``breaks`` marks rows that
    cannot be bridged. ``name`` tells lanes of one check and stream apart (a channel, a kind).
    """

    start_s: Floats
    end_s: Floats
    bad: NDArray[np.bool_]
    facts: Mapping[str, NDArray[np.floating]] = field(default_factory=dict)
    breaks: NDArray[np.bool_] | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """An interval that is bad; each fact's duration-weighted mean, lowest and highest over bad rows."""

    start_s: float
    end_s: float
    rows: int
    mean: Mapping[str, float]
    low: Mapping[str, float]
    high: Mapping[str, float]
    name: str = ""

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


@dataclass(slots=True)
class _Candidate:
    start_s: float
    end_s: float
    rows: int = 0
    weight: float = 0.0
    total: dict[str, float] = field(default_factory=dict)
    low: dict[str, float] = field(default_factory=dict)
    high: dict[str, float] = field(default_factory=dict)

    def add(self, lane: Lane, first: int, stop: int) -> None:
        self.start_s = min(self.start_s, float(lane.start_s[first:stop].min()))
        self.end_s = max(self.end_s, float(lane.end_s[first:stop].max()))
        self.rows += stop - first
        weights = np.maximum(lane.end_s[first:stop] - lane.start_s[first:stop], TOLERANCE_S)
        self.weight += float(weights.sum())
        for name, values in lane.facts.items():
            part = np.asarray(values[first:stop], np.float64)
            self.total[name] = self.total.get(name, 0.0) + float(part @ weights)
            self.low[name] = min(self.low.get(name, np.inf), float(part.min()))
            self.high[name] = max(self.high.get(name, -np.inf), float(part.max()))

    def span(self, name: str) -> Span:
        mean = {key: value / self.weight for key, value in self.total.items()}
        return Span(self.start_s, self.end_s, self.rows, mean, dict(self.low), dict(self.high), name)


@dataclass(slots=True)
class Hold:
    """Turns one lane's rows into spans; fed in order, in blocks of any size, with the same result."""

    min_s: float
    recover_s: float
    merge_s: float
    _running: _Candidate | None = None

    def feed(self, lane: Lane) -> list[Span]:
        """Take rows; give the spans that ended."""
        done: list[Span] = []
        for first, stop, broken in _runs(lane):
            start_s = float(lane.start_s[first])
            if self._running and (broken or start_s - self._running.end_s > self._patience_s + TOLERANCE_S):
                done += self._close(lane.name)
            if self._running is None:
                self._running = _Candidate(start_s, start_s)
            self._running.add(lane, first, stop)
        if self._running and len(lane.start_s):
            last = np.flatnonzero(_bridgeable(lane))
            tail = int(last[-1]) + 1 if len(last) else 0
            broken = lane.breaks is not None and bool(lane.breaks[tail:].any())
            # Rows may overlap: only the start of the last one says how near the next can begin.
            if broken or float(lane.start_s[-1]) - self._running.end_s > self._patience_s + TOLERANCE_S:
                done += self._close(lane.name)
        return done

    def finish(self, name: str = "") -> list[Span]:
        """The input has ended; so has what was running."""
        return self._close(name) if self._running else []

    def ongoing(self, name: str = "") -> Span | None:
        """The span that has lasted long enough to be a defect and has not ended."""
        return self._running.span(name) if self._running and self._confirmed else None

    @property
    def _confirmed(self) -> bool:
        running = self._running
        return running is not None and running.end_s - running.start_s >= self.min_s - TOLERANCE_S

    @property
    def _patience_s(self) -> float:
        return max(self.recover_s, self.merge_s) if self._confirmed else self.merge_s

    def _close(self, name: str) -> list[Span]:
        spans = [self._running.span(name)] if self._running and self._confirmed else []
        self._running = None
        return spans


def _bridgeable(lane: Lane) -> NDArray[np.bool_]:
    """The bad rows; one that breaks is none, whatever else it is."""
    bad = np.asarray(lane.bad, np.bool_)
    return bad if lane.breaks is None else bad & ~lane.breaks


def _runs(lane: Lane) -> Iterator[tuple[int, int, bool]]:
    """First and behind-last row of each run of bad rows, and whether a break stands before it.

    A hole in time inside a run divides it: nothing is known of the time between.
    """
    bad = _bridgeable(lane)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], bad, [False]]).astype(np.int8)))
    behind = 0
    for first, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        broken = lane.breaks is not None and bool(lane.breaks[behind:first].any())
        holes = np.flatnonzero(lane.start_s[first + 1 : stop] - lane.end_s[first : stop - 1] > TOLERANCE_S)
        for left, right in zip([first, *(first + 1 + holes)], [*(first + 1 + holes), stop], strict=True):
            yield int(left), int(right), broken
            broken = False
        behind = stop
