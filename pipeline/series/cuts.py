"""Where one shot gives way to the next at once: told from thumbnails, by what changed beyond light."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["CUT_COLUMNS", "CutDerivation"]

CUT_COLUMNS: Mapping[str, str] = {"cut": "bool"}

CUT_LEVEL = 9.0
"""Levels by which the cells change in the mean, once the change of all of them together is taken off:
a flash lights the whole picture, a cut puts another one in its place."""
CUT_OF_USUAL = 3.0
"""And so many times what the pictures before it changed by: a fast pan changes as much each time."""
USUAL, LEAST_KNOWN = 6, 2
"""How many pictures before it, and how many of them must be known."""


@dataclass(slots=True)
class CutDerivation:
    """``cut`` marks the first picture of a new shot; a dissolve and a fade have none."""

    _last: NDArray[np.float64] | None = None
    _usual: NDArray[np.float64] = field(default_factory=lambda: np.full(USUAL, np.nan))

    def columns(self, thumbs: NDArray[np.uint16]) -> dict[str, NDArray[np.bool_]]:
        """``cut`` (n,) from thumbnails (n, 3, 18, 32), 256 to a level."""
        light = thumbs[:, 0] / 256.0
        change = np.diff(light, axis=0, prepend=light[:1] if self._last is None else self._last)
        change -= np.median(change, axis=(1, 2), keepdims=True)
        levels = np.abs(change).mean(axis=(1, 2))
        if self._last is None:
            levels[:1] = np.nan  # of the first picture nothing is known
        known = np.concatenate([self._usual, levels])
        windows = np.lib.stride_tricks.sliding_window_view(known, USUAL)[: len(levels)]
        seen = np.isfinite(windows).sum(axis=1)
        usual = np.nansum(windows, axis=1) / np.maximum(seen, 1)
        if len(light):
            self._last, self._usual = light[-1:], known[-USUAL:]
        enough = (seen >= LEAST_KNOWN) & (levels >= CUT_LEVEL)
        return {"cut": enough & (levels >= CUT_OF_USUAL * usual)}
