"""Sound to rows of 10 ms: level, peak, true peak, clipping, mean and difference of each channel."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.decode.values import Sound
from pipeline.measure.cells import empty_cells, measure_cells
from pipeline.measure.repeats import RepeatFinder
from pipeline.measure.truepeak import TAPS, interpolator, oversampling, peak_between, peak_of

__all__ = ["SOUND_COLUMNS", "WINDOW_S", "SoundMeter", "SoundRows"]

WINDOW_S = 0.01
BATCH_S = 2.0
"""Sound is measured in batches of this length; calls cost more than samples do."""
RESYNC_S = 0.005
"""A frame that starts further than this from the end of the last one starts a new window."""
TRUE_PEAK_FLOOR = 0.7
"""Windows whose true peak stays below this (-3 dBTP) are of interest only to the programme maximum."""

SOUND_COLUMNS: dict[str, str] = {
    "rms": "full scale",
    "mean": "full scale",
    "apart": "full scale",
    "peak": "full scale",
    "true_peak": "full scale",
    "clip_run": "samples",
}
"""Column -> unit; each is (rows, channels). ``clip_run`` is the longest run at full scale that ends in,
or goes through, the window; ``apart`` the RMS of the difference to the next channel, 0 for the last."""


@dataclass(frozen=True, slots=True)
class SoundRows:
    """Rows of one stream: times (rows,), and each column (rows, channels) float32.

    ``cells`` (4, channels, rows, n) are the figures of ``measure.cells``, ``repeats`` (n, 4) those of
    ``measure.repeats``, known some tenths of a second after their rows. ``run`` counts the times that
    the windows began anew: rows of one run follow each other without a hole, at one rate.
    """

    start_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    columns: dict[str, NDArray[np.float32]]
    cells: NDArray[np.float32]
    repeats: NDArray[np.float64]
    run: int
    rate_hz: int
    layout: str

    def cut(self, first: int, stop: int) -> SoundRows:
        """The rows from ``first`` up to ``stop``."""
        return SoundRows(
            self.start_s[first:stop],
            self.end_s[first:stop],
            {name: values[first:stop] for name, values in self.columns.items()},
            self.cells[:, :, first:stop],
            self.repeats,
            self.run,
            self.rate_hz,
            self.layout,
        )


@dataclass(slots=True)
class SoundMeter:
    """Cuts the sound of one stream into windows and measures each, in order.

    Half an interpolator of look-ahead is needed for the true peak, so the last window of a frame waits
    for the next frame, or for ``finish``.
    """

    rate_hz: int = 0
    channels: int = 0
    layout: str = ""
    start_s: float = 0.0
    run: int = 0
    pending: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    waiting: list[NDArray[np.float32]] = field(default_factory=list)
    waiting_samples: int = 0
    past: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    runs: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    top_peak: float = 0.0
    full_scale: float = 1.0
    taps: NDArray[np.float32] = field(default_factory=lambda: interpolator(4))
    finder: RepeatFinder = field(default_factory=lambda: RepeatFinder(0, 0.0))

    def push(self, sound: Sound) -> list[SoundRows]:
        """Take samples; give the rows of the windows that are complete (none or one batch, or two)."""
        rows: list[SoundRows] = []
        shape = (sound.samples.shape[0], sound.rate_hz, sound.layout)
        held = self.pending.shape[1] + self.waiting_samples
        expected_s = self.start_s + held / self.rate_hz if self.rate_hz else sound.start_s
        if shape != (self.channels, self.rate_hz, self.layout) or abs(sound.start_s - expected_s) > RESYNC_S:
            rows += self.finish()
            self._restart(sound)
        self.full_scale = sound.full_scale
        self.waiting.append(sound.samples)
        self.waiting_samples += sound.samples.shape[1]
        if self.waiting_samples < self.rate_hz * BATCH_S:
            return rows
        self._gather()
        size = self.window
        ready = max(0, (self.pending.shape[1] - TAPS) // size)
        if ready:
            rows.append(self._measure(ready, size))
        return rows

    def finish(self) -> list[SoundRows]:
        """Measure what is left, its last window perhaps short."""
        self._gather()
        left = self.pending.shape[1]
        if not left:
            return []
        size = self.window
        whole = -(-left // size)
        rows = self._measure(whole, size)
        rows.end_s[-1] = rows.start_s[0] + left / self.rate_hz
        return [replace(rows, repeats=np.concatenate([rows.repeats, self.finder.finish()]))]

    def _gather(self) -> None:
        self.pending = np.concatenate([self.pending, *self.waiting], axis=1)
        self.waiting, self.waiting_samples = [], 0

    @property
    def window(self) -> int:
        """Samples of a window."""
        return max(1, round(self.rate_hz * WINDOW_S))

    def _restart(self, sound: Sound) -> None:
        self.channels, self.rate_hz, self.start_s = sound.samples.shape[0], sound.rate_hz, sound.start_s
        self.layout, self.run = sound.layout, self.run + 1
        self.pending = np.zeros((self.channels, 0), np.float32)
        self.past = np.zeros((self.channels, TAPS), np.float32)
        self.runs = np.zeros(self.channels, np.int64)
        self.taps = interpolator(oversampling(self.rate_hz))
        self.finder = RepeatFinder(self.rate_hz, self.start_s)

    def _measure(self, count: int, size: int) -> SoundRows:
        used = min(count * size, self.pending.shape[1])
        ahead = self.pending[:, used : used + TAPS]
        margin = np.zeros((self.channels, TAPS - ahead.shape[1]), np.float32)
        samples = np.concatenate([self.past, self.pending[:, :used], ahead, margin], axis=1)
        out = np.zeros((len(SOUND_COLUMNS), count, self.channels), np.float32)
        self.top_peak = _measure_windows(
            samples, size, used, self.full_scale, self.runs, self.taps, self.top_peak, out[3:]
        )
        cells = empty_cells(count, self.channels, size)
        measure_cells(samples, TAPS, size, used, cells, out[:3])
        repeats = self.finder.push(self.pending[:, :used])
        times = np.asarray(self.start_s + np.arange(count + 1) * (size / self.rate_hz), np.float64)
        self.past = samples[:, used : used + TAPS]
        self.pending = np.ascontiguousarray(self.pending[:, used:])
        self.start_s += used / self.rate_hz
        columns = dict(zip(SOUND_COLUMNS, out, strict=True))
        return SoundRows(
            times[:-1], times[1:].copy(), columns, cells, repeats, self.run, self.rate_hz, self.layout
        )


_fast = njit(nogil=True, cache=True, error_model="numpy", fastmath=True)


@_fast
def _longest_run(line, start, stop, full_scale, run):  # type: ignore[no-untyped-def]
    """The longest run at full scale, counting ``run`` samples before; and the run that is left open."""
    longest = 0
    for x in range(start, stop):
        run = run + 1 if abs(line[x]) >= full_scale else 0
        longest = max(longest, run)
    return longest, run


@_fast
def _measure_windows(samples, size, used, full_scale, runs, taps, top, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (3, windows, channels); ``samples`` (channels, n) has TAPS of margin at both ends.

    ``runs`` (channels,) carries the run at full scale from batch to batch. Returns the programme's
    true peak so far.
    """
    room = np.empty(size, np.float32)
    # Window by window, not channel by channel: what is passed over must not hang on how batches fall.
    for window in range(out.shape[1]):
        start = TAPS + window * size
        stop = min(start + size, TAPS + used)
        for channel in range(samples.shape[0]):
            line = samples[channel]
            true = peak = peak_of(line, start, stop)
            if taps.shape[0] > 1:
                floor = max(peak, min(top, TRUE_PEAK_FLOOR))
                true = max(true, peak_between(line, start, stop, taps, floor, room))
            top = max(top, true)
            longest = 0
            if peak >= full_scale:
                longest, runs[channel] = _longest_run(line, start, stop, full_scale, runs[channel])
            else:
                runs[channel] = 0
            out[0, window, channel] = peak
            out[1, window, channel] = true
            out[2, window, channel] = longest
    return top
