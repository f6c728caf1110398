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
PIECES, STEADY = 8, 0.77
"""Hum under music keeps 0.87 and more of its steadiness in some window, notes of music reach 0.69."""
LOWEST = 2
LEAST_HZ = 700.0
STRENGTH_S, HALF = 0.1, 0.5
Floats = NDArray[np.floating]


_Found = tuple[float, float, int, float, float]
"""Level, mains frequency, lines, how far the strongest stands; frequency of the lowest, which voices
reach least."""


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
        around = range(n, n + 2 * BESIDE + 1)
        most = max(around, key=lambda place: found[place])
        level, hz, lines, over, lowest_hz = found[most]
        if not lines:
            continue
        rows = slice(block * BLOCK_ROWS, min((block + 1) * BLOCK_ROWS, stretch.count))
        start = _start_of(stretch, blocks[most]) * per_row
        seen = slice(start, start + WINDOW_BLOCKS * BLOCK_ROWS * per_row)
        there = _strength(slow, lowest_hz, per_row, rate_hz, rows, seen) >= HALF
        out["hum"][rows, channel] = np.where(there, level, 0.0)
        out["hum_hz"][rows, channel] = hz
        out["hum_lines"][rows, channel] = lines
        out["hum_over_db"][rows, channel] = 10 * np.log10(over)


def _start_of(stretch: Stretch, block: int) -> int:
    """The row where the window around a block begins."""
    length = WINDOW_BLOCKS * BLOCK_ROWS
    return min(max(0, block * BLOCK_ROWS - (length - BLOCK_ROWS) // 2), stretch.count - length)


def _look(stretch: Stretch, slow: Floats, per_row: int, rate_hz: float, blocks: list[int]) -> list[_Found]:
    size = WINDOW_BLOCKS * BLOCK_ROWS * per_row
    starts = [_start_of(stretch, block) * per_row for block in blocks]
    parts = np.stack([slow[at : at + size] for at in starts])
    power = np.abs(np.fft.rfft(parts * window(size), axis=-1)) ** 2
    # To the mean square of a sine from the height of its peak.
    power *= np.float32(2.0 / float(window(size).sum()) ** 2)
    return [
        max((_lines(row, part, base, rate_hz) for base in MAINS_HZ), key=_most)
        for row, part in zip(power, parts, strict=True)
    ]


def _most(found: _Found) -> tuple[int, float]:
    return found[2], found[0]


_fast = njit(nogil=True, cache=True, error_model="numpy")


@_fast
def _steadiness(part, hz, rate_hz):  # type: ignore[no-untyped-def]
    """How much alike the wave of ``hz`` is in eight pieces: 1 where height and phase stay, 0.1 by chance."""
    size = len(part) // PIECES
    turn = np.exp(-2j * np.pi * hz / rate_hz)
    carrier = 1.0 + 0.0j
    whole, energy = 0.0j, 0.0
    for piece in range(PIECES):
        total = 0.0j
        for n in range(piece * size, (piece + 1) * size):
            total += part[n] * carrier
            carrier *= turn
        whole += total
        energy += total.real**2 + total.imag**2
    return (whole.real**2 + whole.imag**2) / max(PIECES * energy, 1e-30)


@_fast
def _lines(power, part, base_hz, rate_hz):  # type: ignore[no-untyped-def]
    """The lines of one mains frequency in one spectrum; those kept agree on what it is.

    None, where no harmonic of the first two is among them (a tone folded down has only higher ones), or
    where not one is steady: notes come and go.
    """
    step_hz = rate_hz / len(part)
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
        return 0.0, 0.0, 0, 1.0, 0.0
    total, lines, lowest, steadiest = 0.0, 0, 0, 0.0
    for harmonic in range(1, HARMONICS + 1):
        if energy[harmonic] > 0 and abs(hz[harmonic] / harmonic - hz[best] / best) <= AGREE_HZ:
            total += energy[harmonic]
            lines += 1
            lowest = lowest or harmonic
            steadiest = max(steadiest, _steadiness(part, hz[harmonic], rate_hz))
    if lowest > LOWEST or steadiest < STEADY:
        return 0.0, 0.0, 0, 1.0, 0.0
    return np.sqrt(total), hz[best] / best, lines, over[best], hz[lowest]


def _strength(
    slow: Floats, hz: float, per_row: int, rate_hz: float, rows: slice, seen: slice
) -> NDArray[np.float64]:
    """The wave of ``hz`` over 0.1 s around each row, against its mean over ``seen`` and in its phase."""
    half = round(STRENGTH_S / 2 * rate_hz)
    first, stop = max(0, rows.start * per_row - half), min(len(slow), rows.stop * per_row + half)
    low, high = min(first, seen.start), max(stop, seen.stop)
    turned = slow[low:high] * np.exp(-2j * np.pi * hz * np.arange(low, high) / rate_hz)
    mean = turned[seen.start - low : seen.stop - low].mean()
    sums = np.concatenate([[0], np.cumsum((turned / (mean or 1.0)).real)])
    middle = np.arange(rows.start, rows.stop) * per_row + per_row // 2
    begin, end = np.maximum(middle - half, first), np.minimum(middle + half, stop)
    return np.asarray((sums[end - low] - sums[begin - low]) / np.maximum(end - begin, 1))
