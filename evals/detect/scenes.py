"""Clean scenes with their sound: natural clips, photographs under a camera, and made ones.

Each scene is a function of a seed; the tables ``TUNE`` and ``TEST`` say which scenes of which material
belong to which split, so that no picture of one is ever seen in the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from evals.detect import voices
from evals.detect.canvas import Canvas, byte, disc, leaves, photo, picture, write_text
from evals.detect.natural import View, natural, there_and_back, travel, with_sound
from evals.detect.values import Clip
from evals.writer import Picture

__all__ = ["SCENES", "Scene", "drift", "make_scene", "scenes_of"]

RATES = (Fraction(25), Fraction(24), Fraction(30000, 1001), Fraction(25))


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene, the split that it belongs to, and what it has: ``motion``, ``detail``, ``pairs``, ``talk``."""

    make: Callable[[View], Clip]
    split: str
    tags: frozenset[str]


def make_scene(name: str, seed: int, duration_s: float, width: int, height: int) -> Clip:
    """The clean clip of a scene; width and height must be even."""
    rng = np.random.default_rng((seed, sum(name.encode())))
    return SCENES[name].make(View(width, height, duration_s, seed, rng))


def scenes_of(split: str, tags: str) -> list[str]:
    """Names of the scenes of a split that have all of ``tags`` (separated by blanks; ``any`` for all)."""
    wanted = set(tags.split()) - {"any"}
    return [name for name, scene in SCENES.items() if scene.split == split and wanted <= scene.tags]


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


def _photo_pan(name: str, view: View) -> Clip:
    """A photograph under a moving camera, with the grain of one."""
    rate = RATES[view.seed % 4]
    canvas = photo(name, view.width)
    speeds = view.rng.uniform(0.12, 0.4, 2)

    def shown() -> Iterator[Picture]:
        for seen in drift(view, canvas, rate, (speeds[0], speeds[1]), sway=3):
            seen.luma += view.rng.standard_normal(seen.luma.shape, np.float32) * 1.0
            yield picture(seen)

    return with_sound(view, rate, shown(), voices.speech(view.rng, view.duration_s))


def _parallax(view: View) -> Clip:
    """A camera that travels: a far layer, and near things that pass faster."""
    rate = RATES[view.seed % 4]
    far = leaves(view.seed, view.height + 160, view.width + 320)
    speeds = view.rng.uniform(0.08, 0.3, 2)
    near = [
        (view.rng.uniform(0, 2), view.rng.uniform(0.2, 1), view.rng.uniform(0.04, 0.12), _colour(view.rng))
        for _ in range(5)
    ]

    def shown() -> Iterator[Picture]:
        for index, seen in enumerate(drift(view, far, rate, (speeds[0], speeds[1]), sway=4)):
            time_s = float(index / rate)
            for at, row, size, colour in near:
                x = ((at + 0.22 * time_s) % 1.4 - 0.2) * view.width
                disc(seen, x, row * view.height, size * view.width, colour, 1.4)
            yield picture(seen)

    return with_sound(view, rate, shown(), voices.music(view.rng, view.duration_s))


def _colour(rng: np.random.Generator) -> tuple[float, float, float]:
    return float(rng.uniform(40, 205)), float(rng.uniform(95, 160)), float(rng.uniform(95, 160))


def _street(view: View) -> Clip:
    """A camera on a tripod; cars and walkers cross at their own speeds."""
    rate = RATES[view.seed % 4]
    ground = leaves(view.seed, view.height + 4, view.width + 4).window(0, 0, view.width, view.height)
    movers = [
        (
            view.rng.uniform(0, 1.5),
            view.rng.uniform(0.3, 0.95),
            view.rng.uniform(0.03, 0.1),
            _colour(view.rng),
        )
        for _ in range(9)
    ]
    speeds = view.rng.uniform(0.06, 0.3, 9) * view.rng.choice([-1, 1], 9)

    def shown() -> Iterator[Picture]:
        for index in range(view.count(rate)):
            seen = ground.copy()
            for (at, row, size, colour), speed in zip(movers, speeds, strict=True):
                x = ((at + speed * float(index / rate)) % 1.5 - 0.25) * view.width
                bob = 2.0 * np.sin(index / 4 + 20 * at)
                disc(seen, x, row * view.height + bob, size * view.width, colour, 0.6 + row)
            seen.luma += view.rng.standard_normal(seen.luma.shape, np.float32) * 1.2
            yield picture(seen)

    return with_sound(view, rate, shown(), voices.ambience(view.rng, view.duration_s))


