"""Where noise comes up within a shot: its floor against that of the pictures before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.measure.picture import THUMB_SHAPE

__all__ = ["GRAIN_COLUMNS", "GrainDerivation"]

GRAIN_COLUMNS: Mapping[str, str] = {"grain_rise": "level", "grain_before": "level"}

PAST, RECENT, LEAST_PAST = 12, 3, 6
"""A picture is compared with the twelve before it but for the last three: noise that comes up more
slowly is a fade, a dissolve or a change of focus. So many of them must be known."""
TEXTURE_TIMES, GRAIN_TIMES, RISE_LEVEL = 1.2, 1.4, 0.8
"""Noise comes up where both floors are above what they were, by these factors and this much more."""
KEEP_TIMES, KEEP_LEVEL = 1.2, 0.5
"""And it stays up while its floor is above that of before by so much."""
PATIENCE = 12
"""After so many pictures without it, what was before is forgotten."""
OTHER_PICTURE = 0.35
"""A picture that differs from the one before by this much of its own contrast is another one."""
LEAST_CONTRAST = 8.0


@dataclass(slots=True)
class GrainDerivation:
    """``grain_rise`` is by how much the grain floor lies above ``grain_before``, that of the shot before
    noise came up, in levels; 0 where none did."""

    _past: NDArray[np.float64] = field(default_factory=lambda: np.full((2, PAST), np.nan))
    _state: NDArray[np.float64] = field(default_factory=lambda: np.array([0.0, 0.0, 0.0]))
    _last: NDArray[np.uint16] = field(default_factory=lambda: np.zeros(THUMB_SHAPE, np.uint16))

    def columns(
        self, texture: NDArray[np.floating], grain: NDArray[np.floating], thumbs: NDArray[np.uint16]
    ) -> dict[str, NDArray[np.float64]]:
        """Both columns, (n,), from the floors (n,) and thumbnails (n, 3, 18, 32)."""
        out = np.zeros((2, len(texture)))
        floors = np.stack([texture, grain]).astype(np.float64)
        _rises(floors, thumbs[:, 0], self._past, self._state, self._last, out)
        return {"grain_rise": out[0], "grain_before": out[1]}


_fast = njit(nogil=True, cache=True, error_model="numpy")


@_fast
def _differs(thumb, last):  # type: ignore[no-untyped-def]
    """How far two thumbnails are apart, as a share of the contrast of the first."""
    rows, columns = thumb.shape
    count = rows * columns
    mean = shift = 0.0
    for y in range(rows):
        for x in range(columns):
            mean += thumb[y, x] / count
            shift += (float(thumb[y, x]) - last[y, x]) / count
    apart = contrast = 0.0
    for y in range(rows):
        for x in range(columns):
            # A flash, and a fade, lift all cells: that alone makes no other picture.
            apart += abs(float(thumb[y, x]) - last[y, x] - shift) / count
            contrast += abs(thumb[y, x] - mean) / count
    return apart / max(contrast, 256 * LEAST_CONTRAST)


@_fast
def _highest(past):  # type: ignore[no-untyped-def]
    """The highest of the known values but for the most recent; NaN where too few are known."""
    highest, known = 0.0, 0
    for n in range(PAST - RECENT):
        if np.isfinite(past[n]):
            highest = max(highest, past[n])
            known += 1
    return highest if known >= LEAST_PAST else np.nan


@_fast
def _rises(floors, thumbs, past, state, last, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (2, n). ``past`` (2, PAST), ``last`` (18, 32) and ``state`` are moved in place: whether
    noise is up, the grain floor of before, and pictures since it was last seen."""
    for n in range(floors.shape[1]):
        if _differs(thumbs[n], last) > OTHER_PICTURE:
            past[:] = np.nan  # noise that is up may go on through a cut
        last[:] = thumbs[n]
        texture, grain = floors[0, n], floors[1, n]
        if state[0] == 0.0:
            was_texture, was_grain = _highest(past[0]), _highest(past[1])
            above = texture >= TEXTURE_TIMES * was_texture + RISE_LEVEL
            if above and grain >= GRAIN_TIMES * was_grain + RISE_LEVEL:
                state[0], state[1], state[2] = 1.0, was_grain, 0.0
        if state[0] == 1.0:
            out[1, n] = state[1]
            if grain >= KEEP_TIMES * state[1] + KEEP_LEVEL:
                out[0, n] = grain - state[1]
                state[2] = 0.0
            else:
                state[2] += 1.0
                if state[2] >= PATIENCE:
                    state[:] = 0.0
                    past[:] = np.nan
        if state[0] == 0.0:
            past[:, :-1] = past[:, 1:].copy()
            past[0, -1], past[1, -1] = texture, grain
