"""Seams: straight steps that stand alone, by where they lie on a grid of 8 samples.

A coder with too few bits leaves each of its blocks plain, and a step where two of them meet: every eighth
column, wherever the picture was cropped. Content has such steps as well, but at no column more than at
others. So the steps along some lines are gathered, and what remains of them at the best of the eight
columns, beside those at the others, is the coder's.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.decode.values import Plane
from pipeline.measure.view import BlockView

__all__ = ["SEAM_COLUMNS", "seam_maps", "seam_stride", "summarise_seams"]

SEAM_COLUMNS: Mapping[str, str] = {"seam_rise": "level", "seam_at": "samples"}
"""Column -> unit: by how many levels seams stand over their neighbours at the best column of the grid, as a
mean over all samples that are not plain and less twice what the other columns have, without the eighth of
the picture that shows most; and which column that
is: 0 where blocks begin at the left edge of the picture."""

BLOCK, GRID, STRIP, LINES = 16, 8, 8, 4
"""Steps are gathered over strips of 8 rows, two a band of blocks, on the even ones of them."""
BANDS = 16
"""About so many bands are read: coarse coding is a matter of the whole picture."""
PLAIN, FAINT = 1.25, 3.0
"""Levels: a column of a strip without a step above the one is plain; of a seam nobody sees as much as the
other, and any coder without a filter leaves that in even ground, however many bits it has."""
MOST, DRAWN = 6, 40
"""A seam counts by no more levels than the one, so that none outweighs many; one above the other is drawn."""
TILES, SPARED = 4, 8
"""Of so many tiles across and down the eighth that shows most is left out: a coder's blocks are all over the
picture, a mosaic over a face is not."""
LEAST_SHARE = 0.12
"""Where fewer samples than this are not plain, they count as if so many were."""

_fast = njit(nogil=True, cache=True, error_model="numpy")


def seam_stride(rows: int) -> int:
    """Of ``rows`` bands of blocks, every how manieth ``seam_maps`` reads."""
    return max(1, rows // BANDS)


def seam_maps(luma: Plane, bits: int) -> NDArray[np.int16]:
    """Seams of every ``seam_stride``-th band of blocks: (3, bands, width) int16, sums over its two strips.

    First the rise at each column in sixteenths of a level, then how many strips are not plain there, and
    how many have a drawn edge.
    """
    height, width = luma.shape
    rows = -(-height // BLOCK)
    stride = seam_stride(rows)
    out = np.zeros((3, -(-rows // stride), width), np.int16)
    if width > 2 * GRID:
        _seam_maps(luma, stride, bits - 8, out)
    return out


def summarise_seams(view: BlockView, out: NDArray[np.float64]) -> None:
    """Fill ``out`` with ``SEAM_COLUMNS``."""
    _summarise(view.seams, view.area, seam_stride(len(view.area)), out)


@_fast
def _gather(here, left, steps):  # type: ignore[no-untyped-def]
    for x in range(here.size):
        a = here[x]
        b = left[x]
        steps[x] = np.uint16(steps[x] + (max(a, b) - min(a, b)))


@_fast
def _rise(far_left, left, here, right, far_right, rise, able, drawn):  # type: ignore[no-untyped-def]
    """Steps of ``LINES`` rows; a seam is over one and a half of those beside it."""
    for x in range(here.size):
        step = np.int32(here[x])
        beside = max(
            np.int32(6) * np.int32(max(left[x], right[x])),
            np.int32(3) * (np.int32(far_left[x]) + np.int32(far_right[x])),
        )
        over = np.int32(4) * step - beside - np.int32(16.0 * FAINT)
        over = min(max(over, np.int32(0)), np.int32(16 * MOST))
        rise[x] += np.int16(over if step < LINES * DRAWN else np.int32(0))
        able[x] += np.int16(step > np.int32(LINES * PLAIN))
        drawn[x] += np.int16(step >= LINES * DRAWN)


@_fast
def _seam_maps(luma, stride, shift, out):  # type: ignore[no-untyped-def]
    height, width = luma.shape
    steps = np.empty(width, np.uint16)
    for band in range(out.shape[1]):
        for half in range(2):
            first = band * stride * BLOCK + half * STRIP
            if first + STRIP > height:
                continue
            steps[:] = 0
            for y in range(first, first + STRIP, STRIP // LINES):
                _gather(luma[y, 1:], luma[y, :-1], steps[1:])
            if shift:
                for x in range(width):
                    steps[x] = steps[x] >> shift
            # The first column has no step; what lies beside it is not known.
            _rise(
                steps[1:-4],
                steps[2:-3],
                steps[3:-2],
                steps[4:-1],
                steps[5:],
                out[0, band, 3:-2],
                out[1, band, 3:-2],
                out[2, band, 3:-2],
            )


@_fast
def _gathered(seams, area, stride, sums, samples):  # type: ignore[no-untyped-def]
    """Fill ``sums`` (2, tiles, 8), rises and drawn edges by column of the grid, and ``samples`` (tiles,);
    hand back how many samples are not plain."""
    bands, blocks, width = seams.shape[1], area.shape[1], seams.shape[2]
    able = 0
    for band in range(bands):
        for block in range(blocks):
            if area[band * stride, block] == 0:
                continue
            tile = band * TILES // bands * TILES + block * TILES // blocks
            first, stop = block * BLOCK, min(width, block * BLOCK + BLOCK)
            samples[tile] += 2 * (stop - first)
            for x in range(first, stop):
                sums[0, tile, x % GRID] += seams[0, band, x]
                sums[1, tile, x % GRID] += seams[2, band, x]
                able += seams[1, band, x]
    return able


@_fast
def _over_others(values, best):  # type: ignore[no-untyped-def]
    """What stands at the best of eight columns, less twice the median of the other seven."""
    others = values.copy()
    others[best] = others.min()
    # That one is the first now, or as good as it.
    return values[best] - 2 * np.sort(others)[4]


@_fast
def _summarise(seams, area, stride, out):  # type: ignore[no-untyped-def]
    sums, samples = np.zeros((2, TILES * TILES, GRID), np.int64), np.zeros(TILES * TILES, np.int64)
    able = _gathered(seams, area, stride, sums, samples)
    at = sums.sum(axis=1)
    best = int(at[0].argmax())
    rises = np.full(samples.size, -np.inf)
    for tile in range(samples.size):
        if samples[tile]:
            rises[tile] = _over_others(sums[0, tile], best) / samples[tile]
    known = int((samples > 0).sum())
    kept = np.argsort(rises)[samples.size - known : samples.size - known // SPARED]
    rise, size = 0.0, 0
    for tile in kept:
        rise += rises[tile] * samples[tile]
        size += samples[tile]
    # What is drawn on the grid (pixel art, letters) is no coder's: it counts against, as the highest seam.
    drawn = max(_over_others(at[1], best), 0) * size / max(samples.sum(), 1)
    level = (rise - 16 * MOST * drawn) * GRID / 16.0 / max(size, 1)
    out[0] = max(level, 0.0) / max(able / max(samples.sum(), 1), LEAST_SHARE)
    out[1] = best
