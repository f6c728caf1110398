"""Pictures and sounds whose truth is known, for clips that tests write with ``write_clip``.

Pictures are 8-bit limited range unless told. ``moving`` is never still, dark, flat or clipped, and
``programme`` is never silent or loud, so a clip of the two alone has no defect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from evals.writer import Picture, Sound, as_picture, rotate_mp4, write_clip

__all__ = [
    "Part",
    "Picture",
    "Sound",
    "as_picture",
    "black",
    "deep",
    "flat",
    "full_swing",
    "moving",
    "muted",
    "programme",
    "rotate_mp4",
    "scene",
    "sine",
    "write_clip",
]


def moving(
    count: int, width: int = 160, height: int = 90, *, first: int = 0, seed: int = 1
) -> Iterator[Picture]:
    """``count`` pictures of one unbroken scene: drifting slopes, scrolling texture, a bright ball.

    ``first`` is the index of the first picture, so that a scene can be interrupted and go on.
    """
    texture = np.random.default_rng(seed).integers(-24, 25, (height, width))
    rows, columns = np.mgrid[0:height, 0:width]
    for index in range(first, first + count):
        slope = 110 + 40 * np.sin((columns + 3 * index) * 6.283 / width) + 20 * rows / height
        radius = max(2, height // 8)
        x = width / 2 + width / 3 * np.sin(index / 9)
        y = height / 2 + height / 4 * np.cos(index / 7)
        ball = (columns - x) ** 2 + (rows - y) ** 2 < radius**2
        luma = np.where(ball, 215, slope + np.roll(texture, (index, 2 * index), (0, 1)))
        cb = 118 + 12 * np.sin((rows + index) * 6.283 / height)
        cr = np.where(ball, 148, 132 + 10 * np.sin((columns - index) * 6.283 / width))
        yield Picture(_byte(luma), _byte(cb), _byte(cr))


def flat(count: int, luma: int, cb: int, cr: int, width: int = 160, height: int = 90) -> Iterator[Picture]:
    """``count`` pictures of one colour, in codes."""
    planes = [np.full((height, width), code, np.uint8) for code in (luma, cb, cr)]
    return (Picture(*planes) for _ in range(count))


def black(count: int, width: int = 160, height: int = 90) -> Iterator[Picture]:
    """``count`` black pictures (limited range: luma 16)."""
    return flat(count, 16, 128, 128, width, height)


def deep(picture: Picture) -> Picture:
    """An 8-bit picture at 10 bits."""
    return Picture(
        *((plane.astype(np.uint16) * 4).astype(np.uint16) for plane in (picture.luma, picture.cb, picture.cr))
    )


def full_swing(picture: Picture) -> Picture:
    """An 8-bit limited-range picture with its luma stretched over 0..255."""
    return replace(picture, luma=_byte((picture.luma.astype(np.float64) - 16) * 255 / 219))


def programme(
    duration_s: float, *, channels: int = 2, rate_hz: int = 48_000, dbfs: float = -23.0, seed: int = 1
) -> Sound:
    """Noise that swells and falls like speech, ``dbfs`` RMS; no two channels alike."""
    count = round(duration_s * rate_hz)
    noise = np.random.default_rng(seed).uniform(-1.0, 1.0, (channels, count))
    swell = 1.0 + 0.5 * np.sin(2 * np.pi * 0.7 * np.arange(count) / rate_hz)
    shaped = noise * swell
    rms = float(np.sqrt(np.mean(shaped**2))) if count else 1.0
    return Sound((shaped / rms * 10 ** (dbfs / 20)).astype(np.float32), rate_hz)


def sine(
    duration_s: float,
    *,
    frequency_hz: float = 997.0,
    dbfs: float = -20.0,
    channels: int = 2,
    rate_hz: int = 48_000,
    phase_rad: float = 0.0,
) -> Sound:
    """A sine with a peak of ``dbfs``, alike on every channel."""
    turns = 2 * np.pi * frequency_hz * np.arange(round(duration_s * rate_hz)) / rate_hz
    wave = 10 ** (dbfs / 20) * np.sin(turns + phase_rad)
    return Sound(np.tile(wave, (channels, 1)).astype(np.float32), rate_hz)


def muted(sound: Sound, start_s: float, end_s: float, *, channel: int | None = None) -> Sound:
    """The sound with digital silence over [start_s, end_s), on one channel or on all."""
    samples = sound.samples.copy()
    rows = slice(None) if channel is None else channel
    samples[rows, round(start_s * sound.rate_hz) : round(end_s * sound.rate_hz)] = 0.0
    return replace(sound, samples=samples)


@lru_cache(maxsize=4)
def _scene(count: int, width: int, height: int) -> tuple[Picture, ...]:
    return tuple(moving(count, width, height))


def _byte(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


COLOURS: Mapping[str, tuple[int, int, int]] = {
    "black": (16, 128, 128),
    "green": (145, 54, 34),
    "grey": (126, 128, 128),
}
"""Y, Cb and Cr in limited range."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is wrong over [start_s, end_s): ``freeze``, or one of ``COLOURS``."""

    kind: str
    start_s: float
    end_s: float


def scene(
    times_s: Sequence[float], parts: Sequence[Part], width: int = 160, height: int = 90
) -> list[Picture]:
    """A ``moving`` scene with a picture for each time, and over each part what it is a part of.

    A frozen part repeats the picture with which it begins; the scene goes on behind it as if nothing
    had been.
    """
    pictures = _scene(len(times_s), width, height)
    shown = list(pictures)
    for part in parts:
        inside = [n for n, time_s in enumerate(times_s) if part.start_s <= time_s < part.end_s]
        held = (
            pictures[inside[0]]
            if part.kind == "freeze"
            else next(flat(1, *COLOURS[part.kind], width, height))
        )
        for n in inside:
            shown[n] = held
    return shown
