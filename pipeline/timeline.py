"""What goes on beside the defects, kept small: cuts, key frames, faults, how light and how loud it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.checks.contract import decibels
from pipeline.series.table import Kind, Table

__all__ = ["Span", "Timeline", "TimelineKeeper"]

Floats = NDArray[np.float64]

BUCKET_S = 0.1
"""Sound is kept as the loudest level of so much time."""


@dataclass(frozen=True, slots=True)
class Span:
    """Something that took some time on a stream."""

    what: str
    stream: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """Facts of a whole input, by stream, in order of time.

    ``cuts`` and ``keys`` are the times of first pictures of shots and of key frames. ``light`` is the
    time and mean luma of every picture, ``sound`` the time and level (dBFS RMS, the loudest channel) of
    every tenth of a second. ``faults`` are what the container and the decoder said.
    """

    cuts: Mapping[str, Floats] = field(default_factory=dict)
    keys: Mapping[str, Floats] = field(default_factory=dict)
    light: Mapping[str, tuple[Floats, Floats]] = field(default_factory=dict)
    sound: Mapping[str, tuple[Floats, Floats]] = field(default_factory=dict)
    faults: tuple[Span, ...] = ()
    end_s: float = 0.0


@dataclass(slots=True)
class TimelineKeeper:
    """Collects a timeline from tables: some ten numbers a second."""

    _cuts: dict[str, list[Floats]] = field(default_factory=dict)
    _keys: dict[str, list[Floats]] = field(default_factory=dict)
    _light: dict[str, list[tuple[Floats, NDArray[np.float32]]]] = field(default_factory=dict)
    _sound: dict[str, dict[int, float]] = field(default_factory=dict)
    _faults: list[Span] = field(default_factory=list)
    _end_s: float = 0.0

    def feed(self, table: Table) -> None:
        """Take what is kept of a table."""
        stream = table.stream.id
        if not len(table):
            return
        if table.kind is Kind.PICTURES:
            self._cuts.setdefault(stream, []).append(table.start_s[table["cut"].astype(np.bool_)])
            self._keys.setdefault(stream, []).append(table.start_s[table["key_frame"].astype(np.bool_)])
            light = np.asarray(table["luma_mean"], np.float32)
            self._light.setdefault(stream, []).append((table.start_s, light))
            damaged = np.flatnonzero(table["corrupt"])
            self._faults += [
                Span("corrupt_frame", stream, float(table.start_s[n]), float(table.end_s[n])) for n in damaged
            ]
        elif table.kind is Kind.SOUNDS:
            self._hear(stream, table)
        elif table.kind is Kind.FAULTS:
            kinds = table["kind"].tolist()
            times = zip(kinds, table.start_s.tolist(), table.end_s.tolist(), strict=True)
            self._faults += [Span(kind, stream, start_s, end_s) for kind, start_s, end_s in times]
        self._end_s = max(self._end_s, float(table.end_s.max()))

    def timeline(self) -> Timeline:
        """What was collected."""
        return Timeline(
            cuts={stream: np.concatenate(parts) for stream, parts in self._cuts.items()},
            keys={stream: np.concatenate(parts) for stream, parts in self._keys.items()},
            light={stream: _joined(parts) for stream, parts in self._light.items()},
            sound={stream: _leveled(buckets) for stream, buckets in self._sound.items()},
            faults=tuple(sorted(self._faults, key=lambda span: (span.start_s, span.end_s))),
            end_s=self._end_s,
        )

    def _hear(self, stream: str, table: Table) -> None:
        kept = self._sound.setdefault(stream, {})
        bucket = np.floor(table.start_s / BUCKET_S + 1e-6).astype(np.int64)
        level = decibels(table["rms"].max(axis=1))
        first = np.flatnonzero(np.diff(bucket, prepend=bucket[0] - 1))
        for place, loudest in zip(bucket[first].tolist(), np.maximum.reduceat(level, first), strict=True):
            kept[place] = max(kept.get(place, -np.inf), float(loudest))


def _joined(parts: list[tuple[Floats, NDArray[np.float32]]]) -> tuple[Floats, Floats]:
    times = np.concatenate([start_s for start_s, _ in parts])
    return times, np.concatenate([values for _, values in parts]).astype(np.float64)


def _leveled(buckets: Mapping[int, float]) -> tuple[Floats, Floats]:
    places = np.array(sorted(buckets), np.int64)
    return (places * BUCKET_S).astype(np.float64), np.array([buckets[place] for place in places.tolist()])
