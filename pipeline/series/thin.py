"""Signals for plots: lowest and highest value a bucket, never more than a fixed number of buckets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.checks.contract import decibels
from pipeline.model import Signal
from pipeline.series.table import Kind, Table

__all__ = ["PLOTTED", "SignalThinner"]

MOST_BUCKETS = 20_000

PLOTTED: Mapping[Kind, Mapping[str, tuple[str, Callable[[Table], NDArray[np.floating]]]]] = {
    Kind.PICTURES: {
        "dark_share": ("share", lambda t: t["dark_share"]),
        "even_share": ("share", lambda t: t["even_share"]),
        "moved_share": ("share", lambda t: t["moved_share"]),
        "luma_mean": ("level", lambda t: t["luma_mean"]),
    },
    Kind.SOUNDS: {
        "level_dbfs": ("dBFS", lambda t: decibels(t["rms"].max(axis=1))),
        "peak_dbtp": ("dBTP", lambda t: decibels(t["true_peak"].max(axis=1))),
    },
    Kind.LOUDNESS: {
        "short_term_lufs": ("LUFS", lambda t: np.maximum(t["short_term_lufs"], -70.0)),
    },
    Kind.FAULTS: {},
}
"""What is plotted of each kind of table: name -> unit and how it is read."""


@dataclass(slots=True)
class _Buckets:
    time_s: NDArray[np.float64]
    low: NDArray[np.float32]
    high: NDArray[np.float32]

    def halve(self) -> None:
        even = len(self.time_s) // 2 * 2
        self.time_s = np.append(self.time_s[:even:2], self.time_s[even:])
        self.low = np.append(self.low[:even].reshape(-1, 2).min(axis=1), self.low[even:])
        self.high = np.append(self.high[:even].reshape(-1, 2).max(axis=1), self.high[even:])


@dataclass(slots=True)
class SignalThinner:
    """Collects the plotted columns of all streams in bounded memory."""

    _kept: dict[tuple[str, str, str], _Buckets] = field(default_factory=dict)

    def feed(self, table: Table) -> None:
        """Take what is plotted of a table of the whole picture, or of sound."""
        if table.view:
            return
        for name, (unit, read) in PLOTTED[table.kind].items():
            values = np.asarray(read(table), np.float32)
            key = (table.stream.id, name, unit)
            old = self._kept.get(key)
            if old is None:
                self._kept[key] = old = _Buckets(
                    np.zeros(0), np.zeros(0, np.float32), np.zeros(0, np.float32)
                )
            old.time_s = np.append(old.time_s, table.start_s)
            old.low = np.append(old.low, values)
            old.high = np.append(old.high, values)
            if len(old.time_s) > 2 * MOST_BUCKETS:
                old.halve()

    def signals(self) -> tuple[Signal, ...]:
        """What was collected."""
        return tuple(
            Signal(stream, name, unit, kept.time_s, kept.low, kept.high)
            for (stream, name, unit), kept in self._kept.items()
        )