def _head(view: View, *, studio: bool = False) -> Clip:
    """A person who talks in front of something out of focus; ``studio`` adds captions and a ticker."""
    rate = RATES[view.seed % 4]
    samples = voices.speech(view.rng, view.duration_s)
    back = leaves(view.seed, view.height + 40, view.width + 40, 120, 0.7)
    hop = 48_000 // 100
    loud = np.abs(samples[0, : samples.shape[1] // hop * hop]).reshape(-1, hop).mean(1)
    skin, shirt = _colour(view.rng), _colour(view.rng)

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
    seen.luma[top : top + 22, : view.width] = 45
    seen.cb[top // 2 : top // 2 + 11] = 150
    write_text(seen.luma, "NEWS AT TEN", 16, top + 6, 2, 215)
    roll = view.width - 3 * index % (view.width * 2)
    seen.luma[top + 24 : top + 40] = 190
    write_text(seen.luma, "THE DAM HOLDS  RAIN TO COME  TRAINS LATE IN THE NORTH", roll, top + 27, 2, 40)


def _bounce(view: View) -> Clip:
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


def _clap(view: View) -> Clip:
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


def _edit(view: View, shots: tuple[str, ...]) -> Clip:
    """An edited sequence: shots of 2 to 4 s of other scenes, cut hard, under one sound."""
    rate = Fraction(25)
    pictures: list[Picture] = []
    while len(pictures) < view.count(rate):
        name = shots[int(view.rng.integers(len(shots)))]
        shot = make_scene(
            name, int(view.rng.integers(1000)), float(view.rng.uniform(2, 4)), view.width, view.height
        )
        pictures += shot.pictures
    return with_sound(view, rate, iter(pictures[: view.count(rate)]), voices.music(view.rng, view.duration_s))


def _dark(view: View) -> Clip:
    """A night scene with a blue tint and a moving lamp: dark, and not black."""
    rate = RATES[view.seed % 4]
    night = leaves(view.seed, view.height + 60, view.width + 120)

    def shown() -> Iterator[Picture]:
        for index, seen in enumerate(drift(view, night, rate, (0.25, 0.1), sway=2)):
            seen.luma = 18 + (seen.luma - 16) * np.float32(0.16)
            seen.cb = 128 + (seen.cb - 128) * np.float32(0.4) + 16
            seen.cr = 128 + (seen.cr - 128) * np.float32(0.4) - 6
            disc(
                seen,
                view.width * (0.2 + 0.5 * there_and_back(index / 150)),
                view.height * 0.3,
                9,
                (150, 105, 145),
            )
            seen.luma += view.rng.standard_normal(seen.luma.shape, np.float32) * 1.6
            yield Picture(byte(seen.luma), byte(seen.cb), byte(seen.cr))

    return with_sound(view, rate, shown(), voices.ambience(view.rng, view.duration_s))


def _scene(split: str, make: Callable[[View], Clip], *tags: str) -> Scene:
    return Scene(make, split, frozenset(tags))


def _table() -> Mapping[str, Scene]:
    """Natural material is divided by its seconds and its pictures, made scenes by their seeds and kinds."""
    scenes = {
        "tune.meadow": _scene("tune", partial(natural, "meadow", 0.0, 14.0), "natural", "detail"),
        "tune.china": _scene("tune", partial(_photo_pan, "china"), "motion", "detail", "talk", "sounded"),
        "test.meadow": _scene("test", partial(natural, "meadow", 15.0, 29.0), "natural", "detail"),
        "test.city": _scene("test", partial(natural, "city", 0.0, 7.6), "natural", "detail", "sounded"),
        "tune.meadow_travel": _scene("tune", partial(travel, "meadow", 0.0, 14.0), "motion", "detail"),
        "test.meadow_travel": _scene("test", partial(travel, "meadow", 15.0, 29.0), "motion", "detail"),
        "test.city_travel": _scene("test", partial(travel, "city", 0.0, 7.6), "motion", "detail", "sounded"),
        "test.flower": _scene("test", partial(_photo_pan, "flower"), "motion", "talk", "sounded"),
    }
    for split in ("tune", "test"):
        scenes |= {
            f"{split}.parallax": _scene(split, _parallax, "motion", "detail", "music", "sounded"),
            f"{split}.street": _scene(split, _street, "detail", "sounded"),
            f"{split}.head": _scene(split, _head, "talk", "sounded"),
            f"{split}.news": _scene(split, partial(_head, studio=True), "talk", "sounded"),
            f"{split}.bounce": _scene(split, _bounce, "pairs"),
            f"{split}.clap": _scene(split, _clap, "pairs"),
            f"{split}.dark": _scene(split, _dark, "dim", "sounded"),
        }
    for split, shots in (
        ("tune", ("tune.china", "tune.street", "tune.parallax", "tune.head")),
        ("test", ("test.flower", "test.city", "test.street", "test.parallax", "test.head")),
    ):
        scenes[f"{split}.edit"] = _scene(split, partial(_edit, shots=shots), "music", "cuts", "sounded")
    return scenes


SCENES = _table()
