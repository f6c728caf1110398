"""Flashes: how often the light of a quarter of the picture goes up and down within a second.

Of each cell of the thumbnail the last extreme and the last direction are kept. A cell makes a transition
when it has come far enough back from its extreme; the picture makes one when more than a quarter of the
cells make theirs at about the same time, against the direction of the transition before. Two transitions
are a flash (ITU-R BT.1702, annex 1; WCAG 2.2, general flash).

The display that is assumed: BT.709 primaries, BT.1886 with a gamma of 2.4, black at 0 and white at
200 cd/m2.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["FLASH_COLUMNS", "FlashDerivation"]

FLASH_COLUMNS = {
    "flash_area": "share",
    "flash_count": "transitions",
    "flash_age_s": "s",
    "flash_long_s": "s",
    "flash_long_age_s": "s",
    "red_area": "share",
    "red_count": "transitions",
    "red_age_s": "s",
}

WHITE_CDM2 = 200.0
STEP_CDM2, DARKER_CDM2 = 20.0, 160.0
"""A transition changes by this much or more, and its darker end is below that."""
SATURATED, RED_SCALE, STEP_RED = 0.8, 320.0, 20.0
"""Saturated red has R / (R + G + B) of 0.8; (R - G - B) x 320 changes by 20 (WCAG 2.1), linear light."""
AREA = 0.25
TOGETHER_S = 0.07
"""Cells that make their transition within this time do so together: two pictures at 25 a second."""
WINDOW_S, LONG_S = 1.0, 5.0
OFTEN, MOST = 4, 6
"""Transitions within a second: two flashes are often; more than three are too many."""
EPSILON_S = 1e-6
LONGEST_STEP_S = 0.2
MOST_HISTORY = 4096

_LIGHT = (np.arange(1 << 14) / ((1 << 14) - 1)) ** 2.4
"""Signal 0..1 to light 0..1, in steps of at most 0.03 cd/m2."""

Floats = NDArray[np.float64]
_fast = njit(nogil=True, cache=True, error_model="numpy")


def _cells() -> Floats:
    """Lowest and highest since the last transition, its direction, and the times of the last two kinds."""
    cells = np.zeros((5, 18, 32))
    cells[0], cells[1], cells[3:] = np.inf, -np.inf, -np.inf
    return cells


def _picture() -> Floats:
    """Direction and time of the picture's last transition."""
    return np.array([0.0, -np.inf])


@dataclass(slots=True)
class FlashDerivation:
    """The state behind ``FLASH_COLUMNS`` of one video stream.

    ``flash_area`` is the share of cells in a transition of the picture, on the row that completes it;
    0 on all other rows. ``flash_count`` counts the transitions within the second that ends with the row,
    ``flash_age_s`` is how long ago the first of them was. ``flash_long_s`` is how much of the last five
    seconds had four to six transitions a second, ``flash_long_age_s`` how long ago that began. The same
    of transitions to or from a saturated red is in the columns of ``red_``.
    """

    _light: Floats = field(default_factory=_cells)
    _red: Floats = field(default_factory=_cells)
    _last_light: Floats = field(default_factory=_picture)
    _last_red: Floats = field(default_factory=_picture)
    _history: Floats = field(default_factory=lambda: np.zeros((5, 0)))
    """Of the rows of some seconds: time, light and red transition, whether often, first of the second."""

    def columns(
        self, start_s: Floats, thumbs: NDArray[np.uint16], full_range: NDArray[np.bool_]
    ) -> dict[str, Floats]:
        """``FLASH_COLUMNS``, each (n,), from start times (n,) and thumbnails (n, 3, 18, 32)."""
        areas = np.zeros((2, len(start_s)))
        states = (self._light, self._red, self._last_light, self._last_red)
        _transitions(thumbs, start_s, full_range, _LIGHT, *states, areas)
        known = self._history.shape[1]
        history = np.zeros((5, known + len(start_s)))
        history[:, :known] = self._history
        history[0, known:] = start_s
        history[1:3, known:] = areas > 0
        out = np.zeros((6, len(start_s)))
        _count(history, known, out)
        recent = history[0] > history[0, -1] - LONG_S - 2 * WINDOW_S
        self._history = history[:, recent][:, -MOST_HISTORY:]
        names = ("flash_count", "flash_age_s", "flash_long_s", "flash_long_age_s", "red_count", "red_age_s")
        counted = dict(zip(names, out, strict=True))
        return {"flash_area": areas[0], "red_area": areas[1], **counted}


