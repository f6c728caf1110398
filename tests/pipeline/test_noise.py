"""Noise: snow and grain that comes up, and the grain, rain and cuts that are content."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.decode.values import Picture
from pipeline.measure import PictureMeter
from pipeline.measure.picture import PICTURE_COLUMNS, THUMB_SHAPE
from pipeline.series.grain import GrainDerivation
from tests.pipeline.judging import SIZE, events, only, shown, times
from tests.pipeline.test_freeze import shifted, texture

Luma = NDArray[np.float64]

SCENE = 115 + 0.8 * (shifted(texture(*SIZE), 0.5, 0.5) - 115)


def softened(image: Luma) -> Luma:
    """The image without its finest detail, as lenses and encoders leave it."""
    soft = image
    for axis in (0, 1, 0, 1, 0, 1):
        soft = (np.roll(soft, 1, axis) + 2 * soft + np.roll(soft, -1, axis)) / 4
    return soft


SOFT = softened(SCENE)
SHARP = texture(*SIZE, seed=11)
OTHER = softened(SHARP)


def grain(n: int, sigma: float) -> Luma:
    return np.random.default_rng(n).normal(0, sigma, SIZE)


def clip(make: Callable[[int], Luma], count: int = 75) -> list[Picture]:
    """Pictures as a function of their number."""
    return [shown(make(n), count=1, first=n)[0] for n in range(count)]


def pan(n: int) -> Luma:
    return np.roll(SOFT, 2 * n, 1)


def noisy(sigma: float, first: int = 25, stop: int = 60, scene: Callable[[int], Luma] = pan) -> list[Picture]:
    return clip(lambda n: scene(n) + (grain(n, sigma) if first <= n < stop else 0.0))


@pytest.mark.parametrize("sigma", [3, 4, 8, 16])
@pytest.mark.parametrize("scene", [pan, lambda n: SOFT], ids=["pan", "still"])
def test_grain_that_comes_up(scene: Callable[[int], Luma], sigma: float) -> None:
    (event,) = events(noisy(sigma, scene=scene), only("noise"))
    # The first clean picture differs from a noisy one before it.
    assert event.start_s == 1.0
    assert event.end_s == pytest.approx(2.4, abs=0.0401)
    assert event.evidence["kind"] == "grain came up within a shot"
    assert event.value + float(event.evidence["before_levels"]) == pytest.approx(sigma, rel=0.15)


def test_a_cut_does_not_end_it() -> None:
    (event,) = events(
        clip(lambda n: (pan(n) if n < 40 else OTHER) + (grain(n, 8) if 25 <= n < 60 else 0)), only("noise")
    )
    assert times([event]) == [(1.0, pytest.approx(2.4, abs=0.0401))]


def test_grain_to_the_end_of_the_stream() -> None:
    (event,) = events(noisy(8, stop=75), only("noise"))
    assert times([event]) == [(1.0, 3.0)]


def test_grain_over_grain() -> None:
    (event,) = events(clip(lambda n: pan(n) + grain(n, 2 if n < 25 else 8)), only("noise"))
    assert times([event]) == [(1.0, 3.0)]
    assert event.evidence["before_levels"] == pytest.approx(1.9, abs=0.5)


def snow(n: int) -> Luma:
    return np.random.default_rng(n).uniform(16, 235, SIZE)


@pytest.mark.parametrize("first", [0, 25])
def test_snow(first: int) -> None:
    (event,) = events(clip(lambda n: snow(n) if first <= n < 60 else pan(n)), only("noise"))
    # Of the first picture of a stream it is not known whether it moves.
    assert times([event]) == [(max(first / 25, 0.04), 2.4)]
    assert event.evidence["kind"] == "snow"
    assert event.value == 1.0


@pytest.mark.parametrize(("count", "found"), [(23, 0), (25, 1)])
def test_it_lasts_a_second(count: int, found: int) -> None:
    assert len(events(noisy(8, stop=25 + count), only("noise"))) == found


def rain(n: int) -> Luma:
    """Streaks over a fifth of the picture."""
    streaks = np.random.default_rng(n).random((1, SIZE[1])) < 0.03
    return np.asarray(pan(n) + 40 * streaks)


def water(n: int) -> Luma:
    """The lower half glitters; the upper stands."""
    luma = SOFT.copy()
    luma[90:] += grain(n, 12)[90:]
    return luma


def confetti(n: int) -> Luma:
    luma = pan(n)
    at = np.random.default_rng(7).integers(0, [SIZE[0], SIZE[1]], (40, 2))
    for y, x in at:
        luma[(y + 3 * n) % 170 : (y + 3 * n) % 170 + 4, x : x + 4] = 220
    return luma


NOTHING: Mapping[str, Sequence[Picture]] = {
    "a pan": clip(pan),
    "a fast pan": clip(lambda n: np.roll(SOFT, 9 * n, 1)),
    "grain from the beginning": clip(lambda n: pan(n) + grain(n, 6)),
    "a still under grain": clip(lambda n: SOFT + grain(n, 6)),
    "a cut to a grainy shot": clip(lambda n: pan(n) if n < 30 else np.roll(OTHER, n, 1) + grain(n, 8)),
    "a dissolve to a grainy shot": clip(
        lambda n: pan(n) + np.clip((n - 20) / 25, 0, 1) * (OTHER + grain(n, 6) - pan(n))
    ),
    "a cut to texture": clip(lambda n: pan(n) if n < 30 else np.roll(SHARP, 2 * n, 1)),
    "a fade up to a grainy shot": clip(lambda n: 16 + min(1, n / 25) * (pan(n) + grain(n, 6) - 16)),
    "grain that comes up slowly": clip(lambda n: pan(n) + grain(n, n / 8)),
    "a freeze in a grainy shot": clip(lambda n: pan(n) + grain(n, 6) if not 10 < n < 40 else pan(10)),
    "a grainy shot on twos": clip(lambda n: pan(n // 2) + grain(n // 2, 6)),
    "a grainy shot, 3:2 by repeats": clip(lambda n: pan(n * 4 // 5) + grain(n * 4 // 5, 6)),
    "rain that sets in": clip(lambda n: rain(n) if n > 25 else pan(n)),
    "water that begins to glitter": clip(lambda n: water(n) if n > 25 else SOFT),
    "confetti": clip(lambda n: confetti(n) if n > 25 else pan(n)),
    "a flash": clip(lambda n: pan(n) + (90 if n in (30, 31) else 0)),
    "lights that go on": clip(lambda n: 16 + (pan(n) - 16) * (0.6 if n < 30 else 1.0)),
    "coarse texture that stands": clip(lambda n: 115 + grain(1, 30)),
    "black": shown(16, count=60),
    "black under grain": shown(18, count=60, grain=3.0),
}


@pytest.mark.parametrize("pictures", NOTHING.values(), ids=NOTHING.keys())
def test_what_is_content(pictures: Sequence[Picture]) -> None:
    assert events(pictures, only("noise")) == ()


@pytest.mark.parametrize("bits", [8, 10])
@pytest.mark.parametrize("sigma", [2.0, 4.0, 8.0])
def test_the_floor_is_the_deviation_of_white_noise(sigma: float, bits: int) -> None:
    meter = PictureMeter()
    for n in range(2):
        values, _ = meter.row(shown(120 + grain(n, sigma), count=1, first=n, bits=bits)[0])
    row = dict(zip(PICTURE_COLUMNS, values, strict=True))
    assert row["texture_floor"] == pytest.approx(sigma, rel=0.1, abs=0.3)
    assert row["grain_floor"] == pytest.approx(sigma, rel=0.1, abs=0.3)
    assert row["snow_share"] == 0.0


def test_where_there_is_nothing_to_see_the_floor_is_not_known() -> None:
    meter = PictureMeter()
    rows = [meter.row(picture)[0] for picture in shown(16, count=2)]
    assert all(np.isnan(row[list(PICTURE_COLUMNS).index("grain_floor")]) for row in rows)


@pytest.mark.parametrize("block", [1, 7, 100])
def test_the_rise_is_the_same_however_it_is_fed(block: int) -> None:
    random = np.random.default_rng(4)
    floor = np.where((np.arange(100) > 30) & (np.arange(100) < 70), 5.0, 1.0) + random.uniform(0, 0.3, 100)
    thumbs = np.tile(random.integers(8000, 40000, (1, 3, *THUMB_SHAPE)).astype(np.uint16), (100, 1, 1, 1))
    derivation = GrainDerivation()
    parts = [
        derivation.columns(floor[n : n + block], floor[n : n + block], thumbs[n : n + block])
        for n in range(0, 100, block)
    ]
    rise = np.concatenate([part["grain_rise"] for part in parts])
    assert np.flatnonzero(rise).tolist() == list(range(31, 70))
    assert rise[31:70] == pytest.approx(floor[31:70] - floor[18:28].max(), abs=0.3)
