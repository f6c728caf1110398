"""The order of work for one input: open, decode, measure, keep, decide, correlate."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from pipeline.checks.contract import Programme, StreamTotals, decibels
from pipeline.correlate import correlate
from pipeline.decide import Decider, thresholds
from pipeline.decode import Decoded, LoudnessReading, Picture, Sound, decode
from pipeline.errors import InputError
from pipeline.model import Fault, Loudness, MediaInfo, ScanResult, ScanStatus, StreamInfo, Timing
from pipeline.profile import Profile
from pipeline.series import Table
from pipeline.series.build import PictureSeries, SoundSeries, fault_table
from pipeline.series.loudness import integrated_lufs, loudness_range_lu
from pipeline.series.store import SeriesWriter
from pipeline.series.thin import SignalThinner
from pipeline.source import InputContainer, identity, media_streams, open_container, probe, redact
from pipeline.text import clean

__all__ = ["Measured", "Progress", "conclude", "measure", "scan"]

PROGRESS_EVERY_S = 0.1
QUIET_FAULTS = 10_000
"""Faults beyond this many are counted by their events no more: a stream of nothing but faults."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scan is: media time done, the whole if it is known, pictures so far."""

    done_s: float
    duration_s: float | None
    frames: int


def scan(
    url: str,
    profile: Profile,
    *,
    keep_series: Path | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    signals: bool = False,
) -> ScanResult:
    """Scan one input; a bad one is told in the result, never raised.

    Args:
        keep_series: a folder to keep the measurements in, for ``replay``.
        on_progress: called some times a second.
        stop: when set, the scan ends early; the result says what was covered.
        signals: whether to collect thinned signals for plots.

    Raises:
        UsageError: ``keep_series`` cannot be written.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    shown = clean(redact(url))
    try:
        with open_container(url) as container:
            result = _scan_open(container, url, shown, profile, keep_series, on_progress, stop, signals)
    except InputError as exc:
        return ScanResult(shown, ScanStatus.NOT_ASSESSABLE, str(exc))
    wall_s = time.perf_counter() - wall
    timing = Timing(wall_s, time.process_time() - cpu, result.covered_s / wall_s if wall_s else 0.0)
    return replace(result, timing=timing)


def _scan_open(
    container: InputContainer,
    url: str,
    shown: str,
    profile: Profile,
    keep_series: Path | None,
    on_progress: Callable[[Progress], None] | None,
    stop: threading.Event | None,
    signals: bool,
) -> ScanResult:
    media = probe(container)
    if not media.streams:
        raise InputError(f"{shown}: holds no video or audio")
    name = identity(url)
    measured = Measured(media)
    decider = Decider(profile, name)
    thinner = SignalThinner() if signals else None
    with SeriesWriter(keep_series) if keep_series else nullcontext() as writer:
        for table in measure(container, measured, on_progress, stop):
            decider.feed(table)
            if thinner:
                thinner.feed(table)
            if writer:
                writer.feed(table)
        programme = measured.programme()
        if not any(totals.rows for totals in programme.streams) and programme.complete:
            raise InputError(f"{shown}: not one picture or sample could be decoded")
        if writer:
            writer.finish(shown, name, profile.name, programme)
    return conclude(shown, name, decider, programme, thinner)


def conclude(
    shown: str, name: str, decider: Decider, programme: Programme, thinner: SignalThinner | None
) -> ScanResult:
    """The result of a scan or a replay, from what the decider was fed."""
    events, coverage = decider.finish(programme)
    return ScanResult(
        url=shown,
        status=ScanStatus.OK,
        media=programme.media,
        events=events,
        incidents=correlate(events, name, programme.end_s),
        coverage=coverage,
        loudness=tuple(totals.loudness for totals in programme.streams if totals.loudness),
        signals=thinner.signals() if thinner else (),
        thresholds=thresholds(decider.profile),
        covered_s=programme.end_s,
        interrupted=not programme.complete,
    )


@dataclass(slots=True)
class Measured:
    """What has been measured of each stream so far, and whether the end was reached."""

    media: MediaInfo
    pictures: dict[str, PictureSeries] = field(default_factory=dict)
    sounds: dict[str, SoundSeries] = field(default_factory=dict)
    faults: int = 0
    complete: bool = True

    def __post_init__(self) -> None:
        for stream in self.media.streams:
            if stream.is_video:
                self.pictures[stream.id] = PictureSeries(stream)
            else:
                self.sounds[stream.id] = SoundSeries(stream)

    def push(self, item: Decoded) -> list[Table]:
        """Measure one item; give the tables that are full."""
        if isinstance(item, Picture):
            return self.pictures[item.stream].push(item)
        if isinstance(item, Sound):
            return self.sounds[item.stream].push(item)
        if isinstance(item, LoudnessReading):
            return self.sounds[item.stream].read(item)
        self.faults += 1
        return [fault_table(item, self._stream(item))] if self.faults <= QUIET_FAULTS else []

    def finish(self) -> Iterator[Table]:
        """The rows that are left."""
        for series in self._all():
            yield from series.finish()

    @property
    def done_s(self) -> float:
        """How far the furthest stream has come."""
        return max((series.end_s for series in self._all()), default=0.0)

    @property
    def frames(self) -> int:
        """Pictures so far."""
        return sum(series.rows for series in self.pictures.values())

    def programme(self) -> Programme:
        """What can be said at the end."""
        totals = []
        for info in self.media.streams:
            if info.is_video:
                seen = self.pictures[info.id]
                totals.append(StreamTotals(info, seen.rows, seen.first_s, seen.end_s if seen.rows else None))
            else:
                totals.append(_sound_totals(info, self.sounds[info.id]))
        return Programme(self.media, tuple(totals), self.done_s, self.complete)

    def _all(self) -> list[PictureSeries | SoundSeries]:
        return [*self.pictures.values(), *self.sounds.values()]

    def _stream(self, fault: Fault) -> StreamInfo:
        known = {stream.id: stream for stream in self.media.streams}
        return known.get(fault.stream, StreamInfo("*", ""))


def _sound_totals(info: StreamInfo, seen: SoundSeries) -> StreamTotals:
    if not seen.rows:
        return StreamTotals(info, 0, None, None)
    peak = float(decibels(np.array([seen.top_peak]))[0])
    loudness = Loudness(
        info.id, integrated_lufs(seen.loudness), loudness_range_lu(seen.loudness), round(peak, 2)
    )
    return StreamTotals(info, seen.rows, seen.first_s, seen.end_s, seen.samples_s, loudness)


def measure(
    container: InputContainer,
    measured: Measured,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> Iterator[Table]:
    """Decode and measure an open container; tables come in order of time for each stream."""
    told = 0.0
    for item in decode(container, media_streams(container)):
        yield from measured.push(item)
        if stop is not None and stop.is_set():
            measured.complete = False
            break
        now = time.monotonic()
        if on_progress and now - told >= PROGRESS_EVERY_S:
            told = now
            on_progress(Progress(measured.done_s, measured.media.duration_s, measured.frames))
    yield from measured.finish()
    if on_progress:
        on_progress(Progress(measured.done_s, measured.media.duration_s, measured.frames))
