"""Drawing for made scenes: textures with the statistics of photographs, windows that glide over them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import av
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

from evals.writer import Picture

__all__ = ["Canvas", "band", "byte", "disc", "fractal", "leaves", "photo", "picture", "write_text"]

Array = NDArray[np.float32]


@dataclass(slots=True)
class Canvas:
    """A picture larger than what is shown: luma (h, w), chroma (h/2, w/2), as float codes."""

    luma: Array
    cb: Array
    cr: Array

    def copy(self) -> Canvas:
        """One that can be drawn on."""
        return Canvas(self.luma.copy(), self.cb.copy(), self.cr.copy())

    def window(self, x: float, y: float, width: int, height: int) -> Canvas:
        """What is seen through a window whose corner is at (x, y), interpolated between samples."""
        return Canvas(
            _window(self.luma, x, y, width, height),
            _window(self.cb, x / 2, y / 2, width // 2, height // 2),
            _window(self.cr, x / 2, y / 2, width // 2, height // 2),
        )


def _window(plane: Array, x: float, y: float, width: int, height: int) -> Array:
    left, top = int(x), int(y)
    part = plane[top : top + height + 1, left : left + width + 1]
    fx, fy = np.float32(x - left), np.float32(y - top)
    rows = part[:-1] * (1 - fy) + part[1:] * fy if fy else part[:-1]
    shown: Array = rows[:, :-1] * (1 - fx) + rows[:, 1:] * fx if fx else rows[:, :-1].copy()
    return shown


def byte(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Codes, rounded and clipped to 8 bits."""
    return np.clip(values + 0.5, 0, 255).astype(np.uint8)


def picture(canvas: Canvas) -> Picture:
    """The canvas as 8-bit planes, 4:2:0."""
    return Picture(byte(canvas.luma), byte(canvas.cb), byte(canvas.cr))


def _legal(colour: tuple[float, float, float]) -> tuple[float, float, float]:
    """The colour with as much less of its chroma as keeps it well inside RGB (BT.601), texture included."""
    luma, cb, cr = colour[0], colour[1] - 128, colour[2] - 128
    level = 1.164 * (luma - 16)
    scale = 1.0
    for excess in (1.596 * cr, -0.392 * cb - 0.813 * cr, 2.017 * cb):
        room = (228 - level) if excess > 0 else level - 20
        if abs(excess) > max(room, 4):
            scale = min(scale, max(room, 4) / abs(excess))
    return luma, 128 + scale * cb, 128 + scale * cr


def fractal(rng: np.random.Generator, height: int, width: int, slope: float = 1.2) -> Array:
    """Noise whose amplitude falls as 1 / f**slope, zero mean, unit deviation."""
    fy, fx = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :]
    radius = np.hypot(fy, fx)
    radius[0, 0] = 1.0
    spectrum = np.fft.rfft2(rng.standard_normal((height, width))) / radius**slope
    spectrum[0, 0] = 0
    values = np.fft.irfft2(spectrum, (height, width)).astype(np.float32)
    return values / values.std()


def disc(
    canvas: Canvas,
    x: float,
    y: float,
    radius: float,
    colour: tuple[float, float, float],
    stretch: float = 1.0,
) -> None:
    """Draws an ellipse with a soft edge; ``stretch`` is its height over its width."""
    colour = _legal(colour)
    for plane, code, scale in (
        (canvas.luma, colour[0], 1),
        (canvas.cb, colour[1], 2),
        (canvas.cr, colour[2], 2),
    ):
        r, cx, cy = radius / scale, x / scale, y / scale
        top, bottom = max(0, int(cy - r * stretch) - 2), min(plane.shape[0], int(cy + r * stretch) + 3)
        left, right = max(0, int(cx - r) - 2), min(plane.shape[1], int(cx + r) + 3)
        if top >= bottom or left >= right:
            continue
        rows, columns = np.ogrid[top:bottom, left:right]
        away = np.hypot((rows - cy) / stretch, columns - cx)
        cover = np.clip(r - away + 0.5, 0, 1).astype(np.float32)
        plane[top:bottom, left:right] += cover * (np.float32(code) - plane[top:bottom, left:right])


