"""Flicker: the light of the whole picture goes up and down, again and again, by a little.

From each picture to the next, nearly all cells of the thumbnail change the same way, whatever is shown
in them. Movement changes some of them, grain none, a fade all of them but only one way; a cut or a
flash changes them by more than a lamp does.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["FLICKER_COLUMNS", "FlickerDerivation"]

FLICKER_COLUMNS = {
    "flicker_swing": "level",
    "flicker_count": "turns",
    "flicker_age_s": "s",
}

CELL_LEVEL = 0.25
"""A cell has become lighter or darker when its mean has changed by more than this."""
LIT_LEVEL = 40.0
LEAST_LIT = 0.25
"""Only cells that are lit can flicker, and so much of the picture must be."""
AGREEING = 0.8
"""Share of the lit cells that must change the same way."""
LEAST_SWING, MOST_SWING = 0.75, 36.0
"""Light must turn by this many levels to count; a larger step in one picture is a cut or a flash."""
WINDOW_S = 1.0
EPSILON_S = 1e-6
MOST_HISTORY = 1024


@dataclass(slots=True)
class FlickerDerivation:
    """The state behind ``FLICKER_COLUMNS`` of one video stream.

    ``flicker_swing`` is by how much the light had gone the other way, on a row where it turns; 0 on all
    other rows. ``flicker_count`` counts the turns within the second that ends with the row,
    ``flicker_age_s`` is how long ago the first of them was.
    """

    _before: NDArray[np.uint16] = field(default_factory=lambda: np.zeros((0, 18, 32), np.uint16))
    _track: NDArray[np.float64] = field(default_factory=lambda: np.zeros(4))
    """Light so far, its lowest and its highest since it last turned, and which way it goes."""
    _history: NDArray[np.float64] = field(default_factory=lambda: np.zeros((2, 0)))
    """Time of the rows of the last second, and whether light turned."""

    def columns(
        self, start_s: NDArray[np.float64], light: NDArray[np.uint16]
    ) -> dict[str, NDArray[np.float64]]:
        """``FLICKER_COLUMNS``, each (n,), from start times (n,) and luma of thumbnails (n, 18, 32)."""
        before = self._before if len(self._before) else light[:1]
        out = np.zeros((3, len(start_s)))
        cuts = np.zeros(len(start_s), np.bool_)
        _turns(np.concatenate([before, light]), self._track, out[0], cuts)
        known = self._history.shape[1]
        history = np.zeros((2, known + len(start_s)))
        history[:, :known] = self._history
        history[0, known:], history[1, known:] = start_s, out[0]
        _count(history, cuts, known, out)
        self._history = history[:, history[0] > start_s[-1] - 2 * WINDOW_S][:, -MOST_HISTORY:]
        self._before = light[-1:].copy()
        return dict(zip(FLICKER_COLUMNS, out, strict=True))


_fast = njit(nogil=True, cache=True, error_model="numpy")


@_fast
def _step(now, before):  # type: ignore[no-untyped-def]
    """By how much the whole picture has become lighter, in levels: 0 where the cells do not agree."""
    rows, columns = now.shape
    limit, floor = CELL_LEVEL * 256, LIT_LEVEL * 256
    lighter = darker = lit = 0
    up = down = 0.0
    for y in range(rows):
        for x in range(columns):
            change = float(now[y, x]) - float(before[y, x])
            if max(now[y, x], before[y, x]) < floor:
                continue
            lit += 1
            if change > limit:
                lighter += 1
                up += change
            elif change < -limit:
                darker += 1
                down += change
    if lit < LEAST_LIT * rows * columns:
        return 0.0
    if lighter >= AGREEING * lit:
        return up / lighter / 256
    if darker >= AGREEING * lit:
        return down / darker / 256
    return 0.0


@_fast
def _turns(light, track, swing, cuts):  # type: ignore[no-untyped-def]
    """Fill ``swing`` and ``cuts`` (n,) from ``light`` (n + 1, 18, 32); ``track`` moves on in place."""
    for n in range(swing.size):
        step = _step(light[n + 1], light[n])
        if abs(step) > MOST_SWING:
            cuts[n] = True
            track[:] = 0.0
            continue
        track[0] += step
        if track[3] <= 0 and track[0] - track[1] >= LEAST_SWING:
            swing[n] = track[0] - track[1]
            track[2], track[3] = track[0], 1.0
        elif track[3] >= 0 and track[2] - track[0] >= LEAST_SWING:
            swing[n] = track[2] - track[0]
            track[1], track[3] = track[0], -1.0
        track[1], track[2] = min(track[1], track[0]), max(track[2], track[0])


@_fast
def _count(history, cuts, known, out):  # type: ignore[no-untyped-def]
    """Fill ``out[1:]`` for the rows from ``known`` on; a cut ends what was counted before it."""
    first = 0
    for n in range(known, history.shape[1]):
        row = n - known
        if cuts[row]:
            history[1, : n + 1] = 0.0
        while history[0, n] - history[0, first] >= WINDOW_S - EPSILON_S:
            first += 1
        for past in range(n, first - 1, -1):
            if history[1, past] > 0:
                out[1, row] += 1
                out[2, row] = history[0, n] - history[0, past]
