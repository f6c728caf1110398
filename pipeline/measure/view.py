"""One picture as maps of its blocks: what every summary reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["BlockView", "median"]


@dataclass(frozen=True, slots=True)
class BlockView:
    """One picture as maps of its blocks, for the summaries that make columns of it.

    ``area`` (rows, columns) int64: luma samples of each block; 0 for a block that is masked, which
    must count nowhere. ``luma`` and ``chroma`` hold the raw sums, in the order of ``LUMA_SUMS`` and
    ``CHROMA_SUMS``; a sum times ``share`` (or ``chroma_share``) is a mean a sample in 8-bit levels.
    ``mean``, ``variance``, ``change``, ``u`` and ``v`` (rows, columns) float32 are such means;
    ``before`` is ``mean`` of the picture before, ``past`` its raw sums of luma; None for the first.
    ``black`` and ``white`` are the ends of the legal range of luma, in levels. ``fields`` is what
    ``field_maps`` makes of it and the picture before, None for the first; ``shift`` what
    ``shift_between`` does; ``seams`` is what ``seam_maps`` makes of it. ``interlaced``, ``top_first``
    and ``matrix`` are those of the ``Picture``.
    """

    area: NDArray[np.int64]
    share: NDArray[np.float32]
    chroma_area: NDArray[np.int64]
    chroma_share: NDArray[np.float32]
    luma: NDArray[np.uint32]
    chroma: NDArray[np.uint32]
    mean: NDArray[np.float32]
    variance: NDArray[np.float32]
    change: NDArray[np.float32]
    u: NDArray[np.float32]
    v: NDArray[np.float32]
    before: NDArray[np.float32] | None
    past: NDArray[np.uint32] | None
    black: float
    white: float
    interlaced: bool
    top_first: bool | None
    matrix: int
    fields: NDArray[np.uint32] | None
    shift: tuple[float, float, float]
    seams: NDArray[np.int16]


@njit(nogil=True, cache=True, error_model="numpy")
def median(values, area):  # type: ignore[no-untyped-def]
    """Median of the block means that have an area, to a quarter of a level, by counting."""
    counts = np.zeros(1025, np.int32)
    rows, columns = values.shape
    total = 0
    for y in range(rows):
        for x in range(columns):
            if area[y, x]:
                counts[min(1024, int(values[y, x] * 4))] += 1
                total += 1
    half = (total + 1) // 2
    seen = 0
    for level in range(1025):
        seen += counts[level]
        if seen >= half:
            return (level + 0.5) / 4
    return 0.0
