"""Hard negatives: content that looks or sounds like a defect and is none; and what may be said of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from evals.detect import odd_sounds, voices
from evals.detect.canvas import Canvas, byte, disc, leaves, photo, picture, write_text
from evals.detect.looks import planes_of
from evals.detect.scenes import make_scene
from evals.detect.values import Clip
from evals.detect.view import View, drift
from evals.writer import Picture

__all__ = ["TRAPS", "Trap"]

Maker = Callable[[int, float, int, int], Clip]


@dataclass(frozen=True, slots=True)
class Trap:
    """How the clip is made, why it is one, and which events would be right all the same."""

    make: Maker
    why: str
    allowed: tuple[str, ...] = ()
    coding: str = ""


def _base(scene: str) -> Maker:
    return lambda seed, duration_s, width, height: make_scene(scene, seed, duration_s, width, height)


def _rng(seed: int, salt: int) -> np.random.Generator:
    return np.random.default_rng((seed, salt, 5))


def _film_grain(seed: int, duration_s: float, width: int, height: int) -> Clip:
    """A photograph under a slow camera, on film: grain of two samples' size."""
    rng = _rng(seed, 1)
    clip = make_scene("tune.china" if seed % 2 else "test.flower", seed, duration_s, width, height)
    for n, shown in enumerate(clip.pictures):
        grain = gaussian_filter(rng.standard_normal(shown.luma.shape, np.float32), 0.8) * 9
        clip.pictures[n] = Picture(byte(np.clip(shown.luma + grain, 16, 235)), shown.cb, shown.cr)
    return clip


def _twos(seed: int, duration_s: float, width: int, height: int) -> Clip:
    """A drawn figure on 24 pictures a second of which every second one repeats, before a still background."""
    rng = _rng(seed, 2)
    view = View(width, height, duration_s, seed, rng)
    back = leaves(seed, height + 4, width + 4, 200, 0.8).window(0, 0, width, height)

    def shown() -> Iterator[Picture]:
        for index in range(view.count(Fraction(24))):
            drawn, step = back.copy(), index // 2
            x = width * (0.1 + 0.8 * (step * 0.011 % 1.0))
            y = height * (0.55 + 0.15 * np.sin(step / 2.5))
            disc(drawn, x, y, height * 0.16, (200, 100, 165), 1.2)
            disc(drawn, x + 9 * np.sin(step), y - height * 0.2, height * 0.1, (215, 120, 150))
            yield picture(drawn)

    return _finish(list(shown()), Fraction(24), voices.music(rng, duration_s))


def _finish(
    pictures: list[Picture], rate: Fraction, samples: NDArray[np.float32], layout: str | None = None
) -> Clip:
    wanted = round(len(pictures) * 48_000 / rate)
    short = max(0, wanted - samples.shape[1])
    return Clip(pictures, rate, np.pad(samples, ((0, 0), (0, short)))[:, :wanted], layout=layout)


def _pulldown(seed: int, duration_s: float, width: int, height: int) -> Clip:
    """Film of 24 pictures at 30: every fourth picture is shown twice (2:3 without fields)."""
    clip = make_scene("tune.parallax" if seed % 2 else "test.parallax", seed, duration_s, width, height)
    pictures = [clip.pictures[n] for n in range(len(clip.pictures)) for _ in range(2 if n % 4 == 3 else 1)]
    rate = Fraction(30)
    return _finish(pictures, rate, _tiled(clip.samples, len(pictures) / 30))


def _tiled(samples: NDArray[np.float32], duration_s: float) -> NDArray[np.float32]:
    times = int(duration_s * 48_000 / samples.shape[1]) + 1
    return np.tile(samples, times)


