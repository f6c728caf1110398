"""The fused kernels: one pass over a plane makes a small map of blocks; all else is read off the map.

A block is 16 x 16 luma samples (at the right and lower edge what is left of it). Sums are gathered
down the columns of a band of 16 rows, element by element, which compilers turn into SIMD; the columns
are then folded into blocks. Sums fit: 16 rows of codes up to 4095 stay below 2**16, and
256 squares of them below 2**32.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.decode.values import Plane

__all__ = ["BLOCK", "chroma_maps", "grid", "luma_maps"]

BLOCK = 16

_fast = njit(nogil=True, cache=True, error_model="numpy")


def grid(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of blocks that cover a plane."""
    return -(-height // BLOCK), -(-width // BLOCK)


def luma_maps(current: Plane, previous: Plane, dark_max: int, out: NDArray[np.uint32]) -> None:
    """Fill ``out`` (4, rows, columns) uint32 with the sums of each block.

    In order: codes, squared codes, samples at or below ``dark_max``, absolute differences to
    ``previous`` (of the same shape).
    """
    _luma_maps(current, previous, dark_max, out)


def chroma_maps(
    u: Plane, v: Plane, step_y: int, step_x: int, centre: int, limit: int, out: NDArray[np.uint32]
) -> None:
    """Fill ``out`` (3, rows, columns) uint32 with the sums of each block.

    In order: U codes, V codes, samples of which both stay within ``limit`` of ``centre``. A block
    is ``step_y`` x ``step_x`` chroma samples: as much of the picture as a luma block.
    """
    _chroma_maps(u, v, step_y, step_x, centre, limit, out)


@_fast
def _gather_luma(c, p, dark_max, total, dark, change):  # type: ignore[no-untyped-def]
    for x in range(c.size):
        a = c[x]
        b = p[x]
        total[x] = np.uint16(total[x] + a)
        change[x] = np.uint16(change[x] + (max(a, b) - min(a, b)))
        dark[x] = np.uint16(dark[x] + (a <= dark_max))


@_fast
def _gather_squares(c, squares):  # type: ignore[no-untyped-def]
    for x in range(c.size):
        a = np.uint32(c[x])
        squares[x] = np.uint32(squares[x] + np.uint32(a * a))


@_fast
def _gather(c, total):  # type: ignore[no-untyped-def]
    for x in range(c.size):
        total[x] = np.uint16(total[x] + c[x])


@_fast
def _gather_grey(u, v, low, high, grey):  # type: ignore[no-untyped-def]
    for x in range(u.size):
        grey[x] = np.uint16(grey[x] + ((u[x] >= low) & (u[x] <= high) & (v[x] >= low) & (v[x] <= high)))


@_fast
def _fold(columns, step, out):  # type: ignore[no-untyped-def]
    width = columns.size
    for block in range(width // step):
        total = np.uint32(0)
        for x in range(block * step, block * step + step):
            total = np.uint32(total + columns[x])
        out[block] = total
    if width % step:
        total = np.uint32(0)
        for x in range(width // step * step, width):
            total = np.uint32(total + columns[x])
        out[width // step] = total


@_fast
def _luma_maps(current, previous, dark_max, out):  # type: ignore[no-untyped-def]
    height, width = current.shape
    limit = current.dtype.type(dark_max)
    total = np.empty(width, np.uint16)
    dark = np.empty(width, np.uint16)
    change = np.empty(width, np.uint16)
    squares = np.empty(width, np.uint32)
    for band in range(out.shape[1]):
        total[:] = 0
        dark[:] = 0
        change[:] = 0
        squares[:] = 0
        for y in range(band * BLOCK, min(height, band * BLOCK + BLOCK)):
            _gather_luma(current[y], previous[y], limit, total, dark, change)
            _gather_squares(current[y], squares)
        _fold(total, BLOCK, out[0, band])
        _fold(squares, BLOCK, out[1, band])
        _fold(dark, BLOCK, out[2, band])
        _fold(change, BLOCK, out[3, band])


@_fast
def _chroma_maps(u, v, step_y, step_x, centre, limit, out):  # type: ignore[no-untyped-def]
    height, width = u.shape
    low = u.dtype.type(centre - limit)
    high = u.dtype.type(centre + limit)
    total_u = np.empty(width, np.uint16)
    total_v = np.empty(width, np.uint16)
    grey = np.empty(width, np.uint16)
    for band in range(out.shape[1]):
        total_u[:] = 0
        total_v[:] = 0
        grey[:] = 0
        for y in range(band * step_y, min(height, band * step_y + step_y)):
            _gather(u[y], total_u)
            _gather(v[y], total_v)
            _gather_grey(u[y], v[y], low, high, grey)
        _fold(total_u, step_x, out[0, band])
        _fold(total_v, step_x, out[1, band])
        _fold(grey, step_x, out[2, band])
