"""The order of work for measuring one input: in one pass, or its pictures in chunks and the rest here."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.areas import Areas
from pipeline.checks.contract import Programme, StreamTotals, decibels
from pipeline.chunks import Apart, Chunk, Crew, Part, Stopped, join
from pipeline.decode import Decoded, LoudnessReading, Picture, Sound, decode
from pipeline.model import Fault, Loudness, MediaInfo, StreamInfo
from pipeline.series import Table
from pipeline.series.build import PictureSeries, SoundSeries, fault_table
from pipeline.series.loudness import integrated_lufs, loudness_range_lu
from pipeline.source import InputContainer, media_streams, open_container, probe
from pipeline.spans import Stopwatch

__all__ = ["Measured", "Progress", "follow", "measure", "measure_apart", "measure_split"]

NO_AREAS = Areas()
PROGRESS_EVERY_S = 0.1
QUIET_FAULTS = 10_000
"""Faults beyond this many are counted by their events no more: a stream of nothing but faults."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scan is: media time done, the whole if it is known, pictures so far."""

    done_s: float
    duration_s: float | None
    frames: int


@dataclass(slots=True)
class Measured:
    """What has been measured of each stream so far, and whether the end was reached."""

    media: MediaInfo
    areas: Areas = NO_AREAS
    pictures: dict[str, PictureSeries] = field(default_factory=dict)
    sounds: dict[str, SoundSeries] = field(default_factory=dict)
    faults: int = 0
    complete: bool = True
    decoding: Stopwatch = field(default_factory=Stopwatch)
    told: Programme | None = None
    """What whoever measured it elsewhere says of the whole."""

    def __post_init__(self) -> None:
        for stream in self.media.streams:
            if stream.is_video:
                self.pictures[stream.id] = PictureSeries(stream, self.areas)
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

    def take(self, stream: str, part: Part) -> Iterator[Table]:
        """Take rows and faults of a video stream that was measured elsewhere."""
        for item in part.items:
            if isinstance(item, Fault):
                yield from self.push(item)
            else:
                yield from self.pictures[stream].add(item)

    def finish(self) -> Iterator[Table]:
        """The rows that are left."""
        for series in self._all():
            yield from series.finish()

    @property
    def done_s(self) -> float:
        """How far the furthest stream has come."""
        return max((series.end_s for series in self._all()), default=0.0)

    @property
    def heard_s(self) -> float:
        """How far the sound has come that has come least far."""
        return min((series.end_s for series in self.sounds.values()), default=math.inf)

    @property
    def frames(self) -> int:
        """Pictures so far."""
        return sum(series.rows for series in self.pictures.values())

    def programme(self) -> Programme:
        """What can be said at the end."""
        if self.told is not None:
            return self.told
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
    threads: int = 0,
) -> Iterator[Table]:
    """Decode and measure an open container; tables come in order of time for each stream.

    ``threads`` is how many each decoder may use, 0 for as many as there are cores.
    """
    tell = _Teller(measured, on_progress)
    decoded = decode(container, media_streams(container), threads=threads)
    for item in measured.decoding.of(decoded):
        yield from measured.push(item)
        if stop is not None and stop.is_set():
            measured.complete = False
            break
        tell.now_and_then()
    yield from measured.finish()
    tell.now()


def measure_split(
    container: InputContainer,
    measured: Measured,
    chunks: Mapping[str, Sequence[Chunk]],
    crew: Crew,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> Iterator[Table]:
    """As ``measure``, with the pictures of the streams in ``chunks`` measured by ``crew``.

    All else (sound has state) is decoded here, up to the time that the pictures have come to.
    """
    tell = _Teller(measured, on_progress)
    lanes = {name: join(chunks[name], crew.measure, crew.window) for name in chunks}
    others = {name: s for name, s in media_streams(container).items() if name not in chunks}
    rest = decode(container, others, threads=1)
    with contextlib.suppress(Stopped), contextlib.ExitStack() as stack:
        for lane in lanes.values():
            stack.callback(lane.close)
        while lanes and not (stop is not None and stop.is_set()):
            name = min(lanes, key=lambda lane: measured.pictures[lane].end_s)
            part = next(lanes[name], None)
            if part is None:
                del lanes[name]
                continue
            yield from measured.take(name, part)
            yield from _up_to(min(measured.pictures[lane].end_s for lane in lanes), rest, measured)
            tell.now_and_then()
    if lanes:
        measured.complete = False
    else:
        yield from _up_to(math.inf, rest, measured)
    yield from measured.finish()
    tell.now()


def measure_apart(
    url: str, threads: int, areas: Areas = NO_AREAS, stop: threading.Event | None = None
) -> Iterator[Table | Progress | Programme]:
    """All tables of an input, how far it is, and at the end what can be said of it.

    Raises:
        InputError: it cannot be opened any more.
    """
    news: list[Progress] = []
    with open_container(url) as container:
        measured = Measured(probe(container), areas)
        for table in measure(container, measured, news.append, stop, threads):
            yield table
            if news:
                yield news[-1]
                news.clear()
        yield measured.programme()


def follow(
    apart: Apart, measured: Measured, on_progress: Callable[[Progress], None] | None = None
) -> Iterator[Table]:
    """The tables of an input that ``measure_apart`` measures elsewhere."""
    with contextlib.closing(apart):
        for item in apart:
            if isinstance(item, Table):
                yield item
            elif isinstance(item, Programme):
                measured.told = item
            elif on_progress:
                on_progress(item)


def _up_to(time_s: float, items: Iterator[Decoded], measured: Measured) -> Iterator[Table]:
    """Measure what is decoded up to a time."""
    while measured.heard_s < time_s and (item := next(items, None)) is not None:
        yield from measured.push(item)


@dataclass(slots=True)
class _Teller:
    """Tells of progress some times a second."""

    measured: Measured
    on_progress: Callable[[Progress], None] | None
    told: float = 0.0

    def now_and_then(self) -> None:
        if time.monotonic() - self.told >= PROGRESS_EVERY_S:
            self.now()

    def now(self) -> None:
        self.told = time.monotonic()
        if self.on_progress:
            measured = self.measured
            self.on_progress(Progress(measured.done_s, measured.media.duration_s, measured.frames))
