"""The summary of texture against plain numpy: the same figures, one array after the other."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.measure import texture
from pipeline.measure.blocks import LUMA_SUMS, grid, luma_maps
from pipeline.measure.texture import TEXTURE_COLUMNS

Map = np.ndarray
NEVER = -1e6


def rises(maps: dict[str, Map], unit: float, whole: Map) -> tuple[Map, Map, Map]:
    """Rises at left, top and middle (3, rows, columns); excess on the grid; mean step of each block."""
    inner_x = (maps["step_x"] - maps["step_x0"] - maps["step_x8"]) * unit * 256 / 112
    inner_y = (maps["step_y"] - maps["step_y0"] - maps["step_y8"]) * unit * 256 / 224
    left, mid_x = maps["step_x0"] * unit * 32, maps["step_x8"] * unit * 32
    top, mid_y = maps["step_y0"] * unit * 16, maps["step_y8"] * unit * 16
    out = np.full((3, *whole.shape), NEVER)
    both = whole[:, 1:] & whole[:, :-1]
    out[0, :, 1:] = np.where(both, left[:, 1:] - 1.5 * np.maximum(inner_x[:, 1:], inner_x[:, :-1]), NEVER)
    both = whole[1:] & whole[:-1]
    out[1, 1:] = np.where(both, top[1:] - 1.5 * np.maximum(inner_y[1:], inner_y[:-1]), NEVER)
    out[2] = np.where(whole, np.maximum(mid_x - 1.5 * inner_x, mid_y - 1.5 * inner_y), NEVER)
    return out, left - inner_x + top - inner_y, maps["step_x"] * unit * 2


def quantile(values: Map, part: float, steps: float) -> float:
    """The lowest bin by which a part of the values is counted; bins are ``1 / steps`` wide."""
    bins = np.clip((values * steps).astype(int), 0, 511)
    return int(np.searchsorted(np.cumsum(np.bincount(bins, minlength=512)), part * len(values))) / steps


def torn_and_mended(
    now: Map, past: Map, mean: Map, before: Map, whole: Map, bar: float
) -> tuple[float, float]:
    """Blocks with an edge torn since, and mended, less those at the middle and what chance explains."""
    moved = mean - before
    aside, above = np.roll(moved, 1, 1), np.roll(moved, 1, 0)
    aside[:, 0], above[0] = moved[:, 0], 0.0
    at_left = (abs(moved - aside) > 6.0) & (now[0] > NEVER)
    at_top = (abs(moved - above) > 6.0) & (now[1] > NEVER)
    here = abs(moved) > 6.0
    apart = at_left.sum() + at_top.sum()

    def came(new: Map, old: Map) -> tuple[Map, Map, Map]:
        grown = new - np.maximum(old, 0.0) > bar
        return at_left & grown[0], at_top & grown[1], here & grown[2]

    by_left, by_top, by_middle = came(now, past)
    torn = (by_left | by_top).sum() - by_middle.sum()
    longest = max(by_top.sum(axis=1).max(), by_left.sum(axis=0).max())
    torn = 0 if longest >= 0.6 * torn else torn
    old_left, old_top, old_middle = came(past, now)
    mended = (old_left | old_top).sum() - old_middle.sum()
    return torn - 0.03 * apart, mended - 0.03 * apart


def twin(now: Map, past: Map, area: Map, mean: Map, before: Map, change: Map) -> dict[str, float]:
    """Twin of the summary of one picture of 8 bits."""
    whole = area == 256
    unit, blocks = 1 / 256, int(whole.sum())
    ours = dict(zip(LUMA_SUMS, now.astype(float), strict=True))
    theirs = dict(zip(LUMA_SUMS, past.astype(float), strict=True))
    risen, excess, step = rises(ours, unit, whole)
    had = rises(theirs, unit, whole)[0]
    bar = 8.0 + 2.0 * max(quantile(excess[whole], 0.5, 8.0), 0.0)
    torn, mended = torn_and_mended(risen, had, mean, before, whole, bar)
    usual = quantile(change[whole], 0.5, 8.0)
    rich = whole & (step >= max(quantile(step[whole], 0.9, 16.0), 1.5))
    known = rich.sum() >= max(1.0, 0.01 * blocks)
    steps = step[rich].sum()
    return {
        "torn_share": max(torn - 4.0, 0.0) / blocks,
        "mended_share": max(mended - 4.0, 0.0) / blocks,
        "burst_share": (change[whole] > max(20.0, 4.0 * usual + 8.0)).sum() / blocks,
        "bend_ratio": (ours["bend_x"][rich] * unit * 2).sum() / steps if known else 0.0,
        "edge_step": steps / rich.sum() if known else 0.0,
    }


def scene(seed: int, size: tuple[int, int]) -> Map:
    """Shades of many widths under grain."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: size[0], : size[1]]
    waves = sum(np.sin(rows * a + columns * b + c) for a, b, c in rng.uniform(-0.4, 0.4, (6, 3)))
    return np.clip(115 + 18 * waves + rng.normal(0, 2, size), 16, 235)


