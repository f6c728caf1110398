"""What is wanted of a scene, and a camera that glides over a canvas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from evals.detect.canvas import Canvas
from evals.detect.values import Clip
from evals.writer import Picture

__all__ = ["RATES", "View", "drift", "some_colour", "there_and_back", "with_sound"]

RATES = (Fraction(25), Fraction(24), Fraction(30000, 1001), Fraction(25))
"""Pictures a second, by the seed of a scene."""


@dataclass(frozen=True, slots=True)
class View:
    """What is wanted of a scene: its size, length and chance."""

    width: int
    height: int
    duration_s: float
    seed: int
    rng: np.random.Generator

    def count(self, rate: Fraction) -> int:
        """Pictures of the whole."""
        return round(self.duration_s * rate)


def with_sound(view: View, rate: Fraction, pictures: Iterator[Picture], samples: NDArray[np.float32]) -> Clip:
    """The pictures with as much of the sound as goes with them."""
    shown = list(pictures)
    wanted = round(len(shown) * 48_000 / rate)
    short = max(0, wanted - samples.shape[1])
    return Clip(shown, rate, np.pad(samples, ((0, 0), (0, short)))[:, :wanted].astype(np.float32))


def there_and_back(at: float) -> float:
    """A triangle of period 2 between 0 and 1."""
    return abs((at + 1) % 2 - 1)


def drift(
    view: View, canvas: Canvas, rate: Fraction, speed: tuple[float, float], sway: float = 0.0
) -> Iterator[Canvas]:
    """Windows over a canvas that move ``speed`` of the free room a second, there and back, and sway."""
    room_x, room_y = canvas.luma.shape[1] - 3 - view.width, canvas.luma.shape[0] - 3 - view.height
    from_x, from_y = view.rng.random(2)
    for index in range(view.count(rate)):
        time_s = float(index / rate)
        x = there_and_back(from_x + speed[0] * time_s) * room_x + sway * np.sin(2.1 * time_s)
        y = there_and_back(from_y + speed[1] * time_s) * room_y + sway * np.cos(1.7 * time_s)
        x, y = float(np.clip(x, 0, room_x)), float(np.clip(y, 0, room_y))
        yield canvas.window(x, y, view.width, view.height)


def some_colour(rng: np.random.Generator) -> tuple[float, float, float]:
    """Y, Cb and Cr by chance; what is drawn with it has as much less of its chroma as makes it legal."""
    return float(rng.uniform(40, 205)), float(rng.uniform(95, 160)), float(rng.uniform(95, 160))
