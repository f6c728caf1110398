"""Buffers that are played twice or more: where the sound is what it was some milliseconds before.

Sound of one pitch is like itself all the time, and grows so and ceases to be so by and by. A buffer that
is repeated is like what was before it for its own length, or a few times that, and from one sample to the
next; before and behind it has nothing in common with what was so much earlier.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["REPEAT_FIGURES", "RepeatFinder"]

REPEAT_FIGURES = ("start_s", "end_s", "lag_s", "score")
"""Where what is repeated begins and ends, the length of the buffer, and how it stands out: what is left of
the sound when what was before is taken away, beside the repetition against within it."""

PROBE_S = 0.0025
"""A pattern of this length is looked for in what went before; one lies wholly in the shortest buffer."""
SHORTEST_S, LONGEST_S = 0.005, 0.045
LONGEST_RUN_S = 0.2
BACK_S = 0.05
SLOW_HZ = 12_000
"""Patterns are looked for at this rate, or up to twice that: most of the energy is far below."""
EVEN_HZ = 6_000
"""What is compared then has its lows damped and nothing above this: a coder keeps the middle best."""
LEAST_HZ = 8_000
LEVEL = 1e-5
"""Softer than this (-50 dB) is not asked."""
ALIKE = 0.08
"""Share of the energy that may be left when a pattern is taken from its like."""
UNLIKE = 0.25
STEP_S, SIDE_S, GUARD_S = 0.0005, 0.0015, 0.00025
EDGE_S = 0.002
FLOOR, QUIET = 1e-3, 0.1
SOUNDING = 0.5
"""Beside an edge there is at least this share of the sound within, or it counts as less unlike: pulses of a
voice begin out of nothing."""
WORTH = 30.0
"""Scores below this are not kept; what is a defect is the check's matter."""
ALONE, APART_S = 0.03, 0.0005
"""At no other lag is less than this left of a pattern: a note is like itself at each of its periods."""
WEIGHT = 0.7
"""Of each channel against the one before, in the sum that is looked at: opposite legs do not cancel."""

Floats = NDArray[np.float32]


