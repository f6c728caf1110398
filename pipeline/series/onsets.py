"""Sudden events of picture and of sound, kept in bounded number: what content can be in sync by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.checks.contract import Onsets
from pipeline.series.table import Kind, Table

__all__ = ["JOLT_COLUMNS", "Jolts", "OnsetCollector"]

JOLT_COLUMNS: Mapping[str, str] = {"jolt": "level", "strike": "cells"}
"""``jolt``: how suddenly something moves or lights up: the second difference of the thumbnail, where it is
largest. ``strike``: how suddenly what moves is thrown upwards, ``STRIKE_BEHIND`` pictures before: how much
more its middle rises in the two pictures after than in the two before, in cells of the thumbnail."""

JOLT_CELLS = 12
"""A ball or a hand covers few cells of the thumbnail."""
STRIKE_BEHIND = 2
MOVED_LEVEL, MOVED_LEAST = 0.7, 2.0
"""A cell moves that changes by so many levels more than the median cell; less in all has no middle."""
MOST = 20_000
"""Onsets kept of a stream; with more, the stronger half stays."""
MARGIN, LONG_MARGIN = 3, 25
ONSET_TIMES, ONSET_FLOOR = 2.5, 0.3
"""A picture onset stands out this many times from the usual figure of two seconds around it."""
RISE_DB, QUIET_DB, BACK, REST = 9.0, -50.0, 15, 10
"""A sound onset rises by so much over all of the 150 ms before, and is the first in 100 ms."""


@dataclass(slots=True)
class Jolts:
    """Makes ``JOLT_COLUMNS``; fed in order, in blocks of any size."""

    _known: NDArray[np.float32] | None = None
    _middles: NDArray[np.float32] = field(
        default_factory=lambda: np.full(2 * STRIKE_BEHIND, np.nan, np.float32)
    )

    def columns(self, thumbs: NDArray[np.uint16]) -> dict[str, NDArray[np.float32]]:
        """``JOLT_COLUMNS``, each (n,), from thumbnails (n, 3, 18, 32), 256 to a level."""
        light = thumbs[:, 0].reshape(len(thumbs), -1).astype(np.float32) / 256
        before = np.repeat(light[:1], 2, axis=0) if self._known is None else self._known
        known = np.concatenate([before, light])
        steps = np.diff(known, axis=0)
        jolts = np.abs(np.diff(steps, axis=0))
        largest = np.partition(jolts, -JOLT_CELLS, axis=1)[:, -JOLT_CELLS:]
        middles = np.concatenate([self._middles, _middles(np.abs(steps[1:]), thumbs.shape[2])])
        self._known, self._middles = known[-2:], middles[-2 * STRIKE_BEHIND :]
        before, here, after = middles[: -2 * STRIKE_BEHIND], middles[2:-2], middles[2 * STRIKE_BEHIND :]
        thrown = np.maximum((here - before) - (after - here), 0.0)
        return {
            "jolt": np.asarray(largest.mean(axis=1), np.float32),
            "strike": np.nan_to_num(thrown).astype(np.float32),
        }


def _middles(changes: NDArray[np.float32], rows: int) -> NDArray[np.float32]:
    """How far down the middle of what moves is, in rows (n,), from the change of each cell (n, cells)."""
    moved = np.maximum(changes - np.median(changes, axis=1, keepdims=True) - np.float32(MOVED_LEVEL), 0)
    lines = moved.reshape(len(moved), rows, -1).sum(axis=2)
    total = lines.sum(axis=1)
    # No matrix product: how that rounds hangs on how many rows there are.
    middle = (lines * np.arange(rows, dtype=np.float32)).sum(axis=1) / np.maximum(total, MOVED_LEAST)
    return np.where(total > MOVED_LEAST, middle, np.float32(np.nan)).astype(np.float32)


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

    _lanes: dict[tuple[str, str], _Lane] = field(default_factory=dict)

    def feed(self, table: Table) -> None:
        """Find what is sudden in a table; a region's says nothing of the whole."""
        if table.kind not in (Kind.PICTURES, Kind.SOUNDS) or not len(table) or table.view:
            return
        if table.kind is Kind.PICTURES:
            for kind in JOLT_COLUMNS:
                self._add(table, kind, [table.start_s, table[kind], table["cut"], table["typical_step_s"]])
        else:
            power = (np.asarray(table["rms"], np.float64) ** 2).mean(axis=1)
            level = 10 * np.log10(np.maximum(power, 1e-9))
            self._add(table, "rise", [table.start_s, level, np.zeros(len(table)), np.zeros(len(table))])

    def _add(self, table: Table, kind: str, rows: list[NDArray[Any]]) -> None:
        lane = self._lanes.setdefault((table.stream.id, kind), _Lane())
        lane.rows = np.concatenate([lane.rows, np.array(rows, np.float64)], axis=1)
        _find(kind, lane, LONG_MARGIN)

    def onsets(self) -> tuple[Onsets, ...]:
        """Every stream's onsets; called once, at the end."""
        for (_, kind), lane in self._lanes.items():
            _find(kind, lane, 0)
        return tuple(
            Onsets(stream, tuple(lane.onsets[0].tolist()), kind, tuple(lane.onsets[1].tolist()))
            for (stream, kind), lane in sorted(self._lanes.items())
        )


def _find(kind: str, lane: _Lane, wait: int) -> None:
    if kind == "rise":
        _find_rises(lane, wait)
    else:
        _find_peaks(lane, wait, STRIKE_BEHIND if kind == "strike" else 0)


def _find_peaks(lane: _Lane, wait: int, behind: int) -> None:
    """Onsets of a picture's figure, each of which speaks of the picture ``behind`` rows before its own."""
    start_s, figure, cut, step_s = lane.rows
    found = []
    stop = max(lane.done, len(figure) - wait)
    for n in range(max(lane.done, MARGIN + behind), stop):
        near = figure[n - MARGIN : n + MARGIN + 1]
        if figure[n] < near.max() or cut[n - MARGIN - behind : n + MARGIN + 1].any():
            continue
        usual = float(np.median(figure[max(0, n - LONG_MARGIN) : n + LONG_MARGIN + 1]))
        if figure[n] >= ONSET_TIMES * (usual + ONSET_FLOOR):
            # A jolt lies between the picture before and this one; a strike is as large at the picture that
            # shows it as at the next.
            at, early = n - behind, 1.0 if behind else 0.5
            found.append((start_s[at] - early * step_s[at], figure[n] / (usual + ONSET_FLOOR)))
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