def band(canvas: Canvas, top: int, bottom: int, colour: tuple[float, float, float]) -> None:
    """Fills whole rows with one colour, chroma and all: luma alone over the chroma of something else may be
    no colour of RGB."""
    luma, cb, cr = _legal(colour)
    canvas.luma[top:bottom] = luma
    canvas.cb[top // 2 : bottom // 2], canvas.cr[top // 2 : bottom // 2] = cb, cr


@lru_cache(maxsize=4)
def leaves(seed: int, height: int, width: int, count: int = 900, contrast: float = 1.0) -> Canvas:
    """Overlapping discs of all sizes, each with a texture: edges and spectrum like a natural scene's.

    The "dead leaves" model of natural images (Lee, Mumford and Huang, 2001).
    """
    rng = np.random.default_rng((seed, 11))
    base = 112 + 20 * fractal(rng, height, width, 1.5)
    canvas = Canvas(
        base,
        124 + 5 * fractal(rng, height // 2, width // 2, 1.6),
        131 + 5 * fractal(rng, height // 2, width // 2, 1.6),
    )
    radii = np.clip(4.0 * (1 - rng.random(count)) ** (-0.6), 4, height / 5)
    for radius in np.sort(radii)[::-1]:
        colour = (
            float(np.clip(rng.normal(112, 46 * contrast), 28, 215)),
            float(np.clip(rng.normal(124, 13), 90, 166)),
            float(np.clip(rng.normal(131, 13), 90, 166)),
        )
        place = rng.random(2) * (width, height)
        disc(canvas, place[0], place[1], float(radius), colour, float(rng.uniform(0.6, 1.6)))
    canvas.luma += 9 * contrast * fractal(rng, height, width, 0.8)
    canvas.luma = gaussian_filter(canvas.luma, 0.6)
    canvas.luma = np.clip(canvas.luma, 20, 228).astype(np.float32)
    return canvas


@lru_cache(maxsize=4)
def photo(name: str, width: int) -> Canvas:
    """A photograph of 640 x 427 that scikit-learn ships (CC BY 2.0): ``china`` or ``flower``.

    It is enlarged by a quarter where a window of ``width`` would have no room to move in it.
    """
    path = resources.files("sklearn.datasets.images").joinpath(f"{name}.jpg")
    with resources.as_file(path) as file, av.open(str(file)) as container:
        frame = next(container.decode(video=0)).reformat(format="yuv420p", dst_color_range="MPEG")
        planes = [
            np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, -1)[:, : plane.width]
            for plane in frame.planes
        ]
    enlarged = 1.25 if width > 560 else 1.0
    planes = [zoom(plane.astype(np.float32), enlarged, order=3) for plane in planes]
    # A row more at the end, so that a window always finds a sample beyond its edge.
    luma, cb, cr = (np.pad(plane, ((0, 2), (0, 2)), mode="edge") for plane in planes)
    return Canvas(luma, cb, cr)


GLYPHS = {
    "A": "010101111101101", "B": "110101110101110", "C": "011100100100011", "D": "110101101101110",
    "E": "111100110100111", "F": "111100110100100", "G": "011100101101011", "H": "101101111101101",
    "I": "111010010010111", "J": "001001001101010", "K": "101101110101101", "L": "100100100100111",
    "M": "101111111101101",
    "N": "110101101101101", "O": "010101101101010", "P": "110101110100100", "R": "110101110101101",
    "S": "011100010001110", "T": "111010010010010", "U": "101101101101111", "V": "101101101101010",
    "W": "101101111111101", "Y": "101101010010010", " ": "000000000000000", "0": "111101101101111",
    "1": "010110010010111", "2": "111001111100111", "3": "111001111001111", "4": "101101111001001",
    "5": "111100111001111", "6": "111100111101111", "7": "111001010010010", "8": "111101111101111",
    "9": "111101111001111", ":": "000010000010000", ".": "000000000000010",
}  # fmt: skip


def write_text(luma: NDArray[np.generic], text: str, x: int, y: int, cell: int, code: float) -> None:
    """Writes capitals of 3 x 5 cells into a plane, cut off at its edges."""
    for place, glyph in enumerate(text):
        bits = (
            np.array(list(GLYPHS.get(glyph, GLYPHS[" "])), int).reshape(5, 3).repeat(cell, 0).repeat(cell, 1)
        )
        left = x + place * 4 * cell
        if left < 0 or left >= luma.shape[1] or y < 0:
            continue
        area = luma[y : y + 5 * cell, left : left + 3 * cell]
        area[bits[: area.shape[0], : area.shape[1]] > 0] = code