def torn_up(luma: Map, seed: int, part: float) -> Map:
    """A part of the blocks in other shades."""
    rng = np.random.default_rng(seed)
    shape = -(-luma.shape[0] // 16), -(-luma.shape[1] // 16)
    shades = rng.choice([-70, 0, 70], shape) * (rng.random(shape) < part)
    spread = shades.repeat(16, 0).repeat(16, 1)[: luma.shape[0], : luma.shape[1]]
    return np.clip(luma + spread, 16, 235)


PAIRS = {
    "a scene that moves": (scene(1, (180, 320)), np.roll(scene(1, (180, 320)), 3, 1)),
    "torn blocks": (torn_up(scene(2, (180, 320)), 1, 0.2), scene(2, (180, 320))),
    "mended blocks": (scene(3, (180, 320)), torn_up(scene(3, (180, 320)), 2, 0.2)),
    "a cut": (scene(4, (130, 250)), scene(5, (130, 250))),
    "one shade": (np.full((64, 64), 90.0), np.full((64, 64), 90.0)),
    "no whole block": (scene(6, (12, 40)), scene(7, (12, 40))),
}


@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
@pytest.mark.parametrize(("now", "past"), PAIRS.values(), ids=PAIRS.keys())
def test_the_summary_equals_its_twin(now: Map, past: Map, masked: bool) -> None:
    shape = grid(*now.shape)
    current, previous = now.astype(np.uint8), past.astype(np.uint8)
    maps = np.empty((2, len(LUMA_SUMS), *shape), np.uint32)
    luma_maps(current, previous, 37, (14, 241), maps[0])
    luma_maps(previous, previous, 37, (14, 241), maps[1])
    tall, wide = (
        np.diff(np.minimum(np.arange(n + 1) * 16, m)) for n, m in zip(shape, now.shape, strict=True)
    )
    area = np.outer(tall, wide).astype(np.int64)
    share = (1.0 / area).astype(np.float32)
    mean, before, change = (
        (sums * share).astype(np.float32) for sums in (maps[0, 0], maps[1, 0], maps[0, 3])
    )
    if masked:
        area[np.random.default_rng(8).random(shape) < 0.3] = 0
    found = np.empty(len(TEXTURE_COLUMNS))
    arrays = (area, share, maps[0].view(np.int32), maps[1].view(np.int32), mean, before, change)
    texture._summarise(*arrays, found)
    if not (area == 256).any():
        assert not found.any()
        return
    expected = twin(maps[0], maps[1], area, mean, before, change)
    assert found == pytest.approx([expected[name] for name in TEXTURE_COLUMNS], rel=1e-4, abs=1e-6)


def test_the_pairs_hold_something_of_each_kind() -> None:
    """A twin of nothing but zeros would prove nothing."""
    shares = {}
    for name, (now, past) in PAIRS.items():
        shape = grid(*now.shape)
        maps = np.empty((2, len(LUMA_SUMS), *shape), np.uint32)
        luma_maps(now.astype(np.uint8), past.astype(np.uint8), 37, (14, 241), maps[0])
        luma_maps(past.astype(np.uint8), past.astype(np.uint8), 37, (14, 241), maps[1])
        if min(now.shape) >= 16:
            full = np.full(shape, 256)
            means = maps[:, 0] / 256.0
            shares[name] = twin(maps[0], maps[1], full, means[0], means[1], maps[0, 3] / 256.0)
    assert shares["torn blocks"]["torn_share"] > 0.05
    assert shares["mended blocks"]["mended_share"] > 0.05
    assert shares["torn blocks"]["burst_share"] > 0.05
    assert shares["a cut"]["bend_ratio"] > 0.1
