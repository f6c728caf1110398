"""Sudden events of picture and of sound, kept in bounded number: what content can be in sync by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.checks.contract import Onsets
from pipeline.series.table import Kind, Table

__all__ = ["JOLT_COLUMNS", "Jolts", "OnsetCollector"]

JOLT_COLUMNS: Mapping[str, str] = {"jolt": "level"}
"""How suddenly something moves or lights up: the second difference of the thumbnail, where it is largest."""

JOLT_CELLS = 12
"""A ball or a hand covers few cells of the thumbnail."""
MOST = 20_000
"""Onsets kept of a stream; with more, the stronger half stays."""
MARGIN, LONG_MARGIN = 3, 25
JOLT_TIMES, JOLT_FLOOR = 2.5, 0.3
"""A picture onset stands out this many times from the usual jolt of two seconds around it."""
RISE_DB, QUIET_DB, BACK, REST = 9.0, -50.0, 15, 10
"""A sound onset rises by so much over all of the 150 ms before, and is the first in 100 ms."""


@dataclass(slots=True)
class Jolts:
    """Makes ``JOLT_COLUMNS``; fed in order, in blocks of any size."""

    _known: NDArray[np.float32] | None = None

    def columns(self, thumbs: NDArray[np.uint16]) -> dict[str, NDArray[np.float32]]:
        """``jolt`` (n,) from thumbnails (n, 3, 18, 32), 256 to a level."""
        light = thumbs[:, 0].reshape(len(thumbs), -1).astype(np.float32) / 256
        before = np.repeat(light[:1], 2, axis=0) if self._known is None else self._known
        known = np.concatenate([before, light])
        jolts = np.abs(np.diff(known, n=2, axis=0))
        self._known = known[-2:]
        largest = np.partition(jolts, -JOLT_CELLS, axis=1)[:, -JOLT_CELLS:]
        return {"jolt": np.asarray(largest.mean(axis=1), np.float32)}


@dataclass(slots=True)
class _Lane:
    """Rows of one stream that wait for those after them, and the onsets found so far."""

    rows: NDArray[np.float64] = field(default_factory=lambda: np.zeros((4, 0)))
    done: int = 0
    onsets: NDArray[np.float64] = field(default_factory=lambda: np.zeros((2, 0)))

    def keep(self, found: NDArray[np.float64], behind: int) -> None:
        """Add onsets (2, n) of time and size; leave ``behind`` rows for the next time."""
        self.onsets = np.concatenate([self.onsets, found], axis=1)
        if self.onsets.shape[1] > MOST:
            strong = np.sort(np.argsort(self.onsets[1])[-MOST // 2 :])
            self.onsets = self.onsets[:, strong]
        cut = max(0, self.done - behind)
        self.rows, self.done = self.rows[:, cut:], self.done - cut


@dataclass(slots=True)
class OnsetCollector:
    """Takes tables of pictures and sounds as they come; each stream in order of time."""

    _lanes: dict[str, _Lane] = field(default_factory=dict)

    def feed(self, table: Table) -> None:
        """Find what is sudden in a table; a region's says nothing of the whole."""
        if table.kind not in (Kind.PICTURES, Kind.SOUNDS) or not len(table) or table.view:
            return
        lane = self._lanes.setdefault(table.stream.id, _Lane())
        if table.kind is Kind.PICTURES:
            rows = [table.start_s, table["jolt"], table["cut"], table["typical_step_s"]]
        else:
            power = (np.asarray(table["rms"], np.float64) ** 2).mean(axis=1)
            level = 10 * np.log10(np.maximum(power, 1e-9))
            rows = [table.start_s, level, np.zeros(len(table)), np.zeros(len(table))]
        lane.rows = np.concatenate([lane.rows, np.array(rows, np.float64)], axis=1)
        (_find_jolts if table.kind is Kind.PICTURES else _find_rises)(lane, LONG_MARGIN)

    def onsets(self) -> tuple[Onsets, ...]:
        """Every stream's onsets; called once, at the end."""
        for stream, lane in self._lanes.items():
            (_find_jolts if stream.startswith("v:") else _find_rises)(lane, 0)
        return tuple(
            Onsets(stream, tuple(lane.onsets[0].tolist())) for stream, lane in sorted(self._lanes.items())
        )


def _find_jolts(lane: _Lane, wait: int) -> None:
    start_s, jolt, cut, step_s = lane.rows
    found = []
    stop = max(lane.done, len(jolt) - wait)
    for n in range(max(lane.done, MARGIN), stop):
        near = jolt[n - MARGIN : n + MARGIN + 1]
        if jolt[n] < near.max() or cut[n - MARGIN : n + MARGIN + 1].any():
            continue
        usual = float(np.median(jolt[max(0, n - LONG_MARGIN) : n + LONG_MARGIN + 1]))
        if jolt[n] >= JOLT_TIMES * (usual + JOLT_FLOOR):
            # It happened between the picture before and this one.
            found.append((start_s[n] - step_s[n] / 2, jolt[n] / (usual + JOLT_FLOOR)))
    lane.done = stop
    lane.keep(np.array(found, np.float64).reshape(-1, 2).T, LONG_MARGIN)


def _find_rises(lane: _Lane, wait: int) -> None:
    start_s, level = lane.rows[:2]
    found: list[tuple[float, float]] = []
    stop = max(lane.done, len(level))
    if stop > BACK:
        windows = np.lib.stride_tricks.sliding_window_view(level, BACK)[:-1].max(axis=1)
        rise = np.concatenate([np.zeros(BACK), level[BACK:] - windows])
        for n in np.flatnonzero((rise >= RISE_DB) & (level >= QUIET_DB)).tolist():
            recent = found[-1][0] if found else lane.onsets[0, -1] if lane.onsets.shape[1] else -np.inf
            if n >= lane.done and start_s[n] - recent > REST * 0.01:
                found.append((start_s[n], rise[n]))
    lane.done = stop
    lane.keep(np.array(found, np.float64).reshape(-1, 2).T, LONG_MARGIN)
