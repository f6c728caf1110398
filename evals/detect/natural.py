"""Natural clips as scenes: cropped, flipped, halved, or under a camera that travels over them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

import numpy as np

from evals.detect import voices
from evals.detect.canvas import byte
from evals.detect.values import Clip
from evals.detect.view import View, there_and_back, with_sound
from evals.sample import CITY, MEADOW, read_pictures, read_rate, read_samples
from evals.writer import Picture

__all__ = ["natural", "travel"]


@lru_cache(maxsize=2)
def _reel(name: str, first_s: float, last_s: float) -> tuple[tuple[Picture, ...], Fraction]:
    """The pictures of a natural clip from ``first_s`` to ``last_s``, and their rate."""
    path = {"meadow": MEADOW, "city": CITY}[name]
    rate = read_rate(path)
    pictures = tuple(read_pictures(path))
    return pictures[round(first_s * rate) : round(last_s * rate)], rate


def natural(name: str, first_s: float, last_s: float, view: View) -> Clip:
    """A natural clip, there and back again until it is long enough; cropped and flipped by chance."""
    pictures, rate = _reel(name, first_s, last_s)
    count, whole = view.count(rate), len(pictures)
    start = int(view.rng.integers(0, max(1, whole - min(count, whole) + 1)))
    turn = np.abs((np.arange(start, start + count) + whole - 1) % (2 * whole - 2) - (whole - 1))
    height, width = pictures[0].luma.shape
    x = 2 * int(view.rng.integers(0, (width - view.width) // 2 + 1))
    y = 2 * int(view.rng.integers(0, (height - view.height) // 2 + 1))
    flip = -1 if view.rng.random() < 0.5 else 1
    if 2 * view.width <= width and 2 * view.height <= height:
        return _halved(name, first_s, last_s, view)

    def cropped() -> Iterator[Picture]:
        for index in turn:
            source = pictures[index]
            luma = source.luma[y : y + view.height, x : x + view.width][:, ::flip]
            chroma = [
                plane[y // 2 : (y + view.height) // 2, x // 2 : (x + view.width) // 2][:, ::flip]
                for plane in (source.cb, source.cr)
            ]
            yield Picture(luma.copy(), chroma[0].copy(), chroma[1].copy())

    if name == "meadow":
        sound, rate_hz = read_samples(MEADOW)
        part = sound[:, round(first_s * rate_hz) : round(last_s * rate_hz)]
        samples = np.tile(part, int(view.duration_s // (last_s - first_s)) + 1)
    else:
        samples = voices.ambience(view.rng, view.duration_s)
    return with_sound(view, rate, cropped(), samples)


def travel(name: str, first_s: float, last_s: float, view: View) -> Clip:
    """A natural clip seen by a camera that travels over it, faster than its own motion."""
    whole = natural(name, first_s, last_s, replace(view, width=640, height=360))
    room_x, room_y = 640 - view.width, 360 - view.height
    speed = view.rng.uniform(0.35, 0.8, 2) * (1.0, 0.5)
    for n, shown in enumerate(whole.pictures):
        time_s = float(n / whole.rate)
        x, y = (
            2 * round(there_and_back(s * time_s) * r / 2)
            for s, r in zip(speed, (room_x, room_y), strict=True)
        )
        luma = shown.luma[y : y + view.height, x : x + view.width].copy()
        chroma = [
            plane[y // 2 : (y + view.height) // 2, x // 2 : (x + view.width) // 2].copy()
            for plane in (shown.cb, shown.cr)
        ]
        whole.pictures[n] = Picture(luma, chroma[0], chroma[1])
    return whole


def _halved(name: str, first_s: float, last_s: float, view: View) -> Clip:
    """The same at half the size, from a crop of twice the size."""
    large = natural(name, first_s, last_s, replace(view, width=2 * view.width, height=2 * view.height))
    for n, shown in enumerate(large.pictures):
        small = [
            plane.reshape(plane.shape[0] // 2, 2, -1, 2).mean(axis=(1, 3))
            for plane in (shown.luma, shown.cb, shown.cr)
        ]
        large.pictures[n] = Picture(*(byte(plane) for plane in small))
    return large
