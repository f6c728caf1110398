"""How far the whole picture has moved since the one before: two profiles, laid one over the other.

The mean of each column and of each row say where a camera looks (integral projections); both are read
off some 180 lines. They are compared by their slopes, so that a change of light is no movement: first by
whole bins within a sixth of the picture, then finer by one step of Gauss and Newton.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.decode.values import Plane
from pipeline.measure.blocks import BLOCK
from pipeline.measure.view import BlockView

__all__ = ["MOTION_COLUMNS", "NO_SHIFT", "Profiles", "profiles_of", "shift_between", "summarise_motion"]

MOTION_COLUMNS: Mapping[str, str] = {"shift_x": "samples", "shift_y": "samples", "shift_fit": "share"}
"""How far the content went to the right and down; NaN where no shift explains what is seen, or nothing
came before. ``shift_fit``: how much of the difference between the profiles the shift explains, 0..1."""

NO_SHIFT = (float("nan"), float("nan"), 0.0)

ACROSS, DOWN = 320, 180
"""A profile has at least so many bins, or one a sample."""
REACH = 6
LEAST_BINS = 24
LEAST_FIT = 0.5
"""A shift that explains less of the difference is none: another shot, noise, many things that move."""
LEAST_SLOPE = 0.02
"""Mean square, in levels, below which a profile has nothing to hold on to."""

Profile = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Profiles:
    """Means of the columns and of the rows of a picture, in levels of 8 bits; a bin is ``step`` samples."""

    across: Profile
    down: Profile
    step_x: int
    step_y: int


def profiles_of(luma: Plane, bits: int, counts: NDArray[np.bool_] | None = None) -> Profiles:
    """The profiles of ``luma`` (height, width), of ``bits`` a sample.

    ``counts`` (rows, columns) says which blocks count; bins in which none does are left out.
    """
    height, width = luma.shape
    step_x, step_y = max(1, width // ACROSS), max(1, height // DOWN)
    across, down = np.empty(width // step_x, np.float32), np.empty(height // step_y, np.float32)
    scale = np.float32(1.0 / (1 << (bits - 8)))
    if counts is None:
        _profile(luma, step_x, step_y, scale, across, down)
    else:
        _profile_part(luma, counts, step_x, step_y, scale, across, down)
        across, down = across[across >= 0.0], down[down >= 0.0]
    return Profiles(across, down, step_x, step_y)


def shift_between(before: Profiles, now: Profiles) -> tuple[float, float, float]:
    """``MOTION_COLUMNS`` of a picture and the one before it, of the same size."""
    x, fit_x, weight_x = _shift(before.across, now.across)
    y, fit_y, weight_y = _shift(before.down, now.down)
    # What one axis does not know the other may: a row of poles says nothing of up and down.
    weight = weight_x + weight_y
    if weight <= 0.0:
        return NO_SHIFT
    fit = (fit_x * weight_x + fit_y * weight_y) / weight
    if fit < LEAST_FIT:
        return np.nan, np.nan, fit
    return x * now.step_x, y * now.step_y, fit


def summarise_motion(view: BlockView, out: NDArray[np.float64]) -> None:
    """Fill ``out`` with ``MOTION_COLUMNS``."""
    out[:] = view.shift


_fast = njit(nogil=True, cache=True, error_model="numpy", fastmath=True)


@_fast
def _add(row, columns):  # type: ignore[no-untyped-def]
    """Add a row to ``columns``, and give its sum."""
    total = np.uint32(0)
    for x in range(row.size):
        code = np.uint32(row[x])
        columns[x] += code
        total += code
    return total


@_fast
def _profile(luma, step_x, step_y, scale, across, down):  # type: ignore[no-untyped-def]
    width = luma.shape[1]
    columns = np.zeros(width, np.uint32)
    for bin_ in range(down.size):
        down[bin_] = scale * np.float32(_add(luma[bin_ * step_y], columns)) / np.float32(width)
    share = scale / np.float32(down.size * step_x)
    for bin_ in range(across.size):
        total = np.uint32(0)
        for x in range(bin_ * step_x, (bin_ + 1) * step_x):
            total += columns[x]
        across[bin_] = share * np.float32(total)


@_fast
def _profile_part(luma, counts, step_x, step_y, scale, across, down):  # type: ignore[no-untyped-def]
    """The same of the blocks that count; -1 where none does."""
    width = luma.shape[1]
    columns, many = np.zeros(width, np.uint32), np.zeros(width, np.uint32)
    for bin_ in range(down.size):
        row, shown = luma[bin_ * step_y], counts[bin_ * step_y // BLOCK]
        total, size = np.uint32(0), 0
        for block in range(shown.size):
            if shown[block]:
                first, stop = block * BLOCK, min(width, block * BLOCK + BLOCK)
                total += _add(row[first:stop], columns[first:stop])
                many[first:stop] += np.uint32(1)
                size += stop - first
        down[bin_] = scale * np.float32(total) / np.float32(size) if size else np.float32(-1.0)
    for bin_ in range(across.size):
        part = slice(bin_ * step_x, (bin_ + 1) * step_x)
        size = many[part].sum()
        across[bin_] = (
            scale * np.float32(columns[part].sum()) / np.float32(size) if size else np.float32(-1.0)
        )


@_fast
def _apart(a, b):  # type: ignore[no-untyped-def]
    total = np.float32(0.0)
    for n in range(a.size):
        total += (a[n] - b[n]) * (a[n] - b[n])
    return total / np.float32(a.size)


@_fast
def _shift(before, now):  # type: ignore[no-untyped-def]
    """Bins by which ``now`` (n,) has moved against ``before``, how well that fits, and its weight."""
    if now.size < LEAST_BINS:
        return 0.0, 0.0, 0.0
    a, b = now[2:] - now[:-2], before[2:] - before[:-2]
    size = a.size
    reach = now.size // REACH
    costs = np.empty(2 * reach + 1, np.float32)
    for n in range(2 * reach + 1):
        lag = n - reach
        costs[n] = _apart(a[max(0, lag) : size + min(0, lag)], b[max(0, -lag) : size - max(0, lag)])
    best = int(costs.argmin())
    usual = np.median(costs)
    if usual <= LEAST_SLOPE:
        return 0.0, 0.0, 0.0
    lag = best - reach
    first, stop = max(0, lag) + 1, size + min(0, lag) - 1
    gain = slopes = 0.0
    for n in range(first, stop):
        slope = 0.25 * (a[n + 1] - a[n - 1] + b[n - lag + 1] - b[n - lag - 1])
        gain += (b[n - lag] - a[n]) * slope
        slopes += slope * slope
    finer = min(max(gain / slopes, -0.75), 0.75) if slopes > 0.0 else 0.0
    left = 0.0
    for n in range(first, stop):
        slope = 0.25 * (a[n + 1] - a[n - 1] + b[n - lag + 1] - b[n - lag - 1])
        rest = a[n] - b[n - lag] + finer * slope
        left += rest * rest
    left /= max(stop - first, 1)
    return lag + finer, max(0.0, 1.0 - left / usual), float(usual)
