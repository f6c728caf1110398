"""A picture to one row: everything is read off the block maps, at a hundredth of the picture's size.

All figures are in levels of an 8-bit code (0..255), whatever the depth of the source.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.decode.values import Picture, Plane
from pipeline.measure.blocks import BLOCK, chroma_maps, grid, luma_maps

__all__ = ["PICTURE_COLUMNS", "THUMB_SHAPE", "PictureMeter"]

THUMB_SHAPE = (18, 32)
"""Rows and columns of the thumbnail of cell means that each row carries."""

PICTURE_COLUMNS: dict[str, str] = {
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
    "change_mean": "level",
    "moved_share": "share",
}
"""Column -> unit. The shares are of the picture's samples, or of its blocks."""

BLACK_LIMITED, BLACK_FULL = 16, 0
DARK_OF_RANGE = 0.10
"""FFmpeg blackdetect's pix_th: a sample is dark up to a tenth of the legal range."""
GREY_LIMIT = 8
"""Chroma within this many levels of the centre counts as colourless."""
LIT_BLOCK = 0.10
BLACK_BLOCK_LEVEL = 6.0
BLACK_BLOCK_STD = 3.0
FLAT_STD = 4.0
FLAT_NEAR = 6.0
SHIFT_LEVEL = 1.0
"""A block whose mean moves by more has moved: grain of 3 levels moves it by a quarter of that."""
CHANGE_LEAST, CHANGE_MOST, CHANGE_OF_MEDIAN = 2.5, 6.0, 2.5
"""A block whose samples change by more has moved; the bar rises with the picture's own grain."""


@dataclass(slots=True)
class _Previous:
    luma: Plane
    totals: NDArray[np.uint32]
    bits: int


_Chroma = tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.float32]]


