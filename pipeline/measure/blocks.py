"""The fused kernels: one pass over a plane makes a small map of blocks; all else is read off the map.

A block is 16 x 16 luma samples (at the right and lower edge what is left of it). Sums are gathered
down the columns of a band of 16 rows, element by element, which compilers turn into SIMD; the columns
are then folded into blocks. Sums fit: 16 rows of codes up to 4095 stay below 2**16 (8 rows of second
differences, too), and 256 squares of them below 2**32.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.decode.values import Plane

__all__ = [
    "BLOCK",
    "CHROMA_SUMS",
    "LUMA_SUMS",
    "chroma_maps",
    "field_maps",
    "field_stride",
    "grid",
    "luma_maps",
]

BLOCK = 16
FIELD_BANDS = 8
"""The order of fields is read off about so many bands of blocks: it is a matter of the whole picture."""

LUMA_SUMS = (
    "codes",
    "squares",
    "dark",
    "change",
    "illegal",
    "step_x",
    "step_x0",
    "step_x8",
    "step_y",
    "step_y0",
    "step_y8",
    "step_field",
    "bend_x",
)
"""What is summed over each block of luma, in this order:

- ``codes``, ``squares`` (of codes), ``change`` (absolute difference to the picture before);
- ``dark``, ``illegal``: samples at or below ``dark_max``, and outside ``legal``;
- ``step_x``: absolute differences to the sample on the left, on the even rows of the picture;
  ``step_x0`` and ``step_x8`` are the part of columns 0 and 8 of the block, where coding blocks meet;
- ``step_y``: absolute differences to the sample above; ``step_y0`` and ``step_y8`` the part of rows 0 and 8;
- ``step_field``: absolute differences to the sample two rows above: the same field of an interlaced picture;
- ``bend_x``: absolute second differences along the row (left - 2 x here + right), on even rows.

