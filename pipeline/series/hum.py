"""Hum of the mains: 50 or 60 Hz and their harmonics, as lines that stand still for 2 s."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.series.stretch import BLOCK_ROWS, Stretch, window

__all__ = ["HUM_COLUMNS", "hum_columns"]

HUM_COLUMNS = {"hum": "full scale", "hum_hz": "Hz", "hum_lines": "lines", "hum_over_db": "dB"}

MAINS_HZ = (50.0, 60.0)
HARMONICS = 6
WINDOW_BLOCKS = 4
BESIDE = 2
"""Blocks beside one that say how strong hum is, of which the nearest say whether there is any: where it
begins, only those behind see all of it."""
WITHIN_HZ = 0.4
"""How far the mains may be off: half a semitone at 50 Hz is 1.5."""
AGREE_HZ = 0.15
STANDS = 10 ** (15 / 10)
"""A line stands this far over what is beside it."""
BESIDE_HZ = (2.5, 6.0)
LEAST_HZ = 700.0
ENVELOPE_S = 0.1
Floats = NDArray[np.floating]


_Found = tuple[float, float, int, float, float, float]
"""Level, mains frequency, lines, how far the strongest stands; frequency and amplitude of the lowest,
which voices reach least."""


def hum_columns(stretch: Stretch, line: Floats) -> dict[str, NDArray[np.float32]]:
    """The columns of hum, of the rows that are wanted; ``line`` is (channels, rows * cells).

    ``hum`` is the RMS of the lines that stand over what is beside them in 2 s around, where the
    lowest of them is there in the row itself; ``hum_lines`` how many there are, ``hum_over_db`` how
    far the strongest stands.
    """
    out = {name: np.zeros((stretch.count, stretch.channels), np.float32) for name in HUM_COLUMNS}
    if stretch.cell_hz >= LEAST_HZ and stretch.count >= WINDOW_BLOCKS * BLOCK_ROWS:
        slow, per_row = _slowed(line, stretch)
        rate_hz = per_row * stretch.cell_hz / stretch.cells
        for channel in range(stretch.channels):
            _mark(stretch, slow[channel], per_row, rate_hz, channel, out)
    return {name: values[stretch.first : stretch.stop] for name, values in out.items()}


def _slowed(line: Floats, stretch: Stretch) -> tuple[Floats, int]:
    """The line at 700 Hz or more, averaged by a triangle, and how many values a row has."""
    whole = [g for g in range(1, stretch.cells + 1) if stretch.cells % g == 0]
    group = max(g for g in whole if stretch.cell_hz / g >= LEAST_HZ)
    parts = line.reshape(len(line), -1, group)
    rising = (np.arange(group, dtype=np.float32) + 1) / group**2
    slow = parts @ (1 / np.float32(group) - rising)
    slow[:, 1:] += (parts @ rising)[:, :-1]
    return slow, stretch.cells // group


def _mark(
    stretch: Stretch,
    slow: Floats,
    per_row: int,
    rate_hz: float,
    channel: int,
    out: dict[str, NDArray[np.float32]],
) -> None:
    first, stop = stretch.first // BLOCK_ROWS, -(-stretch.stop // BLOCK_ROWS)
    last = -(-stretch.count // BLOCK_ROWS) - 1
    blocks = [min(max(block, 0), last) for block in range(first - BESIDE, stop + BESIDE)]
    found = _look(stretch, slow, per_row, rate_hz, blocks)
    for n, block in enumerate(range(first, stop)):
        level, hz, lines, over, lowest_hz, amplitude = max(found[n : n + 2 * BESIDE + 1])
        if not any(one[2] for one in found[n + 1 : n + 2 * BESIDE]):
            continue
        rows = slice(block * BLOCK_ROWS, min((block + 1) * BLOCK_ROWS, stretch.count))
        there = _envelope(slow, lowest_hz, per_row, rate_hz, rows) >= amplitude / 2
        out["hum"][rows, channel] = np.where(there, level, 0.0)
        out["hum_hz"][rows, channel] = hz
        out["hum_lines"][rows, channel] = lines
        out["hum_over_db"][rows, channel] = 10 * np.log10(over)


def _look(stretch: Stretch, slow: Floats, per_row: int, rate_hz: float, blocks: list[int]) -> list[_Found]:
    length = WINDOW_BLOCKS * BLOCK_ROWS
    before = (length - BLOCK_ROWS) // 2
    starts = [min(max(0, block * BLOCK_ROWS - before), stretch.count - length) for block in blocks]
    size = length * per_row
    parts = np.stack([slow[at * per_row : at * per_row + size] for at in starts])
    power = np.abs(np.fft.rfft(parts * window(size), axis=-1)) ** 2
    # To the mean square of a sine from the height of its peak.
    power *= np.float32(2.0 / float(window(size).sum()) ** 2)
    return [max((_lines(row, base, rate_hz / size) for base in MAINS_HZ), key=_most) for row in power]


def _most(found: _Found) -> tuple[int, float]:
    return found[2], found[0]


@njit(nogil=True, cache=True, error_model="numpy")
def _lines(power, base_hz, step_hz):  # type: ignore[no-untyped-def]
    """The lines of one mains frequency in one spectrum; those kept agree on what it is."""
    low, high = round(BESIDE_HZ[0] / step_hz), round(BESIDE_HZ[1] / step_hz)
    energy, hz, over = np.zeros(HARMONICS + 1), np.zeros(HARMONICS + 1), np.ones(HARMONICS + 1)
    for harmonic in range(1, HARMONICS + 1):
        middle = round(harmonic * base_hz / step_hz)
        reach = max(1, round(harmonic * WITHIN_HZ / step_hz))
        if middle + reach + high + 1 >= len(power):
            break
        peak = middle - reach + np.argmax(power[middle - reach : middle + reach + 1])
        left, top, right = power[peak - 1], power[peak], power[peak + 1]
        beside = np.concatenate((power[peak - high : peak - low], power[peak + low + 1 : peak + high + 1]))
        over[harmonic] = top / max(np.median(beside), 1e-14)
        if over[harmonic] < STANDS or top <= left or top < right:
            continue
        a, b, c = np.log(max(left, 1e-30)), np.log(max(top, 1e-30)), np.log(max(right, 1e-30))
        energy[harmonic] = top
        hz[harmonic] = (peak + 0.5 * (a - c) / min(a - 2 * b + c, -1e-9)) * step_hz
    best = int(np.argmax(energy))
    if energy[best] == 0.0 or abs(hz[best] / best - base_hz) > WITHIN_HZ:
        return 0.0, 0.0, 0, 1.0, 0.0, 0.0
    total, lines, lowest = 0.0, 0, 0
    for harmonic in range(1, HARMONICS + 1):
        if energy[harmonic] > 0 and abs(hz[harmonic] / harmonic - hz[best] / best) <= AGREE_HZ:
            total += energy[harmonic]
            lines += 1
            lowest = lowest or harmonic
    return np.sqrt(total), hz[best] / best, lines, over[best], hz[lowest], np.sqrt(2 * energy[lowest])


def _envelope(slow: Floats, hz: float, per_row: int, rate_hz: float, rows: slice) -> NDArray[np.float64]:
    """Amplitude at ``hz`` over 0.1 s around the middle of each row."""
    half = round(ENVELOPE_S / 2 * rate_hz)
    first, stop = max(0, rows.start * per_row - half), min(len(slow), rows.stop * per_row + half)
    turned = slow[first:stop] * np.exp(-2j * np.pi * hz * np.arange(first, stop) / rate_hz)
    sums = np.concatenate([[0], np.cumsum(turned)])
    middle = np.arange(rows.start, rows.stop) * per_row + per_row // 2
    low, high = np.maximum(middle - half, first) - first, np.minimum(middle + half, stop) - first
    return np.asarray(2 * np.abs(sums[high] - sums[low]) / np.maximum(high - low, 1))