class PictureMeter:
    """Measures the pictures of one stream, in order; remembers only the one before."""

    def __init__(self) -> None:
        self._previous: _Previous | None = None
        self._areas: dict[tuple[float, ...], tuple[NDArray[np.int64], NDArray[np.float32]]] = {}

    def row(self, picture: Picture) -> tuple[NDArray[np.float64], NDArray[np.uint16]]:
        """The figures of ``PICTURE_COLUMNS``, in that order, and the thumbnail.

        The thumbnail is (18, 32) uint16: mean luma of each cell, 256 to a level. The first picture,
        and one of another size than the last, has ``change_mean`` NaN and ``moved_share`` 1.
        """
        luma, bits = picture.luma, picture.bits
        shape = grid(*luma.shape)
        previous = self._previous
        if previous is not None and (previous.luma.shape != luma.shape or previous.bits != bits):
            previous = None
        scale = float(1 << (bits - 8))
        black = BLACK_FULL if picture.full_range else BLACK_LIMITED
        legal = 255 if picture.full_range else 219
        dark_max = int((black + DARK_OF_RANGE * legal) * scale)
        maps = np.empty((4, *shape), np.uint32)
        luma_maps(luma, luma if previous is None else previous.luma, dark_max, maps)
        chroma, chroma_area, chroma_share = self._chroma(picture, shape, scale)
        out = np.empty(len(PICTURE_COLUMNS))
        thumb = np.empty(THUMB_SHAPE, np.uint16)
        area, share = self._area(luma.shape, (BLOCK, BLOCK), shape, scale)
        before = maps[0] if previous is None else previous.totals
        _summarise(
            maps, before, area, share, chroma, chroma_area, chroma_share, scale, float(black), out, thumb
        )
        if previous is None:
            out[-2:] = np.nan, 1.0
        self._previous = _Previous(luma, maps[0], bits)
        return out, thumb

    def _chroma(self, picture: Picture, shape: tuple[int, int], scale: float) -> _Chroma:
        """Chroma maps on the grid of the luma blocks, with samples a block and their reciprocal."""
        centre = 1 << (picture.bits - 1)
        if picture.u is None or picture.v is None:
            area, share = self._area(picture.luma.shape, (BLOCK, BLOCK), shape, scale)
            return np.stack([area * centre, area * centre, area]).astype(np.uint32), area, share
        height, width = picture.u.shape
        # 4:2:0 halves both ways, 4:2:2 only across, 4:1:1 to a quarter: read it off the planes.
        step = (
            max(1, BLOCK // -(-picture.luma.shape[0] // height)),
            max(1, BLOCK // -(-picture.luma.shape[1] // width)),
        )
        maps = np.zeros((3, *shape), np.uint32)
        limit = GREY_LIMIT << (picture.bits - 8)
        chroma_maps(picture.u, picture.v, step[0], step[1], centre, limit, maps)
        return maps, *self._area((height, width), step, shape, scale)

    def _area(
        self, size: tuple[int, ...], step: tuple[int, int], shape: tuple[int, int], scale: float
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Samples in each block of a plane of ``size``, and what a sum is multiplied by for a mean."""
        key = (*size, *step, scale)
        if key not in self._areas:
            tall = np.diff(np.minimum(np.arange(shape[0] + 1) * step[0], size[0]))
            wide = np.diff(np.minimum(np.arange(shape[1] + 1) * step[1], size[1]))
            area = np.maximum(np.outer(tall, wide), 1).astype(np.int64)
            self._areas[key] = area, (1.0 / (area * scale)).astype(np.float32)
        return self._areas[key]


_fast = njit(nogil=True, cache=True, error_model="numpy")


@_fast
def _median(values):  # type: ignore[no-untyped-def]
    """Median of block means to a quarter of a level, by counting."""
    counts = np.zeros(1025, np.int32)
    rows, columns = values.shape
    for y in range(rows):
        for x in range(columns):
            counts[min(1024, int(values[y, x] * 4))] += 1
    half = (values.size + 1) // 2
    seen = 0
    for level in range(1025):
        seen += counts[level]
        if seen >= half:
            return (level + 0.5) / 4
    return 0.0


@_fast
def _shrink(mean, thumb):  # type: ignore[no-untyped-def]
    rows, columns = mean.shape
    for i in range(thumb.shape[0]):
        top = i * rows // thumb.shape[0]
        bottom = max(top + 1, (i + 1) * rows // thumb.shape[0])
        for j in range(thumb.shape[1]):
            left = j * columns // thumb.shape[1]
            right = max(left + 1, (j + 1) * columns // thumb.shape[1])
            total = np.float32(0.0)
            for y in range(top, bottom):
                for x in range(left, right):
                    total += mean[y, x]
            thumb[i, j] = np.uint16(min(65535.0, 256 * total / ((bottom - top) * (right - left))))


@_fast
def _summarise(maps, before, area, share, chroma, chroma_area, chroma_share, scale, black, out, thumb):  # type: ignore[no-untyped-def]
    rows, columns = area.shape
    mean = np.empty((rows, columns), np.float32)
    change, u, v = np.empty_like(mean), np.empty_like(mean), np.empty_like(mean)
    for y in range(rows):
        for x in range(columns):
            mean[y, x] = maps[0, y, x] * share[y, x]
            change[y, x] = maps[3, y, x] * share[y, x]
            u[y, x] = chroma[0, y, x] * chroma_share[y, x]
            v[y, x] = chroma[1, y, x] * chroma_share[y, x]
    middle_y, middle_u, middle_v = _median(mean), _median(u), _median(v)
    bar = min(max(CHANGE_OF_MEDIAN * _median(change), CHANGE_LEAST), CHANGE_MOST)
    black_blocks = flat_blocks = moved_blocks = 0
    top, bottom, left, right = rows, -1, columns, -1
    for y in range(rows):
        for x in range(columns):
            size, level = area[y, x], mean[y, x]
            variance = maps[1, y, x] * share[y, x] / scale - level * level
            if level <= black + BLACK_BLOCK_LEVEL and variance <= BLACK_BLOCK_STD**2:
                black_blocks += size
            near = abs(level - middle_y) <= FLAT_NEAR
            near = near and abs(u[y, x] - middle_u) <= FLAT_NEAR and abs(v[y, x] - middle_v) <= FLAT_NEAR
            if near and variance <= FLAT_STD**2:
                flat_blocks += size
            shift = abs(np.int64(maps[0, y, x]) - np.int64(before[y, x])) * share[y, x]
            if change[y, x] > bar or shift > SHIFT_LEVEL:
                moved_blocks += size
            if maps[2, y, x] < (1.0 - LIT_BLOCK) * size:
                top, bottom = min(top, y), max(bottom, y)
                left, right = min(left, x), max(right, x)
    samples = area.sum()
    out[0] = maps[0].sum() / (samples * scale)
    out[1] = np.sqrt(max(maps[1].sum() / (samples * scale * scale) - out[0] * out[0], 0.0))
    out[2] = maps[2].sum() / samples
    out[3] = chroma[2].sum() / chroma_area.sum()
    out[4] = black_blocks / samples
    out[5] = 0.0 if bottom < 0 else (bottom - top + 1) * (right - left + 1) / (rows * columns)
    out[6] = flat_blocks / samples
    out[7], out[8], out[9] = middle_y, middle_u, middle_v
    out[10] = maps[3].sum() / (samples * scale)
    out[11] = moved_blocks / samples
    _shrink(mean, thumb)
