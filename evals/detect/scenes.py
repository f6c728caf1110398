"""Clean scenes with their sound: natural clips, photographs under a camera, and made ones.

Each scene is a function of a seed. The table ``SCENES`` says to which split each belongs, so that no picture
of one is ever seen in the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from evals.detect import voices
from evals.detect.canvas import byte, disc, leaves, photo, picture
from evals.detect.natural import natural, travel
from evals.detect.people import head
from evals.detect.strikes import bounce, clap
from evals.detect.values import Clip
from evals.detect.view import RATES, View, drift, some_colour, there_and_back, with_sound
from evals.writer import Picture

__all__ = ["SCENES", "Scene", "make_scene", "scenes_of"]


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
        (
            view.rng.uniform(0, 2),
            view.rng.uniform(0.2, 1),
            view.rng.uniform(0.04, 0.12),
            some_colour(view.rng),
        )
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


def _street(view: View) -> Clip:
    """A camera on a tripod; cars and walkers cross at their own speeds."""
    rate = RATES[view.seed % 4]
    ground = leaves(view.seed, view.height + 4, view.width + 4).window(0, 0, view.width, view.height)
    movers = [
        (
            view.rng.uniform(0, 1.5),
            view.rng.uniform(0.3, 0.95),
            view.rng.uniform(0.03, 0.1),
            some_colour(view.rng),
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
            f"{split}.head": _scene(split, head, "talk", "sounded"),
            f"{split}.news": _scene(split, partial(head, studio=True), "talk", "sounded"),
            f"{split}.bounce": _scene(split, bounce, "pairs"),
            f"{split}.clap": _scene(split, clap, "pairs"),
            f"{split}.dark": _scene(split, _dark, "dim", "sounded"),
        }
    for split, shots in (
        ("tune", ("tune.china", "tune.street", "tune.parallax", "tune.head")),
        ("test", ("test.flower", "test.city", "test.street", "test.parallax", "test.head")),
    ):
        scenes[f"{split}.edit"] = _scene(split, partial(_edit, shots=shots), "music", "cuts", "sounded")
    return scenes


SCENES = _table()
