"""Gathers rows into tables of a few seconds, in time order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.decode.values import LoudnessReading, Picture, Sound
from pipeline.measure import PictureMeter, SoundMeter
from pipeline.measure.picture import PICTURE_COLUMNS
from pipeline.measure.sound import SoundRows
from pipeline.model import Fault, StreamInfo
from pipeline.series.derive import PictureDerivation
from pipeline.series.table import Kind, Table

__all__ = ["PictureSeries", "SoundSeries", "fault_table"]

PICTURES_A_TABLE = 250
LOUDNESS_A_TABLE = 50
BRIDGED_S = 0.1
DEFAULT_PERIOD_S = 0.04


@dataclass(slots=True)
class PictureSeries:
    """Measures one video stream and gives its tables.

    A picture is shown until the next one comes: the end of a row is known with the row after it.
    """

    stream: StreamInfo
    rows: int = 0
    first_s: float | None = None
    end_s: float = 0.0
    _meter: PictureMeter = field(default_factory=PictureMeter)
    _derivation: PictureDerivation | None = None
    _pending: list[tuple[_Stamp, NDArray[np.float64], NDArray[np.uint16]]] = field(default_factory=list)

    def push(self, picture: Picture) -> list[Table]:
        """Measure a picture; give a table when one is full."""
        values, thumb = self._meter.row(picture)
        stamp = _Stamp(picture.start_s, picture.duration_s, picture.key_frame, picture.corrupt)
        self._pending.append((stamp, values, thumb))
        self.rows += 1
        if self.first_s is None:
            self.first_s = picture.start_s
        self.end_s = max(self.end_s, picture.start_s + picture.duration_s)
        return [self._table(PICTURES_A_TABLE)] if len(self._pending) > PICTURES_A_TABLE else []

    def finish(self) -> list[Table]:
        """The rows that are left."""
        return [self._table(len(self._pending))] if self._pending else []

    def _table(self, count: int) -> Table:
        taken, following = self._pending[:count], self._pending[count:]
        stamps = [stamp for stamp, _, _ in taken]
        start_s = np.array([stamp.start_s for stamp in stamps])
        duration_s = np.array([stamp.duration_s for stamp in stamps])
        after_s = np.append(start_s[1:], following[0][0].start_s if following else np.nan)
        if self._derivation is None:
            rate = self.stream.frame_rate
            self._derivation = PictureDerivation(1.0 / rate if rate else DEFAULT_PERIOD_S)
        values = np.stack([row for _, row, _ in taken])
        columns: dict[str, NDArray[Any]] = {
            name: values[:, n].astype(np.float32) for n, name in enumerate(PICTURE_COLUMNS)
        }
        columns |= self._derivation.columns(start_s, np.stack([thumb for _, _, thumb in taken]))
        columns["key_frame"] = np.array([stamp.key_frame for stamp in stamps])
        columns["corrupt"] = np.array([stamp.corrupt for stamp in stamps])
        self._pending = following
        return Table(Kind.PICTURES, self.stream, start_s, _ends(start_s, duration_s, after_s), columns)


@dataclass(frozen=True, slots=True)
class _Stamp:
    start_s: float
    duration_s: float
    key_frame: bool
    corrupt: bool


def _ends(
    start_s: NDArray[np.float64], duration_s: NDArray[np.float64], after_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """End of each picture: the next one's start where that is near, else its own duration."""
    ends = start_s + duration_s
    near = after_s - ends <= np.maximum(BRIDGED_S, 3 * duration_s)
    return np.where(np.isfinite(after_s) & near, after_s, ends)


@dataclass(slots=True)
class SoundSeries:
    """Measures one audio stream and gives its tables of windows, and of loudness readings."""

    stream: StreamInfo
    rows: int = 0
    first_s: float | None = None
    end_s: float = 0.0
    samples_s: float = 0.0
    layout: str = ""
    loudness: list[LoudnessReading] = field(default_factory=list)
    _meter: SoundMeter = field(default_factory=SoundMeter)
    _told: int = 0
    _last_end_s: float | None = None

    def push(self, sound: Sound) -> list[Table]:
        """Measure samples; give the tables that are full."""
        if self.first_s is None:
            self.first_s = sound.start_s
        duration_s = sound.samples.shape[1] / sound.rate_hz
        self.samples_s += duration_s
        self.end_s = max(self.end_s, sound.start_s + duration_s)
        self.layout = sound.layout
        return self._tables(self._meter.push(sound))

    @property
    def top_peak(self) -> float:
        """The programme's true peak so far, linear."""
        return self._meter.top_peak

    def read(self, reading: LoudnessReading) -> list[Table]:
        """Take a loudness reading."""
        self.loudness.append(reading)
        return [self._loudness_table()] if len(self.loudness) - self._told >= LOUDNESS_A_TABLE else []

    def finish(self) -> list[Table]:
        """The rows that are left."""
        tables = self._tables(self._meter.finish())
        return [*tables, self._loudness_table()] if len(self.loudness) > self._told else tables

    def _tables(self, batches: list[SoundRows]) -> list[Table]:
        tables = []
        for batch in batches:
            before = batch.start_s[0] if self._last_end_s is None else self._last_end_s
            gap_s = batch.start_s - np.append(before, batch.end_s[:-1])
            self._last_end_s = float(batch.end_s[-1])
            self.rows += len(batch.start_s)
            columns = {**batch.columns, "gap_s": gap_s}
            tables.append(Table(Kind.SOUNDS, self.stream, batch.start_s, batch.end_s, columns))
        return tables

    def _loudness_table(self) -> Table:
        new = self.loudness[self._told :]
        self._told = len(self.loudness)
        columns = {
            "momentary_lufs": np.array([r.momentary_lufs for r in new]),
            "short_term_lufs": np.array([r.short_term_lufs for r in new]),
        }
        times = np.array([[r.start_s, r.end_s] for r in new])
        return Table(Kind.LOUDNESS, self.stream, times[:, 0], times[:, 1], columns)


def fault_table(fault: Fault, stream: StreamInfo) -> Table:
    """One fault as a table of one row."""
    columns = {"kind": np.array([str(fault.kind)]), "detail": np.array([fault.detail])}
    return Table(Kind.FAULTS, stream, np.array([fault.start_s]), np.array([fault.end_s]), columns)
