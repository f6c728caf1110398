"""Windows of sound as some forty cells each: what everything that looks further than a window reads.

A cell is a quarter of a millisecond at the usual rates. Its figures are plain sums over its samples, so
they hang on nothing but the samples, and are to sound what the thumbnail is to a picture.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["CELL_FIGURES", "cells_of", "empty_cells", "measure_cells"]

CELL_FIGURES = ("mean", "energy", "bend", "peak_bend")
"""Mean; mean square; mean square and largest magnitude of the second difference."""

FEWEST, MOST = 40, 80


def cells_of(size: int) -> int:
    """How many cells a window of ``size`` samples has: a divisor of it, if there is one near forty."""
    if size <= FEWEST:
        return size
    return next((n for n in range(FEWEST, min(MOST, size) + 1) if size % n == 0), FEWEST)


_fast = njit(nogil=True, cache=True, error_model="numpy", fastmath=True)


@_fast
def measure_cells(samples, first, size, used, cells, out):  # type: ignore[no-untyped-def]
    """Fill ``cells`` (4, channels, windows, n) from ``samples`` (channels, length) float32.

    Windows of ``size`` begin at ``first``, at least one sample from either end; there are ``used``
    samples in all. Cells behind the last sample are zero. ``out`` (3, windows, channels) are the RMS and
    the mean of each window, and the RMS of its difference to the next channel, 0 for the last one.
    """
    count = cells.shape[3]
    edges = np.empty(count + 1, np.int64)
    for n in range(count + 1):
        edges[n] = n * size // count
    for window in range(cells.shape[2]):
        length = min(size, used - window * size)
        for channel in range(samples.shape[0]):
            start = first + window * size
            line = samples[channel, start - 1 : start + length + 1]
            sums = energies = np.float32(0.0)
            for n in range(count):
                if edges[n] >= length:
                    break
                part = line[edges[n] : min(edges[n + 1], length) + 2]
                total, energy, bend, top = _cell(part)
                sums += total
                energies += energy
                share = np.float32(1.0) / np.float32(len(part) - 2)
                cells[0, channel, window, n] = total * share
                cells[1, channel, window, n] = energy * share
                cells[2, channel, window, n] = bend * share
                cells[3, channel, window, n] = top
            share = np.float32(1.0) / np.float32(length)
            out[0, window, channel] = np.sqrt(energies * share)
            out[1, window, channel] = sums * share
            if channel + 1 < samples.shape[0]:
                other = samples[channel + 1, start - 1 : start + length + 1]
                out[2, window, channel] = np.sqrt(_apart(line, other) * share)


@_fast
def _cell(part):  # type: ignore[no-untyped-def]
    """Sums over the inner samples: value, square, squared second difference, and the largest of those."""
    total = energy = bend = top = np.float32(0.0)
    for x in range(len(part) - 2):
        value = part[x + 1]
        total += value
        energy += value * value
        second = part[x + 2] + part[x] - np.float32(2.0) * value
        bend += second * second
        top = max(top, abs(second))
    return total, energy, bend, top


@_fast
def _apart(line, other):  # type: ignore[no-untyped-def]
    energy = np.float32(0.0)
    for x in range(len(line) - 2):
        energy += (line[x + 1] - other[x + 1]) * (line[x + 1] - other[x + 1])
    return energy


def empty_cells(windows: int, channels: int, size: int) -> NDArray[np.float32]:
    """Room for the cells of so many windows."""
    return np.zeros((len(CELL_FIGURES), channels, windows, cells_of(size)), np.float32)
