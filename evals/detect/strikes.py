"""Made scenes of what is heard as it is seen: a ball that bounces, hands that clap."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evals.detect import voices
from evals.detect.canvas import disc, leaves, picture
from evals.detect.values import Clip
from evals.detect.view import RATES, View, there_and_back, with_sound
from evals.writer import Picture

__all__ = ["bounce", "clap"]


def bounce(view: View) -> Clip:
    """Balls that hit the ground and are heard when they do."""
    rate = RATES[view.seed % 4]
    ground = leaves(view.seed, view.height + 4, view.width + 4, 300, 0.6).window(
        0, 0, view.width, view.height
    )
    floor = view.height * 0.86
    beats = np.cumsum(view.rng.uniform(0.45, 1.1, int(view.duration_s / 0.4) + 2)) - 0.2
    # A hit is seen in the picture that shows it: it falls on the time of one.
    beats = np.round(beats * float(rate)) / float(rate)
    colour = (220.0, 110.0, 165.0)

    def shown() -> Iterator[Picture]:
        for index in range(view.count(rate)):
            time_s = float(index / rate)
            seen = ground.copy()
            after = int(np.searchsorted(beats, time_s + 1e-6))
            left, right = (beats[after - 1] if after else beats[0] - 0.8), beats[min(after, len(beats) - 1)]
            share = (time_s - left) / max(right - left, 1e-6)
            height = 4 * share * (1 - share) * min(0.75, 1.1 * (right - left)) * view.height
            x = view.width * (0.2 + 0.6 * there_and_back(0.11 * time_s))
            radius = view.height * 0.09
            squash = 0.7 if time_s - left < 0.05 else 1.0
            disc(seen, x, floor - radius * squash - height, radius, colour, squash)
            if 0 <= time_s - left < 0.12:
                for side in (-1, 1):
                    disc(
                        seen, x + side * (radius + 300 * (time_s - left)), floor, radius / 3, (200, 128, 128)
                    )
            seen.luma += view.rng.standard_normal(seen.luma.shape, np.float32) * 0.8
            yield picture(seen)

    return with_sound(view, rate, shown(), voices.hits(view.rng, view.duration_s, list(beats)))


def clap(view: View) -> Clip:
    """Hands that clap: still apart, then together within a few pictures, and heard as they meet."""
    rate = RATES[view.seed % 4]
    ground = leaves(view.seed, view.height + 4, view.width + 4, 300, 0.6).window(
        0, 0, view.width, view.height
    )
    beats = np.cumsum(view.rng.uniform(0.6, 1.5, int(view.duration_s / 0.5) + 2)) - 0.3
    beats = np.round(beats * float(rate)) / float(rate)

    def shown() -> Iterator[Picture]:
        for index in range(view.count(rate)):
            time_s = float(index / rate)
            seen = ground.copy()
            nearest = beats[int(np.argmin(np.abs(beats - time_s)))]
            lag = time_s - nearest
            apart = np.clip(-lag / 0.16, 0, 1) if lag < 0 else np.clip(lag / 0.4, 0, 1)
            for side in (-1, 1):
                x = view.width * (0.5 + side * (0.06 + 0.22 * float(apart)))
                disc(seen, x, view.height * 0.5, view.height * 0.13, (190, 112, 152), 1.7)
            seen.luma += view.rng.standard_normal(seen.luma.shape, np.float32) * 0.8
            yield picture(seen)

    return with_sound(view, rate, shown(), voices.hits(view.rng, view.duration_s, list(beats)))
