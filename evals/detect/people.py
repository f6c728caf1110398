"""Made scenes of a person who talks, before something out of focus or in a news studio."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evals.detect import voices
from evals.detect.canvas import Canvas, band, disc, leaves, picture, write_text
from evals.detect.values import Clip
from evals.detect.view import RATES, View, drift, some_colour, with_sound
from evals.writer import Picture

__all__ = ["head"]


def head(view: View, *, studio: bool = False) -> Clip:
    """A person who talks in front of something out of focus; ``studio`` adds captions and a ticker."""
    rate = RATES[view.seed % 4]
    samples = voices.speech(view.rng, view.duration_s)
    back = leaves(view.seed, view.height + 40, view.width + 40, 120, 0.7)
    hop = 48_000 // 100
    loud = np.abs(samples[0, : samples.shape[1] // hop * hop]).reshape(-1, hop).mean(1)
    skin, shirt = some_colour(view.rng), some_colour(view.rng)

    def shown() -> Iterator[Picture]:
        for index, seen in enumerate(drift(view, back, rate, (0.04, 0.02), sway=1.0)):
            time_s = float(index / rate)
            mouth = float(loud[min(len(loud) - 1, int(time_s * 100))]) * 40
            _person(seen, view, time_s, mouth, skin, shirt)
            if studio:
                _captions(seen, view, index)
            seen.luma += view.rng.standard_normal(seen.luma.shape, np.float32) * 1.0
            yield picture(seen)

    return with_sound(view, rate, shown(), samples)


def _person(
    seen: Canvas,
    view: View,
    time_s: float,
    mouth: float,
    skin: tuple[float, float, float],
    shirt: tuple[float, float, float],
) -> None:
    unit = view.height / 10
    x = view.width / 2 + unit * 0.35 * np.sin(1.3 * time_s) + unit * 0.2 * np.sin(3.1 * time_s)
    y = view.height * 0.42 + unit * 0.2 * np.sin(2.2 * time_s)
    disc(seen, x, view.height * 1.0, unit * 3.6, shirt, 0.9)
    disc(seen, x, y, unit * 1.7, (max(skin[0], 90), 112, 150), 1.3)
    blink = 0.05 if time_s % 3.7 < 0.12 else 0.6
    for side in (-1, 1):
        disc(seen, x + side * unit * 0.65, y - unit * 0.35, unit * 0.25, (40, 128, 128), blink)
    disc(seen, x, y + unit * 1.1, unit * 0.55, (60, 120, 160), 0.15 + min(1.0, mouth))


def _captions(seen: Canvas, view: View, index: int) -> None:
    top = int(view.height * 0.82)
    band(seen, top, top + 22, (45, 139, 128))
    write_text(seen.luma, "NEWS AT TEN", 16, top + 6, 2, 215)
    roll = view.width - 3 * index % (view.width * 2)
    band(seen, top + 24, top + 40, (190, 128, 128))
    write_text(seen.luma, "THE DAM HOLDS  RAIN TO COME  TRAINS LATE IN THE NORTH", roll, top + 27, 2, 40)
