"""Steps on the coding grid and sharpness: what damage, compression and blur leave in a picture's texture.

Coding blocks meet at columns and rows 0 and 8 of the 16 x 16 blocks. A step there is laid against the
steps inside the blocks on both sides, which are what the content itself has at that place.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.measure.view import BlockView

__all__ = ["TEXTURE_COLUMNS", "summarise_texture"]

TEXTURE_COLUMNS: Mapping[str, str] = {
    "torn_share": "share",
    "mended_share": "share",
    "burst_share": "share",
    "bend_ratio": "ratio",
    "edge_step": "level",
}
"""Column -> unit; shares are of the whole 16 x 16 blocks.

- ``torn_share``: blocks with a step at their left or upper edge that the picture before did not have
  and the content does not explain, less what chance leaves there; ``mended_share``: the same, of steps
  that the picture before had and this one has no more;
- ``burst_share``: blocks that changed much, and much more than the median block did;
- ``bend_ratio``: second over first differences of the tenth of the blocks that is richest in steps: about
  1 in a sharp picture, and falling as its inverse with the width of a blur; ``edge_step``: the mean
  step of these blocks.
"""

INNER_STEPS = np.float32(1.5)
"""A step at an edge counts by what it is more than so many inner steps of the two blocks that meet."""
TORN_LEVEL, TORN_OF_GRID = 8.0, 2.0
"""A torn edge rises by this many levels, and by so many times the step that the whole picture has there."""
MEAN_LEVEL = np.float32(6.0)
"""The means of the two blocks must have moved apart by as much: what is new is not only detail."""
CHANCE = 0.03
"""Part of the edges whose sides moved apart that content puts on the grid: cuts and fast motion."""
CHANCE_BLOCKS = 4.0
LINE_PART = 0.6
"""Torn edges of which this part lies on one straight line are the edge of something that was put on."""
BURST_LEVEL, BURST_TIMES, BURST_MORE = np.float32(20.0), 4.0, 8.0
EDGE_PART = 0.1
EDGE_LEAST, EDGE_SHARE = 1.5, 0.01
"""The blocks that sharpness is read from; fewer than this share say nothing, and both figures are 0."""
WHOLE = 256
NEVER = np.float32(-1e6)

_fast = njit(nogil=True, cache=True, error_model="numpy")


def summarise_texture(view: BlockView, out: NDArray[np.float64]) -> None:
    """Fill ``out`` with ``TEXTURE_COLUMNS``; the first picture is neither torn nor bursting."""
    now = view.luma.view(np.int32)
    past = now if view.past is None else view.past.view(np.int32)
    before = view.mean if view.before is None else view.before
    _summarise(view.area, view.share, now, past, view.mean, before, view.change, out)


@_fast
def _summarise(area, share, now, past, mean, before, change, out):  # type: ignore[no-untyped-def]
    rows, columns = area.shape
    whole = np.empty((rows, columns), np.bool_)
    unit = np.float32(0.0)
    blocks = 0
    for y in range(rows):
        for x in range(columns):
            whole[y, x] = area[y, x] == WHOLE
            if whole[y, x]:
                unit = share[y, x]
                blocks += 1
    out[:] = 0.0
    if blocks == 0:
        return
    rises = np.empty((2, 3, rows, columns), np.float32)
    excess, step = np.empty((rows, columns), np.float32), np.empty((rows, columns), np.float32)
    _rises(now, unit, whole, rises[0], excess, step)
    grid = max(_quantile(excess, whole, blocks, 0.5, 8.0), 0.0)
    out[2] = _bursts(change, whole, _quantile(change, whole, blocks, 0.5, 8.0)) / blocks
    rich = max(_quantile(step, whole, blocks, 1.0 - EDGE_PART, 16.0), EDGE_LEAST)
    out[3], out[4] = _edges(now[12], step, unit, whole, np.float32(rich), blocks)
    _rises(past, unit, whole, rises[1], excess, step)
    bar = np.float32(TORN_LEVEL + TORN_OF_GRID * grid)
    torn, mended = _torn(rises[0], rises[1], mean, before, whole, bar)
    out[0] = max(torn - CHANCE_BLOCKS, 0.0) / blocks
    out[1] = max(mended - CHANCE_BLOCKS, 0.0) / blocks


@_fast
def _rises(maps, unit, whole, out, excess, step):  # type: ignore[no-untyped-def]
    """How far the steps at left, top and middle (``out``) rise over the inner ones of both sides.

    Where there is no whole block on both sides, or the rows above are another block's, it is ``NEVER``.
    Also the excess on the grid and the mean step of each block.
    """
    rows, columns = whole.shape
    inner_x, inner_y = np.empty(columns, np.float32), np.empty(columns, np.float32)
    above = np.zeros(columns, np.float32)
    across, down = np.float32(unit * 32), np.float32(unit * 16)
    in_x, in_y = np.float32(unit * 256 / 112), np.float32(unit * 256 / 224)
    for y in range(rows):
        x_all, x_0, x_8 = maps[5, y], maps[6, y], maps[7, y]
        y_all, y_0, y_8 = maps[8, y], maps[9, y], maps[10, y]
        kept, left, top, middle = whole[y], out[0, y], out[1, y], out[2, y]
        for x in range(columns):
            inner_x[x] = np.float32(x_all[x] - x_0[x] - x_8[x]) * in_x
            inner_y[x] = np.float32(y_all[x] - y_0[x] - y_8[x]) * in_y
            step[y, x] = np.float32(x_all[x]) * unit * np.float32(2.0)
        for x in range(columns):
            at_left, at_top = np.float32(x_0[x]) * across, np.float32(y_0[x]) * down
            in_middle_x, in_middle_y = np.float32(x_8[x]) * across, np.float32(y_8[x]) * down
            rise_x = in_middle_x - INNER_STEPS * inner_x[x]
            rise_y = in_middle_y - INNER_STEPS * inner_y[x]
            middle[x] = max(rise_x, rise_y) if kept[x] else NEVER
            excess[y, x] = at_left - inner_x[x] + at_top - inner_y[x]
        left[0] = NEVER
        for x in range(1, columns):
            rise = np.float32(x_0[x]) * across - INNER_STEPS * max(inner_x[x], inner_x[x - 1])
            left[x] = rise if kept[x] & kept[x - 1] else NEVER
        if y == 0:
            top[:] = NEVER
        else:
            for x in range(columns):
                rise = np.float32(y_0[x]) * down - INNER_STEPS * max(inner_y[x], above[x])
                top[x] = rise if kept[x] & whole[y - 1, x] else NEVER
        above[:] = inner_y


@_fast
def _quantile(values, whole, count, part, steps):  # type: ignore[no-untyped-def]
    """The value below which a part of the whole blocks' lies, by counting in steps of a level."""
    counts = np.zeros(512, np.int32)
    rows, columns = whole.shape
    for y in range(rows):
        for x in range(columns):
            if whole[y, x]:
                counts[max(0, min(511, int(values[y, x] * steps)))] += 1
    seen = 0
    for n in range(counts.size):
        seen += counts[n]
        if seen >= part * count:
            return n / steps
    return 0.0