def _green_screen(seed: int, duration_s: float, width: int, height: int) -> Clip:
    """A presenter before a green wall that fills nine tenths of the picture."""
    rng = _rng(seed, 3)
    view = View(width, height, duration_s, seed, rng)

    def shown() -> Iterator[Picture]:
        for index in range(view.count(Fraction(25))):
            wall = Canvas(
                np.full((height, width), 140, np.float32),
                np.full((height // 2, width // 2), 60, np.float32),
                np.full((height // 2, width // 2), 45, np.float32),
            )
            wall.luma += np.linspace(6, -6, width, dtype=np.float32)[None, :]
            x = width * (0.5 + 0.05 * np.sin(index / 17))
            disc(wall, x, height * 0.95, height * 0.16, (60, 140, 120), 1.5)
            disc(wall, x, height * 0.58 + 2 * np.sin(index / 9), height * 0.09, (160, 112, 150), 1.3)
            disc(wall, x + 30 * np.sin(index / 6), height * 0.8, height * 0.03, (160, 112, 150))
            wall.luma += rng.standard_normal(wall.luma.shape, np.float32) * 1.2
            yield picture(wall)

    return _finish(list(shown()), Fraction(25), voices.speech(rng, duration_s))


def _letterbox_dark(seed: int, duration_s: float, width: int, height: int) -> Clip:
    """A dark scene between bars that are there from the first picture to the last."""
    clip = make_scene("tune.dark" if seed % 2 else "test.dark", seed, duration_s, width, height)
    bar = 2 * round(height * 0.064)
    for n, shown in enumerate(clip.pictures):
        planes = [plane.copy() for plane in planes_of(shown)]
        for plane, code, scale in zip(planes, (16, 128, 128), (1, 2, 2), strict=True):
            plane[: bar // scale] = plane[-(bar // scale) :] = code
        clip.pictures[n] = Picture(*planes)
    return clip


def _faded(level: float) -> Maker:
    def make(seed: int, duration_s: float, width: int, height: int) -> Clip:
        clip = make_scene("tune.street" if seed % 2 else "test.street", seed, duration_s, width, height)
        rate, middle = float(clip.rate), len(clip.pictures) // 2
        for n, shown in enumerate(clip.pictures):
            # A second down, a quarter of a second there, a second up.
            away = max(0.0, abs(n - middle) / rate - 0.125)
            gain = np.float32(min(1.0, away))
            luma = level + (shown.luma.astype(np.float32) - level) * gain
            chroma = [128 + (p.astype(np.float32) - 128) * gain for p in (shown.cb, shown.cr)]
            clip.pictures[n] = Picture(byte(luma), byte(chroma[0]), byte(chroma[1]))
        return clip

    return make


def _fast_cuts(seed: int, duration_s: float, width: int, height: int) -> Clip:
    """A trailer: a cut every half second."""
    rng = _rng(seed, 4)
    split = "tune" if seed % 2 else "test"
    sources = [
        make_scene(f"{split}.{name}", seed + n, duration_s, width, height)
        for n, name in enumerate(("parallax", "street", "head", "dark"))
    ]
    pictures: list[Picture] = []
    while len(pictures) < duration_s * 25:
        source = sources[int(rng.integers(4))]
        first = int(rng.integers(0, len(source.pictures) - 14))
        pictures += source.pictures[first : first + int(rng.integers(9, 15))]
    return _finish(pictures, Fraction(25), voices.music(rng, duration_s + 1))


def _slow_pan(seed: int, duration_s: float, width: int, height: int) -> Clip:
    """A photograph under a camera that moves a quarter of a sample a picture."""
    rng = _rng(seed, 5)
    view = View(width, height, duration_s, seed, rng)
    canvas = photo("china" if seed % 2 else "flower", width)
    room = max(1.0, canvas.luma.shape[1] - 3.0 - width)
    speed = 0.25 * 25 / room
    pictures = [picture(seen) for seen in drift(view, canvas, Fraction(25), (speed, speed / 3))]
    return _finish(pictures, Fraction(25), voices.music(rng, duration_s))


def _strobe(seed: int, duration_s: float, width: int, height: int) -> Clip:
    """A concert: lamps over a fifth of the picture eight times a second, all of it twice a second."""
    rng = _rng(seed, 6)
    clip = make_scene("tune.dark" if seed % 2 else "test.dark", seed, duration_s, width, height)
    rate = float(clip.rate)
    whole = seed % 4 < 2
    for n, shown in enumerate(clip.pictures):
        luma = shown.luma.astype(np.float32)
        if whole:
            # Two flashes a second over everything.
            luma = luma + (90 if (n / rate * 2) % 1 < 0.3 else 0)
        else:
            lit = (n / rate * 8) % 1 < 0.5
            luma[: height // 3, : int(width * 0.55)] += 140 if lit else 0
        clip.pictures[n] = Picture(byte(np.minimum(luma, 232)), shown.cb, shown.cr)
    return _finish(clip.pictures, clip.rate, voices.music(rng, duration_s))


def _with_sound(
    make: Callable[[np.random.Generator, float], NDArray[np.float32]], layout: str | None = None
) -> Maker:
    def clip(seed: int, duration_s: float, width: int, height: int) -> Clip:
        base = make_scene("tune.street" if seed % 2 else "test.street", seed, duration_s, width, height)
        return _finish(base.pictures, base.rate, make(_rng(seed, 7), duration_s + 0.5), layout)

    return clip


def _waiting(seed: int, duration_s: float, width: int, height: int) -> Clip:
    """A camera that watches a room in which little happens: a curtain, the sensor's own noise."""
    rng = _rng(seed, 8)
    room = leaves(seed, height + 4, width + 4, 300, 0.9).window(0, 0, width, height)

    def shown() -> Iterator[Picture]:
        for index in range(round(duration_s * 25)):
            seen = room.copy()
            for fold in range(5):
                x = width * (0.62 + 0.07 * fold) + 7 * np.sin(index / 11 + fold)
                disc(seen, x, height * 0.45, width * 0.03, (150 - 12 * fold, 120, 136), 3.2)
            seen.luma += rng.standard_normal(seen.luma.shape, np.float32) * 2.0
            yield picture(seen)

    return _finish(list(shown()), Fraction(25), voices.ambience(rng, duration_s))


def _snow_field(seed: int, duration_s: float, width: int, height: int) -> Clip:
    """A bright plain in fog: nearly one colour, with a walker in it."""
    rng = _rng(seed, 9)
    plain = leaves(seed, height + 4, width + 4, 60, 0.5).window(0, 0, width, height)

    def shown() -> Iterator[Picture]:
        for index in range(round(duration_s * 25)):
            seen = plain.copy()
            seen.luma = 196 + (seen.luma - 110) * np.float32(0.12)
            seen.cb, seen.cr = (
                129 + (seen.cb - 128) * np.float32(0.2),
                127 + (seen.cr - 128) * np.float32(0.2),
            )
            x = width * (0.1 + 0.8 * index / (duration_s * 25))
            disc(seen, x, height * 0.6 + 2 * np.sin(index / 3), height * 0.05, (70, 128, 130), 2.0)
            seen.luma += rng.standard_normal(seen.luma.shape, np.float32) * 1.3
            yield picture(seen)

    return _finish(list(shown()), Fraction(25), voices.ambience(rng, duration_s))


def _soft_shot(seed: int, duration_s: float, width: int, height: int) -> Clip:
    """Sharp, then a cut to a shot that is out of focus by intent, then sharp again."""
    clip = make_scene("tune.china" if seed % 2 else "test.flower", seed, duration_s, width, height)
    other = make_scene("tune.head" if seed % 2 else "test.head", seed, duration_s, width, height)
    third = len(clip.pictures) // 3
    for n in range(third, 2 * third):
        shown = other.pictures[min(n, len(other.pictures) - 1)]
        clip.pictures[n] = Picture(
            byte(gaussian_filter(shown.luma.astype(np.float32), 3.5)), shown.cb, shown.cr
        )
    return clip


def _pixel_game(seed: int, duration_s: float, width: int, height: int) -> Clip:
    """A game of large square pixels that scrolls: block edges that belong there."""
    rng = _rng(seed, 10)
    cell = 8 if seed % 2 else 16
    tiles = rng.integers(40, 210, (height // cell + 2, width // cell + 90))
    light = 1.164 * (tiles - 16)
    # Colours of RGB: what is nearly black or white has little chroma.
    room = np.minimum(1, np.minimum(light, 255 - light) / 57)
    tint = 128 + room * rng.integers(-28, 28, tiles.shape)

    def shown() -> Iterator[Picture]:
        wide = np.kron(tiles, np.ones((cell, cell))).astype(np.uint8)
        colour = np.kron(tint, np.ones((cell // 2, cell // 2))).astype(np.uint8)
        for index in range(round(duration_s * 25)):
            left = 2 * index
            luma = wide[:height, left : left + width].copy()
            write_text(luma, f"SCORE {index:05d}", 16, 12, 3, 225)
            chroma = colour[: height // 2, left // 2 : left // 2 + width // 2].copy()
            yield Picture(luma, chroma, 255 - chroma)

    return _finish(list(shown()), Fraction(25), voices.music(rng, duration_s))


def _scoreboard(seed: int, duration_s: float, width: int, height: int) -> Clip:
    """Scrolling titles over a moving picture."""
    clip = make_scene("tune.parallax" if seed % 2 else "test.parallax", seed, duration_s, width, height)
    for n, shown in enumerate(clip.pictures):
        luma = planes_of(shown)[0].copy()
        top = height - 2 * n % (height + 200)
        for row, line in enumerate(("A FILM BY", "JANE DOE", "WITH", "MARK HILL", "ANNA BERG")):
            at = top + 30 * row
            if 0 <= at < height - 20:
                write_text(luma, line, width // 3, at, 3, 225)
        clip.pictures[n] = Picture(luma, shown.cb, shown.cr)
    return clip


TRAPS: Mapping[str, Trap] = {
    "film_grain": Trap(_film_grain, "grain is no noise"),
    "dark_scene": Trap(_base("test.dark"), "a dark tinted scene is not black"),
    "on_twos": Trap(_twos, "animation on twos repeats pictures and does not stutter"),
    "pulldown": Trap(_pulldown, "2:3 pulldown repeats pictures in its own cadence"),
    "green_screen": Trap(_green_screen, "a studio's green is not a decoder's"),
    "letterbox_dark": Trap(_letterbox_dark, "bars round a dark scene are bars", ("borders",)),
    "fade_black": Trap(_faded(16.0), "a fade is not black, nor a flash"),
    "fade_white": Trap(_faded(235.0), "a fade to white is no flash"),
    "fast_cuts": Trap(_fast_cuts, "cuts are no flashes and no jumps"),
    "slow_pan": Trap(_slow_pan, "a slow pan is no freeze"),
    "strobe": Trap(_strobe, "lamps under the limit are no flash"),
    "waiting_room": Trap(_waiting, "little motion is not none"),
    "snow_field": Trap(_snow_field, "a bright plain is not one colour"),
    "soft_shot": Trap(_soft_shot, "a shot out of focus is content"),
    "pixel_game": Trap(_pixel_game, "square pixels are not blocks of a coder"),
    "rolling_titles": Trap(_scoreboard, "titles over pictures are no slate"),
    "whisper": Trap(_with_sound(odd_sounds.whisper), "whispering is not silence", ("loudness",)),
    "mono_on_two_legs": Trap(_with_sound(odd_sounds.mono), "mono on two legs is no lost channel", ("phase",)),
    "empty_lfe": Trap(_with_sound(odd_sounds.surround, "5.1"), "an empty LFE is legal", coding="h264_51"),
    "quiet_night": Trap(_with_sound(odd_sounds.quiet), "quiet is not silent", ("loudness",)),
    "loud_music": Trap(_with_sound(odd_sounds.loud), "loud is not clipped", ("loudness",)),
    "flute": Trap(_with_sound(odd_sounds.flute), "notes are no line-up tone"),
    "bass": Trap(_with_sound(odd_sounds.bass), "a bass is no hum"),
    "castanets": Trap(_with_sound(odd_sounds.clicky), "attacks are no dropouts"),
    "wide_mix": Trap(_with_sound(odd_sounds.wide), "wide is not out of phase"),
}
