"""The bars at the edges of a picture, held through scenes too dark to tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["BORDER_COLUMNS", "SIDES", "BorderDerivation"]

SIDES = ("top", "bottom", "left", "right")

BORDER_COLUMNS = {
    "border_top": "samples",
    "border_bottom": "samples",
    "border_left": "samples",
    "border_right": "samples",
    "border_moved": "samples",
}

JITTER = 4.0
"""A bar whose edge moves by no more than this, in samples, has not changed."""


@dataclass(slots=True)
class BorderDerivation:
    """The state behind ``BORDER_COLUMNS`` of one video stream.

    ``border_*`` are the sizes of the bars as they were last seen; NaN before they were seen once.
    ``border_moved`` is the largest difference to those with which the stream began.
    """

    _held: NDArray[np.float64] = field(default_factory=lambda: np.full((2, 4), np.nan))
    """The sizes now, and those with which the stream began."""

    def columns(self, measured: Mapping[str, NDArray[np.floating]]) -> dict[str, NDArray[np.float64]]:
        """``BORDER_COLUMNS``, each (n,), from the columns ``top_bar`` and so on."""
        bars = np.stack([np.asarray(measured[f"{side}_bar"], np.float64) for side in SIDES], axis=1)
        out = np.empty((len(bars), 5))
        _hold(bars, self._held, out)
        return {name: out[:, n] for n, name in enumerate(BORDER_COLUMNS)}


@njit(nogil=True, cache=True, error_model="numpy")
def _hold(bars, held, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (n, 5) from ``bars`` (n, 4), NaN where unknown; ``held`` (2, 4) moves on in place."""
    for n in range(bars.shape[0]):
        moved = 0.0
        for side in range(4):
            now = bars[n, side]
            if not np.isnan(now):
                if np.isnan(held[1, side]):
                    held[0, side] = held[1, side] = now
                if abs(now - held[0, side]) > JITTER:
                    held[0, side] = now
            out[n, side] = held[0, side]
            if not np.isnan(held[0, side]):
                moved = max(moved, abs(held[0, side] - held[1, side]))
        out[n, 4] = moved
