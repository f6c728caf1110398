"""True peak by oversampling (ITU-R BS.1770-4, annex 2), only where it can matter.

The interpolator is a windowed sinc of 32 taps a phase, longer than the 12 of the Recommendation's
example, and so nearer to the truth at high frequencies. What it makes of a window cannot exceed the
window's sample peak times the sum of the taps' magnitudes: windows that can neither reach the lowest
level of interest nor raise the programme's maximum are passed over, and so are the parts of a window
that cannot rise above its highest sample.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["TAPS", "interpolator", "oversampling", "peak_between", "peak_of"]

TAPS = 32
STEP = TAPS // 2
MIN_OVERSAMPLED_HZ = 176_400


def oversampling(rate_hz: int) -> int:
    """How many times to oversample: 4 at 44.1 and 48 kHz (annex 2), less where the rate is higher."""
    return int(np.clip(np.ceil(MIN_OVERSAMPLED_HZ / rate_hz), 1, 4))


def interpolator(factor: int) -> NDArray[np.float32]:
    """Polyphase filter (factor, TAPS); phase 0 is the sample itself."""
    time = np.arange(TAPS)[None, :] - (TAPS // 2 - 1) - np.arange(factor)[:, None] / factor
    window = np.kaiser(2 * TAPS + 1, 8.0)
    positions = (time + TAPS / 2) / TAPS * (len(window) - 1)
    taps = np.sinc(time) * np.interp(positions, np.arange(len(window)), window)
    return np.asarray(taps / taps.sum(axis=1, keepdims=True), np.float32)


_fast = njit(nogil=True, cache=True, error_model="numpy", fastmath=True)


@_fast
def peak_of(line, start, stop):  # type: ignore[no-untyped-def]
    """Largest magnitude of ``line`` (n,) over [start, stop)."""
    peak = np.float32(0.0)
    for x in range(start, stop):
        peak = max(peak, abs(line[x]))
    return peak


@_fast
def peak_between(line, start, stop, taps, floor, room):  # type: ignore[no-untyped-def]
    """Largest magnitude of ``line`` (n,) float32, interpolated, over [start, stop), if it is above ``floor``.

    What cannot rise above it, by the samples around, is passed over. Reads ``TAPS`` samples around each
    position; the caller gives at least that margin. ``room`` (stop - start,) float32 is written over.
    """
    reach = np.float32(0.0)
    for phase in range(taps.shape[0]):
        reach = max(reach, np.abs(taps[phase]).sum())
    peak = np.float32(0.0)
    first = start
    before, here = peak_of(line, start - STEP, start), peak_of(line, start, start + STEP)
    for at in range(start, stop, STEP):
        after = peak_of(line, at + STEP, at + 2 * STEP)
        # A run of steps that matter is interpolated as one: long loops are quick.
        if max(before, here, after) * reach <= max(floor, peak):
            if first < at:
                peak = max(peak, _interpolated(line, first, at, taps, room))
            first = at + STEP
        before, here = here, after
    if first < stop:
        peak = max(peak, _interpolated(line, first, stop, taps, room))
    return peak


@_fast
def _interpolated(line, start, stop, taps, room):  # type: ignore[no-untyped-def]
    """Largest magnitude between the samples of [start, stop)."""
    count, lead = stop - start, TAPS // 2 - 1
    peak = np.float32(0.0)
    for phase in range(1, taps.shape[0]):
        for x in range(count):
            room[x] = 0.0
        # Eight taps at a time over all positions: wide vectors, and few passes over the sums.
        for k in range(0, TAPS, 8):
            a, b, c, d = taps[phase, k], taps[phase, k + 1], taps[phase, k + 2], taps[phase, k + 3]
            e, f, g, h = taps[phase, k + 4], taps[phase, k + 5], taps[phase, k + 6], taps[phase, k + 7]
            part = line[start - lead + k : stop - lead + k + 7]
            for x in range(count):
                room[x] += (
                    a * part[x]
                    + b * part[x + 1]
                    + c * part[x + 2]
                    + d * part[x + 3]
                    + e * part[x + 4]
                    + f * part[x + 5]
                    + g * part[x + 6]
                    + h * part[x + 7]
                )
        peak = max(peak, peak_of(room, 0, count))
    return peak