Where a neighbour would lie outside the picture nothing is added.
"""
CHROMA_SUMS = ("u", "v", "grey", "illegal")
"""U codes, V codes, samples of which both stay near the centre, samples of which one is not legal."""

HALF = BLOCK // 2
ONE, TWO, THREE, FOUR, FIVE, SIX, SEVEN = (np.uint64(n) for n in range(1, 8))
"""Unsigned, as all rows and columns of the kernels are: a signed index might be negative, and the branch
for that keeps a loop from becoming SIMD."""

EVEN_BYTES, LANES, LOW = np.uint64(0x00FF00FF00FF00FF), np.uint64(0x0001000100010001), np.uint64(0xFFFFFFFF)
"""Of a word of eight bytes: every other one; a one in each quarter, by which to multiply is to add the
quarters up in the highest; and the lower half."""
BYTE, HALF_WORD, TOP_LANE = np.uint64(8), np.uint64(32), np.uint64(48)

_fast = njit(nogil=True, cache=True, error_model="numpy")


def grid(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of blocks that cover a plane."""
    return -(-height // BLOCK), -(-width // BLOCK)


def luma_maps(
    current: Plane, previous: Plane, dark_max: int, legal: tuple[int, int], out: NDArray[np.uint32]
) -> None:
    """Fill ``out`` (``len(LUMA_SUMS)``, rows, columns) with the sums of each block.

    ``previous`` is of the same shape; ``legal`` are the lowest and highest code that are.
    """
    _luma_maps(current, previous, dark_max, legal[0], legal[1], out)


def chroma_maps(
    u: Plane,
    v: Plane,
    step: tuple[int, int],
    centre: int,
    limit: int,
    legal: tuple[int, int],
    out: NDArray[np.uint32],
) -> None:
    """Fill ``out`` (``len(CHROMA_SUMS)``, rows, columns) with the sums of each block.

    Grey samples stay within ``limit`` of ``centre``. A block is ``step`` (y, x) chroma samples: as
    much of the picture as a luma block. Samples beyond the blocks of ``out`` are left out: kernels
    do not look where they write, and a picture may lie about its chroma.
    """
    height, width = out.shape[1] * step[0], out.shape[2] * step[1]
    u, v = u[:height, :width], v[:height, :width]
    _chroma_maps(u, v, step[0], step[1], centre, limit, legal[0], legal[1], out)


def field_stride(rows: int) -> int:
    """Of ``rows`` bands of blocks, every how manieth ``field_maps`` reads."""
    return max(1, rows // FIELD_BANDS)


def field_maps(current: Plane, previous: Plane) -> NDArray[np.uint32]:
    """How badly fields of two pictures of one shape fit between each other: (2, bands, columns).

    Each is a sum of absolute second differences down a column, of a field of ``current`` between the
    lines of the other field of ``previous``: first the top field of now, then the bottom field. The
    bands are every ``field_stride``-th row of blocks. The fields that are nearer in time fit better.
    """
    rows, columns = grid(*current.shape)
    stride = field_stride(rows)
    out = np.empty((2, -(-rows // stride), columns), np.uint32)
    _field_maps(current, previous, stride, out)
    return out


@_fast
def _gather_luma(c, p, first, stop, dark_max, low, span, total, dark, change, illegal):  # type: ignore[no-untyped-def]
    for y in range(first, stop):
        for x in range(ONE * total.size):
            a, b = c[y, x], p[y, x]
            total[x] = np.uint16(total[x] + a)
            change[x] = np.uint16(change[x] + _apart(a, b))
            dark[x] = np.uint8(dark[x] + (a <= dark_max))
            # One comparison for two limits: below the lowest, the difference wraps round.
            illegal[x] = np.uint8(illegal[x] + (c.dtype.type(a - low) > span))


@_fast
def _gather_squares(c, first, stop, squares):  # type: ignore[no-untyped-def]
    for y in range(first, stop):
        for x in range(ONE * squares.size):
            a = np.uint32(c[y, x])
            squares[x] = np.uint32(squares[x] + np.uint32(a * a))


@_fast
def _gather_across(c, first, stop, steps, bends):  # type: ignore[no-untyped-def]
    """Along every other row from ``first`` on."""
    for y in range(first, stop, TWO):
        for x in range(ONE, ONE * steps.size - ONE):
            left, here = c[y, x - ONE], c[y, x]
            steps[x] = np.uint16(steps[x] + _apart(left, here))
            bends[x] = np.uint16(bends[x] + _bend(left, here, c[y, x + ONE]))


@_fast
def _gather_down(c, first, stop, edge, steps, field):  # type: ignore[no-untyped-def]
    """Down the columns of rows ``first`` to ``stop``; the step above ``first`` goes into ``edge``."""
    if first >= 2 and stop - first == HALF:
        _gather_half(c, first, edge, steps, field)
        return
    for y in range(first, stop):
        for x in range(ONE * steps.size):
            if y == first and y >= ONE:
                edge[x] = _apart(c[y - ONE, x], c[y, x])
            elif y >= ONE:
                steps[x] = np.uint16(steps[x] + _apart(c[y - ONE, x], c[y, x]))
            if y >= TWO:
                field[x] = np.uint16(field[x] + _apart(c[y - TWO, x], c[y, x]))


@_fast
def _gather_half(c, y, edge, steps, field):  # type: ignore[no-untyped-def]
    """The same of eight rows at once, which are read once and added in registers."""
    for x in range(ONE * steps.size):
        above, last = c[y - TWO, x], c[y - ONE, x]
        a, b, d, e = c[y, x], c[y + ONE, x], c[y + TWO, x], c[y + THREE, x]
        f, g, h, i = c[y + FOUR, x], c[y + FIVE, x], c[y + SIX, x], c[y + SEVEN, x]
        edge[x] = _apart(last, a)
        near = _sum(_apart(a, b), _apart(b, d), _apart(d, e), _apart(e, f))
        more = _sum(_apart(f, g), _apart(g, h), _apart(h, i), 0)
        steps[x] = np.uint16(steps[x] + np.uint16(near + more))
        near = _sum(_apart(above, a), _apart(last, b), _apart(a, d), _apart(b, e))
        more = _sum(_apart(d, f), _apart(e, g), _apart(f, h), _apart(g, i))
        field[x] = np.uint16(field[x] + np.uint16(near + more))


@_fast
def _apart(a, b):  # type: ignore[no-untyped-def]
    return max(a, b) - min(a, b)


@_fast
def _bend(left, here, right):  # type: ignore[no-untyped-def]
    return _apart(np.uint16(np.uint16(left) + np.uint16(right)), np.uint16(np.uint16(here) + np.uint16(here)))


@_fast
def _sum(a, b, c, d):  # type: ignore[no-untyped-def]
    one, other = np.uint16(np.uint16(a) + np.uint16(b)), np.uint16(np.uint16(c) + np.uint16(d))
    return np.uint16(one + other)


@_fast
def _gather_chroma(u, v, first, stop, low, span, legal_low, legal_span, sums, grey, illegal):  # type: ignore[no-untyped-def]
    kind, of_u, of_v = u.dtype.type, sums[0], sums[1]
    for y in range(first, stop):
        for x in range(ONE * grey.size):
            a, b = u[y, x], v[y, x]
            of_u[x] = np.uint16(of_u[x] + a)
            of_v[x] = np.uint16(of_v[x] + b)
    for y in range(first, stop):
        for x in range(ONE * grey.size):
            a, b = u[y, x], v[y, x]
            grey[x] = np.uint8(grey[x] + ((kind(a - low) <= span) & (kind(b - low) <= span)))
            odd = (kind(a - legal_low) > legal_span) | (kind(b - legal_low) > legal_span)
            illegal[x] = np.uint8(illegal[x] + odd)


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
def _fold_sums(columns, narrow, out):  # type: ignore[no-untyped-def]
    """Fold uint16 columns into blocks; where codes are ``narrow``, of 8 bits, four columns at a time."""
    if not narrow:
        _fold(columns, BLOCK, out)
        return
    words = columns.view(np.uint64)
    for block in range(out.size):
        at = FOUR * np.uint64(block)
        # Sixteen columns of 16 codes up to 255: 65280, and no lane runs over.
        word = words[at] + words[at + ONE] + words[at + TWO] + words[at + THREE]
        out[block] = np.uint32((word * LANES) >> TOP_LANE)


@_fast
def _fold_counts(columns, out):  # type: ignore[no-untyped-def]
    """Fold uint8 columns into blocks, eight at a time."""
    words = columns.view(np.uint64)
    for block in range(out.size):
        a, b = words[TWO * np.uint64(block)], words[TWO * np.uint64(block) + ONE]
        word = (a & EVEN_BYTES) + ((a >> BYTE) & EVEN_BYTES) + (b & EVEN_BYTES) + ((b >> BYTE) & EVEN_BYTES)
        out[block] = np.uint32((word * LANES) >> TOP_LANE)


@_fast
def _fold_squares(columns, narrow, out):  # type: ignore[no-untyped-def]
    """Fold uint32 columns into blocks; where codes are ``narrow``, two columns at a time."""
    if not narrow:
        _fold(columns, BLOCK, out)
        return
    words = columns.view(np.uint64)
    for block in range(out.size):
        word = np.uint64(0)
        for n in range(HALF):
            word += words[np.uint64(HALF * block + n)]
        out[block] = np.uint32((word & LOW) + (word >> HALF_WORD))


@_fast
def _fold_any(columns, step, out):  # type: ignore[no-untyped-def]
    """The same where the step is not known to the compiler: the two usual ones are made so."""
    if step == HALF:
        _fold(columns, HALF, out)
    elif step == BLOCK:
        _fold(columns, BLOCK, out)
    else:
        _fold(columns, step, out)


@_fast
def _pick(columns, first, out):  # type: ignore[no-untyped-def]
    """One column of each block."""
    for block in range(out.size):
        x = block * BLOCK + first
        out[block] = columns[x] if x < columns.size else np.uint16(0)


@_fast
def _luma_maps(current, previous, dark_max, low, high, out):  # type: ignore[no-untyped-def]
    height, width = current.shape
    kind = current.dtype.type
    limit, lowest, span = kind(dark_max), kind(low), kind(high - low)
    narrow = current.itemsize == 1
    # Whole blocks: what is beyond the picture stays zero.
    wide = out.shape[2] * BLOCK
    sums, counts, squares = (
        np.empty((8, wide), np.uint16),
        np.empty((2, wide), np.uint8),
        np.empty(wide, np.uint32),
    )
    total, change, step_x, bend_x = sums[0, :width], sums[1, :width], sums[2, :width], sums[3, :width]
    step_y, step_y0, step_y8, field = sums[4, :width], sums[5, :width], sums[6, :width], sums[7, :width]
    dark, illegal = counts[0, :width], counts[1, :width]
    for band in range(out.shape[1]):
        sums[:] = 0
        counts[:] = 0
        squares[:] = 0
        first, middle = np.uint64(band * BLOCK), np.uint64(min(height, band * BLOCK + HALF))
        stop = np.uint64(min(height, band * BLOCK + BLOCK))
        _gather_luma(current, previous, first, stop, limit, lowest, span, total, dark, change, illegal)
        _gather_squares(current, first, stop, squares[:width])
        if width > 2:
            _gather_across(current, first, stop, step_x, bend_x)
        _gather_down(current, first, middle, step_y0, step_y, field)
        _gather_down(current, middle, stop, step_y8, step_y, field)
        _fold_sums(sums[0], narrow, out[0, band])
        _fold_squares(squares, narrow, out[1, band])
        _fold_counts(counts[0], out[2, band])
        _fold_sums(sums[1], narrow, out[3, band])
        _fold_counts(counts[1], out[4, band])
        _fold_sums(sums[2], narrow, out[5, band])
        _pick(step_x, 0, out[6, band])
        _pick(step_x, BLOCK // 2, out[7, band])
        _fold_sums(sums[4], narrow, out[8, band])
        _fold_sums(sums[5], narrow, out[9, band])
        _fold_sums(sums[6], narrow, out[10, band])
        out[8, band] += out[9, band] + out[10, band]
        _fold_sums(sums[7], narrow, out[11, band])
        _fold_sums(sums[3], narrow, out[12, band])


@_fast
def _chroma_maps(u, v, step_y, step_x, centre, limit, legal_low, legal_high, out):  # type: ignore[no-untyped-def]
    height, width = u.shape
    kind = u.dtype.type
    low, span = kind(centre - limit), kind(2 * limit)
    lowest, legal_span = kind(legal_low), kind(legal_high - legal_low)
    sums, counts = np.empty((2, width), np.uint16), np.empty((2, width), np.uint8)
    for band in range(out.shape[1]):
        sums[:] = 0
        counts[:] = 0
        first, stop = np.uint64(band * step_y), np.uint64(min(height, band * step_y + step_y))
        _gather_chroma(u, v, first, stop, low, span, lowest, legal_span, sums, counts[0], counts[1])
        for n in range(2):
            _fold_any(sums[n], step_x, out[n, band])
            _fold_any(counts[n], step_x, out[n + 2, band])


@_fast
def _gather_weave(above, here, below, bends):  # type: ignore[no-untyped-def]
    for x in range(here.size):
        ends = np.uint16(np.uint16(above[x]) + np.uint16(below[x]))
        twice = np.uint16(np.uint16(here[x]) + np.uint16(here[x]))
        bends[x] = np.uint16(bends[x] + (max(ends, twice) - min(ends, twice)))


@_fast
def _field_maps(current, previous, stride, out):  # type: ignore[no-untyped-def]
    height, width = current.shape
    sums = np.empty((2, width), np.uint16)
    for band in range(out.shape[1]):
        first = band * stride * BLOCK
        sums[:] = 0
        for y in range(max(first, 1), min(height - 1, first + BLOCK)):
            _gather_weave(previous[y - 1], current[y], previous[y + 1], sums[y % 2])
        for n in range(2):
            _fold(sums[n], BLOCK, out[n, band])
