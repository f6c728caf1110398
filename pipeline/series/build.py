"""Gathers rows into tables of a few seconds, in time order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.areas import Areas
from pipeline.decode.values import LoudnessReading, Picture, Sound
from pipeline.measure import PictureMeter, SoundMeter
from pipeline.measure.picture import PICTURE_COLUMNS
from pipeline.measure.sound import SoundRows
from pipeline.model import Fault, StreamInfo
from pipeline.series.around import SoundDerivation
from pipeline.series.derive import PictureDerivation
from pipeline.series.table import Kind, Table

__all__ = ["SHAPE_COLUMNS", "PictureRow", "PictureSeries", "SoundSeries", "fault_table", "picture_row"]

PICTURES_A_TABLE = 250
LOUDNESS_A_TABLE = 50
BRIDGED_S = 0.1
DEFAULT_PERIOD_S = 0.04
NO_AREAS = Areas()


@dataclass(frozen=True, slots=True)
class PictureRow:
    """What is kept of one picture, for each view of it: the whole picture first, then the regions.

    ``values`` (views, columns) of ``PICTURE_COLUMNS``, and the thumbnails (views, 3, 18, 32).
    """

    start_s: float
    duration_s: float
    key_frame: bool
    corrupt: bool
    values: NDArray[np.float64]
    thumb: NDArray[np.uint16]


def picture_row(meter: PictureMeter, picture: Picture) -> PictureRow:
    """Measure a picture; ``meter`` is that of its stream, and has seen the picture before."""
    values, thumb = meter.rows(picture)
    return PictureRow(picture.start_s, picture.duration_s, picture.key_frame, picture.corrupt, values, thumb)


@dataclass(slots=True)
class PictureSeries:
    """Measures one video stream and gives its tables.

    A picture is shown until the next one comes: the end of a row is known with the row after it.
    Each region of ``areas`` has tables of its own, beside those of the whole picture.
    """

    stream: StreamInfo
    areas: Areas = NO_AREAS
    rows: int = 0
    first_s: float | None = None
    end_s: float = 0.0
    _meter: PictureMeter = field(init=False)
    _derivations: list[PictureDerivation] = field(default_factory=list)
    _pending: list[PictureRow] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._meter = PictureMeter(self.areas)
        rate = self.stream.frame_rate
        period_s = 1.0 / rate if rate else DEFAULT_PERIOD_S
        self._derivations = [PictureDerivation(period_s) for _ in ("", *self.areas.regions)]

    def push(self, picture: Picture) -> list[Table]:
        """Measure a picture; give a table of each view when they are full."""
        return self.add(picture_row(self._meter, picture))

    def add(self, row: PictureRow) -> list[Table]:
        """Take a picture that was measured elsewhere, in its turn; give the tables that are full."""
        self._pending.append(row)
        self.rows += 1
        if self.first_s is None:
            self.first_s = row.start_s
        self.end_s = max(self.end_s, row.start_s + row.duration_s)
        return self._tables(PICTURES_A_TABLE) if len(self._pending) > PICTURES_A_TABLE else []

    def finish(self) -> list[Table]:
        """The rows that are left."""
        return self._tables(len(self._pending)) if self._pending else []

    def restart(self) -> list[Table]:
        """The rows that are left; those that come next have nothing to do with them."""
        tables = self.finish()
        self.__post_init__()
        self._pending = []
        return tables

    def _tables(self, count: int) -> list[Table]:
        taken, following = self._pending[:count], self._pending[count:]
        start_s = np.array([row.start_s for row in taken])
        duration_s = np.array([row.duration_s for row in taken])
        after_s = np.append(start_s[1:], following[0].start_s if following else np.nan)
        ends = _ends(start_s, duration_s, after_s)
        values, thumbs = np.stack([row.values for row in taken]), np.stack([row.thumb for row in taken])
        shared = {
            "key_frame": np.array([row.key_frame for row in taken]),
            "corrupt": np.array([row.corrupt for row in taken]),
        }
        self._pending = following
        tables = []
        for n, view in enumerate(("", *self.areas.regions)):
            columns: dict[str, NDArray[Any]] = {
                name: values[:, n, place].astype(np.float32) for place, name in enumerate(PICTURE_COLUMNS)
            }
            columns |= shared
            columns |= self._derivations[n].columns(start_s, thumbs[:, n], columns)
            tables.append(Table(Kind.PICTURES, self.stream, start_s, ends, columns, view))
        return tables


def _ends(
    start_s: NDArray[np.float64], duration_s: NDArray[np.float64], after_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """End of each picture: the next one's start where that is near, else its own duration."""
    ends = start_s + duration_s
    near = after_s - ends <= np.maximum(BRIDGED_S, 3 * duration_s)
    return np.where(np.isfinite(after_s) & near, after_s, ends)


@dataclass(frozen=True, slots=True)
class _Shape:
    channels: int
    rate_hz: int
    layout: str


SHAPE_COLUMNS = ("changed", "was_channels", "was_rate_hz", "rate_hz")
"""Columns (n,) that say how the sound was made up, and where that changed."""


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
    _derivation: SoundDerivation = field(default_factory=SoundDerivation)
    _told: int = 0
    _last_end_s: float | None = None
    _shape: _Shape | None = None

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
        tables += self._told_of(self._derivation.finish())
        return [*tables, self._loudness_table()] if len(self.loudness) > self._told else tables

    def _tables(self, batches: list[SoundRows]) -> list[Table]:
        return self._told_of([rows for batch in batches for rows in self._derivation.push(batch)])

    def _told_of(self, batches: list[SoundRows]) -> list[Table]:
        tables = []
        for batch in batches:
            before = batch.start_s[0] if self._last_end_s is None else self._last_end_s
            gap_s = batch.start_s - np.append(before, batch.end_s[:-1])
            self._last_end_s = float(batch.end_s[-1])
            self.rows += len(batch.start_s)
            columns = {**batch.columns, "gap_s": gap_s, **self._changes(batch)}
            tables.append(Table(Kind.SOUNDS, self.stream, batch.start_s, batch.end_s, columns))
        return tables

    def _changes(self, batch: SoundRows) -> dict[str, NDArray[Any]]:
        """What was, against what is: ``changed`` marks the first row of another layout or rate."""
        shape = _Shape(batch.columns["rms"].shape[1], batch.rate_hz, batch.layout)
        before, self._shape = self._shape or shape, shape
        count = len(batch.start_s)
        return {
            "changed": np.arange(count) < int(before != shape),
            "was_channels": np.full(count, before.channels, np.int32),
            "was_rate_hz": np.full(count, before.rate_hz, np.int32),
            "rate_hz": np.full(count, shape.rate_hz, np.int32),
        }

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
