"""Noise: the floor under all of a picture's texture and movement, and snow."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.measure.view import BlockView

__all__ = ["NOISE_COLUMNS", "summarise_noise"]

NOISE_COLUMNS: Mapping[str, str] = {
    "texture_floor": "level",
    "grain_floor": "level",
    "snow_share": "share",
}
"""The fifth part of the blocks that is evenest has no more than this: ``texture_floor`` along its rows,
``grain_floor`` both there and from one picture to the next, each as the deviation of the white noise that
would do it. NaN where less than a quarter of the picture is neither near black nor near white, and for
the first picture. ``snow_share`` is the share of blocks that are nothing but strong noise."""

OF_BEND, OF_CHANGE = 1.954, 1.128
"""Mean of absolute second differences, and of differences, of white noise of deviation 1."""
END_NEAR = 8.0
"""Blocks this near to black or white are cut off there, and tell nothing."""
LEAST_SHARE, LEAST_BLOCKS = 0.25, 8
FLOOR = 0.2
SNOW_STD, SNOW_LIKE = 20.0, 0.65
"""In snow samples differ from their neighbours, and from the picture before, as much as from the mean."""


def summarise_noise(view: BlockView, out: NDArray[np.float64]) -> None:
    """Fill ``out`` with ``NOISE_COLUMNS``."""
    out[:] = np.nan, np.nan, 0.0
    if view.before is None:
        return
    ends = (view.black + END_NEAR, view.white - END_NEAR)
    _summarise(
        view.area, view.share, view.luma[5], view.luma[12], view.mean, view.variance, view.change, ends, out
    )


@njit(nogil=True, cache=True, error_model="numpy")
def _summarise(area, share, step_x, bend_x, mean, variance, change, ends, out):  # type: ignore[no-untyped-def]
    rows, columns = area.shape
    low, high = ends
    texture, grain = np.zeros(512, np.int64), np.zeros(512, np.int64)
    samples = snow = blocks = seen = 0
    for y in range(rows):
        for x in range(columns):
            size = area[y, x]
            if size == 0:
                continue
            blocks += 1
            samples += size
            # The rows' differences are taken on every other row.
            moved, deviation = change[y, x] / OF_CHANGE, np.sqrt(variance[y, x])
            step = 2 * step_x[y, x] * share[y, x] / OF_CHANGE
            if deviation >= SNOW_STD and min(step, moved) >= SNOW_LIKE * deviation:
                snow += size
            if low < mean[y, x] < high:
                seen += 1
                bend = 2 * bend_x[y, x] * share[y, x] / OF_BEND
                texture[min(511, int(8 * bend))] += 1
                grain[min(511, int(8 * min(bend, moved)))] += 1
    out[2] = snow / max(samples, 1)
    if seen >= max(LEAST_BLOCKS, LEAST_SHARE * blocks):
        out[0] = _floor(texture, FLOOR * seen)
        out[1] = _floor(grain, FLOOR * seen)


@njit(nogil=True, cache=True, error_model="numpy")
def _floor(counts, wanted):  # type: ignore[no-untyped-def]
    """The value, in eighths of a level, up to which so many lie."""
    total = 0
    for n in range(counts.size):
        total += counts[n]
        if total >= wanted:
            return n / 8
    return (counts.size - 1) / 8
