"""Steady tones: a line-up tone, and hum of the mains."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.series.hum import HUM_COLUMNS, hum_columns
from pipeline.series.stretch import BLOCK_ROWS, Stretch, window

__all__ = ["TONE_COLUMNS", "tone_columns"]

TONE_COLUMNS = {"tone_hz": "Hz", "tone_share": "share", **HUM_COLUMNS}

LOWEST_HZ, HIGHEST_HZ = 200.0, 1800.0
LEAST_HZ = 3800.0
"""Cells slower than this cannot carry such tones."""
SILENT = 1e-12
WHITE_BEND = 6.0
"""Mean square of the second difference of white noise, against that of the noise."""

Floats = NDArray[np.floating]


def tone_columns(stretch: Stretch) -> dict[str, NDArray[np.float32]]:
    """``tone_hz``, ``tone_share`` and the columns of hum, of the rows that are wanted.

    The strongest frequency is that of a block of 0.5 s, or of its neighbour where that explains more of
    the row; ``tone_share`` is how much of the row's energy one sine of that frequency explains.
    """
    shape = (stretch.stop - stretch.first, stretch.channels)
    hz, share = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    line = stretch.line(0)
    if stretch.cell_hz >= LEAST_HZ:
        _explain(stretch, line, hz, share)
    return {"tone_hz": hz, "tone_share": share, **hum_columns(stretch, line)}


def _explain(stretch: Stretch, line: Floats, hz: Floats, share: Floats) -> None:
    first, stop = stretch.first // BLOCK_ROWS, -(-stretch.stop // BLOCK_ROWS)
    last = -(-stretch.count // BLOCK_ROWS) - 1
    blocks = [min(max(block, 0), last) for block in range(first - 1, stop + 1)]
    strongest = _strongest(stretch, line, blocks)
    turns = 2 * np.pi * strongest[..., None] * np.arange(stretch.cells) / stretch.cell_hz
    # The averaging over a cell takes something away, which is given back.
    half, many = np.pi * strongest / stretch.cell_hz, stretch.samples / stretch.cells
    lost = np.sin(half) / (many * np.sin(half / many))
    rows = slice(stretch.first, stretch.stop)
    cells, energy = stretch.rows.cells[0][:, rows], stretch.rows.columns["rms"][rows]
    _fit(cells, energy, strongest, np.cos(turns), np.sin(turns), lost**2, hz, share)
    # What is above the cells' reach may fold onto the tone; second differences tell of it.
    bend = stretch.rows.cells[2][:, rows].mean(axis=2).T / np.maximum(energy**2, SILENT)
    own = (2 - 2 * np.cos(2 * np.pi * hz / stretch.rows.rate_hz)) ** 2
    np.minimum(share, 1 - np.maximum(bend - own, 0) / WHITE_BEND, out=share)
    np.maximum(share, 0, out=share)


def _strongest(stretch: Stretch, line: Floats, blocks: list[int]) -> NDArray[np.float64]:
    """Frequency of the highest peak of each block, (blocks, channels), in Hz."""
    length = min(BLOCK_ROWS, stretch.count)
    starts = [min(block * BLOCK_ROWS, stretch.count - length) for block in blocks]
    size = length * stretch.cells
    parts = np.stack([line[:, at * stretch.cells : at * stretch.cells + size] for at in starts])
    power = np.abs(np.fft.rfft(parts * window(size), axis=-1)) ** 2
    step_hz = stretch.cell_hz / size
    low = max(1, round(LOWEST_HZ / step_hz))
    high = min(power.shape[-1] - 1, round(HIGHEST_HZ / step_hz))
    if high <= low:
        return np.full(power.shape[:2], LOWEST_HZ)
    peak = low + power[..., low:high].argmax(axis=-1)
    around = [np.take_along_axis(power, (peak + n)[..., None], axis=-1)[..., 0] for n in (-1, 0, 1)]
    left, top, right = (np.log(np.maximum(values, 1e-30)) for values in around)
    # Near its peak the logarithm of such a window's spectrum is close to a parabola.
    curve = left - 2 * top + right
    shift = np.where(curve < -1e-9, 0.5 * (left - right) / np.where(curve < -1e-9, curve, -1.0), 0.0)
    return np.asarray((peak + np.clip(shift, -0.5, 0.5)) * step_hz)


@njit(nogil=True, cache=True, error_model="numpy")
def _fit(cells, rms, strongest, cosines, sines, lost, hz, share):  # type: ignore[no-untyped-def]
    """Fill ``hz`` and ``share`` (rows, channels) from the means of ``cells`` (channels, rows, n).

    The sines tried on a row are those of its block and its two neighbours; ``strongest`` and ``lost``
    are (blocks + 2, channels), the tables (blocks + 2, channels, n). A sine of one frequency is fitted by
    least squares.
    """
    count = cells.shape[2]
    for row in range(cells.shape[1]):
        for channel in range(cells.shape[0]):
            for block in range(row // BLOCK_ROWS, row // BLOCK_ROWS + 3):
                cc = cs = ss = xc = xs = 0.0
                for n in range(count):
                    c, s, x = cosines[block, channel, n], sines[block, channel, n], cells[channel, row, n]
                    cc += c * c
                    cs += c * s
                    ss += s * s
                    xc += x * c
                    xs += x * s
                energy = (xc * xc * ss - 2 * xc * xs * cs + xs * xs * cc) / (cc * ss - cs * cs)
                energy /= count * lost[block, channel] * max(rms[row, channel] ** 2, SILENT)
                if energy > share[row, channel]:
                    share[row, channel] = min(energy, 1.0)
                    hz[row, channel] = strongest[block, channel]
