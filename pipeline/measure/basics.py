"""Light, colour, flatness and movement of a picture."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.measure.view import BlockView, median

__all__ = ["BASIC_COLUMNS", "summarise_basics"]

BASIC_COLUMNS: Mapping[str, str] = {
    "luma_mean": "level",
    "luma_std": "level",
    "dark_share": "share",
    "grey_share": "share",
    "black_block_share": "share",
    "lit_box_share": "share",
    "flat_share": "share",
    "colour_y": "level",
    "colour_u": "level",
    "colour_v": "level",
    "even_share": "share",
    "change_mean": "level",
    "moved_share": "share",
}

LIT_BLOCK = 0.10
BLACK_BLOCK_LEVEL = 6.0
BLACK_BLOCK_STD = 3.0
FLAT_STD = 4.0
FLAT_NEAR, EVEN_NEAR = 6.0, 2.5
"""Flat blocks are near the picture's median colour; nearer still there is no light and shade."""
SHIFT_LEVEL = 1.0
"""A block whose mean moves by more has moved: grain of 3 levels moves it by a quarter of that."""
CHANGE_LEAST, CHANGE_MOST, CHANGE_OF_MEDIAN = 2.5, 6.0, 2.5
"""A block whose samples change by more has moved; the bar rises with the picture's own grain."""


def summarise_basics(view: BlockView, out: NDArray[np.float64]) -> None:
    """Fill ``out`` with ``BASIC_COLUMNS``; ``change_mean`` is NaN where there is no picture before."""
    before = view.mean if view.before is None else view.before
    _summarise(
        view.area,
        view.share,
        view.luma,
        view.chroma_area,
        view.chroma,
        view.mean,
        view.variance,
        view.change,
        view.u,
        view.v,
        before,
        view.black,
        out,
    )
    if view.before is None:
        out[-2:] = np.nan, 1.0


@njit(nogil=True, cache=True, error_model="numpy")
def _summarise(area, share, luma, chroma_area, chroma, mean, variance, change, u, v, before, black, out):  # type: ignore[no-untyped-def]
    rows, columns = area.shape
    middle_y, middle_u, middle_v = median(mean, area), median(u, area), median(v, area)
    bar = min(max(CHANGE_OF_MEDIAN * median(change, area), CHANGE_LEAST), CHANGE_MOST)
    black_blocks = flat_blocks = even_blocks = moved_blocks = 0
    samples = chroma_samples = blocks = 0
    light = squared = dark = grey = moved = 0.0
    top, bottom, left, right = rows, -1, columns, -1
    for y in range(rows):
        for x in range(columns):
            size, level = area[y, x], mean[y, x]
            if size == 0:
                continue
            blocks += 1
            samples += size
            chroma_samples += chroma_area[y, x]
            light += level * size
            squared += (variance[y, x] + level * level) * size
            dark += luma[2, y, x]
            grey += chroma[2, y, x]
            moved += change[y, x] * size
            if level <= black + BLACK_BLOCK_LEVEL and variance[y, x] <= BLACK_BLOCK_STD**2:
                black_blocks += size
            away = max(abs(level - middle_y), abs(u[y, x] - middle_u), abs(v[y, x] - middle_v))
            if away <= FLAT_NEAR and variance[y, x] <= FLAT_STD**2:
                flat_blocks += size
                if away <= EVEN_NEAR:
                    even_blocks += size
            if change[y, x] > bar or abs(level - before[y, x]) > SHIFT_LEVEL:
                moved_blocks += size
            if luma[2, y, x] < (1.0 - LIT_BLOCK) * size:
                top, bottom = min(top, y), max(bottom, y)
                left, right = min(left, x), max(right, x)
    samples = max(samples, 1)
    out[0] = light / samples
    out[1] = np.sqrt(max(squared / samples - out[0] * out[0], 0.0))
    out[2] = dark / samples
    out[3] = grey / max(chroma_samples, 1)
    out[4] = black_blocks / samples
    out[5] = 0.0 if bottom < 0 else (bottom - top + 1) * (right - left + 1) / max(blocks, 1)
    out[6] = flat_blocks / samples
    out[7], out[8], out[9] = middle_y, middle_u, middle_v
    out[10] = even_blocks / samples
    out[11] = moved / samples
    out[12] = moved_blocks / samples
