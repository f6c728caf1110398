"""Seams on one grid over some time: what a key frame has more of, and a picture between them less."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["SEAM_DERIVED", "SEEN_LEVEL", "SeamDerivation"]

SEAM_DERIVED: Mapping[str, str] = {"seam_level": "level", "seam_age_s": "s"}

GRID = 8
"""Columns at which a grid may begin."""
SEEN_LEVEL = 0.05
"""A picture with a lower ``seam_rise`` shows no grid."""
MEMORY_S = 0.5
"""Time constant of the mean: coders refresh a picture in parts, and their key frames show most."""
GAP_S = 0.5
"""Seams that are not seen for longer have gone."""
REACH_S = 0.6
"""How far back a level speaks for pictures that showed the grid before it was high."""
SHIFTED = 0.5
"""What a grid counts that does not begin at the edge of the picture: that of some source, coded long ago."""


@dataclass(slots=True)
class SeamDerivation:
    """``seam_level`` is the running mean of ``seam_rise`` at that column of the grid where it is highest;
    ``seam_age_s`` says for how long seams have been seen, up to ``REACH_S``."""

    _means: NDArray[np.float64] = field(default_factory=lambda: np.zeros(GRID))
    _state: NDArray[np.float64] = field(default_factory=lambda: np.full(3, np.nan))
    """The time of the last picture, since when seams are seen, and when they last were."""

    def columns(
        self, start_s: NDArray[np.float64], rise: NDArray[np.floating], at: NDArray[np.floating]
    ) -> dict[str, NDArray[np.float64]]:
        """``SEAM_DERIVED``, each (n,), from times (n,) and the columns of the same rows."""
        out = np.empty((2, len(start_s)))
        _follow(start_s, rise, at, self._means, self._state, out)
        return dict(zip(SEAM_DERIVED, out, strict=True))


@njit(nogil=True, cache=True, error_model="numpy")
def _follow(start_s, rise, at, means, state, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (2, n); ``means`` (8,) and ``state`` are moved in place."""
    for n in range(start_s.size):
        now = start_s[n]
        keep = 1.0 if np.isnan(state[0]) else np.exp(-max(now - state[0], 0.0) / MEMORY_S)
        for column in range(means.size):
            means[column] *= keep
        means[int(at[n])] += (1.0 - keep) * rise[n]
        state[0] = now
        seen = rise[n] >= SEEN_LEVEL
        if seen:
            if np.isnan(state[2]) or now - state[2] > GAP_S:
                state[1] = now
            state[2] = now
        out[0, n] = max(means[0], SHIFTED * means[1:].max())
        out[1, n] = min(now - state[1], REACH_S) if seen else 0.0
