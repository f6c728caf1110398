"""Breaks within a programme: holes with hard edges, samples that do not belong, buffers played again."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.series.stretch import Stretch

__all__ = ["BREAK_COLUMNS", "REPEAT_COLUMNS", "break_columns", "repeat_columns"]

BREAK_COLUMNS = {"hole": "ms", "hole_starts": "holes", "click": "score"}
REPEAT_COLUMNS = {"repeat": "score", "repeat_ms": "ms"}

AROUND_S = 0.005
"""How much before and behind is asked how loud the programme is."""
EDGE_S = 0.0005
"""How much of it, next to the hole, must be loud too: a fade is not."""
EDGE_SHARE = 0.08
DEPTH, LEAST_DEPTH = 2e-3, 1e-2
"""A hole is 27 dB below what is on both sides, and 20 dB everywhere: a coder's noise spills into it."""
AN_EDGE = 1e-2
"""Where sound sets in or is cut off there is no click: it differs so much from before to behind."""
ALONE, CODED, CODED_BY, RINGING = 0.5, 0.3, 2.0, 15.0
TENTH = 0.1
LEAST_BEND = 1e-7
"""Below this level (-70 dB) second differences are noise of the format."""
BUSY_SHARE = 0.75
LOUD = 10 ** (-30 / 10)
"""Softer sound, coded in eight bits, has silent moments of its own."""
SHORTEST_S, LONGEST_S = 0.001, 0.25
SHORT_S, NOTHING = 0.004, 1e-8
"""A hole so short is one only where nothing is left (-80 dB): snips and knocks leave quieter moments."""
LEAST_HZ = 2500.0
TOUCH_S = 0.0005
"""A row that has less of a repetition than its edges are sure is not in it."""
REACH = 30
"""Rows around: the longest hole, and what is around it."""
APART = 2
"""A step falls into two cells at most, so its neighbours begin behind them."""


def break_columns(stretch: Stretch) -> dict[str, NDArray[np.float32]]:
    """``hole``: how much of each row is a hole; ``hole_starts``: how many begin in it.

    ``click``: the largest second difference against its RMS in the 5 ms before and behind, whichever is
    more, times the root of its height over a tenth of full scale. Where it does not stand alone among
    its neighbours, half of that, for a coder has narrowed its band; or a fifteenth, for a knock rings.
    0 in and next to a row that is clipped: its corners and its start are another check's matter.
    """
    stretch = stretch.within(REACH)
    shape = (stretch.count, stretch.channels)
    found = {name: np.zeros(shape, np.float32) for name in BREAK_COLUMNS}
    if stretch.cell_hz >= LEAST_HZ:
        size = max(1, round(AROUND_S * stretch.cell_hz))
        edge = max(1, round(EDGE_S * stretch.cell_hz))
        lengths = [round(length_s * stretch.cell_hz) for length_s in (SHORTEST_S, SHORT_S, LONGEST_S)]
        least, short, most = lengths
        lines = [stretch.line(figure) for figure in (1, 2, 3)]
        ms = 1000 / stretch.cell_hz
        for channel in range(stretch.channels):
            energy, bend, peak = (line[channel, : stretch.whole_cells - 1] for line in lines)
            hole, starts = found["hole"][:, channel], found["hole_starts"][:, channel]
            _find_holes(energy, bend, size, edge, least, short, most, stretch.cells, ms, hole, starts)
            many = stretch.samples / stretch.cells
            _find_clicks(energy, bend, peak, size, stretch.cells, many, found["click"][:, channel])
            found["click"][_beside_clipped(stretch.rows.columns["clip_run"][:, channel]), channel] = 0.0
    return {name: values[stretch.first : stretch.stop] for name, values in found.items()}


def repeat_columns(stretch: Stretch) -> dict[str, NDArray[np.float32]]:
    """``repeat``: how a buffer that is played again stands out, in the rows in which it is, on all channels.

    ``repeat_ms`` is the length of the buffer. 0 where there is none.
    """
    rows = stretch.rows.cut(stretch.first, stretch.stop)
    found = {name: np.zeros((len(rows.start_s), stretch.channels), np.float32) for name in REPEAT_COLUMNS}
    for start_s, end_s, lag_s, score in rows.repeats:
        inside = (rows.end_s - start_s > TOUCH_S) & (end_s - rows.start_s > TOUCH_S)
        better = inside & (found["repeat"][:, 0] < score)
        found["repeat"][better], found["repeat_ms"][better] = score, 1000 * lag_s
    return found


