"""Columns of sound that need what lies around a window: made in order, from cells, when rows are joined.

A row is a function of the windows up to 2 s before and behind it in its run and of nothing else, so it
is the same however the samples were cut into frames and batches.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.measure.sound import SoundRows
from pipeline.series.breaks import BREAK_COLUMNS, REPEAT_COLUMNS, break_columns, repeat_columns
from pipeline.series.slow import SLOW_COLUMNS, slow_columns
from pipeline.series.stretch import BLOCK_ROWS, REACH_ROWS, Stretch
from pipeline.series.tones import TONE_COLUMNS, tone_columns

__all__ = ["AROUND_COLUMNS", "SoundDerivation"]

AROUND_COLUMNS = {**SLOW_COLUMNS, **TONE_COLUMNS, **BREAK_COLUMNS, **REPEAT_COLUMNS}
"""Column -> unit; each is (rows, channels)."""


@dataclass(slots=True)
class SoundDerivation:
    """Holds rows back until what follows them is known, and gives them with their further columns."""

    _held: list[SoundRows] = field(default_factory=list)
    _past: int = 0
    """Rows at the front of what is held that were given already."""

    def push(self, rows: SoundRows) -> list[SoundRows]:
        """Take rows; give those that are complete."""
        done = self.finish() if self._held and self._held[-1].run != rows.run else []
        self._held.append(rows)
        count = sum(len(part.start_s) for part in self._held)
        ready = (count - self._past - REACH_ROWS) // BLOCK_ROWS * BLOCK_ROWS
        return [*done, self._give(ready)] if ready > 0 else done

    def finish(self) -> list[SoundRows]:
        """The rows that are left: nothing follows them."""
        left = sum(len(part.start_s) for part in self._held) - self._past
        done = [self._give(left)] if left > 0 else []
        self._held, self._past = [], 0
        return done

    def _give(self, count: int) -> SoundRows:
        rows = _joined(self._held)
        first, stop = self._past, self._past + count
        stretch = Stretch(rows, first, stop)
        given = rows.cut(first, stop)
        columns: dict[str, NDArray[np.float32]] = dict(given.columns)
        for derive in (slow_columns, tone_columns, break_columns, repeat_columns):
            columns |= derive(stretch)
        # Whole blocks are given, and whole blocks kept: the grid of blocks stays that of the run.
        kept = max(0, stop - REACH_ROWS)
        held = rows.cut(kept, len(rows.start_s))
        late = rows.repeats[rows.repeats[:, 1] > held.start_s[0]] if len(held.start_s) else rows.repeats[:0]
        self._held, self._past = [replace(held, repeats=late)], stop - kept
        return replace(given, columns=columns)


def _joined(parts: list[SoundRows]) -> SoundRows:
    if len(parts) == 1:
        return parts[0]
    return SoundRows(
        np.concatenate([part.start_s for part in parts]),
        np.concatenate([part.end_s for part in parts]),
        {name: np.concatenate([part.columns[name] for part in parts]) for name in parts[0].columns},
        np.concatenate([part.cells for part in parts], axis=2),
        np.concatenate([part.repeats for part in parts]),
        parts[0].run,
        parts[0].rate_hz,
        parts[0].layout,
    )
