"""How a picture is laid out: bars at its edges, colour bars, a card.

All is read off the block maps. The bars at the edges are exact to about a sample: whole lines of black
blocks, then the share of dark samples in the first line of blocks that is lit.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.measure.blocks import BLOCK
from pipeline.measure.view import BlockView

__all__ = ["HUES", "LAYOUT_COLUMNS", "summarise_layout"]

LAYOUT_COLUMNS: Mapping[str, str] = {
    "full_range": "flag",
    "top_bar": "samples",
    "bottom_bar": "samples",
    "left_bar": "samples",
    "right_bar": "samples",
    "bars_share": "share",
    "bars_level": "level",
    "luma_entropy": "share",
    "text_share": "share",
}
"""A bar is NaN where the picture is too dark, at its edge or all over, to tell it from black."""

BLACK_LEVEL, BLACK_STD, BLACK_GREY = 12.0, 3.0, 6.0
"""A block of a black bar: its mean is at most this far above black, it is flat and without colour."""
STRAIGHT = 0.4
"""Share of the blocks along the edge of a bar that must agree where it is."""
ALL_DARK = 15.5
"""Of 16 lines: a block with as many dark ones is not lit."""
DARK_INSIDE = 0.6
"""Where so much of what the bars leave is dark as well, they may be the ground of credits or of a night."""

BAR_STD = 8.0
BAR_NEAR, LUMA_WEIGHT = 14.0, 0.55
"""A block belongs to a colour bar when it is flat and its Cb and Cr are this near to those of the bar;
its Y may be farther: bars that went through a wrong matrix are bars."""
BARS_SPAN = 0.3
"""The six coloured bars take at least this much of the width of the picture."""

SAMPLED_ROWS = 30
"""Colour bars and cards are looked for in about so many rows of blocks, evenly spread."""

PLAIN_STD, PLAIN_STEP = 4.0, 3.0
"""From a flat block to the next a plain ground changes by less than this many levels."""
SLOPE_BINS = 32
GRAIN_STD = 2.0
"""Grain of so many levels on a plain ground does not add levels to it."""
TEXT_STD = 25.0
TEXT_GREY = 10.0
"""A block of text has this much contrast, and no colour."""

_WEIGHTS = ((0.299, 0.114), (0.2126, 0.0722))
"""What red and blue weigh in luma: BT.601, BT.709."""
_PRIMARIES = ((1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1))


def _hue(rgb: tuple[int, int, int], level: float, weights: tuple[float, float]) -> tuple[float, ...]:
    r, g, b = (level * value for value in rgb)
    luma = weights[0] * r + (1 - sum(weights)) * g + weights[1] * b
    cb, cr = (b - luma) / (2 - 2 * weights[1]), (r - luma) / (2 - 2 * weights[0])
    return 16 + 219 * luma, 128 + 224 * cb, 128 + 224 * cr


HUES = np.array(
    [[_hue(rgb, level, weights) for rgb in _PRIMARIES] for level in (0.75, 1.0) for weights in _WEIGHTS],
    np.float32,
)
"""(4, 6, 3): Y, Cb, Cr of yellow, cyan, green, magenta, red, blue at 75 % and 100 %, BT.601 and BT.709."""


def summarise_layout(view: BlockView, out: NDArray[np.float64]) -> None:
    """Fill ``out`` with ``LAYOUT_COLUMNS``."""
    out[0] = float(view.black == 0)
    limit = view.black + BLACK_LEVEL
    maps = (
        view.area,
        view.chroma_area,
        view.luma[2],
        view.chroma[2],
        view.mean,
        view.variance,
        view.u,
        view.v,
    )
    top, bottom, out[1], out[2] = _bars(maps, limit)
    rows = slice(top, max(top, view.area.shape[0] - bottom))
    # Bars at the sides are those at top and bottom of the picture laid on its side.
    left, right, out[3], out[4] = _bars(tuple([plane[rows].T for plane in maps]), limit)
    columns = slice(left, max(left, view.area.shape[1] - right))
    found = out[1:5] > 0
    if found.any() and _dark_part(view.area[rows, columns], view.luma[2][rows, columns]) > DARK_INSIDE:
        out[1:5][found] = np.nan
    scale = 219.0 / (view.white - view.black), 224.0 / 255.0 if view.black == 0 else 1.0
    out[5:7] = _colours(view.area, view.mean, view.variance, view.u, view.v, view.black, *scale, HUES)
    out[7:9] = _card(view.area, view.mean, view.variance, view.u, view.v)


_fast = njit(nogil=True, cache=True, error_model="numpy")


@_fast
def _dark_lines(area, chroma_area, dark, grey, line, x, thick):  # type: ignore[no-untyped-def]
    """How many lines of a block are black, if those come first: dark ones, or those without colour."""
    lines = dark[line, x] * thick / area[line, x]
    if lines >= ALL_DARK / BLOCK * thick:
        return grey[line, x] * thick / chroma_area[line, x]
    return lines


@_fast
def _edge(area, chroma_area, dark, grey, line, thick):  # type: ignore[no-untyped-def]
    """Black lines at the edge of a line of blocks, as most blocks of it say; NaN if they disagree.

    The second figure is the share of blocks that are lit from their first line on.
    """
    counts = np.zeros(18, np.int32)
    blocks = lit = 0
    for x in range(area.shape[1]):
        if area[line, x]:
            blocks += 1
            lines = _dark_lines(area, chroma_area, dark, grey, line, x, thick)
            lit += int(lines < 1.5)
            if lines < ALL_DARK / BLOCK * thick:
                counts[int(lines + 0.5)] += 1
    best, most = 0, 0
    for n in range(17):
        near = counts[n] + counts[n + 1]
        if near > most:
            best, most = n, near
    if most and most >= STRAIGHT * blocks:
        return (best * counts[best] + (best + 1) * counts[best + 1]) / most, lit / blocks
    return np.nan, lit / max(blocks, 1)


@_fast
def _reach(maps, limit, first, step):  # type: ignore[no-untyped-def]
    """Whole lines of black blocks from ``first`` on, and the size of the bar in samples, or NaN."""
    area, chroma_area, dark, grey, mean, variance, u, v = maps
    n, size, line = 0, 0.0, first
    while 0 <= line < area.shape[0]:
        thick, black = 0.0, True
        for x in range(area.shape[1]):
            if area[line, x]:
                thick = max(thick, area[line, x] / BLOCK)
                flat = mean[line, x] <= limit and variance[line, x] <= BLACK_STD * BLACK_STD
                colour = max(abs(u[line, x] - 128), abs(v[line, x] - 128))
                black = black and flat and colour <= BLACK_GREY
        if not black:
            edge, lit = _edge(area, chroma_area, dark, grey, line, thick)
            # Anything that is lit at the very edge is no bar; behind black lines it must be straight.
            return n, 0.0 if n == 0 and np.isnan(edge) and lit > 0 else size + edge
        n += 1
        size += thick
        line += step
    return n, np.nan


@_fast
def _bars(maps, limit):  # type: ignore[no-untyped-def]
    """Whole lines of black blocks at the top and at the bottom, and both bars in samples."""
    rows = maps[0].shape[0]
    first, top = _reach(maps, limit, 0, 1)
    last, bottom = _reach(maps, limit, rows - 1, -1)
    if first == rows:
        return 0, 0, np.nan, np.nan
    return first, last, top, bottom


@_fast
def _dark_part(area, dark):  # type: ignore[no-untyped-def]
    """Share of the samples of some blocks that are dark."""
    samples = found = 0
    for y in range(area.shape[0]):
        for x in range(area.shape[1]):
            if area[y, x]:
                samples += area[y, x]
                found += dark[y, x]
    return found / max(samples, 1)


@_fast
def _colours(area, mean, variance, u, v, black, luma_scale, chroma_scale, hues):  # type: ignore[no-untyped-def]
    """Share of the rows of blocks that show the six colours in order, and their level in percent."""
    rows, columns = area.shape
    seen = found = bright = 0
    for y in range(0, rows, max(1, rows // SAMPLED_ROWS)):
        stage, start, run, shortest, longest, gap, full = -1, 0, 0, 0, 0, 0, 0
        counted = False
        for x in range(columns):
            if area[y, x] == 0:
                continue
            counted = True
            hue, level = -1, 0
            cb, cr = 128 + (u[y, x] - 128) * chroma_scale, 128 + (v[y, x] - 128) * chroma_scale
            if variance[y, x] <= BAR_STD * BAR_STD and abs(cb - 128) + abs(cr - 128) > 40:
                luma = 16 + (mean[y, x] - black) * luma_scale
                hue, level = _nearest(luma, cb, cr, hues)
            if hue < 0:
                gap += 1
                if gap > 2 and gap > run:
                    stage = -1
                continue
            if hue == stage:
                run += 1
            elif hue == 0:
                stage, start, run, shortest, longest, full = 0, x, 1, columns, 0, 0
            elif stage >= 0 and hue == stage + 1:
                shortest, longest = min(shortest, run), max(longest, run)
                stage, run = hue, 1
            else:
                stage = -1
            gap = 0
            full += level
            even = longest <= 2 * shortest + 2
            if stage == 5 and even and x + 1 - start >= BARS_SPAN * columns:
                found += 1
                bright += int(full > (x + 1 - start) // 2)
                break
        seen += int(counted)
    return found / max(seen, 1), 0.0 if found == 0 else (100.0 if 2 * bright > found else 75.0)


@_fast
def _nearest(luma, cb, cr, hues):  # type: ignore[no-untyped-def]
    """Which of the six colours a block is, -1 for none, and whether at 100 %."""
    best, hue, level = BAR_NEAR, -1, 0
    for kind in range(hues.shape[0]):
        for n in range(6):
            far = LUMA_WEIGHT * abs(luma - hues[kind, n, 0])
            far = max(far, abs(cb - hues[kind, n, 1]), abs(cr - hues[kind, n, 2]))
            if far < best:
                best, hue, level = far, n, kind // 2
    return hue, level


@_fast
def _spread(edges, mean, variance, size):  # type: ignore[no-untyped-def]
    """The levels of a block, evenly about its mean: as first differences of the histogram."""
    spread = np.sqrt(3.0 * max(variance - GRAIN_STD * GRAIN_STD, 0.0))
    low = int(min(max(mean - spread + 0.5, 0.0), 255.0))
    high = int(max(min(mean + spread + 0.5, 255.0), low))
    edges[low] += size / (high - low + 1.0)
    edges[high + 1] -= size / (high - low + 1.0)


@_fast
def _slopes(area, mean, variance, step):  # type: ignore[no-untyped-def]
    """By how much a plain ground grows lighter a block, across and down: means of steps near the median."""
    rows, columns = area.shape
    counts = np.zeros((2, int(2 * PLAIN_STEP * SLOPE_BINS) + 1), np.int32)
    for y in range(0, rows, step):
        for x in range(columns):
            if not area[y, x] or variance[y, x] > PLAIN_STD * PLAIN_STD:
                continue
            if x + 1 < columns and area[y, x + 1]:
                change = mean[y, x + 1] - mean[y, x]
                if abs(change) < PLAIN_STEP:
                    counts[0, int((change + PLAIN_STEP) * SLOPE_BINS + 0.5)] += 1
            if y + 1 < rows and area[y + 1, x]:
                change = mean[y + 1, x] - mean[y, x]
                if abs(change) < PLAIN_STEP:
                    counts[1, int((change + PLAIN_STEP) * SLOPE_BINS + 0.5)] += 1
    slopes = np.zeros(2)
    for way in range(2):
        half, seen, middle = counts[way].sum() / 2, 0, 0
        while seen < half:
            seen += counts[way, middle]
            middle += 1
        total, taken = 0.0, 0
        for n in range(max(0, middle - SLOPE_BINS), min(counts.shape[1], middle + SLOPE_BINS - 1)):
            total += counts[way, n] * (n / SLOPE_BINS - PLAIN_STEP)
            taken += counts[way, n]
        slopes[way] = total / max(taken, 1)
    return slopes[0], slopes[1]


@_fast
def _card(area, mean, variance, u, v):  # type: ignore[no-untyped-def]
    """Entropy of luma as a share of 8 bits, from block means and spreads; and the share of text blocks.

    A block of little contrast has its levels evenly about its mean. One of much contrast is taken for
    ink on the ground that is commonest in the others: mean and variance say how light the ink is, and
    how much there is of it. Where most blocks are of much contrast there is no such ground. An even
    slope of the ground is taken off first.
    """
    edges, held = np.zeros(258), np.zeros(256)
    total, busy, text, contrast = 0, 0, 0, TEXT_STD * TEXT_STD
    rows, columns = area.shape
    step = max(1, rows // SAMPLED_ROWS)
    across, down = _slopes(area, mean, variance, step)
    for y in range(0, rows, step):
        for x in range(columns):
            size = area[y, x]
            level = mean[y, x] - across * (x - columns // 2) - down * (y - rows // 2)
            total += size
            if variance[y, x] >= contrast:
                busy += size
            elif size:
                _spread(edges, level, variance[y, x], size)
    ground, plain, here = 0, 2 * busy <= total, 0.0
    for n in range(256):
        here += edges[n]
        if here > held[ground]:
            ground = n
        held[n] = here
    edges[:] = 0.0
    for y in range(0, rows, step):
        for x in range(columns):
            size = area[y, x]
            if size == 0 or variance[y, x] < contrast:
                continue
            grey = abs(u[y, x] - 128) <= TEXT_GREY and abs(v[y, x] - 128) <= TEXT_GREY
            text += size * int(grey)
            level = mean[y, x] - across * (x - columns // 2) - down * (y - rows // 2)
            if plain:
                off = level - ground
                if abs(off) < 1.0:
                    off = 1.0
                far = (variance[y, x] + off * off) / off
                held[int(min(max(ground + far + 0.5, 0.0), 255.0))] += size * off / far
                held[ground] += size * (1.0 - off / far)
            else:
                _spread(edges, level, variance[y, x], size)
    return _entropy(held, edges, max(total, 1)), text / max(total, 1)


@_fast
def _entropy(held, edges, total):  # type: ignore[no-untyped-def]
    """Entropy as a share of 8 bits of a histogram and of the differences of another, together."""
    entropy = more = 0.0
    for level in range(256):
        more += edges[level]
        part = (held[level] + more) / total
        if part > 1e-9:
            entropy -= part * np.log2(part)
    return max(entropy, 0.0) / 8.0