@_fast
def _rgb(y, u, v, full, light):  # type: ignore[no-untyped-def]
    """Linear R, G and B, 0..1, of a cell: 256 to a level."""
    if full:
        signal, scale = y / (255.0 * 256.0), 1.0 / (255.0 * 256.0)
    else:
        signal, scale = (y - 16.0 * 256.0) / (219.0 * 256.0), 1.0 / (224.0 * 256.0)
    cb, cr = (u - 32768.0) * scale, (v - 32768.0) * scale
    top = light.size - 1
    r = light[int(min(max(signal + 1.5748 * cr, 0.0), 1.0) * top + 0.5)]
    g = light[int(min(max(signal - 0.1873 * cb - 0.4681 * cr, 0.0), 1.0) * top + 0.5)]
    b = light[int(min(max(signal + 1.8556 * cb, 0.0), 1.0) * top + 0.5)]
    return r, g, b


@_fast
def _move(cells, y, x, value, limit, rises, falls, counts, now):  # type: ignore[no-untyped-def]
    """Follow one cell; whether a rise or a fall to here would count, and whether this may be a highest."""
    if cells[2, y, x] <= 0 and rises and value - cells[0, y, x] >= limit:
        cells[2, y, x], cells[1, y, x], cells[3, y, x] = 1.0, value, now
    elif cells[2, y, x] >= 0 and falls and cells[1, y, x] - value >= limit:
        cells[2, y, x], cells[0, y, x], cells[4, y, x] = -1.0, value, now
    cells[0, y, x] = min(cells[0, y, x], value)
    if counts:
        cells[1, y, x] = max(cells[1, y, x], value)


@_fast
def _share(cells, last, now):  # type: ignore[no-untyped-def]
    """The share of cells in a transition of the picture that is complete now, else 0; ``last`` moves."""
    rows, columns = cells.shape[1:]
    rising = falling = 0
    since = max(now - TOGETHER_S, last[1])
    for y in range(rows):
        for x in range(columns):
            rising += int(cells[3, y, x] > since)
            falling += int(cells[4, y, x] > since)
    size = rows * columns
    direction = last[0] if now - last[1] < WINDOW_S else 0.0
    up = direction <= 0 and rising > AREA * size
    down = direction >= 0 and falling > AREA * size
    if up and (not down or rising >= falling):
        last[0], last[1] = 1.0, now
        return rising / size
    if down:
        last[0], last[1] = -1.0, now
        return falling / size
    return 0.0


@_fast
def _transitions(thumbs, start_s, full_range, light, cells, reds, last, last_red, areas):  # type: ignore[no-untyped-def]
    """Fill ``areas`` (2, n): cells in a transition of light, and of red; all else is moved on in place."""
    for n in range(thumbs.shape[0]):
        now = start_s[n]
        for y in range(thumbs.shape[2]):
            for x in range(thumbs.shape[3]):
                r, g, b = _rgb(
                    float(thumbs[n, 0, y, x]),
                    float(thumbs[n, 1, y, x]),
                    float(thumbs[n, 2, y, x]),
                    full_range[n],
                    light,
                )
                bright = WHITE_CDM2 * (0.2126 * r + 0.7152 * g + 0.0722 * b)
                was_dark = cells[0, y, x] < DARKER_CDM2
                _move(cells, y, x, bright, STEP_CDM2, was_dark, bright < DARKER_CDM2, True, now)
                red = max(0.0, r - g - b) * RED_SCALE
                saturated = r > 0 and r >= SATURATED * (r + g + b)
                _move(reds, y, x, red, STEP_RED, saturated, True, saturated, now)
        areas[0, n] = _share(cells, last, now)
        areas[1, n] = _share(reds, last_red, now)


@_fast
def _count(history, known, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (6, n) for the rows from ``known`` on; of ``history`` their last two figures, too."""
    first = first_long = 0
    for n in range(known, history.shape[1]):
        now, row = history[0, n], n - known
        while now - history[0, first] >= WINDOW_S - EPSILON_S:
            first += 1
        while now - history[0, first_long] >= LONG_S - EPSILON_S:
            first_long += 1
        counts, ages = np.zeros(2), np.zeros(2)
        for past in range(n, first - 1, -1):
            for kind in range(2):
                if history[1 + kind, past]:
                    counts[kind] += 1
                    ages[kind] = now - history[0, past]
        history[3, n] = 1.0 if OFTEN <= counts[0] <= MOST else 0.0
        history[4, n] = now - ages[0]
        long_s, long_since_s = 0.0, now
        for past in range(max(first_long, 1), n + 1):
            if history[3, past]:
                if long_s == 0.0:
                    long_since_s = history[4, past]
                step_s = history[0, past] - history[0, past - 1]
                long_s += min(max(step_s, 0.0), LONGEST_STEP_S)
        out[0, row], out[1, row] = counts[0], ages[0]
        out[2, row], out[3, row] = long_s, now - long_since_s
        out[4, row], out[5, row] = counts[1], ages[1]
