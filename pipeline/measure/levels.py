"""How much of a picture lies outside its legal range: luma, chroma, and the RGB that they make.

Samples outside the range are counted by the fused kernel. Not all of them are a fault of level: what
rings beside an edge, and grain in a black that is legal, cross the line too. So a block counts by what
of it is outside, and where a sharp edge or grain at the end of the range would explain that, only if
it is the greater part.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.measure.view import BlockView

__all__ = ["LEVEL_COLUMNS", "summarise_levels"]

LEVEL_COLUMNS: Mapping[str, str] = {
    "luma_low_share": "share",
    "luma_high_share": "share",
    "chroma_illegal_share": "share",
    "gamut_share": "share",
}
"""Samples of luma below and above the legal range (by the half in which their block's mean lies), of
chroma outside it, and blocks whose mean colour is no legal RGB."""

LEAST = 0.1
"""Less of a block than this is ringing."""
EDGE_STD = 60.0
"""A block of more contrast holds an edge or letters: coding and scaling overshoot there."""
END_NEAR, GRAIN_STD = 12.0, 10.0
"""A block this near to an end of the range, and no more uneven than grain is."""
GAMUT_OVER = 0.05
"""EBU R103: R, G and B may lie in -5..105 %."""
SURELY_LEGAL = 1.04
"""Less than 1 + ``GAMUT_OVER`` by more than any rounding."""
WEIGHTS = {
    1: (0.2126, 0.0722),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    9: (0.2627, 0.0593),
    10: (0.2627, 0.0593),
}
"""Weights of red and blue in luma by the code of the matrix (H.273): BT.709, BT.601, BT.2020."""


def summarise_levels(view: BlockView, out: NDArray[np.float64]) -> None:
    """Fill ``out`` with ``LEVEL_COLUMNS``.

    Where the matrix is not said, a colour is legal if it is so by BT.601 or by BT.709.
    """
    red, blue = WEIGHTS.get(view.matrix, WEIGHTS[1])
    red2, blue2 = WEIGHTS.get(view.matrix, WEIGHTS[6])
    full = view.white - view.black >= 255
    _summarise(
        view.area,
        view.luma[4],
        view.chroma_area,
        view.chroma[3],
        view.mean,
        view.variance,
        view.u,
        view.v,
        (view.black, view.white, 255.0 if full else 224.0),
        np.array([[red, blue], [red2, blue2]]),
        out,
    )


@njit(nogil=True, cache=True, error_model="numpy")
def _summarise(area, illegal, chroma_area, chroma_illegal, mean, variance, u, v, ends, weights, out):  # type: ignore[no-untyped-def]
    rows, columns = area.shape
    black, white, swing = ends
    of_range, of_swing = 1.0 / (white - black), 2.0 / swing
    samples = chroma_samples = 0
    low = high = chroma = gamut = 0.0
    for y in range(rows):
        for x in range(columns):
            size, level = area[y, x], mean[y, x]
            if size == 0:
                continue
            samples += size
            chroma_samples += chroma_area[y, x]
            near_end = level < black + END_NEAR or level > white - END_NEAR
            explained = variance[y, x] > EDGE_STD**2 or (near_end and variance[y, x] < GRAIN_STD**2)
            if illegal[y, x] > (0.5 if explained else LEAST) * size:
                if 2 * level < black + white:
                    low += illegal[y, x]
                else:
                    high += illegal[y, x]
            if 2 * chroma_illegal[y, x] > chroma_area[y, x]:
                chroma += chroma_illegal[y, x]
            # No part of RGB is farther from luma than the larger colour difference: most blocks end here.
            far = max(abs(u[y, x] - 128), abs(v[y, x] - 128)) * of_swing
            near = (level - black) * of_range
            if near + far < SURELY_LEGAL and near - far > 1.0 - SURELY_LEGAL:
                continue
            luma = (level - black) / (white - black)
            cb, cr = 2 * (u[y, x] - 128) / swing, 2 * (v[y, x] - 128) / swing
            over = np.inf
            for n in range(weights.shape[0]):
                over = min(over, _excess(luma, cb, cr, weights[n, 0], weights[n, 1]))
            if over > GAMUT_OVER:
                gamut += size
    samples = max(samples, 1)
    out[0] = low / samples
    out[1] = high / samples
    out[2] = chroma / max(chroma_samples, 1)
    out[3] = gamut / samples


@njit(nogil=True, cache=True, error_model="numpy")
def _excess(luma, cb, cr, red_weight, blue_weight):  # type: ignore[no-untyped-def]
    """How far the worst of R, G and B lies outside 0..1; ``luma`` in 0..1, ``cb`` and ``cr`` in -1..1."""
    red = luma + (1 - red_weight) * cr
    blue = luma + (1 - blue_weight) * cb
    green = (luma - red_weight * red - blue_weight * blue) / (1 - red_weight - blue_weight)
    return max(-min(red, green, blue), max(red, green, blue) - 1)
