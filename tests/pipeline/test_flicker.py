"""Flicker of the whole picture: at several rates and strengths, and what looks like it and is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest

from pipeline.decode.values import Picture
from pipeline.series.flicker import FLICKER_COLUMNS, FlickerDerivation
from tests.clips import moving
from tests.pipeline.judging import RATE, SIZE, events, judged, of_check, only, shown, times

LENGTH = 125


@lru_cache(maxsize=1)
def _scene() -> list[np.ndarray]:
    return [picture.luma.astype(float) for picture in moving(LENGTH, SIZE[1], SIZE[0])]


def scene(count: int, *, moves: bool = True) -> list[np.ndarray]:
    """Luma of a scene that moves, as floats."""
    return [_scene()[n if moves else 0].copy() for n in range(count)]


def played(frames: list[np.ndarray]) -> list[Picture]:
    return [p for n, luma in enumerate(frames) for p in shown(np.clip(luma, 0, 255), count=1, first=n)]


def pumped(
    rate_hz: float,
    depth: float,
    *,
    first: int = 25,
    count: int = 75,
    length: int = LENGTH,
    moves: bool = True,
) -> list[Picture]:
    """A scene whose light swings by ``depth`` either way, as a sine, from ``first`` on for ``count``."""
    frames = scene(LENGTH, moves=moves)
    for n in range(first, first + count):
        frames[n] = 16 + (frames[n] - 16) * (
            1 + depth * np.sin(2 * np.pi * rate_hz * (n - first + 0.5) / RATE)
        )
    return played(frames)


FLICKER: Mapping[str, list[Picture]] = {
    "2.5 Hz": pumped(2.5, 0.05),
    "5 Hz": pumped(5.0, 0.04),
    "8.3 Hz": pumped(8.33, 0.04),
    "12.5 Hz": pumped(12.5, 0.03),
    "12.5 Hz over a still": pumped(12.5, 0.02, moves=False),
    "5 Hz, strong": pumped(5.0, 0.10),
}


@pytest.mark.parametrize("pictures", FLICKER.values(), ids=FLICKER.keys())
def test_flicker_is_found(pictures: list[Picture]) -> None:
    [event] = events(pictures, only("flicker"))
    assert event.start_s == pytest.approx(1.0, abs=0.121)
    assert event.end_s == pytest.approx(4.0, abs=0.25)
    assert event.confidence > 0.6


def test_flicker_of_every_picture_is_exact() -> None:
    """Every second picture is lighter: it turns with each of them."""
    frames = [np.full(SIZE, 100.0) for _ in range(100)]
    for n in range(25, 75, 2):
        frames[n] += 3
    [event] = events(played(frames), only("flicker"))
    assert times([event]) == [(1.0, 3.0)]
    assert event.value == 3.0
    assert event.evidence["rate_hz"] == 12.5


def test_it_runs_to_the_end() -> None:
    [event] = events(pumped(5.0, 0.04, first=50), only("flicker"))
    assert event.end_s == pytest.approx(5.0, abs=0.121)


@pytest.mark.parametrize(("swing", "found"), [(1, 1), (0.5, 0)])
def test_the_least_swing(swing: float, found: int) -> None:
    """A block mean of half a level more in each second picture is under the line, a level is on it."""
    dither = (np.add.outer(np.arange(SIZE[0]), np.arange(SIZE[1])) % 2 < 2 * swing).astype(float)
    frames = [100 + (n % 2) * dither * min(1, 2 * swing) for n in range(60)]
    assert len(events(played(frames), only("flicker"))) == found


def test_its_length_and_rate_are_settings() -> None:
    assert events(pumped(5.0, 0.04, count=20), only("flicker")) == ()
    assert len(events(pumped(5.0, 0.04, count=20), only("flicker", min_s=0.5))) == 1
    assert events(pumped(2.5, 0.05), only("flicker", rate_hz=4.0)) == ()


def cuts() -> list[np.ndarray]:
    return [frame + (0, 40)[n // 3 % 2] for n, frame in enumerate(scene(100))]


def fade() -> list[np.ndarray]:
    return [16 + (frame - 16) * n / 100 for n, frame in enumerate(scene(100))]


def strobe() -> list[np.ndarray]:
    return [frame if n // 2 % 2 else frame * 0.3 + 10 for n, frame in enumerate(scene(100))]


def grain() -> list[np.ndarray]:
    random = np.random.default_rng(4)
    return [frame + random.normal(0, 6, SIZE) for frame in scene(100)]


def exposure() -> list[np.ndarray]:
    """The camera opens and closes its iris once in two seconds."""
    return [frame * (1 + 0.15 * np.sin(n / 8)) for n, frame in enumerate(scene(100))]


def lamp_in_the_scene() -> list[np.ndarray]:
    """Two thirds of the picture flicker, as a screen in a room does: it is in the scene."""
    frames = scene(100)
    for n in range(0, 100, 2):
        frames[n][:, : SIZE[1] * 2 // 3] += 5
    return frames


TRAPS: Mapping[str, list[Picture]] = {
    "a moving scene": played(scene(100)),
    "cuts": played(cuts()),
    "a fade": played(fade()),
    "a strobing concert": played(strobe()),
    "grain": played(grain()),
    "the iris": played(exposure()),
    "a screen in the scene": played(lamp_in_the_scene()),
    "two cameras flash": played([f + 20 * (n in (30, 45)) for n, f in enumerate(scene(100))]),
    "black": shown(16, grain=1.0, count=100),
}


@pytest.mark.parametrize("pictures", TRAPS.values(), ids=TRAPS.keys())
def test_what_is_no_flicker(pictures: list[Picture]) -> None:
    assert events(pictures, only("flicker")) == ()


@pytest.mark.parametrize(("size", "fit"), [((64, 64), True), ((60, 64), False), ((15, 17), False)], ids=str)
def test_a_picture_of_few_samples_has_no_light_of_its_own(size: tuple[int, int], fit: bool) -> None:
    """What flickers in it is told of a picture that is large enough, and not assessable of another."""
    swings = [120 + 10 * (n // 3 % 2) for n in range(75)]
    pictures = played([np.full(SIZE, float(level)) for level in swings])
    items = [_cropped(picture, size) for picture in pictures]
    result = judged(items, only("flicker"))
    [coverage] = of_check(result, "flicker")
    assert str(coverage.status) == ("failed" if fit else "not_assessable")
    assert bool(result.events) == fit


def _cropped(picture: Picture, size: tuple[int, int]) -> Picture:
    planes = [picture.luma[: size[0], : size[1]]]
    for plane in (picture.u, picture.v):
        assert plane is not None
        planes.append(plane[: (size[0] + 1) // 2, : (size[1] + 1) // 2])
    luma, u, v = (plane.copy() for plane in planes)
    return replace(picture, luma=luma, u=u, v=v)


def twin(light: np.ndarray) -> list[float]:
    """By how much the light had gone the other way, where it turns; 0 elsewhere."""
    found, track, low, high, way = [], 0.0, 0.0, 0.0, 0
    for before, now in pairwise(np.concatenate([light[:1], light]).astype(float) / 256):
        lit = np.maximum(before, now) >= 40
        change = (now - before)[lit]
        up, down = change[change > 0.25], change[change < -0.25]
        step = 0.0
        if lit.mean() >= 0.25:
            step = up.mean() if len(up) >= 0.8 * lit.sum() else step
            step = down.mean() if len(down) >= 0.8 * lit.sum() else step
        found.append(0.0)
        if abs(step) > 36:
            track = low = high = 0.0
            way = 0
            continue
        track += step
        if way <= 0 and track - low >= 0.75:
            found[-1], high, way = track - low, track, 1
        elif way >= 0 and high - track >= 0.75:
            found[-1], low, way = high - track, track, -1
        low, high = min(low, track), max(high, track)
    return found


@pytest.mark.parametrize("cuts", [[], [1], [10, 11, 100], list(range(1, 200, 7))])
def test_columns_equal_their_twin_however_they_are_fed(cuts: list[int]) -> None:
    random = np.random.default_rng(5)
    ground = random.uniform(20, 200, (18, 32))
    gain = 1 + 0.03 * random.normal(0, 1, 200) + 0.4 * (np.arange(200) % 60 == 59)
    noise = random.normal(0, 0.2, (200, 18, 32))
    light = np.clip((ground * gain[:, None, None] + noise) * 256, 0, 65535).astype(np.uint16)
    start_s, derivation = np.arange(200) / RATE, FlickerDerivation()
    parts = [derivation.columns(start_s[a:b], light[a:b]) for a, b in pairwise([0, *cuts, 200])]
    found = {name: np.concatenate([part[name] for part in parts]) for name in FLICKER_COLUMNS}
    assert found["flicker_swing"] == pytest.approx(twin(light))
    whole = FlickerDerivation().columns(start_s, light)
    assert all(np.array_equal(found[name], whole[name]) for name in FLICKER_COLUMNS)
    assert found["flicker_count"].max() > 4
