"""What is slower than a window: a constant offset, and how two channels go together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.series.stretch import Stretch

__all__ = ["SLOW_COLUMNS", "slow_columns"]

SLOW_COLUMNS = {"offset": "full scale", "correlation": ""}

OFFSET_REACH = 50
"""A mean over 1 s: a bass note of 30 Hz at half of full scale leaves 0.005 of it."""
NEAR_REACH = 10
"""A fifth of a second with soft ends: bass leaves nothing of it, and at an edge of an offset it is half."""
PAIR_REACH = 25
NOTHING = 1e-10


def slow_columns(stretch: Stretch) -> dict[str, NDArray[np.float32]]:
    """``offset`` and ``correlation`` of the rows that are wanted.

    ``offset`` is the mean over 1 s, the one of largest magnitude among those centred within 0.5 s, where
    the mean of the fifth of a second around the row is half of it at least; else 0.
    ``correlation`` with the next channel, over 0.5 s, is the lowest of those centred within 0.25 s;
    0 where either is silent, and for the last channel. It says early and late what a window's own
    figures say when: a check asks both.
    """
    stretch = stretch.within(2 * OFFSET_REACH)
    columns = stretch.rows.columns
    wanted = slice(stretch.first, stretch.stop)
    mean = _sums(columns["mean"], OFFSET_REACH) / _sums(np.ones((stretch.count, 1)), OFFSET_REACH)
    high, low = -_lowest(-mean, OFFSET_REACH), _lowest(mean, OFFSET_REACH)
    offset = np.where(high > -low, high, low)
    near = _softly(columns["mean"])
    offset = np.where(near * np.sign(offset) > np.abs(offset) / 2, offset, 0.0)
    energy = np.asarray(columns["rms"], np.float64) ** 2
    apart = np.asarray(columns["apart"], np.float64) ** 2
    cross = (energy[:, :-1] + energy[:, 1:] - apart[:, :-1]) / 2
    sums = _sums(energy, PAIR_REACH)
    scale = np.sqrt(sums[:, :-1] * sums[:, 1:])
    quiet = np.minimum(sums[:, :-1], sums[:, 1:]) < NOTHING
    pairs = np.where(quiet, 0.0, _sums(cross, PAIR_REACH) / np.maximum(scale, NOTHING))
    correlation = np.zeros_like(energy)
    correlation[:, :-1] = _lowest(np.clip(pairs, -1.0, 1.0), PAIR_REACH)
    return {
        "offset": offset[wanted].astype(np.float32),
        "correlation": correlation[wanted].astype(np.float32),
    }


def _lowest(values: NDArray[np.floating], reach: int) -> NDArray[np.floating]:
    """Lowest of the rows up to ``reach`` before and behind each."""
    edge = np.full((reach, values.shape[1]), np.inf, values.dtype)
    lowest, width = np.concatenate([edge, values, edge]), 1
    # The lowest of 1, 2, 4 ... rows from each on; the last two spans overlap.
    while 2 * width <= 2 * reach + 1:
        lowest, width = np.minimum(lowest[:-width], lowest[width:]), 2 * width
    rest = 2 * reach + 1 - width
    return np.asarray(np.minimum(lowest[: len(values)], lowest[rest : rest + len(values)]))


def _softly(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Mean over the rows up to ``NEAR_REACH`` before and behind each, weighted by a Hann window."""
    weights = np.hanning(2 * NEAR_REACH + 3)[1:-1]
    inside = slice(NEAR_REACH, NEAR_REACH + len(values))
    whole = np.convolve(np.ones(len(values)), weights)[inside]
    lines = [np.convolve(line, weights)[inside] / whole for line in np.asarray(values, np.float64).T]
    return np.stack(lines, axis=1)


def _sums(values: NDArray[np.floating], reach: int) -> NDArray[np.float64]:
    """Sum over the rows up to ``reach`` before and behind each, or as many as there are."""
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])
    rows = np.arange(len(values))
    return np.asarray(sums[np.minimum(rows + reach + 1, len(values))] - sums[np.maximum(rows - reach, 0)])
