"""Programme loudness from the readings of each 100 ms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.decode.values import LoudnessReading

__all__ = ["integrated_lufs", "loudness_range_lu"]

ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
RANGE_GATE_LU = -20.0
FULL_MOMENTARY = 3
"""Readings before the first whole block of 400 ms."""
FULL_SHORT_TERM = 29


def integrated_lufs(readings: Sequence[LoudnessReading]) -> float | None:
    """Gated programme loudness (BS.1770-4, eq. 5 to 7); None where all is below the absolute gate.

    The momentary readings, one a 100 ms over 400 ms, are the gating blocks with 75 % overlap.
    """
    blocks = _energies([r.momentary_lufs for r in readings[FULL_MOMENTARY:]])
    blocks = blocks[blocks > _energy(ABSOLUTE_GATE_LUFS)]
    if not len(blocks):
        return None
    gate = _level(blocks.mean()) + RELATIVE_GATE_LU
    return round(float(_level(blocks[blocks > _energy(gate)].mean())), 2)


def loudness_range_lu(readings: Sequence[LoudnessReading]) -> float | None:
    """Loudness range (EBU Tech 3342): the spread of short-term loudness from 10 % to 95 %.

    The percentiles are readings by nearest rank, as FFmpeg counts them: a step in level is no slope.
    """
    blocks = _energies([r.short_term_lufs for r in readings[FULL_SHORT_TERM:]])
    blocks = blocks[blocks > _energy(ABSOLUTE_GATE_LUFS)]
    if not len(blocks):
        return None
    gate = _level(blocks.mean()) + RANGE_GATE_LU
    kept = np.sort(_level(blocks[blocks >= _energy(gate)]))
    low, high = (kept[max(1, int(share * len(kept) + 0.5)) - 1] for share in (0.10, 0.95))
    return round(float(high - low), 2)


def _energies(levels: list[float]) -> NDArray[np.float64]:
    values = np.asarray(levels, np.float64)
    return _energy(values[np.isfinite(values)])


def _energy(level: NDArray[np.float64] | float) -> NDArray[np.float64]:
    return np.asarray(10.0 ** ((np.asarray(level) + 0.691) / 10.0))


def _level(energy: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(10.0 * np.log10(energy) - 0.691)
