"""Levels: what is outside the legal range, and what only crosses its line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from pipeline.decode.values import Picture
from pipeline.measure import PictureMeter
from pipeline.measure.levels import LEVEL_COLUMNS
from pipeline.measure.picture import PICTURE_COLUMNS
from tests.pipeline.judging import SIZE, events, only, shown, times
from tests.pipeline.test_freeze import texture

SCENE = np.clip(texture(*SIZE), 20, 230)
ROWS, COLUMNS = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]


def with_area(level: float, blocks: int) -> np.ndarray:
    """The scene with so many blocks of one level: 240 would be the whole picture, less its last rows."""
    luma = SCENE.copy()
    for n in range(blocks):
        y, x = 16 * (n // 20), 16 * (n % 20)
        luma[y : y + 16, x : x + 16] = level
    return luma


def full_swing(luma: np.ndarray) -> np.ndarray:
    return np.clip((luma - 16) * 255 / 219, 0, 255)


DEEP = np.clip(126 + 1.4 * (texture(*SIZE) - 115), 16, 235)
"""The scene with much of it at black and at white."""

FOUND: Mapping[str, tuple[list[Picture], str]] = {
    "below black": (shown(with_area(5, 12)), "luma below black"),
    "below black, 10 bit": (shown(with_area(5, 12), bits=10), "luma below black"),
    "above white": (shown(with_area(250, 12)), "luma above white"),
    "full range in a limited stream": (
        shown(full_swing(DEEP)),
        "luma below black and above white: full range taken for limited?",
    ),
    "blanked lines below black": (shown(np.where(ROWS < 16, 0, SCENE)), "luma below black"),
    "chroma": (shown(SCENE, 128, 250), "chroma"),
    "a green that no RGB makes": (shown(40 + SCENE / 3, 40, 60), "colours outside RGB"),
    "a red, full range": (shown(40 + SCENE / 3, 90, 250, full_range=True), "colours outside RGB"),
}


@pytest.mark.parametrize(("pictures", "kind"), FOUND.values(), ids=FOUND.keys())
def test_illegal_levels_are_found(pictures: list[Picture], kind: str) -> None:
    (event,) = events(pictures, only("levels"))
    assert times([event]) == [(0.0, 2.4)]
    assert event.evidence["kind"] == kind
    assert event.value >= 0.01


def captions() -> np.ndarray:
    """White letters with a dark rim, and the overshoot that sharpening gives them."""
    luma = SCENE.copy()
    for y in range(20, 160, 28):
        for x in range(20, 300, 9):
            luma[y : y + 12, x : x + 6] = 30
            luma[y + 2 : y + 10, x + 2 : x + 4] = 235
            luma[y + 4 : y + 6, x + 2 : x + 4] = 246
    return luma


def pluge() -> np.ndarray:
    """A line-up card: bars, and a narrow one 4 % below black."""
    luma = np.repeat([16.0, 60, 100, 140, 180, 200, 220, 235], SIZE[1] // 8) + 0.0 * ROWS
    luma[150:, 60:76] = 7
    return luma


def night(level: float, sigma: float) -> list[Picture]:
    """A night with lamps: near black, under grain."""
    luma = np.where(np.hypot(ROWS - 60, COLUMNS - 200) < 25, 150, level + 3 * np.sin(COLUMNS / 17))
    return shown(luma, grain=sigma)


def bars(matrix: tuple[float, float]) -> list[Picture]:
    """Saturated bars at 75 %, as the matrix makes them."""
    red_weight, blue_weight = matrix
    pictures = shown(100, count=60)
    for n, picture in enumerate(pictures):
        rgb = np.array([[(k >> 1) & 1, (k >> 2) & 1, k & 1] for k in range(8)]) * 0.75
        luma = rgb @ [red_weight, 1 - red_weight - blue_weight, blue_weight]
        cb, cr = (rgb[:, 2] - luma) / (2 - 2 * blue_weight), (rgb[:, 0] - luma) / (2 - 2 * red_weight)
        picture.luma[:] = np.rint(16 + 219 * np.repeat(luma, 40)) + (n % 2)
        for plane, values in ((picture.u, cb), (picture.v, cr)):
            assert plane is not None
            plane[:] = np.rint(128 + 224 * np.repeat(values, 20))
    return pictures


def lit_by_flashes() -> list[Picture]:
    """A stage whose colour is legal when a lamp is on, and would not be when it is off."""
    pictures = shown(125 + SCENE / 3, 60, 128)
    return [replace(p, luma=p.luma - np.uint8(100 * (n // 3 % 2))) for n, p in enumerate(pictures)]


def damaged() -> list[Picture]:
    """A patch of broken blocks, in colours that no camera gives, until the next key frame."""
    luma, colour = SCENE.copy(), np.full((SIZE[0] // 2, SIZE[1] // 2), 128, np.uint8)
    luma[32:112, 64:208] += np.random.default_rng(1).choice([-50, 50], (5, 9)).repeat(16, 0).repeat(16, 1)
    colour[16:56, 32:104] = np.random.default_rng(2).choice([40, 220], (5, 9)).repeat(8, 0).repeat(8, 1)
    broken = shown(np.clip(luma, 20, 230), count=40, first=20)
    broken = [replace(p, u=colour, v=colour, key_frame=False) for p in broken]
    return [*shown(SCENE, count=20), *broken, *shown(SCENE, count=20, first=60)]


NOTHING: Mapping[str, list[Picture]] = {
    "a scene": shown(SCENE),
    "black to white": shown(DEEP),
    "full range that says so": shown(full_swing(DEEP), full_range=True),
    "full range that says so, 10 bit": shown(full_swing(DEEP), full_range=True, bits=10),
    "under one in a hundred": shown(with_area(5, 2)),
    "captions with overshoot": shown(captions()),
    "a line-up card": shown(pluge()),
    "grain over black": night(18, 4.0),
    "more grain over black": night(20, 8.0),
    "grain over white": shown(233, grain=4.0),
    "bars of BT.601": bars((0.299, 0.114)),
    "bars of BT.709": bars((0.2126, 0.0722)),
    "colours of a stage in flashes": lit_by_flashes(),
    "colours of damaged blocks": damaged(),
    "lost: green of an empty buffer": shown(0, 0, 0),
    "lost: below black": shown(3),
}


@pytest.mark.parametrize("pictures", NOTHING.values(), ids=NOTHING.keys())
def test_what_is_legal(pictures: list[Picture]) -> None:
    assert events(pictures, only("levels")) == ()


@pytest.mark.parametrize(("count", "found"), [(24, 0), (25, 1)])
def test_it_lasts_a_second(count: int, found: int) -> None:
    bad = shown(with_area(5, 12), count=count, first=10)
    pictures = [*shown(SCENE, count=10), *bad, *shown(SCENE, count=20, first=10 + count)]
    spans = events(pictures, only("levels"))
    assert times(spans) == [(0.4, 1.4)][:found]


@pytest.mark.parametrize(("level", "low", "high"), [(13, 1, 0), (14, 0, 0), (241, 0, 0), (242, 0, 1)])
@pytest.mark.parametrize("bits", [8, 10])
def test_the_legal_range(level: int, low: float, high: float, bits: int) -> None:
    """R103: -1 % is 13.8, 103 % is 241.6."""
    assert shares(shown(level, count=1, bits=bits)[0])[:2] == [low, high]


@pytest.mark.parametrize(("matrix", "legal"), [(1, False), (6, True), (2, True)])
def test_the_matrix_decides(matrix: int, legal: bool) -> None:
    """Saturated red of BT.601: by BT.709 its R would be 106.4 %."""
    picture = shown(81, 90, 240, count=1)[0]
    planes = (picture.luma, picture.u, picture.v)
    red = Picture("v:0", 0.0, 0.04, *planes, 8, False, True, False, matrix=matrix)
    assert shares(red)[3] == (0.0 if legal else 1.0)


def shares(picture: Picture) -> list[float]:
    values, _ = PictureMeter().row(picture)
    row = dict(zip(PICTURE_COLUMNS, values, strict=True))
    return [row[name] for name in LEVEL_COLUMNS]
