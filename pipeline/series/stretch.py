"""A stretch of rows of sound with what lies around the ones that are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.measure.sound import SoundRows

__all__ = ["BLOCK_ROWS", "REACH_ROWS", "Stretch", "window"]

BLOCK_ROWS = 50
"""Rows of a block of half a second; blocks are counted from the start of a run."""
REACH_ROWS = 200
"""How far a row may look back and ahead: whole blocks."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """``rows`` of one run; columns are wanted of ``first`` up to ``stop``.

    The first of ``rows`` begins a block. There are ``REACH_ROWS`` before ``first`` and behind ``stop``,
    or as many as the run has.
    """

    rows: SoundRows
    first: int
    stop: int

    @property
    def count(self) -> int:
        """All rows, those around included."""
        return len(self.rows.start_s)

    @property
    def channels(self) -> int:
        """Channels of each row."""
        return int(self.rows.cells.shape[1])

    @property
    def cells(self) -> int:
        """Cells of a row."""
        return int(self.rows.cells.shape[3])

    @property
    def cell_hz(self) -> float:
        """Cells in a second."""
        return self.cells * self.rows.rate_hz / self.samples

    @property
    def samples(self) -> int:
        """Samples of a row."""
        return max(1, round(self.rows.rate_hz * 0.01))

    @property
    def whole_cells(self) -> int:
        """Cells that are full: the last row of a run may be short."""
        last_s = float(self.rows.end_s[-1] - self.rows.start_s[-1])
        return (self.count - 1) * self.cells + min(self.cells, int(last_s * self.cell_hz + 1e-3))

    def line(self, figure: int) -> NDArray[np.float32]:
        """One figure of all cells in their order: (channels, rows * cells)."""
        return np.ascontiguousarray(self.rows.cells[figure]).reshape(self.channels, -1)

    def within(self, reach: int) -> Stretch:
        """The same rows wanted, with no more than ``reach`` around them."""
        low, high = max(0, self.first - reach), min(self.count, self.stop + reach)
        return Stretch(self.rows.cut(low, high), self.first - low, self.stop - low)


@lru_cache(maxsize=32)
def window(size: int) -> NDArray[np.float32]:
    """A Hann window, (size,)."""
    return np.hanning(size).astype(np.float32)