def _beside_clipped(run: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Rows (n,) that are clipped, and those next to them."""
    clipped = np.concatenate([[False], run >= 2, [False]])
    return np.asarray(clipped[:-2] | clipped[1:-1] | clipped[2:])


_fast = njit(nogil=True, cache=True, error_model="numpy")


@_fast
def _level(energy, first, stop):  # type: ignore[no-untyped-def]
    total = 0.0
    for n in range(first, stop):
        total += energy[n]
    return total / (stop - first)


@_fast
def _busy(energy, first, stop, level):  # type: ignore[no-untyped-def]
    """Whether there is sound nearly all the time, and not a pulse alone."""
    count = 0
    for n in range(first, stop):
        count += int(energy[n] > 0.01 * level)
    return count >= BUSY_SHARE * (stop - first)


@_fast
def _hard(energy, bend, near, near_stop, first, stop):  # type: ignore[no-untyped-def]
    """Whether it is loud up to the edge, or bright: a bass may just cross zero, a fade takes both."""
    loud = _level(energy, near, near_stop) >= EDGE_SHARE * _level(energy, first, stop)
    return loud or _level(bend, near, near_stop) >= EDGE_SHARE * _level(bend, first, stop)


@_fast
def _find_holes(energy, bend, size, edge, least, short, most, cells, ms, hole, starts):  # type: ignore[no-untyped-def]
    """Fill ``hole`` and ``starts`` (rows,) from the energy and the bend of cells, (rows * cells,).

    The cell in which sound stops and the one in which it begins again belong to neither side.
    """
    count = energy.shape[0]
    n = size + 1
    while n < count - size - 1:
        # Cheap to ask first: is it quiet after sound at all?
        if energy[n] > LEAST_DEPTH * max(energy[n - 2], energy[n - 3], energy[n - 4]) * 4:
            n += 1
            continue
        before = _level(energy, n - 1 - size, n - 1)
        if before < LOUD or energy[n] > LEAST_DEPTH * before:
            n += 1
            continue
        stop, most_inside = n, 0.0
        while stop < count and energy[stop] <= LEAST_DEPTH * before and stop - n <= most:
            most_inside = max(most_inside, energy[stop])
            stop += 1
        fits = least <= stop - n <= most and stop + 1 + size <= count
        if not fits or (stop - n < short and most_inside > NOTHING):
            n = stop
            continue
        after = _level(energy, stop + 1, stop + 1 + size)
        hard = _hard(energy, bend, n - 1 - edge, n - 1, n - 1 - size, n - 1)
        hard = hard and _hard(energy, bend, stop + 1, stop + 1 + edge, stop + 1, stop + 1 + size)
        busy = _busy(energy, n - 1 - size, n - 1, before) and _busy(energy, stop + 1, stop + 1 + size, after)
        deep = most_inside <= LEAST_DEPTH * after
        deep = deep and _level(energy, n, stop) <= DEPTH * min(before, after)
        if hard and busy and deep and after >= LOUD:
            starts[n // cells] += 1
            for m in range(n, stop):
                hole[m // cells] += ms
        n = stop


@_fast
def _find_clicks(energy, bend, peak, size, cells, samples, click):  # type: ignore[no-untyped-def]
    """Fill ``click`` (rows,) from the second differences of cells, (rows * cells,).

    A step has two values of half its energy each, a kink one, a single sample three with two thirds in
    one, of which a coder leaves a third; what rings has many.
    """
    count = peak.shape[0]
    for n in range(size + APART, count - size - APART):
        top = peak[n]
        if top * top < 16 * bend[n - APART] or top * top < 16 * bend[n + APART]:
            continue
        highest = max(peak[n - 2], peak[n - 1], peak[n + 1], peak[n + 2])
        if top < highest or (top == highest and peak[n - 1] == top):
            continue
        before = _level(bend, n - APART - size, n - APART)
        after = _level(bend, n + APART + 1, n + APART + 1 + size)
        sound, follows = (
            _level(energy, n - APART - size, n - APART),
            _level(energy, n + APART + 1, n + APART + 1 + size),
        )
        if min(sound, follows) < AN_EDGE * max(sound, follows):
            continue
        usual = max(before, after, LEAST_BEND)
        around = (_level(bend, n - APART, n + APART + 1) - usual) * (2 * APART + 1) * samples
        score = np.sqrt(top * top / usual) * np.sqrt(top / TENTH)
        if top * top < ALONE * around:
            score /= CODED_BY if top * top >= CODED * around else RINGING
        click[n // cells] = max(click[n // cells], score)