@_fast
def _bursts(change, whole, usual):  # type: ignore[no-untyped-def]
    rows, columns = whole.shape
    bar = max(BURST_LEVEL, np.float32(BURST_TIMES * usual + BURST_MORE))
    count = 0
    for y in range(rows):
        for x in range(columns):
            count += whole[y, x] & (change[y, x] > bar)
    return count


@_fast
def _torn(now, past, mean, before, whole, bar):  # type: ignore[no-untyped-def]
    """Blocks with an edge torn since, or mended: less those at the middle, less what chance explains."""
    rows, columns = whole.shape
    torn = mended = apart = 0
    in_row, in_column = 0, np.zeros(columns, np.int32)
    longest = 0
    moved, above = np.empty(columns, np.float32), np.zeros(columns, np.float32)
    none = np.float32(0.0)
    for y in range(rows):
        for x in range(columns):
            moved[x] = mean[y, x] - before[y, x]
        for x in range(columns):
            at_left = (abs(moved[x] - moved[max(x - 1, 0)]) > MEAN_LEVEL) & (now[0, y, x] > NEVER)
            at_top = (abs(moved[x] - above[x]) > MEAN_LEVEL) & (now[1, y, x] > NEVER)
            here = abs(moved[x]) > MEAN_LEVEL
            apart += int(at_left) + int(at_top)
            left, top, middle = now[0, y, x], now[1, y, x], now[2, y, x]
            had_left, had_top, had_middle = past[0, y, x], past[1, y, x], past[2, y, x]
            by_left = at_left & (left - max(had_left, none) > bar)
            by_top = at_top & (top - max(had_top, none) > bar)
            torn += by_left | by_top
            in_row += by_top
            in_column[x] += by_left
            torn -= here & (middle - max(had_middle, none) > bar)
            mended += (at_left & (had_left - max(left, none) > bar)) | (
                at_top & (had_top - max(top, none) > bar)
            )
            mended -= here & (had_middle - max(middle, none) > bar)
        above[:] = moved
        longest, in_row = max(longest, in_row), 0
    longest = max(longest, in_column.max())
    if longest >= LINE_PART * torn:
        torn = 0
    return torn - CHANCE * apart, mended - CHANCE * apart


@_fast
def _edges(bends, step, unit, whole, rich, count):  # type: ignore[no-untyped-def]
    """Second over first differences of the blocks with a mean step of ``rich``, and their mean step."""
    rows, columns = whole.shape
    steps = bent = np.float32(0.0)
    blocks = 0
    for y in range(rows):
        for x in range(columns):
            if whole[y, x] & (step[y, x] >= rich):
                steps += step[y, x]
                bent += np.float32(bends[y, x]) * unit * np.float32(2.0)
                blocks += 1
    if blocks < max(1.0, EDGE_SHARE * count):
        return 0.0, 0.0
    return bent / steps, steps / blocks