@dataclass(slots=True)
class RepeatFinder:
    """Finds repetitions in the sound of one run, fed in order, in parts of any size, with the same result."""

    rate_hz: int
    start_s: float
    line: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    first: int = 0
    """The sample of the run with which ``line`` begins."""
    probe: int = 0
    """The next pattern, in samples of the run."""

    def push(self, samples: Floats) -> NDArray[np.float64]:
        """Take samples (channels, n); give the repetitions that are known now, (n, 4)."""
        if self.rate_hz < LEAST_HZ:
            return np.zeros((0, len(REPEAT_FIGURES)))
        weights = np.float32(WEIGHT) ** np.arange(len(samples), dtype=np.float32)
        self.line = np.concatenate([self.line, weights @ samples])
        return self._look(self._samples(LONGEST_RUN_S + LONGEST_S))

    def finish(self) -> NDArray[np.float64]:
        """The repetitions up to the end."""
        return self._look(0) if self.rate_hz >= LEAST_HZ else np.zeros((0, len(REPEAT_FIGURES)))

    def _samples(self, length_s: float) -> int:
        return round(length_s * self.rate_hz)

    def _look(self, ahead: int) -> NDArray[np.float64]:
        slow, even = max(1, self.rate_hz // SLOW_HZ), max(1, round(self.rate_hz / EVEN_HZ))
        hop = max(1, round(PROBE_S * self.rate_hz / slow)) * slow
        stop = self.first + len(self.line) - ahead
        sizes = np.array(
            [slow, even, hop, *map(self._samples, (SHORTEST_S, LONGEST_S, LONGEST_RUN_S, BACK_S))], np.int64
        )
        lengths_s = (STEP_S, SIDE_S, GUARD_S, EDGE_S, APART_S)
        steps = np.array([max(1, self._samples(length_s)) for length_s in lengths_s])
        found = np.zeros((max(0, (stop - self.probe) // hop + 1), len(REPEAT_FIGURES)))
        count, self.probe = _find(self.line, self.first, self.probe, stop, sizes, steps, found)
        found = found[:count]
        found[:, :3] /= self.rate_hz
        found[:, :2] += self.start_s
        # What a pattern is compared with, and what its run may begin with.
        behind = self._samples(2 * LONGEST_S + BACK_S + 4 * SIDE_S)
        kept = max(self.first, (self.probe - behind) // slow * slow)
        self.line, self.first = self.line[kept - self.first :], kept
        return found


_fast = njit(nogil=True, cache=True, error_model="numpy", fastmath=True)


@_fast
def _find(line, first, probe, stop, sizes, steps, found):  # type: ignore[no-untyped-def]
    """Fill ``found`` (n, 4), in samples of the run; returns how many there are, and the next pattern.

    ``line`` begins with sample ``first`` of the run, a multiple of the slow step; patterns begin at
    multiples of ``hop``, up to ``stop``.
    """
    slow, even, hop, shortest, longest, run, back = sizes
    side, guard = steps[1], steps[2]
    low, high, size = shortest // slow, longest // slow + 1, hop // slow
    thin = _thinned(line, slow)
    energy = _energies(thin, size)
    plain = _evened(line, even)
    room = np.empty(high - low + 1, np.float32)
    count, skip = 0, 0
    while probe + hop <= min(stop, first + len(line) - slow):
        at, here = (probe - first) // slow, probe - first
        probe += hop
        if here < skip or at - high < 0 or energy[at] < LEVEL * size:
            continue
        lag = _nearest(thin, energy, at, size, low, high, room)
        if lag == 0:
            continue
        lag, left = _exactly(plain, here, hop, lag * slow, slow, even)
        if lag < shortest - slow or left > UNLIKE:
            continue
        start, end = _run(plain, here, hop, lag, steps[0], back, run)
        skip = end
        times = round((end - start) / lag)
        if times < 1 or abs(end - start - times * lag) > side + lag // 10:
            continue
        start, score = _stands_out(plain, start, times * lag, lag, side, guard, steps[3])
        middle = start + (times * lag - hop) // 2
        if score >= WORTH and _is_alone(
            plain, middle, hop, lag, times, low * slow, high * slow, slow, steps[4]
        ):
            skip = max(skip, start + times * lag)
            found[count, 0], found[count, 1] = first + start, first + start + times * lag
            found[count, 2], found[count, 3] = lag, score
            count += 1
    # The pattern that comes next remembers what was passed over.
    while probe < first + skip:
        probe += hop
    return count, probe


@_fast
def _thinned(line, slow):  # type: ignore[no-untyped-def]
    """Means of ``slow`` samples each."""
    out = np.zeros(len(line) // slow, np.float32)
    for x in range(slow):
        for n in range(len(out)):
            out[n] += line[n * slow + x] * np.float32(1.0 / slow)
    return out


@_fast
def _energies(thin, size):  # type: ignore[no-untyped-def]
    """Energy of the ``size`` values from each on; 0 for the last ones."""
    squares, out = thin * thin, np.zeros(len(thin), np.float32)
    for x in range(size):
        part = squares[x:]
        for n in range(len(thin) - size + 1):
            out[n] += part[n]
    return out


@_fast
def _evened(line, even):  # type: ignore[no-untyped-def]
    """Sums of ``even`` samples around each, less nine tenths of the sum before; 0 at both ends."""
    count, half = len(line) - even, even // 2
    sums, out = np.zeros(max(count, 0), np.float32), np.zeros(len(line), np.float32)
    for x in range(even):
        part = line[x:]
        for n in range(count):
            sums[n] += part[n]
    for n in range(half + even, half + count):
        out[n] = sums[n - half] - np.float32(0.9) * sums[n - half - even]
    return out


@_fast
def _nearest(thin, energy, at, size, low, high, room):  # type: ignore[no-untyped-def]
    """The lag, ``low`` to ``high``, at which the pattern at ``at`` is most like what was; 0 for none."""
    count, base = high - low + 1, at - high
    for n in range(count):
        room[n] = 0.0
    whole = size // 4 * 4
    for k in range(0, whole, 4):
        a, b, c, d = thin[at + k], thin[at + k + 1], thin[at + k + 2], thin[at + k + 3]
        part = thin[base + k : base + k + count + 3]
        for n in range(count):
            room[n] += a * part[n] + b * part[n + 1] + c * part[n + 2] + d * part[n + 3]
    for k in range(whole, size):
        for n in range(count):
            room[n] += thin[at + k] * thin[base + k + n]
    past, own, share = energy[base : base + count], energy[at], np.float32(1.0 - ALIKE)
    most = np.float32(-1.0)
    for n in range(count):
        most = max(most, np.float32(2.0) * room[n] - share * (own + past[n]))
    if most < 0:
        return 0
    best, lag = np.float32(0.0), 0
    for n in range(count):
        likeness = room[n] / (own + past[n])
        if likeness > best:
            best, lag = likeness, high - n
    return lag


@_fast
def _left(line, start, stop, lag):  # type: ignore[no-untyped-def]
    """What is left of the energy when what was ``lag`` before is taken away, and the energy of both."""
    rest = energy = 0.0
    for n in range(start, stop):
        change = line[n] - line[n - lag]
        rest += change * change
        energy += line[n] * line[n] + line[n - lag] * line[n - lag]
    return rest, energy


@_fast
def _exactly(line, start, size, lag, slow, even):  # type: ignore[no-untyped-def]
    """The lag to the sample, and the share that is left there."""
    best, exact = 4.0, lag
    for n in range(lag - 2 * slow, lag + 2 * slow + 1):
        if start - n < even:
            break
        rest, energy = _left(line, start, start + size, n)
        if rest < best * energy:
            best, exact = rest / energy, n
    return exact, best


@_fast
def _is_alone(line, start, size, lag, times, low, high, slow, apart):  # type: ignore[no-untyped-def]
    """Whether the pattern is like nothing at any other lag, but for the ``times`` that it was played."""
    for other in range(low, min(high, start) + 1, slow):
        whole = min(max(round(other / lag), 1), times)
        if abs(other - whole * lag) > apart:
            rest, energy = _left(line, start, start + size, other)
            if rest < ALONE * energy:
                return False
    return True


@_fast
def _run(line, start, size, lag, step, back, longest):  # type: ignore[no-untyped-def]
    """How far before and behind a pattern it stays alike."""
    _, usual = _left(line, start, start + size, lag)
    least = QUIET * usual * step / size
    first = start
    while start - first < back and first - step - lag >= 0:
        rest, energy = _left(line, first - step, first, lag)
        if rest > UNLIKE * max(energy, least):
            break
        first -= step
    stop = start + size
    while stop - first < longest and stop + step <= len(line):
        rest, energy = _left(line, stop, stop + step, lag)
        if rest > UNLIKE * max(energy, least):
            break
        stop += step
    return first, stop


@_fast
def _stands_out(line, start, length, lag, side, guard, edge):  # type: ignore[no-untyped-def]
    """Where in ``edge`` around ``start`` a run of this length stands out most, and by how much.

    A coder smears both edges: ``guard`` samples next to them are left out. 0 where the line is too short.
    """
    low, high = start - edge - guard - side, start + length + edge + guard + side
    if low - lag < 0 or high > len(line) or length <= 2 * guard:
        return start, 0.0
    rest, energy = np.zeros(high - low + 1), np.zeros(high - low + 1)
    for n in range(low, high):
        change = line[n] - line[n - lag]
        rest[n - low + 1] = rest[n - low] + change * change
        energy[n - low + 1] = energy[n - low] + line[n] * line[n] + line[n - lag] * line[n - lag]
    best, found = 0.0, start
    for at in range(start - edge, start + edge + 1, max(1, guard // 2)):
        a, b = at - low, at - low + length
        inside = energy[b - guard] - energy[a + guard]
        quiet = SOUNDING * inside * side / (length - 2 * guard)
        if inside <= 0:
            continue
        left = (rest[b - guard] - rest[a + guard]) / inside
        before = rest[a - guard] - rest[a - guard - side]
        before /= max(energy[a - guard] - energy[a - guard - side], quiet)
        after = rest[b + guard + side] - rest[b + guard]
        after /= max(energy[b + guard + side] - energy[b + guard], quiet)
        score = min(before, after) / max(left, FLOOR)
        if score > best:
            best, found = score, at
    return found, best
