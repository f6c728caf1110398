"""How far a picture has moved: shifts that are known, and pictures that no shift explains."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.decode.values import Plane
from pipeline.measure.motion import Profiles, profiles_of, shift_between

ROOM = 60
SIZES = [(180, 320), (270, 480), (360, 640)]


def world(size: tuple[int, int], seed: int = 0) -> np.ndarray:
    """A picture with room around it, of large and small things: (height + 120, width + 120) in levels."""
    random = np.random.default_rng(seed)
    shape = (size[0] + 2 * ROOM, size[1] + 2 * ROOM)
    total = np.full(shape, 110.0)
    for cell, size_of in ((40, 22.0), (10, 12.0), (4, 6.0)):
        coarse = random.normal(0, size_of, (-(-shape[0] // cell), -(-shape[1] // cell)))
        total += coarse.repeat(cell, 0).repeat(cell, 1)[: shape[0], : shape[1]]
    # No lens draws edges between two samples.
    for axis in (0, 1):
        total = 0.5 * total + 0.25 * (np.roll(total, 1, axis) + np.roll(total, -1, axis))
    return total


def seen(
    whole: np.ndarray, size: tuple[int, int], x: float, y: float, *, light: float = 0.0, seed: int = 1
) -> Plane:
    """What a camera at (x, y) sees, between samples too, under some noise: uint8."""
    left, top = int(np.floor(x)) + ROOM, int(np.floor(y)) + ROOM
    across, down = x - np.floor(x), y - np.floor(y)
    part = whole[top : top + size[0] + 1, left : left + size[1] + 1]
    part = part[:-1] * (1 - down) + part[1:] * down
    part = part[:, :-1] * (1 - across) + part[:, 1:] * across
    noise = np.random.default_rng(seed).normal(0, 1, size)
    return np.clip(np.rint(part + noise + light), 0, 255).astype(np.uint8)


def moved(before: Plane, now: Plane, bits: int = 8) -> tuple[float, float, float]:
    return shift_between(profiles_of(before, bits), profiles_of(now, bits))


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(
    ("x", "y"), [(0, 0), (2, 0), (0, -3), (0.4, 0.3), (-1.5, 2.5), (7, -4), (34, 17), (-30, 20)]
)
def test_a_known_shift(size: tuple[int, int], x: float, y: float) -> None:
    """What is seen goes left when the camera goes right; exact to a part of a bin."""
    whole = world(size)
    near = 0.35 * max(1, size[1] // 320)
    right, down, fit = moved(seen(whole, size, 0, 0), seen(whole, size, x, y, seed=2))
    assert (right, down) == (pytest.approx(-x, abs=near), pytest.approx(-y, abs=near))
    assert fit > 0.75


def test_light_is_no_movement() -> None:
    whole = world(SIZES[0])
    right, down, _ = moved(seen(whole, SIZES[0], 0, 0), seen(whole, SIZES[0], 3, 1, light=25))
    assert (right, down) == (pytest.approx(-3, abs=0.3), pytest.approx(-1, abs=0.3))


def test_depth_does_not_matter() -> None:
    whole = world(SIZES[0])
    pair = [seen(whole, SIZES[0], x, 1.0, seed=int(x)) for x in (0.0, 4.0)]
    deep = [plane.astype(np.uint16) * 4 for plane in pair]
    assert moved(deep[0], deep[1], 10) == pytest.approx(moved(pair[0], pair[1]), abs=1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_two_shots_have_no_shift(seed: int) -> None:
    first, second = (world(SIZES[1], seed=2 * seed + n) for n in range(2))
    right, down, fit = moved(seen(first, SIZES[1], 0, 0), seen(second, SIZES[1], 0, 0))
    assert np.isnan([right, down]).all()
    assert fit < 0.5


def test_what_has_no_texture_has_no_shift() -> None:
    flat = np.full(SIZES[0], 90, np.uint8)
    assert moved(flat, flat) == (pytest.approx(np.nan, nan_ok=True), pytest.approx(np.nan, nan_ok=True), 0.0)


@pytest.mark.parametrize("size", [(1, 1), (2, 30), (30, 2), (16, 16)])
def test_small_pictures_have_none(size: tuple[int, int]) -> None:
    plane = np.random.default_rng(0).integers(0, 255, size).astype(np.uint8)
    assert 0.0 <= moved(plane, plane)[2] <= 1.0


def test_a_part_moves_by_itself() -> None:
    """A caption that stands over what moves: each part says how far it went, and all counts as if no mask."""
    whole, caption = world(SIZES[1]), world((48, 480), seed=7)
    pair = [seen(whole, SIZES[1], x, 0) for x in (0.0, 5.0)]
    for plane in pair:
        plane[208:256] = seen(caption, (48, 480), 0, 0)
    rows = np.arange(17)[:, None] * np.ones((1, 30), int)
    parts = {"caption": (rows >= 13) & (rows < 16), "rest": rows < 13, "all": rows >= 0}
    shifts = {
        name: shift_between(*(profiles_of(plane, 8, counts) for plane in pair))
        for name, counts in parts.items()
    }
    assert shifts["caption"][0] == pytest.approx(0.0, abs=0.1)
    assert shifts["rest"][:2] == (pytest.approx(-5.0, abs=0.3), pytest.approx(0.0, abs=0.3))
    assert shifts["all"] == pytest.approx(moved(*pair), abs=1e-3)


def test_profiles_are_means_of_bins() -> None:
    luma = np.random.default_rng(1).integers(0, 255, (365, 650)).astype(np.uint8)
    made = profiles_of(luma, 8)
    lines = luma[: made.step_y * len(made.down) : made.step_y].astype(float)
    assert (made.step_x, made.step_y, len(made.across), len(made.down)) == (2, 2, 325, 182)
    np.testing.assert_allclose(made.down, lines.mean(axis=1), rtol=1e-5)
    columns = lines.mean(axis=0)[: made.step_x * len(made.across)]
    np.testing.assert_allclose(made.across, columns.reshape(-1, made.step_x).mean(axis=1), rtol=1e-5)
    assert isinstance(made, Profiles)
